"""The asv suite as its users type it, on a clone of this repository."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from observatory.explain.milestones import find_milestones

ROOT = Path(__file__).resolve().parents[3]

# All that is quick at every commit; a million steps are measured by `asv run`, not by a test.
QUICK = ("--quick", "--bench", r"^(tco|graph|long_runs\.\w+Size)")


class Clone:
    """A clone of this repository and a home of its own for asv."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "clone"
        # asv.conf.json names a plugin of this checkout's.
        plugin = str(ROOT / "packages" / "asv-explain" / "src")
        self.environment = {**os.environ, "HOME": str(folder / "home"), "PYTHONPATH": plugin}
        (folder / "home").mkdir()
        subprocess.run(["git", "clone", "--quiet", ROOT, self.root], check=True)
        # What is tested is the suite as it stands, committed or not; the commits stay the same.
        for part in ("asv.conf.json", "benchmarks", "observatory/benchmarks"):
            subprocess.run(["cp", "-r", ROOT / part, (self.root / part).parent], check=True)
        found = subprocess.run(
            ["git", "rev-parse", "--abbrev-ref", "HEAD"],
            cwd=self.root,
            check=True,
            capture_output=True,
            text=True,
        )
        # asv.conf.json names the branch main; a checkout for a test may stand anywhere.
        if found.stdout.strip() != "main":
            subprocess.run(["git", "checkout", "--quiet", "-B", "main"], cwd=self.root, check=True)
        milestones = {one.slug: one.commit for one in find_milestones(self.root)}
        self.first = milestones["graph-baseline"]
        self.last = milestones["hot-path-sync"]
        self.asv("machine", "--yes")

    def asv(self, *arguments: str, status: int = 0, stdin: str = "") -> str:
        """What an asv command prints, having ended with ``status``."""
        done = subprocess.run(
            [sys.executable, "-m", "asv", *arguments],
            cwd=self.root,
            env=self.environment,
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == status, done.stdout
        return done.stdout


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone whose first and last milestone are measured once, quickly."""
    clone = Clone(tmp_path_factory.mktemp("suite"))
    clone.asv("run", *QUICK, "HASHFILE:-", stdin=f"{clone.first}\n{clone.last}\n")
    return clone


def result(clone: Clone, commit: str, benchmark: str) -> list[float | None]:
    """The stored values of a benchmark at a commit, one for each parameter combination."""
    (path,) = clone.root.glob(f".asv/results/*/{commit[:8]}-*.json")
    stored = json.loads(path.read_text(encoding="utf-8"))
    row = dict(zip(stored["result_columns"], stored["results"][benchmark], strict=False))
    values: list[float | None] = row["result"]
    return values


def test_check_finds_nothing_wrong(clone: Clone) -> None:
    """Asv accepts the suite."""
    assert "No problems found." in clone.asv("check")


def test_every_benchmark_has_a_pretty_name(clone: Clone) -> None:
    """What asv shows is written for people, and no two benchmarks are called the same."""
    discovered = json.loads(
        next(clone.root.glob(".asv/results/benchmarks.json")).read_text(encoding="utf-8")
    )
    del discovered["version"]
    names = [benchmark.get("pretty_name") for benchmark in discovered.values()]
    assert None not in names
    assert len(set(names)) == len(names)


def test_the_first_milestone_and_the_last_are_measured_on_todays_workload(clone: Clone) -> None:
    """Every timing has a value at both ends of the history."""
    targets = ("SimpleCountdown", "HeavyComplexCountdown", "StableComplexLoop")
    for commit in (clone.first, clone.last):
        for target in targets:
            for benchmark in ("time_cold", "time_warm", "track_turns"):
                (value,) = result(clone, commit, f"tco.{target}.{benchmark}")
                assert value is not None
                assert value > 0


def test_what_a_commit_does_not_have_is_not_applicable(clone: Clone) -> None:
    """The first engine keeps nothing from step to step, which is no failure; the last, little."""
    for benchmark in ("RegistrySize.track_nodes", "PlanCacheSize.track_plans"):
        first = result(clone, clone.first, f"long_runs.{benchmark}")
        assert all(value is not None and math.isnan(value) for value in first)
        assert result(clone, clone.last, f"long_runs.{benchmark}") == [1, 1, 1]


def test_a_range_is_run(clone: Clone) -> None:
    """A range of commits is as good as a list of hashes, and what is there is not run again."""
    output = clone.asv("run", *QUICK, "--skip-existing", f"{clone.last}^!")
    assert "Running 0 total benchmarks" in output or "time_warm" not in output


def test_compare_names_the_targets(clone: Clone) -> None:
    """Two commits stand side by side."""
    output = clone.asv("compare", "--factor", "1.05", clone.first, clone.last)
    assert re.search(r"tco\.StableComplexLoop\.time_warm", output)


def test_continuous_measures_two_commits(clone: Clone) -> None:
    """Two commits are measured in turn and compared."""
    arguments = ("--quick", "--bench", "BareLoop", "--factor", "100", clone.first, clone.last)
    assert "BENCHMARKS NOT SIGNIFICANTLY CHANGED" in clone.asv("continuous", *arguments)


def test_profile_shows_the_engine(clone: Clone) -> None:
    """Asv's own profile of a benchmark names the engine's functions."""
    output = clone.asv("profile", "tco.StableComplexLoop.time_warm", clone.last)
    assert "_execute_step" in output


@pytest.fixture
def preview(clone: Clone) -> Iterator[str]:
    """The address at which `asv preview` serves what `asv publish` wrote."""
    clone.asv("publish")
    server = subprocess.Popen(
        [sys.executable, "-u", "-m", "asv", "preview"],
        cwd=clone.root,
        env=clone.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert server.stdout is not None
        for line in server.stdout:
            if match := re.search(r"http://[\w.:]+/", line):
                yield match[0]
                break
        else:
            pytest.fail("asv preview never said where it serves")
    finally:
        server.kill()
        server.communicate()


def test_preview_serves_what_publish_wrote(preview: str) -> None:
    """The dashboard opens and knows the benchmarks."""
    with urllib.request.urlopen(preview + "index.json") as answer:  # noqa: S310 - it is http
        published = json.load(answer)
    assert published["project"] == "cascade"
    assert "tco.StableComplexLoop.time_warm" in published["benchmarks"]
    with urllib.request.urlopen(preview + "index.html") as answer:  # noqa: S310 - it is http
        assert b"airspeed velocity" in answer.read()
