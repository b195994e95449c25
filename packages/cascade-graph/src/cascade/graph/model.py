"""The values a graph is made of: nodes, and the edges along which they wait for one another."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from cascade.spec import RetryPolicy, Task, TimeoutPolicy

__all__ = ["Edge", "EdgeKind", "Graph", "Nested", "Node", "Ref"]


class EdgeKind(Enum):
    """Why one node waits for another."""

    DATA = "data"
    CONDITION = "condition"
    ORDER = "order"


@dataclass(frozen=True, slots=True)
class Edge:
    """The node at position ``target`` waits for the node at position ``source``."""

    source: int
    target: int
    kind: EdgeKind


@dataclass(frozen=True, slots=True)
class Ref:
    """Stands among a node's arguments where the result of the node at ``position`` goes."""

    position: int


@dataclass(frozen=True, slots=True)
class Nested:
    """An argument that is a list, tuple or dict with a ``Ref`` somewhere inside."""

    container: Any


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One call in a graph, its lazy arguments replaced by ``Ref`` and ``Nested``.

    Attributes:
        identity: what the node adds to the structural identity of its graph.
    """

    task: Task[Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    retry: RetryPolicy | None
    timeout: TimeoutPolicy | None
    identity: Hashable

    def __str__(self) -> str:
        return self.task.name


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """Nodes known by their position; every node comes after those it waits for, the target last.

    Attributes:
        nodes: the nodes by position.
        incoming: for each position the edges that end there.
    """

    nodes: tuple[Node, ...]
    incoming: tuple[tuple[Edge, ...], ...]

    @property
    def edges(self) -> tuple[Edge, ...]:
        """All edges, by the position of their target."""
        return tuple(edge for edges in self.incoming for edge in edges)

    def path_to(self, position: int) -> tuple[str, ...]:
        """Task names on a shortest way from the target down to the node at ``position``."""
        target = len(self.nodes) - 1
        came_from = {target: target}
        queue = deque([target])
        while position not in came_from:
            here = queue.popleft()
            for edge in self.incoming[here]:
                if edge.source not in came_from:
                    came_from[edge.source] = here
                    queue.append(edge.source)
        names = [str(self.nodes[position])]
        while position != target:
            position = came_from[position]
            names.append(str(self.nodes[position]))
        return tuple(reversed(names))
