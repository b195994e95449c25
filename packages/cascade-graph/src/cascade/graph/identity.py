"""What a graph is apart from the data in it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from cascade.graph.arguments import CONTAINERS
from cascade.graph.model import Graph, Nested, Ref
from cascade.spec import RetryPolicy, Task, TimeoutPolicy

__all__ = ["node_identity", "structural_identity"]


def structural_identity(graph: Graph) -> Hashable:
    """Equal for two graphs exactly if they differ in nothing but argument values.

    Made of each node's task and policies, of the places among its arguments where the results of
    other nodes go, and of the edges. Tasks count by object identity, so that two tasks of one name
    are never taken for one another; argument values don't count at all.
    """
    return tuple(
        [
            (
                node.identity,
                tuple([(edge.source, edge.kind.value) for edge in incoming]),
            )
            for node, incoming in zip(graph.nodes, graph.incoming, strict=True)
        ]
    )


def node_identity(
    task: Task[Any],
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    retry: RetryPolicy | None,
    timeout: TimeoutPolicy | None,
) -> Hashable:
    """What one node adds to the identity of its graph; the arguments are those of ``Node``."""
    return (
        task,
        tuple([_layout(value) for value in args]),
        tuple([(name, _layout(value)) for name, value in kwargs.items()]),
        retry,
        timeout,
    )


def _layout(value: Any) -> Hashable:
    """The position where another node's result goes, None for a value, for a container its own."""
    kind = type(value)
    if kind is Ref:
        return int(value.position)
    if kind is Nested:
        return _container_layout(value.container)
    return None


def _container_layout(value: Any) -> Hashable:
    kind = type(value)
    if kind not in CONTAINERS:
        return _layout(value)
    items = [_container_layout(item) for item in (value.values() if kind is dict else value)]
    if all(item is None for item in items):
        # Nothing goes in here: a value like any other.
        return None
    return (kind, tuple(value) if kind is dict else None, tuple(items))
