"""Pairing the lines of two versions of a function, so that a moved line is never a new one."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

__all__ = ["match_lines"]

ALIKE = 0.5
"""From this ratio of equal characters on, two lines that stand for one another are one, edited."""


def match_lines(before: Sequence[str], after: Sequence[str]) -> dict[int, int]:
    """Pair lines of both versions; each has at most one partner.

    First what difflib aligns, then equal lines that are the only ones of their text left on either
    side and so have moved, then edited lines: the most alike of those that difflib says replace
    one another. Indents play no part.

    Args:
        before: The lines before.
        after: The lines after.

    Returns:
        Index after by index before.
    """
    ours, theirs = [one.strip() for one in before], [one.strip() for one in after]
    if ours == theirs:
        # difflib would need quadratic time where many lines are equal, such as empty ones.
        return {index: index for index in range(len(ours))}
    matcher = SequenceMatcher(None, ours, theirs, autojunk=False)
    pairs: dict[int, int] = {}
    replaced: list[tuple[range, range]] = []
    for tag, start, end, other, other_end in matcher.get_opcodes():
        if tag == "equal":
            pairs.update(zip(range(start, end), range(other, other_end), strict=True))
        elif tag == "replace":
            replaced.append((range(start, end), range(other, other_end)))
    _pair_moved(ours, theirs, pairs)
    for left, right in replaced:
        _pair_edited(ours, theirs, left, right, pairs)
    return pairs


def _pair_moved(ours: Sequence[str], theirs: Sequence[str], pairs: dict[int, int]) -> None:
    taken = set(pairs.values())
    left: dict[str, list[int]] = {}
    right: dict[str, list[int]] = {}
    for index, text in enumerate(ours):
        if text and index not in pairs:
            left.setdefault(text, []).append(index)
    for index, text in enumerate(theirs):
        if text and index not in taken:
            right.setdefault(text, []).append(index)
    for text, indices in left.items():
        others = right.get(text, [])
        if len(indices) == 1 and len(others) == 1:
            pairs[indices[0]] = others[0]


def _pair_edited(
    ours: Sequence[str], theirs: Sequence[str], left: range, right: range, pairs: dict[int, int]
) -> None:
    taken = set(pairs.values())
    ranked = sorted(
        (-SequenceMatcher(None, ours[one], theirs[other]).ratio(), one, other)
        for one in left
        if one not in pairs
        for other in right
        if other not in taken
    )
    for ratio, one, other in ranked:
        if -ratio >= ALIKE and one not in pairs and other not in taken:
            pairs[one] = other
            taken.add(other)
