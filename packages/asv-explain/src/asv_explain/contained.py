"""Runs a program of unknown manners: within a time, bounded in what it says, nothing left of it."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from asv_explain import keeper

__all__ = ["Ended", "run_contained", "started"]

_GRACE_SECONDS = 10.0
"""What the keeper gets to end all that the program started, which the kernel does in no time."""

_SAID_BYTES = 4096
"""Of what a program says on standard error, so many bytes are kept, the last ones."""

_READ_BYTES = 65536
"""As much as a pipe of Linux holds."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended.

    Attributes:
        status: Its exit status, or the number of the signal that ended it below zero; None where it
            had to be ended as its time was up.
        said: The end of what it said on standard error, if that was listened to.
    """

    status: int | None
    said: str


def run_contained(
    command: Sequence[str],
    folder: Path,
    variables: Mapping[str, str],
    limit: float,
    *,
    listen: bool = False,
    printed: int | IO[bytes] = subprocess.DEVNULL,
) -> Ended:
    """Run a program to its end, or until its time is up, as `started` does.

    Args:
        command: The program's path and its words.
        folder: The current folder.
        variables: The whole environment.
        limit: Seconds that it may take.
        listen: Whether to keep the end of what it says on standard error.
        printed: Where what it prints goes; nowhere unless given.

    Raises:
        OSError: It can't be started.
    """
    heard = subprocess.PIPE if listen else subprocess.DEVNULL
    tail = bytearray()
    status = None
    with (
        contextlib.suppress(subprocess.TimeoutExpired),
        started(command, folder, variables, printed, heard) as process,
    ):
        reader = threading.Thread(target=_read, args=(process.stderr, tail), daemon=True)
        reader.start()
        status = process.wait(limit)
    # Nobody is left who could keep the pipe open, but for what no keeper finds.
    reader.join(_GRACE_SECONDS)
    return Ended(status, bytes(tail).decode(errors="replace"))


@contextlib.contextmanager
def started(
    command: Sequence[str],
    folder: Path,
    variables: Mapping[str, str],
    printed: int | IO[bytes],
    said: int | IO[bytes],
    kept: Sequence[int] = (),
) -> Iterator[subprocess.Popen[bytes]]:
    """Have a program run for the length of a with block at most.

    It is a descendant of a keeper, which ends whatever the program started and left behind, also
    when this process is killed.

    Args:
        command: The program's path and its words.
        folder: The current folder.
        variables: The whole environment.
        printed: Where what it prints goes, as subprocess takes it.
        said: The same of what it says on standard error.
        kept: Open files that it gets, under their numbers.

    Raises:
        OSError: It can't be started.
    """
    # The keeper would find the same, but could not tell.
    Path(command[0]).stat()
    if not os.access(command[0], os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    words = [sys.executable, "-I", "-S", keeper.__file__, str(os.getpid())]
    process = subprocess.Popen(
        [*words, *command],
        cwd=folder,
        env=dict(variables),
        stdin=subprocess.DEVNULL,
        stdout=printed,
        stderr=said,
        start_new_session=True,
        pass_fds=kept,
    )
    with _ending(process):
        yield process


def _read(pipe: IO[bytes] | None, tail: bytearray) -> None:
    """Keep the end of what comes."""
    if pipe is None:
        return
    with pipe:
        while data := os.read(pipe.fileno(), _READ_BYTES):
            tail += data
            del tail[:-_SAID_BYTES]


@contextlib.contextmanager
def _ending(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Have the keeper end all that is left behind the block, and end what it can't."""
    try:
        yield
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_SECONDS)
        if process.returncode is None or process.returncode < 0:
            # The keeper may be stuck, or killed itself; what it kept is still of its session.
            for one in _session(process.pid):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(one, signal.SIGKILL)
        process.kill()
        process.wait()


def _session(leader: int) -> list[int]:
    """The processes of a session; none where the kernel doesn't tell."""
    found = []
    for about in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # The name of the program, in parentheses, may hold anything.
            fields = about.read_bytes().rpartition(b")")[2].split()
            if int(fields[3]) == leader:
                found.append(int(about.parent.name))
    return found
