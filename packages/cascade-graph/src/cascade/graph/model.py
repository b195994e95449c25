"""The values a graph is made of: the structure of its calls, and beside it their data."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

from cascade.spec import LazyResult, RetryPolicy, Task, TimeoutPolicy

__all__ = ["Edge", "EdgeKind", "Graph", "Input", "Nested", "Node", "Ref"]


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


class Input(NamedTuple):
    """One edge as seen from the node where it ends."""

    source: int
    kind: EdgeKind


@dataclass(frozen=True, slots=True)
class Ref:
    """Stands inside a container where the result of the node at ``position`` goes."""

    position: int


@dataclass(frozen=True, slots=True)
class Nested:
    """An argument that is a list, tuple or dict with a ``Ref`` somewhere inside."""

    container: Any


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """The structure of one call: all there is to it but its data.

    Made by a ``NodeRegistry``, which makes one node for each structure; two nodes of one registry
    are alike only if they are the same object.

    Attributes:
        task: what is called.
        retry: what to do when the task raises.
        timeout: how long one attempt may take.
        may_wait: whether the run can give up control between the start of the call and its end.
        inputs: the nodes this one waits for, each with the reason.
        arg_refs: index of a positional argument, and position of the node whose result it is.
        kwarg_refs: the same for keyword arguments, by name.
        nested_args: indices of the positional arguments that are ``Nested``.
        nested_kwargs: names of the keyword arguments that are ``Nested``.
    """

    task: Task[Any]
    retry: RetryPolicy | None
    timeout: TimeoutPolicy | None
    may_wait: bool
    inputs: tuple[Input, ...]
    arg_refs: tuple[tuple[int, int], ...]
    kwarg_refs: tuple[tuple[str, int], ...]
    nested_args: tuple[int, ...]
    nested_kwargs: tuple[str, ...]

    def __str__(self) -> str:
        return self.task.name


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """Calls known by their position; every call comes after those it waits for, the target last.

    Attributes:
        nodes: the structure of each call.
        calls: the data of each call, its containers with lazy results replaced by ``Nested``.
    """

    nodes: tuple[Node, ...]
    calls: tuple[LazyResult[Any], ...]

    @property
    def edges(self) -> tuple[Edge, ...]:
        """All edges, by the position of their target."""
        return tuple(
            Edge(source, target, kind)
            for target, node in enumerate(self.nodes)
            for source, kind in node.inputs
        )

    def path_to(self, position: int) -> tuple[str, ...]:
        """Task names on a shortest way from the target down to the node at ``position``."""
        target = len(self.nodes) - 1
        came_from = {target: target}
        queue = deque([target])
        while position not in came_from:
            here = queue.popleft()
            for source, _ in self.nodes[here].inputs:
                if source not in came_from:
                    came_from[source] = here
                    queue.append(source)
        names = [str(self.nodes[position])]
        while position != target:
            position = came_from[position]
            names.append(str(self.nodes[position]))
        return tuple(reversed(names))
