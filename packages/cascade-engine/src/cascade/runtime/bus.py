"""The message bus: hands events to whoever subscribed to them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from cascade.spec import Event

__all__ = ["MessageBus"]

E = TypeVar("E", bound=Event)

logger = logging.getLogger("cascade")


class MessageBus:
    """Calls the subscribers of an event's type, in the order they subscribed.

    Publishers ask ``wants`` before they make an event, so that events nobody listens to cost one
    look-up.
    """

    def __init__(self) -> None:
        self._subscribers: list[tuple[type[Event], Callable[[Any], None]]] = []
        self._by_type: dict[type[Event], list[Callable[[Any], None]]] = {}

    def subscribe(self, kind: type[E], handler: Callable[[E], None]) -> Callable[[], None]:
        """Have ``handler`` called with each event of ``kind`` or a subclass, until released.

        A handler that raises is logged and released; the run goes on without it.

        Returns:
            A function that releases the subscription; calling it again does nothing.
        """
        entry = (kind, handler)
        self._subscribers.append(entry)
        self._by_type.clear()

        def release() -> None:
            self._subscribers[:] = [other for other in self._subscribers if other is not entry]
            self._by_type.clear()

        return release

    def wants(self, kind: type[Event]) -> bool:
        """Whether anybody subscribed to events of exactly this type or to a base class."""
        return bool(self._subscribers) and bool(self._handlers(kind))

    def publish(self, event: Event) -> None:
        """Hand ``event`` to its subscribers."""
        for handler in tuple(self._handlers(type(event))):
            try:
                handler(event)
            except Exception:
                # An observer's mistake must not change what it observes.
                logger.exception("released a subscriber that raised on %r", event)
                self._subscribers[:] = [
                    other for other in self._subscribers if other[1] is not handler
                ]
                self._by_type.clear()

    def _handlers(self, kind: type[Event]) -> list[Callable[[Any], None]]:
        handlers = self._by_type.get(kind)
        if handlers is None:
            handlers = [handler for base, handler in self._subscribers if issubclass(kind, base)]
            self._by_type[kind] = handlers
        return handlers
