"""How often something was so, with its interval."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from scipy.stats import binomtest  # type: ignore[import-untyped]

__all__ = ["CONFIDENCE", "Rate", "rate", "rate_of"]

CONFIDENCE = 0.95
"""Of every interval that a study states."""


@dataclass(frozen=True, slots=True)
class Rate:
    """How many of how many, and the interval in which the true rate lies.

    Attributes:
        hits: how many were so.
        trials: of how many.
        low: the lower end of the interval, between 0 and 1; None without trials.
        high: the upper end.
    """

    hits: int
    trials: int
    low: float | None
    high: float | None

    @property
    def value(self) -> float | None:
        """The rate itself, between 0 and 1; None without trials."""
        return self.hits / self.trials if self.trials else None

    def __str__(self) -> str:
        if self.low is None or self.high is None or self.value is None:
            return "none"
        return (
            f"{100 * self.value:.1f} % [{100 * self.low:.1f} to {100 * self.high:.1f}], "
            f"{self.hits} of {self.trials}"
        )

    @property
    def brief(self) -> str:
        """In percent with its interval, for a table that says elsewhere of how many."""
        if self.low is None or self.high is None or self.value is None:
            return "none"
        return f"{100 * self.value:.1f} [{100 * self.low:.0f}, {100 * self.high:.0f}]"

    def told(self) -> dict[str, Any]:
        """The same for JSON."""
        return {**asdict(self), "value": self.value}


def rate(hits: int, trials: int) -> Rate:
    """A rate with the interval of Wilson (J. Am. Stat. Assoc. 22, 1927, p. 209).

    Raises:
        ValueError: there are more hits than trials, or fewer than none.
    """
    if not 0 <= hits <= trials:
        raise ValueError(f"{hits} of {trials} is no rate")
    if not trials:
        return Rate(0, 0, None, None)
    ends = binomtest(hits, trials).proportion_ci(CONFIDENCE, method="wilson")
    return Rate(hits, trials, float(ends.low), float(ends.high))


def rate_of(answers: Iterable[bool]) -> Rate:
    """How often the answer is yes."""
    every = list(answers)
    return rate(sum(every), len(every))
