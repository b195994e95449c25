"""What no changed code explains goes to changed code: errors by errors, effects by cost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from asv_explain.attribution.leftover import ERRORS, give_leftover
from asv_explain.profiles.profile import Seconds

NONE = np.zeros((0, 3))
FINITE = st.floats(-10, 10, allow_subnormal=False)


@st.composite
def groups(draw: st.DrawFn) -> tuple[Seconds, Seconds, Seconds]:
    """Totals, rounds and modes of two groups or more; errors need not add up to nothing."""
    size = draw(st.integers(2, 6))
    rows = draw(st.integers(0, 5)), draw(st.integers(0, 5))
    return (
        draw(arrays(np.float64, size, elements=FINITE)),
        draw(arrays(np.float64, (rows[0], size), elements=FINITE)),
        draw(arrays(np.float64, (rows[1], size), elements=FINITE)),
    )


@given(groups(), st.data())
def test_nothing_is_lost_and_nothing_is_left(
    every: tuple[Seconds, Seconds, Seconds], data: st.DataObject
) -> None:
    """Rounds hold what totals hold, modes nothing, and the leftover is nothing in each."""
    totals, rounds, modes = every
    place = data.draw(st.integers(0, len(totals) - 1))
    found = give_leftover(totals, rounds, modes, place)
    assert found.totals.sum() == pytest.approx(totals.sum(), abs=1e-6)
    assert found.rounds.sum(axis=1) == pytest.approx([totals.sum()] * len(rounds), abs=1e-6)
    assert found.modes[: len(modes)].sum(axis=1) == pytest.approx(0.0, abs=1e-6)
    assert found.totals[place] == 0
    assert not found.rounds[:, place].any()
    assert not found.modes[:, place].any()
    assert totals + found.given == pytest.approx(found.totals, abs=1e-6)


def test_the_only_change_has_all_of_it_for_sure() -> None:
    """There is nobody else, so that neither scatter nor strays leave doubt."""
    rounds = np.array([[1.0, 4.0], [2.0, 3.0]])
    found = give_leftover(np.array([1.0, 4.0]), rounds, np.array([[0.5, -0.5]]), 0)
    assert found.totals.tolist() == [0.0, 5.0]
    assert found.rounds.tolist() == [[0.0, 5.0], [0.0, 5.0]]
    assert not found.modes.any()


def test_what_errors_left_on_their_way_is_of_the_leftover() -> None:
    """The only change stays sure of all, though its errors were followed roughly."""
    found = give_leftover(np.array([1.0, 4.0]), np.ones((3, 2)), np.array([[0.0, -0.5]]), 0)
    assert found.totals.tolist() == [0.0, 5.0]
    assert np.ptp(found.rounds) == 5.0
    assert not found.modes.any()


def test_an_error_goes_back_to_where_it_was_taken_from() -> None:
    """A stray moves time from the guilty to the leftover, and to a bystander that cost nothing."""
    stray = np.array([0.6, -1.0, 0.4])
    truth = np.array([0.0, 5.0, 0.0])
    found = give_leftover(truth + stray, NONE, np.array([stray]), 0)
    assert found.totals == pytest.approx(truth)
    assert np.abs(found.modes).max() == pytest.approx(0.0)


def test_scatter_is_an_error_like_a_stray() -> None:
    """Rounds that disagree say from whom the leftover was taken."""
    swing = np.array([[1.0, -1.0, 0.0], [-1.0, 1.0, 0.0]])
    mean = np.array([0.5, 4.0, 4.0])
    found = give_leftover(mean, mean + swing, NONE, 0)
    assert found.totals == pytest.approx([0.0, 4.5, 4.0])


def test_an_effect_goes_by_what_each_cost() -> None:
    """Without errors to blame; whose effect it is stays in doubt, more so the more it is."""
    found = give_leftover(np.array([4.0, 6.0, 2.0, -1.0]), np.zeros((0, 4)), np.zeros((0, 4)), 0)
    assert found.totals == pytest.approx([0.0, 9.0, 3.0, -1.0])
    error = np.sqrt(np.square(found.modes).sum(axis=0))
    assert error == pytest.approx([0.0, *(4 * np.sqrt([0.75 * 0.25] * 2)), 0.0])


def test_what_is_far_beyond_its_error_is_mostly_an_effect() -> None:
    """So many standard errors are an error, the rest goes by cost."""
    modes = np.array([[0.1, 0.0, -0.1]])
    found = give_leftover(np.array([1.0, 3.0, 0.0]), NONE, modes, 0)
    error = ERRORS * 0.1
    towards = np.array([3.0, error])
    expected = towards + (1 - error) * towards / towards.sum()
    assert found.totals[1:] == pytest.approx(expected)


def test_a_gain_goes_to_gains() -> None:
    """What unchanged code takes less goes to what saved time."""
    found = give_leftover(np.array([-2.0, 5.0, -3.0]), NONE, NONE, 0)
    assert found.totals == pytest.approx([0.0, 5.0, -5.0])


def test_where_none_cost_anything_it_is_shared() -> None:
    """Nothing speaks for one of them rather than another."""
    found = give_leftover(np.array([2.0, 0.0, -1.0]), NONE, NONE, 0)
    assert found.totals == pytest.approx([0.0, 1.0, 0.0])
