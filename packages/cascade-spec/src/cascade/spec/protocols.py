"""What an engine is put together from; anything of the right shape will do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeAlias

from cascade.spec.task import Task

__all__ = [
    "Dependencies",
    "Dependency",
    "Executor",
    "Plan",
    "Skipped",
    "Solver",
    "StateBackend",
    "StepId",
]


class StepId(NamedTuple):
    """Names one step of one run.

    Attributes:
        run_id: unique among all runs of all engines.
        step: unique within the run, counted from 0.
    """

    run_id: str
    step: int


@dataclass(frozen=True, slots=True)
class Skipped:
    """Stands in place of a node's result where the node was skipped, and says why."""

    reason: str


class Dependency(Protocol):
    """One edge as a solver sees it: the node at ``target`` waits for the one at ``source``."""

    @property
    def source(self) -> int:
        """Position of the node that is waited for."""
        ...

    @property
    def target(self) -> int:
        """Position of the node that waits."""
        ...


class Dependencies(Protocol):
    """A graph as a solver sees it: nodes known by position, and who waits for whom."""

    @property
    def nodes(self) -> Sequence[object]:
        """The nodes; a solver needs no more than how many there are."""
        ...

    @property
    def edges(self) -> Sequence[Dependency]:
        """The edges, in any order."""
        ...


# Stages in the order they run, each the positions of nodes that don't wait for one another.
Plan: TypeAlias = tuple[tuple[int, ...], ...]


class Solver(Protocol):
    """Decides in which order the nodes of a graph run."""

    def solve(self, graph: Dependencies) -> Plan:
        """The stages of ``graph``; every position stands in exactly one."""
        ...


class Executor(Protocol):
    """Makes the call."""

    async def execute(self, task: Task[Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Call ``task.function`` and return what it returns; let through what it raises."""
        ...


class StateBackend(Protocol):
    """Lets others look at what the nodes of a running step came to: a result, or a ``Skipped``.

    Every answer is awaited, so that a backend may be at the other end of a network. An engine has
    the outcomes at hand and asks for none; ``get`` is for those who look at a run from outside.
    Whenever a run waits for something, the backend has been told all outcomes so far of the steps
    it is in; what nobody can come between is not told one by one.
    """

    async def put(self, step: StepId, outcomes: Mapping[int, Any]) -> None:
        """Keep outcomes, by position of the node, beside those put before for this step."""
        ...

    async def get(self, step: StepId, node: int) -> Any:
        """The outcome of a node.

        Raises:
            KeyError: none was put for this node since the step was last cleared.
        """
        ...

    async def clear(self, step: StepId) -> None:
        """Forget the whole step; a step never seen is no error."""
        ...
