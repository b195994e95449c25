"""Bisecting a range that got slower: which commit to measure next, and what the answers mean.

Nothing is run here. A *level* is the logarithm of a commit's ratio to the first commit of the
range, so that levels of commits that follow each other add up, and each is measured against the
same side. The search keeps the half of the range that holds the larger part of the rise, which is
to say that a commit counts as slow from halfway between both ends' levels on. So after ``k``
answers what is left rises by ``1 / 2**k`` of the whole or more, whatever lies between: a commit
that holds most of a rise is found, and with several steps or a recovery in the range one of the
larger steps is.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass

__all__ = ["MOST_OPEN", "MOST_SKIPPED", "OPEN_SHARE", "Ask", "Level", "Outcome", "left", "search"]

OPEN_SHARE = 0.25
"""Of the range's rise, the half width that the interval of a level across the threshold may have.
Either half of the range then holds a quarter of the rise at least, and no choice is a wrong one."""

MOST_SKIPPED = 10
"""Commits that can't be measured, each of which may cost a build, before the range is told."""

MOST_OPEN = 2
"""Commits left open after being measured twice, before the range is told: where the rise left is
within noise, the next commit is no clearer."""


@dataclass(frozen=True, slots=True)
class Level:
    """The logarithm of a commit's ratio to the range's first commit, with its interval.

    The interval has the confidence of whoever measured it; one answer errs in 5 % of cases at most,
    and each commit that is asked for is one more.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Ask:
    """A question: how slow is the commit at a position?

    Attributes:
        position: Where it stands in the range, whose first commit is at 0.
        threshold: The level from which on it counts as slow.
        again: Whether it has been measured, and the answer was too wide.
        left: How many commits are yet to be measured, this one included, if none is skipped.
    """

    position: int
    threshold: float
    again: bool
    left: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where the search ended.

    Attributes:
        low: Position of the last commit before the step.
        high: Position of the first one after it. All between the two, if any, were skipped or
            never tried.
        levels: What was measured and clear, both ends included, by position.
        skipped: Positions that could not be measured, or not clearly, in the order of trying.
    """

    low: int
    high: int
    levels: Mapping[int, Level]
    skipped: tuple[int, ...]


def left(low: int, high: int) -> int:
    """Commits to measure until ``low`` and ``high`` are neighbours, if none is skipped."""
    return math.ceil(math.log2(high - low))


def search(count: int, end: Level) -> Generator[Ask, Level | None, Outcome]:
    """Narrow a range whose last commit is slower than its first to a step between neighbours.

    Args:
        count: Position of the last commit, 1 or more.
        end: Its level, above 0.

    Yields:
        Questions; each is to be answered by ``send`` with the level, or None where the commit
        can't be measured. A question asked again wants a narrower interval.

    Returns:
        Where the step lies.
    """
    low, high = 0, count
    levels = {0: Level(0.0, 0.0, 0.0), count: end}
    skipped: list[int] = []
    opened = 0
    while opened < MOST_OPEN and len(skipped) < MOST_SKIPPED:
        position = _next(low, high, skipped)
        if position is None:
            break
        ends = (levels[low].value, levels[high].value)
        threshold = sum(ends) / 2
        level = yield Ask(position, threshold, False, left(low, high))
        if level is not None and _open(level, *ends):
            level = yield Ask(position, threshold, True, left(low, high))
            if level is not None and _open(level, *ends):
                level = None
                opened += 1
        if level is None:
            skipped.append(position)
            continue
        levels[position] = level
        if level.value >= threshold:
            high = position
        else:
            low = position
    return Outcome(low, high, levels, tuple(skipped))


def _open(level: Level, low: float, high: float) -> bool:
    """Tell whether a level is too uncertain to say which half holds more of the rise."""
    across = level.low < (low + high) / 2 < level.high
    # An endless interval isn't narrow; one that holds no number isn't either.
    return across and not (level.high - level.low) / 2 <= OPEN_SHARE * (high - low)


def _next(low: int, high: int, skipped: list[int]) -> int | None:
    """Choose the middle, or where commits were skipped one away from them; None if none is left.

    Commits that don't build tend to be neighbours, so each skipped one doubles the distance.
    """
    here = [position for position in skipped if low < position < high]
    middle = (low + high) // 2
    untried = sorted(
        set(range(low + 1, high)).difference(here), key=lambda one: (abs(one - middle), one)
    )
    return untried[min(2 ** len(here), len(untried)) - 1] if untried else None
