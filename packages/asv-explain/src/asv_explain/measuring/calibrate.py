"""What cProfile costs a given interpreter on this machine: measured and estimated."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any, TypeAlias

from asv_explain.contained import run_contained
from asv_explain.profiles.profiler_cost import (
    SCHEMA,
    Estimate,
    ProfilerCost,
    cost_from_raw,
    cost_to_raw,
)
from asv_explain.profiles.wire import WireError, header, item, number, rows, show
from asv_explain.scratch import check_room, scratch

__all__ = [
    "CalibrationError",
    "Estimate",
    "ProfilerCost",
    "calibrate",
    "cost_from_raw",
    "cost_to_raw",
    "estimate",
    "run_command",
]

SCRIPT = Path(__file__).with_name("calibration_script.py")
# The script takes half a second on CPython; a machine that needs a minute is not measuring.
TIMEOUT_SECONDS = 60.0
# Where code and data happen to lie moves a process's costs; the median of five moves less.
PROCESSES = 5

# A median's standard error is 1.2533 times a mean's, and the median absolute deviation of a
# normal distribution times 1.4826 is its standard deviation.
_MEDIAN_ERROR = 1.2533 * 1.4826
# How much of an empty call's true time passes inside the callee can't be seen from outside: half
# of it, give or take a quarter.
_INSIDE = 0.5
_INSIDE_ERROR = 0.25

_LOOPS = (
    *("python_once", "python_thrice", "builtin_once", "builtin_thrice", "resumed"),
    *("awaited_once", "awaited_thrice"),
)
_COLUMNS = ("calls", "plain", "profiled", "own")
_SPREAD = "spread_"
_BYTECODE = "bytecode_"

Sample: TypeAlias = Mapping[str, float]
Round: TypeAlias = Mapping[str, Sample]
Runner: TypeAlias = Callable[[Sequence[str], float], str]


class CalibrationError(RuntimeError):
    """An interpreter on which the profiler's cost could not be measured; the text says why."""


def calibrate(python: Path, run: Runner | None = None) -> ProfilerCost:
    """Measure what the profiler costs an interpreter; takes about two seconds.

    Args:
        python: The interpreter's executable.
        run: Runs a command for at most so many seconds and returns what it prints.

    Raises:
        CalibrationError: It could not be run, or what it printed can't be read.
    """
    command = [str(python), "-I", str(SCRIPT)]
    texts = [(run or run_command)(command, TIMEOUT_SECONDS) for _ in range(PROCESSES)]
    try:
        return estimate([json.loads(text) for text in texts])
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise CalibrationError(f"{python} printed no calibration: {error}") from error


def estimate(processes: Sequence[Mapping[str, Any]]) -> ProfilerCost:
    """Estimate the costs from what the calibration script printed, in one or more processes.

    Whatever disturbs a loop makes it slower, so a process's best round counts; each cost is the
    median over the processes. What three calls an iteration cost less what one costs leaves out
    the loop around them; a negative cost is noise, and counts as 0.

    Raises:
        WireError: The measurements are incomplete, not numbers, or of several interpreters, or
            give no finite cost.
    """
    rounds = [_best(_read(one)) for one in processes]
    if not rounds or any(one.keys() != rounds[0].keys() for one in rounds):
        raise WireError("calibration", "expected processes that measured the same loops")
    if len({(one["implementation"], one["python"]) for one in processes}) > 1:
        raise WireError("calibration", "measured in different interpreters")
    spreads = {
        int(width): name
        for name in rounds[0]
        if name.startswith(_SPREAD) and (width := name.removeprefix(_SPREAD)).isdecimal()
    }
    if 1 not in spreads or len(spreads) < 2:
        raise WireError("rounds", "expected spread_1 and at least one wider spread")
    callee_python, caller_python = _call_cost(rounds, "python")
    callee_builtin, caller_builtin = _call_cost(rounds, "builtin")
    callee_bit = [_bit_cost(one, spreads, own=True) for one in rounds]
    both_bit = [_bit_cost(one, spreads, own=False) for one in rounds]
    slowdown = _slowdown(rounds)
    callee_awaited, caller_awaited = _await_cost(rounds, slowdown.value)
    resumed = [one["resumed"] for one in rounds]
    inside = _INSIDE * median(one["plain"] / one["calls"] for one in resumed)
    callee_resumed = [one["own"] / one["calls"] - inside for one in resumed]
    both_resumed = [_overhead(one) / one["calls"] for one in resumed]
    cost = ProfilerCost(
        callee_python=callee_python,
        caller_python=caller_python,
        callee_builtin=callee_builtin,
        caller_builtin=caller_builtin,
        callee_resumed=_estimate(callee_resumed, inside * _INSIDE_ERROR / _INSIDE),
        caller_resumed=_estimate(
            [both - own for both, own in zip(both_resumed, callee_resumed, strict=True)],
            inside * _INSIDE_ERROR / _INSIDE,
        ),
        callee_bit=_estimate(callee_bit),
        caller_bit=_estimate([both - own for both, own in zip(both_bit, callee_bit, strict=True)]),
        callee_awaited=callee_awaited,
        caller_awaited=caller_awaited,
        bytecode=slowdown,
        python=processes[0]["python"],
        implementation=processes[0]["implementation"],
    )
    # What is kept is read again under these rules: times without measure give no finite cost.
    return cost_from_raw(cost_to_raw(cost))


def run_command(command: Sequence[str], timeout: float) -> str:
    """Run a command and return what it prints.

    Raises:
        CalibrationError: It can't be started, fails, or does not finish in time.
        ScratchError: There is no room for what it prints.
    """
    with scratch() as place:
        try:
            with (place / "printed").open("w+b") as printed:
                done = run_contained(
                    command, place, os.environ, timeout, listen=True, printed=printed
                )
                printed.seek(0)
                text = printed.read().decode(errors="replace")
        except OSError as error:
            raise CalibrationError(f"{command[0]} could not be calibrated: {error}") from error
        if done.status == 0:
            return text
        check_room(place)
    said = done.said.strip().splitlines()
    why = f"it took more than {timeout:g} seconds" if done.status is None else "no message"
    raise CalibrationError(f"{command[0]} could not be calibrated: {said[-1] if said else why}")


def _read(raw: Mapping[str, Any]) -> list[dict[str, dict[str, float]]]:
    """Return the rounds, each number checked."""
    header(raw, SCHEMA, "calibration")
    rounds = []
    for index, one in enumerate(rows(raw, "rounds")):
        place = f"rounds[{index}]"
        if not isinstance(one, Mapping):
            raise WireError(place, f"expected an object, got {show(one)}")
        for name in _LOOPS:
            item(one, name, place)
        rounds.append(
            {
                name: {column: number(one[name], column, f"{place}.{name}") for column in _COLUMNS}
                for name in one
            }
        )
        if rounds[0].keys() != one.keys():
            raise WireError(place, "measured other loops than the first round")
        for name, sample in rounds[-1].items():
            if sample["plain"] <= 0 or (sample["calls"] < 1 and not name.startswith(_BYTECODE)):
                raise WireError(f"{place}.{name}", "expected calls, and a time above 0")
    if not rounds or not any(name.startswith(_BYTECODE) for name in rounds[0]):
        raise WireError("rounds", "expected at least one, with loops named bytecode_...")
    return rounds


def _best(rounds: Sequence[Round]) -> dict[str, dict[str, float]]:
    """Return each loop's least times."""
    return {
        name: {column: min(one[name][column] for one in rounds) for column in _COLUMNS}
        for name in rounds[0]
    }


def _overhead(sample: Sample) -> float:
    """Seconds that the profiler added to a loop."""
    return sample["profiled"] - sample["plain"]


def _per_call(one: Round, kind: str, column: Callable[[Sample], float]) -> float:
    """What a call adds to a column: both loops per iteration differ by two calls."""
    once, thrice = one[f"{kind}_once"], one[f"{kind}_thrice"]
    return (3 * column(thrice) / thrice["calls"] - column(once) / once["calls"]) / 2


def _true(rounds: Sequence[Round], kind: str) -> float:
    """Seconds that a call takes unprofiled, the loop around it left out."""
    return max(median(_per_call(one, kind, lambda each: each["plain"]) for one in rounds), 0.0)


def _call_cost(rounds: Sequence[Round], kind: str) -> tuple[Estimate, Estimate]:
    """Cost per call in the callee and in the caller, without the cost of the loop."""
    true = _true(rounds, kind)
    return _split(rounds, kind, _INSIDE * true, _INSIDE_ERROR * true, 0.0)


def _await_cost(rounds: Sequence[Round], slowdown: float) -> tuple[Estimate, Estimate]:
    """Cost per coroutine that is awaited, in it and in who awaits it.

    What is awaited is an empty function, of which as much passes inside as in a plain call. The
    rest of an await is many instructions of the caller. Their slowdown is taken out with that of
    all its code, and must not be taken out twice.
    """
    call = _true(rounds, "python")
    outside = max(_true(rounds, "awaited") - _INSIDE * call, 0.0)
    return _split(rounds, "awaited", _INSIDE * call, _INSIDE_ERROR * call, slowdown * outside)


def _split(
    rounds: Sequence[Round], kind: str, inside: float, doubt: float, slowed: float
) -> tuple[Estimate, Estimate]:
    """What a call costs in the callee, of which so much is its own, and what else it costs."""
    name = f"{kind}_thrice"
    callee = [one[name]["own"] / one[name]["calls"] - inside for one in rounds]
    both = [_per_call(one, kind, _overhead) - slowed for one in rounds]
    caller = [total - own for total, own in zip(both, callee, strict=True)]
    return _estimate(callee, doubt), _estimate(caller, doubt)


def _bit_cost(one: Round, spreads: Mapping[int, str], own: bool) -> float:
    """Cost per call and bit: the least squares line over the spreads, through the narrowest."""

    def per_call(sample: Sample) -> float:
        return (sample["own"] if own else _overhead(sample)) / sample["calls"]

    base = per_call(one[spreads[1]])
    bits = {width: math.log2(width) for width in spreads}
    rise = sum(bits[width] * (per_call(one[name]) - base) for width, name in spreads.items())
    return rise / sum(value**2 for value in bits.values())


def _slowdown(rounds: Sequence[Round]) -> Estimate:
    """Share by which code without calls slows down.

    Real code is some unknown mixture of such loops, so the spread between them is the error, not
    the error of their mean.
    """
    names = [name for name in rounds[0] if name.startswith(_BYTECODE)]
    plain = {name: median(one[name]["plain"] for one in rounds) for name in names}
    added = {name: median(_overhead(one[name]) for one in rounds) for name in names}
    value = sum(added.values()) / sum(plain.values())
    shares = [added[name] / plain[name] for name in names]
    spread = math.sqrt(sum((share - value) ** 2 for share in shares) / max(len(shares) - 1, 1))
    return Estimate(max(value, 0.0), spread)


def _estimate(values: Sequence[float], doubt: float = 0.0) -> Estimate:
    """Return the median with its standard error, and what else is in doubt added in quadrature."""
    middle = median(values)
    spread = median(abs(value - middle) for value in values)
    error = _MEDIAN_ERROR * spread / math.sqrt(len(values))
    return Estimate(max(middle, 0.0), math.hypot(error, doubt))
