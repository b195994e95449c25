"""What may be wrong with the times of one corrected side, as parts that can be followed further.

The profiler's cost per call is known from tight loops. In real code it strays from that, for all
calls of a kind alike (a scale) and for each function by itself. A correction closes on the
unprofiled totals, which settles the sums of all strays and nothing else. So a side's error is, for
any strays, the error that they would make uncorrected less what closing takes back: linear in the
strays, which lets the errors of two sides cancel where both have the same strays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from asv_explain.profiles.profile import Seconds

__all__ = [
    "COMMON_STRAY",
    "FUNCTION_COMMON_STRAY",
    "FUNCTION_STRAY",
    "KINDS",
    "SIDE_SPEED_STRAY",
    "SPEED_STRAY",
    "STRAY",
    "Doubt",
]

KINDS: Final = ("python", "builtin", "resumed", "awaited", "bits", "bytecode")
# How far the scales stray from what tight loops say, as a share of themselves. All calls in common:
# whatever is called, the same code of the profiler runs, slowed by the program's use of caches.
# Then each kind by itself; the calibration's own error adds to that.
COMMON_STRAY: Final = (0.15, 0.15, 0.15, 0.15, 0.15, 0.0)
STRAY: Final = (0.1, 0.1, 0.2, 0.2, 0.2, 0.3)
# How far one function's costs stray from the scales: all calls in common, as a call that the branch
# predictor foresees costs less than one that it doesn't; then each kind by itself. Code without
# calls strays most: under the profiler CPython leaves its specialised instructions, which slows
# arithmetic by 0.7, attributes by 1.8 and text by 0.2.
FUNCTION_COMMON_STRAY: Final = (0.1, 0.1, 0.1, 0.1, 0.1, 0.0)
FUNCTION_STRAY: Final = (0.1, 0.1, 0.1, 0.1, 0.3, 0.5)
# How far profiled runs of both sides alike are slower or faster than unprofiled ones by more than
# the profiler's cost: they are longer, so that what else the machine does disturbs them more.
SPEED_STRAY: Final = 0.25
# The same for one side alone: sides take turns, so that the machine treats both nearly alike.
SIDE_SPEED_STRAY: Final = 0.03

_Matrix: TypeAlias = NDArray[np.float64]
_Float = TypeVar("_Float", np.float32, np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Doubt:
    """What may be wrong with one side's N corrected times; seconds over the whole region.

    Attributes:
        removed: What was taken out of each function by each kind of cost (N, K).
        ways: What scales and speed, straying in independent ways by one standard error each,
            would do to each time if nothing closed (J, N).
        closing: How closing changes each time for each second per call of the benchmark that a
            side is off, one column for each side that closes (N, S).
        side: Which of these is this side.
        counts: Which functions closing moves: those with time left (N,).
        clamped: What more was taken out of a function than it had (N,).
        shared: Its share of the seconds that no scale explains (N,).
        noise: Standard error of the total on which it closes.
    """

    removed: _Matrix
    ways: _Matrix
    closing: _Matrix
    side: int
    counts: NDArray[np.bool_]
    clamped: Seconds
    shared: Seconds
    noise: float

    @property
    def of_functions(self) -> _Matrix:
        """What each way in which a function strays by itself does to its time (I, N)."""
        ways = np.vstack([FUNCTION_COMMON_STRAY, np.diag(FUNCTION_STRAY)])
        errors: _Matrix = ways @ self.removed.T
        return errors

    def total(self, errors: NDArray[_Float]) -> NDArray[_Float]:
        """What errors (M, N) of the times add up to, as far as closing can see it (M,)."""
        # On some processors BLAS reports invalid values that neither go in nor come out.
        with np.errstate(invalid="ignore"):
            return errors @ self.counts.astype(errors.dtype)

    def standard_error(self) -> Seconds:
        """Standard error of each function's time, if this side closed alone (N,)."""
        closing = self.closing[:, self.side]
        closing = closing / max(float(closing.sum()), np.finfo(float).tiny)
        common = self.ways - self.total(self.ways)[:, None] * closing
        own = np.square(self.of_functions).sum(axis=0)
        # Each function's own stray moves all functions by closing, itself among them.
        settled = own * np.where(self.counts, 1 - 2 * closing, 1.0)
        settled += np.square(closing) * own[self.counts].sum()
        parts = np.square(common).sum(axis=0) + settled
        parts += np.square(self.clamped) + np.square(self.shared)
        error: Seconds = np.sqrt(parts + np.square(self.noise * closing))
        return error
