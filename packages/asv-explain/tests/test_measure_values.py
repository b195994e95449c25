"""The course of measuring values and tracing memory, with a made-up runner and clock."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from recording import NOTHING

from asv_explain.explanation import Verdict
from asv_explain.measuring.confirm import MIN_PAIRS
from asv_explain.measuring.confirm_values import confirm_values
from asv_explain.measuring.measure import Plan, measure
from asv_explain.measuring.rounds import Rounds
from asv_explain.measuring.session import FRAMES
from asv_explain.suspect import Installed, Suspect

SUSPECT = Suspect("suite.peakmem_it", None, (), "env", "machine", "a" * 40, "b" * 40)
PEAK = 1000


@dataclass
class Fake:
    """A runner whose answers are made up; temporary bytes depend on whether lines are looked at."""

    values: Mapping[str, float]
    kind: str = "peakmem"
    temporary: Mapping[tuple[str, bool], int] = field(default_factory=dict)
    imports: Mapping[str, list[int]] = field(default_factory=dict)
    fails: tuple[str, str, bool] | None = None
    asked: list[tuple[str, str, Mapping[str, Any], float]] = field(default_factory=list)

    def __call__(
        self, side: Installed, request: Mapping[str, Any], folder: Path, limit: float
    ) -> Mapping[str, Any]:
        """Answer as a benchmark of the given value would."""
        name, mode, lines = side.commit[0], str(request["mode"]), bool(request.get("lines"))
        self.asked.append((name, mode, request, limit))
        if self.fails == (name, mode, lines):
            return {"schema": 1, "error": {"kind": "timeout", "text": "too late"}}
        answer: dict[str, Any] = {"schema": 1, "number": 1, "error": None}
        if mode == "inspect":
            limits = {"timeout": 7.0, "setup_cache_timeout": None, "setup_cache": False}
            return {**answer, **limits, "kind": self.kind, "unit": "things"}
        if mode == "value":
            return {**answer, "value": self.values[name]}
        if mode == "trace":
            met = request["peak"] + request["loaded"] in (0, PEAK)
            brief = self.temporary.get((name, lines), 0)
            found = {"peak": PEAK if met else 0, "temporary": [brief, []]}
            return {**answer, "trace": {**found, "imports": self.imports.get(name, [0, 0])}}
        times = {"wall": 1.0, "cpu": 1.0, "instructions": None, "setup": 0.0, "delayed": 0.0}
        return {**answer, **times, "samples": [1.0], "profile": NOTHING}

    def order(self, mode: str) -> str:
        """Give the sides of the processes of one mode, in the order of running."""
        return "".join(name for name, asked, *_ in self.asked if asked == mode)

    def traces(self) -> list[tuple[str, int, bool]]:
        """Give side, expected peak and whether lines are looked at, of each trace."""
        return [
            (name, request["peak"], request["lines"])
            for name, mode, request, _ in self.asked
            if mode == "trace"
        ]


def run(fake: Fake, tmp_path: Path, plan: Plan | None = None) -> Rounds:
    """Measure with a made-up runner, on a clock that stands still."""
    before, after = (
        Installed(commit * 40, Path(sys.executable), tmp_path, tmp_path, {}) for commit in "ab"
    )
    return measure(SUSPECT, before, after, plan or Plan(), fake, lambda: 0.0)


def test_values_take_turns_and_end_when_the_answer_is_clear(tmp_path: Path) -> None:
    """One value to a process, A B B A, and no number of calls to choose; the same is not traced."""
    fake = Fake({"a": 5.0, "b": 5.0})
    found = run(fake, tmp_path)
    assert fake.order("value") == "abba" * (MIN_PAIRS // 2)
    assert {fake.order(mode) for mode in ("time", "trace", "profile")} == {""}
    assert (found.kind, found.unit) == ("peakmem", "things")
    assert confirm_values(found).verdict is Verdict.SAME


def test_a_peak_is_learned_before_it_is_looked_for(tmp_path: Path) -> None:
    """Two processes a side where calls tell enough, within the benchmark's longer limit."""
    fake = Fake({"a": 5.0, "b": 6.0}, temporary={("a", False): 50})
    found = run(fake, tmp_path)
    assert fake.traces() == [(side, peak, False) for peak in (0, PEAK) for side in "ab"]
    assert len(found.traced.before) == len(found.traced.after) == 1
    assert {limit for _, mode, _, limit in fake.asked if mode == "trace"} == {70.0}


@pytest.mark.parametrize(
    ("imports", "late"),
    [
        ({"a": [300, 400], "b": [300, 400]}, True),
        ({"a": [300, 400], "b": [301, 400]}, False),
        ({"a": [300, 1000], "b": [300, 400]}, False),
    ],
)
def test_imports_are_traced_where_they_differ_or_hold_the_peak(
    tmp_path: Path, imports: dict[str, list[int]], late: bool
) -> None:
    """Else tracing begins after them, near a peak without them, on both sides alike."""
    fake = Fake({"a": 5.0, "b": 6.0}, imports=imports)
    run(fake, tmp_path)
    asked = [request for _, mode, request, _ in fake.asked if mode == "trace"]
    assert [one["frames"] for one in asked] == [1, 1, FRAMES, FRAMES]
    assert [one["late"] for one in asked] == [False, False, late, late]
    held = 300 if late else 0
    assert [(one["peak"], one["loaded"]) for one in asked[2:]] == [(PEAK - held, held)] * 2


def test_both_sides_are_looked_at_line_by_line_if_one_has_to(tmp_path: Path) -> None:
    """Looking at lines takes memory of its own, so one side alone would differ for that."""
    fake = Fake({"a": 5.0, "b": 6.0}, temporary={("b", False): 51})
    found = run(fake, tmp_path, Plan(budget=30.0))
    assert fake.traces()[4:] == [("a", PEAK, True), ("b", PEAK, True)]
    assert [one.trace and one.trace["temporary"] for one in found.traced.after] == [[0, []]]
    assert [limit for *_, limit in fake.asked[-2:]] == [30.0, 30.0]


@pytest.mark.parametrize("side", ["a", "b"])
def test_lines_that_take_too_long_leave_the_calls(tmp_path: Path, side: str) -> None:
    """The coarser traces of both sides are kept, and nothing counts as failed."""
    brief = {("b", False): 51}
    fake = Fake({"a": 5.0, "b": 6.0}, temporary=brief, fails=(side, "trace", True))
    found = run(fake, tmp_path)
    assert found.failure is None
    assert [one.trace and one.trace["temporary"][0] for one in found.traced.after] == [51]


def test_an_object_is_traced_once(tmp_path: Path) -> None:
    """It has no peak to look for."""
    fake = Fake({"a": 6.0, "b": 5.0}, "mem")
    run(fake, tmp_path)
    assert fake.traces() == [("a", 0, False), ("b", 0, False)]


def test_a_tracked_value_is_profiled_instead(tmp_path: Path) -> None:
    """One call on either side, in a process of its own."""
    fake = Fake({"a": 5.0, "b": 6.0}, "track")
    found = run(fake, tmp_path)
    assert (fake.order("profile"), fake.order("trace")) == ("ab", "")
    assert [one.number for one in (*found.profiled.before, *found.profiled.after)] == [1, 1]


@pytest.mark.parametrize("mode", ["inspect", "value", "trace"])
@pytest.mark.parametrize("side", ["a", "b"])
def test_the_first_failure_ends_it(tmp_path: Path, side: str, mode: str) -> None:
    """A failed value is unknown; a failed trace leaves the verdict."""
    fake = Fake({"a": 5.0, "b": 6.0}, fails=(side, mode, False))
    found = run(fake, tmp_path)
    assert fake.asked[-1][:2] == (side, mode)
    assert found.failure is not None
    expected = Verdict.SLOWER if mode == "trace" else Verdict.UNKNOWN
    assert confirm_values(found).verdict is expected
