"""What a parser of outside data is to whoever tries it out: bytes in, a sound value or an error."""

from __future__ import annotations

import atexit
import contextlib
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["Parser", "Unsound", "require", "scratch"]


class Unsound(AssertionError):
    """A value that a parser let through and that breaks what it promises; the text says how."""


@dataclass(frozen=True, slots=True)
class Parser:
    """A parser, with what may come out of it.

    Attributes:
        name: Its name on the command line.
        what: What it reads, in a few words.
        read: Reads bytes, sees that the value holds what it promises, and hands it to whoever
            works with it.
        refusals: The errors by which it refuses; any other one is a finding.
        seeds: Valid inputs.
        words: What its format is made of, beyond what all have.
    """

    name: str
    what: str
    read: Callable[[bytes], object]
    refusals: tuple[type[Exception], ...]
    seeds: tuple[bytes, ...]
    words: tuple[bytes, ...] = ()

    def tries(self, data: bytes) -> bool:
        """Whether the bytes are read; raises whatever is a finding."""
        with contextlib.suppress(*self.refusals):
            self.read(data)
            return True
        return False


def require(holds: bool, promise: str) -> None:
    """See that something holds of a value.

    Raises:
        Unsound: It doesn't.
    """
    if not holds:
        raise Unsound(promise)


@cache
def scratch() -> Path:
    """This process's folder for what parsers read from files; it goes when the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="fuzzing-")).resolve()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
