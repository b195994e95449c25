"""Says from rounds how much of a difference came back when some code stood as before."""

from __future__ import annotations

import math
from dataclasses import dataclass

from asv_explain.explanation import Explanation, Interval, Outcome
from asv_explain.measuring.confirm import (
    MIN_PAIRS,
    Estimate,
    computes,
    estimate,
    estimate_cpu,
    estimate_wall,
)
from asv_explain.measuring.rounds import Rounds

__all__ = ["PROVEN_PART", "GivenBack", "give_back", "judged", "share_given_back"]

PROVEN_PART = 0.5
"""Of what was inferred, the part that surely has to come back for a proof; what surely is below
it refutes."""


@dataclass(frozen=True, slots=True)
class GivenBack:
    """How much of a difference came back.

    Attributes:
        share: of the difference of the later commit from the earlier one.
        interval: the same with its uncertainty, of about the confidence of `ratio`; None where
            the difference itself is too unsure.
        ratio: of the later commit with the code as before over that without.
    """

    share: float
    interval: Interval | None
    ratio: Estimate


def share_given_back(change: Estimate, trial: Estimate) -> tuple[float, Interval | None]:
    """How much of a change a trial takes back, with its interval.

    With R the ratio of after to before, and S that of the trial to after, it is (1 - S) /
    (1 - 1/R). R and S are measured independently of each other, and have intervals of their own.
    Each limit of the share is as far from it as the root of the sum of squares of how far R and S
    move it, each at the limit on that side: the method of variance estimates recovery of Zou and
    Donner (Stat. Med. 27, 2008, pp. 1693-1702), which keeps intervals that lean to one side. The
    share's interval has about the confidence that both of those have.

    Args:
        change: R.
        trial: S, with an interval of the same confidence.

    Returns:
        The share, and its interval; None where R can't be told from 1.

    Raises:
        ValueError: The two intervals have different confidences.
    """
    if change.confidence != trial.confidence:
        raise ValueError(f"intervals of {change.confidence:g} and of {trial.confidence:g}")

    def share(ratio: float, back: float) -> float:
        return (1 - back) / (1 - 1 / ratio)

    if change.interval.low <= 1 <= change.interval.high:
        return (0.0 if change.ratio == 1 else share(change.ratio, trial.ratio)), None
    center = share(change.ratio, trial.ratio)
    ends = (
        [share(change.ratio, end) for end in (trial.interval.low, trial.interval.high)],
        [share(end, trial.ratio) for end in (change.interval.low, change.interval.high)],
    )
    down = math.hypot(*(center - min(each) for each in ends))
    up = math.hypot(*(max(each) - center for each in ends))
    return center, Interval(center - down, center + up)


def judged(interval: Interval | None, inferred: float) -> Outcome:
    """What a share that came back says of the share that was inferred."""
    if interval is None or inferred <= 0:
        return Outcome.OPEN
    if interval.low > PROVEN_PART * inferred:
        return Outcome.PROVEN
    return Outcome.REFUTED if interval.high < PROVEN_PART * inferred else Outcome.OPEN


def give_back(explanation: Explanation, trial: Rounds, inferred: float) -> GivenBack | None:
    """How much of an explained difference came back in a trial.

    Wall time decides. Where it leaves open what was asked, and the benchmark computes throughout,
    CPU time does, as it does in `confirm`. Both ratios have intervals of `CONFIDENCE`, which
    allows for two clocks and for all looks at the trial's rounds.

    Args:
        explanation: What was explained, with its rounds.
        trial: The rounds of the later commit as it is, and with some code as before.
        inferred: The share of the difference that was inferred for that code.

    Returns:
        None where too few pairs were measured, in the trial or before.
    """
    timed = trial.timed
    before, after = explanation.rounds_before, explanation.rounds_after
    wall = _from(estimate(before.values, after.values, ratios=after.ratios), estimate_wall(timed))
    if wall is not None and judged(wall.interval, inferred) is not Outcome.OPEN:
        return wall
    if not (computes(timed.before) and computes(timed.after)):
        return wall
    cpu = _from(estimate(before.cpu, after.cpu, ratios=after.cpu_ratios), estimate_cpu(timed))
    if cpu is None or judged(cpu.interval, inferred) is not Outcome.OPEN:
        return cpu or wall
    # Where both leave it open, what has an interval says more.
    return cpu if wall is None or wall.interval is None else wall


def _from(change: Estimate | None, trial: Estimate | None) -> GivenBack | None:
    if change is None or trial is None or trial.pairs < MIN_PAIRS:
        return None
    return GivenBack(*share_given_back(change, trial), trial)
