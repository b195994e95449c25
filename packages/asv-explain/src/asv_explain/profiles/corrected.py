"""A profile without the profiler's cost: what it is, what is doubtful about it, that it closes."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from asv_explain.profiles.doubt import Doubt
from asv_explain.profiles.profile import Profile, Seconds

__all__ = [
    "ROUNDING",
    "Caveat",
    "CaveatKind",
    "CorrectedProfile",
    "CorrectionError",
    "check_closure",
]

# Own times are sums of up to millions of float additions.
ROUNDING: Final = 1e-9


class CorrectionError(ValueError):
    """A correction that can't be made, or does not conserve time."""


class CaveatKind(enum.Enum):
    """What the reader of a corrected profile has to know; the value is the remedy."""

    CLAMPED = "instruction counts tell more of functions this small"
    SCALE_AT_LIMIT = "explain again on a quiet machine"
    NOT_SLOWED = "raise --budget: more rounds tell what the unprofiled run takes"

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
        doubt: What that error is made of.
        edge_own: Seconds of the callee itself in the calls of each edge (E,). They sum to the
            same share of the callee's own time as before.
        seconds: The unprofiled time on which it closes.
        unexplained: ``seconds`` less the sum of ``own``; negative if too much is left.
        scales: How much dearer than calibrated each kind of cost had to be.
        speed: What the profiled times were multiplied by before.
        bits: With how many bits of surprise each function's calls were charged (N,).
        caveats: What to know about it.
    """

    profile: Profile
    own: Seconds
    error: Seconds
    doubt: Doubt
    edge_own: Seconds
    seconds: float
    unexplained: float
    scales: MappingProxyType[str, float]
    speed: float
    bits: Seconds
    caveats: tuple[Caveat, ...]


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
    if abs(total - corrected.seconds) > ROUNDING * corrected.seconds:
        raise CorrectionError(
            f"own and unexplained seconds sum to {total}, not to {corrected.seconds}"
        )
