"""Which rises in a series of levels are worth asking about; pure, and asv's types kept out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["Level", "Rise", "rises"]


@dataclass(frozen=True, slots=True)
class Level:
    """A run of measured commits with one value.

    Attributes:
        first: Position in the history of the first commit of the run.
        last: Position of the last one, itself included.
        value: What the benchmark gave, in its own unit.
        error: Mean deviation from `value`, in the same unit.
        count: Commits measured in the run, 1 or more.
    """

    first: int
    last: int
    value: float
    error: float
    count: int


@dataclass(frozen=True, slots=True)
class Rise:
    """A step up: positions of the last commit before and the first after it, with both values.

    Attributes:
        before: Position of the last good commit.
        after: Position of the first bad commit.
        old: The value before, in the benchmark's unit.
        new: The value after, in the same unit.
        count: Commits measured on the new level.
        fixed: Whether a later level is down at the old value again.
    """

    before: int
    after: int
    old: float
    new: float
    count: int
    fixed: bool


def rises(
    levels: Sequence[Level], threshold: float, differs: Callable[[int, int], bool]
) -> tuple[Rise, ...]:
    """Return the steps up between levels, oldest first, whether taken back since or not.

    A level is a rise over the one before it if it lies higher by more than `threshold` times the
    old value and by more than either level's error, which is asv's own margin. A creep, several
    levels that each rise by less, counts once it is past the margin of the lowest level since the
    last rise, and starts there. If either level is held by a single commit, `differs` is asked,
    with the positions before and after: one odd measurement must not pass for a step.
    """
    if not levels:
        return ()
    found: list[Rise] = []
    base = levels[0]
    for position, (previous, level) in enumerate(pairwise(levels), start=2):
        start = previous if _exceeds(previous, level, threshold) else base
        alone = min(start.count, level.count) == 1
        if _exceeds(start, level, threshold) and (not alone or differs(start.last, level.first)):
            fixed = any(
                later.value < level.value and not _exceeds(start, later, threshold)
                for later in levels[position:]
            )
            rise = Rise(start.last, level.first, start.value, level.value, level.count, fixed)
            found.append(rise)
            base = level
        elif level.value < base.value:
            base = level
    return tuple(found)


def _exceeds(old: Level, new: Level, threshold: float) -> bool:
    return new.value > old.value + max(old.error, new.error, threshold * abs(old.value))
