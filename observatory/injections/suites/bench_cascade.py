"""Running graphs of tasks and tail calls on an engine."""

from __future__ import annotations

import asyncio
from typing import Any

from cascade.runtime import Engine
from cascade.spec import LazyResult, task

STEPS = 400
CHAIN = 10
LEAVES = 200


@task
def noop(_value: Any = None) -> None:
    """Do nothing, with or without an argument."""


@task
def add(*numbers: int) -> int:
    """Add what other tasks come to."""
    return sum(numbers)


@task
def leaf(value: int) -> int:
    """Come to a value."""
    return value


@task
async def pause(value: int) -> int:
    """Come to a value after giving up control once."""
    await asyncio.sleep(0)
    return value


def chain() -> LazyResult[None]:
    """Noops, each waiting for the one below."""
    top = noop()
    for _ in range(CHAIN):
        top = noop(top)
    return top


STABLE = chain()


@task
def countdown(n: int) -> Any:
    """Count down, a step being one node with one changing argument."""
    return countdown(n - 1) if n > 0 else "done"


@task
def heavy_countdown(n: int, _waits: Any = None) -> Any:
    """Count down, each step waiting for a chain made for it alone."""
    return heavy_countdown(n - 1, _waits=chain()) if n > 0 else "done"


@task
def stable_loop(box: list[int], _waits: Any = None) -> Any:
    """Count a box down, each step waiting for one and the same chain."""
    if box[0] <= 0:
        return "done"
    box[0] -= 1
    return stable_loop(box, _waits=STABLE)


class Runs:
    """Runs of tail calls and of wide graphs, each on an engine of its own."""

    def time_countdown(self) -> None:
        asyncio.run(Engine().run(countdown(STEPS)))

    def time_heavy_countdown(self) -> None:
        asyncio.run(Engine().run(heavy_countdown(STEPS // 10)))

    def time_stable_loop(self) -> None:
        asyncio.run(Engine().run(stable_loop([STEPS // 5], _waits=STABLE)))

    def time_wide(self) -> None:
        asyncio.run(Engine().run(add(*[leaf(one) for one in range(LEAVES)])))

    def time_pauses(self) -> None:
        asyncio.run(Engine().run(add(*[pause(one) for one in range(LEAVES)])))
