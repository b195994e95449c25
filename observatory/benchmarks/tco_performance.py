"""The targets whose speed is watched, and the one helper that times them."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import Any

from cascade.runtime import Engine
from cascade.spec import LazyResult, Task, task

__all__ = [
    "CHAIN_LENGTH",
    "DONE",
    "first_call",
    "heavy_complex_countdown",
    "imperative_countdown",
    "noop",
    "noop_chain",
    "run_benchmark",
    "simple_countdown",
    "stable_complex_loop",
]

# What every target comes to in the end.
DONE = "done"

# How many noops stand on top of the first one in the chain of the two complex targets.
CHAIN_LENGTH = 10


@task
def noop(_value: Any = None) -> None:
    """Do nothing, with or without an argument."""


def noop_chain() -> LazyResult[None]:
    """A noop and ``CHAIN_LENGTH`` more on top, each waiting for the one below."""
    chain = noop()
    for _ in range(CHAIN_LENGTH):
        chain = noop(chain)
    return chain


@task
def simple_countdown(n: int) -> Any:
    """Count down from ``n``: a step is one node with one changing argument."""
    return simple_countdown(n - 1) if n > 0 else DONE


@task
def heavy_complex_countdown(n: int, _dummy: Any = None) -> Any:
    """Count down from ``n``: each step waits for a chain of noops made for it alone."""
    return heavy_complex_countdown(n - 1, _dummy=noop_chain()) if n > 0 else DONE


# Made once, so that every step of the stable loop waits for the same calls.
_STABLE_CHAIN = noop_chain()


@task
def stable_complex_loop(box: list[int], _dummy: Any = None) -> Any:
    """Count the number in ``box`` down to 0: each step waits for one and the same chain."""
    if box[0] <= 0:
        return DONE
    box[0] -= 1
    return stable_complex_loop(box, _dummy=_STABLE_CHAIN)


async def imperative_countdown(n: int) -> str:
    """Count down from ``n`` in a bare coroutine that gives up control at every step."""
    while n > 0:
        n -= 1
        await asyncio.sleep(0)
    return DONE


def first_call(target: Task[Any], iterations: int) -> LazyResult[Any]:
    """The call of ``target`` that makes ``iterations`` tail calls, its first step like the rest."""
    if target is stable_complex_loop:
        return stable_complex_loop([iterations], _dummy=_STABLE_CHAIN)
    if target is heavy_complex_countdown:
        return heavy_complex_countdown(iterations, _dummy=noop_chain())
    return target(iterations)


async def run_benchmark(
    engine: Engine, target: Task[Any] | LazyResult[Any], iterations: int
) -> float:
    """Seconds that ``engine`` takes for ``iterations`` tail calls of ``target``.

    Args:
        engine: runs the target; warm or fresh makes a difference, so that is the caller's choice.
        target: one of the targets of this module, or a call of one made beforehand.
        iterations: how many tail calls the target makes.

    Raises:
        AssertionError: the target came to something else than ``DONE``.
    """
    call = target if isinstance(target, LazyResult) else first_call(target, iterations)
    begun = perf_counter()
    result = await engine.run(call)
    seconds = perf_counter() - begun
    if result != DONE:
        raise AssertionError(f"{call.task.name} came to {result!r}, not {DONE!r}")
    return seconds
