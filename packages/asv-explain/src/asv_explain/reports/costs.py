"""Where a cause's time goes, and what times come from: lines, details, threads, sampling."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from asv_explain.explanation import (
    Cause,
    Detail,
    Explanation,
    LineCost,
    Sampling,
    ThreadCost,
)
from asv_explain.reports.text import amount, calls, counted, plain, shortened

__all__ = [
    "FIRST_DETAILS",
    "CostedLine",
    "costed_hunk",
    "dearest",
    "detail_lines",
    "line_cost",
    "sampling_sentence",
    "seconds_of_lines",
    "thread_line",
    "waiting",
]

FIRST_DETAILS = 5
"""So many details of a cause are shown."""

FIRST_LINES = 3
"""So many lines of a cause are shown where there is little room."""

NOTABLE = 0.1
"""Waiting is told from this part of a cause's amount, or of a call's time, on."""

_HEADER = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")

# What a detail is to its cause, by its kind: where it costs, and where it saves.
_DETAILS = {
    "new": ("new helper", "new helper"),
    "gone": ("helper that is gone", "helper that is gone"),
    "calls": ("called more often", "called less often"),
    "slower": ("unchanged, slower below it", "unchanged, faster below it"),
    "event loop": ("turns of the event loop", "turns of the event loop"),
}


def dearest(cause: Cause) -> tuple[LineCost, ...]:
    """The lines of which the cost changed most, the largest change first."""
    found = sorted(cause.line_costs, key=lambda one: -abs(one.seconds_after - one.seconds_before))
    return tuple(found[:FIRST_LINES])


def line_cost(line: LineCost, width: int) -> str:
    """A line with its cost before and after, marked where it is on one side alone.

    Args:
        line: the line.
        width: so many characters of its text are shown.
    """
    sign, number = "", line.after
    costs = f"{amount(line.seconds_before)} → {amount(line.seconds_after)}"
    if line.before is None and line.after is not None:
        sign, costs = "+ ", amount(line.seconds_after)
    elif line.after is None and line.before is not None:
        sign, number, costs = "- ", line.before, amount(line.seconds_before)
    where = "" if number is None else f"line {number}: "
    return f"{sign}{where}{shortened(plain(line.text), width)}  {costs}"


@dataclass(frozen=True, slots=True)
class CostedLine:
    """A line of a diff with what it cost.

    Attributes:
        text: the line as the diff has it, with its sign.
        cost: its seconds before, after, or both; empty where none were told.
    """

    text: str
    cost: str


def costed_hunk(cause: Cause) -> tuple[CostedLine, ...]:
    """The lines of a cause's part of the diff, each with its cost where one is known."""
    return tuple(_costed(_lines(cause.hunk), *seconds_of_lines(cause)))


def seconds_of_lines(cause: Cause) -> tuple[dict[int, float], dict[int, float]]:
    """Seconds of a cause's lines before and after, by their number in the file."""
    costs: tuple[dict[int, float], dict[int, float]] = ({}, {})
    for one in cause.line_costs:
        sides = ((one.before, one.seconds_before), (one.after, one.seconds_after))
        for side, (number, seconds) in zip(costs, sides, strict=True):
            if number is not None:
                side[number] = side.get(number, 0.0) + seconds
    return costs


def _costed(
    lines: list[str], before: dict[int, float], after: dict[int, float]
) -> Iterator[CostedLine]:
    old = new = 0
    for line in lines:
        header = _HEADER.match(line)
        sign = line[:1]
        spent: tuple[float, ...] = ()
        if header is not None:
            old, new = int(header[1]), int(header[2])
        elif sign == "-":
            spent = (before.get(old, 0.0),)
            old += 1
        elif sign == "+":
            spent = (after.get(new, 0.0),)
            new += 1
        elif sign != "\\":
            spent = (before.get(old, 0.0), after.get(new, 0.0))
            old, new = old + 1, new + 1
        yield CostedLine(line, " → ".join(map(amount, spent)) if any(spent) else "")


def _lines(text: str) -> list[str]:
    return text.split("\n")[: -1 if text.endswith("\n") else None] if text else []


def detail_lines(cause: Cause) -> tuple[str, ...]:
    """What of a cause's cost lies in other functions, one line each, the largest first."""
    ordered = sorted(cause.details, key=lambda one: -abs(one.amount))
    lines = [_detail(one) for one in ordered[:FIRST_DETAILS]]
    left = ordered[FIRST_DETAILS:]
    if left:
        rest = amount(math.fsum(one.amount for one in left), sign=True)
        lines.append(f"{counted(len(left), 'more detail')}: {rest}")
    return tuple(lines)


def _detail(one: Detail) -> str:
    costs, saves = _DETAILS.get(one.kind, (one.kind, one.kind))
    what = plain(costs if one.amount >= 0 else saves)
    counts = ""
    if one.calls_before or one.calls_after:
        counts = f", calls {calls(one.calls_before)} → {calls(one.calls_after)}"
    where = f" ({plain(one.path)})" if one.path else ""
    percent = f"{round(one.share * 100) + 0.0:.0f} %"
    return f"{plain(one.name)}{where}: {percent}, {amount(one.amount, sign=True)}, {what}{counts}"


def waiting(cause: Cause) -> str:
    """How much of a cause passed in waiting; empty where that is little."""
    if not cause.waiting or abs(cause.waiting) < NOTABLE * abs(cause.amount):
        return ""
    return f"of it {amount(cause.waiting)} waiting"


def thread_line(one: ThreadCost) -> str:
    """What other threads ran, in one line."""
    where = f" ({plain(one.path)})" if one.path else ""
    return f"{plain(one.name)}{where}: {amount(one.seconds_before)} → {amount(one.seconds_after)}"


def sampling_sentence(explanation: Explanation) -> str:
    """What the times of functions come from, in one sentence; empty where there are none."""
    before, after = explanation.sampling_before, explanation.sampling_after
    if before is None or after is None:
        return ""
    if "profile" in (before.method, after.method):
        return (
            f"times are cProfile's, which distorts them, from {_rounds(before, after)}; "
            "nothing was sampled"
        )
    told = (
        f"{before.samples:,} and {after.samples:,} samples in {_rounds(before, after)} "
        f"at {max(before.rate, after.rate):,.0f} a second"
    )
    slowdown = max(before.slowdown, after.slowdown)
    if slowdown > 0:
        percent = max(0.0, slowdown - 1) * 100
        more = f"{percent:.0f} % more" if percent >= 1 else "less than 1 % more"
        told += f"; sampling made a call take {more} CPU time"
    if max(before.waiting, after.waiting) >= NOTABLE:
        parts = f"{before.waiting * 100:.0f} % → {after.waiting * 100:.0f} %"
        told += f"; {parts} of a call's time passed in waiting"
    return told


def _rounds(before: Sampling, after: Sampling) -> str:
    if before.rounds == after.rounds:
        return f"{counted(before.rounds, 'round')} each"
    return f"{before.rounds} and {after.rounds} rounds"
