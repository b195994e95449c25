"""The profiler's own cost taken out of a profile, so that it closes on the unprofiled time.

What each call adds is known from calibration; how much dearer it is in the code at hand than in
the calibration's loops is not. So each kind of cost gets a scale, and the scales move together, the
doubtful and weighty ones furthest, until the corrected own times sum to the time measured without
a profiler. Two sides that are to be compared have the same scales, as the profiler is the same, and
close besides by the speed at which each ran while profiled. What plausible scales and speeds can't
reach stays visible as unexplained seconds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from asv_explain.profiles.corrected import (
    ROUNDING,
    Caveat,
    CaveatKind,
    CorrectedProfile,
    CorrectionError,
    check_closure,
)
from asv_explain.profiles.doubt import KINDS, Doubt
from asv_explain.profiles.match import Match
from asv_explain.profiles.profile import Profile, Seconds
from asv_explain.profiles.profiler_cost import ProfilerCost
from asv_explain.profiles.scales import (
    GREATEST_SCALE,
    LEAST_SCALE,
    AddedCosts,
    added_costs,
    both_ways,
    find_scales,
    find_speed,
    settle_both,
    strays,
    surprise,
)

__all__ = [
    "Caveat",
    "CaveatKind",
    "CorrectedProfile",
    "CorrectionError",
    "check_closure",
    "correct",
    "correct_again",
    "correct_both",
]

_Matrix: TypeAlias = NDArray[np.float64]
# What is unexplained within so many standard errors of the total needs no caveat.
_NOISE_ERRORS: Final = 2.0


def correct(
    profile: Profile, cost: ProfilerCost, seconds: float, noise: float = 0.0
) -> CorrectedProfile:
    """Take the profiler's cost out of a profile.

    Args:
        profile: Of one side of one benchmark.
        cost: Of the interpreter that was profiled.
        seconds: Unprofiled time of as many calls of the benchmark as the profile holds.
        noise: Standard error of ``seconds``, and of the profile's total against it; the scales
            don't stretch to meet what is within it, and the rest is left unexplained.

    Raises:
        CorrectionError: ``seconds`` is no time above 0, or the result does not add up to it.
    """
    _check(seconds, noise)
    added = added_costs(profile, cost)
    stray = strays(cost)
    scales, settles = find_scales(profile.own, added.at(1.0), stray, seconds, noise)
    matrix = added.at(1.0)
    return _correct(
        added,
        seconds,
        noise,
        scales,
        1.0,
        _Closing(stray @ matrix.T, (matrix @ settles)[:, None], 0),
    )


def correct_both(
    profiles: tuple[Profile, Profile],
    cost: ProfilerCost,
    seconds: tuple[float, float],
    match: Match,
) -> tuple[CorrectedProfile, CorrectedProfile]:
    """Take the profiler's cost out of two sides that are to be compared.

    What each side misses is shared between common scales, a common speed and a speed of its own,
    by how much of it each may be expected to be; then speeds meet the times exactly. A function
    is charged with the same bits of surprise on both: what else is called more does not change
    how soon after one another its own calls come.

    Args:
        profiles: Of both sides of one benchmark.
        cost: Of the interpreter that was profiled.
        seconds: Unprofiled time of each side, of as many calls as its profile holds.
        match: The pairs of their functions.

    Raises:
        CorrectionError: A time is no time above 0, or a result does not add up to it.
    """
    for region in seconds:
        _check(region, 0.0)
    bits = [surprise(profile) for profile in profiles]
    both = (match.before >= 0) & (match.after >= 0)
    first, second = match.before[both], match.after[both]
    bits[0][first] = bits[1][second] = (bits[0][first] + bits[1][second]) / 2
    added = [added_costs(one, cost, each) for one, each in zip(profiles, bits, strict=True)]
    stray = strays(cost)
    scales = _both_scales(added, stray, seconds)
    speeds = [find_speed(one, scales, time) for one, time in zip(added, seconds, strict=True)]
    counts = [
        speed * one.profile.own > one.at(speed) @ scales
        for one, speed in zip(added, speeds, strict=True)
    ]
    ways = [
        both_ways(one, stray, side, speed) / one.profile.number
        for side, (one, speed) in enumerate(zip(added, speeds, strict=True))
    ]
    settles = settle_both(ways, counts)
    before, after = (
        _correct(
            one,
            seconds[side],
            0.0,
            scales,
            speeds[side],
            _Closing(ways[side] * one.profile.number, ways[side].T @ settles, side),
        )
        for side, one in enumerate(added)
    )
    return before, after


def _both_scales(
    added: Sequence[AddedCosts], stray: _Matrix, seconds: tuple[float, float]
) -> Seconds:
    """The likeliest scales of two sides, from what the calibrated cost leaves too much of each."""
    gaps = []
    ways = []
    for side, (one, time) in enumerate(zip(added, seconds, strict=True)):
        left = float(np.maximum(one.profile.own - one.at(1.0).sum(axis=1), 0.0).sum())
        gaps.append((left - time) / one.profile.number)
        ways.append(both_ways(one, stray, side) / one.profile.number)
    settles = settle_both(ways, [one.profile.own > 0 for one in added])
    moved = (settles @ np.array(gaps))[: len(stray)]
    scales: Seconds = np.clip(1 + moved @ stray, LEAST_SCALE, GREATEST_SCALE)
    return scales


def correct_again(corrected: CorrectedProfile, profile: Profile, cost: ProfilerCost) -> Seconds:
    """Own seconds of a profile like a corrected one, closed on the same time by its speed alone.

    Args:
        corrected: The side, of which the scales are taken over.
        profile: One round of it.
        cost: Of the interpreter that was profiled.
    """
    seconds = corrected.seconds / corrected.profile.number * profile.number
    bits = dict(zip(corrected.profile.functions, corrected.bits.tolist(), strict=True))
    alone = zip(profile.functions, surprise(profile).tolist(), strict=True)
    added = added_costs(profile, cost, np.array([bits.get(*one) for one in alone], np.float64))
    scales = np.array([corrected.scales[kind] for kind in KINDS])
    speed = find_speed(added, scales, seconds)
    own: Seconds = np.maximum(speed * profile.own - added.at(speed) @ scales, 0.0)
    return own


class _Closing(NamedTuple):
    """How a side closes: what ``Doubt`` says of it."""

    ways: _Matrix
    closing: _Matrix
    side: int


def _check(seconds: float, noise: float) -> None:
    if not 0 < seconds < math.inf:
        raise CorrectionError(f"the unprofiled time must be above 0 seconds, not {seconds}")
    if not 0 <= noise < math.inf:
        raise CorrectionError(f"the noise must be at least 0 seconds, not {noise}")


def _correct(
    costs: AddedCosts,
    seconds: float,
    noise: float,
    scales: Seconds,
    speed: float,
    closing: _Closing,
) -> CorrectedProfile:
    """Take scaled costs out of a profile that ran at a speed."""
    profile, added = costs.profile, costs.at(speed)
    seen, removed = speed * profile.own, added @ scales
    own = np.maximum(seen - removed, 0.0)
    excess = np.maximum(removed - seen, 0.0)
    unexplained = seconds - math.fsum(own)
    shares = own if own.any() else profile.own
    doubt = Doubt(
        removed=added * scales,
        ways=closing.ways,
        closing=np.where((own > 0)[:, None], closing.closing, 0.0),
        side=closing.side,
        counts=own > 0,
        clamped=excess,
        shared=unexplained * shares / max(float(shares.sum()), np.finfo(float).tiny),
        noise=noise,
    )
    corrected = CorrectedProfile(
        profile=profile,
        own=own,
        error=doubt.standard_error(),
        doubt=doubt,
        edge_own=_edges(profile, speed, own, costs.callee @ scales),
        seconds=seconds,
        unexplained=unexplained,
        scales=MappingProxyType(dict(zip(KINDS, scales.tolist(), strict=True))),
        speed=speed,
        bits=costs.bits,
        caveats=_caveats(profile, seconds, noise, excess, unexplained),
    )
    check_closure(corrected)
    for array in (corrected.own, corrected.error, corrected.edge_own):
        array.setflags(write=False)
    return corrected


def _caveats(
    profile: Profile, seconds: float, noise: float, excess: Seconds, unexplained: float
) -> tuple[Caveat, ...]:
    """What to know about a corrected profile."""
    caveats = []
    total = float(profile.own.sum())
    slack = ROUNDING * max(seconds, total)
    clamped = np.flatnonzero(excess > slack)
    if len(clamped):
        caveats.append(
            Caveat(CaveatKind.CLAMPED, float(excess[clamped].sum()), tuple(clamped.tolist()))
        )
    if abs(unexplained) > max(slack, _NOISE_ERRORS * noise):
        caveats.append(Caveat(CaveatKind.SCALE_AT_LIMIT, abs(unexplained)))
    if total <= seconds:
        caveats.append(Caveat(CaveatKind.NOT_SLOWED, seconds - total))
    return tuple(caveats)


def _edges(profile: Profile, speed: float, own: Seconds, callee: Seconds) -> Seconds:
    """Split each function's corrected own time among its callers' edges.

    A call's cost inside the callee is taken off each edge by its calls, the rest by its time.
    """
    size = len(profile.functions)
    per_call = callee / np.maximum(profile.calls, 1)
    taken = per_call[profile.callee] * profile.edge_calls
    left = np.maximum(speed * profile.edge_own - taken, 0.0)
    # Where nothing would be left for any edge, the edges' uncorrected times are the best guess.
    empty = np.bincount(profile.callee, left, size) <= 0
    left = np.where(empty[profile.callee], profile.edge_own, left)
    whole = np.bincount(profile.callee, left, size)
    held = np.bincount(profile.callee, profile.edge_own, size)
    share = np.divide(
        np.minimum(held, profile.own), profile.own, out=np.zeros(size), where=profile.own > 0
    )
    there = whole[profile.callee]
    part = np.divide(left, there, out=np.zeros(len(left)), where=there > 0)
    parts: Seconds = (own * share)[profile.callee] * part
    return parts
