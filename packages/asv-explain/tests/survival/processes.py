"""Processes that a test starts, and all that descends from them, wherever it went."""

from __future__ import annotations

import os
import select
import uuid
from contextlib import suppress
from pathlib import Path

__all__ = ["MARK", "mark", "outlasting"]

MARK = "ASV_EXPLAIN_SURVIVAL"
"""The variable by which a process is known as a descendant: whoever is started inherits it."""

SECONDS = 20.0
"""What a process that was killed gets to be gone, which takes moments on a quiet machine."""


def mark() -> str:
    """Make a value of the variable that no other process has."""
    return uuid.uuid4().hex


def outlasting(value: str) -> list[str]:
    """The commands of the marked processes that don't end by themselves within `SECONDS`."""
    lasting: list[str] = []
    while not lasting and (marked := _marked(value)):
        lasting = [command for process, command in marked.items() if not _ends(process)]
    return lasting


def _marked(value: str) -> dict[int, str]:
    wanted = f"{MARK}={value}".encode()
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
                found[int(folder.name)] = command.decode(errors="replace")
    return found


def _ends(process: int) -> bool:
    with suppress(ProcessLookupError):
        descriptor = os.pidfd_open(process)
        try:
            return bool(select.select([descriptor], [], [], SECONDS)[0])
        finally:
            os.close(descriptor)
    return True
