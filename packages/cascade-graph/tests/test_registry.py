"""Which calls share a node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cascade.graph import Node, NodeRegistry, build_graph
from cascade.spec import ArgumentError, LazyResult, task


@task
def source(_value: Any = None) -> int:
    return 1


@task
def join(*parts: Any, **named: Any) -> Any:
    return parts, named


def last(registry: NodeRegistry, target: LazyResult[Any]) -> Node:
    """The node that ``target`` becomes."""
    return build_graph(target, registry).nodes[-1]


class Opaque:
    """An object whose repr says nothing."""

    def __repr__(self) -> str:
        return "<opaque>"


VALUES = [1, True, 1.0, 0.0, -0.0, "1", b"1", None, [1], (1,), {"a": 1}, Opaque(), Opaque()]


@pytest.mark.parametrize(
    "make",
    [
        lambda value: source(value),
        lambda value: join(value, "text", key=value),
        lambda value: join(source(value), [value, source(2)]),
        lambda value: join(value).with_retry(3).run_if(source(value)),
    ],
)
def test_one_structure_is_one_node(make: Callable[[Any], LazyResult[Any]]) -> None:
    """Whatever the values, the structure has one node, and the registry does not grow."""
    registry = NodeRegistry()
    node = last(registry, make(0))
    size = len(registry)
    for value in VALUES:
        assert last(registry, make(value)) is node
    assert len(registry) == size


def test_data_stays_with_its_call() -> None:
    """Calls that share a node each keep the very objects they were written down with."""
    registry = NodeRegistry()
    graphs = [build_graph(join(value, key=value), registry) for value in VALUES]
    for value, graph in zip(VALUES, graphs, strict=True):
        assert graph.calls[-1].args[0] is value
        assert graph.calls[-1].kwargs["key"] is value


def test_a_full_registry_forgets_what_was_not_used_for_longest() -> None:
    """A registry never outgrows its capacity, and what it forgot is simply made again."""
    registry = NodeRegistry(capacity=3)
    for size in range(10):
        last(registry, join(*range(size)))
    assert len(registry) == 3
    kept = last(registry, join(*range(9)))
    assert last(registry, join(*range(9))) is kept


def test_a_call_that_does_not_fit_is_refused_every_time() -> None:
    """A call that can't be made never becomes a node."""
    registry = NodeRegistry()
    for _ in range(2):
        with pytest.raises(ArgumentError, match="its parameters: _value"):
            build_graph(source(wrong=1), registry)
    assert len(registry) == 0
