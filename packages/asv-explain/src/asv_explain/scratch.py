"""Temporary folders of which none stays: what a killed call left behind, the next one removes."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from asv_explain.flock import flock

__all__ = ["ScratchError", "check_room", "roomy", "scratch", "sweep"]

PREFIX = "asv-explain-"
"""What the names of all temporary folders begin with."""

ROOM = 64 * 1024
"""Bytes that have to fit beside what is there, else a disk counts as full."""


class ScratchError(Exception):
    """Temporary files can't be written; the text says where and what to do."""


@contextmanager
def scratch(within: Path | None = None) -> Iterator[Path]:
    """Have a temporary folder for the length of a with block.

    It is locked as long, by an open descriptor that no child inherits.

    Args:
        within: Where to make it; where TMPDIR says, unless given.

    Raises:
        ScratchError: None can be made.
    """
    folder, held = _make(_home() if within is None else within)
    try:
        yield folder
    finally:
        try:
            _remove(folder)
        except KeyboardInterrupt:
            _remove(folder)
            raise
        finally:
            if held is not None:
                os.close(held)


@contextmanager
def roomy(folder: Path) -> Iterator[None]:
    """Have what can't be written below a temporary folder told as a mistake to be mended.

    Raises:
        ScratchError: The block raised an OSError.
    """
    try:
        yield
    except OSError as error:
        raise ScratchError(
            f"can't write into {folder} ({error.strerror}); make room there, or set TMPDIR to "
            "another folder"
        ) from None


def check_room(folder: Path) -> None:
    """See that a temporary folder's disk isn't full.

    Raises:
        ScratchError: It is.
    """
    with roomy(folder), tempfile.TemporaryFile(dir=folder) as file:
        file.write(bytes(ROOM))
        file.flush()


def sweep() -> None:
    """Remove the temporary folders of calls that are gone; those in use are locked."""
    for folder in _home().glob(f"{PREFIX}*"):
        # Others may put anything into a folder that all may write to.
        if folder.is_symlink() or not folder.is_dir() or not _ours(folder):
            continue
        held = _lock(folder)
        if held is not None:
            _remove(folder)
            os.close(held)


def _home() -> Path:
    """The folder of temporary files.

    Raises:
        ScratchError: None can be written, but for the current one. That is Python's last resort,
            and may be the very repository that must not be touched.
    """
    none = ScratchError("no folder has room for temporary files; make room, or set TMPDIR")
    try:
        home = Path(tempfile.gettempdir())
    except OSError:
        raise none from None
    asked = (os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    if home == Path.cwd() and home not in {Path(one).absolute() for one in asked if one}:
        raise none
    return home


def _make(home: Path) -> tuple[Path, int | None]:
    with roomy(home):
        while True:
            folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=home))
            held = _lock(folder)
            # Between making and locking, it may have passed for one that was left behind.
            if folder.exists():
                return folder, held


def _lock(folder: Path) -> int | None:
    """Hold the folder alone; None where somebody else does, or where folders have no locks."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            flock(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor
    return None


def _ours(folder: Path) -> bool:
    return not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()


def _remove(folder: Path) -> None:
    # What a killed process is just about to write there may keep it; the next call tries again.
    shutil.rmtree(folder, ignore_errors=True)
