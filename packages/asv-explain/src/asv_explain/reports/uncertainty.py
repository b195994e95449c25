"""Figures with their uncertainty: as many digits as their intervals support."""

from __future__ import annotations

import math

from asv_explain.explanation import Cause, Interval
from asv_explain.reports.text import amount, digits

__all__ = [
    "cause_amount",
    "confidence_text",
    "decimals_of",
    "interval_text",
    "part",
    "ratio",
    "share",
]

WHOLE_PERCENTS = 3.0
"""From so many points of a half width on, decimals of a percentage say nothing."""

USUAL = 0.95
"""The confidence that is not printed beside a ratio's interval."""

TWOFOLD = 2.0
"""Where an interval's ends differ by this factor, a third digit of its middle says nothing."""


def share(cause: Cause, difference: float) -> str:
    """A cause's share in percent, with its uncertainty where it is known, or that it is noise."""
    value, half = _percents(cause, difference)
    text = _number(value, half) + " %" + ("" if half is None else f" ± {_number(half, half)}")
    return f"{text}, within noise" if cause.noise else text


def part(cause: Cause, difference: float) -> str:
    """The same for a sentence: ``28 ± 4 %``."""
    value, half = _percents(cause, difference)
    return _number(value, half) + ("" if half is None else f" ± {_number(half, half)}") + " %"


def _percents(cause: Cause, difference: float) -> tuple[float, float | None]:
    """The share and half the width of its interval."""
    if cause.interval is None or difference == 0:
        return cause.share * 100, None
    # In the unit of the share, which may be of more than the net difference.
    per_unit = cause.share / cause.amount if cause.amount else 1 / difference
    half = (cause.interval.high - cause.interval.low) / 2 * abs(per_unit)
    return cause.share * 100, half * 100


def _number(value: float, half: float | None) -> str:
    decimals = 0 if half is None or half >= WHOLE_PERCENTS else 1
    # Rounding alone must not make a nothing of less than nothing.
    return f"{round(value, decimals) + 0.0:.{decimals}f}"


def cause_amount(cause: Cause, unit: str) -> str:
    """A cause's amount with its sign, to the second digit of its half width at most."""
    return amount(_supported(cause.amount, cause.interval), unit, sign=True)


def _supported(value: float, interval: Interval | None) -> float:
    """The value without digits that its interval does not support."""
    if interval is None or value == 0:
        return value
    magnitude = math.floor(math.log10(abs(value)))
    kept = 3
    half = (interval.high - interval.low) / 2
    if half > 0:
        kept = min(kept, magnitude - math.floor(math.log10(half)) + 2)
    low, high = sorted((abs(interval.low), abs(interval.high)))
    if interval.low <= 0 <= interval.high or high >= TWOFOLD * low:
        kept = min(kept, 2)
    return round(value, max(kept, 1) - 1 - magnitude)


def ratio(value: float | None, interval: Interval | None, confidence: float = USUAL) -> str:
    """A ratio with its interval, and the interval's confidence where that is not 95 %."""
    if value is None:
        return "not measured"
    span = interval_text(interval, confidence)
    return f"{digits(value, decimals_of(interval))} [{span}]" if span else digits(value)


def interval_text(interval: Interval | None, confidence: float) -> str:
    """A ratio's interval, with its confidence where that is not 95 %; empty without one."""
    if interval is None:
        return ""
    sure = "" if math.isclose(confidence, USUAL) else f", {confidence_text(confidence)}"
    decimals = decimals_of(interval)
    return f"{digits(interval.low, decimals)} to {digits(interval.high, decimals)}{sure}"


def decimals_of(interval: Interval | None) -> int:
    """So many decimals as a ratio's interval supports: to the second digit of its half width."""
    half = 0.0 if interval is None else (interval.high - interval.low) / 2
    if not 0 < half < math.inf:
        return 3
    return min(max(1 - math.floor(math.log10(half)), 0), 3)


def confidence_text(confidence: float) -> str:
    """A confidence in percent, never rounded to certainty."""
    texts = (f"{confidence * 100:.{places}f}" for places in range(1, 12))
    text = next((one for one in texts if float(one) < 100), "99.9")
    return f"{text.removesuffix('.0')} %"
