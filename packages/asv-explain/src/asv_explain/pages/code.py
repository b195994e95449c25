"""Code as a page shows it: diffs and sources, line by line, with signs for what changed."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher

from asv_explain.explanation import Cause
from asv_explain.reports.costs import CostedLine, costed_hunk, seconds_of_lines
from asv_explain.reports.text import amount, plain

__all__ = ["Line", "diff", "patch", "sources"]

ADDED, REMOVED, HEADER = "+", "\N{MINUS SIGN}", "@"
"""Signs of lines: only after, only before, and where a part of the diff begins."""

TAB = 4
"""Columns that a tab stands for."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of code.

    Attributes:
        number: its number in its file; None where a diff shows it.
        sign: one of ``ADDED``, ``REMOVED``, ``HEADER``; a space where nothing changed.
        text: the line.
        cost: what a call of the benchmark spent at it, on the sides that have it; empty where that
            is not known.
    """

    number: int | None
    sign: str
    text: str
    cost: str = ""


def diff(cause: Cause) -> tuple[Line, ...]:
    """The lines of a cause's part of the diff, with what each cost."""
    return tuple(_of_diff(line) for line in costed_hunk(cause))


def patch(text: str) -> tuple[Line, ...]:
    """The lines of a patch; the names of its files are headers."""
    found = []
    for line in text.splitlines():
        if line.startswith("+++ "):
            found.append(Line(None, HEADER, _shown(line.removeprefix("+++ b/"))))
        elif not line.startswith(("diff ", "--- ")):
            found.append(_of_diff(CostedLine(line, "")))
    return tuple(found)


def _of_diff(line: CostedLine) -> Line:
    if line.text.startswith("@@"):
        return Line(None, HEADER, _shown(line.text))
    sign = {"+": ADDED, "-": REMOVED}.get(line.text[:1], " ")
    return Line(None, sign, _shown(line.text[1:]), line.cost)


def sources(cause: Cause) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    """Both sides' lines with what each cost, those marked that the other side has not."""
    sides = _lines(cause.source_before), _lines(cause.source_after)
    same: tuple[set[int], set[int]] = (set(), set())
    for block in SequenceMatcher(None, *sides, autojunk=False).get_matching_blocks():
        same[0].update(range(block.a, block.a + block.size))
        same[1].update(range(block.b, block.b + block.size))
    # Where one side has nothing to compare with, all is new or gone, and signs say nothing more.
    both = all(sides)
    places, costs = (cause.before, cause.after), seconds_of_lines(cause)
    shown = []
    for lines, equal, stands, spent, sign in zip(
        sides, same, places, costs, (REMOVED, ADDED), strict=True
    ):
        first = 1 if stands is None else stands.line
        shown.append(
            tuple(
                Line(
                    number,
                    sign if both and number - first not in equal else " ",
                    _shown(line),
                    amount(spent[number]) if spent.get(number) else "",
                )
                for number, line in enumerate(lines, start=first)
            )
        )
    return shown[0], shown[1]


def _lines(text: str) -> list[str]:
    return text.split("\n")[: -1 if text.endswith("\n") else None] if text else []


def _shown(line: str) -> str:
    return plain(line.removesuffix("\r").expandtabs(TAB))
