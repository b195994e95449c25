"""What each function of a program takes more than before, timed by itself without asv-explain.

`python -m observatory.studies.oracle_timing BEFORE AFTER NAME...` times in one process, and prints
the CPU seconds that a call of each function takes more in the file AFTER, as a JSON object.
"""

# ruff: noqa: T201
# Printing is how it answers.
from __future__ import annotations

import gc
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from observatory.studies.trials import StudyError

__all__ = ["PROCESSES", "TURNS", "Timed", "timed", "timed_shares"]

PROCESSES = 12
"""What functions take depends on where code and data lie, which each process draws anew."""

TURNS = 60
"""So often each function of each version has its turn in one process."""

WARM_CALLS = 20
"""Calls before any is timed, so that CPython has specialised its code."""

_ROOT = Path(__file__).resolve().parents[2]

Timed = Mapping[str, Sequence[float]]
"""Of each function, CPU seconds that a call takes more than before, from each process."""


def timed(before: Path, after: Path, names: Sequence[str], processes: int = PROCESSES) -> Timed:
    """Time functions of two versions of a program in turns, in some processes.

    Args:
        before: the file of the earlier version.
        after: that of the later one.
        names: functions without arguments in both.
        processes: how many.

    Raises:
        StudyError: the programs don't run.
    """
    words = ("-m", "observatory.studies.oracle_timing", str(before), str(after), *names)
    found: dict[str, list[float]] = {name: [] for name in names}
    for seed in range(processes):
        done = subprocess.run(
            [sys.executable, *words],
            env={
                **os.environ,
                "PYTHONHASHSEED": str(seed),
                "PYTHONPATH": os.pathsep.join(sys.path),
            },
            cwd=_ROOT,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            raise StudyError(f"{after} can't be timed: {last}")
        for name, seconds in json.loads(done.stdout).items():
            found[name].append(seconds)
    return found


def timed_shares(taken: Timed) -> dict[str, tuple[float, float]]:
    """Each function's share of all that is added, and the share's standard error.

    The shares of each process have a common scale, its speed, which cancels out; their mean over
    processes has the standard error of a mean.

    Args:
        taken: from two processes at least.
    """
    processes = list(zip(*taken.values(), strict=True))
    shares = [[one / sum(each) for one in each] for each in processes]
    return {
        name: (statistics.fmean(one), statistics.stdev(one) / len(one) ** 0.5)
        for name, one in zip(taken, zip(*shares, strict=True), strict=True)
    }


def _loaded(file: Path, name: str) -> ModuleType:
    specification = importlib.util.spec_from_file_location(name, file)
    if specification is None or specification.loader is None:
        raise ImportError(f"{file} is no module")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def _seconds(call: Callable[[], Any]) -> float:
    begun = time.process_time_ns()
    call()
    return (time.process_time_ns() - begun) / 1e9


def _differences(before: Path, after: Path, names: Sequence[str]) -> dict[str, float]:
    """The median over turns, of which every other one begins with the later version."""
    sides = [_loaded(file, name) for file, name in ((before, "earlier"), (after, "later"))]
    calls = {name: [getattr(side, name) for side in sides] for name in names}
    for both in calls.values():
        for call in both:
            for _ in range(WARM_CALLS):
                call()
    gc.disable()
    found: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(TURNS):
        for name, (earlier, later) in calls.items():
            if turn % 2:
                took = _seconds(earlier)
                found[name].append(_seconds(later) - took)
            else:
                took = _seconds(later)
                found[name].append(took - _seconds(earlier))
    return {name: statistics.median(one) for name, one in found.items()}


if __name__ == "__main__":
    print(json.dumps(_differences(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])))
