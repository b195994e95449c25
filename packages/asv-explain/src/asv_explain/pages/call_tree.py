"""Both sides' call graphs unfolded into one tree, with what each path took before and after."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import TypeAlias

from asv_explain.explanation import Place
from asv_explain.pages.call_graph import CallGraph, Edge, call_graph
from asv_explain.profiles.pair import ProfilePair
from asv_explain.profiles.profile import Function

__all__ = ["DEEPEST", "MOST_PATHS", "SMALLEST", "Node", "difference_tree"]

SMALLEST = 1e-4
"""A path that carries less than this share of its side's time is followed only to what no larger
path reaches."""

MOST_PATHS = 4_000
"""So many paths are followed, the largest first: functions that all call each other have no end of
them."""

DEEPEST = 100
"""So many functions deep a path is followed; beyond, nobody could read the chart."""

_Path: TypeAlias = tuple[int, ...]
_Pair: TypeAlias = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Node:
    """A function on one path of calls; all seconds are of one benchmark call.

    Attributes:
        name: qualified name; both, with an arrow, where it was renamed.
        before: where it stands before, or None if it never ran there.
        after: where it stands after, or None if it never ran there.
        calls_before: calls of it on this path in one benchmark call, before.
        calls_after: the same after.
        own_before: seconds in the function itself, before.
        own_after: the same after.
        total_before: seconds in it and in all that it calls on this path, before.
        total_after: the same after.
        gone: of it and all below it, the own seconds that a path had before and no longer has.
        children: what it calls, the largest of either side first.
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

    @property
    def difference(self) -> float:
        """Seconds that the path takes more than before."""
        return self.total_after - self.total_before


@dataclass(slots=True)
class _Step:
    """A path's last function: what it carries on one side, and how often it is called there."""

    share: float = 0.0
    own: float = 0.0
    calls: float = 0.0


# A page shows the same tree as a chart and as text.
@lru_cache(maxsize=1)
def difference_tree(pair: ProfilePair) -> tuple[Node, ...]:
    """Paths of calls from the outermost functions in, with what each took on both sides.

    cProfile records who called whom and not by which path, so paths are a reconstruction. What a
    function calls divides among its own paths as its time does; its own time and its calls divide
    among its callers as cProfile measured them, and among the paths to one caller in the same
    proportion. A function that is on the path already is not entered again. A path is followed on
    both sides if it is large enough on either, so that nothing is new or gone by being cut. What
    is not followed goes to the function's other paths. So on each side the own seconds of all
    nodes add up to those of all functions.

    Args:
        pair: both sides, and which functions are the same.

    Returns:
        The outermost functions, the largest of either side first.
    """
    partners = {after: before for before, after in pair.same}
    first = len(pair.before.profile.functions)
    numbers = (
        list(range(first)),
        [partners.get(index, first + index) for index in range(len(pair.after.profile.functions))],
    )
    sides = (call_graph(pair.before, numbers[0]), call_graph(pair.after, numbers[1]))
    paths = _paths(sides)
    values = [_divided(side, paths, index) for index, side in enumerate(sides)]
    functions: list[dict[int, Function]] = [
        dict(zip(numbers[index], side.profile.functions, strict=True))
        for index, side in enumerate((pair.before, pair.after))
    ]
    return _nodes((values[0], values[1]), (functions[0], functions[1]))


def _paths(sides: tuple[CallGraph, CallGraph]) -> dict[_Path, tuple[_Step, _Step]]:
    """The paths of either side, the largest first, with what each side carries on them."""
    totals = [side.total for side in sides]
    found: dict[_Path, tuple[_Step, _Step]] = {}
    reached: tuple[set[int], set[int]] = (set(), set())
    largest: dict[tuple[int, int], float] = {}
    order = count()
    pending: list[tuple[float, int, _Path, tuple[_Step, _Step]]] = []

    def consider(
        path: _Path, edges: tuple[Edge | None, Edge | None], carried: tuple[float, float]
    ) -> None:
        """Keep in mind a path that some side goes, by the larger share of its side's time."""
        steps, sizes = (_Step(), _Step()), [0.0, 0.0]
        better = False
        for index, (side, edge, share, step) in enumerate(
            zip(sides, edges, carried, steps, strict=True)
        ):
            whole = side.cumulative.get(path[-1], 0.0)
            # With no time at all to divide, nothing is followed: paths multiply without end.
            if edge is None or share == 0 or (len(path) > 1 and min(whole, edge.cumulative) == 0):
                continue
            # Round a circle, edges may carry more than the function took.
            step.share = min(1.0, share * edge.cumulative / whole) if whole else share
            step.own = share * edge.own
            step.calls = share * edge.calls
            sizes[index] = share * edge.cumulative / totals[index] if totals[index] else 0.0
            if sizes[index] > largest.get((index, path[-1]), -1.0):
                largest[index, path[-1]] = sizes[index]
                better = True
        # Of the small paths to a function only each side's largest can be followed.
        if better or max(sizes) >= SMALLEST:
            heapq.heappush(pending, (-max(sizes), next(order), path, steps))

    for root in sorted({*sides[0].roots, *sides[1].roots}):
        consider((root,), (sides[0].roots.get(root), sides[1].roots.get(root)), (1.0, 1.0))
    while pending and len(found) < MOST_PATHS:
        size, _, path, steps = heapq.heappop(pending)
        goers = [seen for seen, step in zip(reached, steps, strict=True) if step.share]
        if -size < SMALLEST and all(path[-1] in seen for seen in goers):
            continue
        found[path] = steps
        for seen in goers:
            seen.add(path[-1])
        if len(path) == DEEPEST:
            continue
        below = [side.edges.get(path[-1], {}) for side in sides]
        for callee in {**below[0], **below[1]}:
            if callee not in path:
                consider(
                    (*path, callee),
                    (below[0].get(callee), below[1].get(callee)),
                    (steps[0].share, steps[1].share),
                )
    return found


def _divided(
    side: CallGraph, paths: dict[_Path, tuple[_Step, _Step]], index: int
) -> dict[_Path, _Pair]:
    """Own seconds and calls of one benchmark call on each path that the side goes."""
    going: dict[int, list[tuple[_Path, _Step]]] = {}
    for path, steps in paths.items():
        if steps[index].share:
            going.setdefault(path[-1], []).append((path, steps[index]))
    found: dict[_Path, _Pair] = {}
    for function, own in side.own.items():
        # What no path reaches stands by itself.
        ways = going.get(function) or [((function,), _Step(1.0, 1.0, 1.0))]
        owns = _proportions([step.own for _, step in ways], ways)
        calls = _proportions([step.calls for _, step in ways], ways)
        for (path, _), own_part, calls_part in zip(ways, owns, calls, strict=True):
            found[path] = (
                own * own_part / side.number,
                side.calls[function] * calls_part / side.number,
            )
    return found


def _proportions(weights: list[float], ways: list[tuple[_Path, _Step]]) -> list[float]:
    """The weights as parts of one, or the paths' shares where they weigh nothing."""
    total = sum(weights)
    if total <= 0:
        weights = [step.share for _, step in ways]
        total = sum(weights)
    return [weight / total for weight in weights]


def _nodes(
    values: tuple[dict[_Path, _Pair], dict[_Path, _Pair]],
    functions: tuple[dict[int, Function], dict[int, Function]],
) -> tuple[Node, ...]:
    """The paths as a tree, made from the innermost out."""
    below: dict[_Path, list[Node]] = {}
    # A path may be gone by one side alone; those who lead there are nodes all the same.
    every = {
        path[:length] for side in values for path in side for length in range(1, len(path) + 1)
    }
    for path in sorted(every, key=lambda one: (-len(one), one)):
        children = tuple(
            sorted(below.pop(path, []), key=lambda one: -max(one.total_before, one.total_after))
        )
        (own_before, calls_before), (own_after, calls_after) = (
            side.get(path, (0.0, 0.0)) for side in values
        )
        before, after = (side.get(path[-1]) for side in functions)
        below.setdefault(path[:-1], []).append(
            Node(
                _name(before, after),
                None if before is None else Place(before.path, before.line),
                None if after is None else Place(after.path, after.line),
                calls_before,
                calls_after,
                own_before,
                own_after,
                own_before + sum(child.total_before for child in children),
                own_after + sum(child.total_after for child in children),
                max(0.0, own_before - own_after) + sum(child.gone for child in children),
                children,
            )
        )
    roots = below.get((), [])
    return tuple(sorted(roots, key=lambda one: -max(one.total_before, one.total_after)))


def _name(before: Function | None, after: Function | None) -> str:
    names = [one.name for one in (before, after) if one is not None]
    return " → ".join(dict.fromkeys(names))
