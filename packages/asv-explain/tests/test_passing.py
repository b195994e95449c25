"""What changed code costs as other changed code calls it more often goes to that one."""

from __future__ import annotations

import numpy as np
import pytest
from call_graphs import amounts, changed, explain, side
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse  # type: ignore[import-untyped]

from asv_explain.attribution.cells import Calls
from asv_explain.attribution.owners import ELSEWHERE, Group, Groups
from asv_explain.attribution.passing import passing


def groups_of(count: int) -> Groups:
    """The group of each of so many changed functions, the n-th pair being the n-th group's."""
    every = [Group(None, None, ()), *(Group(pair, None, (pair,)) for pair in range(1, count + 1))]
    nothing = np.zeros(count + 1, np.bool_)
    return Groups(tuple(every), np.arange(count + 1), nothing, nothing)


def calls_of(count: int, rows: dict[tuple[int, int], float]) -> Calls:
    """Calls of one function below another's group."""
    table = np.zeros((count + 1, count + 1))
    for (callee, caller), many in rows.items():
        table[callee, caller] = many
    return Calls(table.sum(axis=1), sparse.csr_array(table))


def test_more_calls_are_the_callers() -> None:
    """What stays with the called function is what its calls got dearer by."""
    before = side({"t": (1, 0.0), "f": (1, 0.0), "g": (2, 2.0)},
                  [("t", "f", 1, 0.0), ("f", "g", 2, 2.0)])  # fmt: skip
    after = side({"t": (1, 0.0), "f": (1, 0.0), "g": (6, 6.0)},
                 [("t", "f", 1, 0.0), ("f", "g", 6, 6.0)])  # fmt: skip
    assert amounts(explain(before, after, changed("f", "g"))) == {"f": 4.0}


def test_a_chain_of_changed_functions_ends_at_who_began() -> None:
    """`f` calls `m` more often; `m` calls `g` as often each time, so it passes that on."""
    names = {"t": (1, 0.0), "f": (1, 0.0)}
    before = side({**names, "m": (1, 0.0), "g": (2, 2.0)},
                  [("t", "f", 1, 0.0), ("f", "m", 1, 0.0), ("m", "g", 2, 2.0)])  # fmt: skip
    after = side({**names, "m": (4, 0.0), "g": (8, 8.0)},
                 [("t", "f", 1, 0.0), ("f", "m", 4, 0.0), ("m", "g", 8, 8.0)])  # fmt: skip
    assert amounts(explain(before, after, changed("f", "m", "g"))) == {"f": 6.0}


def test_who_is_called_more_and_calls_more_each_time_shares() -> None:
    """Three times the calls, each of which calls twice as often: both are to blame."""
    before = side({"t": (1, 0.0), "f": (1, 0.0), "m": (1, 0.0), "g": (2, 2.0)},
                  [("t", "f", 1, 0.0), ("f", "m", 1, 0.0), ("m", "g", 2, 2.0)])  # fmt: skip
    after = side({"t": (1, 0.0), "f": (1, 0.0), "m": (3, 0.0), "g": (12, 12.0)},
                 [("t", "f", 1, 0.0), ("f", "m", 3, 0.0), ("m", "g", 12, 12.0)])  # fmt: skip
    found = amounts(explain(before, after, changed("f", "m", "g")))
    assert found.keys() == {"f", "m"}
    assert sum(found.values()) == pytest.approx(10.0)
    # Of 10 more calls, 4 more for each of 2 calls on average are m's own, but for the other 2.
    assert found["m"] == pytest.approx(4.0)


def test_a_circle_of_changed_functions_ends() -> None:
    """Functions that call each other more often pass nothing round and round, nor lose it."""
    groups = groups_of(2)
    loose, related = np.ones(3, np.bool_), np.zeros((3, 3), np.bool_)
    before = calls_of(2, {(1, 2): 1.0, (2, 1): 1.0})
    after = calls_of(2, {(1, 2): 9.0, (2, 1): 9.0})
    found = passing((before, after), groups, loose, related)
    moved, _ = found.move(np.array([[0.0, 1.0, 1.0]]), np.array([[0.0, 9.0, 9.0]]))
    assert moved.sum() == pytest.approx(0.0)
    assert np.abs(moved).max() <= 16.0


def test_a_function_whose_callers_are_fixed_keeps_its_calls() -> None:
    """Where a change may itself have changed how often it is called, nothing is passed on."""
    groups = groups_of(2)
    related = np.zeros((3, 3), np.bool_)
    sides = calls_of(2, {(2, 1): 1.0}), calls_of(2, {(2, 1): 5.0})
    loose = np.array([False, True, False])
    assert passing(sides, groups, loose, related).calls == ()
    loose[2] = True
    (only,) = passing(sides, groups, loose, related).calls
    assert (only.callee, only.caller, only.added) == (2, 1, 4.0)


tables = st.dictionaries(
    st.tuples(st.integers(1, 4), st.integers(0, 4)), st.integers(0, 50).map(float), max_size=12
)


@given(tables, tables, st.integers(1, 3), st.integers(0, 2**32 - 1))
@settings(deadline=None)
def test_what_is_passed_on_is_neither_lost_nor_made_up(
    one: dict[tuple[int, int], float],
    other: dict[tuple[int, int], float],
    rounds: int,
    seed: int,
) -> None:
    """In each round groups gain in all what other groups lose."""
    generator = np.random.default_rng(seed)
    groups, loose = groups_of(4), generator.random(5) < 0.8
    related = generator.random((5, 5)) < 0.3
    found = passing((calls_of(4, one), calls_of(4, other)), groups, loose, related | related.T)
    times = generator.random((2, rounds, 5)) * 10
    moved, passed = found.move(times[0], times[1])
    assert moved.sum(axis=1) == pytest.approx(np.zeros(rounds), abs=1e-6)
    assert not moved[:, ELSEWHERE].any()
    assert np.isfinite([seconds for _, _, seconds, _ in passed]).all()
