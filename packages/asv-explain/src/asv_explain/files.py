"""Writing files whole or not at all, and reading those that others could have put there."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from asv_explain.flock import flock

__all__ = ["FileRefused", "obstacle", "read_own", "staged", "sweep_parts", "write_whole"]

_PART = ".asv-explain-part-"
"""What the names of files that are being written begin with."""

# A link that somebody put there leads elsewhere; and Windows would translate line ends.
_SPECIAL = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)

# Nobody is waited for either, where the system knows how.
_CAREFUL = os.O_RDONLY | _SPECIAL | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


class FileRefused(ValueError):
    """Something that no one would have written there who meant well; the text says what it is."""


def read_own(path: Path, limit: int) -> bytes:
    """Read a plain file from a folder in which nothing else belongs.

    Never waits, as opening a pipe would, follows no link out of the folder, and takes no more
    memory than the limit, whatever stands there or takes its place meanwhile.

    Args:
        path: the file.
        limit: bytes that it may have.

    Raises:
        FileRefused: it is no plain file, or a larger one.
        OSError: it isn't there, or can't be read.
    """
    _plain(os.lstat(path).st_mode)
    try:
        descriptor = os.open(path, _CAREFUL)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise FileRefused("it is a link, which may lead anywhere") from None
        raise
    with os.fdopen(descriptor, "rb") as file:
        about = os.fstat(descriptor)
        _plain(about.st_mode)
        if about.st_size > limit:
            raise FileRefused(f"{about.st_size} bytes, more than the {limit} that are read")
        data = file.read(about.st_size + 1)
    if len(data) > about.st_size:
        raise FileRefused("it grew while it was read")
    return data


def _plain(mode: int) -> None:
    if stat.S_ISLNK(mode):
        raise FileRefused("it is a link, which may lead anywhere")
    if stat.S_ISDIR(mode):
        raise FileRefused("it is a folder")
    if not stat.S_ISREG(mode):
        raise FileRefused("it is a pipe, socket or device, not a file")


def write_whole(path: Path, data: bytes, *, through: bool = True) -> None:
    """Write a file in one step, so that whoever reads it finds the old content or the new one.

    Args:
        path: the file.
        data: its content.
        through: whether what is a pipe or terminal is written into, as for a path that the user
            named; else it is replaced by a file, and so is a link.

    Raises:
        OSError: It can't be written; what was there before is still there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if through and path.exists() and not path.is_file():
        # A pipe or a terminal can't be replaced, and holds nothing that could be half written.
        path.write_bytes(data)
        return
    with staged(path, data) as put:
        put()


@contextmanager
def staged(path: Path, data: bytes) -> Iterator[Callable[[], None]]:
    """Write a file's content beside it, so that putting it there takes no more room.

    Yields what puts it there, in one step; without that, the file stays as it was.

    Raises:
        OSError: It can't be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part, descriptor = _part_of(path)
    placed = False

    def put() -> None:
        nonlocal placed
        part.replace(path)
        placed = True

    with os.fdopen(descriptor, "wb") as file:
        try:
            file.truncate()
            file.write(data)
            file.flush()
            yield put
        finally:
            if not placed:
                part.unlink(missing_ok=True)


def sweep_parts(folder: Path) -> None:
    """Remove what killed programs were writing into a folder; what is written now is locked."""
    for part in folder.glob(f"{_PART}*"):
        with suppress(OSError):
            descriptor = os.open(part, os.O_RDWR)
            try:
                flock(descriptor)
                part.unlink()
            finally:
                os.close(descriptor)


def _part_of(path: Path) -> tuple[Path, int]:
    """Open the file, locked, in which the new content grows.

    Its name is made from that of the file that it replaces: what a killed program left there is
    taken by the next that writes the same file.
    """
    digest = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:12]
    part = path.with_name(f"{_PART}{digest}")
    while True:
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | _SPECIAL, 0o666)
        try:
            with suppress(OSError):  # Some network file systems have no locks.
                flock(descriptor, wait=True)
            # Whoever held the lock has made the file the whole one, or removed it.
            if part.exists() and os.path.samestat(os.fstat(descriptor), part.stat()):
                return part, descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def obstacle(path: Path, *, folder: bool) -> str | None:
    """Say why a file, or a folder full of them, can't be written there; None if it can.

    Nothing is made: what is to be written later may yet come to nothing.
    """
    try:
        return _obstacle(path, folder=folder)
    except OSError as error:
        return error.strerror or type(error).__name__


def _obstacle(path: Path, *, folder: bool) -> str | None:
    if _exists(path):
        if path.is_dir() is not folder:
            return "it is no folder" if folder else "it is a folder"
        return None if os.access(path, os.W_OK) else "it is not writable"
    above = next(one for one in path.absolute().parents if _exists(one))
    if not above.is_dir():
        return f"{above} is no folder"
    return None if os.access(above, os.W_OK | os.X_OK) else f"{above} is not writable"


def _exists(path: Path) -> bool:
    """As `Path.exists`, which from 3.14 on takes a name that can't be used for one that is free."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True
