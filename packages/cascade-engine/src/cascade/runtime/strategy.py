"""Runs a target to its end: one graph after another, as long as tasks make tail calls."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any

from cascade.graph import BoundedCache, Graph, NodeRegistry, build_graph, structural_identity
from cascade.runtime.bus import MessageBus
from cascade.runtime.processor import NodeProcessor
from cascade.runtime.step import Step
from cascade.spec import LazyResult, Plan, Solver, StateBackend, StepId, TailCalled

__all__ = ["TIME_SLICE", "GraphExecutionStrategy", "Run"]

# Seconds for which a tail-call loop may keep the event loop to itself. A turn for the others costs
# more than a step of a small graph does, so it is not given at every step.
TIME_SLICE = 0.005


@dataclass(frozen=True, slots=True)
class Run:
    """One call of ``Engine.run``: its name, and the numbers for its steps."""

    id: str
    numbers: Iterator[int] = field(default_factory=itertools.count)


class GraphExecutionStrategy:
    """The tail-call loop.

    Args:
        solver: puts the nodes of a graph in order.
        processor: runs one node.
        state_backend: is told the outcomes of a step while it runs.
        bus: gets the events.
        registry: makes nodes, and knows those of earlier steps.
        plan_cache: remembers plans, so that a step of known structure is not solved again.
        clock: tells the time in seconds, from any start.
    """

    def __init__(
        self,
        *,
        solver: Solver,
        processor: NodeProcessor,
        state_backend: StateBackend,
        bus: MessageBus,
        registry: NodeRegistry,
        plan_cache: BoundedCache[Hashable, Plan],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._solver = solver
        self._processor = processor
        self._state = state_backend
        self._bus = bus
        self._registry = registry
        self._plans = plan_cache
        self._clock = clock

    async def execute(
        self,
        run: Run,
        target: LazyResult[Any],
        *,
        path: tuple[str, ...] = (),
        tail_calls: int = 0,
    ) -> Any:
        """What ``target`` comes to once no task makes a tail call any more, or a ``Skipped``.

        Args:
            run: the run this belongs to.
            target: the first call.
            path: names of the tasks above ``target``.
            tail_calls: how many tail calls led to ``target``.
        """
        turn_ends = self._clock() + TIME_SLICE
        while True:
            graph = build_graph(target, self._registry)
            number = next(run.numbers)
            if tail_calls and self._bus.wants(TailCalled):
                self._bus.publish(TailCalled(run.id, number, target.task.name))
            step = Step(StepId(run.id, number), graph, tail_calls, path)
            outcome = await self._execute_step(run, step)
            if type(outcome) is not LazyResult:
                return outcome
            target = outcome
            tail_calls += 1
            if self._clock() >= turn_ends:
                await asyncio.sleep(0)
                turn_ends = self._clock() + TIME_SLICE

    async def _execute_step(self, run: Run, step: Step) -> Any:
        plan, known = self._plan(step.graph)
        if known and len(plan) == 1 and len(plan[0]) == 1:
            return await self._execute_hot_node(step)
        try:
            await self._execute_plan(run, step, plan)
            target = len(step.graph.nodes) - 1
            return step.outcome(target, target)
        finally:
            if step.is_told:
                await self._state.clear(step.id)

    async def _execute_hot_node(self, step: Step) -> Any:
        """Run a step whose one node is its target.

        No other node will ask for the outcome, so it doesn't pass through the state backend.
        """
        return await self._processor.process(step, 0)

    def _plan(self, graph: Graph) -> tuple[Plan, bool]:
        """The plan for ``graph``, and whether it was known before."""
        if not self._plans.capacity:
            return self._solver.solve(graph), False
        identity = structural_identity(graph)
        plan = self._plans.get(identity)
        if plan is not None:
            return plan, True
        plan = self._solver.solve(graph)
        self._plans.put(identity, plan)
        return plan, False

    async def _execute_plan(self, run: Run, step: Step, plan: Plan) -> None:
        nodes = step.graph.nodes
        for stage in plan:
            if len(stage) > 1:
                await self._execute_together(run, step, stage)
                continue
            (position,) = stage
            if nodes[position].may_wait:
                await self._tell(step)
            await self._execute_node(run, step, position)

    async def _tell(self, step: Step) -> None:
        """Bring the state backend up to date: somebody may look while the run waits."""
        if step.untold:
            outcomes, step.untold = step.untold, {}
            step.is_told = True
            await self._state.put(step.id, outcomes)

    async def _execute_together(self, run: Run, step: Step, stage: tuple[int, ...]) -> None:
        await self._tell(step)
        tasks = [asyncio.create_task(self._execute_one(run, step, position)) for position in stage]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            # One after the other by position: asyncio.TaskGroup cancels in no particular order,
            # and what a run publishes would differ from one run to the next.
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in tasks:
            if task in done:
                task.result()

    async def _execute_one(self, run: Run, step: Step, position: int) -> None:
        await self._execute_node(run, step, position)
        # Its siblings may still be waiting.
        await self._tell(step)

    async def _execute_node(self, run: Run, step: Step, position: int) -> None:
        outcome = await self._processor.process(step, position)
        if type(outcome) is LazyResult and not _is_target(step.graph, position):
            await self._tell(step)
            # In a task of its own, so that calls nested by the thousand don't exhaust the stack.
            path = (*step.path, *step.graph.path_to(position))
            outcome = await asyncio.create_task(self.execute(run, outcome, path=path, tail_calls=1))
        step.finish(position, outcome)


def _is_target(graph: Graph, position: int) -> bool:
    return position == len(graph.nodes) - 1
