"""On full and read-only disks a call says so in one line, and nothing is lost or left behind."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from explanations import explanation
from profile_pairs import PLAIN, pair_of
from survival.project import Work

from asv_explain.measuring.process import ProcessRunner
from asv_explain.scratch import ScratchError
from asv_explain.store import Store, StoreError
from asv_explain.suspect import Installed

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's tmpfs")

STEP = ("base", "after", "--bench", "track_total")

PAGE = 4096
"""Bytes that a tmpfs gives at once."""


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Work:
    """One project, installed, with one explanation."""
    made = Work(tmp_path_factory.mktemp("work"))
    made.install()
    assert made.explain(*STEP).returncode == 0
    return made


@contextmanager
def mounted(folder: Path, *options: str) -> Iterator[None]:
    """Have a disk of its own at a folder, with what was in it; skips where that is refused."""
    aside = folder.with_name(f"{folder.name} aside")
    folder.mkdir(exist_ok=True)
    shutil.copytree(folder, aside, symlinks=True)
    command = ["mount", "-t", "tmpfs", *options, "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")
        try:
            shutil.copytree(aside, folder, symlinks=True, dirs_exist_ok=True)
            yield
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
    finally:
        shutil.rmtree(aside)


def fill(folder: Path, leave: int = 0) -> None:
    """Fill a disk up to so many bytes."""
    with (folder / "filler").open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(PAGE)) == PAGE:
            pass
        raise AssertionError("a disk that is never full")
    left = (folder / "filler").stat().st_size - leave
    with (folder / "filler").open("r+b") as file:
        file.truncate(left)


def read_only(folder: Path) -> None:
    """Have nothing more written to a disk, by whomever."""
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)


def files(folder: Path) -> dict[str, bytes]:
    """All files below a folder."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def refused(work: Work, words: Sequence[str], *complaints: str, **more: str) -> None:
    """Have a call end in one line of complaint, with nothing touched or left behind."""
    before, kept = work.state(), files(work.explanations)
    done = work.explain(*words, **more)
    assert done.returncode == 1, done.stderr + done.stdout
    told = [line for line in done.stderr.splitlines() if line.startswith("asv explain: ")]
    assert [done.stderr.splitlines()[-1]] == told
    assert "Traceback" not in done.stderr
    for each in complaints:
        assert each in told[0]
    assert work.state() == before
    assert files(work.explanations) == kept
    assert list(work.temporary.iterdir()) == []
    assert work.unfinished() == []


def test_no_room_for_explanations(work: Work) -> None:
    """What was explained before stays whole, though it was to be replaced."""
    with mounted(work.explanations, "-o", "size=256k"):
        fill(work.explanations)
        refused(work, (*STEP, "--force"), "No space left on device", "make room")


def test_no_room_for_profiles(tmp_path: Path) -> None:
    """An explanation stays with the profiles behind it where there is no room for both anew."""
    folder = tmp_path / "store"
    with mounted(folder, "-o", "size=256k"):
        store = Store(folder)
        path = store.put(explanation(), pair_of(PLAIN, PLAIN))
        # Room for the explanation alone.
        fill(folder, leave=PAGE * (1 + path.stat().st_size // PAGE))
        before = files(folder)
        with pytest.raises(StoreError, match="No space left on device"):
            store.put(explanation(), pair_of(PLAIN, PLAIN))
        assert files(folder) == before


def test_no_room_for_installations(work: Work) -> None:
    """No commit is blamed for the disk, and none left half installed."""
    own = work.root / ".asv" / "explain"
    aside = own.with_name("aside")
    own.rename(aside)
    try:
        with mounted(own, "-o", "size=3m"):
            refused(work, (*STEP, "--force"), "no room to install", "No space left on device")
            assert list((own / "installed").glob("*/*")) == []
    finally:
        shutil.rmtree(own)
        aside.rename(own)


def test_no_room_for_temporary_files(work: Work, tmp_path: Path) -> None:
    """What a call needs is told in one line, and where."""
    small = tmp_path / "small"
    # Besides the folder itself, room for one folder and one file.
    with mounted(small, "-o", "nr_inodes=3"):
        words = (*STEP, "--force")
        refused(work, words, "No space left on device", "TMPDIR", TMPDIR=str(small))
        assert list(small.iterdir()) == []


def test_no_room_for_an_answer(work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No benchmark is blamed for the disk."""
    small = tmp_path / "small"
    python = Path(sys.executable)
    side = Installed("a" * 40, python, work.root / "benchmarks", tmp_path, {})
    request = {"mode": "inspect", "benchmark": "day.Day.track_total", "param_index": None}
    with mounted(small, "-o", "size=64k"):
        fill(small)
        monkeypatch.setattr(tempfile, "tempdir", str(small))
        asked = {**request, "benchmark_dir": str(work.root / "benchmarks")}
        with pytest.raises(ScratchError, match="No space left on device"):
            ProcessRunner()(side, asked, tmp_path, 60.0)
        assert [path.name for path in small.iterdir()] == ["filler"]


@pytest.mark.parametrize("folder", [".asv/explain", ".asv/explanations"])
def test_nothing_may_be_written(work: Work, folder: str) -> None:
    """That is told before anything is measured."""
    with mounted(work.root / folder):
        read_only(work.root / folder)
        refused(work, (*STEP, "--force"), str(work.root / folder), "writable")


def test_read_only_results_are_enough(work: Work) -> None:
    """What asv recorded is never written, so it may well be read-only."""
    before = work.state()
    with mounted(work.results):
        read_only(work.results)
        done = work.explain(*STEP, "--force", "--json", "-")
        assert done.returncode == 0, done.stderr
        assert [one["verdict"] for one in json.loads(done.stdout)] == ["slower"]
    assert set(work.state()) == set(before)


@pytest.mark.parametrize("form", ["--json", "--html", "--pstats"])
def test_an_export_to_a_read_only_disk_is_told_first(work: Work, tmp_path: Path, form: str) -> None:
    """Nothing is measured for an export that can't be."""
    place = tmp_path / "place"
    with mounted(place):
        read_only(place)
        refused(work, (*STEP, form, str(place / "out")), str(place / "out"), "not writable")


def test_an_export_to_a_full_disk_costs_no_answer(work: Work, tmp_path: Path) -> None:
    """An older file stays, and what was measured is kept."""
    place = tmp_path / "place"
    with mounted(place, "-o", "size=64k"):
        (place / "out.json").write_text("older", encoding="utf-8")
        fill(place)
        before = files(place)
        words = (*STEP, "--json", str(place / "out.json"))
        refused(work, words, "No space left on device", "choose another place")
        assert files(place) == before
