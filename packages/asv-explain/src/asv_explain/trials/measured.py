"""Measures what sets of changes give back, for the search to go by."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

from asv_explain.changes.versions import Module
from asv_explain.explanation import Explanation, Interval
from asv_explain.measuring.confirm import (
    CONFIDENCE,
    MIN_PAIRS,
    Estimate,
    computes,
    estimate_cpu,
    estimate_wall,
    mean_interval,
)
from asv_explain.measuring.confirm_values import VALUE_CONFIDENCE
from asv_explain.measuring.measure import Plan
from asv_explain.measuring.process import Runner
from asv_explain.measuring.rounds import Rounds
from asv_explain.measuring.session import Prepared
from asv_explain.reversal import Result
from asv_explain.suspect import Installed, Suspect
from asv_explain.trials.pieces import Piece, put_back
from asv_explain.trials.sets import Effect, Goal, Set, Spent
from asv_explain.trials.splice import CannotStand
from asv_explain.trials.stand_in import StandIn, same_result, try_with

__all__ = ["LARGEST", "Bench", "Lab", "effect_of", "with_error"]

LARGEST = 1e9
"""Stands for no limit at all, which JSON can't hold."""

LARGEST_PART = 0.25
"""Of the time that is left, so much may one set take at most: then there is always some left for
the next, and one that can't be told from its goal doesn't use up all."""

Texts: TypeAlias = tuple[tuple[str, str], ...]
"""Import paths of modules, each with its text."""


@dataclass(frozen=True, slots=True)
class Lab:
    """What trials are made with.

    Attributes:
        repository: of both commits; only its history is read.
        suspect: the benchmark, its parameters, and the two commits that were explained.
        after: the later of them, installed.
        plan: how much to measure; its budget is that of the whole search.
        runner: runs one process.
        clock: gives seconds, from whenever.
        say: is told what is being done.
    """

    repository: Path
    suspect: Suspect
    after: Installed
    plan: Plan
    runner: Runner
    clock: Callable[[], float]
    say: Callable[[str], None]


@dataclass(slots=True, eq=False)
class Bench:
    """Measures a commit with some of its changes put back, beside the commit as it is.

    Attributes:
        lab: what trials are made with; its plan's budget is that of all sets together.
        units: what is put back by one unit of the search.
        modules: all modules that changed.
        change: ratio of after to before, or of another kind than time their difference.
        rounds: what was measured of each set, by the texts of modules that it makes.
    """

    lab: Lab
    units: Sequence[Sequence[Piece]]
    modules: Mapping[str, Module]
    change: float
    rounds: dict[Texts, Rounds] = field(default_factory=dict)
    _asked: Counter[Texts] = field(default_factory=Counter)
    _until: float | None = None
    _dearest: float = 0.0
    _prepared: Prepared | None = None

    def __call__(self, units: Set, goal: Goal) -> Effect:
        """Measure until the goal is reached, or the set's part of the time is spent."""
        start = self.lab.clock()
        if self._until is None:
            self._until = start + self.lab.plan.budget
        left = self._until - start
        if left <= self._dearest:
            raise Spent
        pieces = [piece for one in sorted(units) for piece in self.units[one]]
        try:
            texts = put_back(pieces, self.modules)
        except CannotStand as error:
            return Effect(0.0, 0.0, 0.0, str(error))
        key = tuple(sorted(texts.items()))
        known = self.rounds.get(key)
        self._asked[key] += 1
        if known is not None:
            effect = effect_of(known, self.change, self._asked[key])
            if effect is not None and (effect.failure or goal.reached(effect)):
                return effect
        self.lab.say(f"putting back {_listed(pieces)}")
        found = self._measured(key, known, goal, max(LARGEST_PART * left, self._dearest))
        self.rounds[key] = found
        effect = effect_of(found, self.change, self._asked[key])
        if effect is None:
            raise Spent
        return effect

    def result(self, pieces: Sequence[Piece]) -> Result:
        """Whether the benchmark returns the same with pieces put back that can stand."""
        stand_ins = self._stand_ins(put_back(pieces, self.modules))
        return same_result(
            self.lab.suspect, self.lab.after, stand_ins, self.lab.plan, self.lab.runner
        )

    def _stand_ins(self, texts: Mapping[str, str]) -> dict[str, StandIn]:
        found = {}
        for path, text in texts.items():
            after = self.modules[path].after
            if after is not None:
                found[path] = StandIn(after.text, text)
        return found

    def _measured(
        self,
        texts: Texts,
        known: Rounds | None,
        goal: Goal,
        budget: float,
    ) -> Rounds:
        start = self.lab.clock()

        def settled(rounds: Rounds) -> bool:
            effect = effect_of(_pooled(known, rounds), self.change, self._asked[texts])
            return effect is not None and goal.reached(effect)

        plan = replace(self.lab.plan, budget=budget)
        found, self._prepared = try_with(
            self.lab.suspect,
            self.lab.after,
            self._stand_ins(dict(texts)),
            plan,
            self.lab.runner,
            self.lab.clock,
            settled,
            self._prepared,
        )
        pairs = min(len(found.before), len(found.after))
        if pairs:
            least = (self.lab.clock() - start) * min(MIN_PAIRS / pairs, 1.0)
            self._dearest = max(self._dearest, least)
        return _pooled(known, found)


def effect_of(rounds: Rounds, change: float, asked: int = 1) -> Effect | None:
    """What a trial gave back of a change.

    Of time it is (1 - S) / (1 - 1 / R), with R the ratio of after to before, and S that of the
    trial to after; of other values what the trial takes less than after, over what that took more.
    The interval is that of the trial alone, R taken as it is: all trials share R, and its error
    makes no set look better than another. Wall time counts, or where its interval is the wider one
    and the benchmark computes throughout, CPU time. By Bonferroni's inequality the interval that is
    told in the end holds in 95 % of cases: each allows for both clocks and for all looks.

    Args:
        rounds: of the later commit as it is, and of the trial.
        change: R, or a difference.
        asked: how often the set was asked about, each time with as many looks.

    Returns:
        None from fewer than `MIN_PAIRS` pairs.
    """
    failed = rounds.failure
    if failed is not None:
        side, failure = failed
        where = "the later commit itself does not run from its source: " * (side == "before")
        return Effect(0.0, 0.0, 0.0, f"{where}{failure.text}")
    if rounds.kind != "time":
        return _of_values(rounds, change, 1 - (1 - VALUE_CONFIDENCE) / asked)
    timed, confidence = rounds.timed, 1 - (1 - CONFIDENCE) / asked
    found = [estimate_wall(timed, confidence)]
    if computes(timed.before) and computes(timed.after):
        found.append(estimate_cpu(timed, confidence))
    known = [one for one in found if one is not None and one.pairs >= MIN_PAIRS]
    if not known:
        return None
    return _of_ratio(min(known, key=lambda one: one.interval.high - one.interval.low), change)


def with_error(effect: Effect, told: Explanation) -> Effect:
    """The same with the error of the difference itself, of which it is a share.

    With x what came back and d the difference, both independent, each limit of x / d is as far from
    it as the root of the sum of squares of how far x and d move it, each at the limit on that side:
    the method of variance estimates recovery of Zou and Donner (Stat. Med. 27, 2008, pp.
    1693-1702), which keeps intervals that lean to one side. It has about the confidence of both.

    Where the difference can't be told from nothing its share has no limits.
    """
    if told.ratio is None or told.interval is None:
        return effect
    if told.interval.low <= 1 <= told.interval.high:
        return replace(effect, low=-LARGEST, high=LARGEST)

    def part(ratio: float) -> float:
        return 1 - 1 / ratio if told.kind == "time" else ratio - 1

    moved = [effect.share * part(told.ratio) / part(one) for one in _ends(told.interval)]
    down = math.hypot(effect.share - effect.low, effect.share - min(moved))
    up = math.hypot(effect.high - effect.share, max(moved) - effect.share)
    return replace(effect, low=effect.share - down, high=effect.share + up)


def _ends(interval: Interval) -> tuple[float, float]:
    return interval.low, interval.high


def _of_ratio(trial: Estimate, change: float) -> Effect:
    whole = 1 - 1 / change
    ends = sorted((1 - one) / whole for one in (trial.interval.low, trial.interval.high))
    return Effect((1 - trial.ratio) / whole, ends[0], ends[1])


def _of_values(rounds: Rounds, change: float, confidence: float) -> Effect | None:
    sides = (rounds.valued.before, rounds.valued.after)
    after, trial = ([one.value for one in side if one.value is not None] for side in sides)
    less = [one - other for one, other in zip(after, trial, strict=False)]
    if len(less) < MIN_PAIRS:
        return None
    center, span = mean_interval(less, confidence)
    low, high = sorted((span.low / change, span.high / change))
    return Effect(center / change, low, high)


def _pooled(first: Rounds | None, second: Rounds) -> Rounds:
    if first is None:
        return second
    return replace(second, before=first.before + second.before, after=first.after + second.after)


def _listed(pieces: Sequence[Piece]) -> str:
    names = [one.name for one in pieces]
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
