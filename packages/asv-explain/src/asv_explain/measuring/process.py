"""Runs the harness in a process of its own, inside a commit's environment."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import msgspec

from asv_explain.contained import started
from asv_explain.files import read_own
from asv_explain.measuring import harness
from asv_explain.measuring.sampler import (
    ABSENT,
    Sampling,
    find_sampler,
    kept_up,
    run_sampled,
    sampler_words,
    statement_stacks,
    timed_stacks,
    why_not,
)
from asv_explain.profiles.collecting import without_collecting
from asv_explain.scratch import check_room, scratch
from asv_explain.suspect import Installed

__all__ = [
    "Asked",
    "ProcessRunner",
    "Runner",
    "TurnTaker",
    "available_memory",
    "environment",
    "read_answer",
]


LARGEST_ANSWER = 512 * 1024 * 1024
"""Bytes above which an answer is not read: a profile of 50,000 functions has a tenth of it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a runner is asked, in the words of `Runner`."""

    side: Installed
    request: Mapping[str, Any]
    folder: Path
    limit: float


class Runner(Protocol):
    """Runs the harness once."""

    def __call__(
        self, side: Installed, request: Mapping[str, Any], folder: Path, limit: float
    ) -> Mapping[str, Any]:
        """Answer a request.

        Args:
            side: The commit on which to run.
            request: The harness's request, without output, cpu and turns. Beside the harness's
                own keys: hash_seed, that of hashes (0 if left out), and in mode "sample" rate,
                samples a second, and idle, whether to sample threads that wait, too.
            folder: The process's current folder.
            limit: Seconds after which the process is killed.

        Returns:
            The harness's answer, or one that holds an error where the process gave none. In mode
            "sample" it has stacks and threads, as a `Round` has, and kept_up, whether there were as
            many samples a second as asked for.
        """
        ...


@runtime_checkable
class TurnTaker(Protocol):
    """A runner that can have two processes take their samples in turns."""

    def together(self, first: Asked, second: Asked) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Answer two requests at once, sample by sample in turns.

        Args:
            first: What is asked of the process that begins.
            second: What is asked of the other; both are killed when both limits have passed.

        Returns:
            Both answers, each as the runner gives it alone.
        """
        ...


def environment(side: Installed, seed: int = 0) -> dict[str, str]:
    """Make the variables of a process that measures.

    Python's own variables are left out, but for those that asv's configuration or ASV_PYTHONPATH
    ask for. Bytecode goes to the environment's folder, never beside the user's benchmarks.

    Args:
        side: The commit on which it runs.
        seed: That of hashes, unless asv's configuration sets one.

    Returns:
        The whole environment.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    paths = [str(side.python.absolute().parent), kept.get("PATH", os.defpath)]
    variables = {**kept, "PATH": os.pathsep.join(paths), "PYTHONNOUSERSITE": "1"}
    if "ASV_PYTHONPATH" in kept:
        variables["PYTHONPATH"] = kept["ASV_PYTHONPATH"]
    return {
        **variables,
        "PYTHONHASHSEED": str(seed),
        **side.env_vars,
        "PYTHONPYCACHEPREFIX": str(side.env_dir.absolute() / "asv-explain-bytecode"),
    }


class ProcessRunner:
    """Runs the harness in fresh processes, pinned to the last of the processors they may use."""

    def __init__(self) -> None:
        affinity = getattr(os, "sched_getaffinity", None)
        processors = affinity(0) if affinity is not None else set()
        self._cpu: int | None = max(processors, default=None)
        self._others = sorted(processors - {self._cpu})

    def __call__(
        self, side: Installed, request: Mapping[str, Any], folder: Path, limit: float
    ) -> Mapping[str, Any]:
        """Run the harness once; whatever it started ends with it.

        Raises:
            ScratchError: There is no room for its answer.
        """
        asked = Asked(side, request, folder, limit)
        if request.get("mode") == "sample":
            return self._sampled(asked)
        (answer,) = self._answers([(asked, ())])
        return answer

    def together(self, first: Asked, second: Asked) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Run the harness twice at once, with a pipe each way by which they take turns.

        Raises:
            ScratchError: There is no room for an answer.
        """
        with ExitStack() as pipes:
            at_first, to_first = _pipe(pipes)
            at_second, to_second = _pipe(pipes)
            os.write(to_first, b"n")
            both = [(first, (at_first, to_second)), (second, (at_second, to_first))]
            one, other = self._answers(both, pipes.close)
            return one, other

    def _answers(
        self,
        every: Sequence[tuple[Asked, tuple[int, ...]]],
        all_started: Callable[[], object] = lambda: None,
    ) -> list[Mapping[str, Any]]:
        """Start a process for each, with its ends of pipes, and read what they answered."""
        with ExitStack() as places:
            with ExitStack() as stack:
                running = [self._start(places, stack, asked, turns) for asked, turns in every]
                # Who waits for another sees that it has ended only where nobody else could write.
                all_started()
                # Who takes turns waits while the other one works.
                until = time.monotonic() + sum(asked.limit for asked, _ in every)
                for _, process in running:
                    if not isinstance(process, OSError):
                        with suppress(subprocess.TimeoutExpired):
                            process.wait(max(until - time.monotonic(), 0.0))
                # What had to be ended has no status of its own.
                statuses = [getattr(process, "returncode", None) for _, process in running]
            # Read once nothing is left that could still write.
            return [
                _no_start(asked, process)
                if isinstance(process, OSError)
                else _answered(place, status, asked.limit)
                for (asked, _), (place, process), status in zip(
                    every, running, statuses, strict=True
                )
            ]

    def _start(
        self, places: ExitStack, stack: ExitStack, asked: Asked, turns: tuple[int, ...]
    ) -> tuple[Path, subprocess.Popen[bytes] | OSError]:
        """A process that answers into a folder, or why there is none."""
        place = places.enter_context(scratch())
        more = {"turns": turns} if turns else {}
        command = self._command(asked, place, **more)
        variables = environment(asked.side, asked.request.get("hash_seed", 0))
        nowhere = subprocess.DEVNULL
        try:
            began = started(command, asked.folder, variables, nowhere, nowhere, turns)
            return place, stack.enter_context(began)
        except OSError as error:
            return place, error

    def _sampled(self, asked: Asked) -> Mapping[str, Any]:
        """Run the harness with a sampler beside it."""
        sampler = find_sampler()
        if sampler is None:
            return _error("unsampled", ABSENT)
        how = Sampling(asked.request["rate"], asked.request["idle"], self._others)
        with scratch() as place:

            def command(ends: tuple[int, int]) -> list[str]:
                words = sampler_words(sampler, how)
                return self._command(asked, place, sampler=ends, raw_sampler=words)

            variables = environment(asked.side, asked.request.get("hash_seed", 0))
            try:
                found = run_sampled(
                    sampler, how, command, asked.folder, variables, asked.limit, place
                )
            except OSError as error:
                return _no_start(asked, error)
            answer = _answered(place, found.status, asked.limit)
        failed = answer.get("error")
        if failed is not None:
            # What the sampler didn't reach was ended with it.
            if found.unread:
                return _error("unsampled", found.unsampled)
            if isinstance(failed, Mapping) and failed.get("kind") == "unsampled":
                return _error("unsampled", why_not(str(failed.get("text"))))
            return answer
        if "raw" in answer:
            return _with_raw_stacks(answer)
        if found.unsampled:
            return _error("unsampled", found.unsampled)
        stacks, threads = timed_stacks(found.stacks, _HARNESS)
        return {**answer, "stacks": stacks, "threads": threads, "kept_up": found.kept_up}

    def _command(self, asked: Asked, place: Path, **more: object) -> list[str]:
        """The words that start the harness, which is to answer into a folder."""
        request = {**asked.request, "output": str(place / _ANSWER), "cpu": self._cpu, **more}
        return [str(asked.side.python.absolute()), _HARNESS, json.dumps(request)]


_HARNESS = str(Path(harness.__file__).absolute())
_ANSWER = "answer.json"


def _with_raw_stacks(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """Put the stacks of a timeraw benchmark's processes where those of other benchmarks are."""
    try:
        stacks = statement_stacks(answer["raw"])
        fast = all(kept_up(one["said"]) for one in answer["raw"])
    except (LookupError, TypeError, ValueError):
        return _error("failed", "the benchmark wrote where only the answer belongs")
    others = {name: value for name, value in answer.items() if name != "raw"}
    return {**others, "stacks": stacks, "kept_up": fast}


def _no_start(asked: Asked, error: OSError) -> Mapping[str, Any]:
    return _error("failed", f"{asked.side.python} does not start: {error.strerror}")


def _pipe(stack: ExitStack) -> tuple[int, int]:
    """The ends of a pipe, to read from and to write to, which the stack closes."""
    ends = os.pipe()
    for end in ends:
        stack.callback(os.close, end)
    return ends


def _answered(place: Path, status: int | None, limit: float) -> Mapping[str, Any]:
    """What a process that has ended answered, or that it was not there in time."""
    answer = _read(place, status, limit)
    if answer.get("error") is not None:
        # On a full disk, no benchmark is to blame.
        check_room(place)
    return answer


def _read(place: Path, status: int | None, limit: float) -> Mapping[str, Any]:
    if status is None:
        return _error("timeout", f"no answer after {limit:g} seconds")
    try:
        answer = read_answer(read_own(place / _ANSWER, LARGEST_ANSWER))
    except FileNotFoundError:
        return _error("failed", f"the process ended without an answer, {_ending(status)}")
    except (OSError, ValueError, RecursionError):
        text = "the benchmark wrote where only the answer belongs"
        return _error("failed", f"{text}, {_ending(status)}")
    if not isinstance(answer, dict):
        return _error("failed", "the process's answer is no JSON object")
    return answer


def read_answer(data: bytes) -> Any:
    """Read what the harness wrote.

    Raises:
        ValueError: It is no JSON, or nested beyond all measure.
    """
    with without_collecting():
        try:
            try:
                return msgspec.json.decode(data)
            except msgspec.DecodeError:
                # Python writes infinities and what is no number, which only Python reads, and half
                # a character where the name of a file is no text, which none can write again.
                text = json.dumps(json.loads(data), ensure_ascii=False)
                return json.loads(text.encode("utf-8", "replace"))
        except RecursionError:
            raise ValueError("nested too deeply") from None


def available_memory() -> int | None:
    """Bytes that processes may still take without others giving theirs; None if not known."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    found = [line.split() for line in lines if line.startswith("MemAvailable:")]
    return int(found[0][1]) * 1024 if found else None


def _ending(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    known = {each.value: each.name for each in signal.Signals}
    return f"killed by {known.get(-status, f'signal {-status}')}"


def _error(kind: str, text: str) -> dict[str, Any]:
    return {"schema": harness.SCHEMA, "error": {"kind": kind, "text": text}}
