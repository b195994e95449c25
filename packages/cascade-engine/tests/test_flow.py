"""Conditions and order: what is skipped, and what waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from cascade.runtime import Engine
from cascade.spec import ConditionError, Event, NodeSkipped, TargetSkippedError, task

Run = Callable[..., Any]


@task
def value(of: Any) -> Any:
    return of


@task
def collect(*parts: Any) -> list[Any]:
    return list(parts)


def test_a_true_condition_lets_its_call_run(run: Run) -> None:
    """Any true value will do."""
    assert run(value(1).run_if(value("yes"))) == 1


def test_a_false_condition_skips_the_target(run: Run) -> None:
    """A target that is skipped has no result, and the error says why."""
    with pytest.raises(TargetSkippedError, match="'value' was skipped: condition value was false"):
        run(value(1).run_if(value([])))


def test_a_condition_without_truth_value_is_named(run: Run) -> None:
    """What is neither true nor false is an error that names condition and task."""

    class Unsure:
        def __bool__(self) -> bool:
            raise ValueError("ambiguous")

    with pytest.raises(ConditionError) as caught:
        run(collect().run_if(value(Unsure())))
    assert str(caught.value) == (
        "condition 'value' of task 'collect' has no truth value (ValueError: ambiguous); "
        "have it return a bool"
    )


def test_every_condition_must_be_true(run: Run) -> None:
    """One false condition among true ones is enough to skip."""
    with pytest.raises(TargetSkippedError):
        run(value(1).run_if(value(True)).run_if(value(False)).run_if(value(True)))


def test_what_depends_on_a_skipped_call_is_skipped(
    make_engine: Callable[..., Engine], events: Callable[[Engine], list[Event]]
) -> None:
    """A skip passes on through arguments and conditions, but not through mere order."""
    calls: list[str] = []

    @task
    def note(name: str, *_inputs: Any) -> bool:
        calls.append(name)
        return True

    skipped = note("never").run_if(value(False))
    by_argument = note("never by argument", [skipped])
    by_condition = note("never by condition").run_if(by_argument)
    target = note("target").after(skipped, by_argument, by_condition)
    engine = make_engine()
    recorded = events(engine)
    assert asyncio.run(engine.run(target)) is True
    assert calls == ["target"]
    reasons = [event.reason for event in recorded if isinstance(event, NodeSkipped)]
    assert reasons == ["condition value was false", "note was skipped", "note was skipped"]


def test_one_call_under_two_conditions_is_decided_twice(run: Run) -> None:
    """Two different conditions make two nodes, each with its own fate."""
    calls: list[None] = []

    @task
    def note() -> int:
        calls.append(None)
        return len(calls)

    call = note()
    good, bad = call.run_if(value(True)), call.run_if(value(False))
    assert run(collect(good).after(bad)) == [1]
    with pytest.raises(TargetSkippedError):
        run(collect(good, bad))


def test_the_fate_of_a_condition_may_change_from_step_to_step(run: Run) -> None:
    """A shape that ran before is skipped when its condition comes out false this time."""
    calls: list[int] = []

    @task
    def note(number: int) -> None:
        calls.append(number)

    @task
    def loop(left: int) -> Any:
        if not left:
            return "done"
        return loop(left - 1).after(note(left).run_if(value(left % 2)))

    assert run(loop(5)) == "done"
    assert calls == [5, 3, 1]


def test_a_tail_call_that_is_skipped_skips_what_waited_for_it(run: Run) -> None:
    """Where a tail call comes to nothing, so does whatever uses its result."""

    @task
    def gives_up() -> Any:
        return value(1).run_if(value(False))

    with pytest.raises(TargetSkippedError, match="gives_up was skipped"):
        run(collect(gives_up()))


def test_after_waits_for_every_predecessor(run: Run) -> None:
    """An order edge holds a call back though no result passes along it."""
    order: list[str] = []

    @task
    async def slow(name: str) -> None:
        for _ in range(3):
            await asyncio.sleep(0)
        order.append(name)

    run(slow("last").after(slow("first"), slow("second")))
    assert order == ["first", "second", "last"]
