"""The message bus."""

from __future__ import annotations

import logging

import pytest

from cascade.runtime import MessageBus
from cascade.spec import Event, RunFailed, RunStarted, RunSucceeded


def test_subscribers_get_their_kind_of_event_and_its_subclasses() -> None:
    """A subscriber to a base class sees every subclass, in the order published."""
    bus = MessageBus()
    everything: list[Event] = []
    started: list[Event] = []
    bus.subscribe(Event, everything.append)
    bus.subscribe(RunStarted, started.append)
    events = [RunStarted("r", "t"), RunSucceeded("r")]
    for event in events:
        bus.publish(event)
    assert everything == events
    assert started == events[:1]


def test_bus_knows_what_nobody_wants() -> None:
    """Publishers can ask before they make an event."""
    bus = MessageBus()
    assert not bus.wants(RunStarted)
    release = bus.subscribe(RunStarted, lambda event: None)
    assert bus.wants(RunStarted)
    assert not bus.wants(RunFailed)
    release()
    release()
    assert not bus.wants(RunStarted)


def test_a_subscriber_that_raises_is_released_and_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An observer's mistake is told and does not reach the run or other observers."""
    bus = MessageBus()
    seen: list[Event] = []

    def broken(event: Event) -> None:
        raise LookupError("broken")

    bus.subscribe(Event, broken)
    bus.subscribe(Event, seen.append)
    with caplog.at_level(logging.ERROR, logger="cascade"):
        bus.publish(RunSucceeded("r"))
        bus.publish(RunSucceeded("r"))
    assert len(seen) == 2
    assert len(caplog.records) == 1
    assert "released a subscriber" in caplog.text
