"""Builds a graph from the lazy result at its end."""

from __future__ import annotations

from typing import Any

from cascade.graph.arguments import CONTAINERS, find_lazy
from cascade.graph.model import Graph, Node
from cascade.graph.registry import NodeRegistry, with_nested
from cascade.spec import UNCONSTRAINED, CycleError, LazyResult

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
    calls: list[LazyResult[Any]] = []
    positions: dict[int, int] = {}
    # The calls between the target and the one on top of the stack, each with whether it has lazy
    # results inside containers.
    waiting: dict[int, tuple[LazyResult[Any], bool]] = {}
    stack = [target]
    while stack:
        lazy = stack[-1]
        key = id(lazy)
        if key in positions:
            # Another call needed it too and came first.
            stack.pop()
            continue
        if key not in waiting:
            inputs, has_nested = _inputs(lazy)
            waiting[key] = (lazy, has_nested)
            missing = [source for source in inputs if id(source) not in positions]
            if missing:
                for source in missing:
                    if id(source) in waiting:
                        raise _cycle(waiting, source)
                missing.reverse()
                stack += missing
                continue
        stack.pop()
        _, has_nested = waiting.pop(key)
        call = with_nested(lazy, positions) if has_nested else lazy
        nodes.append(registry.node(call, positions))
        positions[key] = len(calls)
        calls.append(call)
    return Graph(tuple(nodes), tuple(calls))


def _inputs(lazy: LazyResult[Any]) -> tuple[list[LazyResult[Any]], bool]:
    """All lazy results that ``lazy`` needs, and whether any stands inside a container."""
    inputs: list[LazyResult[Any]] = []
    has_nested = False
    for values in (lazy.args, lazy.kwargs.values()) if lazy.kwargs else (lazy.args,):
        for value in values:
            kind = type(value)
            if kind is LazyResult:
                inputs.append(value)
            elif kind in CONTAINERS:
                inside = find_lazy((value,))
                inputs += inside
                has_nested = has_nested or bool(inside)
    constraints = lazy.constraints
    if constraints is not UNCONSTRAINED:
        inputs += constraints.conditions
        inputs += constraints.predecessors
    return inputs, has_nested


def _cycle(waiting: dict[int, tuple[LazyResult[Any], bool]], source: LazyResult[Any]) -> CycleError:
    names = [lazy.task.name for lazy, _ in waiting.values()]
    start = list(waiting).index(id(source))
    return CycleError((*names[start:], source.task.name))
