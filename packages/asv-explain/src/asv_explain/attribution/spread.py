"""What rounds say of many differences at once: intervals, and which are told from noise."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special, stats  # type: ignore[import-untyped]

from asv_explain.profiles.match import Flags
from asv_explain.profiles.profile import Seconds

__all__ = [
    "CONFIDENCE",
    "NO_PRIOR",
    "Prior",
    "Spread",
    "discoveries",
    "p_values",
    "prior_of",
    "settled_mean",
    "spread_of",
]

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


@dataclass(frozen=True, slots=True)
class Prior:
    """What all columns together say of how much processes differ.

    Attributes:
        ratio: The variance over rounds in multiples of that by the drawing of samples alone.
        freedom: How many degrees of freedom that is worth beside a column's own scatter; 0 where
            it says nothing.
    """

    ratio: float = 1.0
    freedom: float = 0.0


NO_PRIOR = Prior()


def prior_of(rounds: Seconds, drawn: Seconds) -> Prior:
    """Learn from many columns how much more than by the drawing of samples their rounds scatter.

    The ratios of both variances are taken to follow a scaled F distribution, which is fitted by
    the mean and the variance of their logarithms (Smyth, Stat. Appl. Genet. Mol. Biol. 3, 2004,
    article 3, section 6.2).

    Args:
        rounds: One row a round (R, K).
        drawn: The variance of each column's mean by the drawing of samples alone (K,). Columns of
            which it is nothing, or which never varied, are left out.
    """
    count = len(rounds)
    if count < 2:
        return NO_PRIOR
    of_mean = rounds.var(axis=0, ddof=1) / count
    known = (drawn > 0) & (of_mean > 0)
    logarithms = np.log(of_mean[known] / drawn[known])
    if len(logarithms) < 2:
        return NO_PRIOR
    half = (count - 1) / 2
    middle = float(logarithms.mean()) - float(special.digamma(half)) + math.log(half)
    beyond = float(logarithms.var(ddof=1)) - float(special.polygamma(1, half))
    # What few columns say of a ratio that all have in common is uncertain itself.
    most = (count - 1.0) * len(logarithms)
    if beyond <= 0:
        return Prior(math.exp(middle), most)
    prior = _inverse_trigamma(beyond)
    ratio = math.exp(middle + float(special.digamma(prior)) - math.log(prior))
    return Prior(ratio, min(2 * prior, most))


def _inverse_trigamma(value: float) -> float:
    """The x whose trigamma is the value; that of any x is above 1 / x and below (1 + 1 / x) / x."""

    def beyond(x: float) -> float:
        return float(special.polygamma(1, x)) - value

    return float(optimize.brentq(beyond, 1 / value, 1 / value + 1 / math.sqrt(value)))


def settled_mean(rounds: Seconds, drawn: Seconds, prior: Prior) -> tuple[Seconds, Seconds]:
    """The variance of the mean of rounds, and its degrees of freedom.

    Few rounds say little of their own scatter: where it is known how much samples scatter as they
    are drawn, a column's own variance is averaged with what the prior has it to be (Smyth, 2004,
    section 3). It is never less than that by the drawing of samples alone.

    Args:
        rounds: Two rounds or more (R, K).
        drawn: The variance of each column's mean by the drawing of samples alone (K,); where it is
            nothing, the column's own scatter counts.
        prior: What all columns say.
    """
    count = len(rounds)
    variance = rounds.var(axis=0, ddof=1) / count
    own = count - 1.0
    both = (own * variance + prior.freedom * prior.ratio * drawn) / (own + prior.freedom)
    sampled = drawn > 0
    degrees = np.where(sampled, own + prior.freedom, own)
    return np.where(sampled, np.maximum(both, drawn), variance), degrees


def spread_of(
    rounds: Seconds, known: Seconds, freedom: float, drawn: Seconds, prior: Prior
) -> Spread:
    """Intervals of the means of rounds, and control for many comparisons.

    The variance of a mean is that over rounds and a known one that all rounds have in common. The
    degrees of freedom of the sum are those of Welch (Biometrika 34, 1947, p. 28) and
    Satterthwaite (Biometrics Bull. 2, 1946, p. 110).

    Args:
        rounds: One row a round (R, K).
        known: Standard errors in common (K,).
        freedom: The degrees of freedom of these.
        drawn: As `settled_mean` takes it (K,).
        prior: The same.
    """
    count, columns = rounds.shape
    if count < 2 or not columns:
        return Spread(np.full(columns, np.inf), np.ones(columns, np.bool_))
    middle = rounds.mean(axis=0)
    of_mean, own = settled_mean(rounds, drawn, prior)
    common = np.square(known)
    variance = of_mean + common
    parts = np.square(of_mean) / own + np.square(common) / max(freedom, 1.0)
    degrees = own.copy()
    np.divide(np.square(variance), parts, out=degrees, where=parts > 0)
    half = stats.t.isf((1 - CONFIDENCE) / 2, degrees) * np.sqrt(variance)
    return Spread(half, ~discoveries(_p_values(middle, np.sqrt(variance), degrees)))


def p_values(rounds: Seconds, drawn: Seconds, prior: Prior) -> Seconds:
    """Of the means of two rounds or more being nothing (K,); the arguments are `settled_mean`'s."""
    variance, degrees = settled_mean(rounds, drawn, prior)
    return _p_values(rounds.mean(axis=0), np.sqrt(variance), degrees)


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
