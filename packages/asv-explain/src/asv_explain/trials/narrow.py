"""Narrows a range of commits by measuring those in between against its first one."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from asv_explain.asv_side.install import InstallError
from asv_explain.bisection import Bisection, Compared, Merged, Skipped, Subrange
from asv_explain.measuring.confirm import Estimate
from asv_explain.measuring.confirm_values import confirm_any
from asv_explain.measuring.measure import Plan
from asv_explain.measuring.rounds import Rounds
from asv_explain.trials.halves import OPEN_SHARE, Ask, Level, Outcome, search
from asv_explain.verdict import Interval, Verdict

__all__ = ["FINEST_FACTOR", "Answer", "Compare", "Narrowed", "answer", "narrow", "settle"]

FINEST_FACTOR = 1.01
"""The smallest ratio for which measuring is worth going on: finer ones are a machine's noise."""

Compare = Callable[[str, Plan], Rounds]
"""Measures a commit against the range's first one; raises InstallError if it can't be installed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the rounds of two commits say.

    Attributes:
        verdict: Slower, faster, same or unknown.
        estimate: The ratio on which the verdict rests; None if it could not be measured.
        reason: One sentence that says why.
    """

    verdict: Verdict
    estimate: Estimate | None
    reason: str


def answer(rounds: Rounds, factor: float) -> Answer:
    """Say what the rounds of two commits tell, by the smallest ratio that counts."""
    return Answer(*confirm_any(rounds, factor))


@dataclass(frozen=True, slots=True)
class Narrowed:
    """A narrowed range, and how it was come by.

    Attributes:
        line: The commits of the whole range, its first one included.
        verdict: Of the whole range.
        whole: The whole range's ratio.
        outcome: Where the search ended.
        compared: What was measured of commits in between, by position.
        skipped: What told nothing, in the order of trying.
    """

    line: Sequence[str]
    verdict: Verdict
    whole: Estimate
    outcome: Outcome
    compared: tuple[Compared, ...]
    skipped: tuple[Skipped, ...]

    @property
    def before(self) -> str:
        """The last commit before the step."""
        return self.line[self.outcome.low]

    @property
    def after(self) -> str:
        """The first commit after it."""
        return self.line[self.outcome.high]

    @property
    def suspected(self) -> tuple[str, ...]:
        """The commits of which one holds the step."""
        return tuple(self.line[self.outcome.low + 1 : self.outcome.high + 1])

    def told(
        self, ratio: float | None, interval: Interval | None, merged: Merged | None
    ) -> Bisection:
        """Tell how the search went.

        Args:
            ratio: Of the narrowed range itself; None if it could not be measured.
            interval: The same with its uncertainty.
            merged: What the commit found merged.
        """
        levels, low, high = self.outcome.levels, self.outcome.low, self.outcome.high
        end = levels[len(self.line) - 1].value
        step = levels[high].value - levels[low].value if ratio is None else math.log(ratio)
        known = sorted(levels)
        others = [
            Subrange(
                self.line[left], self.line[right], (levels[right].value - levels[left].value) / end
            )
            for left, right in pairwise(known)
            if (left, right) != (low, high)
        ]
        rest = max(others, key=lambda one: one.share, default=None)
        return Bisection(
            before=self.line[0],
            after=self.line[-1],
            commits=len(self.line) - 1,
            verdict=self.verdict,
            ratio=self.whole.ratio,
            interval=self.whole.interval,
            measured=self.compared,
            skipped=self.skipped,
            suspected=self.suspected,
            merged=merged,
            share=step / end,
            share_interval=None if interval is None else _share(interval, self.whole.interval),
            rest=rest if rest is not None and rest.share > 0 else None,
            confidence=self.whole.confidence,
        )


def settle(
    rounds: Rounds, last: str, plan: Plan, compare: Compare, say: Callable[[str], None]
) -> Rounds:
    """See that the rounds of the whole range tell how much slower it is, not just that it is.

    A search for half of a step needs to know the step. Where its interval is too wide, as after
    the few rounds that were enough for a verdict, the range is measured once more. All rounds then
    make one interval, whose confidence is that of one look.

    Args:
        rounds: What was measured of the last commit against the first one: slower.
        last: The last commit.
        plan: How much to measure.
        compare: Measures a commit.
        say: Is told what is being done.

    Returns:
        All rounds of the whole range.
    """
    known = answer(rounds, plan.factor).estimate
    level = _level(known) if known is not None else None
    if level is None or level.high - level.low <= 2 * OPEN_SHARE * level.value:
        return rounds
    say(f"measuring {last[:8]} once more, as how much slower it is was open")
    factor = max(math.exp((1 - OPEN_SHARE) * level.value), FINEST_FACTOR)
    return _pooled(rounds, compare(last, _timing(plan, factor)))


def narrow(
    line: Sequence[str],
    rounds: Rounds,
    plan: Plan,
    compare: Compare,
    say: Callable[[str], None],
) -> Narrowed | None:
    """Find where in a range of commits a benchmark got slower.

    Args:
        line: The commits of the range, its first one included, oldest first.
        rounds: What was measured of its last commit against the first one.
        plan: How much to measure of each commit; no profiles are taken.
        compare: Measures a commit.
        say: Is told what is being done.

    Returns:
        Where the search ended, or None if the range as a whole is not slower.
    """
    whole = answer(rounds, plan.factor)
    if whole.verdict is not Verdict.SLOWER or whole.estimate is None:
        return None
    course = search(len(line) - 1, _level(whole.estimate))
    judge = _Judge(line, plan, compare, say)
    try:
        ask = next(course)
        while True:
            ask = course.send(judge(ask))
    except StopIteration as stop:
        outcome: Outcome = stop.value
    return Narrowed(
        line,
        whole.verdict,
        whole.estimate,
        outcome,
        tuple(one for _, one in sorted(judge.compared.items())),
        tuple(Skipped(line[position], judge.why(position)) for position in outcome.skipped),
    )


class _Judge:
    """Answers the search by measuring."""

    def __init__(
        self, line: Sequence[str], plan: Plan, compare: Compare, say: Callable[[str], None]
    ) -> None:
        self._line = line
        self._plan = plan
        self._compare = compare
        self._say = say
        self._rounds: dict[int, Rounds] = {}
        self._failures: dict[int, str] = {}
        self.compared: dict[int, Compared] = {}

    def __call__(self, ask: Ask) -> Level | None:
        position, commit = ask.position, self._line[ask.position]
        self._say(self._progress(ask))
        # Measuring ends once it is clear on which side of the threshold the commit lies.
        factor = max(math.exp(abs(ask.threshold)), FINEST_FACTOR)
        try:
            rounds = self._compare(commit, _timing(self._plan, factor))
        except InstallError as error:
            self._failures[position] = str(error)
            return None
        if ask.again:
            rounds = _pooled(self._rounds[position], rounds)
        self._rounds[position] = rounds
        found = answer(rounds, self._plan.factor)
        if found.estimate is None:
            self._failures[position] = found.reason
            self.compared.pop(position, None)
            return None
        self.compared[position] = Compared(
            commit, found.estimate.ratio, found.estimate.interval, found.verdict
        )
        return _level(found.estimate)

    def _progress(self, ask: Ask) -> str:
        commit, count = self._line[ask.position][:8], len(self._line) - 1
        # The commit that is found is measured once more, with profiles.
        left = ask.left + 1
        seconds = (
            f", about {left * self._plan.budget:g} s at most" if self._plan.rounds is None else ""
        )
        again = " once more, as its answer was open" if ask.again else ""
        return f"bisecting {count} commits: measuring {commit}{again}; {left} steps left{seconds}"

    def why(self, position: int) -> str:
        """Say why a commit told nothing."""
        return self._failures.get(position, "measured twice, and in doubt which side it is on")


def _timing(plan: Plan, factor: float) -> Plan:
    """A plan that takes no profiles, and ends once it is clear on which side of a factor it is."""
    return dataclasses.replace(plan, factor=factor, profiled=frozenset())


def _pooled(first: Rounds, second: Rounds) -> Rounds:
    return dataclasses.replace(
        first, before=first.before + second.before, after=first.after + second.after
    )


def _share(part: Interval, whole: Interval) -> Interval | None:
    """The extremes of one step's share of another; None where they are endless.

    By Bonferroni's inequality it misses at most as often as both together: intervals of 99.6 % make
    one of 99.2 % or more.
    """
    if not (part.low > 0 and part.high < math.inf and whole.low > 1 and whole.high < math.inf):
        return None
    ends = [math.log(one) / math.log(by) for one in _ends(part) for by in _ends(whole)]
    return Interval(min(ends), max(ends))


def _ends(interval: Interval) -> tuple[float, float]:
    return interval.low, interval.high


def _level(estimate: Estimate) -> Level:
    low, high = estimate.interval.low, estimate.interval.high
    return Level(
        math.log(estimate.ratio),
        math.log(low) if low > 0 else -math.inf,
        math.log(high) if high < math.inf else math.inf,
    )
