"""What the profiler's cost is in a given profile: by kind from calibration, scaled to close."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from asv_explain.profiles.doubt import COMMON_STRAY, KINDS, SIDE_SPEED_STRAY, SPEED_STRAY, STRAY
from asv_explain.profiles.profile import Profile, Seconds
from asv_explain.profiles.profiler_cost import Estimate, ProfilerCost

__all__ = [
    "GREATEST_SCALE",
    "LEAST_SCALE",
    "AddedCosts",
    "added_costs",
    "both_ways",
    "find_scales",
    "find_speed",
    "settle_both",
    "strays",
    "surprise",
]

# Real code is dearer or cheaper to profile than tight loops by caches and branch prediction. What
# asks for far more or less than these limits is something else than the profiler.
LEAST_SCALE: Final = 0.2
GREATEST_SCALE: Final = 4.0

# A busy machine slows a profiled run to a half or a third; what asks for more is something else.
SLOWEST: Final = 1 / 3
FASTEST: Final = 3.0
# How deep calls are followed to count what is called between two calls of a function.
_DEPTH: Final = 30
# Kinds of little weight still move a little, so that none is stuck while others are at a limit.
_LEAST_PULL = 0.02
# Halvings of a range of some hundred until it is narrower than sums of many floats can tell.
_HALVINGS: Final = 50
_Matrix: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class AddedCosts:
    """Seconds that each kind of cost adds to each of N functions by the calibration.

    Attributes:
        profile: Of these functions.
        calls: What calls add to a function, called and calling, by kind (N, K).
        callee: What being called adds to it (N, K).
        bits: With how many bits of surprise its calls were charged (N,).
        slowdown: Of the time left, the share by which code without calls is slowed (N,).
    """

    profile: Profile
    calls: _Matrix
    callee: _Matrix
    bits: Seconds
    slowdown: Seconds

    def at(self, speed: float) -> _Matrix:
        """All that was added, the profiled times multiplied by a speed (N, K)."""
        added = self.calls.copy()
        left = np.maximum(speed * self.profile.own - added.sum(axis=1), 0.0)
        added[:, KINDS.index("bytecode")] = left * self.slowdown
        return added


def surprise(profile: Profile) -> Seconds:
    """Bits of surprise with which each function is called, on the mean of its calls (N,).

    cProfile's tree finds a function the sooner the fewer calls there were since its last one
    (Sleator and Tarjan 1985, J. ACM 32, 652: the working set of a splay tree). Where one call of
    the caller calls it several times, all but the first follow after what the caller calls in
    between; else its share of all calls has to do.
    """
    size, all_calls = len(profile.functions), max(int(profile.calls.sum()), 1)
    globally = np.log2(all_calls / np.maximum(profile.calls, 1))
    caller, callee = profile.caller, profile.callee
    rate = profile.edge_calls / np.maximum(profile.calls, 1)[caller]
    # All calls in one call of each function; what calls itself has at most all there are.
    below = np.zeros(size)
    for _ in range(_DEPTH):
        below = np.minimum(np.bincount(caller, rate * (1 + below)[callee], size), all_calls)
    often = np.maximum(rate, 1.0)
    gap = np.log2(np.maximum(below[caller] / often, 1.0))
    saved = (1 - 1 / often) * np.maximum(globally[callee] - gap, 0.0) * profile.edge_calls
    bits: Seconds = globally - np.bincount(callee, saved, size) / np.maximum(profile.calls, 1)
    return np.maximum(bits, 0.0)


def added_costs(profile: Profile, cost: ProfilerCost, bits: Seconds | None = None) -> AddedCosts:
    """Seconds that each kind of cost adds to each function.

    Args:
        profile: Of which.
        cost: Of the interpreter that was profiled.
        bits: Of surprise of each function (N,); from the profile itself if left out.
    """
    size = len(profile.functions)
    builtin = np.array([one.is_builtin for one in profile.functions], bool)
    awaited = np.array([one.is_coroutine for one in profile.functions], bool) & ~builtin
    resumed = np.array([one.is_generator for one in profile.functions], bool) & ~builtin & ~awaited
    python = ~builtin & ~resumed & ~awaited
    bits = surprise(profile) if bits is None else bits
    callee = np.zeros((size, len(KINDS)))
    caller = np.zeros((size, len(KINDS)))
    weights: tuple[tuple[NDArray[np.float64 | np.bool_], Estimate, Estimate], ...] = (
        (python, cost.callee_python, cost.caller_python),
        (builtin, cost.callee_builtin, cost.caller_builtin),
        (resumed, cost.callee_resumed, cost.caller_resumed),
        (awaited, cost.callee_awaited, cost.caller_awaited),
        (bits, cost.callee_bit, cost.caller_bit),
    )
    for kind, (weight, inside, outside) in enumerate(weights):
        callee[:, kind] = weight * profile.calls * inside.value
        on_edges = weight[profile.callee] * profile.edge_calls
        caller[:, kind] = np.bincount(profile.caller, on_edges, size) * outside.value
    share = cost.bytecode.value / (1 + cost.bytecode.value)
    return AddedCosts(profile, callee + caller, callee, bits, np.where(builtin, 0.0, share))


def strays(cost: ProfilerCost) -> _Matrix:
    """How scales stray: all calls' in common, then each by itself and by the calibration's error.

    The slowdown of code without calls was measured on loops that differ far more than programs,
    which mix such code; its error counts with each function, not here.
    """
    errors = []
    for kind, stray in zip(KINDS, STRAY, strict=True):
        names = (
            ("callee_bit", "caller_bit") if kind == "bits" else (f"callee_{kind}", f"caller_{kind}")
        )
        parts = [] if kind == "bytecode" else [getattr(cost, name) for name in names]
        value = sum(part.value for part in parts)
        error = math.hypot(*(part.error for part in parts))
        # A scale can't stray further than its limits, however little the calibration knew.
        errors.append(min(math.hypot(stray, error / value if value else 0.0), 1.0))
    return np.vstack([COMMON_STRAY, np.diag(errors)])


def find_scales(
    own: Seconds, added: _Matrix, stray: _Matrix, seconds: float, noise: float
) -> tuple[_Matrix, _Matrix]:
    """Return the scales under which the corrected own times sum to the unprofiled time.

    To first order these are the most probable scales, if each strays about 1 by its standard
    error and the total by its noise: each moves by its covariance with the total, all by one
    common factor, and the total is missed by as much as its own variance asks for. Returned with
    how far each scale moves for each second that the total is off.
    """
    weight = added.sum(axis=0)
    pull = (stray.T @ (stray @ weight)) * (weight > 0)
    if not pull.any():
        return np.ones(len(KINDS)), np.zeros(len(KINDS))
    direction = np.where(weight > 0, np.maximum(pull / pull.max(), _LEAST_PULL), 0.0)
    allowed = noise**2 / float(pull.max())

    def scales(factor: float) -> _Matrix:
        return np.clip(1 + factor * direction, LEAST_SCALE, GREATEST_SCALE)

    # What is left over falls as the factor rises, so halving the range finds where it is nothing.
    least = (LEAST_SCALE - 1) / _LEAST_PULL
    greatest = (GREATEST_SCALE - 1) / _LEAST_PULL
    for _ in range(_HALVINGS):
        factor = (least + greatest) / 2
        left = float(np.maximum(own - added @ scales(factor), 0.0).sum()) - seconds
        if left > factor * allowed:
            least = factor
        else:
            greatest = factor
    found = scales((least + greatest) / 2)
    free = np.where((found > LEAST_SCALE) & (found < GREATEST_SCALE), direction, 0.0)
    moves = float(added[own > added @ found].sum(axis=0) @ free) + allowed
    # Less than that a division could not take.
    least = np.finfo(float).tiny / np.finfo(float).eps
    return found, free / moves if moves > least else np.zeros(len(KINDS))


def both_ways(added: AddedCosts, stray: _Matrix, side: int, speed: float = 1.0) -> _Matrix:
    """What each way in which scales and speeds of two sides stray does to one side (J + 3, N).

    Args:
        added: What the profiler adds to the side's functions.
        stray: The ways in which scales stray.
        side: 0 or 1.
        speed: What the profiled times are multiplied by.
    """
    speeds = np.zeros((3, len(added.profile.own)))
    speeds[0] = SPEED_STRAY * speed * added.profile.own
    speeds[1 + side] = SIDE_SPEED_STRAY * speed * added.profile.own
    return np.vstack([stray @ added.at(speed).T, speeds])


def settle_both(ways: Sequence[_Matrix], counts: Sequence[NDArray[np.bool_]]) -> _Matrix:
    """Return how far each way moves for each second that one of both sides is off (J, 2).

    Ways are independent and of one standard error each, so that the least of them that meet what
    both sides are off are the likeliest: the least squares solution of two equations.

    Args:
        ways: Of each side, what each does to its functions, per call of the benchmark.
        counts: Of each side, which functions have time to give.
    """
    totals = [way @ one.astype(np.float64) for way, one in zip(ways, counts, strict=True)]
    settles: _Matrix = np.linalg.pinv(np.stack(totals))
    return settles


def find_speed(added: AddedCosts, scales: _Matrix, seconds: float) -> float:
    """Return what to multiply a profile's times by to close on the unprofiled time."""
    seen, of_calls, scaled = added.profile.own, added.calls.sum(axis=1), added.calls @ scales
    slowdown = added.slowdown * scales[KINDS.index("bytecode")]
    least, greatest = SLOWEST, FASTEST
    for _ in range(_HALVINGS):
        speed = (least + greatest) / 2
        own = speed * seen
        own -= scaled + slowdown * np.maximum(own - of_calls, 0.0)
        if float(np.maximum(own, 0.0).sum()) < seconds:
            least = speed
        else:
            greatest = speed
    return (least + greatest) / 2
