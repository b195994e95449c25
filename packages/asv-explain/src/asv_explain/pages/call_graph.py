"""One side's call graph over functions that are numbered alike on both."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from asv_explain.profiles.pair import ProfileSide
from asv_explain.profiles.profile import Seconds

__all__ = ["CallGraph", "Edge", "call_graph"]


@dataclass(frozen=True, slots=True)
class Edge:
    """What one function called of another, on one side."""

    calls: float
    own: float
    cumulative: float


@dataclass(slots=True)
class CallGraph:
    """One side's call graph over the functions of both, by their common numbers.

    Attributes:
        number: benchmark calls in it.
        own: corrected seconds of each function.
        calls: calls of each function.
        cumulative: seconds of each function and what it calls, as profiled.
        edges: by caller, then by callee.
        roots: what nobody called, with what it carries like the call of a function.
    """

    number: int
    own: dict[int, float]
    calls: dict[int, float]
    cumulative: dict[int, float]
    edges: dict[int, dict[int, Edge]] = field(default_factory=dict)
    roots: dict[int, Edge] = field(default_factory=dict)

    @property
    def total(self) -> float:
        """Seconds of all functions."""
        return sum(self.own.values())


def call_graph(side: ProfileSide, numbers: list[int]) -> CallGraph:
    """One side's call graph; functions with one number are added up.

    Args:
        side: its profile with the corrected times.
        numbers: the common number of each of its functions.
    """
    profile = side.profile
    found = CallGraph(
        profile.number,
        _added(numbers, side.own),
        _added(numbers, profile.calls.astype(np.float64)),
        _added(numbers, profile.cumulative),
    )
    rows = zip(
        profile.caller.tolist(),
        profile.callee.tolist(),
        profile.edge_calls.tolist(),
        side.edge_own.tolist(),
        profile.edge_cumulative.tolist(),
        strict=True,
    )
    called = set()
    for caller, callee, calls, own, cumulative in rows:
        if numbers[caller] == numbers[callee]:
            continue
        edges = found.edges.setdefault(numbers[caller], {})
        old = edges.get(numbers[callee], Edge(0.0, 0.0, 0.0))
        edges[numbers[callee]] = Edge(old.calls + calls, old.own + own, old.cumulative + cumulative)
        called.add(numbers[callee])
    roots = [one for one in found.own if one not in called]
    if not roots and found.own:
        # All were called, so the calls go round in a circle; it is entered where it took longest.
        roots = [max(found.own, key=lambda one: found.cumulative[one])]
    for root in roots:
        found.roots[root] = Edge(found.calls[root], found.own[root], found.cumulative[root])
    return found


def _added(numbers: list[int], values: Seconds) -> dict[int, float]:
    """Values by number of function."""
    found = dict.fromkeys(numbers, 0.0)
    for number, value in zip(numbers, values.tolist(), strict=True):
        found[number] += value
    return found
