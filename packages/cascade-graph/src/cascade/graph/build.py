"""Builds a graph from the lazy result at its end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cascade.graph.arguments import find_lazy
from cascade.graph.model import Edge, EdgeKind, Graph, Node
from cascade.graph.registry import NodeRegistry
from cascade.spec import CycleError, LazyResult

__all__ = ["build_graph"]


def build_graph(target: LazyResult[Any], registry: NodeRegistry) -> Graph:
    """The graph of all calls that ``target`` needs, each lazy result one node.

    Works without recursion, so that a chain may be of any length.

    Args:
        target: the call whose result is wanted; it becomes the last node.
        registry: makes the nodes, or knows them from before.

    Raises:
        ArgumentError: a call's arguments don't fit its task's parameters.
        CycleError: a lazy result depends on itself.
        GraphError: an argument with lazy results in it contains itself.
    """
    nodes: list[Node] = []
    incoming: list[tuple[Edge, ...]] = []
    positions: dict[int, int] = {}
    # The calls between the target and the one being looked at, each with what it still waits for.
    path = {id(target): target}
    inputs = _inputs(target)
    stack = [(target, inputs, iter(inputs))]
    while stack:
        lazy, inputs, remaining = stack[-1]
        needed = _first_without_position(remaining, positions)
        if needed is None:
            stack.pop()
            del path[id(lazy)]
            here = positions[id(lazy)] = len(nodes)
            nodes.append(registry.node(lazy, positions))
            incoming.append(
                tuple([Edge(positions[id(source)], here, kind) for kind, source in inputs])
            )
        elif id(needed) in path:
            names = [call.task.name for call in path.values()]
            start = list(path).index(id(needed))
            raise CycleError((*names[start:], needed.task.name))
        else:
            path[id(needed)] = needed
            inputs = _inputs(needed)
            stack.append((needed, inputs, iter(inputs)))
    return Graph(tuple(nodes), tuple(incoming))


def _inputs(lazy: LazyResult[Any]) -> list[tuple[EdgeKind, LazyResult[Any]]]:
    constraints = lazy.constraints
    data = find_lazy((*lazy.args, *lazy.kwargs.values()))
    return [
        *[(EdgeKind.DATA, source) for source in data],
        *[(EdgeKind.CONDITION, source) for source in constraints.conditions],
        *[(EdgeKind.ORDER, source) for source in constraints.predecessors],
    ]


def _first_without_position(
    inputs: Iterator[tuple[EdgeKind, LazyResult[Any]]], positions: dict[int, int]
) -> LazyResult[Any] | None:
    for _, source in inputs:
        if id(source) not in positions:
            return source
    return None
