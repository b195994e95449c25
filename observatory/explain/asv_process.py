"""asv and its hook as child processes: output as it comes, and a stop that leaves nothing."""

import codecs
import contextlib
import math
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import IO

__all__ = ["Asv", "Stopped"]

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_REMIND_AFTER = 3.0
"""Seconds after which an asv that was told to stop is told again.

Python drops a KeyboardInterrupt that arrives while it forks, and asv forks for all it does. To
end its own children takes asv little more than one second, which a reminder must not break into.
"""


class Stopped(Exception):
    """A stop signal came, and no child process is left."""


class Asv:
    """Runs asv commands on one project, one at a time, and ends them cleanly on a stop signal.

    `received` is the number of the first stop signal, or None.
    """

    def __init__(self, config: Path) -> None:
        """Listen for stop signals, except those the caller chose to ignore, as nohup does."""
        self.received: int | None = None
        self._config = config
        self._child: subprocess.Popen[bytes] | None = None
        for number in _STOP_SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._on_signal)

    def run(
        self,
        *arguments: str,
        show: Callable[[str], object],
        stdin: str = "",
        module: str = "asv",
    ) -> int:
        """Run one command, hand its output to `show` as it comes, and return its exit status.

        `module` is what Python runs: asv, or a companion that takes the same configuration.
        Raises Stopped if a stop signal came, once the command has ended, and what `show` raises.
        """
        return self.run_module(
            module, "--config", str(self._config), *arguments, show=show, stdin=stdin
        )

    def run_module(
        self, module: str, *arguments: str, show: Callable[[str], object], stdin: str = ""
    ) -> int:
        """Do the same with a module that knows nothing of asv's configuration."""
        if self.received is not None:
            raise Stopped
        with subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # Ctrl-C in a terminal would otherwise reach asv twice, from there and from here.
            start_new_session=True,
            # Who was started in the background ignores what alone ends asv, and asv would too.
            preexec_fn=_hear_interrupts,
        ) as child:
            self._child = child
            finished = False
            try:
                if self.received is not None:
                    self._interrupt()
                self._talk(child, stdin, show)
                finished = self.received is None
            finally:
                if not finished:
                    self._end(child)
                self._child = None
                child.wait()
        if self.received is not None:
            raise Stopped
        return child.returncode

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        # Raising here could lose a child just as it starts. asv ends its own children on SIGINT,
        # and another one would break into that, so Ctrl-C counts once however often it comes.
        if self.received is None:
            self.received = number
            self._interrupt()

    def _interrupt(self) -> None:
        # Until `run` forgets and then reaps the child, its number is its own.
        if self._child is not None:
            os.kill(self._child.pid, signal.SIGINT)

    def _talk(
        self, child: subprocess.Popen[bytes], stdin: str, show: Callable[[str], object]
    ) -> None:
        stdin_pipe, output = _pipes(child)
        with contextlib.suppress(BrokenPipeError), stdin_pipe as pipe:
            pipe.write(stdin.encode())  # an asv that ended early says why in its output
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        remind_at = math.inf
        while True:
            readable, _, _ = select.select([output], [], [], 0.5)
            if readable:
                chunk = os.read(output.fileno(), 65536)
                if not chunk:
                    return
                if self.received is None:
                    show(decoder.decode(chunk))
            elif _has_ended(child):
                return  # something it left running holds the pipe open
            if self.received is not None and remind_at == math.inf:
                remind_at = time.monotonic() + _REMIND_AFTER
            if time.monotonic() > remind_at:
                self._interrupt()
                remind_at = time.monotonic() + _REMIND_AFTER

    def _end(self, child: subprocess.Popen[bytes]) -> None:
        """See asv to its end after a stop or a failed `show`, and then all that it lost hold of."""
        if self.received is None:
            self.received = signal.SIGPIPE
            _pipes(child)[1].close()
            self._interrupt()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        # Interrupted just as it starts a process, asv never learns of that process.
        while members := _session_members(child.pid):
            for member in members:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(member, signal.SIGKILL)


def _hear_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _pipes(child: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    if child.stdin is None or child.stdout is None:
        raise ValueError("the child was started without pipes")
    return child.stdin, child.stdout


def _has_ended(child: subprocess.Popen[bytes]) -> bool:
    # Popen.poll would reap the child, and its number, which names its session, be free again.
    return os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None


def _session_members(session: int) -> list[int]:
    """Return the living processes of a session apart from its leader, where /proc can tell."""
    members = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            text = path.read_text(encoding="utf-8", errors="replace")
            state, _, _, its_session = text.rpartition(")")[2].split()[:4]
            number = int(path.parent.name)
            if state not in "ZX" and int(its_session) == session != number:
                members.append(number)
    return members
