"""How much memory the processes take that this one starts, and those that they start."""

from __future__ import annotations

import contextlib
import os
import threading
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

__all__ = ["PeakMemory", "forget_own_peak", "own_peak"]

PROC = Path("/proc")

INTERVAL = 0.05
"""Seconds between two looks. Linux keeps each process's peak, so that a look at a process misses
only what it takes after the last one before its end."""


class PeakMemory:
    """The most resident memory of any one process below this one, while a with block runs.

    The kernel's own record of each process (``VmHWM`` in /proc, in units of 1024 bytes) is read at
    intervals from a thread.

    Attributes:
        bytes: the peak so far, or None where /proc doesn't tell.
    """

    def __init__(self) -> None:
        self.bytes: int | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> PeakMemory:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(INTERVAL):
            self.look()

    def look(self) -> None:
        """Look once more, at all that runs at this moment."""
        for process in _below(os.getpid()):
            peak = _peak(process)
            if peak is not None:
                self.bytes = max(self.bytes or 0, peak)


def forget_own_peak() -> None:
    """Have this process's own peak begin anew, where Linux lets it."""
    with contextlib.suppress(OSError):
        # See proc_pid_clear_refs(5).
        (PROC / "self" / "clear_refs").write_bytes(b"5")


def own_peak() -> int | None:
    """Bytes of this process's own peak of resident memory, or None where /proc doesn't tell."""
    return _peak(os.getpid())


def _below(ancestor: int) -> Iterator[int]:
    """The processes that a process started, and all that those did."""
    children = defaultdict(list)
    for name in _names():
        try:
            stat = (PROC / name / "stat").read_bytes()
        except OSError:  # it ended meanwhile
            continue
        # The second field is a name that may hold anything, closing brackets included.
        parent = int(stat.rpartition(b")")[2].split()[1])
        children[parent].append(int(name))
    # Until it runs a program of its own, a child shows its parent's memory and command line.
    own = _command_line(ancestor)
    waiting = [one for one in children[ancestor] if _command_line(one) != own]
    while waiting:
        process = waiting.pop()
        yield process
        waiting.extend(children[process])


def _names() -> list[str]:
    try:
        return [name for name in os.listdir(PROC) if name.isdigit()]  # noqa: PTH208
    except OSError:
        return []


def _command_line(process: int) -> bytes:
    try:
        return (PROC / str(process) / "cmdline").read_bytes()
    except OSError:
        return b""


def _peak(process: int) -> int | None:
    try:
        lines = (PROC / str(process) / "status").read_bytes().splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith(b"VmHWM:"):
            return int(line.split()[1]) * 1024
    return None
