"""The profiler's cost, kept for a day: measuring it takes seconds, and it changes slowly."""

from __future__ import annotations

import hashlib
import json
import math
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from asv_explain.files import read_own, write_whole
from asv_explain.measuring.calibrate import (
    ProfilerCost,
    Runner,
    calibrate,
    cost_from_raw,
    cost_to_raw,
    run_command,
)

__all__ = ["KEEP_SECONDS", "Calibrations", "machine"]

KEEP_SECONDS = 24 * 60 * 60.0
"""How long a cost is taken to hold: it changes with the machine's clock rates and load, within days
rather than minutes, and correction scales it to each side of each benchmark anyway."""

SCHEMA = 1

# Bytes above which a file is not read: a cost has two thousand.
LARGEST = 1_000_000

# An interpreter says of itself what an update in place would change.
_ASK = "import sys; print(sys.implementation.name, sys.version)"
_ASK_SECONDS = 60.0

_BOOT = Path("/proc/sys/kernel/random/boot_id")


def machine() -> tuple[str, ...]:
    """What tells this machine, as it was started, from another one that sees the same folder."""
    try:
        boot = _BOOT.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        boot = ""
    return platform.node(), platform.machine(), platform.processor(), boot


@dataclass(frozen=True, slots=True)
class Calibrations:
    """The costs known in one folder.

    Attributes:
        folder: Where they are kept; made when the first is.
        force: Whether to measure anew whatever is kept.
        run: Runs a command for at most so many seconds and returns what it prints.
        now: Gives the time of day, in seconds since 1970.
        known: Costs by executable, as far as this call of the program has come.
    """

    folder: Path
    force: bool = False
    run: Runner = run_command
    now: Callable[[], float] = time.time
    known: dict[Path, ProfilerCost] = field(default_factory=dict)

    def cost(self, python: Path) -> ProfilerCost:
        """Return what the profiler costs an interpreter, measured within the last day.

        Environments of one interpreter share it, as they link to the same executable. A file that
        can't be used is written anew, and one that can't be written is done without.

        Args:
            python: The interpreter's executable.

        Raises:
            CalibrationError: It could not be run, or what it printed can't be read.
        """
        executable = python.resolve()
        if executable not in self.known:
            self.known[executable] = self._cost(python, executable)
        return self.known[executable]

    def _cost(self, python: Path, executable: Path) -> ProfilerCost:
        said = self.run([str(python), "-I", "-c", _ASK], _ASK_SECONDS).strip()
        identity = [str(executable), said, *machine()]
        digest = hashlib.sha256("\0".join(identity).encode()).hexdigest()[:16]
        path = self.folder / f"{digest}.json"
        kept = None if self.force else self._read(path, identity)
        if kept is not None:
            return kept
        cost = calibrate(python, self.run)
        whole = {
            "schema": SCHEMA,
            "identity": identity,
            "taken": self.now(),
            "cost": cost_to_raw(cost),
        }
        try:
            write_whole(path, json.dumps(whole, indent=1).encode(), through=False)
        except OSError:
            # The cost is known all the same; the next call measures it again.
            return cost
        return cost

    def _read(self, path: Path, identity: list[str]) -> ProfilerCost | None:
        try:
            whole: Any = json.loads(read_own(path, LARGEST))
            if (whole["schema"], whole["identity"]) != (SCHEMA, identity):
                return None
            if type(whole["taken"]) not in (int, float):
                return None
            # A clock that was set back leaves files from the future, of unknown age.
            age = self.now() - float(whole["taken"])
            if not (math.isfinite(age) and 0 <= age <= KEEP_SECONDS):
                return None
            return cost_from_raw(whole["cost"])
        except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
            return None
