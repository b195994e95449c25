"""The words for what was measured, which explanations and searches share."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = ["Interval", "Verdict"]


class Verdict(Enum):
    """What the paired measurement says; a thing that couldn't be measured is never *same*."""

    SLOWER = "slower"
    FASTER = "faster"
    SAME = "same"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval; of which confidence, what holds it says."""

    low: float
    high: float
