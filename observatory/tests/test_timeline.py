"""Verdicts follow asv's rule, and a missing value is never the same."""

import math
from pathlib import Path

import pytest

from observatory.explain.asv_results import Measurement, ResultFile, State
from observatory.explain.milestones import Milestone
from observatory.explain.timeline import (
    Verdict,
    build_timelines,
    find_failures,
    find_unmeasured,
    judge,
    selects,
)

ONE, TWO = (Milestone(slug, slug * 10, slug) for slug in ("aaaa", "bbbb"))
FAILED = Measurement(State.FAILED)
SKIPPED = Measurement(State.NOT_APPLICABLE)


def took(value: float, spread: float = 0.0, samples: int = 10, version: str = "v") -> Measurement:
    """Return a measurement with an interval of `spread` to either side."""
    return Measurement(
        State.MEASURED, value, value - spread, value + spread, samples, version, True
    )


def stored(
    milestone: Milestone, environment: str = "env", **measurements: Measurement
) -> ResultFile:
    """Return the results of a milestone."""
    return ResultFile(Path(), milestone.commit, environment, measurements)


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        (took(1.0, 0.01), took(1.2, 0.01), Verdict.SLOWER),
        (took(1.2, 0.01), took(1.0, 0.01), Verdict.FASTER),
        (took(1.0, 0.01), took(1.04, 0.01), Verdict.SAME),
        (took(1.0, 0.3), took(1.2, 0.3), Verdict.UNSURE),
        (took(1.0, math.inf), took(9.0, 0.1), Verdict.UNSURE),
        (took(1.0, 0.5, samples=1), took(1.2, 0.5), Verdict.SLOWER),
        (took(1.0, version="v"), took(2.0, version="w"), Verdict.DIFFERS),
        (Measurement(State.MEASURED, 2.0), Measurement(State.MEASURED, 3.0), Verdict.SLOWER),
        (took(0.0), took(1.0), Verdict.NOT_COMPARED),
    ],
)
def test_verdict_needs_the_factor_and_intervals_apart(
    before: Measurement, after: Measurement, verdict: Verdict
) -> None:
    """A change counts if it is large and its intervals stay apart, else it is same or unsure."""
    assert judge(before, after).verdict is verdict


@pytest.mark.parametrize("missing", [None, FAILED, SKIPPED])
def test_missing_values_are_never_the_same(missing: Measurement | None) -> None:
    """Nothing can be said against a value that is not there, on either side."""
    for pair in ((missing, took(1.0)), (took(1.0), missing), (missing, missing)):
        change = judge(*pair)
        assert change.verdict is Verdict.NOT_COMPARED
        assert change.ratio is None


def test_timelines_hold_every_milestone_in_order() -> None:
    """Each headline benchmark gets a point for each milestone, measured or not."""
    results = [
        stored(ONE, a_time=took(1.0), other=took(1.0)),
        stored(TWO, a_time=took(2.0)),
        stored(TWO, environment="new", a_time=took(1.0)),
    ]
    first, second = build_timelines([ONE, TWO], results, ["^a_"], {"a_time": "bytes"})
    assert (first.environment, first.benchmark, first.unit) == ("env", "a_time", "bytes")
    assert [point.value for point in first.points] == [1.0, 2.0]
    assert [point.change.verdict for point in first.points] == [Verdict.FIRST, Verdict.SLOWER]
    assert [point.value for point in second.points] == [None, 1.0]
    assert second.points[1].change.verdict is Verdict.NOT_COMPARED


def test_patterns_are_searched_as_asv_does() -> None:
    """A pattern may match anywhere unless it is anchored."""
    assert selects(["x", "time"], "tco.time_warm")
    assert not selects(["^time"], "tco.time_warm")


def test_milestone_without_all_benchmarks_is_unmeasured() -> None:
    """What one milestone has and another lacks or failed at is still to be measured."""
    whole = stored(ONE, a=took(1.0), b=SKIPPED)
    assert find_unmeasured([ONE, TWO], [], ["."]) == (ONE, TWO)
    assert find_unmeasured([ONE, TWO], [whole], ["."]) == (TWO,)
    assert find_unmeasured([ONE, TWO], [whole, stored(TWO, a=took(1.0))], ["."]) == (TWO,)
    assert find_unmeasured([ONE, TWO], [whole, stored(TWO, a=took(1.0))], ["a"]) == ()
    assert find_unmeasured([ONE, TWO], [whole, stored(TWO, a=FAILED, b=SKIPPED)], ["."]) == (TWO,)


def test_failures_are_told_from_what_does_not_apply() -> None:
    """A skipped benchmark is no failure, and where nothing could start no benchmark is named."""
    not_started = Measurement(State.FAILED, started=False)
    results = [stored(ONE, a=FAILED, b=SKIPPED, c=took(1.0)), stored(TWO, a=not_started)]
    first, second = find_failures([ONE, TWO], results, ["."])
    assert (first.milestone, first.benchmarks) == (ONE, ("a",))
    assert (second.milestone, second.benchmarks) == (TWO, ())
    assert find_failures([ONE, TWO], results, ["b"]) == ()
