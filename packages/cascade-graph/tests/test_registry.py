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


BOX: list[int] = []
OPAQUE = Opaque()


@pytest.mark.parametrize(
    "make",
    [
        lambda: source(),
        lambda: join(1, "text", None, b"bytes", key=True),
        lambda: join(source(), source(2)),
        lambda: join(BOX, OPAQUE),
        lambda: join(1).with_retry(3),
    ],
)
def test_a_call_like_one_before_has_its_node(make: Callable[[], LazyResult[Any]]) -> None:
    """The same call written down again is given the same node."""
    registry = NodeRegistry()
    assert last(registry, make()) is last(registry, make())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (1, 1.0),
        (0.0, -0.0),
        ("1", b"1"),
        ([1], [1]),
        (Opaque(), Opaque()),
        ((1,), (True,)),
    ],
)
def test_arguments_told_apart_never_share_data(one: Any, other: Any) -> None:
    """What is equal, or looks the same, but is not the same argument never replaces another."""
    registry = NodeRegistry()
    graphs = [build_graph(join(value, key=value), registry) for value in (one, other)]
    repeated = [build_graph(join(value, key=value), registry) for value in (one, other)]
    for value, graph in zip((one, other) * 2, graphs + repeated, strict=True):
        assert graph.nodes[-1].args[0] is value
        assert graph.nodes[-1].kwargs["key"] is value


def test_a_call_that_does_not_fit_is_refused_every_time() -> None:
    """A call that can't be made never becomes a node."""
    registry = NodeRegistry()
    for _ in range(2):
        with pytest.raises(ArgumentError, match="its parameters: _value"):
            build_graph(source(wrong=1), registry)
    assert len(registry) == 0
