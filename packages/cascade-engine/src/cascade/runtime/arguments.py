"""What a node's task is called with."""

from __future__ import annotations

from typing import Any

from cascade.graph import Nested, Ref
from cascade.graph.arguments import replace_in
from cascade.runtime.step import Step

__all__ = ["ArgumentResolver"]


class ArgumentResolver:
    """Puts the results of other nodes in their places."""

    def resolve(self, step: Step, position: int) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Positional and keyword arguments for the node's task.

        Arguments without a lazy result in them are the objects the call was written down with.

        Raises:
            MissingDependencyError: a node whose result is needed has not run.
        """

        def fill(value: Any) -> Any:
            kind = type(value)
            if kind is Ref:
                return step.outcome(value.position, position)
            if kind is Nested:
                return replace_in(value.container, Ref, fill)
            return value

        node = step.graph.nodes[position]
        args = tuple([fill(value) for value in node.args])
        kwargs = {name: fill(value) for name, value in node.kwargs.items()}
        return args, kwargs
