"""Stacks as paths of functions, the lines that ran folded away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from asv_explain.profiles.profile import Indices, Seconds
from asv_explain.profiles.stacks import Stacks

__all__ = ["Paths", "merge_paths"]


@dataclass(frozen=True, slots=True, eq=False)
class Paths:
    """Paths of functions as a tree of N nodes; parents come before their children.

    Attributes:
        parent: the node of the calling function, -1 for the outermost (N,).
        function: the number of the function that a path ends with (N,).
        seconds: for each side the seconds of one benchmark call that ended there, each (N,).
    """

    parent: Indices
    function: Indices
    seconds: tuple[Seconds, ...]


def merge_paths(sides: Sequence[tuple[Stacks, Sequence[int]]]) -> Paths:
    """Put the stacks of one or several sides into one tree.

    Each side's seconds add up to those of its stacks.

    Args:
        sides: the stacks of each side, and the number of each of its functions: what has one
            number is one function.
    """
    size = max((max(numbers, default=0) for _, numbers in sides), default=0) + 1
    # Half a million nodes have whole numbers as keys: pairs would keep the collector busy.
    nodes: dict[int, int] = {}
    places = []
    for stacks, numbers in sides:
        # The last one stands for what the outermost frames are called from.
        place = [0] * len(stacks.parent) + [-1]
        numbered = np.array(numbers, np.intp)[stacks.function].tolist()
        rows = zip(stacks.parent.tolist(), numbered, strict=True)
        for index, (parent, function) in enumerate(rows):
            place[index] = nodes.setdefault(place[parent] * size + function, len(nodes))
        places.append(np.array(place[:-1], np.intp))
    parents, functions = np.divmod(np.array([*nodes], np.intp), size)
    # Without any stacks, numpy counts in whole numbers.
    seconds = [
        np.bincount(place, stacks.seconds, len(nodes)).astype(np.float64)
        for place, (stacks, _) in zip(places, sides, strict=True)
    ]
    return Paths(parents, functions, tuple(seconds))
