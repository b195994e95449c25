"""What measuring yields: rounds, each one process, on both sides of a change."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

__all__ = ["Failure", "Round", "RoundError", "Rounds", "failure_from_answer", "round_from_answer"]

SCHEMA = 1
KINDS = frozenset({"failed", "timeout", "skipped", "untraceable"})


class RoundError(ValueError):
    """An answer of the harness that is no round; the text says what is wrong."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a process measured nothing.

    Attributes:
        kind: "failed", "timeout", "skipped", or "untraceable" where there is no tracemalloc.
        text: The last line of the traceback, or what stands in for it.
    """

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Round:
    """What one process measured.

    Attributes:
        mode: "time", "value", "profile" or "trace". A process that profiles takes its times
            before it does so.
        wall: Seconds per call of the benchmark on the benchmark's own clock; None after a failure.
        cpu: CPU seconds per call, of all threads; None after a failure.
        instructions: User instructions per call; None where they can't be counted.
        number: Calls of the benchmark in one sample.
        setup: Seconds that the benchmark's setup and teardown take for each sample.
        samples: Wall seconds per call of each sample; `wall` is their median.
        profile: The raw profile, in a process that profiled.
        failure: Why nothing was measured, or None.
        delayed: Seconds per call in which other processes had the processor; 0 if not known.
        value: What a benchmark that isn't one of time gives, in its own unit; else None.
        trace: The raw trace of memory by line, in a process that traced.
    """

    mode: str
    wall: float | None
    cpu: float | None
    instructions: int | None
    number: int
    setup: float
    samples: tuple[float, ...]
    profile: Mapping[str, Any] | None
    failure: Failure | None
    delayed: float = 0.0
    value: float | None = None
    trace: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Rounds:
    """The rounds of both sides, in the order of measuring: the n-th of each stand side by side.

    Attributes:
        before: The rounds of the earlier commit, those that timed and those that profiled.
        after: The rounds of the later commit.
        kind: What asv measures: "time", "mem", "peakmem" or "track"; "unknown" where the benchmark
            could not even be loaded.
        unit: The unit of the values, as asv knows it.
    """

    before: tuple[Round, ...]
    after: tuple[Round, ...]
    kind: str = "time"
    unit: str = "seconds"

    @property
    def timed(self) -> Rounds:
        """The rounds that timed without a profiler, on both sides."""
        return self._of("time")

    @property
    def profiled(self) -> Rounds:
        """The rounds that profiled, on both sides."""
        return self._of("profile")

    @property
    def valued(self) -> Rounds:
        """The rounds that took the value of a benchmark of memory or of a tracked value."""
        return self._of("value")

    @property
    def traced(self) -> Rounds:
        """The rounds that traced memory by line, on both sides."""
        return self._of("trace")

    def _of(self, mode: str) -> Rounds:
        return replace(
            self,
            before=tuple(each for each in self.before if each.mode == mode),
            after=tuple(each for each in self.after if each.mode == mode),
        )

    @property
    def failure(self) -> tuple[str, Failure] | None:
        """The first failure and its side, "before" or "after"; None where all went well."""
        for side, rounds in (("before", self.before), ("after", self.after)):
            for each in rounds:
                if each.failure is not None:
                    return side, each.failure
        return None


def round_from_answer(answer: Mapping[str, Any], mode: str = "time") -> Round:
    """Read a round from what the harness answered.

    Args:
        answer: The JSON object.
        mode: What the process was to do: "time", "value", "profile" or "trace".

    Returns:
        The round; its profile or trace is left raw.

    Raises:
        RoundError: The answer is not a round of this schema; the text names what is wrong.
    """
    if answer.get("schema") != SCHEMA:
        raise RoundError(f"the harness answers in schema {answer.get('schema')!r}, not {SCHEMA}")
    failure = failure_from_answer(answer)
    if failure is not None:
        return Round(mode, None, None, None, 0, 0.0, (), None, failure)
    if mode == "value":
        value = _finite(answer, "value", "a finite number")
        return Round(mode, None, None, None, 1, 0.0, (), None, None, value=value)
    if mode == "trace":
        trace = answer.get("trace")
        if not isinstance(trace, Mapping):
            raise RoundError("a trace was asked for")
        return Round(mode, None, None, None, 1, 0.0, (), None, None, trace=trace)
    instructions, profile = answer.get("instructions"), answer.get("profile")
    number = answer.get("number")
    if not isinstance(number, int) or number < 1:
        raise RoundError(f"number of calls is {number!r}")
    if not (instructions is None or isinstance(instructions, int)):
        raise RoundError(f"instructions is {instructions!r}")
    if isinstance(profile, Mapping) is not (mode == "profile"):
        raise RoundError(f"a profile was {'' if mode == 'profile' else 'not '}asked for")
    samples = answer.get("samples")
    if not isinstance(samples, list) or not samples:
        raise RoundError("no samples")
    return Round(
        mode,
        _seconds(answer, "wall"),
        _seconds(answer, "cpu"),
        instructions,
        number,
        _seconds(answer, "setup"),
        tuple(float(sample) for sample in samples),
        profile,
        None,
        _seconds(answer, "delayed"),
    )


def failure_from_answer(answer: Mapping[str, Any]) -> Failure | None:
    """Read why nothing was measured from what the harness answered; None where all went well.

    Raises:
        RoundError: The error is none that the harness has.
    """
    error = answer.get("error")
    if error is None:
        return None
    if not isinstance(error, Mapping) or error.get("kind") not in KINDS:
        raise RoundError(f"the harness names an unknown error: {error!r:.80}")
    return Failure(error["kind"], str(error.get("text", "")))


def _seconds(answer: Mapping[str, Any], name: str) -> float:
    return _finite(answer, name, "seconds")


def _finite(answer: Mapping[str, Any], name: str, what: str) -> float:
    value = answer.get(name)
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        raise RoundError(f"{name} is {value!r}, not {what}")
    return float(value)
