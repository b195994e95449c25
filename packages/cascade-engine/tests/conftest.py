"""What the engine's tests share: engines to run on, and recorders of what they publish."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from cascade.runtime import Engine
from cascade.spec import Event, LazyResult


async def no_wait(_seconds: float) -> None:
    """Stands in for sleeping between attempts."""


def make_engine(**parts: Any) -> Engine:
    """An engine that never sleeps."""
    return Engine(**{"sleep": no_wait, **parts})


@pytest.fixture(name="make_engine")
def make_engine_fixture() -> Callable[..., Engine]:
    """Makes the engines that a test runs on."""
    return make_engine


@pytest.fixture
def run(make_engine: Callable[..., Engine]) -> Callable[..., Any]:
    """Runs a target to its end on an engine of its own."""

    def run(target: LazyResult[Any], **parts: Any) -> Any:
        return asyncio.run(make_engine(**parts).run(target))

    return run


@pytest.fixture
def events() -> Callable[[Engine], list[Event]]:
    """Subscribes a list to all events of an engine."""

    def events(engine: Engine) -> list[Event]:
        recorded: list[Event] = []
        engine.bus.subscribe(Event, recorded.append)
        return recorded

    return events
