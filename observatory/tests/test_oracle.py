"""The oracle's truth follows from what its programs do, and its table from the trials."""

from __future__ import annotations

import inspect
import json
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from observatory.studies import oracle
from observatory.studies.oracle_figures import Stated, figures, sheets, stated, targets
from observatory.studies.oracle_programs import (
    KINDS,
    LEAST,
    MIXED,
    MOST,
    NAMES,
    Program,
    counted_shares,
    drawn,
    source,
)
from observatory.studies.oracle_timing import timed, timed_shares

ALIKE = [kind for kind in KINDS if kind != MIXED]


class Work:
    """Counts the lines of a program that run, in any thread, and how often it waits."""

    def __init__(self, program: Program, units: Mapping[str, int]) -> None:
        self.lines = self.waits = 0
        code = compile(source(program, units), "program", "exec")
        self.names: dict[str, Any] = {}
        exec(code, self.names)  # noqa: S102 - it is written here

    def _wait(self, _: float) -> None:
        self.waits += 1

    def _event(self, frame: FrameType, event: str, _: object) -> Any:
        if frame.f_code.co_filename != "program":
            return None
        self.lines += event == "line"
        return self._event

    def run(self, patch: pytest.MonkeyPatch) -> int:
        """All lines that one call runs; a wait counts as a thousand."""
        before = sys.gettrace()
        with patch.context() as one:
            one.setattr(time, "sleep", self._wait)
            threading.settrace(self._event)
            sys.settrace(self._event)
            try:
                self.names["main"]()
            finally:
                sys.settrace(before)
                threading.settrace(None)
        return self.lines + 1_000 * self.waits


@pytest.mark.parametrize("kind", ALIKE)
def test_what_a_function_adds_is_in_proportion_to_its_units(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Counted line by line as the program runs, each share is the one that units say."""
    program = drawn(kind, "lines")
    base = Work(program, program.before).run(monkeypatch)
    added = {
        name: Work(program, {**program.before, name: program.after[name]}).run(monkeypatch) - base
        for name in program.slower
    }
    shares = {name: lines / sum(added.values()) for name, lines in added.items()}
    assert shares == pytest.approx(counted_shares(program), rel=1e-9)
    assert sum(shares.values()) == pytest.approx(1.0)


@pytest.mark.parametrize("kind", KINDS)
def test_drawn_programs_get_slower_by_what_is_wanted(kind: str) -> None:
    """At least two of three functions or more, none with less to do, and never the same again."""
    every = [drawn(kind, str(number)) for number in range(50)]
    assert len({json.dumps([dict(one.before), dict(one.after)]) for one in every}) == len(every)
    for program in every:
        assert 3 <= len(program.works) <= len(NAMES)
        assert 2 <= len(program.slower) <= len(program.works)
        assert all(program.after[name] >= program.before[name] for name in program.works)
        whole = sum(program.before.values())
        # Each gets a unit at least, and parts are rounded.
        slack = len(NAMES) / whole
        added = sum(program.after.values()) / whole - 1
        assert LEAST - slack <= added <= MOST + slack
    assert drawn(kind, "7") == drawn(kind, "7")


def test_versions_differ_in_what_got_slower_alone() -> None:
    """No other line of the source changes."""
    program = drawn("calls", "3")
    sides = (source(program, program.before), source(program, program.after))
    before, after = (side.splitlines() for side in sides)
    changed = [old for old, new in zip(before, after, strict=True) if old != new]
    assert len(changed) == len(program.slower)


def test_units_of_different_work_are_no_measure() -> None:
    """A mixed program's shares can only be timed."""
    with pytest.raises(ValueError, match="different work"):
        counted_shares(drawn(MIXED, "1"))


def test_coroutines_run_without_an_event_loop() -> None:
    """What a loop takes is no unit of work, and takes longer after more of that."""
    program = drawn("coroutines", "1")
    work = Work(program, program.before)
    assert inspect.iscoroutinefunction(work.names["red"])
    assert "asyncio" not in source(program, program.before)


def test_timed_shares_have_the_error_of_their_mean() -> None:
    """A process that is twice as fast weighs no less; what differs between them is the error."""
    found = timed_shares({"red": [1.0, 0.5, 1.2], "blue": [3.0, 1.5, 2.8]})
    assert found["red"][0] == pytest.approx((0.25 + 0.25 + 0.3) / 3)
    assert found["blue"][0] == pytest.approx(1 - found["red"][0])
    assert found["red"][1] == pytest.approx(found["blue"][1])
    assert found["red"][1] == pytest.approx(0.05 / 3)


def test_functions_are_timed_one_by_one(tmp_path: Path) -> None:
    """Far more work in one function than in another shows, in every process."""
    program = Program("loops", {"red": "loops", "blue": "loops"}, {"red": 1, "blue": 1}, {})
    files = tmp_path / "before.py", tmp_path / "after.py"
    files[0].write_text(source(program, program.before))
    files[1].write_text(source(program, {"red": 100, "blue": 11}))
    found = timed(*files, ["red", "blue"], processes=2)
    assert {name: len(each) for name, each in found.items()} == {"red": 2, "blue": 2}
    assert all(red > blue for red, blue in zip(found["red"], found["blue"], strict=True))


@pytest.mark.parametrize(
    ("one", "held"),
    [
        (Stated(0.3, 0.0, 0.32, 0.29, 0.36), True),
        (Stated(0.28, 0.0, 0.32, 0.29, 0.36), False),
        (Stated(0.4, 0.0, 0.32, 0.29, 0.36), False),
        # 1.96 standard errors of 0.01 and 0.03 make 0.036, by the root of the sum of squares.
        (Stated(0.285, 0.01, 0.32, 0.29, 0.36), True),
        (Stated(0.28, 0.01, 0.32, 0.29, 0.36), False),
        (Stated(0.3, 0.0, 0.32), None),
        (Stated(0.3, 0.0), None),
    ],
)
def test_a_share_is_held_by_its_interval(one: Stated, held: bool | None) -> None:
    """Widened by the true share's own error, where it has one."""
    assert one.held is held


def cause(name: str, amount: float, share: float, half: float | None, **more: Any) -> Any:
    """A cause as it is kept."""
    interval = None if half is None else [amount - half, amount + half]
    return {
        "name": name,
        "amount": amount,
        "share": share,
        "interval": interval,
        "noise": False,
        **more,
    }


def trial(python: str, *causes: Any, kind: str = "loops", verdict: str = "slower") -> Any:
    """A trial in which two functions share a slowdown, three parts to one."""
    return {
        "python": python,
        "program": {"kind": kind},
        "true": {"red": [0.75, 0.0], "blue": [0.25, 0.0]},
        "said": {"verdict": verdict, "causes": list(causes)},
    }


def test_the_ends_of_an_interval_are_told_in_the_unit_of_the_share() -> None:
    """Of 8 ms of difference one cause has 6 ms, give or take 0.4 ms; the other isn't named."""
    red, blue = stated(trial("3.14", cause("red", 0.006, 0.75, 0.0004), cause("amber", 1, 0.1, 1)))
    assert (red.low, red.high) == pytest.approx((0.70, 0.80))
    assert red.half_width == pytest.approx(0.05)
    assert blue == Stated(0.25, 0.0)


def test_the_table_counts_by_interpreter_and_kind() -> None:
    """Only programs that were found slower count, and each share of them."""
    right = (cause("red", 3.0, 0.75, 0.2), cause("blue", 1.0, 0.25, 0.1, noise=True))
    wrong = (cause("blue", 2.0, 0.5, 0.2), cause("red", 2.0, 0.5, 0.4))
    found = figures(
        [
            trial("3.9", *right),
            trial("3.14", *wrong, kind="calls"),
            trial("3.14", cause("red", 4.0, 1.0, None)),
            trial("3.14", verdict="unknown"),
        ]
    )
    assert list(found["pythons"]) == ["3.9", "3.14"]
    old, new = found["pythons"].values()
    assert (old["held"]["hits"], old["held"]["trials"], old["noise"]) == (2, 2, 1)
    assert old["half_width"] == pytest.approx((0.05 + 0.025) / 2)
    assert (new["programs"], new["slower"], new["shares"]) == (3, 2, 4)
    assert (new["held"]["hits"], new["held"]["trials"]) == (0, 2)
    assert (new["missing"], new["without"]) == (1, 1)
    assert (old["first"]["hits"], new["first"]["hits"]) == (1, 1)
    assert found["kinds"]["calls"]["shares"] == 2
    assert found["all"]["off_by"] == pytest.approx(0.25)
    by_python, by_kind = sheets(found)
    assert [row[:4] for row in by_python.rows] == [
        ("3.9", "1", "1", "2"),
        ("3.14", "3", "2", "4"),
        ("all", "4", "3", "6"),
    ]
    assert by_python.rows[0][5] == "3.8"
    assert [row[0] for row in by_kind.rows] == ["loops", "calls", "all"]
    assert [one.met for one in targets(found)] == [False, False]


def test_a_table_without_shares_says_so() -> None:
    """Nothing found slower is nothing measured."""
    found = figures([trial("3.11", verdict="same")])
    assert sheets(found)[0].rows[0][4:7] == ("none", "none", "none")
    assert targets(found)[0].met is None


def test_interpreters_share_a_folder_and_a_stopped_study_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each makes its own trials, once, of the same programs."""
    made: list[tuple[str, Program]] = []

    class Bench:
        def __enter__(self) -> Bench:
            return self

        def __exit__(self, *_: object) -> None:
            """Nothing is open."""

    def one(_: object, program: Program, *__: object) -> Any:
        made.append((now, program))
        kept = trial("", cause("red", 3.0, 0.75, 0.2))
        return {**kept, "program": {"kind": program.kind}, "python": now}

    monkeypatch.setattr(oracle, "_workbench", lambda *_: Bench())
    monkeypatch.setattr(oracle, "_trial", one)
    for now, number in (("3.11", 2), ("3.14", 2), ("3.11", 3)):
        monkeypatch.setattr(oracle, "PYTHON", now)
        assert oracle.main(["--out", str(tmp_path), "--number", str(number)]) == 0
    assert [python for python, _ in made] == ["3.11", "3.11", "3.14", "3.14", "3.11"]
    assert made[0][1] == made[2][1]
    assert [program.kind for _, program in made] == [*KINDS[:2], *KINDS[:2], KINDS[2]]
    shown = capsys.readouterr().out
    assert "3.14" in shown
    summary = json.loads((tmp_path / "oracle.json").read_text())
    assert summary["figures"]["pythons"]["3.11"]["programs"] == 3
