"""The smallest slowdown that is found so often as is asked for, from trials of several sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray  # noqa: TC002 - get_type_hints needs it at run time
from scipy.optimize import isotonic_regression  # type: ignore[import-untyped]

from observatory.studies.rates import CONFIDENCE

__all__ = ["OFTEN", "Graded", "Smallest", "smallest"]

OFTEN = 0.95
"""Found so often, a slowdown counts as one that is found."""

DRAWS = 4000
"""From so many draws come the ends of the interval, which then scatter by a percent of it."""


@dataclass(frozen=True, slots=True)
class Graded:
    """The trials of one size.

    Attributes:
        size: the slowdown as measured, such as 0.03.
        found: in how many trials it was found.
        trials: of how many.
    """

    size: float
    found: int
    trials: int


@dataclass(frozen=True, slots=True)
class Smallest:
    """The smallest slowdown that is found.

    Attributes:
        step: the smallest size tried which was found so often as is asked for, as was every larger
            one; None where not even the largest was.
        size: the same between the sizes tried, where the rising curve through the rates gets there;
            the smallest size tried where that was enough.
        low: the lower end of its interval; None where that lies beyond the largest size tried.
        high: the upper end; None likewise.
    """

    step: float | None
    size: float | None
    low: float | None
    high: float | None

    def __str__(self) -> str:
        if self.low is None and self.size is None:
            return "more"
        low, high = (_percent(one) for one in (self.low, self.high))
        return f"{_percent(self.size)} [{low} to {high}]"

    def told(self) -> dict[str, Any]:
        """The same for JSON."""
        return asdict(self)


def smallest(sizes: Sequence[Graded], seed: int) -> Smallest | None:
    """Where the share of slowdowns found reaches `OFTEN`.

    A larger slowdown is found at least as often, so the rates are first made to rise: by isotonic
    regression, each size weighing by its trials (Barlow et al., Statistical Inference under Order
    Restrictions, 1972, chapter 1). Between two sizes the curve is straight over the logarithm of
    the size. The interval is where the curve gets there for rates drawn from Jeffreys' posterior,
    Beta(found + 1/2, missed + 1/2), which leaves doubt also where every single one was found.

    Args:
        sizes: the trials of each size, none of them without a slowdown.
        seed: of the draws.

    Returns:
        The smallest size, or None without trials.
    """
    tried = sorted((one for one in sizes if one.trials), key=lambda one: one.size)
    if not tried:
        return None
    logs = np.log([one.size for one in tried])
    weights = np.array([one.trials for one in tried], float)
    found = np.array([one.found for one in tried], float)
    rng = np.random.default_rng(seed)
    drawn = rng.beta(found + 0.5, weights - found + 0.5, (DRAWS, len(tried)))
    reached = [_reached(logs, one, weights) for one in drawn]
    tail = (1 - CONFIDENCE) / 2
    # Ends are taken from the draws themselves: between one and infinity there is no other.
    ends = np.quantile(reached, (tail, 1 - tail), method="nearest")
    enough = [one.found >= OFTEN * one.trials for one in tried]
    steps = [one.size for at, one in enumerate(tried) if all(enough[at:])]
    size = _reached(logs, found / weights, weights)
    return Smallest(
        steps[0] if steps else None,
        *(_finite(one) for one in (size, float(ends[0]), float(ends[1]))),
    )


def _reached(
    logs: NDArray[np.float64], rates: NDArray[np.float64], weights: NDArray[np.float64]
) -> float:
    """The size at which the rising curve through the rates reaches `OFTEN`; infinite if nowhere."""
    curve = isotonic_regression(rates, weights=weights).x
    over = int(np.searchsorted(curve, OFTEN))
    if over == len(curve):
        return math.inf
    if over == 0:
        return float(np.exp(logs[0]))
    part = (OFTEN - curve[over - 1]) / (curve[over] - curve[over - 1])
    return float(np.exp(logs[over - 1] + part * (logs[over] - logs[over - 1])))


def _finite(size: float) -> float | None:
    return size if math.isfinite(size) else None


def _percent(size: float | None) -> str:
    return "more" if size is None else f"{100 * size:.2f} %"
