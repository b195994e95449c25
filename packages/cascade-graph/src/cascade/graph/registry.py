"""Interns nodes: a call like one seen before is given the node that was made then."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from cascade.graph.arguments import CONTAINERS, find_lazy, replace_in
from cascade.graph.identity import node_identity
from cascade.graph.model import Nested, Node, Ref
from cascade.spec import ArgumentError, LazyResult

__all__ = ["NodeRegistry"]

# Values of exactly these types are the same argument whenever they are equal.
_COMPARED_BY_VALUE = frozenset({type(None), bool, int, str, bytes, Ref})


class NodeRegistry:
    """Nodes by what they are made of; ``len`` is the number of nodes kept.

    A registry that lives as long as its engine spares every step the nodes that an earlier one
    made: their arguments are checked, and their part of the structural identity is found, once.
    """

    def __init__(self) -> None:
        self._nodes: dict[Hashable, Node] = {}

    def node(self, lazy: LazyResult[Any], positions: dict[int, int]) -> Node:
        """The node for ``lazy``.

        Args:
            lazy: the call.
            positions: the position of every lazy result among the arguments, by ``id``.

        Raises:
            ArgumentError: the arguments don't fit the task's parameters.
        """

        def template(value: Any) -> Any:
            kind = type(value)
            if kind is LazyResult:
                return Ref(positions[id(value)])
            if kind in CONTAINERS and find_lazy((value,)):
                return Nested(replace_in(value, LazyResult, template))
            return value

        args = tuple([template(value) for value in lazy.args])
        kwargs = {name: template(value) for name, value in lazy.kwargs.items()}
        retry, timeout = lazy.constraints.retry, lazy.constraints.timeout
        key = (
            lazy.task,
            tuple([_key(value) for value in args]),
            tuple([(name, _key(value)) for name, value in kwargs.items()]),
            retry,
            timeout,
        )
        node = self._nodes.get(key)
        if node is None:
            _check(lazy)
            identity = node_identity(lazy.task, args, kwargs, retry, timeout)
            node = Node(lazy.task, args, kwargs, retry, timeout, identity)
            self._nodes[key] = node
        return node

    def __len__(self) -> int:
        return len(self._nodes)


class _Same:
    """Equal to another exactly if both hold one and the same object."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.value is other.value

    def __hash__(self) -> int:
        return id(self.value)


def _key(value: Any) -> Hashable:
    kind = type(value)
    if kind in _COMPARED_BY_VALUE:
        # With its type, as 1 and True are equal; floats are not among these, as 0.0 and -0.0 are.
        return (kind, value)
    return _Same(value)


def _check(lazy: LazyResult[Any]) -> None:
    signature = lazy.task.signature
    try:
        signature.bind(*lazy.args, **lazy.kwargs)
    except TypeError as error:
        raise ArgumentError(lazy.task.name, str(error), tuple(signature.parameters)) from None
