"""The whole program in one process, with installing and measuring made up."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import signal
from pathlib import Path

import pytest
from explanations import REVERSAL
from reading import read
from world import World, exported, made, options, run, stored

from asv_explain import command, output
from asv_explain.asv_side.asv_command import Explain
from asv_explain.explanation import Verdict
from asv_explain.store import Store


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A repository with one commit, in which a benchmark call takes 10 ms."""
    return made(tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("seconds", "verdict", "status"),
    [(0.020, "slower", 3), (0.005, "faster", 0), (0.010, "same", 0)],
)
def test_the_gate_tells_slower_apart(
    world: World, seconds: float, verdict: str, status: int
) -> None:
    """Three is for slower alone, and without --gate the status is 0."""
    world.commit("after", seconds)
    (found,) = exported(world, "base", "after", "--gate", status=status)
    assert found["verdict"] == verdict
    assert found["bisection"] is None
    assert run(world, "base", "after") == 0


def test_what_is_stored_is_shown_again_and_measured_anew_by_force(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second call measures nothing; --force does."""
    world.commit("after", 0.020)
    run(world, "base", "after")
    first = capsys.readouterr().out
    assert "slower" in first
    count = len(world.measured)
    run(world, "base", "after")
    assert len(world.measured) == count
    assert capsys.readouterr().out == first
    run(world, "base", "after", "--force")
    assert len(world.measured) == 2 * count


def test_what_is_stored_is_tried_without_measuring_it_again(world: World) -> None:
    """The rounds that are kept serve; what came of trials is kept, and not asked for again."""
    world.commit("after", 0.020)
    (plain,) = exported(world, "base", "after")
    count = len(world.measured)
    (found,) = exported(world, "base", "after", "--prove")
    assert found["rounds_after"] == plain["rounds_after"]
    # What this world's benchmark runs is no code of its commits.
    assert (found["reversal"]["candidates"], found["reversal"]["complete"]) == (0, True)
    assert exported(world, "base", "after", "--prove") == exported(world, "base", "after")
    assert len(world.measured) == count
    assert stored(world)[0].reversal is not None
    world.commit("same", 0.010)
    (same,) = exported(world, "base", "same", "--prove")
    assert same["reversal"] is None


def test_a_patch_is_written_where_there_is_one(world: World, tmp_path: Path) -> None:
    """It asks for trials by itself; where nothing gives the difference back, a line says so."""
    world.commit("after", 0.020)
    file = tmp_path / "back.patch"
    assert run(world, "base", "after", "--patch", str(file)) == 1
    assert not file.exists()
    (kept,) = stored(world)
    assert kept.reversal is not None
    Store(world.root / ".asv" / "explanations").put(dataclasses.replace(kept, reversal=REVERSAL))
    assert run(world, "base", "after", "--patch", str(file)) == 0
    assert file.read_text() == REVERSAL.patch


def test_what_a_search_found_is_tried_at_its_commit(world: World) -> None:
    """The commit that holds the step is installed for it, whatever the range's last one is."""
    world.commit("slow", 0.020)
    world.commit("later", 0.020)
    (found,) = exported(world, "base", "later", "--bisect", "--prove")
    assert world.name(found["after"]) == "slow"
    assert found["reversal"] is not None
    assert world.installs[-1] == ("slow",)


@pytest.mark.parametrize("lost", [False, True])
def test_profiles_are_written_from_what_is_kept(world: World, lost: bool) -> None:
    """Both sides have each form; where their profiles are lost, asking for them measures."""
    world.commit("after", 0.020)
    run(world, "base", "after")
    count = len(world.measured)
    (kept,) = (world.root / ".asv" / "explanations" / "profiles").iterdir()
    if lost:
        kept.write_text("{", encoding="utf-8")
    folder = world.root.parent / "profiles"
    forms = ("--pstats", "--speedscope", "--folded")
    words = [word for form in forms for word in (form, str(folder))]
    assert run(world, "base", "after", *words) == 0
    assert len(world.measured) == (2 * count if lost else count)
    names = sorted(path.name for path in folder.iterdir())
    assert names == [
        f"000-suite-time-day-{side}.{kind}"
        for side in ("after", "before")
        for kind in ("folded", "prof", "speedscope.json")
    ]


def test_an_export_that_fails_is_one_line_and_leaves_the_old_file(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What could be written when the call began may be full when it ends."""
    world.commit("after", 0.020)
    file = world.root.parent / "out.json"
    file.write_text("old")

    def refuse(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(output, "write_whole", refuse)
    assert run(world, "base", "after", "--json", str(file)) == 1
    assert "(No space left on device); choose another place" in capsys.readouterr().err
    assert file.read_text() == "old"


def test_the_program_reads_its_command_line(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`main` is the whole program, and asv's own command hands it the same words."""
    assert command.main(["nonsense", "main"]) == 1
    assert "nonsense is no commit" in capsys.readouterr().err
    parser = argparse.ArgumentParser()
    Explain.setup_arguments(parser.add_subparsers())
    found = parser.parse_args(["explain", "nonsense", "main"])
    found.config, found.verbose = None, False
    assert Explain.run_from_conf_args(None, found) == 1
    assert "nonsense is no commit" in capsys.readouterr().err


def test_a_failing_benchmark_is_unknown(world: World) -> None:
    """It is kept as such, with why, and the gate says 4."""
    world.failing.add(world.commit("after", 0.020))
    (found,) = exported(world, "base", "after", "--gate", status=4)
    assert found["verdict"] == "unknown"
    assert "OSError: closed" in found["caveats"][0]["text"]
    assert [one.verdict for one in stored(world)] == [Verdict.UNKNOWN]


def test_a_commit_that_does_not_build_leaves_all_benchmarks_unknown(world: World) -> None:
    """The other side lists them; nothing is measured, and nothing kept."""
    world.broken.add(world.commit("after", 0.020))
    world.benchmarks += ["suite.time_night"]
    found = exported(world, "base", "after", "--gate", status=4)
    assert [one["benchmark"] for one in found] == ["suite.time_day", "suite.time_night"]
    assert {one["verdict"] for one in found} == {"unknown"}
    assert world.installs == [("base", "after"), ("base",)]
    assert stored(world) == []


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("nonsense", "main"), "nonsense is no commit"),
        (("base", "main", "-E", "nonsense"), "another one with -E"),
        (("base", "main", "-E", "existing:same"), "existing Python"),
        (("base", "main", "-m", "nonsense"), "knows no machine nonsense"),
        (("base", "main", "--json", "asv.conf.json/out"), "is no folder"),
        (("base", "main", "--html", "benchmarks"), "can't write benchmarks (it is a folder)"),
        (("base", "main", "--markdown", "benchmarks"), "it is a folder"),
        (("base", "main", "--folded", "asv.conf.json"), "it is no folder"),
        (("main", "base", "--bisect"), "must be on one line of history"),
        (("base", "main", "-b", "absent"), "no benchmark matches -b absent"),
        ((), "asv has recorded nothing"),
        (("base", "main", "--config", "absent.json"), "absent.json"),
    ],
)
def test_a_mistake_is_one_line_before_anything_is_measured(
    world: World, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], complaint: str
) -> None:
    """The status is 1, no file is made, and only an unmatched -b takes an installation to tell.

    Who installs does it in the hook's own folder.
    """
    world.commit("after", 0.020)
    before = sorted(world.root.rglob("*"))
    assert run(world, *words) == 1
    told = capsys.readouterr().err
    assert complaint in told
    assert told.count("\n") == 1
    assert told.startswith("asv explain: ")
    assert world.measured == []
    installs = "absent" in words and "-b" in words
    assert bool(world.installs) == installs
    made = set(world.root.rglob("*")) - set(before)
    own = world.root / ".asv"
    assert {path for path in made if not (installs and own in (path, *path.parents))} == set()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("-b", "("), "( is no regular expression"),
        (("--json", "-", "--markdown", "-"), "can't both go to the same place"),
        (("--html", "out", "--json", "out"), "--json and --html can't both go to the same place"),
    ],
)
def test_what_can_not_be_meant_ends_the_program(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], complaint: str
) -> None:
    """Before anything is read, in argparse's way."""
    with pytest.raises(SystemExit) as ended:
        options(*words)
    assert ended.value.code == 2
    assert complaint in capsys.readouterr().err.splitlines()[-1]


def test_all_that_was_explained_goes_into_one_page(
    world: World, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """With profiles as they were measured, in a file or on standard output alone."""
    world.commit("after", 0.020)
    world.benchmarks += ["suite.time_night"]
    file = world.root.parent / "out.html"
    assert run(world, "base", "after", "--html", str(file)) == 0
    capfdbinary.readouterr()
    assert run(world, "base", "after", "--html", "-") == 0
    page = capfdbinary.readouterr().out
    assert page == file.read_bytes()
    found = read(page.decode())
    assert "suite.time_day" in found.text
    assert "suite.time_night" in found.text
    assert "2-after.prof" in found.all("button", "data-name")


def test_where_answers_can_not_be_kept_none_is_measured(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file in the way of the store is told at once."""
    world.commit("after", 0.020)
    (world.root / ".asv").mkdir()
    (world.root / ".asv" / "explanations").touch()
    assert run(world, "base", "after") == 1
    assert "explanations (it is no folder); make it writable" in capsys.readouterr().err
    assert world.installs == []


def test_standard_output_holds_the_export_alone(
    world: World, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Nothing else is shown there, so that it can be piped."""
    world.commit("after", 0.020)
    assert run(world, "base", "after", "--json", "-") == 0
    (found,) = json.loads(capfdbinary.readouterr().out)
    assert found["verdict"] == "slower"
    assert run(world, "base", "after", "--markdown", "-") == 0
    assert capfdbinary.readouterr().out.startswith(b"| verdict |")


def test_a_summary_replaces_a_file_but_joins_the_one_of_a_step(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """All commands of a step write into the file that GitHub names; none may undo another's."""
    world.commit("after", 0.020)
    file = tmp_path / "summary.md"
    file.write_text("# Tests\n\nall passed")
    assert run(world, "base", "after", "--markdown", str(file)) == 0
    alone = file.read_text()
    assert alone.startswith("| verdict |")
    assert run(world, "base", "after", "--markdown", str(file)) == 0
    assert file.read_text() == alone
    monkeypatch.setenv(output.STEP_SUMMARY, str(file))
    file.write_text("# Tests\n\nall passed")
    assert run(world, "base", "after", "--markdown", str(file)) == 0
    assert file.read_text() == f"# Tests\n\nall passed\n\n{alone}"
    file.unlink()
    assert run(world, "base", "after", "--markdown", str(file)) == 0
    assert file.read_text() == alone


@pytest.mark.parametrize(
    ("signalled", "status", "word"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
def test_a_signal_ends_the_call_and_keeps_what_is_explained(
    world: World,
    capsys: pytest.CaptureFixture[str],
    signalled: signal.Signals,
    status: int,
    word: str,
) -> None:
    """The first benchmark is kept, the second was being measured, and the handler is as it was."""
    world.commit("after", 0.020)
    world.benchmarks += ["suite.time_night"]

    def interrupt() -> None:
        if stored(world):
            os.kill(os.getpid(), signalled)

    world.during = interrupt
    handler = signal.getsignal(signal.SIGTERM)
    assert run(world, "base", "after") == status
    assert word in capsys.readouterr().err
    assert [one.benchmark for one in stored(world)] == ["suite.time_day"]
    assert signal.getsignal(signal.SIGTERM) is handler
