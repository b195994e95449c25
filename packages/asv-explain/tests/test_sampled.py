"""Samples and counts become sides, threads and lines, or are refused by name."""

from __future__ import annotations

import numpy as np
import pytest
from call_graphs import FILE, Functions, Stacked, changed, explain, side, stacked
from stack_texts import read_texts

from asv_explain.line_costs import line_costs
from asv_explain.profiles.match import match_profiles
from asv_explain.profiles.sampled import from_profiles, from_samples
from asv_explain.profiles.stacks import Frame, frames_from_raw
from asv_explain.profiles.wire import WireError
from asv_explain.threads import MOST_LISTED, Ran, thread_costs

PROFILE = side({"f": (1, 1.0), "g": (2, 1.0)}, [("f", "g", 2, 1.0)]).profile
FUNCTIONS = {Frame("f", FILE, 1): 0, Frame("f", FILE, 2): 0, Frame("g", FILE, 7): 1}
TEXT = f"f ({FILE}:1) 3\nf ({FILE}:2);g ({FILE}:7) 1\n"


def test_samples_are_shares_of_the_time() -> None:
    """Each round counts alike, however many samples it has; lines are kept."""
    stacks = read_texts(TEXT, f"f ({FILE}:1) 100\n")
    one = from_samples(stacks, PROFILE, FUNCTIONS, 2.0)
    assert one.total.tolist() == [4.0, 100.0]
    seconds = dict(zip(one.line.tolist(), one.stacks().seconds.tolist(), strict=True))
    assert seconds == {1: 1.75, 2: 0.0, 7: 0.25}
    assert one.waiting is None
    assert one.stacks().samples.sum() == 104


def test_waits_are_the_second_half() -> None:
    """As many rounds again hold what of the samples was waiting."""
    stacks = read_texts(TEXT, TEXT, f"f ({FILE}:1) 1\n", "")
    one = from_samples(stacks, PROFILE, FUNCTIONS, 2.0, waits=True)
    assert one.waiting is not None
    assert one.weight.shape == one.waiting.shape
    assert (one.total.tolist(), one.waiting.sum(axis=1).tolist()) == ([4.0, 4.0], [1.0, 0.0])


@pytest.mark.parametrize("texts", [("",), (TEXT, ""), ("", TEXT)])
def test_a_round_without_samples_is_refused(texts: tuple[str, ...]) -> None:
    """It has no shares."""
    with pytest.raises(WireError, match="at least one sample in every round"):
        from_samples(read_texts(*texts), PROFILE, FUNCTIONS, 1.0)


def test_a_frame_of_no_function_is_refused() -> None:
    """It is named."""
    with pytest.raises(WireError, match=r"no function is known for .*strange"):
        from_samples(read_texts("strange (x.py:1) 1\n"), PROFILE, FUNCTIONS, 1.0)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([["f", "a.py", 1]], r"frames\[0\]: expected a frame"),
        ([["f", "a.py", 1, 0], ["g", "a.py", 1, 2]], r"frames\[1\]: expected one of 2, got 2"),
        ([["f", "a.py", 1, -1]], r"frames\[0\]: expected one of 2"),
        ([["f", "a.py", True, 0]], r"frames\[0\]: expected a frame"),
        ([["f", 3, 1, 0]], r"frames\[0\]: expected a frame"),
        ([7], r"frames\[0\]: expected a frame"),
        (7, "frames: expected a list"),
    ],
)
def test_frames_that_cannot_be_are_refused(rows: object, reason: str) -> None:
    """Which row is wrong is told."""
    with pytest.raises(WireError, match=reason):
        frames_from_raw({"frames": rows}, 2)


def test_frames_are_read() -> None:
    """A profile without any has none."""
    assert frames_from_raw({}, 2) == frames_from_raw({"frames": []}, 2) == {}
    rows = [["f", "a.py", 1, 0], ["g", "a.py", 9, 1]]
    assert frames_from_raw({"frames": rows}, 2) == {
        Frame("f", "a.py", 1): 0,
        Frame("g", "a.py", 9): 1,
    }


def test_without_stacks_the_time_of_c_code_is_its_callers() -> None:
    """What a sampler would find in Python is there, and no second is lost."""
    one = side(
        {"f": (1, 1.0), "g": (2, 2.0), "builtins.len": (5, 0.5)},
        [("f", "g", 2, 2.0), ("g", "builtins.len", 5, 0.5)],
    ).profile
    made = from_profiles(one, [np.concatenate([one.own, one.edge_own])], 7.0)
    assert not made.sampled
    seconds = np.bincount(made.function, made.weight[0], 3)
    assert seconds.tolist() == [1.0, 2.5, 0.0]
    assert made.stacks().seconds.sum() == pytest.approx(7.0)


def test_a_profile_that_saw_no_time_is_shared_by_calls() -> None:
    """Clocks may be that coarse; a profile of no call at all is refused."""
    made = from_profiles(PROFILE, [np.zeros(3)], 3.0)
    assert np.bincount(made.function, made.stacks().seconds, 2).tolist() == [1.0, 2.0]
    idle = side({"f": (0, 0.0)}, []).profile
    with pytest.raises(WireError, match="at least one that was called"):
        from_profiles(idle, [np.zeros(1)], 3.0)


def test_threads_are_listed_by_what_changed_most() -> None:
    """Functions of one side alone have nothing on the other, and those that didn't run are out."""
    names = [f"f{number}" for number in range(MOST_LISTED + 5)]
    one = side(dict.fromkeys(names, (1, 1.0)), []).profile
    match = match_profiles(one, one)
    nothing, many = Ran(one, np.zeros(len(names))), Ran(one, np.ones(len(names)))
    before, after = nothing.seconds.copy(), nothing.seconds.copy()
    before[:2], after[1:3] = (3.0, 1.0), (1.5, 5.0)
    found = thread_costs(Ran(one, before), Ran(one, after), match)
    assert [(each.name, each.seconds_before, each.seconds_after) for each in found] == [
        ("f2", 0.0, 5.0),
        ("f0", 3.0, 0.0),
        ("f1", 1.0, 1.5),
    ]
    assert len(thread_costs(nothing, many, match)) == MOST_LISTED
    assert thread_costs(nothing, nothing, match) == ()


def test_lines_that_are_the_same_on_both_sides_are_one() -> None:
    """A line has its number on each side, and what came or went has one alone."""
    functions: Functions = {"t": (1, 0.0), "f": (1, 1.0)}
    stacks: Stacked = {("t", "f"): 1.0}
    before = stacked(functions, [("t", "f", 1, 1.0)], stacks, lines={"f": 1})
    after = stacked(functions, [("t", "f", 1, 1.0)], {("t", "f"): 3.0}, lines={"f": 2})
    (cause,) = explain(before, after, changed("f")).causes
    assert (dict(cause.lines_before), dict(cause.lines_after)) == ({1: 1.0}, {2: 3.0})
    found = line_costs(cause, "    return 1\n", "    x = 2\n    return 1\n")
    assert [(one.text, one.before, one.after) for one in found] == [("return 1", 1, 2)]
    assert (found[0].seconds_before, found[0].seconds_after) == (1.0, 3.0)
    apart = line_costs(cause, "    return 1\n", "    x = 2\n    return x\n")
    assert [(one.text, one.before, one.after) for one in apart] == [
        ("return 1", 1, None),
        ("return x", None, 2),
    ]
