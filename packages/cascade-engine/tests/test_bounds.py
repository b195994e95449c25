"""Nothing an engine keeps grows with how long or how often it runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from cascade.runtime import Engine
from cascade.spec import LazyResult, task


@task
def noop(_value: Any = None) -> None: ...


@task
def down(n: int, _inputs: Any = None) -> Any:
    if not n:
        return "done"
    return down(n - 1, [noop(n), noop(noop(object()))]) if n % 10 == 0 else down(n - 1, object())


def sizes(engine: Engine) -> tuple[int, int, int]:
    """How many nodes, plans and steps the engine keeps."""
    state: Any = engine.state_backend
    return len(engine.registry), len(engine.plan_cache), len(state)


def test_a_thousand_runs_and_a_hundred_thousand_steps_leave_the_sizes_as_they_were(
    make_engine: Callable[..., Engine],
) -> None:
    """1,000 runs of 100 tail calls on one engine keep no more than the first run did."""

    async def main(engine: Engine, runs: int) -> None:
        for _ in range(runs):
            assert await engine.run(down(100)) == "done"

    engine = make_engine()
    asyncio.run(main(engine, 1))
    first = sizes(engine)
    asyncio.run(main(engine, 999))
    assert sizes(engine) == first == (5, 3, 0)


def test_shapes_without_end_keep_within_capacity(make_engine: Callable[..., Engine]) -> None:
    """Where every run brings tasks and shapes of its own, the oldest make room."""

    def fresh(width: int) -> LazyResult[Any]:
        @task
        def own(*_values: Any) -> None: ...

        return own(*range(width), own())

    async def main(engine: Engine) -> None:
        for number in range(200):
            await engine.run(fresh(number))

    engine = make_engine(plan_cache_size=16, registry_size=32)
    asyncio.run(main(engine))
    assert sizes(engine) == (32, 16, 0)


def test_a_failing_run_leaves_no_state(make_engine: Callable[..., Engine]) -> None:
    """What a run kept goes with it, also when it ends with an error."""

    @task
    def fail(_input: Any) -> None:
        raise LookupError("boom")

    async def main(engine: Engine) -> None:
        for _ in range(10):
            await asyncio.gather(engine.run(fail(noop())), return_exceptions=True)

    engine = make_engine()
    asyncio.run(main(engine))
    assert sizes(engine)[2] == 0
