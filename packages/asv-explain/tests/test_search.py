"""The search asks little, finds what a look at every commit would, and says what it can't."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

from hypothesis import given
from hypothesis import strategies as st

from asv_explain.trials.halves import (
    MOST_OPEN,
    MOST_SKIPPED,
    OPEN_SHARE,
    Ask,
    Level,
    Outcome,
    left,
    search,
)

Answer = Callable[[Ask], Level | None]


def play(count: int, end: Level, answer: Answer) -> tuple[Outcome, list[Ask]]:
    """Answer every question, and return where the search ended with all that it asked."""
    asked = []
    course = search(count, end)
    try:
        ask = next(course)
        while True:
            asked.append(ask)
            ask = course.send(answer(ask))
    except StopIteration as stop:
        outcome: Outcome = stop.value
        return outcome, asked


def sure(value: float, error: float = 0.0) -> Level:
    """A level, known to within an error."""
    return Level(value, value - error, value + error)


def known(levels: Sequence[float], broken: frozenset[int] = frozenset()) -> Answer:
    """Answers by levels that are known exactly, but for commits that can't be measured."""
    return lambda ask: None if ask.position in broken else sure(levels[ask.position])


def whole_line(levels: Sequence[float], broken: frozenset[int]) -> tuple[int, int]:
    """The slow oracle: measure every commit, and take the neighbours with the largest rise."""
    good = [position for position in range(len(levels)) if position not in broken]
    return max(itertools.pairwise(good), key=lambda pair: levels[pair[1]] - levels[pair[0]])


@given(st.data(), st.integers(1, 200))
def test_a_step_is_found_as_by_measuring_every_commit(data: st.DataObject, count: int) -> None:
    """One commit that holds more than half of a creeping rise is found in log2 questions."""
    at = data.draw(st.integers(1, count))
    creep = data.draw(st.lists(st.floats(0, 1), min_size=count, max_size=count))
    rises = [one / (2 * count) for one in creep]
    rises[at - 1] = 0.51
    levels = [sum(rises[:position]) for position in range(count + 1)]
    outcome, asked = play(count, sure(levels[-1]), known(levels))
    assert (outcome.low, outcome.high) == whole_line(levels, frozenset()) == (at - 1, at)
    assert len(asked) <= math.ceil(math.log2(count))
    assert outcome.skipped == ()


@given(st.lists(st.floats(-1, 1), max_size=100), st.floats(0.1, 1))
def test_whatever_lies_between_what_is_found_rises(middle: list[float], end: float) -> None:
    """With recoveries and many steps, the neighbours found rise by their part of the whole."""
    levels = [0.0, *middle, end]
    outcome, asked = play(len(levels) - 1, sure(end), known(levels))
    assert outcome.high == outcome.low + 1
    assert levels[outcome.high] - levels[outcome.low] >= end / 2 ** len(asked) - 1e-12
    assert {ask.position for ask in asked} | {0, len(levels) - 1} == outcome.levels.keys()


@given(st.data(), st.integers(1, 60))
def test_what_does_not_build_widens_the_answer_by_just_that(
    data: st.DataObject, count: int
) -> None:
    """Skipped commits are passed by; the answer is the smallest range that can be told."""
    at = data.draw(st.integers(1, count))
    inner = st.integers(1, max(count - 1, 1))
    broken = data.draw(st.frozensets(inner, max_size=min(MOST_SKIPPED - 1, count - 1)))
    levels = [float(position >= at) for position in range(count + 1)]
    outcome, asked = play(count, sure(1.0), known(levels, broken))
    assert (outcome.low, outcome.high) == whole_line(levels, broken)
    assert set(outcome.skipped) <= broken
    assert len(asked) == len({ask.position for ask in asked})


@given(st.integers(1, 200), st.data())
def test_noise_within_the_intervals_misleads_nobody(count: int, data: st.DataObject) -> None:
    """Levels that err by less than their intervals say still lead to the step."""
    at = data.draw(st.integers(1, count))
    error = 0.2
    noise = st.floats(-error, error)

    def answer(ask: Ask) -> Level:
        return sure(float(ask.position >= at) + data.draw(noise), error)

    outcome, _ = play(count, sure(1.0), answer)
    assert (outcome.low, outcome.high) == (at - 1, at)


def test_an_open_answer_is_asked_again_and_then_passed_by() -> None:
    """Too wide an interval across the threshold is measured more, then a neighbour is taken."""
    wide = sure(0.5, 0.6)

    def answer(ask: Ask) -> Level:
        return wide if ask.position == 4 else sure(float(ask.position >= 4))

    outcome, asked = play(8, sure(1.0), answer)
    assert [(ask.position, ask.again) for ask in asked[:3]] == [(4, False), (4, True), (5, False)]
    assert outcome.skipped == (4,)
    assert (outcome.low, outcome.high) == (3, 5)
    assert 4 not in outcome.levels


def test_an_answer_that_gets_clear_is_used() -> None:
    """What the second measurement tells counts."""

    def answer(ask: Ask) -> Level:
        return sure(0.9, 0.1 if ask.again else 5.0)

    outcome, asked = play(2, sure(1.0), answer)
    assert [ask.again for ask in asked] == [False, True]
    assert (outcome.low, outcome.high) == (0, 1)
    assert outcome.skipped == ()


def test_halfway_is_no_doubt_where_either_half_holds_enough() -> None:
    """Two equal steps: a level right at the threshold is clear once its interval is narrow."""
    outcome, asked = play(2, sure(1.0), lambda _: sure(0.5, OPEN_SHARE))
    assert [ask.again for ask in asked] == [False]
    assert (outcome.low, outcome.high) == (0, 1)


def test_endless_intervals_are_open() -> None:
    """Too few rounds give an interval without ends, which tells nothing."""
    outcome, _ = play(4, sure(1.0), lambda _: Level(0.1, -math.inf, math.inf))
    assert (outcome.low, outcome.high) == (0, 4)
    assert len(outcome.skipped) == MOST_OPEN


def test_a_range_that_does_not_build_ends_the_search() -> None:
    """The search gives up after so many skipped commits, and says the range."""
    outcome, asked = play(1000, sure(1.0), lambda _: None)
    assert (outcome.low, outcome.high) == (0, 1000)
    assert len(asked) == len(set(outcome.skipped)) == MOST_SKIPPED


def test_skipping_leaves_a_broken_stretch_quickly() -> None:
    """Each skipped commit doubles the distance to the next that is tried."""
    broken = frozenset(range(400, 600))
    levels = [float(position >= 100) for position in range(1001)]
    outcome, asked = play(1000, sure(1.0), known(levels, broken))
    assert (outcome.low, outcome.high) == (99, 100)
    assert len(outcome.skipped) <= math.ceil(math.log2(len(broken))) + 1
    assert len(asked) - len(outcome.skipped) <= 2 * left(0, 1000)


def test_questions_count_down() -> None:
    """Each question says how many are left, itself included."""
    levels = [float(position >= 11) for position in range(17)]
    _, asked = play(16, sure(1.0), known(levels))
    assert [ask.left for ask in asked] == [4, 3, 2, 1]
    assert [ask.threshold for ask in asked] == [0.5] * 4


def test_two_neighbours_need_no_question() -> None:
    """A range of one commit is its own answer."""
    outcome, asked = play(1, sure(1.0), known([0.0, 1.0]))
    assert asked == []
    assert (outcome.low, outcome.high) == (0, 1)
