"""One step of a tail-call loop: a graph that is being run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cascade.graph import Graph
from cascade.spec import MissingDependencyError, StateBackend, StepId

__all__ = ["Step"]


@dataclass(frozen=True, slots=True)
class Step:
    """What the parts of the engine need to know of the step they work on.

    Attributes:
        id: names the step in the state backend.
        graph: the graph that is run.
        state: where the outcomes of its nodes are kept.
        tail_calls: how many tail calls led here in this loop.
        path: names of the tasks above this loop, from the run's target down.
    """

    id: StepId
    graph: Graph
    state: StateBackend
    tail_calls: int
    path: tuple[str, ...]

    async def outcome(self, source: int, target: int) -> Any:
        """What the node at ``source`` came to, on behalf of the node at ``target``.

        Raises:
            MissingDependencyError: the node at ``source`` has not run.
        """
        try:
            return await self.state.get(self.id, source)
        except KeyError:
            nodes = self.graph.nodes
            raise MissingDependencyError(str(nodes[target]), str(nodes[source])) from None
