"""Runs one program and ends all that it leaves behind: `python keeper.py PARENT PROGRAM WORD ...`.

Benchmarks start processes of their own, and some of these leave the process group, or outlive who
started them. On Linux they come to this process then, the next subreaper above them (prctl(2)), and
end with it: when the program has ended, when this process is told to end by SIGTERM, and when
PARENT, who started it, is gone. It ends as the program did.

The file stands alone. It runs before each measurement and so imports as little as it can.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
from collections.abc import Sequence
from types import FrameType

__all__ = ["main"]

_SET_PDEATHSIG, _SET_CHILD_SUBREAPER = 1, 36
"""Of prctl(2): which signal comes when the parent ends; adopt what descendants leave behind."""

_MOST_FILES = 65_536
"""Where there is no limit to how many files may be open, no more than these are looked for."""

_NOT_STARTED = 127
"""The exit status by which shells tell that there is no such program."""


class _Kept:
    """What this process keeps: the program, which is its child; 0 until there is one."""

    program = 0


def main(argv: Sequence[str]) -> None:
    """Run the program that the command line names, and end as it ended."""
    signal.signal(signal.SIGTERM, _told)
    _adopt()
    if os.getppid() != int(argv[1]):
        return
    # What crashes may hold gigabytes, which must not come to lie on the disk.
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    _Kept.program = os.fork()
    if not _Kept.program:
        _become(argv[2:])
    # What is the program's alone: who holds the other end of a pipe sees when it has ended.
    os.closerange(3, min(resource.getrlimit(resource.RLIMIT_NOFILE)[0], _MOST_FILES))
    ended, how = os.wait()
    while ended != _Kept.program:
        ended, how = os.wait()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _end_all()
    _end_like(os.waitstatus_to_exitcode(how))


def _told(signum: int, frame: FrameType | None) -> None:
    """End at once, along with everybody, wherever this process stands."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _end_all()
    _end_like(-signum)


def _adopt() -> None:
    """Have what descendants leave behind come here; without effect where only Linux can."""
    if sys.platform == "linux":
        import ctypes

        libc = ctypes.CDLL(None)
        libc.prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        libc.prctl(_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)


def _become(command: Sequence[str]) -> None:
    """Become the program, in a group of its own, so that what it does to its group ends there."""
    try:
        os.setpgid(0, 0)
        for one in (signal.SIGTERM, signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(one, signal.SIG_DFL)
        os.execv(command[0], list(command))  # noqa: S606 - there is no shell to start
    finally:
        os._exit(_NOT_STARTED)


def _end_all() -> None:
    """End the program's group at once, and then whoever is left, until nobody is."""
    if _Kept.program:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(_Kept.program, signal.SIGKILL)
    # As one ends, those that it started come here in its stead.
    while sum(map(_killed, _children())):
        os.wait()


def _killed(process: int) -> bool:
    try:
        os.kill(process, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _children() -> list[int]:
    """The processes whose parent is this one; none where the kernel doesn't tell."""
    found = []
    own = os.getpid()
    with contextlib.suppress(FileNotFoundError):
        for name in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208 - no pathlib to load
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123
                # The name of the program, in parentheses, may hold anything.
                if int(file.read().rpartition(b")")[2].split()[1]) == own:
                    found.append(int(name))
    return found


def _end_like(status: int) -> None:
    """End as the program did, by a signal where that has a status below zero."""
    if status < 0:
        if -status != signal.SIGKILL:
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)


if __name__ == "__main__":
    main(sys.argv)
