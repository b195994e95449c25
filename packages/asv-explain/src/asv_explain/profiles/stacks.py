"""Sampled stacks as a tree of frames, read from the collapsed text that samplers write."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from asv_explain.profiles.profile import Counts, Indices, Seconds
from asv_explain.profiles.wire import WireError, rows, show

__all__ = [
    "Frame",
    "SampledStacks",
    "Stacks",
    "frames_from_raw",
    "read_collapsed",
    "read_frame",
]

# As py-spy writes a frame: its name, its file, and the line that runs.
_FRAME = re.compile(r"(.*) \((.*?)(?::(\d+))?\)", re.DOTALL)


class Frame(NamedTuple):
    """A function that is on a stack, and the line of it that runs."""

    name: str
    file: str
    line: int


@dataclass(frozen=True, slots=True, eq=False)
class SampledStacks:
    """The samples of R processes as one tree of N frames; parents come before their children.

    Attributes:
        frames: The different frames, F of them.
        parent: The node of the calling frame, -1 for the outermost (N,).
        frame: Which frame each node is, as an index into ``frames`` (N,).
        samples: Samples of each process in which the node's frame was the innermost (R, N).
    """

    frames: tuple[Frame, ...]
    parent: Indices
    frame: Indices
    samples: Counts


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


def read_collapsed(*texts: str) -> SampledStacks:
    """Read stacks from lines like ``outer (a.py:3);inner (b.py:7) 12``.

    Args:
        texts: One for each process.

    Raises:
        ValueError: A line does not end in a number of samples.
    """
    frames: dict[str, int] = {}
    nodes: dict[str, int] = {}
    parent: list[int] = []
    frame: list[int] = []
    ends: list[tuple[list[int], list[int]]] = []

    def node_of(path: str) -> int:
        # Most stacks share their outer frames with one that was read before.
        missing: list[str] = []
        found = nodes.get(path)
        while found is None:
            missing.append(path)
            cut = path.rfind(";")
            if cut < 0:
                found = -1
                break
            path = path[:cut]
            found = nodes.get(path)
        for longer in reversed(missing):
            own = longer[longer.rfind(";") + 1 :]
            parent.append(found)
            frame.append(frames.setdefault(own, len(frames)))
            found = nodes[longer] = len(parent) - 1
        return found

    for text in texts:
        where, counts = list[int](), list[int]()
        for line in text.split("\n"):
            path, _, count = line.rpartition(" ")
            if not path:
                continue
            if not count.isdecimal():
                raise ValueError(f"expected a number of samples at the end of {line[-60:]!r}")
            where.append(node_of(path))
            counts.append(int(count))
        ends.append((where, counts))
    samples = np.zeros((len(texts), len(parent)), np.int64)
    for row, (where, counts) in zip(samples, ends, strict=True):
        np.add.at(row, where, counts)
    return SampledStacks(
        tuple(read_frame(one) for one in frames),
        np.array(parent, np.intp),
        np.array(frame, np.intp),
        samples,
    )


def read_frame(text: str) -> Frame:
    """Read a frame as it stands in collapsed stacks; a bare name has no file."""
    found = _FRAME.fullmatch(text)
    if found is None:
        return Frame(text, "", 0)
    return Frame(found[1], found[2], int(found[3] or 0))


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
