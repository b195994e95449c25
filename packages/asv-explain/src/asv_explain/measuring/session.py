"""One suspect while it is measured: both sides, and what a process of either is asked."""

from __future__ import annotations

import json
import math
import statistics
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from asv_explain.explanation import Verdict
from asv_explain.measuring.confirm import FACTOR
from asv_explain.measuring.process import Asked, Runner, TurnTaker, available_memory
from asv_explain.measuring.rounds import (
    Failure,
    Round,
    RoundError,
    Rounds,
    failure_from_answer,
    frames_of,
    in_turns,
    limits_from_answer,
    round_from_answer,
)
from asv_explain.measuring.sampler import due_while_running
from asv_explain.measuring.waits import parted
from asv_explain.scratch import roomy, scratch
from asv_explain.suspect import Installed, Suspect

__all__ = ["Plan", "Prepared", "Session", "Side", "Stop"]

PROFILE_SECONDS = 0.15
"""Unprofiled seconds that a profile should cover on the quicker side: what disturbs the machine
for moments falls on whatever runs then, and is to fall on all alike."""

PROFILE_LIMIT = 2.0
"""Unprofiled seconds, setups included, that it may cover on the slower side."""

MOST_BATCHES = 1000
"""So many samples' worth of calls at most: by then a profile's times scatter no more."""

PROFILER_SLOWDOWN = 10.0
"""How many times longer than the benchmark's timeout a profiled or traced process may take."""

TEMPORARY = 0.05
"""From this share of a peak on, memory freed again before it was looked at is looked for again, at
each line rather than at each call."""

IMPORTS = 0.02
"""Up to this share of the difference of two peaks, what imports differ by is not looked into."""

SAMPLER_SLOWDOWN = 4.0
"""How many times longer than the benchmark's timeout a sampled process may take."""

SPARE = 3
"""As many times what a process took at most has to be free for two to run at once."""

FRAMES = 16
"""So many frames of a traceback are kept: changed code further out is rare, and each one costs."""

_COARSE = {"frames": FRAMES, "peak": 0, "lines": False, "late": False, "loaded": 0}


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure.

    Attributes:
        budget: Seconds for one benchmark, both sides together.
        rounds: So many pairs of rounds whatever the budget; None to stop when the answer is clear.
        factor: The smallest ratio that counts.
        samples: At most so many samples in one process.
        seconds: After so many seconds a process takes no further sample.
        timeout: Seconds for a benchmark that sets no timeout of its own; asv's default.
        profiles: At most so many pairs of profiles where nothing can be sampled, and no more than
            of rounds asked for.
        sampling: Seconds for which a sampled process calls the benchmark at most.
        profiled: The verdicts after which profiling is worth its time.
    """

    budget: float = 180.0
    rounds: int | None = None
    factor: float = FACTOR
    samples: int = 20
    seconds: float = 0.5
    timeout: float = 60.0
    profiles: int = 6
    sampling: float = 3.5
    profiled: frozenset[Verdict] = frozenset({Verdict.SLOWER, Verdict.FASTER})


_UNSEEN = "py-spy saw the benchmark's own code in none of its samples"


@dataclass(frozen=True, slots=True)
class _Sampled:
    """A sampled round, how many samples were asked for, and the share of time it was stopped."""

    round: Round
    samples: float
    stopped: float


@dataclass(slots=True)
class Side:
    """One side while it is measured.

    ``stand_in`` names sources to run in place of files' own, ``frames`` the frames of its stacks.
    """

    installed: Installed
    folder: Path
    timeout: float
    cached: bool = False
    rounds: list[Round] = field(default_factory=list)
    stand_in: Path | None = None
    frames: Path | None = None
    running: _Sampled | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """What one session learnt that holds for another of the same benchmark and environment.

    Attributes:
        kind: what asv measures of it.
        unit: of its values.
        raw: whether it is a statement that runs in processes of its own.
        timeout: its timeout in seconds.
        number: calls in one sample.
        apart: whether there is too little memory for two processes at once.
    """

    kind: str
    unit: str
    raw: bool
    timeout: float
    number: int
    apart: bool


class Stop(Exception):
    """A process measured nothing; the failure stands among its side's rounds."""


class Session:
    """The course of measuring one suspect."""

    def __init__(
        self, suspect: Suspect, sides: tuple[Side, Side], plan: Plan, runner: Runner
    ) -> None:
        self._suspect = suspect
        self._plan = plan
        self._runner = runner
        self.before, self.after = sides
        self.kind, self.unit = "unknown", ""
        self.unsampled = ""
        self.raw = False
        self.saw_threads = False
        self._apart = False

    @property
    def rounds(self) -> Rounds:
        """All rounds so far."""
        both = tuple(self.before.rounds), tuple(self.after.rounds)
        return Rounds(*both, self.kind, self.unit, self.unsampled)

    def _ask(
        self, side: Side, mode: str, limit: float, number: int = 0, **how: float | str
    ) -> Mapping[str, Any]:
        with ExitStack() as stack:
            asked = self._asked(stack, side, mode, limit, number, how)
            return self._runner(asked.side, asked.request, asked.folder, asked.limit)

    def _asked(
        self,
        stack: ExitStack,
        side: Side,
        mode: str,
        limit: float,
        number: int,
        how: Mapping[str, float | str],
    ) -> Asked:
        """What a process of a side is asked, in a folder that the stack removes."""
        request: dict[str, Any] = {
            "mode": mode,
            "benchmark_dir": str(side.installed.benchmark_dir.absolute()),
            "benchmark": self._suspect.benchmark,
            "param_index": self._suspect.param_index,
            "number": number,
            "samples": self._plan.samples,
            "seconds": self._plan.seconds,
            "batches": 1,
            **how,
        }
        if mode in ("time", "value") and not any(one.mode == mode for one in side.rounds):
            request["imported"] = True
        if mode == "profile" and side.frames is not None:
            request["frames"] = str(side.frames)
        if side.stand_in is not None:
            request["stand_in"] = str(side.stand_in)
        folder = side.folder if side.cached else stack.enter_context(scratch(side.folder))
        return Asked(side.installed, request, folder, limit)

    def _fail(self, side: Side, failure: Failure, mode: str = "time") -> Stop:
        side.rounds.append(Round(mode, None, None, None, 0, 0.0, (), None, failure))
        return Stop(failure.text)

    def prepare(self, side: Side) -> None:
        """Learn the benchmark's limits; run its setup_cache where later processes look for it."""
        found = self._ask(side, "inspect", self._plan.timeout)
        self._check(side, found)
        try:
            limits = limits_from_answer(found)
        except RoundError as error:
            raise self._fail(side, Failure("failed", str(error))) from error
        side.timeout = limits.timeout or self._plan.timeout
        self.kind, self.unit, self.raw = limits.kind, limits.unit, limits.raw
        if limits.implementation != "cpython":
            self.unsampled = f"py-spy reads CPython alone, and this is {limits.implementation}"
        if limits.setup_cache:
            side.cached = True
            limit = limits.setup_cache_timeout or side.timeout
            self._check(side, self._ask(side, "cache", limit))

    def prepared(self, number: int) -> Prepared | None:
        """What a later session need not learn again; None where each needs its own cache."""
        if self.before.cached:
            return None
        timeout = self.before.timeout
        return Prepared(self.kind, self.unit, self.raw, timeout, number, self._apart)

    def take_over(self, known: Prepared) -> None:
        """Go by what an earlier session learnt."""
        self.kind, self.unit, self.raw = known.kind, known.unit, known.raw
        self.before.timeout = self.after.timeout = known.timeout
        self._apart = known.apart

    def _check(self, side: Side, answer: Mapping[str, Any]) -> None:
        try:
            failure = failure_from_answer(answer)
        except RoundError as error:
            raise self._fail(side, Failure("failed", str(error))) from error
        if failure is not None:
            raise self._fail(side, failure)

    def number(self) -> int:
        """Choose the calls in one sample, on the side before; the process serves nothing else."""
        taken = self._round(self.before, "time", self.before.timeout, samples=1)
        # Two processes at once may take twice as much, and a benchmark some more on one side.
        available = available_memory()
        self._apart = available is not None and SPARE * taken.memory > available
        return taken.number

    def imported(self) -> tuple[tuple[str, str], ...]:
        """What a process of the side before imports, in the form that `Round` has."""
        if self.kind == "time":
            return self._round(self.before, "time", self.before.timeout, samples=1).imported
        return self._round(self.before, "value", self.before.timeout).imported

    def result(self, side: Side) -> str | None:
        """A digest of what the benchmark returns; None where that fails or can't be compared."""
        answer = self._ask(side, "result", side.timeout, hash_seed=0)
        found = answer.get("result")
        return found if isinstance(found, str) else None

    def time(self, sides: tuple[Side, Side], number: int) -> None:
        """Time a process of each side, in the order given."""
        self._both(sides, "time", 1.0, number)

    def profile(self, sides: tuple[Side, Side], number: int, batches: int) -> None:
        """Profile a process of each side, in the order given.

        Where stacks were sampled, their frames' functions are told as well.
        """
        for side in sides:
            frames = frames_of(side.rounds)
            if frames:
                side.frames = side.folder.with_suffix(".frames.json")
                with roomy(side.folder.parent):
                    side.frames.write_text(json.dumps(frames), encoding="utf-8")
        self._both(sides, "profile", PROFILER_SLOWDOWN, number, samples=1, batches=batches)

    def sample(
        self, sides: tuple[Side, Side], number: int, seconds: float, rate: int, *, idle: bool
    ) -> float:
        """Sample a process of each side, one after the other in the order given.

        Where that can't be done, `unsampled` says why and no sampled round is left.

        Returns:
            The share of the time for which the sampler stopped the processes, the larger of both;
            1 where it didn't keep up.
        """
        taken = []
        for side in sides:
            taken.append(self._sample(side, number, seconds, rate, idle=idle))
            if self.unsampled or not taken[-1].round.stacks.frames:
                self.unsampled = self.unsampled or _UNSEEN
                self.forget_samples()
                return 1.0
        for side, one in zip(sides, taken, strict=True):
            side.rounds.append(one.round)
        return max(one.stopped for one in taken)

    def forget_samples(self) -> None:
        """Leave no sampled round."""
        for side in (self.before, self.after):
            side.rounds = [one for one in side.rounds if one.mode != "sample"]

    def learn_running(self, number: int, seconds: float, rate: int) -> float:
        """Sample a process of each side without threads that wait.

        By them the rounds that follow tell which of their samples waited.

        Returns:
            As `sample` does.
        """
        stopped = 0.0
        for side in (self.before, self.after):
            side.running = self._sample(side, number, seconds, rate, idle=False)
            if self.unsampled:
                return 1.0
            stopped = max(stopped, side.running.stopped)
        return stopped

    def _sample(
        self, side: Side, number: int, seconds: float, rate: int, *, idle: bool
    ) -> _Sampled:
        """A round that samples; where nothing can be sampled, `unsampled` says why."""
        how = {"seconds": seconds, "rate": rate, "idle": idle, "hash_seed": self._seed("sample")}
        limit = SAMPLER_SLOWDOWN * side.timeout + seconds
        answer = self._ask(side, "sample", limit, number, **how)
        one = self._read(side, answer, "sample", ("unsampled",))
        if one.failure is not None:
            self.unsampled = one.failure.text
        looped = answer.get("looped")
        samples = rate * (looped if isinstance(looped, float) and looped > 0 else seconds)
        waits, threads = None, one.threads
        self.saw_threads = self.saw_threads or bool(threads.frames)
        if idle and side.running is not None:
            ran = side.running.round
            scale = samples / side.running.samples
            waits, _ = parted(one.stacks, ran.stacks, scale)
            _, threads = parted(one.threads, ran.threads, scale)
        one = replace(one, rate=float(rate), idle=idle, waits=waits, threads=threads)
        stopped = _stopped(one, side.rounds)
        if not (idle or self.raw):
            one = replace(one, stacks=due_while_running(one.stacks, stopped))
        kept_up = answer.get("kept_up") is not False
        return _Sampled(one, samples, stopped if kept_up else 1.0)

    def _seed(self, mode: str) -> int:
        """The seed of hashes for a pair of rounds: the same on both sides, another for each."""
        return sum(one.mode == mode for one in self.before.rounds)

    def _both(
        self, sides: tuple[Side, Side], mode: str, slowdown: float, number: int, **how: float
    ) -> None:
        """Take a round of each side: at once and sample by sample in turns, else one by one.

        Whatever goes wrong at once is tried again one by one, and so is all that follows: there
        are benchmarks of which two can't run at once, and only alone it shows which one fails.
        """
        how = {"hash_seed": self._seed(mode), **how}
        taken = None if self._apart else self._at_once(sides, mode, slowdown, number, how)
        if taken is None:
            self._apart = True
            taken = []
            for side in sides:
                taken.append(self._round(side, mode, side.timeout * slowdown, number, **how))
        for side, one in zip(sides, taken, strict=True):
            side.rounds.append(one)

    def _at_once(
        self,
        sides: tuple[Side, Side],
        mode: str,
        slowdown: float,
        number: int,
        how: Mapping[str, float],
    ) -> list[Round] | None:
        if not isinstance(self._runner, TurnTaker):
            return None
        # Time passes for both while one of them works.
        longer = {"seconds": 2 * self._plan.seconds, **how}
        with ExitStack() as stack:
            first, second = (
                self._asked(stack, side, mode, side.timeout * slowdown, number, longer)
                for side in sides
            )
            answers = self._runner.together(first, second)
        try:
            one, other = (round_from_answer(answer, mode) for answer in answers)
        except RoundError:
            return None
        if one.failure is not None or other.failure is not None:
            return None
        return [*in_turns(one, other)] if mode == "time" else [one, other]

    def value(self, sides: tuple[Side, Side]) -> None:
        """Take the value of a benchmark that isn't one of time, in a process of each side."""
        for side in sides:
            side.rounds.append(self._round(side, "value", side.timeout))

    def trace(self) -> None:
        """Trace memory by line on both sides, in the same way.

        Where a peak is isn't known beforehand: one process learns how high it is, and another
        records what is alive near it. Imports count with the lines that make them only if they
        differ, or hold the peak. Where too much had been freed between two calls, on either side, a
        third process looks at each line, unless that takes longer than the whole budget.
        """
        sides = (self.before, self.after)
        if self.kind == "mem":
            for side in sides:
                side.rounds.append(self._trace(side, late=True))
            return
        learned = [self._trace(side, frames=1) for side in sides]
        late = _imports_alike(*learned)
        how = [{"peak": _peak(one), "late": late} for one in learned]
        if late:
            loaded = [_imports(one)[0] for one in learned]
            for each, held in zip(how, loaded, strict=True):
                each.update(peak=each["peak"] - held, loaded=held)
        taken = [self._trace(side, **each) for side, each in zip(sides, how, strict=True)]
        if any(_missed(one) > TEMPORARY * _peak(one) for one in taken):
            finer = [self._finer(side, **each) for side, each in zip(sides, how, strict=True)]
            if None not in finer:
                taken = [one for one in finer if one is not None]
        for side, one in zip(sides, taken, strict=True):
            side.rounds.append(one)

    def _trace(self, side: Side, **how: int) -> Round:
        limit = side.timeout * PROFILER_SLOWDOWN
        return self._round(side, "trace", limit, **{**_COARSE, **how})

    def _finer(self, side: Side, **how: int) -> Round | None:
        """Look at each line; None where that fails, as there is a coarser trace already."""
        limit = min(side.timeout * PROFILER_SLOWDOWN, self._plan.budget)
        answer = self._ask(side, "trace", limit, **{**_COARSE, **how, "lines": True})
        try:
            taken = round_from_answer(answer, "trace")
        except RoundError:
            return None
        return None if taken.failure is not None else taken

    def _round(self, side: Side, mode: str, limit: float, number: int = 0, **how: float) -> Round:
        return self._read(side, self._ask(side, mode, limit, number, **how), mode)

    def _read(
        self, side: Side, answer: Mapping[str, Any], mode: str, allowed: tuple[str, ...] = ()
    ) -> Round:
        """Read a round; a failure ends all, unless its kind is allowed."""
        try:
            taken = round_from_answer(answer, mode)
        except RoundError as error:
            raise self._fail(side, Failure("failed", str(error)), mode) from error
        if taken.failure is not None and taken.failure.kind not in allowed:
            raise self._fail(side, taken.failure, mode)
        return taken

    def batches(self, number: int) -> int:
        """Choose how many samples' worth of calls every profile covers, the same on both sides."""
        costs = []
        for rounds in (self.rounds.timed.before, self.rounds.timed.after):
            wall = statistics.median((each.wall or 0.0) * number for each in rounds)
            costs.append((wall, wall + statistics.median(each.setup for each in rounds)))
        quickest = max(min(wall for wall, _ in costs), 1e-9)
        dearest = max(max(whole for _, whole in costs), 1e-9)
        wanted = math.ceil(PROFILE_SECONDS / quickest)
        return max(1, min(wanted, int(PROFILE_LIMIT / dearest), MOST_BATCHES))

    def turns(self, pair: int) -> tuple[Side, Side]:
        """Give the order within a pair: A B, then B A, so that a steady drift cancels out."""
        return (self.after, self.before) if pair % 2 else (self.before, self.after)


def _stopped(sampled: Round, rounds: Sequence[Round]) -> float:
    """The share of a sampled process's time by which it waited more than those that are timed."""
    waited = statistics.median(_waited(one) for one in rounds if one.mode == "time")
    return max(_waited(sampled) - waited, 0.0) / sampled.wall if sampled.wall else 0.0


def _waited(one: Round) -> float:
    """Seconds of a call in which the process neither ran nor would have, had it been alone."""
    return (one.wall or 0.0) - (one.cpu or 0.0) - one.delayed


def _imports(traced: Round) -> Sequence[int]:
    """Bytes that imports left, and the most they held."""
    held: Sequence[int] = (traced.trace or {}).get("imports") or (0, 0)
    return held


def _imports_alike(before: Round, after: Round) -> bool:
    """Tell whether imports explain nothing of the difference of two peaks, nor hold one."""
    if any(_imports(one)[1] >= _peak(one) for one in (before, after)):
        return False
    difference = _imports(after)[0] - _imports(before)[0]
    return abs(difference) <= IMPORTS * abs(_peak(after) - _peak(before))


def _peak(traced: Round) -> int:
    """Bytes of the peak that a trace found."""
    return int((traced.trace or {}).get("peak", 0))


def _missed(traced: Round) -> int:
    """Bytes of the peak that had been freed when it was looked at."""
    temporary = (traced.trace or {}).get("temporary") or [0]
    return int(temporary[0]) if _peak(traced) else sys.maxsize
