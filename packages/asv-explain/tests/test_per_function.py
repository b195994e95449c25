"""What each function took and how often it was called, on both sides."""

from __future__ import annotations

import numpy as np
import pytest
from call_graphs import side
from hypothesis import given
from hypothesis import strategies as st

from asv_explain.attribution.cells import Cells, Drawing
from asv_explain.attribution.per_function import call_edges, calls_made, per_function
from asv_explain.profiles.conservation import ConservationError, check_conserved
from asv_explain.profiles.match import match_profiles


def cells(
    pair: list[int], before: list[list[float]], after: list[list[float]], group: int = 0
) -> Cells:
    """Cells of one group, in rounds."""
    size = len(pair)
    return Cells(
        np.array(pair, np.intp),
        np.full(size, group, np.intp),
        np.zeros(size, np.bool_),
        np.array(before),
        np.array(after),
        (Drawing(np.zeros(size), 0.0, 1.0),) * 2,
        np.zeros(size, np.bool_),
    )


def test_own_time_and_cost_of_a_call_are_means_over_rounds() -> None:
    """What a function takes below different code adds up to what it takes."""
    made = cells([0, 1, 0], [[1.0, 2.0, 1.0], [3.0, 2.0, 1.0]], [[4.0, 0.0, 2.0], [4.0, 0.0, 2.0]])
    found = per_function(made, (np.array([3.0, 4.0]), np.array([6.0, 0.0])))
    assert found.difference.tolist() == [3.0, -2.0]
    assert found.cost_before.tolist() == [1.0, 0.5]
    assert found.cost_after.tolist() == [1.0, 0.0]
    assert found.calls_before.tolist() == [3.0, 4.0]
    assert found.calls_after.tolist() == [6.0, 0.0]


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0, 9), st.floats(0, 9)), min_size=1))
def test_differences_add_up(rows: list[tuple[int, float, float]]) -> None:
    """No second is lost, whoever was called how often, and exchanging the sides changes signs."""
    pair = [one for one, _, _ in rows]
    times = [[one for _, one, _ in rows]], [[other for _, _, other in rows]]
    calls = np.array([0.0, 1.0, 2.0, 3.0]), np.array([5.0, 0.0, 2.0, 1.0])
    there = per_function(cells(pair, *times), calls)
    back = per_function(cells(pair, times[1], times[0]), (calls[1], calls[0]))
    assert there.difference.sum() == pytest.approx(sum(times[1][0]) - sum(times[0][0]), abs=1e-9)
    assert there.difference == pytest.approx(-back.difference)
    assert (there.cost_before == back.cost_after).all()


def test_calls_are_per_call_of_the_benchmark() -> None:
    """Regions of different lengths compare by one call of the benchmark; pairs may be anywhere."""
    plain = side({"f": (1, 1.0), "g": (6, 1.0)}, [("f", "g", 6, 1.0)])
    profile = plain.profile
    assert calls_made(profile, np.array([2, 1]), 4).tolist() == [0.0, 6.0, 1.0, 0.0]


def test_edges_of_one_side_alone_have_no_calls_on_the_other() -> None:
    """Both sides' edges lie over each other by their functions."""
    before = side({"f": (1, 1.0), "g": (2, 1.0)}, [("f", "g", 2, 1.0)]).profile
    after = side(
        {"h": (1, 1.0), "g": (3, 1.0), "f": (1, 1.0)}, [("h", "g", 1, 1.0), ("f", "g", 2, 1.0)]
    ).profile
    match = match_profiles(before, after)
    found = call_edges(before, after, match)
    names = [*(one.name for one in before.functions), "h"]
    rows = zip(
        found.caller.tolist(),
        found.callee.tolist(),
        found.calls_before.tolist(),
        found.calls_after.tolist(),
        strict=True,
    )
    assert {(names[one], names[other], *calls) for one, other, *calls in rows} == {
        ("f", "g", 2.0, 2.0),
        ("h", "g", 0.0, 1.0),
    }


def test_parts_that_do_not_add_up_are_refused() -> None:
    """A stage that loses time raises instead of reporting."""
    with pytest.raises(ConservationError, match="were measured"):
        check_conserved(np.array([1.0]), 0.0, 2.0, 3.0)


def test_times_that_are_no_numbers_are_refused() -> None:
    """An amount that isn't finite raises instead of spreading."""
    with pytest.raises(ConservationError, match="are nan s"):
        check_conserved(np.array([np.nan]), 0.0, 2.0, 3.0)


def test_errors_of_drawing_are_those_of_a_multinomial() -> None:
    """What one cell has too many samples of, others have too few: together they have no error."""
    part = np.array([0.5, 0.3, 0.15, 0.05])
    drawing = Drawing(part, 4.0, 0.01)
    errors = drawing.errors(np.random.default_rng(2), 100_000)
    assert errors.sum(axis=1) == pytest.approx(0.0, abs=1e-12)
    covariance = 4.0 * (np.diag(part) - np.outer(part, part))
    assert np.cov(errors.T, bias=True) == pytest.approx(covariance, abs=0.02)
    assert drawing.variance == pytest.approx(np.diag(covariance))
    # None of 100 samples may have been one.
    none = Drawing(np.array([1.0, 0.0]), 4.0, 0.01)
    assert none.variance.tolist() == [0.0, pytest.approx(4.0 * 0.01 * 0.99)]
    assert not none.errors(np.random.default_rng(2), 3).any()
