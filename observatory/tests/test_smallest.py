"""The smallest slowdown found is where the rates say, with an interval that holds it."""

from __future__ import annotations

import numpy as np
import pytest

from observatory.studies.smallest import Graded, smallest


def graded(*rows: tuple[float, int, int]) -> list[Graded]:
    return [Graded(*row) for row in rows]


def test_the_step_is_a_size_that_was_tried() -> None:
    """It and all larger ones have to be found; one large size that is missed moves it up."""
    rows = [(0.01, 40, 100), (0.02, 95, 100), (0.03, 99, 100), (0.05, 100, 100)]
    found = smallest(graded(*rows), 1)
    assert found is not None
    assert found.step == 0.02
    assert found.size == pytest.approx(0.02)
    rows[2] = (0.03, 80, 100)
    worse = smallest(graded(*rows), 1)
    assert worse is not None
    assert worse.step == 0.05
    assert worse.size is not None
    assert 0.03 < worse.size < 0.05


def test_order_does_not_matter() -> None:
    """Sizes come in any order."""
    rows = [(0.01, 4, 10), (0.02, 7, 10), (0.03, 10, 10)]
    assert smallest(graded(*rows), 1) == smallest(graded(*reversed(rows)), 1)


def test_what_is_not_found_has_no_size() -> None:
    """Neither a size nor an upper end is made up where the largest size is missed."""
    found = smallest(graded((0.01, 0, 100), (0.05, 50, 100)), 1)
    assert found is not None
    assert (found.step, found.size, found.low, found.high) == (None, None, None, None)
    assert str(found) == "more"
    assert smallest([], 1) is None
    assert smallest([Graded(0.01, 0, 0)], 1) is None


def test_few_trials_leave_more_open() -> None:
    """A size found ten times of ten is not known to be found so often as one of a hundred."""
    few = smallest(graded((0.01, 0, 10), (0.03, 10, 10)), 1)
    many = smallest(graded((0.01, 0, 100), (0.03, 100, 100)), 1)
    assert few is not None
    assert many is not None
    assert few.size == many.size
    assert few.high is None
    assert many.high is not None
    assert many.low is not None
    assert many.size is not None
    assert many.low <= many.size <= many.high


def test_the_interval_holds_the_truth() -> None:
    """Where trials follow a known curve, nineteen intervals in twenty hold its size, or nearly."""
    sizes = np.array([0.005, 0.01, 0.015, 0.02, 0.03, 0.05])
    rng = np.random.default_rng(5)
    # The curve that is straight between sizes, so that the form of the curve is no question.
    rates = np.array([0.02, 0.2, 0.5, 0.8, 1.0, 1.0])
    truth = float(np.exp(np.interp(0.95, rates[3:5], np.log(sizes[3:5]))))
    held = 0
    for _ in range(15):
        drawn = rng.binomial(100, rates)
        found = smallest([Graded(*row, 100) for row in zip(sizes, drawn.tolist(), strict=True)], 1)
        assert found is not None
        assert found.low is not None
        held += found.low <= truth <= (np.inf if found.high is None else found.high)
    assert held >= 13
