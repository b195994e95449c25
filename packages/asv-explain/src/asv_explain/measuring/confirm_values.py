"""Says from paired rounds whether a value of memory, or a tracked one, rose, fell, or neither."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from asv_explain.explanation import Caveat, Interval, Verdict
from asv_explain.measuring.confirm import (
    FACTOR,
    LOOKS,
    MIN_PAIRS,
    Estimate,
    confirm,
    estimate,
    mean_interval,
)
from asv_explain.measuring.rounds import Failure, Rounds

__all__ = ["VALUE_CONFIDENCE", "ValueConfirmation", "confirm_any", "confirm_values"]

VALUE_CONFIDENCE = 1 - 0.05 / LOOKS
"""Of one interval, 99.3 %: a value has no second clock, so that each look is one test, and all
looks together hold in 95 % of cases by Bonferroni's inequality."""

_REMEDIES = {
    "timeout": "raise the benchmark's timeout attribute",
    "skipped": "choose commits on which the benchmark applies",
}
_ALONE = "run the benchmark alone with asv run --show-stderr"
_MORE = "give more time with --budget, or more rounds with --rounds"


@dataclass(frozen=True, slots=True)
class ValueConfirmation:
    """The answer of one benchmark's values.

    Attributes:
        verdict: Slower where the value rose, as asv takes a higher value for a worse one; faster
            where it fell; same or unknown.
        reason: One sentence that says why.
        ratio: After over before; None where a value isn't above 0, or nothing was measured.
        before: The value before, in the benchmark's unit; None where it couldn't be measured.
        difference: What after is more than before; None with `before`.
        caveats: What weakens the answer, each with its remedy.
        confidence: Of the ratio's interval by itself.
    """

    verdict: Verdict
    reason: str
    ratio: Estimate | None
    before: float | None
    difference: float | None
    caveats: tuple[Caveat, ...]
    confidence: float


def confirm_values(
    rounds: Rounds, factor: float = FACTOR, confidence: float = VALUE_CONFIDENCE
) -> ValueConfirmation:
    """Give the verdict of one benchmark's values.

    Values above 0 are compared by their ratio, as times are. Others have no ratio: their paired
    difference is compared with what the factor allows of the value before, so that from 0 any rise
    counts. Values that never scatter have an interval of no width, which decides at once.

    Args:
        rounds: The rounds of both sides; those that traced or profiled don't count.
        factor: The smallest ratio that counts, above 1.
        confidence: The probability with which the interval holds by itself.

    Returns:
        The answer, with its reason and caveats.

    Raises:
        ValueError: The factor isn't above 1.
    """
    if not 1 < factor < math.inf:
        raise ValueError(f"the factor must be above 1, not {factor}")
    failed = _failure(rounds)
    if failed is not None:
        side, failure = failed
        reason = f"could not be measured {side} the change: {failure.kind}: {failure.text}"
        return _unmeasured(reason, _REMEDIES.get(failure.kind, _ALONE), confidence)
    before = [each.value for each in rounds.valued.before if each.value is not None]
    after = [each.value for each in rounds.valued.after if each.value is not None]
    pairs = list(zip(before, after, strict=False))
    if len(pairs) < 2:
        return _unmeasured("fewer than two pairs of rounds", _MORE, confidence)
    start = float(np.median(before))
    ratio = estimate(before, after, confidence)
    difference, span = mean_interval([b - a for a, b in pairs], confidence)
    if ratio is not None:
        span = ratio.interval
        low, high = 1 / factor, factor
        text = f"ratio {ratio.ratio:.3f} [{span.low:.3f}, {span.high:.3f}]"
        limits = f"1/{factor:g} and {factor:g}"
    else:
        low, high = -(1 - 1 / factor) * abs(start), (factor - 1) * abs(start)
        text = f"difference {difference:.6g} [{span.low:.6g}, {span.high:.6g}]"
        limits = f"{low:.6g} and {high:.6g}"
    verdict = _judge(span, low, high) if len(pairs) >= MIN_PAIRS else Verdict.UNKNOWN
    caveats = []
    if len(pairs) < MIN_PAIRS:
        caveats.append(Caveat("few-rounds", f"only {len(pairs)} pairs of rounds", _MORE))
        reason = f"{len(pairs)} pairs of rounds are too few: {MIN_PAIRS} are needed"
    elif verdict is Verdict.UNKNOWN:
        caveats.append(Caveat("open", "the interval is too wide for a verdict", _MORE))
        reason = f"{text} leaves open whether {limits} are kept"
    else:
        where = {Verdict.SLOWER: "above", Verdict.FASTER: "below"}.get(verdict, "within")
        reason = f"{text} lies {where} {limits}"
    return ValueConfirmation(verdict, reason, ratio, start, difference, tuple(caveats), confidence)


def confirm_any(rounds: Rounds, factor: float = FACTOR) -> tuple[Verdict, Estimate | None, str]:
    """Give the verdict of a benchmark's rounds, the ratio it rests on, and its reason.

    Args:
        rounds: The rounds of both sides, whatever asv measures.
        factor: The smallest ratio that counts, above 1.
    """
    if rounds.kind != "time":
        found = confirm_values(rounds, factor)
        return found.verdict, found.ratio, found.reason
    timed = confirm(rounds, factor)
    return timed.verdict, timed.cpu if timed.clock == "cpu" else timed.wall, timed.reason


def _failure(rounds: Rounds) -> tuple[str, Failure] | None:
    """The first failure to measure; that of a trace or profile leaves the values as they are."""
    for side, each in (("before", rounds.before), ("after", rounds.after)):
        for one in each:
            if one.failure is not None and one.mode in ("time", "value"):
                return side, one.failure
    return None


def _judge(span: Interval, low: float, high: float) -> Verdict:
    if span.low > high:
        return Verdict.SLOWER
    if span.high < low:
        return Verdict.FASTER
    return Verdict.SAME if low <= span.low and span.high <= high else Verdict.UNKNOWN


def _unmeasured(reason: str, remedy: str, confidence: float) -> ValueConfirmation:
    caveat = Caveat("unmeasured", reason, remedy)
    return ValueConfirmation(Verdict.UNKNOWN, reason, None, None, None, (caveat,), confidence)
