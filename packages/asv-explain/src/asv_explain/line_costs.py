"""The lines of a cause with what each took on both sides, aligned by their texts."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import SequenceMatcher

from asv_explain.attribution.causes import Cause
from asv_explain.explanation import LineCost

__all__ = ["line_costs"]


def line_costs(cause: Cause, before: str, after: str) -> tuple[LineCost, ...]:
    """The lines on which samples came, in the order of the source.

    A line that is the same on both sides is one. Lines outside of what changed, such as those of
    functions that read a changed constant, are left out.

    Args:
        cause: The cause.
        before: The source of what changed, before; empty where there is none.
        after: The same after.
    """
    if cause.change is None:
        return ()
    texts = before.split("\n"), after.split("\n")
    ends = cause.change.lines_before, cause.change.lines_after
    starts = [0 if span is None else span[0] for span in ends]
    aligned: list[tuple[int | None, int | None]] = []
    matcher = SequenceMatcher(None, *texts, autojunk=False)
    for tag, first, first_end, second, second_end in matcher.get_opcodes():
        if tag == "equal":
            aligned += zip(range(first, first_end), range(second, second_end), strict=True)
        else:
            aligned += [(line, None) for line in range(first, first_end)]
            aligned += [(None, line) for line in range(second, second_end)]
    found = []
    for ours, theirs in aligned:
        one = None if ours is None or ends[0] is None else starts[0] + ours
        other = None if theirs is None or ends[1] is None else starts[1] + theirs
        seconds = _at(cause.lines_before, one), _at(cause.lines_after, other)
        if any(seconds):
            text = texts[1][theirs] if theirs is not None else texts[0][ours or 0]
            found.append(LineCost(text.strip(), one, other, *seconds))
    return tuple(found)


def _at(lines: Mapping[int, float], number: int | None) -> float:
    return 0.0 if number is None else lines.get(number, 0.0)
