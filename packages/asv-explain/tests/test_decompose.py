"""Differences fall into parts that add up, and noise is told from what is there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asv_explain.attribution.decompose import (
    Decomposition,
    Side,
    decompose,
    round_differences,
    spread_of,
)
from asv_explain.profiles.conservation import ConservationError, check_conserved
from asv_explain.profiles.match import match_profiles
from asv_explain.profiles.profile import Function, Profile


def side(calls: dict[str, int], own: dict[str, float], number: int = 1) -> Side:
    """One side from calls and own seconds by name, measured without a rest."""
    size = len(calls)
    nothing = np.zeros(0)
    seconds = np.array([own[name] for name in calls], np.float64)
    profile = Profile(
        functions=tuple(Function("site", "a.py", name, 1, 0, name) for name in calls),
        calls=np.array(list(calls.values()), np.int64),
        recursive=np.zeros(size, np.int64),
        own=seconds,
        cumulative=seconds,
        caller=nothing.astype(np.intp),
        callee=nothing.astype(np.intp),
        edge_calls=nothing.astype(np.int64),
        edge_own=nothing,
        edge_cumulative=nothing,
        number=number,
        seconds=float(seconds.sum()),
    )
    return Side(profile, profile.own, float(seconds.sum()) / number)


def split(before: Side, after: Side) -> Decomposition:
    return decompose(before, after, match_profiles(before.profile, after.profile))


def test_calls_and_price() -> None:
    """More calls count at the mean price, dearer calls at the mean number of calls."""
    parts = split(side({"f": 2}, {"f": 2.0}), side({"f": 4}, {"f": 8.0}))
    assert (parts.by_calls[0], parts.by_price[0]) == (3.0, 3.0)
    assert (parts.price_before[0], parts.price_after[0]) == (1.0, 2.0)


def test_new_and_gone() -> None:
    """What ran on one side alone is neither more calls nor dearer ones."""
    parts = split(side({"f": 2}, {"f": 2.0}), side({"g": 4}, {"g": 8.0}))
    assert parts.by_gone.tolist() == [-2.0, 0.0]
    assert parts.by_new.tolist() == [0.0, 8.0]
    assert not parts.by_calls.any()
    assert not parts.by_price.any()


def test_per_call_of_the_benchmark() -> None:
    """Regions of different lengths compare by one call of the benchmark."""
    parts = split(side({"f": 2}, {"f": 2.0}), side({"f": 6}, {"f": 6.0}, number=3))
    assert parts.difference[0] == 0.0
    assert parts.residual == 0.0


def test_what_is_in_no_function_is_the_residual() -> None:
    """Time that only the unprofiled measurement saw is said to be left over."""
    before = side({"f": 1}, {"f": 1.0})
    after = Side(before.profile, before.own, 1.5)
    assert split(before, after).residual == 0.5


def test_parts_that_do_not_add_up_are_refused() -> None:
    """A stage that loses time raises instead of reporting."""
    with pytest.raises(ConservationError, match="were measured"):
        check_conserved(np.array([1.0]), 0.0, 2.0, 3.0)


def test_times_that_are_no_numbers_are_refused() -> None:
    """A corrected time that isn't finite raises instead of spreading."""
    before = side({"f": 1}, {"f": 1.0})
    with pytest.raises(ConservationError, match="finite"):
        split(Side(before.profile, np.array([np.nan]), 1.0), before)


seconds = st.floats(0, 1e3)
tables = st.dictionaries(
    st.sampled_from("abcdefgh"), st.tuples(st.integers(0, 10**6), seconds), min_size=1
)


@given(tables, tables, st.integers(1, 5))
def test_sum_and_residual_are_the_difference(
    one: dict[str, tuple[int, float]], other: dict[str, tuple[int, float]], number: int
) -> None:
    """Parts and residual add up, and exchanging the sides changes signs alone."""
    before, after = (
        side({n: v[0] for n, v in t.items()}, {n: v[1] for n, v in t.items()}, number)
        for t in (one, other)
    )
    there, back = split(before, after), split(after, before)
    every = there.by_calls + there.by_price + there.by_new + there.by_gone
    assert float(every.sum()) + there.residual == pytest.approx(there.measured, abs=1e-6)
    assert there.by_calls.sum() == pytest.approx(-back.by_calls.sum(), abs=1e-6)
    assert there.by_price.sum() == pytest.approx(-back.by_price.sum(), abs=1e-6)


def test_noise_is_told_from_differences() -> None:
    """Among a thousand columns of noise and ten real ones, the real ones are found."""
    generator = np.random.default_rng(5)
    rounds = generator.normal(0, 1.0, (10, 1010))
    rounds[:, :10] += 20
    spread = spread_of(rounds)
    assert not spread.noise[:10].any()
    assert spread.noise[10:].mean() > 0.99
    assert (spread.low <= spread.middle).all()
    assert (spread.middle <= spread.high).all()
    assert ((spread.low <= 0) & (spread.high >= 0))[spread.noise].all()
    assert (spread.low[:10] > 0).all()


def test_one_round_says_nothing_of_noise() -> None:
    """A single round has a median but no interval."""
    spread = spread_of(np.array([[1.0, 2.0]]))
    assert spread.noise.all()
    assert np.isinf(spread.high).all()


def test_systematic_error_does_not_shrink() -> None:
    """Rounds that agree to the last digit still can't beat the correction's uncertainty."""
    rounds = np.full((10, 1), 1.0)
    assert not spread_of(rounds).noise[0]
    assert spread_of(rounds, np.array([2.0])).noise[0]


def test_rounds_with_other_functions_line_up() -> None:
    """A function that ran in some rounds only counts with nothing in the others."""
    one, other = side({"f": 1}, {"f": 1.0}), side({"g": 1, "f": 1}, {"g": 5.0, "f": 2.0})
    match = match_profiles(other.profile, other.profile)
    rows = round_differences([(one, other), (other, one)], other.profile, other.profile, match)
    assert rows.tolist() == [[5.0, 1.0], [-5.0, -1.0]]
