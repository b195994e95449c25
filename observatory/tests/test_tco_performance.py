"""The targets do what they are said to cost, and the helper times nothing but a right run."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from cascade.runtime import Engine
from cascade.spec import NodeStarted, TailCalled, Task, task
from observatory.benchmarks.tco_performance import (
    CHAIN_LENGTH,
    DONE,
    first_call,
    heavy_complex_countdown,
    imperative_countdown,
    run_benchmark,
    simple_countdown,
    stable_complex_loop,
)

CHAIN = CHAIN_LENGTH + 1


@pytest.mark.parametrize(
    ("target", "nodes"),
    [
        (simple_countdown, 1),
        (heavy_complex_countdown, CHAIN + 1),
        (stable_complex_loop, CHAIN + 1),
    ],
)
def test_every_step_of_a_target_has_its_nodes(target: Task[Any], nodes: int) -> None:
    """So many iterations are so many tail calls, and each step runs its whole graph."""
    engine = Engine()
    tail_calls: list[TailCalled] = []
    started: list[NodeStarted] = []
    engine.bus.subscribe(TailCalled, tail_calls.append)
    engine.bus.subscribe(NodeStarted, started.append)
    seconds = asyncio.run(run_benchmark(engine, target, 7))
    assert seconds > 0
    assert len(tail_calls) == 7
    assert len(started) == 8 * nodes


def test_a_target_keeps_to_known_shapes_once_warm() -> None:
    """On a warm engine no target meets a structure that has to be solved."""
    engine = Engine()
    for target in (simple_countdown, heavy_complex_countdown, stable_complex_loop):
        asyncio.run(run_benchmark(engine, target, 3))
        misses = engine.plan_cache.misses
        asyncio.run(run_benchmark(engine, target, 50))
        assert engine.plan_cache.misses == misses


def test_a_call_made_beforehand_is_run_as_it_is() -> None:
    """The helper takes a call in place of a target."""
    assert asyncio.run(run_benchmark(Engine(), first_call(simple_countdown, 3), 3)) > 0


def test_a_wrong_result_is_no_measurement(capsys: pytest.CaptureFixture[str]) -> None:
    """A target that comes to something else raises, and nothing is ever printed."""

    @task
    def wrong(n: int) -> int:
        return n

    with pytest.raises(AssertionError, match="wrong came to 3"):
        asyncio.run(run_benchmark(Engine(), wrong, 3))
    asyncio.run(run_benchmark(Engine(), simple_countdown, 3))
    assert capsys.readouterr() == ("", "")


def test_the_bare_loop_gives_up_control_at_every_turn() -> None:
    """The ground truth makes as many turns of the event loop as it counts."""
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def main() -> str:
        counting = asyncio.create_task(count())
        result = await imperative_countdown(20)
        counting.cancel()
        return result

    assert asyncio.run(main()) == DONE
    assert turns == 20
