"""From milestones and results to one timeline per benchmark, with a verdict at each step."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from observatory.explain.asv_results import Measurement, ResultFile, State
from observatory.explain.milestones import Milestone

__all__ = [
    "FACTOR",
    "Change",
    "Failure",
    "Loss",
    "Point",
    "Timeline",
    "Verdict",
    "build_timelines",
    "find_failures",
    "find_losses",
    "find_unmeasured",
    "judge",
    "selects",
]

FACTOR = 1.05
"""A change smaller than this factor counts as the same, here and in `asv compare`."""


class Verdict(Enum):
    """What a milestone did to a benchmark, against the milestone before."""

    FIRST = "first"
    SLOWER = "slower"
    FASTER = "faster"
    SAME = "same"
    UNSURE = "unsure"
    DIFFERS = "differs"
    NOT_COMPARED = "n/a"


@dataclass(frozen=True, slots=True)
class Change:
    """A verdict with its ratio, after divided by before; the ratio is None where there is none."""

    verdict: Verdict
    ratio: float | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """One milestone on a timeline; `measurement` is None where asv stored nothing."""

    milestone: Milestone
    measurement: Measurement | None
    change: Change

    @property
    def value(self) -> float | None:
        """The measured value in the benchmark's unit, or None if there is none."""
        return _value(self.measurement)


@dataclass(frozen=True, slots=True)
class Timeline:
    """One benchmark in one environment over all milestones, oldest first."""

    benchmark: str
    environment: str
    unit: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Loss:
    """A milestone that is slower than the best one before it, and the change from there."""

    best: Point
    point: Point
    change: Change


@dataclass(frozen=True, slots=True)
class Failure:
    """A milestone with benchmarks that failed; none are named if not one could be started."""

    milestone: Milestone
    environment: str
    benchmarks: tuple[str, ...]


def selects(patterns: Iterable[str], benchmark: str) -> bool:
    """Say whether any of the patterns is found in the benchmark's name, as asv's --bench does."""
    return any(re.search(pattern, benchmark) for pattern in patterns)


def judge(before: Measurement | None, after: Measurement | None, factor: float = FACTOR) -> Change:
    """Compare two measurements by asv's rule for stored intervals.

    A change counts if it exceeds the factor and the two 99 % intervals stay apart; beyond the
    factor with intervals that meet it is unsure. A single sample has no interval to go by.
    """
    old, new = _value(before), _value(after)
    if old is None or new is None or before is None or after is None:
        return Change(Verdict.NOT_COMPARED)
    if None not in (before.version, after.version) and before.version != after.version:
        return Change(Verdict.DIFFERS)
    if old <= 0 or new < 0:
        return Change(Verdict.NOT_COMPARED)
    ratio = new / old
    if 1 / factor <= ratio <= factor:
        return Change(Verdict.SAME, ratio)
    if _intervals_meet(before, after):
        return Change(Verdict.UNSURE, ratio)
    return Change(Verdict.SLOWER if ratio > 1 else Verdict.FASTER, ratio)


def build_timelines(
    milestones: Sequence[Milestone],
    results: Sequence[ResultFile],
    headline: Sequence[str],
    units: Mapping[str, str],
) -> tuple[Timeline, ...]:
    """Return a timeline for each headline benchmark in each environment, in order of name."""
    stored = {(result.environment, result.commit): result.measurements for result in results}
    names = sorted(
        {
            (result.environment, name)
            for result in results
            for name in result.measurements
            if selects(headline, name)
        }
    )
    timelines = []
    for environment, name in names:
        measured = [
            stored.get((environment, milestone.commit), {}).get(name) for milestone in milestones
        ]
        changes = [Change(Verdict.FIRST)]
        changes += [judge(*pair) for pair in pairwise(measured)]
        points = tuple(map(Point, milestones, measured, changes))
        unit = units.get(name.partition("(")[0], "seconds")
        timelines.append(Timeline(name, environment, unit, points))
    return tuple(timelines)


def find_losses(timeline: Timeline) -> tuple[Loss, ...]:
    """Return the milestones that are slower than the best before them, neighbours or not.

    A step up that only a part of is taken back shows here and not between neighbours.
    """
    losses = []
    best: tuple[Point, float] | None = None
    for point in timeline.points:
        value = point.value
        if value is None:
            continue
        if best is not None:
            change = judge(best[0].measurement, point.measurement)
            if change.verdict is Verdict.SLOWER:
                losses.append(Loss(best[0], point, change))
        if best is None or value < best[1]:
            best = (point, value)
    return tuple(losses)


def find_unmeasured(
    milestones: Sequence[Milestone], results: Sequence[ResultFile], patterns: Sequence[str]
) -> tuple[Milestone, ...]:
    """Return the milestones that lack a benchmark which some milestone has, or where it failed.

    Only asv knows which benchmarks and environments there are, so this is an estimate from what
    is stored: good for an order and a forecast, not for leaving anything out.
    """
    known = {
        (result.environment, name)
        for result in results
        for name in result.measurements
        if selects(patterns, name)
    }
    done: dict[str, set[tuple[str, str]]] = {}
    for result in results:
        done.setdefault(result.commit, set()).update(
            (result.environment, name)
            for name, measurement in result.measurements.items()
            if measurement.state is not State.FAILED
        )
    return tuple(
        milestone
        for milestone in milestones
        if not known or not known <= done.get(milestone.commit, set())
    )


def find_failures(
    milestones: Sequence[Milestone], results: Sequence[ResultFile], patterns: Sequence[str]
) -> tuple[Failure, ...]:
    """Return what failed among the selected benchmarks, in the order of the milestones."""
    failures = []
    for milestone in milestones:
        for result in results:
            if result.commit != milestone.commit:
                continue
            chosen = {
                name: measurement
                for name, measurement in result.measurements.items()
                if selects(patterns, name)
            }
            failed = [name for name, one in chosen.items() if one.state is State.FAILED]
            if not failed:
                continue
            nothing_started = not any(one.started for one in chosen.values())
            names = () if nothing_started else tuple(sorted(failed))
            failures.append(Failure(milestone, result.environment, names))
    return tuple(failures)


def _value(measurement: Measurement | None) -> float | None:
    if measurement is None or measurement.state is not State.MEASURED:
        return None
    return measurement.value if math.isfinite(measurement.value) else None


def _intervals_meet(before: Measurement, after: Measurement) -> bool:
    if before.samples == 1 or after.samples == 1:
        return False
    if before.low is None or before.high is None or after.low is None or after.high is None:
        return False
    return before.low <= after.high and after.low <= before.high
