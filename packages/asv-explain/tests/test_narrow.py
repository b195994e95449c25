"""Bisecting in one process: what is measured, found, skipped, shown and kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from world import PYTHON, World, exported, made

from asv_explain import groups
from asv_explain.asv_side.history import LeftOut
from asv_explain.asv_side.project import load_project
from asv_explain.asv_side.revisions import resolve
from asv_explain.asv_side.select import Selection, Step
from asv_explain.measuring.confirm import CONFIDENCE
from asv_explain.suspect import Suspect


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A repository with one commit, in which a benchmark call takes 10 ms."""
    return made(tmp_path, monkeypatch)


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
    # Once more to learn what it imports, as no change explains its time.
    assert world.timed() == ["base", "c5", "base", "c2", "base", "c3", "c2", "c3", "c3"]
    assert {name for mode, name in world.measured if mode == "profile"} == {"c2", "c3"}
    assert search["share"] == pytest.approx(0.848, abs=0.01)
    assert search["share_interval"]["low"] < search["share"] < search["share_interval"]["high"]
    assert search["confidence"] == found["confidence"] == CONFIDENCE
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
    assert "4 steps left, about 720 s at most" in told
    assert "3 steps left, about 540 s at most" in told


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
    count = len(world.timed())
    assert world.timed()[:2] == ["base", "c2"]
    assert "c1" not in world.timed()
    assert exported(world, "base", "main", "--bisect") == [found]
    assert len(world.timed()) == count


def test_a_single_commit_needs_no_search(world: World) -> None:
    """Between neighbours --bisect is no different."""
    steps(world, 0.020)
    (found,) = exported(world, "base", "main", "--bisect")
    assert found["bisection"] is None
    assert world.timed()[:2] == ["base", "c1"]
    assert "base" not in world.timed()[2:]


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
    monkeypatch.setattr(groups, "select_history", lambda *_: selection)


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
