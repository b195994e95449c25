"""Locks between processes, held by open files, so that whoever dies lets go of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from asv_explain.asv_side.project import ProjectError
from asv_explain.flock import flock

__all__ = ["locked", "locked_by_one", "try_locked"]


@contextmanager
def locked(path: Path, *, shared: bool = False) -> Iterator[None]:
    """Hold the lock of that name, alone or along with other shared holders; waits for it."""
    descriptor = _take(path, shared=shared, wait=True)
    try:
        yield
    finally:
        os.close(descriptor)


@contextmanager
def try_locked(path: Path) -> Iterator[bool]:
    """Hold the lock of that name alone, or yield False at once if anybody else has it."""
    try:
        descriptor = _take(path, shared=False, wait=False)
    except BlockingIOError:
        yield False
        return
    try:
        yield True
    finally:
        os.close(descriptor)


@contextmanager
def locked_by_one(path: Path, waits: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock of that name alone, and leave one's process number in it.

    Args:
        path: The lock's file.
        waits: Is told who holds it, in a few words, before it is waited for.
    """
    try:
        descriptor = _take(path, shared=False, wait=False)
    except BlockingIOError:
        waits(_holder(path))
        descriptor = _take(path, shared=False, wait=True)
    try:
        with suppress(OSError):  # A full disk has room for locks, and none for what is in them.
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(descriptor)


def _holder(path: Path) -> str:
    try:
        return f"process {int(path.read_text(encoding='ascii'))}"
    except (OSError, ValueError):
        return "another process"


def _take(path: Path, *, shared: bool, wait: bool) -> int:
    while True:
        descriptor = _open(path)
        try:
            flock(descriptor, shared=shared, wait=wait)
            # Whoever removed the file held its lock: then this one guards nothing any more.
            if path.exists() and os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _open(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise ProjectError(
            f"{path} cannot be written ({error.strerror}); make room or make it writable."
        ) from None
