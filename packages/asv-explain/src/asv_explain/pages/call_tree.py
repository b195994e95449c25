"""Both sides' stacks as one tree, with what each path of functions took before and after."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from asv_explain.explanation import Place
from asv_explain.profiles.pair import ProfilePair
from asv_explain.profiles.profile import Function, Indices, Seconds
from asv_explain.reports.paths import merge_paths

__all__ = ["MOST_PATHS", "Node", "difference_tree"]

MOST_PATHS = 4_000
"""So many paths have a node of their own, the largest of either side; more could not be seen."""


@dataclass(frozen=True, slots=True)
class Node:
    """A function on one path of calls; all seconds are of one benchmark call.

    Attributes:
        name: qualified name; both, with an arrow, where it was renamed.
        before: where it stands before, or None if it never ran there.
        after: where it stands after, or None if it never ran there.
        calls_before: calls of the function in one benchmark call, on all paths, before; 0 where
            they were not counted.
        calls_after: the same after.
        own_before: seconds in the function itself, before.
        own_after: the same after.
        total_before: seconds in it and in all that it calls on this path, before.
        total_after: the same after.
        gone: of it and all below it, the own seconds that a path had before and no longer has.
        children: what it calls, the largest of either side first.
        paths: how many paths it stands for: more than one where small ones are added up.
    """

    name: str
    before: Place | None
    after: Place | None
    calls_before: float
    calls_after: float
    own_before: float
    own_after: float
    total_before: float
    total_after: float
    gone: float
    children: tuple[Node, ...]
    paths: int = 1

    @property
    def difference(self) -> float:
        """Seconds that the path takes more than before."""
        return self.total_after - self.total_before

    @property
    def size(self) -> float:
        """Seconds of the path on the side where it took longer."""
        return max(self.total_before, self.total_after)


# A page shows the same tree as a chart and as text.
@lru_cache(maxsize=1)
def difference_tree(pair: ProfilePair) -> tuple[Node, ...]:
    """Paths of calls from the outermost functions in, with what each took on both sides.

    Paths are those of the stacks, matched function by function; which line ran makes no
    difference, and recursion stays as it was. What of a path's callees has no node of its own
    is added up in one node beside the others. So on each side the own seconds of all nodes add up
    to those of its stacks.

    Args:
        pair: both sides, and which functions are the same.

    Returns:
        The outermost functions, the largest of either side first.
    """
    partners = {after: before for before, after in pair.same}
    first = len(pair.before.profile.functions)
    last = len(pair.after.profile.functions)
    numbers = [partners.get(index, first + index) for index in range(last)]
    found = merge_paths([(pair.before.stacks, range(first)), (pair.after.stacks, numbers)])
    before, after = found.seconds
    gone = np.maximum(before - after, 0.0)
    totals = _totals(found.parent, (before, after, gone))
    wholes = [max(float(one.sum()), 1e-300) for one in (before, after)]
    kept = _largest(np.maximum(totals[0] / wholes[0], totals[1] / wholes[1]))
    place = np.full(len(before) + 1, -1, np.intp)
    place[kept] = np.arange(len(kept))
    # The place of each node's caller; the last one stands for what calls the outermost functions.
    above = place[found.parent]
    # For the whole and each kept node, what of its callees has no node of its own.
    cut = (place[:-1] < 0) & ((found.parent < 0) | (above >= 0))
    slots = above[cut] + 1
    many = np.bincount(slots, minlength=len(kept) + 1).tolist()
    smaller = [np.bincount(slots, one[cut], len(kept) + 1).tolist() for one in totals]
    rows = zip(
        above[kept].tolist(),
        found.function[kept].tolist(),
        *(one[kept].tolist() for one in (before, after, *totals)),
        strict=True,
    )
    who = _People(pair, numbers)
    children: list[list[Node]] = [[] for _ in many]
    for index, (parent, function, *seconds) in reversed([*enumerate(rows)]):
        own_before, own_after, total_before, total_after, lost = seconds
        inner = _with_smaller(children[index + 1], many[index + 1], smaller, index + 1)
        node = Node(
            *who.told(function), own_before, own_after, total_before, total_after, lost, inner
        )
        children[parent + 1].append(node)
    return _with_smaller(children[0], many[0], smaller, 0)


def _totals(parent: Indices, own: tuple[Seconds, Seconds, Seconds]) -> list[Seconds]:
    """Own seconds of each node with those of all below it."""
    first, second, third = (one.tolist() for one in own)
    above = parent.tolist()
    for index in range(len(above) - 1, -1, -1):
        caller = above[index]
        if caller >= 0:
            first[caller] += first[index]
            second[caller] += second[index]
            third[caller] += third[index]
    return [np.array(one, np.float64) for one in (first, second, third)]


def _largest(shares: Seconds) -> Indices:
    """The nodes with the largest share of either side, callers before what they call."""
    # No callee has more than its caller, and of equals the caller comes first.
    order = np.argsort(-shares, kind="stable")[:MOST_PATHS]
    return np.sort(order[shares[order] > 0])


def _with_smaller(
    nodes: list[Node], many: int, smaller: list[list[float]], index: int
) -> tuple[Node, ...]:
    """The nodes in order, the small ones as one more."""
    before, after, gone = (one[index] for one in smaller)
    # They were found from the last one to the first.
    found = sorted(nodes, key=lambda one: one.size)[::-1]
    if before > 0 or after > 0:
        name = f"{many} smaller"
        found.append(Node(name, None, None, 0.0, 0.0, before, after, before, after, gone, (), many))
    return tuple(found)


class _People:
    """Who the functions are, by their common numbers."""

    def __init__(self, pair: ProfilePair, numbers: list[int]) -> None:
        first = len(pair.before.profile.functions)
        self._sides = (pair.before, pair.after)
        self._index = ({one: one for one in range(first)}, {n: i for i, n in enumerate(numbers)})

    def told(self, number: int) -> tuple[str, Place | None, Place | None, float, float]:
        """A function's name, its place and its calls on both sides."""
        functions: list[Function | None] = []
        calls = []
        for side, index in zip(self._sides, self._index, strict=True):
            at = index.get(number)
            functions.append(None if at is None else side.profile.functions[at])
            calls.append(0.0 if at is None else float(side.profile.calls[at]) / side.profile.number)
        names = dict.fromkeys(one.name for one in functions if one is not None)
        before, after = (None if one is None else Place(one.path, one.line) for one in functions)
        return " → ".join(names), before, after, calls[0], calls[1]
