"""A pipe between a program and its builders: when it ends, however it does, so do they."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Mapping

__all__ = ["Lifeline", "follow"]

_VARIABLE = "ASV_EXPLAIN_LIFELINE"


class Lifeline:
    """The end of the pipe that a program holds; nothing is ever written to it.

    A program that is killed can't end what it started. Its builders notice by the pipe, which the
    kernel closes, and don't go on with a build, and hold its lock, for nobody.
    """

    def __init__(self) -> None:
        self._ends = () if sys.platform == "win32" else os.pipe()

    @property
    def passed(self) -> tuple[int, ...]:
        """The descriptors that a builder is to inherit."""
        return self._ends[:1]

    @property
    def variables(self) -> Mapping[str, str]:
        """What tells a builder of them."""
        return {_VARIABLE: str(self.passed[0])} if self.passed else {}

    def close(self) -> None:
        """Let go of the pipe, once no builder is left."""
        for one in self._ends:
            os.close(one)


def follow() -> None:
    """Have this process told to end, by SIGTERM, when the program that started it is gone."""
    given = os.environ.pop(_VARIABLE, None)
    if given is None:
        return
    descriptor = int(given)
    # What a build starts must not keep the pipe, nor be told of it.
    os.set_inheritable(descriptor, False)
    threading.Thread(target=_watch, args=(descriptor,), daemon=True).start()


def _watch(descriptor: int) -> None:
    os.read(descriptor, 1)
    os.kill(os.getpid(), signal.SIGTERM)
