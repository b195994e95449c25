"""The folders of installed commits: which are whole, what they hold, and which go first."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from asv_explain.asv_side.lock import try_locked
from asv_explain.asv_side.project import ProjectError
from asv_explain.files import obstacle, read_own

__all__ = ["DISK_LIMIT", "Entry", "Marker", "entry_for", "evict", "make_store"]

DISK_LIMIT = 8 * 2**30
"""Bytes that all installed commits of a project may take; past it, the longest unused go."""

_SCHEMA = 1
_MARKER = "installed.json"

# Bytes above which a marker is not read: it has a thousand.
_LARGEST = 1_000_000


@dataclass(frozen=True, slots=True)
class Marker:
    """What a whole installation says of itself.

    Attributes:
        commit: Full hash of what is installed.
        environment: asv's name of the environment.
        python: The environment's interpreter.
        env_dir: The environment's folder.
        env_vars: What asv sets for whatever runs in it, PATH left out.
        size: Bytes on disk.
    """

    commit: str
    environment: str
    python: str
    env_dir: str
    env_vars: Mapping[str, str]
    size: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One commit in one environment: its folder, its lock and the log of its making."""

    store: Path
    key: str

    @property
    def folder(self) -> Path:
        """The folder of the environment and the marker."""
        return self.store / "installed" / self.key

    @property
    def lock(self) -> Path:
        """Held alone while it is made or removed, and shared while it is used."""
        return self.store / "locks" / self.key

    @property
    def log(self) -> Path:
        """What was said while it was made."""
        return self.store / "logs" / f"{self.key}.log"

    def marker(self) -> Marker | None:
        """Return what the installation says of itself, or None if it isn't whole any more."""
        try:
            said = json.loads(read_own(self.folder / _MARKER, _LARGEST))
            if said.pop("schema") != _SCHEMA:
                return None
            marker = Marker(**said)
            if not _well_formed(marker):
                return None
            # A moved checkout or a removed interpreter leaves environments that don't start.
            there = Path(marker.env_dir).is_relative_to(self.folder) and os.access(
                marker.python, os.X_OK
            )
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None
        return marker if there else None

    def finish(self, marker: Marker) -> None:
        """Declare the installation whole; the last thing done in making one."""
        partial = self.folder / f"{_MARKER}.partial"
        text = json.dumps({"schema": _SCHEMA, **asdict(marker)}, indent=1)
        partial.write_text(text, encoding="utf-8")
        partial.replace(self.folder / _MARKER)

    def touch(self) -> None:
        """Note that the installation is used now."""
        os.utime(self.folder / _MARKER)

    def clear(self) -> None:
        """Remove the folder; the marker goes first, so that nothing half removed looks whole."""
        (self.folder / _MARKER).unlink(missing_ok=True)
        if self.folder.exists():
            shutil.rmtree(self.folder)


def _well_formed(marker: Marker) -> bool:
    texts = (marker.commit, marker.environment, marker.python, marker.env_dir)
    variables: Any = marker.env_vars
    return (
        all(isinstance(one, str) for one in texts)
        and isinstance(variables, dict)
        and all(isinstance(one, str) for one in variables.values())
        and type(marker.size) is int
        and marker.size >= 0
    )


def make_store(store: Path) -> None:
    """Make the folder, and have git pass over it.

    Raises ProjectError if it cannot be written.
    """
    try:
        store.mkdir(parents=True, exist_ok=True)
        ignore = store / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
        why = obstacle(store, folder=True)
    except OSError as error:
        why = error.strerror
    if why is not None:
        raise ProjectError(f"{store} cannot be written ({why}); make room or make it writable.")


def entry_for(store: Path, conf: Any, environment: str, commit: str) -> Entry:
    """Return where a commit goes; other build settings in asv.conf.json lead elsewhere."""
    settings = [
        environment,
        conf.project,
        conf.repo_subdir,
        conf.environment_type,
        conf.matrix,
        conf.conda_channels,
        conf.conda_environment_file,
        conf.build_command,
        conf.install_command,
        conf.uninstall_command,
    ]
    text = json.dumps(settings, sort_keys=True, default=str)
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return Entry(store, f"{commit[:16]}-{digest}")


def evict(store: Path, limit: int = DISK_LIMIT) -> tuple[str, ...]:
    """Remove half-made installations, and the longest unused until all take `limit` bytes at most.

    What is in use stays. Returns the keys of those removed.
    """
    entries = [Entry(store, path.name) for path in (store / "installed").glob("*")]
    markers = {entry: entry.marker() for entry in entries}
    total = sum(marker.size for marker in markers.values() if marker is not None)
    removed = []
    for entry in sorted(entries, key=_last_use):
        marker = markers[entry]
        if marker is not None and total <= limit:
            continue
        with try_locked(entry.lock) as alone:
            if not alone:
                continue
            # It may have been made, or made use of, since its marker was read.
            if entry.marker() == marker:
                entry.clear()
                entry.log.unlink(missing_ok=True)
                entry.lock.unlink()
                removed.append(entry.key)
                total -= marker.size if marker is not None else 0
    return tuple(removed)


def _last_use(entry: Entry) -> int:
    try:
        return (entry.folder / _MARKER).stat().st_mtime_ns
    except OSError:
        return 0
