"""A process that keeps one processor busy: python -m observatory.studies.load CPU."""

from __future__ import annotations

import os
import random
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from observatory.studies.trials import StudyError

__all__ = ["Load", "loading", "other_processor"]

ROOT = Path(__file__).resolve().parents[2]

NUMBERS = 100_000
"""How many numbers it sorts: several megabytes, so that caches are busy too, not the core alone."""

GRACE = 5.0
"""Seconds that it gets to end by itself."""


def other_processor() -> int:
    """The processor to load: the first that may be used, as the hook measures on the last.

    Raises:
        StudyError: there is no other one, or the system pins no processes.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    usable = sorted(affinity(0)) if affinity is not None else []
    if len(usable) < 2:
        raise StudyError(
            "loading the other core takes two processors that this process may use; "
            "run it where there are two, or with --condition quiet"
        )
    return int(usable[0])


class Load:
    """What loads a processor, as its starter sees it.

    Attributes:
        process: its number.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process.pid
        self._process = process
        self._since = time.monotonic(), self._seconds()

    def share(self) -> float:
        """The share of the time since the last question, or the start, in which it computed.

        Raises:
            StudyError: it has ended.
        """
        clock, seconds = self._since
        self._since = time.monotonic(), self._seconds()
        return (self._since[1] - seconds) / max(self._since[0] - clock, 1e-9)

    def _seconds(self) -> float:
        """CPU seconds that it has computed so far."""
        if self._process.poll() is not None:
            raise StudyError(
                "the process that loads the other core has ended; start the study anew"
            )
        fields = Path(f"/proc/{self.process}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def loading(processor: int) -> Iterator[Load]:
    """Keep a processor busy for the length of a with block, and end what does so.

    Raises:
        StudyError: the process didn't start.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "observatory.studies.load", str(processor)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # Ctrl-C in a terminal is for the study, which then ends this one.
        start_new_session=True,
    )
    try:
        if process.stdout is None or not process.stdout.readline():
            raise StudyError("what loads the other core did not start; run it by hand to see why")
        yield Load(process)
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def main(processor: int) -> None:
    """Compute on a processor until nobody holds the other end of standard input."""
    os.sched_setaffinity(0, {processor})
    numbers = [random.random() for _ in range(NUMBERS)]  # noqa: S311
    sys.stdout.write("loading\n")
    sys.stdout.flush()
    # However its starter ends, the kernel closes the pipe.
    while not select.select([sys.stdin], [], [], 0)[0]:
        random.shuffle(numbers)
        numbers.sort()


if __name__ == "__main__":
    main(int(sys.argv[1]))
