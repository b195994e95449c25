"""One step of a tail-call loop: a graph that is being run."""

from __future__ import annotations

from typing import Any

from cascade.graph import Graph
from cascade.spec import MissingDependencyError, StepId

__all__ = ["Step"]

# In place of the outcome of a node that has not run; no task can return it.
_NONE_YET = object()


class Step:
    """What the parts of the engine need to know of the step they work on, and its outcomes so far.

    The process that runs a step has its outcomes at hand, so nobody awaits the state backend to
    read them; the backend is told them for those who look from outside.

    Attributes:
        id: names the step in the state backend.
        graph: the graph that is run.
        tail_calls: how many tail calls led here in this loop.
        path: names of the tasks above this loop, from the run's target down.
        outcomes: by position what each node came to.
        untold: by position the outcomes that the state backend has not been told yet.
        is_told: whether it has been told any.
    """

    __slots__ = ("graph", "id", "is_told", "outcomes", "path", "tail_calls", "untold")

    def __init__(self, id: StepId, graph: Graph, tail_calls: int, path: tuple[str, ...]) -> None:  # noqa: A002 - the name readers look for
        self.id = id
        self.graph = graph
        self.tail_calls = tail_calls
        self.path = path
        self.outcomes: list[Any] = [_NONE_YET] * len(graph.nodes)
        self.untold: dict[int, Any] = {}
        self.is_told = False

    def finish(self, position: int, outcome: Any) -> None:
        """Write down what the node at ``position`` came to."""
        self.outcomes[position] = outcome
        self.untold[position] = outcome

    def outcome(self, source: int, target: int) -> Any:
        """What the node at ``source`` came to, on behalf of the node at ``target``.

        Raises:
            MissingDependencyError: the node at ``source`` has not run.
        """
        outcome = self.outcomes[source]
        if outcome is _NONE_YET:
            nodes = self.graph.nodes
            raise MissingDependencyError(str(nodes[target]), str(nodes[source]))
        return outcome
