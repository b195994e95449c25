"""The whole program in one process, with installing and measuring made up."""

from __future__ import annotations

import argparse
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from world import PYTHON, World

from asv_explain import command, output, session
from asv_explain.asv_side.asv_command import Explain
from asv_explain.asv_side.history import LeftOut
from asv_explain.asv_side.project import load_project
from asv_explain.asv_side.revisions import resolve
from asv_explain.asv_side.select import Selection, Step
from asv_explain.explanation import Explanation, Verdict, decode
from asv_explain.options import Options, add_arguments, read_options
from asv_explain.suspect import Suspect

Run = Callable[..., int]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A repository with one commit, in which a benchmark call takes 10 ms."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "repository").mkdir()
    world = World(tmp_path / "repository")
    monkeypatch.chdir(world.root)
    world.commit("base", 0.010)
    return world


def options(*words: str) -> Options:
    """What a command line asks for."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return read_options(parser.parse_args(words), parser)


def run(world: World, *words: str) -> int:
    """Run the program with a command line; commits go by their names."""
    named = [world.commits.get(word, word) for word in words]
    return command.run(options(*named), world.tools)


def stored(world: World) -> list[Explanation]:
    """What is kept on disk."""
    files = sorted((world.root / ".asv" / "explanations").glob("*.json"))
    return [decode(path.read_bytes()) for path in files]


def exported(world: World, *words: str, status: int = 0) -> list[dict[str, Any]]:
    """What the program writes as JSON."""
    file = world.root.parent / "out.json"
    assert run(world, *words, "--json", str(file)) == status
    found: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    return found


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
    """A second call measures nothing; --force, and profiles, do."""
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
    assert world.forced == [False, False, True]


def test_profiles_are_measured_for_and_written(world: World) -> None:
    """They are not stored, so that asking for them measures; both sides have each form."""
    world.commit("after", 0.020)
    run(world, "base", "after")
    count = len(world.measured)
    folder = world.root.parent / "profiles"
    forms = ("--pstats", "--speedscope", "--folded")
    words = [word for form in forms for word in (form, str(folder))]
    assert run(world, "base", "after", *words) == 0
    assert len(world.measured) == 2 * count
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
    """The status is 1, no file is made, and only an unmatched -b takes an installation to tell."""
    world.commit("after", 0.020)
    before = sorted(world.root.rglob("*"))
    assert run(world, *words) == 1
    told = capsys.readouterr().err
    assert complaint in told
    assert told.count("\n") == 1
    assert told.startswith("asv explain: ")
    assert world.measured == []
    assert bool(world.installs) == ("absent" in words and "-b" in words)
    assert sorted(world.root.rglob("*")) == before


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("-b", "("), "( is no regular expression"),
        (("--json", "-", "--markdown", "-"), "can't both go to the same place"),
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
    assert capfdbinary.readouterr().out.startswith(b"| benchmark |")


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


def steps(world: World, *seconds: float) -> None:
    """Commits c1, c2, ... on top of the base."""
    for number, each in enumerate(seconds, start=1):
        world.commit(f"c{number}", each)


def test_bisecting_names_the_commit_and_its_share(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two measurements between both ends, then the pair; the rest of the range is told."""
    steps(world, 0.010, 0.010, 0.018, 0.018, 0.020)
    (found,) = exported(world, "base", "main", "--bisect", "--gate", status=3)
    search = found["bisection"]
    assert search["suspected"] == [world.commits["c3"]]
    assert (found["before"], found["after"]) == (world.commits["c2"], world.commits["c3"])
    assert world.timed() == ["base", "c5", "base", "c2", "base", "c3", "c2", "c3"]
    assert {name for mode, name in world.measured if mode == "profile"} == {"c2", "c3"}
    assert search["share"] == pytest.approx(0.848, abs=0.01)
    assert search["share_interval"]["low"] < search["share"] < search["share_interval"]["high"]
    assert (world.name(search["rest"]["before"]), world.name(search["rest"]["after"])) == (
        "c3",
        "c5",
    )
    assert [(world.name(one["commit"]), one["verdict"]) for one in search["measured"]] == [
        ("c2", "same"),
        ("c3", "slower"),
    ]
    out, told = capsys.readouterr()
    assert f"{world.commits['c3'][:8]} holds 85 % [" in " ".join(out.split())
    assert "4 steps left, about 240 s at most" in told
    assert "3 steps left, about 180 s at most" in told


def test_a_bisected_answer_is_kept_beside_the_plain_one(world: World) -> None:
    """Each question has an answer of its own, and neither is measured twice."""
    steps(world, 0.010, 0.020)
    (narrowed,) = exported(world, "base", "main", "--bisect")
    (plain,) = exported(world, "base", "main")
    assert narrowed["bisection"] is not None
    assert plain["bisection"] is None
    count = len(world.measured)
    assert exported(world, "base", "main", "--bisect") == [narrowed]
    assert exported(world, "base", "main") == [plain]
    assert len(world.measured) == count


@pytest.mark.parametrize("seconds", [0.010, 0.005])
def test_what_did_not_get_slower_is_not_bisected(world: World, seconds: float) -> None:
    """One measurement answers, and a second call takes its answer."""
    steps(world, 0.010, seconds)
    (found,) = exported(world, "base", "main", "--bisect", "--gate")
    assert found["bisection"] is None
    assert world.timed() == ["base", "c2"]
    assert exported(world, "base", "main", "--bisect") == [found]
    assert world.timed() == ["base", "c2"]


def test_a_single_commit_needs_no_search(world: World) -> None:
    """Between neighbours --bisect is no different."""
    steps(world, 0.020)
    (found,) = exported(world, "base", "main", "--bisect")
    assert found["bisection"] is None
    assert world.timed() == ["base", "c1"]


def test_commits_that_tell_nothing_are_skipped_and_named(world: World) -> None:
    """Neither the one that doesn't build nor the one that fails hides the range that is left."""
    steps(world, 0.010, 0.010, 0.020, 0.020)
    world.broken.add(world.commits["c2"])
    world.failing.add(world.commits["c3"])
    (found,) = exported(world, "base", "main", "--bisect")
    search = found["bisection"]
    named = [world.name(one["commit"]) for one in search["skipped"]]
    assert sorted(named) == ["c2", "c3"]
    reasons = {world.name(one["commit"]): one["reason"] for one in search["skipped"]}
    assert "no compiler" in reasons["c2"]
    assert "OSError: closed" in reasons["c3"]
    assert [world.name(one) for one in search["suspected"]] == ["c2", "c3", "c4"]
    assert (found["before"], found["after"]) == (world.commits["c1"], world.commits["c4"])


def test_each_benchmark_has_a_search_of_its_own(world: World) -> None:
    """Benchmarks are searched one after the other, in the same installations of both ends."""
    steps(world, 0.010, 0.020, 0.020)
    world.benchmarks += ["suite.time_night"]
    found = exported(world, "base", "main", "--bisect")
    assert [one["benchmark"] for one in found] == world.benchmarks
    assert {one["bisection"]["suspected"][0] for one in found} == {world.commits["c2"]}
    assert world.installs.count(("base", "c3")) == 1


def test_a_step_spread_thin_is_explained_as_a_whole_and_still_gates(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where no commit is slower by itself, the range is, and that is what --gate tells."""
    steps(world, *(0.010 * 1.02**number for number in range(1, 9)))
    (found,) = exported(world, "base", "main", "--bisect", "--gate", status=3)
    search = found["bisection"]
    assert (found["before"], found["after"]) == (world.commits["base"], world.commits["c8"])
    assert found["verdict"] == search["verdict"] == "slower"
    assert search["share"] == pytest.approx(1 / 8, abs=0.02)
    assert search["rest"]["share"] > 0.2
    shown = " ".join(capsys.readouterr().out.split())
    assert "no commit is slower by itself" in shown
    assert "of the rest, " in shown


def test_a_merge_is_named_with_what_it_merged(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line of first parents is searched; a merge found on it can be entered."""
    world.git("checkout", "--quiet", "-b", "side")
    side = world.commit("s1", 0.020)
    world.git("checkout", "--quiet", "main")
    world.git("commit", "--quiet", "--allow-empty", "--message", "c1")
    world.known("c1", 0.010)
    world.git("merge", "--quiet", "--no-ff", "--message", "M", "side")
    merge = world.known("M", 0.020)
    (found,) = exported(world, "base", "main", "--bisect")
    assert found["bisection"]["suspected"] == [merge]
    assert found["bisection"]["merged"] == {"before": world.commits["base"], "after": side}
    shown = " ".join(capsys.readouterr().out.split())
    assert f"is a merge; asv explain {world.commits['base'][:8]} {side[:8]} --bisect" in shown


def test_the_working_tree_is_the_last_commit_of_its_range(world: World) -> None:
    """What isn't committed stands after HEAD, and can be what holds the step."""
    steps(world, 0.010, 0.010)
    (world.root / "shop.py").write_text("slow = True\n", encoding="utf-8")
    loose = resolve(load_project(), "WORKTREE")
    world.commits["loose"] = loose
    world.seconds[loose] = 0.020
    (found,) = exported(world, "base", "WORKTREE", "--bisect")
    assert found["bisection"]["suspected"] == [loose]
    assert (found["before"], found["after"]) == (world.commits["c2"], loose)


def test_an_open_commit_is_measured_again(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the first answer leaves open on which side it lies, more rounds are pooled with it."""
    steps(world, 0.013, 0.020)
    world.noise[world.commits["c1"]] = 0.9
    (found,) = exported(world, "base", "main", "--bisect", "--budget", "2")
    told = capsys.readouterr().err
    assert f"measuring {world.commits['c1'][:8]} once more, as its answer was open" in told
    assert [world.name(one["commit"]) for one in found["bisection"]["skipped"]] == ["c1"]
    assert [world.name(one) for one in found["bisection"]["suspected"]] == ["c1", "c2"]


def test_how_much_slower_the_range_is_must_be_known(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rounds that are enough for a verdict but not for a level are taken once more, and pooled."""
    steps(world, 0.010, 0.030)
    world.noise[world.commits["c2"]] = 0.2
    (found,) = exported(world, "base", "main", "--bisect", "--rounds", "4")
    last = world.commits["c2"]
    assert f"measuring {last[:8]} once more, as how much slower" in capsys.readouterr().err
    assert world.timed()[:4] == ["base", "c2", "base", "c2"]
    assert found["bisection"]["suspected"] == [last]


def recorded(world: World, monkeypatch: pytest.MonkeyPatch, *ranges: tuple[str, str]) -> None:
    """Have asv's history hold a step of one benchmark in each range of commits."""
    steps = []
    for before, after in ranges:
        ends = world.commits[before], world.commits[after]
        suspect = Suspect("suite.time_day", None, (), f"virtualenv-py{PYTHON}", "box", *ends)
        steps.append(Step(suspect, 1.0, 2.0, "seconds", 1.05, (), 1, False))
    left_out = (LeftOut("result file x", "it was cut short", "remove it"),)
    selection = Selection(tuple(steps), left_out)
    monkeypatch.setattr(session, "select_history", lambda *_: selection)


def test_steps_of_the_record_are_narrowed_each(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ranges of several commits are bisected, neighbours are not, and what is no line is said."""
    steps(world, 0.010, 0.020, 0.020, 0.040)
    recorded(world, monkeypatch, ("base", "c3"), ("c3", "c4"), ("c4", "c1"))
    found = exported(world, "--bisect", "--gate", status=3)
    searches = {
        world.name(one["before"]): one["bisection"] and one["bisection"]["suspected"]
        for one in found
    }
    assert searches == {"c1": [world.commits["c2"]], "c3": None, "c4": None}
    told = capsys.readouterr().err
    assert "left out: result file x: it was cut short; remove it" in told
    assert told.count("not bisected: ") == 1


def test_a_record_without_steps_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing slower is no mistake."""
    recorded(world, monkeypatch)
    assert exported(world, "--gate") == []
    assert "holds no upward step" in capsys.readouterr().err
