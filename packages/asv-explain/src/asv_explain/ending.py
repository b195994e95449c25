"""Ending by signal: SIGTERM ends what was started, as Ctrl-C does, and neither is in vain."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

__all__ = ["PATIENCE", "Terminated", "terminable"]

PATIENCE = 20.0
"""Seconds that ending may take before it is interrupted in its turn; it is done in two or three."""


class Terminated(KeyboardInterrupt):
    """The process was asked to end; a kind of Ctrl-C, so that whoever knows that one ends well."""


@contextmanager
def terminable() -> Iterator[None]:
    """Have SIGTERM raise Terminated within the block; without effect outside the main thread.

    What a signal handler raises may come between the taking of a lock and the block that gives it
    back, such as the one that `subprocess.Popen.poll` takes
    (https://github.com/python/cpython/issues/74174), and whoever then waits for the lock waits for
    ever. So whatever still ends after `PATIENCE` seconds is interrupted once more, and again.
    SIGINT stays ignored where it is.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ends: dict[int, Callable[[], BaseException]] = {signal.SIGTERM: Terminated}
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        ends[signal.SIGINT] = KeyboardInterrupt
    before: dict[int, Any] = {}
    asked: list[Callable[[], BaseException]] = []

    def end(signum: int, frame: FrameType | None) -> None:
        if signum == signal.SIGTERM:
            # Once is enough: another one must not cut short the ending of what was started.
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if not asked:
            before[signal.SIGALRM] = signal.signal(signal.SIGALRM, insist)
        asked.append(ends[signum])
        signal.setitimer(signal.ITIMER_REAL, PATIENCE, PATIENCE)
        raise asked[-1]()

    def insist(signum: int, frame: FrameType | None) -> None:
        raise asked[-1]()

    for one in ends:
        before[one] = signal.signal(one, end)
    try:
        yield
    finally:
        if asked:
            signal.setitimer(signal.ITIMER_REAL, 0)
        for one, handler in before.items():
            signal.signal(one, handler)
