"""Tells samples in which a thread waited from those in which it ran.

py-spy's stacks bear no such mark; it either leaves threads that wait out or it does not. So one
process is sampled without them, and what its lines have fewer samples of than those of a process
with them was waiting, if it is by more than two standard errors of both counts. A line that both
waits and runs is split by its share, the same on every stack that ends in it: on which of them it
rather waited is not known. Nor is a wait told that is shorter than the sampler takes from looking
at a thread's state to stopping it, some 0.1 ms.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

__all__ = ["parted"]

ERRORS = 2
"""By more than so many standard errors a line has to have fewer samples."""


def parted(stacks: str, running: str, scale: float) -> tuple[str, str]:
    """Part stacks into those that waited and those that ran.

    Args:
        stacks: Collapsed stacks of threads, whether they waited or not.
        running: The same of another process of the same program, without threads that waited.
        scale: How many times as many samples were taken for ``stacks`` as for ``running``.

    Returns:
        Two collapsed texts: of each stack the samples in which it waited, and all others.
    """
    every, ran = _by_line(stacks), _by_line(running)
    waited, others = [], []
    for path, count in _rows(stacks):
        line = path.rpartition(";")[2]
        fewer = every[line] - scale * ran[line]
        error = math.sqrt(every[line] + scale**2 * ran[line])
        waiting = round(count * fewer / every[line]) if fewer > ERRORS * error else 0
        waited.append((path, waiting))
        others.append((path, count - waiting))
    return _text(waited), _text(others)


def _rows(text: str) -> Iterator[tuple[str, int]]:
    for line in text.splitlines():
        path, _, count = line.rpartition(" ")
        yield path, int(count)


def _by_line(text: str) -> Counter[str]:
    """Samples by the innermost frame, with its line."""
    found: Counter[str] = Counter()
    for path, count in _rows(text):
        found[path.rpartition(";")[2]] += count
    return found


def _text(rows: list[tuple[str, int]]) -> str:
    return "".join(f"{path} {count}\n" for path, count in rows if count)
