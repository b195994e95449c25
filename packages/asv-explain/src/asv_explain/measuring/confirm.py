"""Says from paired rounds whether a benchmark got slower, faster, neither, or can't be told."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray  # noqa: TC002 - get_type_hints needs it at run time
from scipy.special import stdtrit  # type: ignore[import-untyped]

from asv_explain.explanation import NOISY, Caveat, Interval, Verdict
from asv_explain.measuring.rounds import Round, Rounds

__all__ = [
    "CLOCKS",
    "CONFIDENCE",
    "FACTOR",
    "LOOKS",
    "MIN_PAIRS",
    "Confirmation",
    "Estimate",
    "computes",
    "confirm",
    "estimate",
    "estimate_cpu",
    "estimate_wall",
    "mean_interval",
    "standard_error",
]

FACTOR = 1.05
"""The smallest ratio that counts as a change, unless the user says otherwise."""

MIN_PAIRS = 4
"""Fewer pairs say too little of their own scatter for any interval to be trusted."""

LOOKS = 7
"""How often the rounds may be looked at: six times while timing, and once when all is measured, as
sampling may ask for more timed rounds."""

CLOCKS = 2
"""At each look the verdict may rest on wall time, and where that leaves it open on CPU time."""

CONFIDENCE = 1 - 0.05 / (LOOKS * CLOCKS)
"""Of one interval, 99.6 %. Measuring stops at the look that decides, by the clock that decides:
by Bonferroni's inequality all intervals that might have decided hold together in 95 % of cases, so
the one that did does, too."""

TRIM = 0.2
"""The share of pairs left out at either end: one disturbed process in five changes nothing."""

COMPUTING = 0.9
"""From this share of wall time on, on both sides, a benchmark computes throughout. The share is
CPU time and time in which other processes had the processor."""

MOSTLY = 0.75
"""From this share on, a difference is said to be one of computing, or of waiting."""

COARSE = 1e-5
"""Seconds of one sample below which the clocks' own cost, some 0.1 µs, can matter."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A ratio of after to before.

    Attributes:
        ratio: After over before.
        interval: The ratio's confidence interval.
        pairs: How many pairs of rounds it comes from.
        confidence: Of the interval by itself: in so many of all measurements of so many pairs it
            holds the ratio.
    """

    ratio: float
    interval: Interval
    pairs: int
    confidence: float


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The answer of one benchmark's rounds.

    Attributes:
        verdict: Slower, faster, same or unknown.
        reason: One sentence that says why.
        clock: What the verdict rests on: "wall", "cpu", or "" where nothing decided.
        wall: The ratio of wall times; None where it couldn't be measured.
        cpu: The ratio of CPU times; None where it couldn't be measured.
        instructions: The ratio of user instructions; None unless both sides counted them.
        seconds: Wall seconds per call that after takes more than before; None with `wall`.
        kind: Of the difference: "computing", "waiting" or "both"; "" without a difference.
        caveats: What weakens the answer, each with its remedy.
        confidence: Of each estimate's interval by itself.
    """

    verdict: Verdict
    reason: str
    clock: str
    wall: Estimate | None
    cpu: Estimate | None
    instructions: Estimate | None
    seconds: float | None
    kind: str
    caveats: tuple[Caveat, ...]
    confidence: float


def _trimmed_mean(values: NDArray[np.float64]) -> float:
    cut = int(TRIM * len(values))
    return float(np.sort(values)[cut : len(values) - cut].mean())


def estimate(
    before: Sequence[float | None],
    after: Sequence[float | None],
    confidence: float = CONFIDENCE,
    ratios: Sequence[float | None] = (),
) -> Estimate | None:
    """Estimate the ratio of after to before from pairs.

    The logarithms of the pairs' ratios are averaged by a 20 % trimmed mean, whose interval is that
    of Tukey and McLaughlin (Sankhya A 25, 1963, pp. 331-352): Student's t on the pairs kept, less
    one, with the standard error from the winsorized variance. Below five pairs nothing is trimmed,
    and the interval is the plain paired t interval.

    Args:
        before: One value per pair, of any unit; None where it wasn't measured.
        after: The values beside them.
        confidence: The probability that the interval holds the ratio.
        ratios: After over before of each pair, where it was measured more closely than by the
            two values, as in turns; None for a pair where it wasn't, and empty where none was.

    Returns:
        The estimate, or None from fewer than two pairs or where a value isn't positive.
    """
    pairs = [
        (a, b, ratio)
        for a, b, ratio in zip_longest(before, after, ratios)
        if a is not None and b is not None
    ]
    if len(pairs) < 2 or any(not (0 < value < math.inf) for pair in pairs for value in pair[:2]):
        return None
    logarithms = [
        math.log(ratio) if ratio is not None and 0 < ratio < math.inf else math.log(b) - math.log(a)
        for a, b, ratio in pairs
    ]
    center, span = mean_interval(logarithms, confidence)
    return Estimate(_exp(center), Interval(_exp(span.low), _exp(span.high)), len(pairs), confidence)


def estimate_wall(timed: Rounds, confidence: float = CONFIDENCE) -> Estimate | None:
    """Estimate the ratio of wall times, from the ratios of turns where samples were taken so."""
    before, after = [one.wall for one in timed.before], [one.wall for one in timed.after]
    return estimate(before, after, confidence, [one.ratio_wall for one in timed.after])


def estimate_cpu(timed: Rounds, confidence: float = CONFIDENCE) -> Estimate | None:
    """Estimate the ratio of CPU times, from the ratios of turns where samples were taken so."""
    before, after = [one.cpu for one in timed.before], [one.cpu for one in timed.after]
    return estimate(before, after, confidence, [one.ratio_cpu for one in timed.after])


def mean_interval(values: Sequence[float], confidence: float) -> tuple[float, Interval]:
    """Give the 20 % trimmed mean of two values or more, with its interval as in `estimate`."""
    ordered = np.sort(np.array(values, np.float64))
    count, cut = len(ordered), int(TRIM * len(ordered))
    kept = ordered[cut : count - cut]
    winsorized = np.clip(ordered, kept[0], kept[-1])
    center = _trimmed_mean(ordered)
    error = float(winsorized.std(ddof=1)) / ((1 - 2 * cut / count) * math.sqrt(count))
    half = float(stdtrit(len(kept) - 1, (1 + confidence) / 2)) * error
    return center, Interval(center - half, center + half)


def standard_error(found: Estimate) -> tuple[float, float]:
    """The standard error of a ratio, from its interval, and the degrees of freedom of that."""
    freedom = max(found.pairs - 2 * int(TRIM * found.pairs) - 1, 1)
    half = (math.log(found.interval.high) - math.log(found.interval.low)) / 2
    quantile = float(stdtrit(freedom, (1 + found.confidence) / 2))
    return found.ratio * half / quantile, float(freedom)


def _exp(value: float) -> float:
    """Like exp, but infinite rather than an error where few scattered pairs leave all open."""
    return math.inf if value > 700 else math.exp(value)


def _judge(ratio: Estimate | None, factor: float) -> Verdict:
    if ratio is None or ratio.pairs < MIN_PAIRS:
        return Verdict.UNKNOWN
    if ratio.interval.low > factor:
        return Verdict.SLOWER
    if ratio.interval.high < 1 / factor:
        return Verdict.FASTER
    if 1 / factor <= ratio.interval.low and ratio.interval.high <= factor:
        return Verdict.SAME
    return Verdict.UNKNOWN


def confirm(rounds: Rounds, factor: float = FACTOR, confidence: float = CONFIDENCE) -> Confirmation:
    """Give the verdict of one benchmark's rounds.

    Slower means that the whole interval of the ratio of wall times lies above the factor, faster
    that it lies below the factor's inverse, same that it lies between the two. All else is unknown:
    also a failure on either side. Where wall time leaves it open, CPU time decides for benchmarks
    that compute throughout, as then only other programs can part the two. That makes two tests of
    one look, which `CONFIDENCE` allows for.

    Args:
        rounds: The rounds of both sides; those that profiled don't count.
        factor: The smallest ratio that counts, above 1.
        confidence: The probability with which each interval holds by itself.

    Returns:
        The answer, with its reason and caveats.

    Raises:
        ValueError: The factor isn't above 1.
    """
    if not 1 < factor < math.inf:
        raise ValueError(f"the factor must be above 1, not {factor}")
    timed = rounds.timed
    failed = timed.failure
    if failed is not None:
        side, failure = failed
        reason = f"could not be measured {side} the change: {failure.kind}: {failure.text}"
        return _unmeasured(reason, _failure_remedy(failure.kind), confidence)
    wall = estimate_wall(timed, confidence)
    if wall is None:
        return _unmeasured("fewer than two pairs of rounds", _MORE, confidence)
    cpu = estimate_cpu(timed, confidence)
    counted = estimate(
        [r.instructions for r in timed.before], [r.instructions for r in timed.after], confidence
    )
    verdict, clock = _judge(wall, factor), "wall"
    if verdict is Verdict.UNKNOWN and computes(timed.before) and computes(timed.after):
        verdict, clock = _judge(cpu, factor), "cpu"
    if verdict is Verdict.UNKNOWN:
        clock = ""
    decisive = cpu if clock == "cpu" and cpu is not None else wall
    pairs = list(zip(timed.before, timed.after, strict=False))
    seconds = _trimmed_mean(np.array([(b.wall or 0.0) - (a.wall or 0.0) for a, b in pairs]))
    worked = _trimmed_mean(np.array([_active(b) - _active(a) for a, b in pairs]))
    return Confirmation(
        verdict,
        _reason(verdict, decisive, factor, clock),
        clock,
        wall,
        cpu,
        counted,
        seconds,
        _kind(seconds, worked) if verdict in (Verdict.SLOWER, Verdict.FASTER) else "",
        tuple(_caveats(timed, verdict, clock, decisive, counted)),
        confidence,
    )


_MORE = "give more time with --budget, or more rounds with --rounds"


def _failure_remedy(kind: str) -> str:
    if kind == "timeout":
        return "raise the benchmark's timeout attribute"
    if kind == "skipped":
        return "choose commits on which the benchmark applies"
    return "run the benchmark alone with asv run --show-stderr"


def _unmeasured(reason: str, remedy: str, confidence: float) -> Confirmation:
    caveats = (Caveat("unmeasured", reason, remedy),)
    return Confirmation(
        Verdict.UNKNOWN, reason, "", None, None, None, None, "", caveats, confidence
    )


def _active(taken: Round) -> float:
    """Give the seconds per call in which a process computed or would have, undisturbed."""
    return (taken.cpu or 0.0) + taken.delayed


def computes(rounds: Sequence[Round]) -> bool:
    """Tell whether a side computes throughout, other programs' disturbances left aside."""
    shares = [_active(each) / each.wall for each in rounds if each.wall]
    return bool(shares) and float(np.median(shares)) >= COMPUTING


def _kind(seconds: float, worked: float) -> str:
    """Name the difference by the share of it that the process didn't wait of its own accord."""
    share = worked / seconds if seconds else 1.0
    if share >= MOSTLY:
        return "computing"
    return "waiting" if share <= 1 - MOSTLY else "both"


def _reason(verdict: Verdict, decisive: Estimate, factor: float, clock: str) -> str:
    low, high = decisive.interval.low, decisive.interval.high
    span = f"ratio {decisive.ratio:.3f} [{low:.3f}, {high:.3f}] of {clock or 'wall'} time"
    if verdict is Verdict.SLOWER:
        return f"{span} lies above {factor:g}"
    if verdict is Verdict.FASTER:
        return f"{span} lies below 1/{factor:g}"
    if verdict is Verdict.SAME:
        return f"{span} lies within 1/{factor:g} and {factor:g}"
    if decisive.pairs < MIN_PAIRS:
        return f"{decisive.pairs} pairs of rounds are too few: {MIN_PAIRS} are needed"
    return f"{span} leaves open whether {factor:g} is reached"


def _caveats(
    timed: Rounds,
    verdict: Verdict,
    clock: str,
    decisive: Estimate,
    counted: Estimate | None,
) -> list[Caveat]:
    """What bears on this answer; that instructions could not be counted doesn't."""
    found = []
    if decisive.pairs < MIN_PAIRS:
        found.append(Caveat("few-rounds", f"only {decisive.pairs} pairs of rounds", _MORE))
    elif verdict is Verdict.UNKNOWN:
        found.append(Caveat("open", "the interval is too wide for a verdict", _MORE))
    if clock == "cpu":
        text = "wall time scatters too much; the verdict is CPU time's"
        found.append(Caveat(NOISY, text, "close other programs and measure again"))
    samples = [(each.wall or 0.0) * each.number for each in (*timed.before, *timed.after)]
    if min(samples) < COARSE:
        text = f"a sample takes {min(samples) * 1e6:.2g} µs, which the clocks' own cost distorts"
        remedy = "let the benchmark do more in one call, or do without setup so that calls repeat"
        found.append(Caveat("coarse-clock", text, remedy))
    if verdict in (Verdict.SLOWER, Verdict.FASTER) and _few_instructions(decisive, counted):
        text = "both sides run about as many instructions: memory, layout or waiting differs"
        found.append(Caveat("same-instructions", text, "look for data that grew, or for waiting"))
    return found


def _few_instructions(decisive: Estimate, counted: Estimate | None) -> bool:
    """Tell whether instructions surely differ by too little to make up for most of the time."""
    if counted is None or not 0 < counted.interval.low <= counted.interval.high < math.inf:
        return False
    most = (1 - MOSTLY) * abs(math.log(decisive.ratio))
    return all(abs(math.log(end)) <= most for end in (counted.interval.low, counted.interval.high))
