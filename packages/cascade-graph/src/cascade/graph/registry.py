"""Interns nodes: one for each structure a call can have."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Iterator
from typing import Any

from cascade.graph.arguments import CONTAINERS, find_lazy, replace_in
from cascade.graph.bounded import BoundedCache
from cascade.graph.identity import Layout, layout
from cascade.graph.model import EdgeKind, Input, Nested, Node, Ref
from cascade.spec import UNCONSTRAINED, ArgumentError, LazyResult

__all__ = ["NodeRegistry"]


class NodeRegistry:
    """Nodes by structure; ``len`` is the number of nodes kept.

    A registry that lives as long as its engine spares every step the nodes that an earlier one
    made: arguments are checked once for each structure, whatever their values are later.

    Args:
        capacity: how many nodes are kept at the most; those not used for longest go first.
    """

    def __init__(self, capacity: int = 8192) -> None:
        self._nodes: BoundedCache[Hashable, Node] = BoundedCache(capacity)

    def node(self, lazy: LazyResult[Any], positions: dict[int, int]) -> Node:
        """The node for the structure of ``lazy``.

        Args:
            lazy: the call, its containers with lazy results replaced by ``Nested``.
            positions: the position of every lazy result it needs, by ``id``.

        Raises:
            ArgumentError: the arguments don't fit the task's parameters.
        """
        args = tuple([layout(value, positions) for value in lazy.args])
        kwargs: tuple[tuple[str, Layout], ...] = ()
        if lazy.kwargs:
            kwargs = tuple(
                [(name, layout(value, positions)) for name, value in lazy.kwargs.items()]
            )
        constraints = lazy.constraints
        key: tuple[Hashable, ...] = (lazy.task, args, kwargs)
        if constraints is not UNCONSTRAINED:
            key = (
                *key,
                constraints.retry,
                constraints.timeout,
                tuple([positions[id(condition)] for condition in constraints.conditions]),
                tuple([positions[id(other)] for other in constraints.predecessors]),
            )
        node = self._nodes.get(key)
        if node is None:
            _check(lazy)
            node = _make(lazy, args, kwargs, positions)
            self._nodes.put(key, node)
        return node

    def __len__(self) -> int:
        return len(self._nodes)


def with_nested(lazy: LazyResult[Any], positions: dict[int, int]) -> LazyResult[Any]:
    """The same call with ``Nested`` in place of each container that has lazy results inside."""

    def nested(value: Any) -> Any:
        if type(value) in CONTAINERS and find_lazy((value,)):
            return Nested(replace_in(value, LazyResult, ref))
        return value

    def ref(inner: LazyResult[Any]) -> Ref:
        return Ref(positions[id(inner)])

    return dataclasses.replace(
        lazy,
        args=tuple([nested(value) for value in lazy.args]),
        kwargs={name: nested(value) for name, value in lazy.kwargs.items()},
    )


def _make(
    lazy: LazyResult[Any],
    args: tuple[Layout, ...],
    kwargs: tuple[tuple[str, Layout], ...],
    positions: dict[int, int],
) -> Node:
    layouts = [*args, *[place for _, place in kwargs]]
    data = [source for place in layouts for source in _sources(place)]
    constraints = lazy.constraints
    inputs = [
        *[Input(source, EdgeKind.DATA) for source in data],
        *[Input(positions[id(lazy)], EdgeKind.CONDITION) for lazy in constraints.conditions],
        *[Input(positions[id(lazy)], EdgeKind.ORDER) for lazy in constraints.predecessors],
    ]
    return Node(
        task=lazy.task,
        retry=constraints.retry,
        timeout=constraints.timeout,
        may_wait=lazy.task.may_wait or constraints.retry is not None,
        inputs=tuple(dict.fromkeys(inputs)),
        arg_refs=tuple((i, place) for i, place in enumerate(args) if isinstance(place, int)),
        kwarg_refs=tuple((name, place) for name, place in kwargs if isinstance(place, int)),
        nested_args=tuple(i for i, place in enumerate(args) if isinstance(place, tuple)),
        nested_kwargs=tuple(name for name, place in kwargs if isinstance(place, tuple)),
    )


def _sources(place: Layout) -> Iterator[int]:
    if isinstance(place, int):
        yield place
    elif place is not None:
        _, _, items = place
        for item in items:
            yield from _sources(item)


def _check(lazy: LazyResult[Any]) -> None:
    signature = lazy.task.signature
    try:
        signature.bind(*lazy.args, **lazy.kwargs)
    except TypeError as error:
        raise ArgumentError(lazy.task.name, str(error), tuple(signature.parameters)) from None
