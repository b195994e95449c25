"""The profiler's own cost taken out of a profile, so that it closes on the unprofiled time.

What each call adds is known from calibration; how much dearer it is in the code at hand than in
the calibration's loops is not. So each kind of cost gets a scale, and the scales move together, the
doubtful and weighty ones furthest, until the corrected own times sum to the time measured without
a profiler. What plausible scales can't reach stays visible as unexplained seconds.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from asv_explain.profiles.profile import Profile, Seconds
from asv_explain.profiles.profiler_cost import Estimate, ProfilerCost

__all__ = [
    "Caveat",
    "CaveatKind",
    "CorrectedProfile",
    "CorrectionError",
    "check_closure",
    "correct",
]

# Real code is dearer or cheaper to profile than tight loops by caches and branch prediction. What
# asks for far more or less than these limits is something else than the profiler.
LEAST_SCALE: Final = 0.2
GREATEST_SCALE: Final = 4.0

# How far each kind of cost strays from what tight loops say, as a share of itself; the
# calibration's own error adds to it.
STRAY: Final = MappingProxyType(
    {"python": 0.3, "builtin": 0.3, "resumed": 0.4, "bits": 0.4, "bytecode": 0.5}
)
# Kinds of little weight still move a little, so that none is stuck while others are at a limit.
_LEAST_PULL = 0.02
# Halvings of a range of some hundred until it is as narrow as a float can tell.
_HALVINGS: Final = 64
# One function's calls stray from the benchmark's common scale by about this share: a call that the
# branch predictor foresees costs less than one that it doesn't.
FUNCTION_STRAY: Final = 0.25
# Own times are sums of up to millions of float additions.
_ROUNDING = 1e-9
# What is unexplained within so many standard errors of the total needs no caveat.
_NOISE_ERRORS: Final = 2.0

_Matrix: TypeAlias = NDArray[np.float64]
_KINDS: Final = tuple(STRAY)


class CorrectionError(ValueError):
    """A correction that can't be made, or does not conserve time."""


class CaveatKind(enum.Enum):
    """What the reader of a corrected profile has to know; the value is the remedy."""

    CLAMPED = "functions this small need more calls of the benchmark, or an instruction count"
    SCALE_AT_LIMIT = "profile again on a quiet machine; the unexplained seconds belong to nobody"
    NOT_SLOWED = "measure more rounds: the profiled run was no slower than the unprofiled one"

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return self.value


@dataclass(frozen=True, slots=True)
class Caveat:
    """One doubt about a corrected profile.

    Attributes:
        kind: Which.
        seconds: How much time it concerns.
        functions: Indices of the functions concerned, none if it is all of them.
    """

    kind: CaveatKind
    seconds: float
    functions: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class CorrectedProfile:
    """A profile without the profiler's cost; all arrays are read-only.

    Attributes:
        profile: What was corrected, as it was.
        own: Seconds of each function itself, as if unprofiled (N,).
        error: Standard error of each (N,).
        edge_own: Seconds of the callee itself in the calls of each edge (E,). They sum to the
            same share of the callee's own time as before.
        seconds: The unprofiled time on which it closes.
        unexplained: ``seconds`` less the sum of ``own``; negative if too much is left.
        scales: How much dearer than calibrated each kind of cost had to be.
        caveats: What to know about it.
    """

    profile: Profile
    own: Seconds
    error: Seconds
    edge_own: Seconds
    seconds: float
    unexplained: float
    scales: MappingProxyType[str, float]
    caveats: tuple[Caveat, ...]


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
    if not 0 < seconds < math.inf:
        raise CorrectionError(f"the unprofiled time must be above 0 seconds, not {seconds}")
    if not 0 <= noise < math.inf:
        raise CorrectionError(f"the noise must be at least 0 seconds, not {noise}")
    added, callee = _added(profile, cost)
    stray = _strays(cost)
    scales = _close(profile.own, added, stray, seconds, noise)
    removed = added @ scales
    own = np.maximum(profile.own - removed, 0.0)
    excess = np.maximum(removed - profile.own, 0.0)
    unexplained = seconds - math.fsum(own)
    caveats = []
    slack = _ROUNDING * max(seconds, float(profile.own.sum()))
    clamped = np.flatnonzero(excess > slack)
    if len(clamped):
        caveats.append(
            Caveat(CaveatKind.CLAMPED, float(excess[clamped].sum()), tuple(clamped.tolist()))
        )
    if abs(unexplained) > max(slack, _NOISE_ERRORS * noise):
        caveats.append(Caveat(CaveatKind.SCALE_AT_LIMIT, abs(unexplained)))
    if profile.own.sum() <= seconds:
        caveats.append(Caveat(CaveatKind.NOT_SLOWED, seconds - float(profile.own.sum())))
    corrected = CorrectedProfile(
        profile=profile,
        own=own,
        error=_errors(profile.own, own, added, scales, stray, unexplained),
        edge_own=_edges(profile, own, callee @ scales),
        seconds=seconds,
        unexplained=unexplained,
        scales=MappingProxyType(dict(zip(_KINDS, scales.tolist(), strict=True))),
        caveats=tuple(caveats),
    )
    check_closure(corrected)
    for array in (corrected.own, corrected.error, corrected.edge_own):
        array.setflags(write=False)
    return corrected


def _added(profile: Profile, cost: ProfilerCost) -> tuple[_Matrix, _Matrix]:
    """Seconds that each kind of cost adds to each function: in all, and for its being called."""
    size = len(profile.functions)
    builtin = np.array([one.is_builtin for one in profile.functions], bool)
    resumed = np.array([one.is_generator or one.is_coroutine for one in profile.functions], bool)
    resumed &= ~builtin
    python = ~builtin & ~resumed
    all_calls = max(int(profile.calls.sum()), 1)
    bits = np.log2(all_calls / np.maximum(profile.calls, 1))
    callee = np.zeros((size, len(_KINDS)))
    caller = np.zeros((size, len(_KINDS)))
    weights: tuple[tuple[NDArray[np.float64 | np.bool_], Estimate, Estimate], ...] = (
        (python, cost.callee_python, cost.caller_python),
        (builtin, cost.callee_builtin, cost.caller_builtin),
        (resumed, cost.callee_resumed, cost.caller_resumed),
        (bits, cost.callee_bit, cost.caller_bit),
    )
    for kind, (weight, inside, outside) in enumerate(weights):
        callee[:, kind] = weight * profile.calls * inside.value
        on_edges = weight[profile.callee] * profile.edge_calls
        caller[:, kind] = np.bincount(profile.caller, on_edges, size) * outside.value
    added = callee + caller
    left = np.where(builtin, 0.0, np.maximum(profile.own - added.sum(axis=1), 0.0))
    slowdown = cost.bytecode.value
    added[:, _KINDS.index("bytecode")] = left * slowdown / (1 + slowdown)
    return added, callee


def _strays(cost: ProfilerCost) -> _Matrix:
    """Standard error of each kind's scale: how far code strays, and the calibration's error."""
    errors = []
    for kind, stray in STRAY.items():
        names = {"bits": ("callee_bit", "caller_bit"), "bytecode": ("bytecode",)}
        parts = [
            getattr(cost, name) for name in names.get(kind, (f"callee_{kind}", f"caller_{kind}"))
        ]
        value = sum(part.value for part in parts)
        error = math.hypot(*(part.error for part in parts))
        # A scale can't stray further than its limits, however little the calibration knew.
        errors.append(min(math.hypot(stray, error / value if value else 0.0), 1.0))
    return np.array(errors)


def _close(own: Seconds, added: _Matrix, stray: _Matrix, seconds: float, noise: float) -> _Matrix:
    """Return the scales under which the corrected own times sum to the unprofiled time.

    To first order these are the most probable scales, if each strays about 1 by its standard
    error and the total by its noise: each moves by its variance times its weight, all by one
    common factor, and the total is missed by as much as its own variance asks for.
    """
    weight = added.sum(axis=0)
    pull = stray**2 * weight
    if not pull.any():
        return np.ones(len(_KINDS))
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
    return scales((least + greatest) / 2)


def _errors(
    before: Seconds, own: Seconds, added: _Matrix, scales: _Matrix, stray: _Matrix, rest: float
) -> Seconds:
    """Standard error of each corrected own time.

    The scales' errors less what closing on the total has settled; one function's stray from the
    common scales; what was clamped; and its share of what no scale explains.
    """
    spread = np.diag(stray**2)
    weight = added[own > 0].sum(axis=0)
    known = float(weight @ spread @ weight)
    if known > 0:
        spread = spread - np.outer(spread @ weight, spread @ weight) / known
    common = np.maximum(np.einsum("fi,ij,fj->f", added, spread, added), 0.0)
    removed = added @ scales
    excess = np.maximum(removed - before, 0.0)
    shares = own if own.any() else before
    shared = rest * shares / max(float(shares.sum()), np.finfo(float).tiny)
    errors: Seconds = np.sqrt(common + (FUNCTION_STRAY * removed) ** 2 + excess**2 + shared**2)
    return errors


def _edges(profile: Profile, own: Seconds, callee: Seconds) -> Seconds:
    """Split each function's corrected own time among its callers' edges.

    A call's cost inside the callee is taken off each edge by its calls, the rest by its time.
    """
    size = len(profile.functions)
    per_call = callee / np.maximum(profile.calls, 1)
    left = np.maximum(profile.edge_own - per_call[profile.callee] * profile.edge_calls, 0.0)
    # Where nothing would be left for any edge, the edges' uncorrected times are the best guess.
    empty = np.bincount(profile.callee, left, size) <= 0
    left = np.where(empty[profile.callee], profile.edge_own, left)
    whole = np.bincount(profile.callee, left, size)
    held = np.bincount(profile.callee, profile.edge_own, size)
    share = np.divide(held, profile.own, out=np.zeros(size), where=profile.own > 0)
    factor = np.divide(own * share, whole, out=np.zeros(size), where=whole > 0)
    parts: Seconds = left * factor[profile.callee]
    return parts


def check_closure(corrected: CorrectedProfile) -> None:
    """Refuse a result that does not conserve time.

    Raises:
        CorrectionError: A time is negative or not a number, or they don't sum to the total.
    """
    for name in ("own", "error", "edge_own"):
        values = getattr(corrected, name)
        if not (np.isfinite(values) & (values >= 0)).all():
            raise CorrectionError(f"{name} holds values that are negative or not numbers")
    total = math.fsum(corrected.own) + corrected.unexplained
    if abs(total - corrected.seconds) > _ROUNDING * corrected.seconds:
        raise CorrectionError(
            f"own and unexplained seconds sum to {total}, not to {corrected.seconds}"
        )
