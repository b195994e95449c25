"""Every fast path against the slow one: the same whole event trace, and the same end."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cascade.runtime import Engine
from cascade.spec import CascadeError, Event, LazyResult, task

Trace = tuple[list[tuple[Any, ...]], str]


async def no_wait(_seconds: float) -> None:
    """Stands in for sleeping between attempts."""


def trace(engine: Engine, target: LazyResult[Any]) -> Trace:
    """All events of a run, without what differs from run to run, and what it came to."""
    events: list[Event] = []
    release = engine.bus.subscribe(Event, events.append)
    try:
        end = repr(asyncio.run(engine.run(target)))
    except CascadeError as error:
        end = f"{type(error).__name__}: {error}"
    release()
    assert len({event.run_id for event in events}) == 1
    return [
        (
            type(event).__name__,
            *[
                str(getattr(event, entry.name))
                for entry in dataclasses.fields(event)
                if entry.name != "run_id"
            ],
        )
        for event in events
    ], end


def clock() -> Callable[[], float]:
    """A clock on which a loop's time slice is over after every step, so that turns are regular."""
    return itertools.count().__next__


def slow_engine() -> Engine:
    """The oracle: every step is built, solved and run stage by stage."""
    return Engine(plan_cache_size=0, sleep=no_wait, clock=clock())


def fast_engine() -> Engine:
    """The engine as it comes."""
    return Engine(sleep=no_wait, clock=clock())


@dataclass
class Call:
    """One node of a made-up workload.

    Attributes:
        name: unique in the workload.
        kind: how the task is run, or that it makes tail calls of its own.
        inputs: positions, in the step, of the calls whose results are arguments.
        conditions: positions of the calls that decide whether this one runs.
        predecessors: positions of the calls that come before.
        failures: how many attempts raise.
        attempts: how many attempts there are.
        truth: what the call comes to, as a condition.
        turns: how often an async call gives up control, or how many tail calls are made.
    """

    name: str
    kind: str
    inputs: tuple[int, ...] = ()
    conditions: tuple[int, ...] = ()
    predecessors: tuple[int, ...] = ()
    failures: int = 0
    attempts: int = 1
    truth: bool = True
    turns: int = 0


@dataclass
class Script:
    """A made-up workload: the calls each step waits for, and what has happened so far."""

    steps: list[list[Call]]
    attempts: dict[str, int] = field(default_factory=dict)


def _attempt(script: Script, call: Call) -> bool:
    count = script.attempts[call.name] = script.attempts.get(call.name, 0) + 1
    if count <= call.failures:
        raise LookupError(f"attempt {count}")
    return call.truth


@task
def plain(script: Script, call: Call, *_inputs: Any) -> Any:
    return _attempt(script, call)


@task
async def waiting(script: Script, call: Call, *_inputs: Any) -> Any:
    for _ in range(call.turns):
        await asyncio.sleep(0)
    return _attempt(script, call)


@task
def looping(script: Script, call: Call, *_inputs: Any) -> Any:
    if call.turns:
        return looping(script, dataclasses.replace(call, turns=call.turns - 1))
    return plain(script, call)


@task
async def nesting(script: Script, call: Call, *_inputs: Any) -> Any:
    return waiting(script, call, plain(script, call)) if call.turns else plain(script, call)


@task
def forward(script: Script, at: int, *results: Any) -> Any:
    return step(script, at) if at < len(script.steps) else list(results)


KINDS = {"plain": plain, "waiting": waiting, "looping": looping, "nesting": nesting}


def step(script: Script, at: int) -> LazyResult[Any]:
    """The lazy result of one step of the script: a tail call that waits for the step's calls."""
    made: list[LazyResult[Any]] = []
    for call in script.steps[at]:
        lazy = KINDS[call.kind](script, call, [made[i] for i in call.inputs])
        for i in call.conditions:
            lazy = lazy.run_if(made[i])
        if call.predecessors:
            lazy = lazy.after(*[made[i] for i in call.predecessors])
        if call.attempts > 1:
            lazy = lazy.with_retry(call.attempts, delay=1)
        made.append(lazy)
    used = {i for call in script.steps[at] for i in call.inputs}
    ends = [lazy for i, lazy in enumerate(made) if i not in used]
    return forward(script, at + 1, *ends[:1]).after(*ends[1:])


@st.composite
def calls(draw: st.DrawFn) -> list[Call]:
    """The calls of one step, each using only calls before it."""
    drawn: list[Call] = []
    for size in range(draw(st.integers(0, 5))):
        before = st.lists(st.integers(0, size - 1), max_size=2, unique=True).map(tuple)
        some = before if size else st.just(())
        drawn.append(
            Call(
                name=f"call {size}",
                kind=draw(st.sampled_from(sorted(KINDS))),
                inputs=draw(some),
                conditions=draw(some) if draw(st.booleans()) else (),
                predecessors=draw(some),
                failures=draw(st.sampled_from([0, 0, 0, 0, 0, 1, 3])),
                attempts=draw(st.sampled_from([1, 2, 4])),
                truth=draw(st.sampled_from([True, True, True, False])),
                turns=draw(st.integers(0, 2)),
            )
        )
    return drawn


@st.composite
def workloads(draw: st.DrawFn) -> list[list[Call]]:
    """Steps among which the same few shapes come up again and again."""
    shapes = draw(st.lists(calls(), min_size=1, max_size=3))
    order = draw(st.lists(st.integers(0, len(shapes) - 1), min_size=1, max_size=6))
    return [
        [dataclasses.replace(call, name=f"{call.name} of step {at}") for call in shapes[i]]
        for at, i in enumerate(order)
    ]


@settings(max_examples=150, deadline=None)
@given(workloads())
def test_fast_and_slow_paths_publish_the_same_trace(steps: list[list[Call]]) -> None:
    """Whatever the workload, cold or warm, the fast engine's trace is the slow engine's."""

    def anew() -> LazyResult[Any]:
        return step(Script(steps), 0)

    expected = trace(slow_engine(), anew())
    fast = fast_engine()
    assert trace(fast, anew()) == expected
    assert trace(fast, anew()) == expected


@task
def countdown(n: int) -> Any:
    return countdown(n - 1) if n else "done"


@task
def chained(n: int, _input: Any = None) -> Any:
    return chained(n - 1, plain(Script([]), Call("only", "plain"))) if n else "done"


@task
def ping(n: int) -> Any:
    return pong(n - 1) if n else "ping"


@task
def pong(n: int) -> Any:
    return ping(n - 1).with_retry(2) if n else "pong"


@task(blocking=True)
def blocking(value: Any) -> Any:
    return value


@task
async def raising(left: int) -> Any:
    if not left:
        raise LookupError("no more")
    return raising(left - 1)


@task
def stopping(left: int) -> Any:
    return stopping(left - 1).run_if(blocking(left > 1))


WORKLOADS: dict[str, Callable[[], LazyResult[Any]]] = {
    "countdown": lambda: countdown(30),
    "chained": lambda: chained(30),
    "ping and pong": lambda: ping(31),
    "blocking": lambda: blocking(blocking(1)),
    "a failure after tail calls": lambda: raising(7),
    "a skip after tail calls": lambda: stopping(5),
    "a failing retry": lambda: raising(0).with_retry(3, delay=1),
    "a call that does not fit": lambda: chained(n=1, wrong=2),
}


@pytest.fixture(params=sorted(WORKLOADS))
def workload(request: pytest.FixtureRequest) -> Callable[[], LazyResult[Any]]:
    """Makes the first call of each fixed workload, anew every time."""
    return WORKLOADS[request.param]


def test_fixed_workloads_publish_the_same_trace(
    workload: Callable[[], LazyResult[Any]],
) -> None:
    """The same for workloads of each kind, and again once every plan is known."""
    expected = trace(slow_engine(), workload())
    fast = fast_engine()
    assert trace(fast, workload()) == expected
    assert trace(fast, workload()) == expected


def test_a_trace_tells_everything_in_order() -> None:
    """A trace spelled out, so that comparing traces compares something."""
    events, end = trace(fast_engine(), countdown(1))
    assert end == "'done'"
    assert events == [
        ("RunStarted", "countdown"),
        ("NodeStarted", "0", "0", "countdown"),
        ("NodeSucceeded", "0", "0", "countdown"),
        ("TailCalled", "1", "countdown"),
        ("NodeStarted", "1", "0", "countdown"),
        ("NodeSucceeded", "1", "0", "countdown"),
        ("RunSucceeded",),
    ]
