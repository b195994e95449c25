"""The profiler's cost is estimated rightly from known loops, and measured on real interpreters."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import costs

from asv_explain.measuring.calibrate import (
    PROCESSES,
    SCRIPT,
    CalibrationError,
    ProfilerCost,
    calibrate,
    cost_from_raw,
    cost_to_raw,
    estimate,
)
from asv_explain.profiles.wire import WireError

CALLS = 1000
# Nanoseconds: what an iteration of the loop, and an empty call, truly take.
ITERATION, CALL = 10.0, 16.0
# And what the instructions of an await take besides the call.
AWAIT = 50.0
NANO = 1e-9


def sample(calls: int, plain: float, added: float, own: float) -> dict[str, float]:
    """Return one loop's measurement, of nanoseconds in all."""
    return {
        "calls": calls,
        "plain": plain * NANO,
        "profiled": (plain + added) * NANO,
        "own": own * NANO,
    }


def one_round(callee: float, caller: float, bit: float, slow: Sequence[float]) -> dict[str, Any]:
    """Return what a profiler of these costs (ns a call, shares of loops) would give."""
    both = callee + caller

    def calling(per_iteration: int) -> dict[str, float]:
        # The loop itself slows as well, which must not be taken for a cost of the calls.
        plain = CALLS / per_iteration * ITERATION + CALLS * CALL
        added = CALLS / per_iteration * 5.0 + CALLS * both
        return sample(CALLS, plain, added, CALLS * (CALL / 2 + callee))

    loops = {
        "python_once": calling(1),
        "python_thrice": calling(3),
        "builtin_once": calling(1),
        "builtin_thrice": calling(3),
        "resumed": sample(CALLS, CALLS * CALL, CALLS * both, CALLS * (CALL / 2 + callee)),
    }
    # An await is a call and instructions of the caller, which slow down as all its code does.
    slowdown = sum(slow) / max(len(slow), 1)
    for name, each in (("awaited_once", 1), ("awaited_thrice", 3)):
        plain = CALLS / each * ITERATION + CALLS * (CALL + AWAIT)
        added = CALLS / each * 5.0 + CALLS * (both + slowdown * (CALL / 2 + AWAIT))
        loops[name] = sample(CALLS, plain, added, CALLS * (CALL / 2 + callee))
    for width in (1, 16, 256):
        bits = math.log2(width)
        loops[f"spread_{width}"] = sample(
            CALLS, CALLS * CALL, CALLS * (both + bits * bit), CALLS * (callee + bits * bit / 4)
        )
    for index, share in enumerate(slow):
        loops[f"bytecode_{index}"] = sample(0, 1000.0, 1000.0 * share, 0.0)
    return loops


def raw(rounds: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return what the script would print."""
    return {
        "schema": 1,
        "python": "3.11.7",
        "implementation": "cpython",
        "rounds": list(rounds),
    }


@given(st.floats(1, 500), st.floats(1, 500), st.floats(0, 100), st.floats(0, 2))
def test_finds_the_costs_that_made_the_measurements(
    callee: float, caller: float, bit: float, slow: float
) -> None:
    """Measurements made from known costs give back these costs."""
    cost = estimate([raw([one_round(callee, caller, bit, [slow] * 3)] * 3)])
    for kind in ("python", "builtin", "resumed", "awaited"):
        assert getattr(cost, f"callee_{kind}").value == pytest.approx(callee * NANO)
        assert getattr(cost, f"caller_{kind}").value == pytest.approx(caller * NANO)
    assert cost.callee_bit.value == pytest.approx(bit * NANO / 4, abs=1e-15)
    assert cost.caller_bit.value == pytest.approx(bit * NANO * 3 / 4, abs=1e-15)
    assert cost.bytecode.value == pytest.approx(slow, abs=1e-9)
    assert cost.bytecode.error == pytest.approx(0, abs=1e-9)


def test_one_disturbed_round_changes_nothing() -> None:
    """Neither a round nor a whole process in which the machine was busy moves the estimate."""
    quiet, loud = one_round(30, 90, 25, [0.5]), one_round(900, 9000, 900, [9])
    estimated = estimate([raw([loud, quiet]), raw([loud, loud]), raw([quiet, loud])])
    assert estimated.caller_python.value == pytest.approx(90 * NANO)
    assert estimated.bytecode.value == pytest.approx(0.5)


def test_errors_hold_the_spread_and_what_can_not_be_seen() -> None:
    """Processes that differ, and loops that differ, make the errors larger."""
    sure = estimate([raw([one_round(30, 90, 25, [0.5, 0.5])])] * 3)
    unsure = estimate([raw([one_round(30, 90 + step, 25, [0.2, 0.8])]) for step in (0, 9, 30)])
    assert sure.caller_python.error == pytest.approx(CALL * NANO / 4)
    assert unsure.caller_python.error > sure.caller_python.error
    assert unsure.bytecode.error == pytest.approx(0.3 * math.sqrt(2))


def test_processes_must_have_measured_the_same() -> None:
    """Processes of other loops or another interpreter are not mixed, and one there must be."""
    one = raw([one_round(30, 90, 25, [0.5])])
    with pytest.raises(WireError, match="same loops"):
        estimate([one, raw([one_round(30, 90, 25, [0.5, 0.5])])])
    with pytest.raises(WireError, match="same loops"):
        estimate([])
    with pytest.raises(WireError, match="different interpreters"):
        estimate([one, one | {"python": "3.12.1"}])


def test_noise_below_nothing_counts_as_nothing() -> None:
    """A profiled loop that happened to be faster gives no negative cost."""
    cost = estimate([raw([one_round(5, -10, -1, [-0.1])])])
    assert cost.caller_python.value == 0
    assert cost.caller_bit.value == 0
    assert cost.bytecode.value == 0


@given(costs())
def test_cost_round_trip(cost: ProfilerCost) -> None:
    """A cost that is written as JSON and read again is the same."""
    assert cost_from_raw(json.loads(json.dumps(cost_to_raw(cost)))) == cost


def without(path: Sequence[str | int]) -> dict[str, Any]:
    """Return a calibration that lacks one value."""
    whole = raw([one_round(30, 90, 25, [0.5]) for _ in range(2)])
    place: Any = whole
    for step in path[:-1]:
        place = place[step]
    del place[path[-1]]
    return whole


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (["rounds"], "rounds"),
        (["python"], "python"),
        (["rounds", 1, "resumed"], "resumed"),
        (["rounds", 1, "spread_16"], "other loops"),
        (["rounds", 0, "resumed", "plain"], "plain"),
    ],
)
def test_names_what_a_calibration_lacks(path: list[str | int], text: str) -> None:
    """A measurement that is missing is named."""
    with pytest.raises(WireError, match=text):
        estimate([without(path)])


@pytest.mark.parametrize("value", [-1, "2", None, float("nan"), True])
def test_refuses_what_is_no_time(value: Any) -> None:
    """Times and costs that are no numbers of at least 0 are refused."""
    loops = one_round(30, 90, 25, [0.5])
    loops["resumed"]["own"] = value
    with pytest.raises(WireError, match=r"rounds\[0\]\.resumed\.own"):
        estimate([raw([loops])])
    written = cost_to_raw(estimate([raw([one_round(30, 90, 25, [0.5])])]))
    written["callee_bit"] = {"value": value, "error": 0.0}
    with pytest.raises(WireError, match=r"callee_bit\.value"):
        cost_from_raw(written)


@pytest.mark.parametrize(
    "rounds",
    [[], [{}], [7], [one_round(1, 1, 1, [])]],
    ids=["none", "empty", "number", "no bytecode"],
)
def test_refuses_incomplete_rounds(rounds: list[Any]) -> None:
    """Rounds without the loops that the estimate needs are refused."""
    with pytest.raises(WireError, match="rounds"):
        estimate([raw(rounds)])


@pytest.mark.parametrize("value", [7, None, []])
def test_refuses_what_is_no_object(value: Any) -> None:
    """A number or a list where an object should be is refused, in either format."""
    with pytest.raises(WireError, match="an object"):
        estimate([value])
    loops = one_round(30, 90, 25, [0.5])
    with pytest.raises(WireError, match="an object"):
        estimate([raw([loops | {"resumed": value}])])
    written = cost_to_raw(estimate([raw([loops])]))
    with pytest.raises(WireError, match="an object"):
        cost_from_raw(written | {"bytecode": value})
    with pytest.raises(WireError, match="python"):
        cost_from_raw(written | {"python": value})


def test_refuses_loops_without_calls_or_spread() -> None:
    """A loop that never called, or a calibration without rare functions, tells nothing."""
    loops = one_round(30, 90, 25, [0.5])
    loops["resumed"]["calls"] = 0
    with pytest.raises(WireError, match="resumed"):
        estimate([raw([loops])])
    loops = {
        name: one
        for name, one in one_round(30, 90, 25, [0.5]).items()
        if name in ("spread_1",) or "spread" not in name
    }
    with pytest.raises(WireError, match="spread"):
        estimate([raw([loops])])


def test_measures_this_interpreter() -> None:
    """The script runs on this interpreter, and finds that a call costs something."""
    cost = calibrate(Path(sys.executable))
    assert cost.python == ".".join(map(str, sys.version_info[:3]))
    assert cost.implementation == sys.implementation.name
    assert cost.callee_python.value + cost.caller_python.value > 0


def test_runs_the_script_apart_from_the_user() -> None:
    """The interpreter runs the script isolated, so no environment variable or folder disturbs."""
    seen = []

    def run(command: Sequence[str], timeout: float) -> str:
        seen.append((list(command), timeout > 0))
        return json.dumps(raw([one_round(30, 90, 25, [0.5])]))

    calibrate(Path("some") / "python", run)
    assert seen == [([str(Path("some") / "python"), "-I", str(SCRIPT)], True)] * PROCESSES


@pytest.mark.parametrize("text", ["", "hello", "[]", '{"schema": 2}'])
def test_says_when_no_calibration_was_printed(text: str) -> None:
    """What can't be read becomes one typed error that names the interpreter."""
    with pytest.raises(CalibrationError, match="printed no calibration"):
        calibrate(Path("python"), lambda _command, _timeout: text)


def test_says_when_the_interpreter_can_not_run(tmp_path: Path) -> None:
    """A missing interpreter, and one that fails, become one typed error."""
    with pytest.raises(CalibrationError, match="could not be calibrated"):
        calibrate(tmp_path / "absent")
    failing = tmp_path / "failing"
    failing.write_text("#!/bin/sh\necho 'no such thing' >&2\nexit 3\n")
    failing.chmod(0o755)
    with pytest.raises(CalibrationError, match="no such thing"):
        calibrate(failing)
