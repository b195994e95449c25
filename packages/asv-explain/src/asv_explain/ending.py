"""Ending by signal: SIGTERM ends what was started, as Ctrl-C does."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["Terminated", "terminable"]


class Terminated(KeyboardInterrupt):
    """The process was asked to end; a kind of Ctrl-C, so that whoever knows that one ends well."""


@contextmanager
def terminable() -> Iterator[None]:
    """Have SIGTERM raise Terminated within the block; without effect outside the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _raise)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _raise(signum: int, frame: FrameType | None) -> None:
    # Once is enough: another one must not cut short the ending of what was started.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Terminated
