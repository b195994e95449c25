"""What the pipeline ends in: one explanation, immutable, and its form in JSON."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import msgspec

from asv_explain.bisection import Bisection
from asv_explain.commit_ref import CommitRef
from asv_explain.plausible import implausible
from asv_explain.reversal import Change, Outcome, Proof, PutBack, Refusal, Reversal
from asv_explain.verdict import Interval, Verdict

__all__ = [
    "BYTES",
    "NOISY",
    "SCHEMA",
    "SECONDS",
    "CallChange",
    "Cause",
    "Caveat",
    "Change",
    "CommitRef",
    "Detail",
    "Explanation",
    "ExplanationError",
    "Interval",
    "Kind",
    "LineChange",
    "LineCost",
    "Outcome",
    "Place",
    "Proof",
    "PutBack",
    "Refusal",
    "Reversal",
    "Rounds",
    "Sampling",
    "ThreadCost",
    "Verdict",
    "decode",
    "encode",
]

# Raised with every change that a reader of the JSON could trip over.
SCHEMA = 6

SECONDS = "seconds"
"""The unit of time_ and timeraw_ benchmarks."""

BYTES = "bytes"
"""The unit of mem_ and peakmem_ benchmarks."""

NOISY = "noisy"
"""The kind of the caveat that wall time scatters too much, so that the verdict is CPU time's."""

# Shares are sums of hundreds of floats, each rounded on its way through JSON.
_TOLERANCE = 1e-6


Kind: TypeAlias = Literal["time", "mem", "peakmem", "track", "unknown"]


class ExplanationError(ValueError):
    """JSON that is no explanation; the text says what is wrong and where."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a function or line stands on one side: file below its home, and (first) line."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class LineChange:
    """A line through which a cause allocates, and what of that is alive on both sides.

    Attributes:
        text: the line's source, without its indent; empty where it can't be read.
        before: where it stands before, or None if it wasn't there.
        after: where it stands after, or None if it is gone.
        bytes_before: bytes alive that were allocated through it, before.
        bytes_after: the same after.
        blocks_before: blocks of memory that these bytes are in, before.
        blocks_after: the same after.
        via: the function that allocated most of it, called from the line; empty where the line did
            so itself.
    """

    text: str
    before: Place | None
    after: Place | None
    bytes_before: int
    bytes_after: int
    blocks_before: int
    blocks_after: int
    via: str = ""


@dataclass(frozen=True, slots=True)
class LineCost:
    """A line of a cause's function, and the seconds of one benchmark call spent at it.

    What the line calls counts with it, but for changed code below, which is a cause of its own.

    Attributes:
        text: the line's source, without its indent; empty where it can't be read.
        before: its number in the file before, or None if it wasn't there.
        after: its number in the file after, or None if it is gone.
        seconds_before: seconds before.
        seconds_after: seconds after.
    """

    text: str
    before: int | None
    after: int | None
    seconds_before: float
    seconds_after: float


@dataclass(frozen=True, slots=True)
class Detail:
    """A function whose cost is part of a cause's: a new helper, or unchanged code that it calls.

    Attributes:
        name: qualified name.
        path: file below its home; empty for C functions.
        kind: ``new`` or ``gone`` for a helper that came or went with the cause, ``calls`` for
            calls that the cause added or saved, ``slower`` for unchanged code that takes longer
            below the cause, ``caller`` for lines of unchanged code that call the cause, ``reader``
            for what reads a changed module or class, ``generated`` for functions that the cause
            generates, ``unchanged`` for where the time is that no change explains, ``event loop``
            for turns of the event loop.
        amount: seconds of one benchmark call; negative where it saved.
        share: the same as a share, like the cause's.
        calls_before: calls of it by the cause in one benchmark call, before.
        calls_after: the same after.
    """

    name: str
    path: str
    kind: str
    amount: float
    share: float
    calls_before: float
    calls_after: float


@dataclass(frozen=True, slots=True)
class ThreadCost:
    """A function that other threads ran while the timed call was on; seconds of one call.

    Attributes:
        name: qualified name.
        path: file below its home.
        seconds_before: seconds in the function itself before, of all other threads together.
        seconds_after: the same after.
    """

    name: str
    path: str
    seconds_before: float
    seconds_after: float


@dataclass(frozen=True, slots=True)
class Sampling:
    """What the times of one side's functions come from.

    Attributes:
        method: ``samples`` of stacks without a profiler, or ``profile``, cProfile's distorted
            times, where no stacks could be sampled.
        rounds: processes that were sampled, or profiled.
        samples: stacks sampled in the timed call, in all rounds; 0 without a sampler.
        rate: samples a second that were asked for; 0 without a sampler.
        slowdown: CPU time of a benchmark call while it was sampled over that without; 0 where it
            could not be told.
        waiting: the part of a benchmark call's time that passed in waiting.
        counted: calls that cProfile counted in one benchmark call.
    """

    method: Literal["samples", "profile"]
    rounds: int
    samples: int
    rate: float
    slowdown: float
    waiting: float
    counted: float


@dataclass(frozen=True, slots=True)
class CallChange:
    """A function that one benchmark call calls more or less often than before.

    Attributes:
        name: qualified name, or that of a C function such as ``list.append``.
        path: file below its home; empty for C functions.
        calls_before: calls of it in one benchmark call, before; 0 where it never ran.
        calls_after: the same after.
    """

    name: str
    path: str
    calls_before: float
    calls_after: float


@dataclass(frozen=True, slots=True)
class Cause:
    """A piece of changed code, or a named candidate, and what reached it of the difference.

    Attributes:
        name: qualified name, or the candidate's own name such as ``<module>``.
        path: file below its home; empty for what stands in no file.
        kind: how the code changed, such as ``changed``, ``new``, ``async`` or ``moved``.
        account: one sentence that says how the cost arises.
        amount: its part of the difference, in the explanation's unit; negative where it got less.
        interval: the same with its uncertainty, the measured difference taken as it is; None where
            one round can't tell.
        share: of time, ``amount`` over all that went the benchmark's way, gains left out; of
            memory, over the whole difference.
        count_before: of time, calls of it in one benchmark call, before; of memory, blocks alive.
        count_after: the same after.
        price_before: of time, own seconds of one call of it, before; of memory, mean bytes of a
            block. 0 where there was none.
        price_after: the same after.
        before: where it stands before, or None if it wasn't there.
        after: where it stands after, or None if it is gone.
        hunk: the part of the diff that changed it; empty where no diff shows it.
        commits: the commits of the range that touched it, oldest first.
        lines: of memory, the lines that it allocates through, the largest change first.
        noise: whether ``amount`` can't be told from nothing.
        source_before: the changed lines of ``before`` with all that belongs to them, such as a
            whole function; empty where there are none.
        source_after: the same of ``after``.
        proof: what putting its code back gave back; None where that was not tried.
        line_costs: of time, the lines of its function by file, each with its seconds.
        details: of time, what of its cost lies in other functions, the largest first.
        waiting: of ``amount``, what passed in waiting rather than computing.
    """

    name: str
    path: str
    kind: str
    account: str
    amount: float
    interval: Interval | None
    share: float
    count_before: float
    count_after: float
    price_before: float
    price_after: float
    before: Place | None
    after: Place | None
    hunk: str
    commits: tuple[CommitRef, ...]
    lines: tuple[LineChange, ...] = ()
    noise: bool = False
    source_before: str = ""
    source_after: str = ""
    proof: Proof | None = None
    line_costs: tuple[LineCost, ...] = ()
    details: tuple[Detail, ...] = ()
    waiting: float = 0.0


@dataclass(frozen=True, slots=True)
class Caveat:
    """Something that makes the answer weaker, and what would mend it."""

    kind: str
    text: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Rounds:
    """What each round gave on one side.

    Attributes:
        values: in the explanation's unit; of time, wall seconds a benchmark call.
        cpu: CPU seconds a benchmark call; empty where the kind isn't "time".
        instructions: user instructions a benchmark call, where they were counted.
        ratios: on the later side, after over before of each pair of rounds as its samples taken in
            turns have it, the median of the turns' ratios; null for a pair that took no turns, of
            which ``values`` alone tell. Empty where none did.
        cpu_ratios: the same of ``cpu``.
    """

    values: tuple[float, ...]
    cpu: tuple[float, ...]
    instructions: tuple[float, ...]
    ratios: tuple[float | None, ...] = ()
    cpu_ratios: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why one benchmark changed between two commits, and how sure that is.

    Attributes:
        benchmark: asv's name of it.
        params: the parameter combination, as asv writes it; empty without parameters.
        environment: asv's name of the environment.
        machine: asv's name of the machine.
        kind: what asv measures of it: time, the size of an object, the peak of a process, or a
            tracked value; unknown where the benchmark could not even be loaded.
        unit: of all amounts: "seconds" a benchmark call, "bytes", or a tracked value's own unit;
            empty where the kind is unknown.
        before: full hash of the earlier commit.
        after: full hash of the later commit.
        verdict: slower, faster, same or unknown. Where the kind isn't "time", slower means higher
            and faster lower: asv takes the higher value for the worse one.
        ratio: after over before; None if it couldn't be measured.
        interval: the same with its uncertainty.
        difference: what after takes more than before, in ``unit``.
        causes: the largest first; with the residual they add up to the difference.
        residual: what of the difference no cause explains, in ``unit``.
        async_tax: seconds of the difference spent on coroutines that were plain calls; None where
            nothing turned async.
        caveats: what makes the answer weaker.
        rounds_before: what was measured on the earlier commit.
        rounds_after: what was measured on the later one.
        calls: of a tracked value, which nothing can attribute, the functions called more or less
            often than before, the largest change first; else empty.
        schema: the version of this form.
        bisection: how the two commits were found in a longer range; None if they were asked for.
        commit_before: the earlier commit; None where git can't tell.
        commit_after: the later one.
        facts: what asv knows of the machine, such as its ``cpu`` and ``os``; and the interpreter.
        confidence: of the ratio's interval, such as 0.95; those of causes have 0.95.
        sampling_before: what the times of functions come from on the earlier commit; None where
            nothing was attributed.
        sampling_after: the same on the later one.
        threads: what other threads ran while the timed call was on, the largest change first.
        reversal: the changes that, put back, give the difference back; None where none were tried.
    """

    benchmark: str
    params: tuple[str, ...]
    environment: str
    machine: str
    kind: Kind
    unit: str
    before: str
    after: str
    verdict: Verdict
    ratio: float | None
    interval: Interval | None
    difference: float | None
    causes: tuple[Cause, ...]
    residual: float | None
    async_tax: float | None
    caveats: tuple[Caveat, ...]
    rounds_before: Rounds
    rounds_after: Rounds
    calls: tuple[CallChange, ...] = ()
    schema: int = SCHEMA
    bisection: Bisection | None = None
    commit_before: CommitRef | None = None
    commit_after: CommitRef | None = None
    facts: dict[str, str] = field(default_factory=dict)
    confidence: float = 0.95
    sampling_before: Sampling | None = None
    sampling_after: Sampling | None = None
    threads: tuple[ThreadCost, ...] = ()
    reversal: Reversal | None = None

    @property
    def by_cpu(self) -> bool:
        """Whether the verdict rests on CPU time, as wall time scatters too much for one."""
        told = any(one.kind == NOISY for one in self.caveats)
        return told and bool(self.rounds_before.cpu and self.rounds_after.cpu)

    @property
    def decisive(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """What each round gave, before and after, of what the ratio rests on, in ``unit``."""
        sides = (self.rounds_before, self.rounds_after)
        first, second = (one.cpu if self.by_cpu else one.values for one in sides)
        return first, second

    def __post_init__(self) -> None:
        """Check that nothing of the difference is lost.

        Raises:
            ExplanationError: causes and residual don't add up to the difference, or a verdict
                stands without a measurement.
        """
        if self.difference is None or self.residual is None:
            if self.verdict is not Verdict.UNKNOWN or self.causes:
                raise ExplanationError("without a measured difference there is only 'unknown'")
            return
        parts = [cause.amount for cause in self.causes] + [self.residual]
        scale = sum(abs(part) for part in parts) + abs(self.difference)
        # Whatever lies within an endless tolerance is close.
        if not math.isfinite(scale):
            raise ExplanationError("causes, residual or difference are no finite numbers")
        total = math.fsum(parts)
        if not math.isclose(total, self.difference, rel_tol=0, abs_tol=_TOLERANCE * scale):
            raise ExplanationError(
                f"causes and residual add up to {total!r} {self.unit}, "
                f"not to the difference of {self.difference!r} {self.unit}"
            )


def encode(explanation: Explanation) -> bytes:
    """The explanation as indented JSON in UTF-8; what is no text in it becomes question marks."""
    try:
        data = msgspec.json.encode(explanation)
    except UnicodeEncodeError:
        # Names of files need not be text, and reach Python as lone surrogates.
        text = json.dumps(msgspec.to_builtins(explanation), ensure_ascii=False)
        data = text.encode("utf-8", "replace")
    return msgspec.json.format(data, indent=2) + b"\n"


def decode(data: bytes) -> Explanation:
    """The explanation in ``data``.

    Raises:
        ExplanationError: it is no JSON, of another schema, not of this form, or says what can't be.
    """
    try:
        schema = msgspec.json.decode(data, type=_Versioned).schema
        if schema != SCHEMA:
            raise ExplanationError(f"schema {schema} where {SCHEMA} is read")
        told = msgspec.json.decode(data, type=Explanation)
        json.loads(data, object_pairs_hook=_without_doubles)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise ExplanationError(str(error)) from None
    problem = implausible(told)
    if problem is not None:
        raise ExplanationError(problem)
    return told


def _without_doubles(pairs: list[tuple[str, object]]) -> None:
    """Refuse an object that has a name twice: of its values each reader would take another one."""
    seen = set()
    for name, _ in pairs:
        if name in seen:
            raise ExplanationError(f"{name[:40]!r} stands there twice")
        seen.add(name)


class _Versioned(msgspec.Struct):
    """What every version of the form has."""

    schema: int
