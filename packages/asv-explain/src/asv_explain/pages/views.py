"""What of the call tree is shown: three views of bounded size, and the largest branches as text."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from asv_explain.explanation import Place
from asv_explain.pages.call_tree import Node
from asv_explain.reports.text import plain, shortened

__all__ = [
    "LONGEST",
    "MOST_BRANCHES",
    "MOST_SLICES",
    "VIEWS",
    "WHOLE",
    "Branch",
    "Slice",
    "View",
    "branches",
    "slices",
]

View: TypeAlias = Literal["before", "after", "gone"]

VIEWS: tuple[View, ...] = ("before", "after", "gone")
"""The views in the order in which they are shown."""

MOST_SLICES = 600
"""So many nodes are shown in a view; the others are added up beside them."""

MOST_BRANCHES = 120
"""So many nodes are told as text."""

DEEPEST = 60
"""So many levels deep; beyond, nobody could read the list."""

NARROWEST = 1e-4
"""A node with less than this share of the view could not be seen at any zoom that anybody uses."""

SHORTEST = 5e-3
"""A node with less than this share of both sides' time is not told as text."""

LONGEST = 120
"""So many characters of a name are shown."""

WHOLE = 1_000_000_000
"""Widths are whole parts of this, so that those of children never exceed their parent's."""


@dataclass(frozen=True, slots=True)
class Slice:
    """A rectangle of a view; all seconds are of one benchmark call.

    Attributes:
        parent: index of the slice that holds it; None for the first, which stands for all.
        name: what it shows, as text: a function's name, or how many smaller ones it adds up.
        place: file and line; empty where it stands for several functions.
        before: seconds in it and what it calls, before.
        after: the same after.
        calls_before: calls of the function in one benchmark call, on all paths; None for several
            functions, and where they were not counted.
        calls_after: the same after.
        gone: of what it took before, in itself and all it calls, what its paths no longer have.
        width: of ``WHOLE``; never less than that of its children together.
    """

    parent: int | None
    name: str
    place: str
    before: float
    after: float
    calls_before: float | None
    calls_after: float | None
    gone: float
    width: int


@dataclass(frozen=True, slots=True)
class Branch:
    """A function on one path of calls, for those who read; seconds are of one benchmark call.

    Attributes:
        name: the function's, or how many smaller ones it adds up.
        place: file and line; empty where it stands for several functions.
        before: seconds in it and what it calls, before.
        after: the same after.
        difference: what of that after takes more than before.
        children: what it calls, the largest of either side first.
    """

    name: str
    place: str
    before: float
    after: float
    difference: float
    children: tuple[Branch, ...]


_WIDTH: dict[View, Callable[[Node], float]] = {
    "before": lambda node: node.total_before,
    "after": lambda node: node.total_after,
    "gone": lambda node: node.gone,
}


def slices(roots: Sequence[Node], view: View) -> tuple[Slice, ...]:
    """The view's slices, each after the one that holds it; none where the view is empty.

    The widest are kept. What one node calls besides is added up in one slice, so that nothing
    of the width is lost but what the functions themselves took.
    """
    width = _WIDTH[view]
    whole = sum(map(width, roots))
    if whole <= 0:
        return ()
    top = Slice(
        None,
        "the whole call",
        "",
        sum(one.total_before for one in roots),
        sum(one.total_after for one in roots),
        None,
        None,
        sum(one.gone for one in roots),
        0,
    )
    kept: list[Slice] = [top]
    own = [0.0]
    left: dict[int, list[Node]] = {}
    pending = [(-width(node), order, 0, node) for order, node in enumerate(roots)]
    heapq.heapify(pending)
    order = len(pending)
    while pending:
        size, _, parent, node = heapq.heappop(pending)
        if len(kept) >= MOST_SLICES or -size <= NARROWEST * whole:
            left.setdefault(parent, []).append(node)
            continue
        kept.append(_slice(node, parent))
        own.append(width(node) - sum(map(width, node.children)))
        for child in node.children:
            heapq.heappush(pending, (-width(child), order, len(kept) - 1, child))
            order += 1
    for parent, nodes in left.items():
        size = sum(map(width, nodes))
        if size > 0:
            kept.append(_smaller(nodes, parent))
            own.append(size)
    widths = [max(0, round(one / whole * WHOLE)) for one in own]
    for index in range(len(kept) - 1, 0, -1):
        widths[kept[index].parent or 0] += widths[index]
    return tuple(replace(one, width=size) for one, size in zip(kept, widths, strict=True))


def branches(roots: Sequence[Node]) -> tuple[Branch, ...]:
    """The largest branches of either side, with the smaller ones added up."""
    total = max(
        sum(one.total_before for one in roots), sum(one.total_after for one in roots), 1e-300
    )
    pending = [(-node.size, order, 1, node) for order, node in enumerate(roots)]
    heapq.heapify(pending)
    order, kept = len(pending), set[int]()
    while pending and len(kept) < MOST_BRANCHES:
        size, _, depth, node = heapq.heappop(pending)
        if -size < SHORTEST * total:
            break
        kept.add(id(node))
        for child in node.children if depth < DEEPEST else ():
            heapq.heappush(pending, (-child.size, order, depth + 1, child))
            order += 1
    return _told(roots, kept)


def _told(nodes: Sequence[Node], kept: set[int]) -> tuple[Branch, ...]:
    """Those of the nodes that are kept, and one branch for the others."""
    found = [
        Branch(
            legible(node.name),
            place(node),
            node.total_before,
            node.total_after,
            node.difference,
            _told(node.children, kept),
        )
        for node in nodes
        if id(node) in kept
    ]
    others = [node for node in nodes if id(node) not in kept and node.size > 0]
    if others:
        rest = _smaller(others, 0)
        difference = rest.after - rest.before
        found.append(Branch(rest.name, "", rest.before, rest.after, difference, ()))
    return tuple(found)


def _slice(node: Node, parent: int) -> Slice:
    counted = bool(node.calls_before or node.calls_after)
    return Slice(
        parent,
        legible(node.name),
        place(node),
        node.total_before,
        node.total_after,
        node.calls_before if counted else None,
        node.calls_after if counted else None,
        node.gone,
        0,
    )


def _smaller(nodes: Sequence[Node], parent: int) -> Slice:
    """One slice for several nodes."""
    return Slice(
        parent,
        f"{sum(node.paths for node in nodes)} smaller",
        "",
        sum(node.total_before for node in nodes),
        sum(node.total_after for node in nodes),
        None,
        None,
        sum(node.gone for node in nodes),
        0,
    )


def place(node: Node) -> str:
    """Where the function stands, on both sides if that differs; empty for C functions."""
    return " → ".join(
        dict.fromkeys(_at(one) for one in (node.before, node.after) if one is not None and one.file)
    )


def _at(one: Place) -> str:
    return f"{legible(one.file)}:{one.line}"


def legible(text: str) -> str:
    """The text without control characters, and without what is more than anybody reads."""
    return shortened(plain(text), LONGEST)
