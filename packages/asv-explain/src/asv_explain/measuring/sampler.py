"""Has py-spy read the stacks of a process while it calls a benchmark, and keeps those of the calls.

py-spy stops the process for each sample, so that it reads no torn stacks. A sample holds the line
that runs in each frame. py-spy comes when the benchmark is set up, as reading the deep stacks of
imports a thousand times a second would take longer than they do; the harness waits for it, and lets
it read the process (prctl(2), PR_SET_PTRACER). It runs on other processors where there are any.
"""

from __future__ import annotations

import os
import re
import select
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

from asv_explain.contained import started
from asv_explain.files import read_own
from asv_explain.measuring.harness import SAMPLING, TIMED_CALLS
from asv_explain.profiles.stacks import SampledStacks, levels, read_collapsed

__all__ = [
    "ABSENT",
    "Sampled",
    "Sampling",
    "due_while_running",
    "find_sampler",
    "kept_up",
    "run_sampled",
    "sampler_words",
    "statement_stacks",
    "timed_stacks",
    "why_not",
]

ABSENT = "py-spy, which asv-explain depends on, is not installed beside it"
"""Why nothing can be sampled where there is no sampler."""

# Moves to some processors and becomes the program.
_START = """
import os, sys
if sys.argv[1] and hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {*map(int, sys.argv[1].split(","))})
os.execv(sys.argv[2], sys.argv[2:])
"""

_BEHIND = re.compile(r"\d+(?:\.\d+)?s behind in sampling")

_IDLE_WORKER = re.compile(r"_worker \(.*\bconcurrent[\\/]futures[\\/]thread\.py:\d+\)")

_FORBIDDEN = ("permission denied", "operation not permitted", "os error 1)", "os error 13)")

# Where the threads that the threading module starts begin.
_STARTED = re.compile(r"(?:Thread\.)?_bootstrap \([^;]*threading\.py:\d+\)")

_LONGEST_REASON = 200

WRITING_SECONDS = 60.0
"""What py-spy gets to write the stacks when the process has ended."""

STOP_FRAMES = 20
"""A stop takes as long as reading so many frames, and reading those of the benchmark besides: the
harness's own, and what it takes to stop a process and to let it go on."""

LEAST_WEIGHT = 0.1
"""Of a sample, however long its stack is."""

LARGEST_STACKS = 512 * 1024 * 1024
"""Bytes above which stacks are not read: 500,000 different ones, 20 frames deep."""


def find_sampler() -> Path | None:
    """The program of py-spy that was installed with this package; None where there is none."""
    name = "py-spy"
    for folder in (sysconfig.get_path("scripts"), str(Path(sys.executable).parent), None):
        found = shutil.which(name, path=folder)
        if found is not None:
            return Path(found).absolute()
    return None


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to sample.

    Attributes:
        rate: Samples a second.
        idle: Whether to read threads that wait, too.
        processors: Those for py-spy; as it is started where there are none.
    """

    rate: int
    idle: bool
    processors: Sequence[int]


@dataclass(frozen=True, slots=True)
class Sampled:
    """How a program that was sampled ended.

    Attributes:
        status: Its exit status, or the number of the signal that ended it below zero; None where it
            had to be ended as its time was up.
        stacks: Its stacks, collapsed; "" if none were read.
        kept_up: Whether as many were read a second as asked for.
        unsampled: Why none were read; "" if they were, or if the program ended before.
        unread: Whether the program was ended for it.
    """

    status: int | None
    stacks: str = ""
    kept_up: bool = True
    unsampled: str = ""
    unread: bool = False


def run_sampled(
    sampler: Path,
    how: Sampling,
    command: Callable[[tuple[int, int]], Sequence[str]],
    folder: Path,
    variables: Mapping[str, str],
    limit: float,
    place: Path,
) -> Sampled:
    """Run a program to its end, or until its time is up, with its stacks read once it is ready.

    Args:
        sampler: py-spy.
        how: How to sample.
        command: Gives the program's path and its words from two descriptors: to write the number
            of its process to when it is ready, and to read from until it is sampled.
        folder: The program's current folder.
        variables: Its whole environment.
        limit: Seconds that it may take.
        place: A folder for the stacks.

    Raises:
        OSError: The program can't be started.
    """
    until = time.monotonic() + limit
    output = place / "stacks.txt"
    with ExitStack() as stack:
        with ExitStack() as theirs:
            ready, tell_ready = _pipe(stack, theirs)
            wait_to_go, go = _pipe(theirs, stack)
            ends = (tell_ready, wait_to_go)
            nowhere = subprocess.DEVNULL
            process = stack.enter_context(
                started(command(ends), folder, variables, nowhere, nowhere, ends)
            )
        number = _heard(ready, until, lambda said: said.endswith("\n")).strip()
        if not number.isdecimal():
            return Sampled(_status(process, until))
        words = [*sampler_words(sampler, how), "--pid", number, "--output", str(output)]
        reader = stack.enter_context(
            started(words, place, os.environ, subprocess.PIPE, subprocess.STDOUT)
        )
        stdout = stack.enter_context(cast("IO[bytes]", reader.stdout)).fileno()
        said = _heard(stdout, until, lambda said: SAMPLING in said)
        if SAMPLING not in said:
            return Sampled(None, unsampled=why_not(said), unread=True)
        os.write(go, b"g")
        status = _status(process, until)
        if status is None:
            return Sampled(None)
        said += _heard(stdout, time.monotonic() + WRITING_SECONDS, lambda _: False)
        try:
            stacks = read_own(output, LARGEST_STACKS).decode(errors="replace")
        except (OSError, ValueError):
            return Sampled(status, unsampled=why_not(said))
        return Sampled(status, stacks, kept_up(said))


def _pipe(reading: ExitStack, writing: ExitStack) -> tuple[int, int]:
    """The ends of a pipe, to read from and to write to, each closed by a stack."""
    ends = os.pipe()
    reading.callback(os.close, ends[0])
    writing.callback(os.close, ends[1])
    return ends


def _heard(descriptor: int, until: float, enough: Callable[[str], bool]) -> str:
    """What comes through a pipe until it is enough, closed, or the time is up."""
    said = b""
    while not enough(text := said.decode(errors="replace")):
        left = until - time.monotonic()
        if left <= 0 or not select.select([descriptor], [], [], left)[0]:
            return text
        data = os.read(descriptor, 65536)
        if not data:
            return text
        said += data
    return text


def _status(process: subprocess.Popen[bytes], until: float) -> int | None:
    with suppress(subprocess.TimeoutExpired):
        return process.wait(max(until - time.monotonic(), 0.0))
    return None


def sampler_words(sampler: Path, how: Sampling) -> list[str]:
    """The words that start py-spy, but for what it is to read and where to write."""
    words = ["record", "--format", "raw", "--full-filenames", "--rate", str(how.rate)]
    on = ",".join(map(str, how.processors))
    start = [sys.executable, "-I", "-S", "-c", _START, on]
    return [*start, str(sampler), *words, *["--idle"] * how.idle]


def kept_up(said: str) -> bool:
    """Tell from what py-spy said whether it read as many stacks a second as it was asked to."""
    return _BEHIND.search(said) is None


def why_not(said: str) -> str:
    """Say in one sentence why py-spy read nothing, from what it said."""
    lines = [line.strip() for line in said.splitlines()]
    errors = [line for line in lines if line.startswith("Error:")] or [*filter(None, lines)]
    text = errors[0].removeprefix("Error:").strip() if errors else "it said nothing"
    lowered = said.lower()
    if "requires root" in lowered:
        return "py-spy may read other processes on this system only as root"
    if any(word in lowered for word in _FORBIDDEN):
        return "this system does not let py-spy read another process (ptrace is not permitted)"
    if "python version" in lowered or "unsupported version" in lowered:
        return f"py-spy does not know this interpreter: {text[:_LONGEST_REASON]}"
    return f"py-spy read nothing: {text[:_LONGEST_REASON]}"


def due_while_running(stacks: SampledStacks, stopped: float) -> SampledStacks:
    """Weight samples by how likely it is that each fell due while the process ran.

    py-spy takes samples by the time of day, and what fell due while it had the process stopped as
    soon as that runs again. So code whose stacks take long to read is found too often: all the
    time that it was stopped counts for it. Of a sample on whose stack the process is stopped for
    the share s of its time, 1 - s were due while it ran. A stop takes `STOP_FRAMES` and the frames
    of the stack, each as long.

    Args:
        stacks: Of a thread that runs.
        stopped: The share of its time for which it was stopped, all stacks together.
    """
    depth = np.zeros(len(stacks.parent))
    for number, nodes in enumerate(levels(stacks.parent.astype(np.intp)), start=1):
        depth[nodes] = number
    length = depth + STOP_FRAMES
    mean = float((stacks.samples @ length).sum() / max(stacks.samples.sum(), 1.0))
    weight = np.maximum(1.0 - stopped * length / max(mean, 1.0), LEAST_WEIGHT)
    return replace(stacks, samples=stacks.samples * weight)


def timed_stacks(text: str, harness: str) -> tuple[SampledStacks, SampledStacks]:
    """Keep of collapsed stacks those of the timed calls, from the benchmark's function inwards.

    Other threads are known by the function of Python's that starts each: a stack that could not be
    read as a whole has lost its outermost frames. Their stacks bear no time. As the sampler comes
    when the benchmark is set up, they are of the timed calls and of what lies between them: a
    set-up before each sample, if there is one. Idle workers of a ThreadPoolExecutor are left out:
    the sampler itself wakes those that it stops, and takes them for running until they wait again.

    Args:
        text: A line for each stack: frames "name (file:line)", outermost first and parted by ";",
            then a space and how often it was seen.
        harness: The harness's file, as it stands in frames.

    Returns:
        The stacks of the thread that calls the benchmark, and those of all others.
    """
    marker, own = f"{TIMED_CALLS} ({harness}:", f" ({harness}:"
    timed: list[str] = []
    others: list[str] = []
    for line in text.split("\n"):
        place = line.find(marker)
        # A call of another function may end in the same name.
        if place >= 0 and (not place or line[place - 1] == ";"):
            cut = line.find(";", place + len(marker))
            if cut >= 0:  # else it is the loop itself
                timed.append(line[cut + 1 :])
        elif (
            own not in line
            and _STARTED.match(line)
            and not _IDLE_WORKER.match(line, line.rfind(";") + 1)
        ):
            others.append(line)
    return read_collapsed(timed), read_collapsed(others)


def statement_stacks(raw: Sequence[Mapping[str, Any]]) -> SampledStacks:
    """Keep of the stacks of processes those of a timeraw benchmark's statement.

    Args:
        raw: Of each process, as the harness tells them: "stacks", the collapsed text, and "lines",
            the first and the last line of the statement in timeit's function that runs it.

    Returns:
        The stacks of all, from that function inwards.
    """
    marker = ";inner (<timeit-src>:"
    timed: list[str] = []
    for one in raw:
        first, last = one["lines"]
        for line in str(one["stacks"]).split("\n"):
            place = line.find(marker)
            number = line[place + len(marker) :].partition(")")[0]
            if place >= 0 and number.isdecimal() and first <= int(number) <= last:
                timed.append(line[place + 1 :])
    return read_collapsed(timed)
