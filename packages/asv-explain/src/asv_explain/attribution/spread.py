"""What rounds say of many differences at once: intervals, and which are told from noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats  # type: ignore[import-untyped]

from asv_explain.profiles.match import Flags
from asv_explain.profiles.profile import Seconds

__all__ = ["CONFIDENCE", "Spread", "discoveries", "pooled_p_values", "spread_of"]

FALSE_DISCOVERY_RATE = 0.05
"""The share of false findings that is accepted among all that are said to differ from nothing."""

CONFIDENCE = 0.95
"""Of each interval of a cause."""


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """What rounds say of K differences.

    Attributes:
        half: Half the width of each interval (K,); endless from one round alone.
        noise: Whether each can't be told from nothing (K,).
    """

    half: Seconds
    noise: Flags


def spread_of(rounds: Seconds, known: Seconds, freedom: float) -> Spread:
    """Intervals of the means of rounds, and control for many comparisons.

    The variance of a mean is that over rounds and a known one that all rounds have in common. The
    degrees of freedom of the sum are those of Welch (Biometrika 34, 1947, p. 28) and
    Satterthwaite (Biometrics Bull. 2, 1946, p. 110).

    Args:
        rounds: One row a round (R, K).
        known: Standard errors in common (K,).
        freedom: The degrees of freedom of these.
    """
    count, columns = rounds.shape
    if count < 2 or not columns:
        return Spread(np.full(columns, np.inf), np.ones(columns, np.bool_))
    middle = rounds.mean(axis=0)
    of_mean, common = rounds.var(axis=0, ddof=1) / count, np.square(known)
    variance = of_mean + common
    parts = np.square(of_mean) / (count - 1) + np.square(common) / max(freedom, 1.0)
    degrees = np.full(columns, float(count - 1))
    np.divide(np.square(variance), parts, out=degrees, where=parts > 0)
    half = stats.t.isf((1 - CONFIDENCE) / 2, degrees) * np.sqrt(variance)
    return Spread(half, ~discoveries(_p_values(middle, np.sqrt(variance), degrees)))


def pooled_p_values(rounds: Seconds, binomial: Seconds) -> Seconds:
    """Of the means of rounds being nothing, where few rounds say little of each scatter (K,).

    Processes differ by more than the drawing of samples; by how much more is estimated from all
    columns together, which have it in common.

    Args:
        rounds: Two rounds or more (R, K).
        binomial: The variance of each column's mean by the drawing of samples alone (K,); where it
            is nothing, the column's own scatter counts.
    """
    count = len(rounds)
    of_mean = rounds.var(axis=0, ddof=1) / count
    drawn = binomial > 0
    ratio = float((of_mean[drawn] / binomial[drawn]).mean()) if drawn.any() else 1.0
    degrees = np.where(drawn, (count - 1.0) * max(int(drawn.sum()), 1), count - 1.0)
    error = np.sqrt(np.where(drawn, binomial * max(ratio, 1.0), of_mean))
    return _p_values(rounds.mean(axis=0), error, degrees)


def _p_values(middle: Seconds, error: Seconds, degrees: Seconds) -> Seconds:
    ratio = np.where(middle == 0, 0.0, np.inf)
    np.divide(np.abs(middle), error, out=ratio, where=error > 0)
    values: Seconds = 2 * stats.t.sf(ratio, degrees)
    return values


def discoveries(values: Seconds) -> Flags:
    """Which of many are told from nothing, such that of these at most 5 % are not.

    Benjamini and Hochberg, J. R. Stat. Soc. B 57, 1995, p. 289.

    Args:
        values: The p values of all of them (K,).
    """
    order = np.argsort(values, kind="stable")
    steps = FALSE_DISCOVERY_RATE * np.arange(1, len(values) + 1) / max(len(values), 1)
    passed = np.flatnonzero(values[order] <= steps)
    found = np.zeros(len(values), np.bool_)
    found[order[: int(passed[-1]) + 1 if len(passed) else 0]] = True
    return found
