"""What runs come to: results, arguments, tail calls."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Callable
from typing import Any

import pytest

from cascade.runtime import Engine
from cascade.spec import ArgumentError, GraphError, LazyResult, task

Run = Callable[..., Any]


@task
def add(left: int, right: int) -> int:
    return left + right


@task
def gather(*parts: Any, **named: Any) -> Any:
    return [*parts, named] if named else list(parts)


@task
async def later(value: Any) -> Any:
    await asyncio.sleep(0)
    return value


@task(blocking=True)
def in_thread(value: Any) -> Any:
    return value


def test_every_kind_of_task_gives_its_result(run: Run) -> None:
    """Plain, async and blocking tasks feed one another."""
    assert run(add(later(1), right=in_thread(add(2, right=3)))) == 6


def test_results_replace_lazy_results_wherever_they_stand(run: Run) -> None:
    """Nested lists, tuples and dicts come with results in place of calls, else as they were."""
    one = add(0, 1)
    result = run(gather([one, (2, [one])], named={"a": (one,), "b": "x"}))
    assert result == [[1, (2, [1])], {"named": {"a": (1,), "b": "x"}}]


def test_mutable_argument_is_the_same_object(run: Run) -> None:
    """What has no lazy result inside reaches the task itself, not a copy."""
    seen: list[int] = []
    boxes: list[Any] = [[1], {"k": [2]}, {3}, bytearray(b"4")]

    @task
    def look(*values: Any, key: Any) -> None:
        seen.extend(id(value) for value in values)
        seen.append(id(key))

    run(look(*boxes, add(1, 1), key=boxes[0]))
    assert [*seen[:4], seen[-1]] == [*map(id, boxes), id(boxes[0])]


def test_containers_around_a_lazy_result_keep_their_other_items(run: Run) -> None:
    """Beside a filled-in result the other items are the same objects."""
    inner: list[int] = []
    filled = run(gather([inner, add(1, 1)]))[0]
    assert filled[0] is inner
    assert filled[1] == 2


def test_a_result_is_handed_on_as_the_same_object(run: Run) -> None:
    """Between tasks nothing is copied."""
    box: list[int] = []
    assert run(gather(later(box)))[0] is box


def test_arguments_alike_in_repr_are_told_apart(run: Run) -> None:
    """Objects of a type of the user's own are never taken for one another."""

    class Opaque:
        def __repr__(self) -> str:
            return "<opaque>"

    first, second = Opaque(), Opaque()

    @task
    def same(value: Any) -> Any:
        return value

    assert run(gather(same(first), same(second))) == [first, second]

    @task
    def alternate(value: Any, seen: list[Any]) -> Any:
        seen.append(value)
        return seen if len(seen) == 4 else alternate(second if value is first else first, seen)

    assert run(alternate(first, [])) == [first, second, first, second]


@pytest.mark.parametrize(
    "values", [(1, True, 1.0), (0.0, -0.0), ("1", b"1"), ((1,), (True,)), (float("nan"),) * 2]
)
def test_arguments_that_compare_equal_are_told_apart(run: Run, values: tuple[Any, ...]) -> None:
    """Equal is not the same: each step gets the very value it was called with."""

    @task
    def walk(value: Any, left: tuple[Any, ...], seen: list[Any]) -> Any:
        seen.append(value)
        return walk(left[0], left[1:], seen) if left else seen

    assert [repr(value) for value in run(walk(values[0], values[1:], []))] == [
        repr(value) for value in values
    ]


def test_same_name_in_two_modules_is_two_tasks(run: Run) -> None:
    """Tasks of one name in two modules share neither identity nor result."""
    tasks = []
    for number in (1, 2):
        module = types.ModuleType(f"module_{number}")
        module.__dict__["task"] = task
        exec(f"@task\ndef answer(): return {number}", module.__dict__)  # noqa: S102 - a second module
        tasks.append(module.answer)

    @task
    def turn(left: int, seen: list[Any], given: int) -> Any:
        seen.append(given)
        return turn(left - 1, seen, tasks[left % 2]()) if left else seen

    assert run(gather(tasks[0](), tasks[1]())) == [1, 2]
    assert run(turn(4, [], tasks[0]())) == [1, 1, 2, 1, 2]


def test_a_shared_call_is_made_once_in_a_step_and_anew_in_the_next(run: Run) -> None:
    """A lazy result is a recipe: one call a step, whoever uses it."""
    calls: list[None] = []

    @task
    def count() -> int:
        calls.append(None)
        return len(calls)

    shared = count()

    @task
    def twice(left: int, *values: int) -> Any:
        return twice(left - 1, shared, shared) if left else values

    assert run(twice(1, shared, shared)) == (2, 2)


# The slow path; the fast one as it fills its caches; the fast one with every plan known.
PATHS = [
    pytest.param(0, False, id="slow"),
    pytest.param(1024, False, id="cold"),
    pytest.param(1024, True, id="warm"),
]


@pytest.mark.parametrize(("plan_cache_size", "warm"), PATHS)
def test_ping_and_pong_are_called_in_turn(
    make_engine: Callable[..., Engine], plan_cache_size: int, warm: bool
) -> None:
    """Two tasks that tail-call each other run exactly as often as they are called, on any path."""
    calls = {"ping": 0, "pong": 0}

    @task
    def ping(left: int) -> Any:
        calls["ping"] += 1
        return pong(left - 1) if left else "ping"

    @task
    def pong(left: int) -> Any:
        calls["pong"] += 1
        return ping(left - 1) if left else "pong"

    engine = make_engine(plan_cache_size=plan_cache_size)
    if warm:
        assert asyncio.run(engine.run(ping(3))) == "pong"
        calls.update(ping=0, pong=0)
    assert asyncio.run(engine.run(ping(101))) == "pong"
    assert calls == {"ping": 51, "pong": 51}


@pytest.mark.parametrize(("plan_cache_size", "warm"), PATHS)
def test_ping_and_pong_with_inputs_are_called_in_turn(
    make_engine: Callable[..., Engine], plan_cache_size: int, warm: bool
) -> None:
    """The same where each step is a graph of several nodes of changing shape."""
    calls = {"ping": 0, "pong": 0, "counted": 0}

    @task
    def counted(value: int) -> int:
        calls["counted"] += 1
        return value - 1

    @task
    def ping(left: int) -> Any:
        calls["ping"] += 1
        return pong(counted(left)) if left else "ping"

    @task
    def pong(left: int) -> Any:
        calls["pong"] += 1
        return ping(counted(later(left))) if left else "pong"

    engine = make_engine(plan_cache_size=plan_cache_size)
    if warm:
        assert asyncio.run(engine.run(ping(3))) == "pong"
        calls.update(ping=0, pong=0, counted=0)
    assert asyncio.run(engine.run(ping(11))) == "pong"
    assert calls == {"ping": 6, "pong": 6, "counted": 11}


def test_a_tail_call_in_an_argument_is_followed_to_its_end(run: Run) -> None:
    """A node other than the target may make tail calls too."""

    @task
    def down(n: int) -> Any:
        return down(n - 1) if n else "done"

    assert run(gather(down(5), later("x"), down(3))) == ["done", "x", "done"]


def test_calls_nested_by_the_thousand_do_not_exhaust_the_stack(run: Run) -> None:
    """A recursion that is no tail call takes memory, not stack."""

    @task
    def total(n: int) -> Any:
        return add(n, total(n - 1)) if n else 0

    assert run(total(3_000)) == 3_000 * 3_001 // 2


def test_only_a_lazy_result_itself_is_a_tail_call(run: Run) -> None:
    """A list of calls is a list of calls."""

    @task
    def listed() -> Any:
        return [add(1, 2)]

    assert isinstance(run(listed())[0], LazyResult)


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (lambda: add(1, 2, wrong=3), "got an unexpected keyword argument 'wrong'"),
        (lambda: add(1), "missing a required argument: 'right'"),
        (lambda: add(1, 2, 3), "too many positional arguments"),
        (lambda: add(1, left=2), "multiple values for argument 'left'"),
    ],
)
def test_a_call_that_does_not_fit_names_task_and_parameters(
    run: Run, call: Callable[[], LazyResult[Any]], problem: str
) -> None:
    """An unknown, missing or doubled argument gives one clear error, also deep in a graph."""
    for target in (call(), gather(add(later(1), call()))):
        with pytest.raises(ArgumentError) as caught:
            run(target)
        assert str(caught.value) == f"task 'add': {problem} (its parameters: left, right)"


def test_only_lazy_results_can_be_run(run: Run) -> None:
    """Handing the engine a value says what was wanted."""
    with pytest.raises(GraphError, match="not int: call a task first"):
        run(3)


def test_one_engine_serves_several_runs_at_once(make_engine: Callable[..., Engine]) -> None:
    """Runs on one engine keep out of each other's way."""

    @task
    def down(n: int, name: Any) -> Any:
        return down(n - 1, later(name)) if n else name

    async def main() -> list[Any]:
        engine = make_engine()
        return await asyncio.gather(*[engine.run(down(20, later(name))) for name in "abc"])

    assert asyncio.run(main()) == ["a", "b", "c"]
