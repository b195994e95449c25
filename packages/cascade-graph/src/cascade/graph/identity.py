"""What a graph is apart from the data in it."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, TypeAlias

from cascade.graph.arguments import CONTAINERS
from cascade.graph.model import Graph, Nested, Ref
from cascade.spec import LazyResult

__all__ = ["Layout", "layout", "structural_identity"]

# None for a value, an int for the position of the node whose result goes there, and for a container
# with such a place inside a tuple of its type, its keys and the layouts of its items.
Layout: TypeAlias = int | tuple[Any, ...] | None


def structural_identity(graph: Graph) -> Hashable:
    """Equal for two graphs of one registry exactly if they differ in nothing but argument values.

    It is the tuple of the graph's nodes: the registry makes one node for each task, policies,
    places among the arguments where the results of other nodes go, and edges. Tasks count by object
    identity, so that two tasks of one name are never taken for one another; argument values are not
    in the nodes at all.
    """
    return graph.nodes


def layout(value: Any, positions: dict[int, int]) -> Layout:
    """Where in an argument the results of other nodes go.

    Args:
        value: the argument.
        positions: the position of every lazy result in it, by ``id``.
    """
    kind = type(value)
    if kind is LazyResult:
        return positions[id(value)]
    return _container_layout(value.container) if kind is Nested else None


def _container_layout(value: Any) -> Layout:
    kind = type(value)
    if kind is Ref:
        return int(value.position)
    if kind not in CONTAINERS:
        return None
    items = [_container_layout(item) for item in (value.values() if kind is dict else value)]
    if all(item is None for item in items):
        # Nothing goes in here: a value like any other.
        return None
    return (kind, tuple(value) if kind is dict else None, tuple(items))
