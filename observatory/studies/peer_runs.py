"""Runs the profilers that people use today on one side of a change, as their users would."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sysconfig
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from observatory.studies.peer_profiles import (
    Functions,
    PeerError,
    Seen,
    of_pstats,
    of_stacks,
    py_spy_stacks,
    pyinstrument_stacks,
)

__all__ = ["PEERS", "SECONDS", "Side", "asv_profile", "py_spy", "pyinstrument"]

SECONDS = 2.0
"""So long a sampling profiler looks at either side."""

# Samples a second that py-spy takes; at its own default of 100 two seconds say little.
RATE = 500

# A process that takes longer hangs.
TIMEOUT = 300.0

TARGET = Path(__file__).with_name("peer_target.py")

# The function of the target below which the benchmark's frames are.
CALLER = "call_benchmark"


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a change, installed.

    Attributes:
        python: the interpreter of its environment, which has asv_runner.
        functions: of its package, and where its benchmarks are.
    """

    python: Path
    functions: Functions


def asv_profile(side: Side, benchmark: str, seconds: float = SECONDS) -> Seen:
    """What `asv profile` takes: cProfile over one call, after timing it, in asv's own process.

    Args:
        side: where it is.
        benchmark: asv's name of it.
        seconds: without meaning here; asv profiles one call.

    Raises:
        PeerError: asv isn't there, or the benchmark fails under it.
    """
    del seconds
    runner = _home("asv") / "asv" / "benchmark.py"
    with _folder() as folder:
        profile, result = folder / "profile", folder / "result.json"
        run = [
            side.python,
            runner,
            "run",
            side.functions.benchmarks,
            benchmark,
            "{}",
            profile,
            result,
        ]
        _run([*map(str, run)], folder)
        return of_pstats(profile, side.functions)


def pyinstrument(side: Side, benchmark: str, seconds: float = SECONDS) -> Seen:
    """What pyinstrument samples of the benchmark, called again and again.

    Raises:
        PeerError: pyinstrument isn't there, or the benchmark fails under it.
    """
    home = _home("pyinstrument")
    with _folder() as folder:
        # The profiler alone, without what else is installed beside it.
        (folder / "home").mkdir()
        (folder / "home" / "pyinstrument").symlink_to(home / "pyinstrument")
        session, count = folder / "session.json", folder / "calls"
        run = [side.python, TARGET, side.functions.benchmarks, benchmark, seconds, count]
        _run([*map(str, run), str(session), str(folder / "home")], folder)
        stacks = pyinstrument_stacks(session.read_text(encoding="utf-8"))
        return of_stacks(stacks, side.functions, CALLER, _calls(count))


def py_spy(side: Side, benchmark: str, seconds: float = SECONDS) -> Seen:
    """What py-spy samples of the benchmark, called again and again.

    Raises:
        PeerError: py-spy isn't there or may not look into processes, or the benchmark fails.
    """
    scripts = os.pathsep.join((sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)))
    program = shutil.which("py-spy", path=scripts)
    if program is None:
        raise PeerError("py-spy is not installed; pip install --requirement requirements.txt")
    with _folder() as folder:
        stacks, count = folder / "stacks", folder / "calls"
        record = [program, "record", "--format", "raw", "--full-filenames", "--function"]
        record += ["--rate", str(RATE), "--output", str(stacks), "--"]
        run = [side.python, TARGET, side.functions.benchmarks, benchmark, seconds, count]
        _run([*record, *map(str, run)], folder)
        found = py_spy_stacks(stacks.read_text(encoding="utf-8"), RATE)
        return of_stacks(found, side.functions, CALLER, _calls(count))


PEERS: Mapping[str, Callable[[Side, str, float], Seen]] = {
    "asv profile": asv_profile,
    "pyinstrument": pyinstrument,
    "py-spy": py_spy,
}
"""The profilers by the names that their users know."""


def _home(package: str) -> Path:
    """The folder that a package of the study's own interpreter is in, found without importing."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise PeerError(f"{package} is not installed; pip install --requirement requirements.txt")
    return Path(spec.origin).parents[1]


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="peers-") as folder:
        yield Path(folder)


def _calls(count: Path) -> int:
    """How often the target called the benchmark; py-spy succeeds even where its target fails."""
    if not count.exists():
        raise PeerError("the benchmark failed under it")
    return int(count.read_text(encoding="ascii"))


def _run(words: list[str], folder: Path) -> None:
    """Run a program to its end.

    Raises:
        PeerError: it fails, or takes too long.
    """
    # The environments are shared with other measurements; nothing is to be left in them.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("PYTHONPATH", None)
    try:
        done = subprocess.run(
            words, cwd=folder, env=environment, capture_output=True, text=True, timeout=TIMEOUT
        )
    except subprocess.TimeoutExpired:
        raise PeerError(f"{Path(words[0]).name} took more than {TIMEOUT:g} s") from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise PeerError(f"{Path(words[0]).name} failed: {last}")
