"""Writing files whole or not at all, and telling beforehand whether that will work."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

__all__ = ["obstacle", "write_whole"]


def write_whole(path: Path, data: bytes) -> None:
    """Write a file in one step, so that whoever reads it finds the old content or the new one.

    Raises:
        OSError: It can't be written; what was there before is still there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not path.is_file():
        # A pipe or a terminal can't be replaced, and holds nothing that could be half written.
        path.write_bytes(data)
        return
    descriptor, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        # A temporary file is its owner's alone; this one is as readable as any other of the user's.
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


def obstacle(path: Path, *, folder: bool) -> str | None:
    """Say why a file, or a folder full of them, can't be written there; None if it can.

    Nothing is made: what is to be written later may yet come to nothing.
    """
    try:
        return _obstacle(path, folder=folder)
    except OSError as error:
        return error.strerror or type(error).__name__


def _obstacle(path: Path, *, folder: bool) -> str | None:
    if path.exists():
        if path.is_dir() is not folder:
            return "it is no folder" if folder else "it is a folder"
        return None if os.access(path, os.W_OK) else "it is not writable"
    above = next(one for one in path.absolute().parents if one.exists())
    if not above.is_dir():
        return f"{above} is no folder"
    return None if os.access(above, os.W_OK | os.X_OK) else f"{above} is not writable"
