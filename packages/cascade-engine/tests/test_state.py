"""What a state backend is told, and that a slow one is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from cascade.adapters.state.in_memory import InMemoryStateBackend
from cascade.runtime import Engine
from cascade.spec import RunStarted, Skipped, StepId, task


@task
def value(of: Any) -> Any:
    return of


@task
async def pause(of: Any) -> Any:
    await asyncio.sleep(0)
    return of


@task
def down(n: int, _input: Any = None) -> Any:
    return down(n - 1, pause(value(n))) if n else "done"


class FarAway(InMemoryStateBackend):
    """A backend that has to be waited for, and that writes down what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[Any, ...]] = []

    async def put(self, step: StepId, outcomes: Mapping[int, Any]) -> None:
        """Keep outcomes, after a while."""
        await asyncio.sleep(0)
        self.told.append(("put", step.step, dict(outcomes)))
        await super().put(step, outcomes)

    async def clear(self, step: StepId) -> None:
        """Forget the step, after a while."""
        await asyncio.sleep(0)
        self.told.append(("clear", step.step))
        await super().clear(step)


def test_a_backend_is_told_before_the_run_waits(make_engine: Callable[..., Engine]) -> None:
    """Outcomes so far, a skip included, are there before a node that may wait begins."""
    state = FarAway()
    engine = make_engine(state_backend=state)
    never = value("never").run_if(value(0))
    assert asyncio.run(engine.run(value(pause("end").after(never)))) == "end"
    assert state.told == [
        ("put", 0, {0: 0, 1: Skipped("condition value was false")}),
        ("clear", 0),
    ]


def test_whoever_looks_while_a_run_waits_sees_all_that_is_done(
    make_engine: Callable[..., Engine],
) -> None:
    """A node that waits, beside a sibling that is done, finds that one's outcome told."""
    state = InMemoryStateBackend()
    seen: list[Any] = []

    @task
    async def look(_input: Any) -> None:
        for _ in range(3):
            await asyncio.sleep(0)
        seen.append([await state.get(StepId(run_id, 0), node) for node in (0, 2)])

    @task
    def tail() -> Any:
        return look_again()

    @task
    async def look_again() -> None:
        seen.append(await state.get(StepId(run_id, 0), 0))

    run_id = ""

    def started(event: Any) -> None:
        nonlocal run_id
        run_id = event.run_id

    engine = make_engine(state_backend=state)
    engine.bus.subscribe(RunStarted, started)
    asyncio.run(engine.run(value([look(value("first")), value("sibling")])))
    asyncio.run(engine.run(value([tail().after(value("before"))])))
    assert seen == [["first", "sibling"], "before"]


def test_a_step_in_which_nothing_waits_is_not_told(make_engine: Callable[..., Engine]) -> None:
    """Nobody can look into such a step, so the backend is not troubled with it."""
    state = FarAway()
    engine = make_engine(state_backend=state)
    for _ in range(2):
        assert asyncio.run(engine.run(value([value(value(1))]))) == [1]
    assert state.told == []


def test_a_tail_call_forgets_the_step_before(make_engine: Callable[..., Engine]) -> None:
    """No step's outcomes outlive it."""
    state = FarAway()
    asyncio.run(make_engine(state_backend=state).run(down(3, pause(value(4)))))
    cleared = [entry[1] for entry in state.told if entry[0] == "clear"]
    assert len(state) == 0
    assert cleared == [0, 1, 2, 3]


def test_an_error_forgets_the_step(make_engine: Callable[..., Engine]) -> None:
    """Neither do the outcomes of a step that fails after it was told."""

    @task
    async def fail(_input: Any) -> None:
        raise LookupError("boom")

    state = FarAway()
    engine = make_engine(state_backend=state)

    async def main() -> None:
        await asyncio.gather(engine.run(fail(value(1))), return_exceptions=True)

    asyncio.run(main())
    assert [entry[0] for entry in state.told] == ["put", "clear"]
    assert len(state) == 0
