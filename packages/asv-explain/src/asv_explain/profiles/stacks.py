"""Sampled stacks as trees of numbered frames, read from the collapsed text that samplers write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from asv_explain.profiles.profile import Counts, Indices, Seconds
from asv_explain.profiles.wire import WireError, rows, show

__all__ = [
    "NO_STACKS",
    "Frame",
    "SampledStacks",
    "Stacks",
    "frames_from_raw",
    "levels",
    "merged",
    "read_collapsed",
    "read_frame",
]

Numbers: TypeAlias = NDArray[np.int32]

# Of the samples of one stack: by then it was sampled for days.
_MOST_DIGITS = 9


class Frame(NamedTuple):
    """A function that is on a stack, and the line of it that runs."""

    name: str
    file: str
    line: int


@dataclass(frozen=True, slots=True, eq=False)
class SampledStacks:
    """The samples of R processes as one tree of N frames; parents come before their children.

    Attributes:
        frames: The different frames as the sampler writes them, "name (file:line)".
        parent: The node of the calling frame, -1 for the outermost (N,).
        frame: Which frame each node is, as an index into ``frames`` (N,).
        samples: Samples of each process in which the node's frame was the innermost (R, N); they
            may be weighted, so that a stack need not have a whole number of them.
    """

    frames: tuple[str, ...]
    parent: Numbers
    frame: Numbers
    samples: Seconds


NO_STACKS = SampledStacks(
    (), np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros((1, 0), np.float64)
)
"""Those of a process of which none were sampled."""


@dataclass(frozen=True, slots=True, eq=False)
class Stacks:
    """One side's samples as a tree of N frames; parents come before their children.

    Attributes:
        parent: The node of the calling frame, -1 for the outermost (N,).
        function: The frame's function, as an index into its profile's functions (N,).
        line: The line of the function that runs, 0 where unknown (N,).
        samples: Samples in which the node's frame was the innermost (N,).
        seconds: The same as seconds of one benchmark call (N,).
    """

    parent: Indices
    function: Indices
    line: Counts
    samples: Counts
    seconds: Seconds


def read_collapsed(lines: Iterable[str]) -> SampledStacks:
    """Read one process's stacks from lines like ``outer (a.py:3);inner (b.py:7) 12``.

    Lines that do not end in a number of samples are left out.
    """
    numbers: dict[str, int] = {}
    parent: list[int] = []
    frame: list[int] = []
    where: list[int] = []
    counts: list[int] = []
    # The stack read last: its nodes, and its text up to and with each of them.
    nodes, starts = [-1], [""]
    # In order, a stack stands beside those that it shares most of its outer frames with.
    for line in sorted(lines):
        end = line.rfind(" ")
        count = line[end + 1 :]
        if end <= 0 or not count.isdecimal() or len(count) > _MOST_DIGITS:
            continue
        path = line[:end] + ";"
        while not path.startswith(starts[-1]):
            nodes.pop()
            starts.pop()
        read, node = len(starts[-1]), nodes[-1]
        if read < len(path):
            for one in path[read:-1].split(";"):
                parent.append(node)
                node = len(frame)
                frame.append(numbers.setdefault(one, len(numbers)))
                read += len(one) + 1
                nodes.append(node)
                starts.append(path[:read])
        where.append(node)
        counts.append(int(count))
    return SampledStacks(
        tuple(numbers),
        np.array(parent, np.int32),
        np.array(frame, np.int32),
        np.bincount(where, counts, len(frame)).astype(np.float64)[None],
    )


def merged(rounds: Sequence[SampledStacks]) -> SampledStacks:
    """Put the stacks of processes into one tree, in which equal stacks are one."""
    numbers: dict[str, int] = {}
    parents, frames, size = [], [], 0
    for one in rounds:
        known = [numbers.setdefault(text, len(numbers)) for text in one.frames]
        frames.append(np.array(known, np.intp)[one.frame])
        parents.append(np.where(one.parent < 0, -1, one.parent + np.intp(size)))
        size += len(one.parent)
    parent, frame = np.concatenate(parents), np.concatenate(frames)
    # The node of each in the one tree; that of no caller stands last.
    place = np.full(size + 1, -1)
    keys, found = [], 0
    for level in levels(parent):
        every, index = np.unique(
            (place[parent[level]] + 1) * len(numbers) + frame[level], return_inverse=True
        )
        place[level] = found + index
        found += len(every)
        keys.append(every)
    key = np.concatenate(keys) if keys else np.zeros(0, np.intp)
    ends = np.split(place[:-1], np.cumsum([len(one.parent) for one in rounds])[:-1])
    samples = [
        np.bincount(where, row, found).astype(np.float64)
        for where, one in zip(ends, rounds, strict=True)
        for row in one.samples
    ]
    return SampledStacks(
        tuple(numbers),
        (key // max(len(numbers), 1) - 1).astype(np.int32),
        (key % max(len(numbers), 1)).astype(np.int32),
        np.array(samples),
    )


def levels(parent: Indices) -> list[Indices]:
    """The nodes of a tree by how many are above them, the outermost first.

    Args:
        parent: The node above each, -1 where there is none.
    """
    above = parent
    depth = (above >= 0).astype(np.int32)
    # The depth so far is the way to a node above; that node's own doubles it.
    while (inner := above >= 0).any():
        depth += np.where(inner, depth[above], 0)
        above = np.where(inner, above[above], -1)
    order = np.argsort(depth, kind="stable").astype(np.intp)
    return np.split(order, np.cumsum(np.bincount(depth))[:-1]) if len(order) else []


def read_frame(text: str) -> Frame:
    """Read a frame from "name (file:line)", as py-spy writes it; a bare name has no file."""
    name, found, place = text.removesuffix(")").rpartition(" (")
    if not found or not text.endswith(")"):
        return Frame(text, "", 0)
    file, found, line = place.rpartition(":")
    return Frame(name, file, int(line)) if found and line.isdecimal() else Frame(name, place, 0)


def frames_from_raw(raw: Mapping[str, Any], functions: int) -> dict[Frame, int]:
    """Read which function each sampled frame is, as the harness wrote it beside a profile.

    Args:
        raw: The raw profile.
        functions: How many functions it has.

    Raises:
        WireError: A row is not a name, a file, a line and the index of a function.
    """
    every = rows(raw, "frames") if "frames" in raw else []
    # Checked column by column, as there are many; where some row is wrong, the loop tells which.
    if every and {*map(type, every)} == {list} and {*map(len, every)} == {4}:
        names, files, lines, indices = zip(*every, strict=True)
        texts, whole = {*map(type, names), *map(type, files)}, {*map(type, lines + indices)}
        if texts == {str} and whole == {int} and min(indices) >= 0 and max(indices) < functions:
            return dict(zip(map(Frame, names, files, lines), indices, strict=True))
    found: dict[Frame, int] = {}
    for number, row in enumerate(every):
        if not isinstance(row, list) or [*map(type, row)] != [str, str, int, int]:
            raise WireError(f"frames[{number}]", f"expected a frame, got {show(row)}")
        name, file, line, index = row
        if not 0 <= index < functions:
            raise WireError(f"frames[{number}]", f"expected one of {functions}, got {index}")
        found[Frame(name, file, line)] = index
    return found
