"""How much an injection slows its benchmark down in truth, and which of its changes how much."""

from __future__ import annotations

from dataclasses import dataclass

from observatory.injections.injection import Injection
from observatory.injections.truth import compare
from observatory.injections.workbench import Workbench

__all__ = ["Truth", "measure_truth"]


@dataclass(frozen=True, slots=True)
class Truth:
    """What was measured without asv-explain, sizes as shares of the time of the earlier side.

    Attributes:
        size: the slowdown with all changes made.
        low: lower end of its 95 % interval.
        high: upper end.
        seconds: CPU seconds of one call of the benchmark on the earlier side.
        alone: the slowdown that each of ``Injection.slower`` makes alone.
        shares: each one's share of all that these cost; what got faster beside them is no part of
            it, as in asv-explain's shares.
    """

    size: float
    low: float
    high: float
    seconds: float
    alone: tuple[float, ...]
    shares: tuple[float, ...]


def measure_truth(injection: Injection, workbench: Workbench, rounds: int) -> Truth:
    """Measure the earlier side, each slower change alone, and the later side, in turns.

    Args:
        injection: of this workbench's subject.
        workbench: the subject's.
        rounds: how many; from six on the interval holds its 95 %.

    Raises:
        TruthError: a variant does not run.
        PlacingError: a variant does not compile.
    """
    variants = {"before": injection.before, "after": injection.after}
    several = len(injection.slower) + len(injection.faster) > 1
    if several:
        for number, edit in enumerate(injection.slower):
            variants[f"alone {number}"] = {**injection.before, **edit.files}
    found = compare(workbench, variants, injection.benchmark, rounds)
    after = found["after"]
    if several:
        alone = tuple(found[f"alone {n}"].median - 1 for n in range(len(injection.slower)))
    else:
        alone = (after.median - 1,)
    costs = [max(one, 0.0) for one in alone]
    whole = sum(costs)
    return Truth(
        size=after.median - 1,
        low=after.low - 1,
        high=after.high - 1,
        seconds=found["before"].seconds,
        alone=alone,
        shares=tuple(cost / whole if whole else 0.0 for cost in costs),
    )
