"""Runs both sides of a suspect in turns, A B B A, until the answer is clear or time is spent."""

from __future__ import annotations

import math
import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from asv_explain.explanation import Verdict
from asv_explain.measuring.confirm import FACTOR, LOOKS, MIN_PAIRS, confirm
from asv_explain.measuring.process import Runner
from asv_explain.measuring.rounds import Failure, Round, RoundError, Rounds, round_from_answer
from asv_explain.suspect import Installed, Suspect

__all__ = ["Plan", "measure"]

LOOK_AT = tuple(MIN_PAIRS * 2**look for look in range(LOOKS))
"""After how many pairs measuring asks whether it may stop: seldom, as each look may err."""

TIMING_SHARE = 0.7
"""Of the budget, the part that timing may use up; the rest is for profiling."""

PROFILE_SECONDS = 0.1
"""Unprofiled seconds that a profile should cover on the quicker side, for steady times."""

PROFILE_LIMIT = 2.0
"""Unprofiled seconds, setups included, that it may cover on the slower side."""

MOST_BATCHES = 1000
"""So many samples' worth of calls at most: by then a profile's times scatter no more."""

PROFILER_SLOWDOWN = 10.0
"""How many times longer than the benchmark's timeout a profiled process may take."""


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
        profiles: At most so many pairs of profiles.
        profiled: The verdicts after which profiling is worth its time.
    """

    budget: float = 60.0
    rounds: int | None = None
    factor: float = FACTOR
    samples: int = 20
    seconds: float = 0.5
    timeout: float = 60.0
    profiles: int = 6
    profiled: frozenset[Verdict] = frozenset({Verdict.SLOWER, Verdict.FASTER})


@dataclass(slots=True)
class _Side:
    """One side while it is measured."""

    installed: Installed
    folder: Path
    timeout: float
    cached: bool = False
    rounds: list[Round] = field(default_factory=list)


class _Stop(Exception):
    """A process measured nothing; the failure stands among its side's rounds."""


class _Session:
    """The course of measuring one suspect."""

    def __init__(
        self, suspect: Suspect, sides: tuple[_Side, _Side], plan: Plan, runner: Runner
    ) -> None:
        self._suspect = suspect
        self._plan = plan
        self._runner = runner
        self.before, self.after = sides

    @property
    def rounds(self) -> Rounds:
        return Rounds(tuple(self.before.rounds), tuple(self.after.rounds))

    def _ask(
        self, side: _Side, mode: str, limit: float, number: int = 0, **how: int
    ) -> Mapping[str, Any]:
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
        if side.cached:
            return self._runner(side.installed, request, side.folder, limit)
        with tempfile.TemporaryDirectory(dir=side.folder, ignore_cleanup_errors=True) as fresh:
            return self._runner(side.installed, request, Path(fresh), limit)

    def _fail(self, side: _Side, failure: Failure, mode: str = "time") -> _Stop:
        side.rounds.append(Round(mode, None, None, None, 0, 0.0, (), None, failure))
        return _Stop(failure.text)

    def prepare(self, side: _Side) -> None:
        """Learn the benchmark's limits; run its setup_cache where later processes look for it."""
        found = self._ask(side, "inspect", self._plan.timeout)
        self._check(side, found)
        side.timeout = found.get("timeout") or self._plan.timeout
        if found.get("setup_cache"):
            side.cached = True
            limit = found.get("setup_cache_timeout") or side.timeout
            self._check(side, self._ask(side, "cache", limit))

    def _check(self, side: _Side, answer: Mapping[str, Any]) -> None:
        error = answer.get("error")
        if error is not None:
            raise self._fail(side, Failure(error["kind"], error["text"]))

    def number(self) -> int:
        """Choose the calls in one sample, on the side before; the process serves nothing else."""
        return self._round(self.before, "time", self.before.timeout, samples=1).number

    def time(self, side: _Side, number: int) -> None:
        """Time one process."""
        side.rounds.append(self._round(side, "time", side.timeout, number))

    def profile(self, side: _Side, number: int, batches: int) -> None:
        """Profile one process."""
        limit = side.timeout * PROFILER_SLOWDOWN
        taken = self._round(side, "profile", limit, number, samples=1, batches=batches)
        side.rounds.append(taken)

    def _round(self, side: _Side, mode: str, limit: float, number: int = 0, **how: int) -> Round:
        try:
            taken = round_from_answer(self._ask(side, mode, limit, number, **how), mode)
        except RoundError as error:
            raise self._fail(side, Failure("failed", str(error)), mode) from error
        if taken.failure is not None:
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

    def turns(self, pair: int) -> tuple[_Side, _Side]:
        """Give the order within a pair: A B, then B A, so that a steady drift cancels out."""
        return (self.after, self.before) if pair % 2 else (self.before, self.after)


def _times_up(spent: Sequence[float], budget: float) -> bool:
    """Tell whether another pair, as long as the pairs so far, would overrun the budget.

    Args:
        spent: The clock at the start, and after each pair.
        budget: Seconds from the start.
    """
    pairs = len(spent) - 1
    elapsed = spent[-1] - spent[0]
    return pairs > 0 and elapsed + elapsed / pairs > budget


def measure(
    suspect: Suspect,
    before: Installed,
    after: Installed,
    plan: Plan,
    runner: Runner,
    clock: Callable[[], float],
) -> Rounds:
    """Measure both sides of a suspect.

    Each round is a process of its own. The sides take turns, A B B A. Timing ends when `confirm`
    has an answer, when its share of the budget is spent, or after the plan's rounds. Where the
    answer is worth explaining, profiling follows, at least one pair, in processes of its own.
    The first failure ends it all: a benchmark that fails now and then has no time.

    Args:
        suspect: The benchmark and its parameters.
        before: The earlier commit, installed.
        after: The later commit, installed.
        plan: How much to measure.
        runner: Runs one process.
        clock: Gives seconds, from whenever.

    Returns:
        The rounds of both sides. What couldn't be measured is among them with its failure.
    """
    start = clock()
    with tempfile.TemporaryDirectory(prefix="asv-explain-", ignore_cleanup_errors=True) as folder:
        sides = []
        for name, installed in (("before", before), ("after", after)):
            home = Path(folder, name)
            home.mkdir()
            sides.append(_Side(installed, home, plan.timeout))
        session = _Session(suspect, (sides[0], sides[1]), plan, runner)
        try:
            session.prepare(session.before)
            session.prepare(session.after)
            number = session.number()
            _time(session, number, plan, clock, start)
            if confirm(session.rounds, plan.factor).verdict in plan.profiled:
                _profile(session, number, plan, clock, start)
        except _Stop:
            return session.rounds
        return session.rounds


def _time(
    session: _Session, number: int, plan: Plan, clock: Callable[[], float], start: float
) -> None:
    budget = TIMING_SHARE * plan.budget - (clock() - start)
    spent = [clock()]
    most = LOOK_AT[-1] if plan.rounds is None else plan.rounds
    for pair in range(most):
        for side in session.turns(pair):
            session.time(side, number)
        spent.append(clock())
        if plan.rounds is not None:
            continue
        looking = pair + 1 in LOOK_AT
        if looking and confirm(session.rounds, plan.factor).verdict is not Verdict.UNKNOWN:
            return
        if _times_up(spent, budget):
            return


def _profile(
    session: _Session, number: int, plan: Plan, clock: Callable[[], float], start: float
) -> None:
    batches = session.batches(number)
    budget = plan.budget - (clock() - start)
    spent = [clock()]
    for pair in range(plan.profiles):
        for side in session.turns(pair):
            session.profile(side, number, batches)
        spent.append(clock())
        if plan.rounds is None and _times_up(spent, budget):
            return
