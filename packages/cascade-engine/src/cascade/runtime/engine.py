"""The engine: the parts put together, and one method to use them."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Hashable
from typing import Any

from cascade.adapters.executors.local import LocalExecutor
from cascade.adapters.solvers.native import NativeSolver
from cascade.adapters.state.in_memory import InMemoryStateBackend
from cascade.graph import BoundedCache, NodeRegistry
from cascade.runtime.arguments import ArgumentResolver
from cascade.runtime.bus import MessageBus
from cascade.runtime.flow import FlowManager
from cascade.runtime.processor import NodeProcessor
from cascade.runtime.strategy import GraphExecutionStrategy, Run
from cascade.spec import (
    Executor,
    GraphError,
    LazyResult,
    Plan,
    RunCancelled,
    RunFailed,
    RunStarted,
    RunSucceeded,
    Skipped,
    Solver,
    StateBackend,
    TargetSkippedError,
)

__all__ = ["Engine"]


class Engine:
    """Runs lazy results; one engine serves any number of runs, also at the same time.

    Args:
        solver: decides the order of a graph's nodes; ``NativeSolver`` if left out.
        executor: makes the calls; ``LocalExecutor`` if left out.
        bus: gets the events; a bus of the engine's own if left out.
        state_backend: is told the outcomes of running steps; ``InMemoryStateBackend`` if left out.
        plan_cache_size: how many plans are remembered; with 0 every step is solved.
        registry_size: how many nodes are remembered.
        sleep: waits between the attempts of a retry policy, given seconds.
        clock: tells the time in seconds; by it long loops leave other coroutines their turn.

    Attributes:
        bus: where the events of all runs are published.
        state_backend: where the outcomes of running steps are kept.
        registry: the nodes remembered.
        plan_cache: the plans remembered.
    """

    def __init__(
        self,
        *,
        solver: Solver | None = None,
        executor: Executor | None = None,
        bus: MessageBus | None = None,
        state_backend: StateBackend | None = None,
        plan_cache_size: int = 1024,
        registry_size: int = 8192,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.bus = MessageBus() if bus is None else bus
        self.state_backend = InMemoryStateBackend() if state_backend is None else state_backend
        self.registry = NodeRegistry(registry_size)
        self.plan_cache = BoundedCache[Hashable, Plan](plan_cache_size)
        self._strategy = GraphExecutionStrategy(
            solver=NativeSolver() if solver is None else solver,
            processor=NodeProcessor(
                flow=FlowManager(),
                resolver=ArgumentResolver(),
                executor=LocalExecutor() if executor is None else executor,
                bus=self.bus,
                sleep=sleep,
            ),
            state_backend=self.state_backend,
            bus=self.bus,
            registry=self.registry,
            plan_cache=self.plan_cache,
            clock=clock,
        )

    async def run(self, target: LazyResult[Any]) -> Any:
        """What ``target`` comes to.

        Raises:
            GraphError: ``target`` is no lazy result or can't become a graph.
            TaskFailedError: a task raised; its ``__cause__`` is what the task raised.
            TargetSkippedError: ``target`` was skipped, so that there is no result.
            MissingDependencyError: the solver's plan runs a node before one it needs.
        """
        if not isinstance(target, LazyResult):
            raise GraphError(
                f"Engine.run takes a lazy result, not {type(target).__name__}: call a task first"
            )
        bus = self.bus
        run = Run(uuid.uuid4().hex)
        name = target.task.name
        if bus.wants(RunStarted):
            bus.publish(RunStarted(run.id, name))
        try:
            outcome = await self._strategy.execute(run, target)
            if type(outcome) is Skipped:
                raise TargetSkippedError(name, outcome.reason)
        except asyncio.CancelledError:
            if bus.wants(RunCancelled):
                bus.publish(RunCancelled(run.id))
            raise
        except Exception as error:
            if bus.wants(RunFailed):
                bus.publish(RunFailed(run.id, error))
            raise
        if bus.wants(RunSucceeded):
            bus.publish(RunSucceeded(run.id))
        return outcome
