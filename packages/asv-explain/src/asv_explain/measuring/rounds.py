"""What measuring yields: rounds, each one process, on both sides of a change."""

from __future__ import annotations

import math
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from asv_explain.profiles.collecting import without_collecting
from asv_explain.profiles.profile import Profile, profile_from_raw
from asv_explain.profiles.stacks import (
    NO_STACKS,
    Frame,
    SampledStacks,
    frames_from_raw,
    read_frame,
)
from asv_explain.profiles.wire import LARGEST, WireError, show

__all__ = [
    "Failure",
    "Limits",
    "Round",
    "RoundError",
    "Rounds",
    "failure_from_answer",
    "frames_of",
    "in_turns",
    "limits_from_answer",
    "round_from_answer",
]

_T = TypeVar("_T")

SCHEMA = 1
KINDS = frozenset({"failed", "timeout", "skipped", "untraceable", "unswapped", "unsampled"})

LARGEST_COUNT = 2**64
"""Counters of the processor have 64 bits."""

LEAST_TURNS = 3
"""Turns below which the median of their ratios says no more than the ratio of medians."""

LONGEST_TEXT = 10_000
"""Characters of a failure that are kept; the harness writes fewer."""


class RoundError(ValueError):
    """An answer of the harness that is no round; the text says what is wrong."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a process measured nothing.

    Attributes:
        kind: "failed", "timeout", "skipped", "untraceable" where there is no tracemalloc,
            "unswapped" where a module could not be imported from another source, or "unsampled"
            where stacks could not be read.
        text: The last line of the traceback, or what stands in for it.
    """

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What a benchmark says of itself.

    Attributes:
        timeout: Seconds after which it counts as hung; None where it sets none.
        setup_cache: Whether it has a setup_cache.
        setup_cache_timeout: Seconds that this may take; None where it sets none.
        kind: What asv measures: "time", "mem", "peakmem" or "track".
        unit: The unit of its values.
        implementation: The interpreter's, such as "cpython" or "pypy".
        raw: Whether it is a statement that runs in processes of its own.
    """

    timeout: float | None
    setup_cache: bool
    setup_cache_timeout: float | None
    kind: str
    unit: str
    implementation: str = "cpython"
    raw: bool = False


@dataclass(frozen=True, slots=True)
class Round:
    """What one process measured.

    Attributes:
        mode: "time", "sample", "value", "profile" or "trace". A process that profiles takes its
            times before it does so; those of one that is sampled include the sampler's stops.
        wall: Seconds per call of the benchmark on the benchmark's own clock; None after a failure.
        cpu: CPU seconds per call, of all threads; None after a failure.
        instructions: User instructions per call; None where they can't be counted.
        number: Calls of the benchmark in one sample.
        setup: Seconds that the benchmark's setup and teardown take for each sample.
        samples: Wall seconds per call of each sample; `wall` is their median.
        profile: What was counted, in a process that profiled.
        failure: Why nothing was measured, or None.
        delayed: Seconds per call in which other processes had the processor; 0 if not known.
        value: What a benchmark that isn't one of time gives, in its own unit; else None.
        trace: The raw trace of memory by line, in a process that traced.
        cpu_samples: CPU seconds per call of each sample.
        warmed: Samples that went before those, to warm up.
        memory: The most bytes that the process held; 0 if not known.
        ratio_wall: `wall` over that of the round beside it on the other side, where both took their
            samples in turns: the median of the turns' ratios. None where they didn't.
        ratio_cpu: The same of `cpu`.
        threaded: Whether other threads were alive when it had called the benchmark.
        stacks: Of a sampled process, the stacks of the thread that called the benchmark, while it
            did so, from the benchmark's own function inwards.
        threads: The same of all other threads at that time, from their outermost frame inwards, but
            for samples in which they waited.
        waits: `stacks` with the samples in which the thread waited rather than ran; None where that
            was not looked at.
        rate: Samples a second that were asked for.
        idle: Whether waiting threads were sampled, too, so that samples are shares of wall time
            rather than of CPU time.
        frames: Which of the functions of `profile` each frame is that was sampled before.
        imported: The path below its home and the file of each module that was imported, but for
            the standard library's; given by a side's first round alone.
        importtime: Of a timeraw benchmark that is sampled, the modules that it imports, each with
            its own seconds.
    """

    mode: str
    wall: float | None
    cpu: float | None
    instructions: int | None
    number: int
    setup: float
    samples: tuple[float, ...]
    profile: Profile | None
    failure: Failure | None
    delayed: float = 0.0
    value: float | None = None
    trace: Mapping[str, Any] | None = None
    cpu_samples: tuple[float, ...] = ()
    warmed: int = 0
    memory: int = 0
    ratio_wall: float | None = None
    ratio_cpu: float | None = None
    threaded: bool = False
    stacks: SampledStacks = NO_STACKS
    threads: SampledStacks = NO_STACKS
    waits: SampledStacks | None = None
    rate: float = 0.0
    idle: bool = False
    frames: Mapping[Frame, int] = field(default_factory=dict)
    imported: tuple[tuple[str, str], ...] = ()
    importtime: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Rounds:
    """The rounds of both sides, in the order of measuring: the n-th of each stand side by side.

    Attributes:
        before: The rounds of the earlier commit, those that timed and those that profiled.
        after: The rounds of the later commit.
        kind: What asv measures: "time", "mem", "peakmem" or "track"; "unknown" where the benchmark
            could not even be loaded.
        unit: The unit of the values, as asv knows it.
        unsampled: Why no stacks could be sampled, in one sentence; "" where they were.
    """

    before: tuple[Round, ...]
    after: tuple[Round, ...]
    kind: str = "time"
    unit: str = "seconds"
    unsampled: str = ""

    @property
    def timed(self) -> Rounds:
        """The rounds that timed without a profiler, on both sides."""
        return self._of("time")

    @property
    def sampled(self) -> Rounds:
        """The rounds of which the stacks were sampled: the n-th of both sides are a pair."""
        return self._of("sample")

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
        mode: What the process was to do: "time", "sample", "value", "profile" or "trace".

    Returns:
        The round; its trace is left raw.

    Raises:
        RoundError: The answer is not a round of this schema; the text names what is wrong.
    """
    failure = failure_from_answer(answer)
    if failure is not None:
        return Round(mode, None, None, None, 0, 0.0, (), None, failure)
    if mode == "value":
        most = sys.float_info.max
        value = _number(answer.get("value"), "value", "a finite number", -most, most)
        imported = _pairs(answer, "imported", str)
        return Round(mode, None, None, None, 1, 0.0, (), None, None, value=value, imported=imported)
    if mode == "trace":
        trace = answer.get("trace")
        if not isinstance(trace, Mapping):
            raise RoundError("a trace was asked for")
        _check_bytes(trace)
        return Round(mode, None, None, None, 1, 0.0, (), None, None, trace=trace)
    instructions, profile = answer.get("instructions"), answer.get("profile")
    number = answer.get("number")
    if type(number) is not int or not 1 <= number < LARGEST:
        raise RoundError(f"number of calls is {show(number)}")
    whole = type(instructions) is int and 0 <= instructions < LARGEST_COUNT
    if not (instructions is None or whole):
        raise RoundError(f"instructions is {show(instructions)}")
    if isinstance(profile, Mapping) is not (mode == "profile"):
        raise RoundError(f"a profile was {'' if mode == 'profile' else 'not '}asked for")
    counted, frames = (None, {}) if profile is None else _counted(profile)
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
        _samples(samples),
        counted,
        None,
        _seconds(answer, "delayed"),
        cpu_samples=_samples(answer.get("cpu_samples") or []),
        warmed=_whole(answer, "warmed"),
        memory=_whole(answer, "memory"),
        threaded=answer.get("threaded") is True,
        stacks=_stacks(answer, "stacks"),
        threads=_stacks(answer, "threads"),
        rate=_number(answer.get("rate", 0.0), "rate", "samples a second", 0.0, LARGEST),
        idle=answer.get("idle") is True,
        frames=frames,
        imported=_pairs(answer, "imported", str),
        importtime=_pairs(answer, "importtime", float),
    )


@without_collecting()
def _counted(profile: Mapping[str, Any]) -> tuple[Profile, dict[Frame, int]]:
    try:
        counted = profile_from_raw(profile)
        return counted, frames_from_raw(profile, len(counted.functions))
    except WireError as error:
        raise RoundError(f"its profile can't be read: {error}") from error


def frames_of(rounds: Sequence[Round]) -> list[tuple[str, str, int]]:
    """The name, file and line of each different frame on the stacks of some rounds."""
    texts = {text for one in rounds for text in (*one.stacks.frames, *one.threads.frames)}
    found = (read_frame(text) for text in sorted(texts))
    return [(one.name, one.file, one.line) for one in found]


def in_turns(first: Round, second: Round) -> tuple[Round, Round]:
    """Two rounds of which the samples were taken in turns, with the ratio of one to the other.

    Whatever slows the machine for longer than a sample slows both samples of a turn, so a pair's
    ratio is the median of the ratios of its turns, the middle two of an even number averaged as
    logarithms: whichever side is asked for, the ratio is the inverse of the other's. Samples taken
    to warm up count as turns, so that the n-th turn is the same for both. The times of either
    round stay as they were measured.

    Returns:
        The rounds, each with its ratio to the other, wall and CPU each; without one where fewer
        than `LEAST_TURNS` turns hold a sample of both, or a clock saw nothing pass.
    """
    start = max(first.warmed, second.warmed)
    found = []
    for one in (first, second):
        skipped = start - one.warmed
        found.append((one.samples[skipped:], one.cpu_samples[skipped:]))
    wall, cpu = (_log_ratio(*each) for each in zip(*found, strict=True))
    return (
        replace(first, ratio_wall=_exp(wall, -1.0), ratio_cpu=_exp(cpu, -1.0)),
        replace(second, ratio_wall=_exp(wall, 1.0), ratio_cpu=_exp(cpu, 1.0)),
    )


def _log_ratio(first: Sequence[float], second: Sequence[float]) -> float | None:
    """The median logarithm of the ratios of second to first; None from too little."""
    pairs = [*zip(first, second, strict=False)]
    if len(pairs) < LEAST_TURNS or any(min(pair) <= 0 for pair in pairs):
        return None
    return statistics.median(math.log(other) - math.log(one) for one, other in pairs)


def _exp(logarithm: float | None, sign: float) -> float | None:
    return None if logarithm is None else math.exp(sign * logarithm)


def _samples(found: Any) -> tuple[float, ...]:
    if not isinstance(found, list):
        raise RoundError(f"samples are {show(found)}")
    return tuple(_number(sample, "a sample", "seconds", 0.0, LARGEST) for sample in found)


def _stacks(answer: Mapping[str, Any], name: str) -> SampledStacks:
    """Stacks that may be left out."""
    found = answer.get(name, NO_STACKS)
    if not isinstance(found, SampledStacks):
        raise RoundError(f"{name} is {show(found)}")
    return found


def _pairs(answer: Mapping[str, Any], name: str, second: type[_T]) -> tuple[tuple[str, _T], ...]:
    """Rows of a text and something else, which may be left out."""
    found = answer.get(name) or []
    if not isinstance(found, list):
        raise RoundError(f"{name} is {show(found)}")
    for row in found:
        if not isinstance(row, list) or [*map(type, row)] != [str, second]:
            raise RoundError(f"{name} holds {show(row)}")
    return tuple((row[0], row[1]) for row in found)


def _whole(answer: Mapping[str, Any], name: str) -> int:
    """A count that may be left out."""
    found = answer.get(name) or 0
    if type(found) is not int or not 0 <= found < LARGEST_COUNT:
        raise RoundError(f"{name} is {show(found)}")
    return found


def failure_from_answer(answer: Mapping[str, Any]) -> Failure | None:
    """Read why the harness did nothing; None if it did what it was asked.

    Raises:
        RoundError: The answer is not of this schema.
    """
    schema = answer.get("schema")
    if schema != SCHEMA:
        raise RoundError(f"the harness answers in schema {show(schema)}, not {SCHEMA}")
    error = answer.get("error")
    if error is None:
        return None
    kind = error.get("kind") if isinstance(error, Mapping) else None
    if not isinstance(kind, str) or kind not in KINDS:
        raise RoundError(f"the harness names an unknown error: {show(error)}")
    return Failure(kind, str(error.get("text", ""))[:LONGEST_TEXT])


def limits_from_answer(answer: Mapping[str, Any]) -> Limits:
    """Read what the harness says of a benchmark before anything is measured.

    Raises:
        RoundError: The answer is not of this form.
    """
    seconds = []
    for name in ("timeout", "setup_cache_timeout"):
        value = answer.get(name) or None
        seconds.append(None if value is None else _number(value, name, "seconds", 0.0, LARGEST))
    kind, unit = answer.get("kind", "time"), answer.get("unit", "seconds")
    if kind not in ("time", "mem", "peakmem", "track") or not isinstance(unit, str):
        raise RoundError(f"the benchmark is one of {show(kind)}, in {show(unit)}")
    implementation = answer.get("implementation", "cpython")
    if not isinstance(implementation, str):
        raise RoundError(f"the implementation is {show(implementation)}")
    cached = bool(answer.get("setup_cache"))
    raw = answer.get("raw") is True
    return Limits(seconds[0], cached, seconds[1], kind, unit, implementation, raw)


def _check_bytes(trace: Mapping[str, Any]) -> None:
    """See that the figures on which the next trace depends are such; the rest is read later."""
    imports, temporary = trace.get("imports") or [0, 0], trace.get("temporary") or [0]
    lists = isinstance(imports, list) and isinstance(temporary, list)
    if not lists or len(imports) != 2 or not temporary:
        raise RoundError("what a trace says of imports or of freed memory is no list of bytes")
    for value in (trace.get("peak", 0), *imports, temporary[0]):
        if type(value) is not int or not 0 <= value < LARGEST:
            raise RoundError(f"a trace holds {show(value)}, which are no bytes")


def _seconds(answer: Mapping[str, Any], name: str) -> float:
    return _number(answer.get(name), name, "seconds", 0.0, LARGEST)


def _number(value: Any, name: str, what: str, least: float, most: float) -> float:
    # Compared first: of what is no number no comparison holds, and endless integers are no floats.
    if type(value) not in (int, float) or not least <= value <= most:
        raise RoundError(f"{name} is {show(value)}, not {what}")
    return float(value)
