"""Python's collector of garbage held back while very many objects are made that all stay."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["without_collecting"]


@contextmanager
def without_collecting() -> Iterator[None]:
    """Hold the collector back for the length of a with block, or of a function so decorated.

    A profile is up to a million objects. To look for garbage among them, again and again while
    more are made, takes as long as making them, and there is none.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
