"""From time below changed code to what each change cost.

What code that did not change cost goes to the changed code above it: by exact counts what it is
called more often, by the sampled time what its calls cost more, if that can be told from noise.
All of it is a linear map of both sides' times, so that rounds are attributed like their mean.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from asv_explain.attribution.cells import Calls, Cells, Counted, count_calls, mean_cost
from asv_explain.attribution.contexts import without_moved
from asv_explain.attribution.owners import ELSEWHERE, Groups
from asv_explain.attribution.passing import Passed, Passing, passing
from asv_explain.attribution.spread import Prior, discoveries, p_values
from asv_explain.profiles.match import Flags
from asv_explain.profiles.profile import Indices, Seconds, sums_at

__all__ = ["Assigned", "Part", "Plan", "assign", "drawn_amounts", "plan_for"]

DRAWS = 200
"""Draws by which errors of samples become errors of amounts: the root of a variance is right to a
twentieth."""

AT_ONCE = 10
"""So many draws at once, each of which holds a number for each cell."""


@dataclass(frozen=True, slots=True)
class Part:
    """What of a group's amount lies in a function; the kinds are those of `explanation.Detail`."""

    group: int
    pair: int
    kind: str
    seconds: float
    calls_before: float
    calls_after: float


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """How time is attributed: what the counts say, and which dearer calls are told from noise.

    Attributes:
        cells: Which function and group each cell is.
        counted: Calls of each cell.
        added: Calls that each cell's group added, those that merely moved to or from changed
            code beside it left out (C,).
        dearer: Cells of unchanged code whose calls cost their group more or less (C,).
        made: Calls of each pair before, and after (2, P).
        plain: Pairs that did not change (P,).
        helper: Pairs that are part of the changed code that calls them (P,).
        named: The pair that each group is named after, -1 for none (G,).
        passing: How groups pass on what being called more often costs them.
        loop: Pairs of the event loop (P,).
        turns: The share of each group in what more turns of the loop cost (G,).
        waits: Whether the loop's turns cost more or less each, as it waits for what was not there
            before.
    """

    cells: Cells
    counted: Counted
    added: Seconds
    dearer: Flags
    made: Seconds
    plain: Flags
    helper: Flags
    named: Indices
    passing: Passing
    loop: Flags
    turns: Seconds
    waits: bool


@dataclass(frozen=True, slots=True, eq=False)
class Assigned:
    """What each group cost, in seconds of one benchmark call.

    Attributes:
        amounts: Of each round and group; each row adds up to the difference (R, G).
        own: What of the groups' amounts arose in their own code (G,).
        parts: What of them arose in other functions.
    """

    amounts: Seconds
    own: Seconds
    parts: tuple[Part, ...]


def plan_for(
    cells: Cells,
    calls: tuple[Calls, Calls],
    groups: Groups,
    loose: Flags,
    loop: Flags,
    turns: Seconds,
    related: Flags,
    prior: Prior,
) -> Plan:
    """Decide how time is attributed.

    Args:
        cells: The time of both sides.
        calls: The calls of both sides.
        groups: The possible causes.
        loose: Changed pairs that can't have changed how often they are called (P,).
        loop: Pairs of the event loop (P,).
        turns: The share of each group in what more turns of the loop cost (G,).
        related: Groups that call each other (G, G).
        prior: How much more than by the drawing of samples rounds scatter.
    """
    counted = count_calls(cells, calls)
    plain = groups.of_pair == ELSEWHERE
    delta = counted.after - counted.before
    by_pair = defaultdict[int, list[int]](list)
    moving = plain[cells.pair] & (cells.group != ELSEWHERE) & (delta != 0)
    for cell in np.flatnonzero(moving).tolist():
        by_pair[int(cells.pair[cell])].append(cell)
    added = delta.copy()
    for same in by_pair.values():
        if len(same) > 1:
            added[same] = without_moved(delta[same], cells.group[same], related)
    made = np.stack([one.made for one in calls])
    cost = _dearer(cells, counted, made)
    below = plain[cells.pair] & (cells.group != ELSEWHERE)
    dearer = np.zeros(len(below), np.bool_)
    dearer[below] = _told_from_noise(
        cost[:, below], cells.variance[below], cells.group[below], len(groups.every), prior
    )
    turned = loop[cells.pair] & (cells.group == ELSEWHERE)
    whole = np.zeros(int(turned.sum()), np.intp)
    waits = _told_from_noise(cost[:, turned], cells.variance[turned], whole, 1, prior)
    handed_on = passing(calls, groups, loose, related)
    named = np.array([-1 if one.pair is None else one.pair for one in groups.every], np.intp)
    return Plan(
        cells,
        counted,
        added,
        dearer,
        made,
        plain,
        groups.helper,
        named,
        handed_on,
        loop,
        turns,
        bool(waits.any()),
    )


def _dearer(cells: Cells, counted: Counted, made: Seconds) -> Seconds:
    """What of each cell's difference more calls don't explain (R, C)."""
    cost = _cost(cells, cells.before, cells.after, made)
    rest: Seconds = cells.after - cells.before - (counted.after - counted.before) * cost
    return rest


def _cost(cells: Cells, before: Seconds, after: Seconds, made: Seconds) -> Seconds:
    """Mean own seconds of a call of each cell's function (R, C)."""
    pairs = made.shape[1]
    times = [_by_group(side, cells.pair, pairs) for side in (before, after)]
    cost: Seconds = mean_cost(times[0], times[1], made[0], made[1])[:, cells.pair]
    return cost


def _told_from_noise(
    cost: Seconds, variance: Seconds, group: Indices, groups: int, prior: Prior
) -> Flags:
    """Which of K differences count: those told from noise, alone or with all of their group.

    Unchanged code that is called as often takes no more time of its own accord. What it seems to
    take would make the amount of the changed code above it as uncertain as all that it calls.
    """
    if len(cost) < 2:
        return np.ones(len(group), np.bool_)
    sums = _by_group(cost, group, groups)
    present = np.bincount(group, minlength=groups) > 0
    both = np.concatenate([cost, sums[:, present]], axis=1)
    known = np.concatenate([variance, np.bincount(group, variance, groups)[present]])
    found = discoveries(p_values(both, known, prior))
    whole = np.zeros(groups, np.bool_)
    whole[np.flatnonzero(present)] = found[len(group) :]
    alone: Flags = found[: len(group)] | whole[group]
    return alone


def assign(plan: Plan, before: Seconds, after: Seconds) -> Assigned:
    """Attribute the difference of both sides' times.

    Args:
        plan: How.
        before: Seconds of each cell before, in R rounds (R, C).
        after: The same after (R, C).
    """
    one, cells = _divided(plan, before, after), plan.cells
    plain = plan.plain[cells.pair]
    helper = plan.helper[cells.pair] & ~plain & (plan.named[cells.group] != cells.pair)
    own = np.where(plain | helper, 0.0, after - before)
    parts = (
        *_parts(plan, one.by_calls, "calls"),
        *_parts(plan, np.where(cells.calling, 0.0, one.by_cost), "slower"),
        *_parts(plan, np.where(cells.calling, one.by_cost, 0.0), "caller"),
        *_helpers(plan, np.where(helper, after - before, 0.0)),
        *(Part(group, pair, "calls", seconds, *made) for group, pair, seconds, made in one.passed),
        *_turned(plan, float(one.of_turns.mean())),
    )
    return Assigned(one.amounts, _by_group(own, cells.group, len(plan.turns)).mean(axis=0), parts)


@dataclass(frozen=True, slots=True, eq=False)
class _Divided:
    """R rounds divided among cells (R, C), turns of the event loop (R,) and groups (R, G)."""

    by_calls: Seconds
    by_cost: Seconds
    of_turns: Seconds
    passed: Sequence[Passed]
    amounts: Seconds


def _divided(plan: Plan, before: Seconds, after: Seconds) -> _Divided:
    cells, groups = plan.cells, len(plan.turns)
    difference = after - before
    cost = _cost(cells, before, after, plan.made)
    delta = plan.counted.after - plan.counted.before
    plain = plan.plain[cells.pair]
    below = plain & (cells.group != ELSEWHERE)
    by_calls = np.where(below, plan.added * cost, 0.0)
    by_cost = np.where(below & plan.dearer, difference - delta * cost, 0.0)
    kept = np.where(plain, by_calls + by_cost, difference)
    whole = [_by_group(one, cells.group, groups) for one in (before, after)]
    moved, passed = plan.passing.move(whole[0], whole[1])
    turned = plan.loop[cells.pair] & (cells.group == ELSEWHERE)
    of_turns = np.where(turned, difference if plan.waits else delta * cost, 0.0).sum(axis=1)
    amounts = _by_group(kept, cells.group, groups) + moved + of_turns[:, None] * plan.turns
    amounts[:, ELSEWHERE] += difference.sum(axis=1) - amounts.sum(axis=1)
    return _Divided(by_calls, by_cost, of_turns, passed, amounts)


def _turned(plan: Plan, seconds: float) -> list[Part]:
    """What more turns of the event loop cost, as parts of the groups that make them."""
    return [
        Part(group, -1, "event loop", seconds * float(plan.turns[group]), *made)
        for group in np.flatnonzero(plan.turns).tolist()
        for made in [plan.passing.made[:, group].tolist()]
        if seconds
    ]


def drawn_amounts(plan: Plan) -> Seconds:
    """The variance of each group's mean amount by the drawing of samples alone (G,)."""
    total = np.zeros(len(plan.turns))
    if any(one.scale for one in plan.cells.drawn):
        generator = np.random.default_rng(0)
        for _ in range(DRAWS // AT_ONCE):
            errors = [one.errors(generator, AT_ONCE) for one in plan.cells.drawn]
            total += np.square(_divided(plan, *errors).amounts).sum(axis=0)
    return total / DRAWS


def _by_group(values: Seconds, group: Indices, groups: int) -> Seconds:
    """Sums of the values of each group, or pair (R, G)."""
    sums: Seconds = np.zeros((len(values), groups))
    for into, row in zip(sums, values, strict=True):
        into += sums_at(group, row, groups)
    return sums


def _parts(plan: Plan, seconds: Seconds, kind: str) -> list[Part]:
    """The cells that hold something, as parts of their groups."""
    mean = seconds.mean(axis=0)
    cells, counted = plan.cells, plan.counted
    return [
        Part(
            int(cells.group[cell]),
            int(cells.pair[cell]),
            kind,
            float(mean[cell]),
            float(counted.before[cell]),
            float(counted.after[cell]),
        )
        for cell in np.flatnonzero(mean).tolist()
    ]


def _helpers(plan: Plan, seconds: Seconds) -> list[Part]:
    """The helpers that came or went with each group."""
    return [
        Part(
            one.group,
            one.pair,
            "new" if plan.made[1, one.pair] > plan.made[0, one.pair] else "gone",
            one.seconds,
            one.calls_before,
            one.calls_after,
        )
        for one in _parts(plan, seconds, "new")
    ]
