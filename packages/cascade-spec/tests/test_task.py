"""The task decorator and the lazy results it makes."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from cascade.spec import (
    LazyResult,
    PolicyError,
    RetryPolicy,
    Task,
    TaskDefinitionError,
    TimeoutPolicy,
    task,
)


@task
def add(left: int, right: int = 0) -> int:
    """Add two numbers."""
    return left + right


@task
async def fetch() -> str:
    return "page"


@task(blocking=True)
def read() -> str:
    return "file"


def test_task_keeps_what_its_function_says_of_itself() -> None:
    """Name, doc and signature of the function are those of the task."""
    assert (add.name, add.__name__, add.__doc__) == ("add", "add", "Add two numbers.")
    assert list(add.signature.parameters) == ["left", "right"]
    assert add.function(1, 2) == 3


def test_task_knows_how_it_is_to_be_run() -> None:
    """Async, plain and blocking functions are told apart."""
    kinds = [(t.is_async, t.blocking, t.may_wait) for t in (add, fetch, read)]
    assert kinds == [(False, False, False), (True, False, True), (False, True, True)]


def test_task_awaits_callables_that_are_async() -> None:
    """An object with an async ``__call__`` and a partial of an async function are async."""

    class Client:
        async def __call__(self) -> int:
            return 1

    async def load(key: str) -> str:
        return key

    assert Task(Client()).is_async
    assert Task(functools.partial(load, "a")).is_async


def test_names_leave_out_the_function_they_were_defined_in() -> None:
    """A nested function is called by its own name."""

    @task
    def inner() -> None: ...

    assert inner.name == "inner"
    assert repr(inner).endswith(".inner>")


def _generator() -> Iterator[int]:
    yield 1


async def _async_generator() -> AsyncIterator[int]:
    yield 1


@pytest.mark.parametrize("wrong", [3, None, add, _generator, _async_generator, int])
def test_what_is_no_function_is_refused(wrong: Any) -> None:
    """Whatever can't be a task is refused where it is defined."""
    with pytest.raises(TaskDefinitionError):
        Task(wrong)


def test_async_function_is_never_blocking() -> None:
    """The two ways of waiting exclude one another."""
    with pytest.raises(TaskDefinitionError, match="plain functions"):
        task(blocking=True)(fetch.function)


def test_calling_a_task_writes_the_call_down() -> None:
    """A call keeps its arguments and does not run."""
    lazy = add(1, right=2)
    assert isinstance(lazy, LazyResult)
    assert (lazy.task, lazy.args, dict(lazy.kwargs)) == (add, (1,), {"right": 2})
    assert repr(lazy) == "<lazy add(1, right=2)>"


def test_a_parameter_may_be_called_self() -> None:
    """No keyword of the user's collides with the task's own."""

    @task
    def whoami(self: str) -> str:
        return self

    assert dict(whoami(self="me").kwargs) == {"self": "me"}


def test_lazy_results_are_immutable() -> None:
    """Neither fields nor keyword arguments can be changed."""
    lazy = add(1, right=2)
    with pytest.raises(dataclasses.FrozenInstanceError):
        lazy.args = ()  # type: ignore[misc]
    with pytest.raises(TypeError):
        lazy.kwargs["right"] = 3  # type: ignore[index]


def test_lazy_results_are_told_apart_by_identity() -> None:
    """Two calls with the same arguments are two calls."""
    assert add(1) != add(1)
    assert len({add(1), add(1)}) == 2


def test_modifiers_return_another_call() -> None:
    """Each modifier leaves the call it was asked of as it was."""
    plain, flag, other = fetch(), add(1), add(2)
    conditional = plain.run_if(flag)
    late = conditional.after(other)
    retried = late.with_retry(5, delay=1, on=OSError)
    limited = retried.with_timeout(2)
    assert plain.constraints.conditions == ()
    assert conditional.constraints.predecessors == ()
    assert late.constraints.retry is None
    assert retried.constraints.timeout is None
    final = limited.constraints
    assert (final.conditions, final.predecessors) == ((flag,), (other,))
    assert final.retry == RetryPolicy(5, 1, on=(OSError,))
    assert final.timeout == TimeoutPolicy(2)
    assert limited.task is plain.task


def test_conditions_and_predecessors_add_up() -> None:
    """A second ``run_if`` or ``after`` does not undo the first."""
    one, two = add(1), add(2)
    constraints = add(3).run_if(one).run_if(two).after(one, two).constraints
    assert constraints.conditions == constraints.predecessors == (one, two)


def test_modifiers_take_lazy_results_only() -> None:
    """A plain value in place of a call is a mistake, said at once."""
    with pytest.raises(TypeError, match=r"run_if\(\) takes a lazy result, not bool"):
        add(1).run_if(True)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"after\(\) takes a lazy result, not int"):
        add(1).after(1)  # type: ignore[arg-type]


def test_lazy_result_has_no_truth_value() -> None:
    """``if lazy:`` would always be true; it raises instead."""
    with pytest.raises(TypeError, match="has not run yet"):
        bool(add(1))


def test_timeout_needs_something_that_can_be_interrupted() -> None:
    """A plain function on the event loop's thread takes no timeout; others do."""
    with pytest.raises(PolicyError, match="can't be interrupted"):
        add(1).with_timeout(1)
    assert read().with_timeout(1).constraints.timeout == TimeoutPolicy(1)
