"""Sampled stacks as a tree of frames, read from the collapsed text that samplers write."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from asv_explain.profiles.profile import Counts, Indices, Seconds

__all__ = ["Frame", "SampledStacks", "Stacks", "read_collapsed", "read_frame"]

# As py-spy writes a frame: its name, its file, and the line that runs.
_FRAME = re.compile(r"(.*) \((.*?)(?::(\d+))?\)", re.DOTALL)


class Frame(NamedTuple):
    """A function that is on a stack, and the line of it that runs."""

    name: str
    file: str
    line: int


@dataclass(frozen=True, slots=True, eq=False)
class SampledStacks:
    """The samples of one process as a tree of N frames; parents come before their children.

    Attributes:
        frames: The different frames, F of them.
        parent: The node of the calling frame, -1 for the outermost (N,).
        frame: Which frame each node is, as an index into ``frames`` (N,).
        samples: Samples in which the node's frame was the innermost (N,).
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


def read_collapsed(text: str) -> SampledStacks:
    """Read stacks from lines like ``outer (a.py:3);inner (b.py:7) 12``.

    Raises:
        ValueError: A line does not end in a number of samples.
    """
    frames: dict[str, int] = {}
    nodes: dict[str, int] = {}
    parent: list[int] = []
    frame: list[int] = []
    samples: list[int] = []

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
            samples.append(0)
            found = nodes[longer] = len(parent) - 1
        return found

    for line in text.splitlines():
        path, _, count = line.rpartition(" ")
        if not path:
            continue
        if not count.isdecimal():
            raise ValueError(f"expected a number of samples at the end of {line[-60:]!r}")
        samples[node_of(path)] += int(count)
    return SampledStacks(
        tuple(read_frame(one) for one in frames),
        np.array(parent, np.intp),
        np.array(frame, np.intp),
        np.array(samples, np.int64),
    )


def read_frame(text: str) -> Frame:
    """Read a frame as it stands in collapsed stacks; a bare name has no file."""
    found = _FRAME.fullmatch(text)
    if found is None:
        return Frame(text, "", 0)
    return Frame(found[1], found[2], int(found[3] or 0))
