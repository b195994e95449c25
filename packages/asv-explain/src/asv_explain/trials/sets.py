"""The smallest set of changes that gives a difference back: which sets to try, and what they say.

Nothing is run here: how much a set gives back is asked of whoever can measure it. The search is
delta debugging (Zeller and Hildebrandt, IEEE Trans. Softw. Eng. 28, 2002, pp. 183-200) with a
measured effect in place of a test that passes or fails. It halves what may hold the cause, goes on
with the half that gives the difference back, and where neither does searches each half with the
other one put back. The set it ends in is then reduced: what can stay as it is now, stays.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

__all__ = ["ENOUGH", "LEAST", "Ask", "Effect", "Found", "Goal", "Spent", "Unit", "search"]

ENOUGH = 0.9
"""Of the difference, a set has to give back so much to be an answer."""

NEARLY = 0.75
"""What surely gives back more than this counts as enough on the way down. Telling 0.8 from 0.9 on
the way would take many rounds, and need not be: the set at the end is measured against `ENOUGH`,
and what it lacks is searched for."""

LEAST = 0.1
"""Shares nearer to 0 than this are not looked for, as what is enough may lack so much."""

Set: TypeAlias = frozenset[int]
"""Positions in the sequence of units."""


class Spent(Exception):
    """There is no time left to try another set."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A change that can be put back by itself.

    Attributes:
        module: import path of its module.
        weight: how likely it is the cause, in any unit; 0 where nothing speaks for it.
        named: whether it is said to be a cause, so that it is to be confirmed or refuted.
    """

    module: str
    weight: float = 0.0
    named: bool = False


@dataclass(frozen=True, slots=True)
class Effect:
    """What came back with a set put back, as a share of the difference.

    Attributes:
        share: the estimate.
        low: lower end of its confidence interval.
        high: upper end.
        failure: why the set could not be measured; empty where it was.
    """

    share: float
    low: float
    high: float
    failure: str = ""

    def over(self, target: float) -> Effect:
        """The same as a share of another amount, which may be below 0."""
        low, high = sorted((self.low / target, self.high / target))
        return Effect(self.share / target, low, high, self.failure)


@dataclass(frozen=True, slots=True)
class Goal:
    """When a set has been measured enough: its interval lies to one side, or is narrow.

    Attributes:
        below: it lies below this share,
        above: or above this one,
        width: or is no wider than this.
    """

    below: float
    above: float
    width: float = 0.0

    def reached(self, effect: Effect) -> bool:
        """Whether an effect is known well enough."""
        decided = effect.high < self.below or effect.low > self.above
        return decided or effect.high - effect.low <= self.width

    def times(self, target: float) -> Goal:
        """The same for shares of the difference, where this one is for shares of `target` of it."""
        below, above = self.below * target, self.above * target
        if target < 0:
            below, above = above, below
        return Goal(below, above, self.width * abs(target))


Ask = Callable[[Set, Goal], Effect]
"""Measures a set, which is never empty. It raises Spent where no time is left. A set may be asked
for again with another goal."""

_GOING_DOWN = Goal(ENOUGH, NEARLY)
_AT_THE_END = Goal(ENOUGH, ENOUGH, LEAST)
_BY_ITSELF = Goal(-1.0, 2.0, 2 * LEAST)


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to.

    Attributes:
        units: the smallest set found that gives the difference back; empty where none does.
        effect: what it gives back; None where it could not be measured.
        whole: what all units together give back; None where that could not be measured.
        alone: what single units give back: those of `units`, and those named.
        others: further sets that by themselves give back a part of the difference, each with its
            effect. Below 0 it is a gain, whose loss `units` more than makes up for.
        complete: whether the search came to its end; else a smaller set may do.
        failures: sets that could not be measured, each with the reason.
    """

    units: Set
    effect: Effect | None
    whole: Effect | None
    alone: dict[int, Effect]
    others: tuple[tuple[Set, Effect], ...]
    complete: bool
    failures: tuple[tuple[Set, str], ...]


def search(units: Sequence[Unit], ask: Ask) -> Found:
    """Find the smallest set of units that gives the difference back.

    Args:
        units: all that can be put back.
        ask: measures a set.

    Returns:
        The set, with what it gives back and how that divides. None of its members can be left out,
        unless time ran out.
    """
    course = _Search(units, ask)
    complete = True
    try:
        course.run()
    except Spent:
        complete = False
    return course.found(complete=complete)


@dataclass(slots=True, eq=False)
class _Search:
    """A search, and what it knows.

    Attributes:
        units: all that can be put back.
        ask: measures a set.
        effects: what was measured, as shares of the difference.
        first: the search for the set that gives the difference back; None before it.
        others: see `Found`.
    """

    units: Sequence[Unit]
    ask: Ask
    effects: dict[Set, Effect] = field(default_factory=dict)
    first: _Hunt | None = None
    others: list[tuple[Set, Effect]] = field(default_factory=list)

    def run(self) -> None:
        """Search until nothing is left to ask."""
        every = frozenset(range(len(self.units)))
        if not every:
            return
        target = 1.0
        whole = self.measured(every, _GOING_DOWN)
        if not whole.failure and not _enough(whole, _GOING_DOWN):
            # The rest came with something else, such as data or another package.
            whole = self.measured(every, _BY_ITSELF)
            if not _tells(whole) or whole.share < 0:
                return
            target = min(whole.share, 1.0)
        self.first = _Hunt(self, target)
        if not whole.failure:
            self.first.best = every
        best = self.first.smallest(every)
        if best:
            self._look_at(every - best)
        members = best if len(best) > 1 else frozenset()
        for one in self.in_order(every):
            if one in members or self.units[one].named:
                self.measured(frozenset([one]), _BY_ITSELF)

    def _look_at(self, rest: Set) -> None:
        """Find what, beside the set that was found, gives something back by itself."""
        while rest:
            effect = self.measured(rest, _BY_ITSELF)
            if effect.failure or not _tells(effect):
                return
            hunt = _Hunt(self, effect.share, best=rest)
            found = hunt.smallest(rest)
            self.others.append((found, self.effects[found]))
            rest -= found

    def measured(self, units: Set, goal: Goal) -> Effect:
        """What a set gives back; what is known well enough is not measured again."""
        known = self.effects.get(units)
        if known is None or not (known.failure or goal.reached(known)):
            self.effects[units] = known = self.ask(units, goal)
        return known

    def in_order(self, units: Collection[int]) -> list[int]:
        """Units by module, the likeliest first."""
        weights: dict[str, float] = {}
        for one in units:
            unit = self.units[one]
            weights[unit.module] = weights.get(unit.module, 0.0) + unit.weight

        def key(place: int) -> tuple[float, str, float, int]:
            unit = self.units[place]
            return -weights[unit.module], unit.module, -unit.weight, place

        return sorted(units, key=key)

    def halves(self, units: Set) -> tuple[Set, Set]:
        """Two parts of two units or more, as alike in weight as can be, the likelier one first.

        Modules stay whole while there is more than one.
        """
        ordered = self.in_order(units)
        modules = [self.units[one].module for one in ordered]
        cuts = [place for place in range(1, len(ordered)) if modules[place] != modules[place - 1]]
        weights = [self.units[one].weight for one in ordered]
        if sum(weights) <= 0:
            weights = [1.0] * len(ordered)
        cut = min(
            cuts or range(1, len(ordered)),
            key=lambda place: abs(sum(weights[:place]) - sum(weights[place:])),
        )
        return frozenset(ordered[:cut]), frozenset(ordered[cut:])

    def found(self, *, complete: bool) -> Found:
        """What the search came to."""
        best: Set = frozenset() if self.first is None else self.first.best
        wanted = {one for one, unit in enumerate(self.units) if unit.named} | best
        single = {one: self._known(frozenset([one])) for one in sorted(wanted)}
        failures = [(one, effect.failure) for one, effect in self.effects.items() if effect.failure]
        return Found(
            units=best,
            effect=self._known(best),
            whole=self._known(frozenset(range(len(self.units)))),
            alone={one: effect for one, effect in single.items() if effect is not None},
            others=tuple(self.others),
            complete=complete,
            failures=tuple(failures),
        )

    def _known(self, units: Set) -> Effect | None:
        effect = self.effects.get(units)
        return None if effect is None or effect.failure else effect


@dataclass(slots=True, eq=False)
class _Hunt:
    """The search for one set that gives back a part of the difference.

    Attributes:
        search: what it belongs to.
        target: that part; below 0 where a gain is looked for.
        best: the smallest set known to give it back; empty where none is.
    """

    search: _Search
    target: float
    best: Set = frozenset()

    def smallest(self, held: Set) -> Set:
        """The smallest set within `held` that gives enough back; empty where none is found."""
        found = self._needed(held, frozenset(), _GOING_DOWN)
        # What was nearly enough at each turn may lack a part that is worth finding.
        while self._lacks(found) and found != held:
            found |= self._needed(held - found, found, _AT_THE_END)
        if not (self._effect(found, _AT_THE_END).failure or self._lacks(found)):
            self.best = found
        self._reduce()
        return self.best

    def _needed(self, held: Set, fixed: Set, goal: Goal) -> Set:
        """What of `held` has to go back for enough to come back, with `fixed` put back as well.

        All of both is known to be enough, and `fixed` alone not to be: Zeller's *dd*.
        """
        if len(held) == 1:
            return held
        first, second = self.search.halves(held)
        for half in (first, second):
            if self._is_enough(half | fixed, goal):
                return self._needed(half, fixed, goal)
        some = self._needed(first, second | fixed, goal)
        return some | self._needed(second, some | fixed, goal)

    def _reduce(self) -> None:
        """Leave out of the best set what it can do without: Zeller's *ddmin*, by complements."""
        parts = 2
        while 1 < len(self.best) >= parts:
            for part in _parts(self.search.in_order(self.best), parts):
                if self._is_enough(self.best - part, _AT_THE_END):
                    parts = max(parts - 1, 2)
                    break
            else:
                if parts == len(self.best):
                    return
                parts = min(2 * parts, len(self.best))

    def _lacks(self, units: Set) -> bool:
        """Whether a set that runs surely gives back too little."""
        effect = self._effect(units, _AT_THE_END)
        return not effect.failure and effect.high < ENOUGH

    def _is_enough(self, units: Set, goal: Goal) -> bool:
        enough = _enough(self._effect(units, goal), goal)
        if enough and (not self.best or len(units) < len(self.best)):
            self.best = units
        return enough

    def _effect(self, units: Set, goal: Goal) -> Effect:
        return self.search.measured(units, goal.times(self.target)).over(self.target)


def _enough(effect: Effect, goal: Goal) -> bool:
    """Whether a set gives enough back; where that is open, whether it is the likelier answer."""
    if effect.failure or effect.high < goal.below:
        return False
    return effect.low > goal.above or effect.share >= (goal.above + goal.below) / 2


def _tells(effect: Effect) -> bool:
    """Whether an effect is surely one, and large enough to be looked at."""
    return abs(effect.share) >= LEAST and not effect.low <= 0 <= effect.high


def _parts(units: Sequence[int], number: int) -> Iterator[Set]:
    """Cut units into so many parts of about the same size."""
    for part in range(number):
        first, last = (len(units) * end // number for end in (part, part + 1))
        yield frozenset(units[first:last])
