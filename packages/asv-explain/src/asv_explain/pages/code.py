"""Code as a page shows it: diffs and sources, line by line, with signs for what changed."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher

from asv_explain.explanation import Cause
from asv_explain.reports.costs import CostedLine, costed_hunk
from asv_explain.reports.text import plain

__all__ = ["Line", "diff", "sources"]

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


def _of_diff(line: CostedLine) -> Line:
    if line.text.startswith("@@"):
        return Line(None, HEADER, _shown(line.text))
    sign = {"+": ADDED, "-": REMOVED}.get(line.text[:1], " ")
    return Line(None, sign, _shown(line.text[1:]), line.cost)


def sources(
    before: str, after: str, first_before: int, first_after: int
) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    """Both sides' lines, those marked that the other side has not.

    Args:
        before: the source before.
        after: the same after.
        first_before: the number of its first line in its file.
        first_after: the same after.
    """
    sides = _lines(before), _lines(after)
    same: tuple[set[int], set[int]] = (set(), set())
    for block in SequenceMatcher(None, *sides, autojunk=False).get_matching_blocks():
        same[0].update(range(block.a, block.a + block.size))
        same[1].update(range(block.b, block.b + block.size))
    # Where one side has nothing to compare with, all is new or gone, and signs say nothing more.
    both = all(sides)
    shown = []
    rows = zip(sides, same, (first_before, first_after), (REMOVED, ADDED), strict=True)
    for lines, equal, first, sign in rows:
        shown.append(
            tuple(
                Line(first + place, sign if both and place not in equal else " ", _shown(line))
                for place, line in enumerate(lines)
            )
        )
    return shown[0], shown[1]


def _lines(text: str) -> list[str]:
    return text.split("\n")[: -1 if text.endswith("\n") else None] if text else []


def _shown(line: str) -> str:
    return plain(line.removesuffix("\r").expandtabs(TAB))
