"""What a node's task is called with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cascade.graph import Ref
from cascade.graph.arguments import replace_in
from cascade.runtime.step import Step

__all__ = ["ArgumentResolver"]


class ArgumentResolver:
    """Puts the results of other nodes in their places."""

    def resolve(self, step: Step, position: int) -> tuple[Sequence[Any], Mapping[str, Any]]:
        """Positional and keyword arguments for the node's task.

        Arguments without a lazy result in them are the objects the call was written down with.

        Raises:
            MissingDependencyError: a node whose result is needed has not run.
        """
        node = step.graph.nodes[position]
        call = step.graph.calls[position]
        if not node.inputs:
            return call.args, call.kwargs

        args = list(call.args)
        for index, source in node.arg_refs:
            args[index] = step.outcome(source, position)
        kwargs = call.kwargs
        if node.kwarg_refs:
            kwargs = {**kwargs}
            for name, source in node.kwarg_refs:
                kwargs[name] = step.outcome(source, position)
        if node.nested_args or node.nested_kwargs:
            kwargs = _fill_containers(step, position, args, kwargs)
        return args, kwargs


def _fill_containers(
    step: Step, position: int, args: list[Any], kwargs: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Fill the containers in ``args`` where it stands, those in ``kwargs`` in a copy."""

    def fill(ref: Ref) -> Any:
        return step.outcome(ref.position, position)

    node = step.graph.nodes[position]
    for index in node.nested_args:
        args[index] = replace_in(args[index].container, Ref, fill)
    filled = {name: replace_in(kwargs[name].container, Ref, fill) for name in node.nested_kwargs}
    return {**kwargs, **filled}
