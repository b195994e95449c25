"""Splitting each function's difference into more calls and dearer calls; telling it from noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats  # type: ignore[import-untyped]

from asv_explain.profiles.conservation import ConservationError, check_conserved
from asv_explain.profiles.doubt import Doubt
from asv_explain.profiles.match import Flags, Match, PairKind
from asv_explain.profiles.merge import places_in
from asv_explain.profiles.profile import Indices, Profile, Seconds

__all__ = [
    "Decomposition",
    "Side",
    "Spread",
    "decompose",
    "round_differences",
    "spread_of",
]

# The share of false findings that is accepted among all functions said to differ.
FALSE_DISCOVERY_RATE = 0.05
# Of each interval.
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One side of a comparison.

    Attributes:
        profile: What ran.
        own: Seconds in each function itself over the whole region, the profiler's cost taken out.
        measured: Seconds per call of the benchmark, measured without a profiler.
        doubt: What may be wrong with ``own``; None where nothing was taken out.
        edge_own: Seconds of the callee itself along each edge, the profiler's cost taken out; None
            where nothing was taken out.
    """

    profile: Profile
    own: Seconds
    measured: float
    doubt: Doubt | None = None
    edge_own: Seconds | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Decomposition:
    """Where a difference lies; seconds and calls are per call of the benchmark, one value a pair.

    Attributes:
        difference: Own seconds after - before; the sum of the four parts below.
        by_calls: What more calls cost, at the mean of both prices.
        by_price: What dearer calls cost, at the mean of both numbers of calls.
        by_new: Own seconds of what ran after alone.
        by_gone: Minus the own seconds of what ran before alone.
        calls_before: Calls before.
        calls_after: Calls after.
        price_before: Own seconds of a call before, 0 where there was none.
        price_after: Own seconds of a call after, 0 where there was none.
        mean_price: The mean of both; that of one side where there are no calls on the other.
        measured: Seconds after - before, measured without a profiler.
        residual: What of ``measured`` is in no function.
    """

    difference: Seconds
    by_calls: Seconds
    by_price: Seconds
    by_new: Seconds
    by_gone: Seconds
    calls_before: Seconds
    calls_after: Seconds
    price_before: Seconds
    price_after: Seconds
    mean_price: Seconds
    measured: float
    residual: float


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """What rounds say of many differences at once; arrays of one value each.

    Attributes:
        middle: The best estimate, in seconds.
        low: Lower end of the interval.
        high: Upper end of the interval.
        p_value: Of the difference being nothing, before the control for many comparisons.
        noise: Whether it can't be told from nothing.
    """

    middle: Seconds
    low: Seconds
    high: Seconds
    p_value: Seconds
    noise: Flags


def decompose(before: Side, after: Side, match: Match) -> Decomposition:
    """Split each pair's difference so that the parts add up to it.

    With calls n and price p, n1 p1 - n0 p0 = (n1 - n0) (p0 + p1) / 2 + (p1 - p0) (n0 + n1) / 2:
    symmetric, so that exchanging the sides changes signs alone, and without a rest.

    Raises:
        ConservationError: The parts and the residual aren't the measured difference.
    """
    calls_before, seconds_before = _per_call(before, match.before)
    calls_after, seconds_after = _per_call(after, match.after)
    difference = seconds_after - seconds_before
    new, gone = match.kind == PairKind.NEW, match.kind == PairKind.GONE
    both = ~new & ~gone
    price_before = _price(seconds_before, calls_before)
    price_after = _price(seconds_after, calls_after)
    # What was not called on a side has no price of its own there: all of it is the calls.
    known_before = np.where(calls_before > 0, price_before, price_after)
    known_after = np.where(calls_after > 0, price_after, price_before)
    mean_price = (known_before + known_after) / 2
    by_calls = np.where(both, (calls_after - calls_before) * mean_price, 0.0)
    measured = after.measured - before.measured
    result = Decomposition(
        difference=difference,
        by_calls=by_calls,
        by_price=np.where(both, difference - by_calls, 0.0),
        by_new=np.where(new, difference, 0.0),
        by_gone=np.where(gone, difference, 0.0),
        calls_before=calls_before,
        calls_after=calls_after,
        price_before=price_before,
        price_after=price_after,
        mean_price=mean_price,
        measured=measured,
        residual=measured - float(difference.sum()),
    )
    parts = result.by_calls + result.by_price + result.by_new + result.by_gone
    scale = float(np.abs(seconds_before).sum() + np.abs(seconds_after).sum())
    check_conserved(parts, result.residual, measured, scale)
    # The residual closes on what was measured; that every function is in a pair is not said yet.
    whole = [float(side.own.sum()) / side.profile.number for side in (before, after)]
    check_conserved(parts, 0.0, whole[1] - whole[0], scale)
    return result


def round_differences(
    rounds: Sequence[tuple[Side, Side]], before: Profile, after: Profile, match: Match
) -> Seconds:
    """Own difference per call of the benchmark of each pair in each round (rounds, P).

    Args:
        rounds: Both sides of each round.
        before: All rounds' profiles before in one, which ``match`` refers to.
        after: The same after.
        match: The pairs.
    """
    result = np.zeros((len(rounds), len(match)))
    for sign, number, whole, pairs in (
        (-1, 0, before, match.pair_before),
        (1, 1, after, match.pair_after),
    ):
        sides = [both[number] for both in rounds]
        every = places_in(whole, [side.profile for side in sides])
        for row, side, places in zip(result, sides, every, strict=True):
            inside = places >= 0
            seconds = side.own[inside] / side.profile.number
            np.add.at(row, pairs[places[inside]], sign * seconds)
    return result


def spread_of(
    rounds: Seconds, systematic: Seconds | None = None, middle: Seconds | None = None
) -> Spread:
    """Interval of each column over rounds, with control for many comparisons.

    Each column has a paired t test against nothing. Its variance is that of the rounds' mean and
    that of what does not shrink with rounds; the latter is known, so it raises the degrees of
    freedom (Welch 1947, Biometrika 34, 28; Satterthwaite 1946, Biometrics Bull. 2, 110).
    Benjamini and Hochberg (1995, J. R. Stat. Soc. B 57, 289) holds the false discoveries among
    those said to differ at 5 %. One round alone tells nothing from noise.

    Args:
        rounds: Seconds, one row a round, one column each difference.
        systematic: Standard error of each column that is the same in all rounds, in seconds.
        middle: The best estimate of each column; the rounds' mean where it is left out.
    """
    count, columns = rounds.shape
    empty, endless = np.zeros(columns), np.full(columns, np.inf)
    if middle is None:
        middle = rounds.mean(axis=0) if count else empty
    if count < 2 or columns == 0:
        return Spread(middle, -endless, endless, empty + 1, np.ones(columns, np.bool_))
    of_mean = rounds.var(axis=0, ddof=1) / count
    # An estimate that isn't the rounds' own is in doubt by as much as it differs from theirs.
    known = np.square(middle - rounds.mean(axis=0))
    if systematic is not None:
        known = known + np.square(systematic)
    error = np.sqrt(of_mean + known)
    freedom = np.full(columns, np.inf)
    scatters = of_mean > 0
    freedom[scatters] = (count - 1) * np.square(1 + known[scatters] / of_mean[scatters])
    ratio = np.divide(np.abs(middle), error, out=endless.copy(), where=error > 0)
    ratio[(error == 0) & (middle == 0)] = 0.0
    p_value = 2 * stats.t.sf(ratio, freedom)
    order = np.argsort(p_value, kind="stable")
    steps = FALSE_DISCOVERY_RATE * np.arange(1, columns + 1) / columns
    passed = np.flatnonzero(p_value[order] <= steps)
    found = int(passed[-1]) + 1 if len(passed) else 0
    noise = np.ones(columns, np.bool_)
    noise[order[:found]] = False
    width = stats.t.isf((1 - CONFIDENCE) / 2, freedom)
    # An interval that said otherwise than the verdict would only puzzle: noise holds 0.
    half = np.where(noise, np.maximum(width * error, np.abs(middle)), width * error)
    return Spread(middle, middle - half, middle + half, p_value, noise)


def _per_call(side: Side, index: Indices) -> tuple[Seconds, Seconds]:
    """Calls and own seconds per call of the benchmark, of each pair."""
    number = side.profile.number
    if len(side.own) != len(side.profile.functions):
        raise ConservationError("corrected times are not one for each function of the profile")
    if not (np.isfinite(side.own).all() and np.isfinite(side.measured)):
        raise ConservationError("a time is not a finite number")
    there = index >= 0
    columns = []
    for values in (side.profile.calls, side.own):
        column = np.zeros(len(index))
        column[there] = values[index[there]] / number
        columns.append(column)
    return columns[0], columns[1]


def _price(seconds: Seconds, calls: Seconds) -> Seconds:
    """Seconds of one call, 0 where there are no calls."""
    return np.divide(seconds, calls, out=np.zeros(len(calls)), where=calls > 0)
