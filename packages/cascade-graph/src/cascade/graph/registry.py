"""Makes the nodes of a graph, and knows which lazy result became which."""

from __future__ import annotations

from typing import Any

from cascade.graph.arguments import CONTAINERS, find_lazy, replace_in
from cascade.graph.model import Nested, Node, Ref
from cascade.spec import LazyResult

__all__ = ["NodeRegistry"]


class NodeRegistry:
    """Makes nodes from lazy results."""

    def node(self, lazy: LazyResult[Any], positions: dict[int, int]) -> Node:
        """The node for ``lazy``.

        Args:
            lazy: the call.
            positions: the position of every lazy result among the arguments, by ``id``.
        """

        def template(value: Any) -> Any:
            kind = type(value)
            if kind is LazyResult:
                return Ref(positions[id(value)])
            if kind in CONTAINERS and find_lazy((value,)):
                return Nested(replace_in(value, LazyResult, template))
            return value

        constraints = lazy.constraints
        return Node(
            task=lazy.task,
            args=tuple([template(value) for value in lazy.args]),
            kwargs={name: template(value) for name, value in lazy.kwargs.items()},
            retry=constraints.retry,
            timeout=constraints.timeout,
        )
