"""What two graphs have in common when only their data differs."""

from __future__ import annotations

import types
from collections.abc import Callable, Hashable
from typing import Any

import pytest

from cascade.graph import NodeRegistry, build_graph, structural_identity
from cascade.spec import LazyResult, Task, task


@task
def source(_value: Any = None) -> int:
    return 1


@task
def join(*parts: Any, **named: Any) -> Any:
    return parts, named


@pytest.fixture
def identity() -> Callable[[LazyResult[Any]], Hashable]:
    """Finds the identity of a graph; all graphs of a test come from one registry."""
    registry = NodeRegistry()
    return lambda target: structural_identity(build_graph(target, registry))


Identity = Callable[[LazyResult[Any]], Hashable]


class Opaque:
    """An object whose repr says nothing."""

    def __repr__(self) -> str:
        return "<opaque>"


@pytest.mark.parametrize(
    "make",
    [
        lambda value: source(value),
        lambda value: join(value, source(value), key=value),
        lambda value: join([source(), value]).run_if(source(value)).after(source(value)),
        lambda value: join(value).with_retry(3),
    ],
)
def test_data_is_no_part_of_the_identity(
    identity: Identity, make: Callable[[Any], LazyResult[Any]]
) -> None:
    """Graphs that differ in argument values alone have one identity, whatever the values."""
    identities = {identity(make(value)) for value in (1, "text", None, [1], {2: 3}, Opaque())}
    assert len(identities) == 1


def shapes() -> list[LazyResult[Any]]:
    """Calls no two of which have the same structure."""
    shared = source()
    return [
        source(),
        source(1),
        join(),
        join(1),
        join(1, 2),
        join(a=1),
        join(b=1),
        join(source()),
        join(1).run_if(source()),
        join(1).after(source()),
        join(source(), 1),
        join(1, source()),
        join([source(), 1]),
        join([1, source()]),
        join((source(), 1)),
        join({"a": source()}),
        join({"b": source()}),
        join(source(), source()),
        join(shared, shared),
        join(join(shared), shared),
        join(1).run_if(source()).run_if(source()),
        join(1).with_retry(3),
        join(1).with_retry(4),
        join(1).with_retry(3, on=OSError),
        join(join(source())),
        join(join(), source()),
        join(source(), join()),
    ]


def test_structure_is_told_apart(identity: Identity) -> None:
    """Graphs that differ in more than data have different identities."""
    identities = [identity(target) for target in shapes()]
    assert len(set(identities)) == len(identities)


def test_structure_comes_out_the_same_every_time(identity: Identity) -> None:
    """The same structure written down again has the same identity."""
    assert [identity(target) for target in shapes()] == [identity(target) for target in shapes()]


def test_tasks_of_one_name_are_told_apart(identity: Identity) -> None:
    """Two modules may define a task of the same name."""
    tasks: list[Task[Any]] = []
    for name in ("one", "two"):
        module = types.ModuleType(name)
        module.__dict__["task"] = task
        exec("@task\ndef answer(): return 42", module.__dict__)  # noqa: S102 - a second module
        tasks.append(module.answer)
    assert tasks[0].name == tasks[1].name
    assert identity(tasks[0]()) != identity(tasks[1]())
