"""Takes one node from its inputs to its outcome: skip check, arguments, policies, events."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from cascade.graph import Node
from cascade.runtime.arguments import ArgumentResolver
from cascade.runtime.bus import MessageBus
from cascade.runtime.flow import FlowManager
from cascade.runtime.step import Step
from cascade.spec import (
    Executor,
    NodeCancelled,
    NodeFailed,
    NodeRetried,
    NodeSkipped,
    NodeStarted,
    NodeSucceeded,
    Skipped,
    TaskFailedError,
    TaskTimeoutError,
)

__all__ = ["NodeProcessor"]


class NodeProcessor:
    """Runs one node and publishes what happens to it.

    Args:
        flow: decides whether the node runs.
        resolver: finds its arguments.
        executor: makes the call.
        bus: gets the events.
        sleep: waits between attempts, given seconds.
    """

    def __init__(
        self,
        *,
        flow: FlowManager,
        resolver: ArgumentResolver,
        executor: Executor,
        bus: MessageBus,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._flow = flow
        self._resolver = resolver
        self._executor = executor
        self._bus = bus
        self._sleep = sleep

    async def process(self, step: Step, position: int) -> Any:
        """What the node's task returns, or a ``Skipped``.

        Raises:
            TaskFailedError: the task raised, and is not tried again.
            MissingDependencyError: a node that this one waits for has not run.
        """
        node = step.graph.nodes[position]
        bus = self._bus
        run_id, number = step.id
        name = node.task.name
        reason = self._flow.should_skip(step, position)
        if reason is not None:
            if bus.wants(NodeSkipped):
                bus.publish(NodeSkipped(run_id, number, position, name, reason))
            return Skipped(reason)
        args, kwargs = self._resolver.resolve(step, position)
        if bus.wants(NodeStarted):
            bus.publish(NodeStarted(run_id, number, position, name))
        try:
            if node.retry is None and node.timeout is None:
                value = await self._executor.execute(node.task, args, kwargs)
            else:
                value = await self._call(step, position, node, args, kwargs)
        except asyncio.CancelledError:
            if bus.wants(NodeCancelled):
                bus.publish(NodeCancelled(run_id, number, position, name))
            raise
        except Exception as error:
            if bus.wants(NodeFailed):
                bus.publish(NodeFailed(run_id, number, position, name, error))
            path = (*step.path, *step.graph.path_to(position))
            raise TaskFailedError(name, path, step.tail_calls, error) from error
        if bus.wants(NodeSucceeded):
            bus.publish(NodeSucceeded(run_id, number, position, name))
        return value

    async def _call(
        self, step: Step, position: int, node: Node, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> Any:
        if node.retry is None:
            return await self._attempt(node, args, kwargs)
        attempt = 1
        while True:
            try:
                return await self._attempt(node, args, kwargs)
            except node.retry.on as error:
                if attempt >= node.retry.attempts:
                    raise
                delay = node.retry.delay_after(attempt)
                if self._bus.wants(NodeRetried):
                    self._bus.publish(
                        NodeRetried(*step.id, position, node.task.name, attempt, delay, error)
                    )
            await self._sleep(delay)
            attempt += 1

    async def _attempt(self, node: Node, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        if node.timeout is None:
            return await self._executor.execute(node.task, args, kwargs)
        seconds = node.timeout.seconds
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                return await self._executor.execute(node.task, args, kwargs)
        except TimeoutError as error:
            if limit.expired():
                raise TaskTimeoutError(node.task.name, seconds) from error
            raise
