"""What happens when tasks raise, time out, or are cancelled."""

from __future__ import annotations

import asyncio
import itertools
import threading
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from cascade.runtime import Engine
from cascade.spec import (
    CascadeError,
    Dependencies,
    Event,
    MissingDependencyError,
    NodeCancelled,
    NodeRetried,
    Plan,
    RunCancelled,
    RunFailed,
    TaskFailedError,
    TaskTimeoutError,
    task,
)

Run = Callable[..., Any]
MakeEngine = Callable[..., Engine]
Events = Callable[[Engine], list[Event]]


@task
def collect(*parts: Any) -> list[Any]:
    return list(parts)


@task
def fail(message: str = "boom") -> None:
    raise LookupError(message)


@task
async def forever() -> None:
    await asyncio.Event().wait()


def test_an_error_names_the_task_and_the_path_and_keeps_the_traceback(run: Run) -> None:
    """The error says who failed and where; its cause is the task's own, traceback and all."""
    with pytest.raises(TaskFailedError) as caught:
        run(collect(1, collect([fail()])))
    error = caught.value
    assert (error.task, error.path, error.step) == ("fail", ("collect", "collect", "fail"), 0)
    assert str(error) == ("task 'fail' failed: LookupError: boom (path: collect → collect → fail)")
    assert isinstance(error.__cause__, LookupError)
    frames = traceback.extract_tb(error.__cause__.__traceback__)
    assert (frames[-1].name, frames[-1].line) == ("fail", "raise LookupError(message)")


def test_an_error_in_a_loop_says_how_far_the_loop_had_come(run: Run) -> None:
    """Tail calls are counted in the error, also below a task that waits for the loop."""

    @task
    def down(n: int) -> Any:
        return down(n - 1) if n else fail()

    with pytest.raises(TaskFailedError) as caught:
        run(down(4))
    assert (caught.value.path, caught.value.step) == (("fail",), 5)
    with pytest.raises(TaskFailedError) as caught:
        run(collect(down(0)))
    assert (caught.value.path, caught.value.step) == (("collect", "down", "fail"), 1)
    assert "collect → down → fail, after 1 tail call)" in str(caught.value)


def test_all_errors_have_one_root(run: Run) -> None:
    """Whoever catches the root catches everything the engine raises."""
    with pytest.raises(CascadeError):
        run(fail())


def test_one_failing_node_cancels_its_siblings(make_engine: MakeEngine, events: Events) -> None:
    """A sibling that would wait for ever is cancelled, and the failure is what comes out."""

    @task
    async def fail_soon() -> None:
        await asyncio.sleep(0)
        raise LookupError("boom")

    engine = make_engine()
    recorded = events(engine)
    with pytest.raises(TaskFailedError, match="fail_soon"):
        asyncio.run(engine.run(collect(forever(), fail_soon(), forever())))
    assert [e.node for e in recorded if isinstance(e, NodeCancelled)] == [0, 2]
    assert isinstance(recorded[-1], RunFailed)


def test_cancelling_a_run_cancels_what_runs(make_engine: MakeEngine, events: Events) -> None:
    """Tasks see the cancellation, below a tail call too, and no state is left behind."""
    cleaned: list[str] = []

    @task
    async def wait(name: str, started: asyncio.Event) -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.append(name)

    @task
    def then_wait(name: str, started: asyncio.Event) -> Any:
        return wait(name, started)

    async def main() -> None:
        started = [asyncio.Event() for _ in range(3)]
        target = collect(wait("a", started[0]), then_wait("b", started[1]))
        run = asyncio.ensure_future(engine.run(collect(target, wait("c", started[2]))))
        for event in started:
            await event.wait()
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run

    engine = make_engine()
    recorded = events(engine)
    asyncio.run(main())
    assert sorted(cleaned) == ["a", "b", "c"]
    assert isinstance(recorded[-1], RunCancelled)
    assert len(engine.state_backend) == 0  # type: ignore[arg-type]


def test_a_run_that_nobody_listens_to_is_cancelled_all_the_same(make_engine: MakeEngine) -> None:
    """Cancelling needs no subscriber."""

    async def main() -> None:
        run = asyncio.ensure_future(make_engine().run(collect(forever())))
        for _ in range(3):
            await asyncio.sleep(0)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run

    asyncio.run(main())


@pytest.mark.parametrize("plan_cache_size", [0, 1024])
def test_a_heartbeat_beside_a_long_loop_ticks(
    make_engine: MakeEngine, plan_cache_size: int
) -> None:
    """A loop that takes long gives other coroutines a turn each time its slice is used up."""
    ticks = 0

    @task
    def down(n: int) -> Any:
        return down(n - 1) if n else "done"

    async def heartbeat() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0)

    async def main() -> Any:
        # A millisecond passes with each look at this clock.
        clock = itertools.count(step=0.001).__next__
        engine = make_engine(clock=clock, plan_cache_size=plan_cache_size)
        beat = asyncio.create_task(heartbeat())
        result = await engine.run(down(1_000))
        beat.cancel()
        return result

    assert asyncio.run(main()) == "done"
    assert 150 <= ticks <= 250


def test_a_heartbeat_ticks_by_the_real_clock(make_engine: MakeEngine) -> None:
    """The same with the clock an engine has by itself, for as long as it takes ten ticks."""
    ticks = 0

    @task
    def until_ten() -> Any:
        return ticks if ticks >= 10 else until_ten()

    async def heartbeat() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0)

    async def main() -> Any:
        beat = asyncio.create_task(heartbeat())
        result = await make_engine().run(until_ten())
        beat.cancel()
        return result

    assert asyncio.run(main()) >= 10


def test_a_blocking_task_does_not_hold_others_up(run: Run) -> None:
    """A blocking task and a coroutine that it waits for get on together."""
    gate = threading.Event()

    @task(blocking=True)
    def wait_for_gate() -> bool:
        return gate.wait(timeout=60)

    @task
    async def open_gate() -> None:
        gate.set()

    assert run(collect(wait_for_gate(), open_gate())) == [True, None]


def test_a_task_is_tried_again_with_growing_waits(make_engine: MakeEngine, events: Events) -> None:
    """Each failed attempt but the last is followed by a longer wait and another attempt."""
    waits: list[float] = []
    attempts: list[int] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    @task
    def flaky(succeed_at: int) -> str:
        attempts.append(len(attempts) + 1)
        if attempts[-1] < succeed_at:
            raise LookupError("not yet")
        return "there"

    engine = make_engine(sleep=sleep)
    recorded = events(engine)
    assert asyncio.run(engine.run(flaky(4).with_retry(5, delay=0.5, on=LookupError))) == "there"
    assert attempts == [1, 2, 3, 4]
    assert waits == [0.5, 1.0, 2.0]
    retried = [event for event in recorded if isinstance(event, NodeRetried)]
    assert [(event.attempt, event.delay) for event in retried] == [(1, 0.5), (2, 1.0), (3, 2.0)]


def test_retries_end_and_leave_the_last_error(run: Run) -> None:
    """When no attempt is left, the error of the last one comes out."""
    attempts: list[int] = []

    @task
    def flaky() -> None:
        attempts.append(len(attempts))
        raise LookupError(f"attempt {len(attempts)}")

    with pytest.raises(TaskFailedError, match="attempt 3"):
        run(flaky().with_retry(3))
    assert len(attempts) == 3


def test_other_errors_are_not_retried(run: Run) -> None:
    """Only the errors named in the policy are worth another attempt."""
    attempts: list[None] = []

    @task
    def flaky() -> None:
        attempts.append(None)
        raise LookupError("boom")

    with pytest.raises(TaskFailedError):
        run(flaky().with_retry(3, on=OSError))
    assert len(attempts) == 1


def test_a_task_that_takes_too_long_is_cancelled(run: Run) -> None:
    """The timeout is named, and each attempt has its own."""
    attempts: list[None] = []

    @task
    async def hang() -> None:
        attempts.append(None)
        await asyncio.Event().wait()

    with pytest.raises(TaskFailedError) as caught:
        run(hang().with_timeout(0.001).with_retry(2))
    assert isinstance(caught.value.__cause__, TaskTimeoutError)
    assert "took longer than its timeout of 0.001 s" in str(caught.value)
    assert len(attempts) == 2


def test_a_timeout_error_of_the_task_itself_is_the_tasks_error(run: Run) -> None:
    """A TimeoutError that the task raises is not mistaken for its policy's."""

    @task
    async def gives_up() -> None:
        raise TimeoutError("the server said so")

    with pytest.raises(TaskFailedError) as caught:
        run(gives_up().with_timeout(60))
    assert type(caught.value.__cause__) is TimeoutError


def test_a_plan_that_leaves_a_dependency_out_is_named(run: Run) -> None:
    """A solver whose plan misses a node gives one clear error."""

    class Forgetful:
        def solve(self, graph: Dependencies) -> Plan:
            return ((len(graph.nodes) - 1,),)

    for target in (collect(fail()), collect().run_if(fail())):
        with pytest.raises(MissingDependencyError) as caught:
            run(target, solver=Forgetful())
        assert (caught.value.task, caught.value.dependency) == ("collect", "fail")
