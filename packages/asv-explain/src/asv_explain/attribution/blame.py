"""From both sides' stacks and counts to causes: the changed code that each difference is due to."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from asv_explain.attribution.assign import Assigned, assign, drawn_amounts, plan_for
from asv_explain.attribution.async_tax import AsyncTax, async_tax, loop_turns
from asv_explain.attribution.cause_maker import CauseMaker
from asv_explain.attribution.causes import Cause
from asv_explain.attribution.cells import Calls, cells_of
from asv_explain.attribution.contexts import calls_below, contexts_of, related_groups
from asv_explain.attribution.guilty import find_guilty
from asv_explain.attribution.owners import (
    ELSEWHERE,
    Owned,
    charge_calling_lines,
    named_changes,
    owned_stacks,
    put_together,
)
from asv_explain.attribution.per_function import call_edges, calls_made, per_function
from asv_explain.attribution.prepared import other_suspects
from asv_explain.attribution.spread import Prior, Spread, prior_of, spread_of
from asv_explain.changes.change import Changes
from asv_explain.profiles.conservation import check_conserved
from asv_explain.profiles.match import Match
from asv_explain.profiles.profile import Seconds
from asv_explain.profiles.sampled import SampledSide

__all__ = ["Blame", "RatioError", "blame"]


@dataclass(frozen=True, slots=True)
class RatioError:
    """How sure the ratio of both sides' times is.

    Attributes:
        error: Its standard error.
        freedom: The degrees of freedom of that.
    """

    error: float = 0.0
    freedom: float = 1.0


@dataclass(frozen=True, slots=True)
class Blame:
    """All causes, those that cost most first (for a gain, those that saved most).

    Attributes:
        causes: They and the residual add up to ``measured``.
        measured: Seconds after - before per call of the benchmark, without a profiler.
        residual: What of it is in no cause.
        tax: What turning functions into coroutines cost; the causes hold it already.
    """

    causes: tuple[Cause, ...]
    measured: float
    residual: float
    tax: AsyncTax


def blame(
    before: SampledSide,
    after: SampledSide,
    match: Match,
    changes: Changes,
    ratio: RatioError | None = None,
) -> Blame:
    """Say what caused the difference.

    Args:
        before: One side.
        after: The other; the n-th rounds of both are a pair.
        match: The pairs of their functions.
        changes: What changed in the sources.
        ratio: How sure the ratio of their times is.

    Raises:
        ConservationError: The causes aren't the measured difference.
    """
    profiles = (before.profile, after.profile)
    pairs = (match.pair_before, match.pair_after)
    guilty = find_guilty(*profiles, match, changes)
    groups = put_together(*profiles, match, guilty)
    owned = owned_stacks(before, pairs[0], groups), owned_stacks(after, pairs[1], groups)
    contexts = contexts_of((before, after), owned, pairs, groups)
    first, second = (
        Calls(calls_made(one, of, len(match)), calls_below(one, of, contexts, groups))
        for one, of in zip(profiles, pairs, strict=True)
    )
    if before.sampled and after.sampled:
        often = first.made, second.made
        owned = charge_calling_lines((before, after), owned, groups, often)
    cells = cells_of((before, after), owned, (first, second), groups)
    functions = per_function(cells, (first.made, second.made))
    edges = call_edges(*profiles, match)
    loop, by_pair = loop_turns(*profiles, match, functions, edges, guilty.keeps)
    turns = np.bincount(groups.of_pair, by_pair, len(groups.every)).astype(np.float64)
    related = related_groups(profiles, pairs, groups)
    told = cells.enough
    prior = prior_of((cells.after - cells.before)[:, told], cells.variance[told])
    plan = plan_for(cells, (first, second), groups, guilty.loose, loop, turns, related, prior)
    assigned = assign(plan, cells.before, cells.after)
    alone = assign(plan, np.zeros_like(cells.before), cells.after)
    measured = after.seconds - before.seconds
    totals = assigned.amounts.mean(axis=0)
    check_conserved(totals, 0.0, measured, before.seconds + after.seconds)
    chance = drawn_amounts(plan), prior
    spread, whole = _settled(assigned, alone, (before.seconds, after.seconds), ratio, chance)
    suspects = other_suspects(*profiles, changes, named_changes(groups, guilty.change))
    maker = CauseMaker(
        profiles, match, functions, groups, guilty, changes, assigned, whole, suspects
    )
    lines = [_lines(side, one) for side, one in zip((before, after), owned, strict=True)]
    waits = _waiting(after, owned[1], len(totals)) - _waiting(before, owned[0], len(totals))
    causes = []
    for group, seconds in enumerate(totals.tolist()):
        if not seconds:
            continue
        measures = (seconds, float(spread.half[group]), bool(spread.noise[group]))
        shown = lines[0].get(group, {}), lines[1].get(group, {})
        made = maker.cause(group, measures, shown, float(waits[group]))
        if group == ELSEWHERE and not made.noise:
            made = maker.not_explained(made, cells)
        causes.append(made)
    sign = -1.0 if measured < 0 else 1.0
    return Blame(
        tuple(sorted(causes, key=lambda one: -sign * one.seconds)),
        measured,
        measured - float(totals.sum()),
        async_tax(*profiles, match, functions),
    )


def _settled(
    assigned: Assigned,
    alone: Assigned,
    seconds: tuple[float, float],
    ratio: RatioError | None,
    chance: tuple[Seconds, Prior],
) -> tuple[Spread, float]:
    """Intervals of all groups, and the seconds that are a share of 1.

    A share depends on the ratio of both times as well: with A the amount, of which A' is due to
    the time after, W the whole and T the time before, its derivative by the ratio r is
    (A' / r - T A / W) / W.
    """
    sure = ratio or RatioError()
    amounts = assigned.amounts.mean(axis=0)
    whole = seconds[1] - seconds[0]
    spread = Spread(np.zeros(0), np.zeros(0, np.bool_))
    # What is noise depends a little on what the shares are of, and that on what is noise.
    for _ in range(2):
        by_after = alone.amounts.mean(axis=0) * seconds[0] / seconds[1]
        moves = by_after - seconds[0] * amounts / whole if whole else by_after
        spread = spread_of(assigned.amounts, np.abs(moves) * sure.error, sure.freedom, *chance)
        whole = _whole(amounts, spread, seconds[1] - seconds[0])
    return spread, whole


def _whole(totals: Seconds, spread: Spread, measured: float) -> float:
    """The seconds that count as 1: all that went the benchmark's way, gains left out.

    What can't be told from noise counts with its sum, in which most of it cancels out.
    """
    sign = -1.0 if measured < 0 else 1.0
    towards = sign * totals
    rest = float(towards[spread.noise].sum())
    gross = float(np.maximum(towards[~spread.noise], 0).sum()) + max(rest, 0.0)
    return sign * max(gross, float(towards.max(initial=0.0)))


def _lines(side: SampledSide, owned: Owned) -> dict[int, dict[int, float]]:
    """Seconds at each line of the changed code itself, by group, with what the line calls."""
    seconds = side.shares.mean(axis=0) * side.seconds
    inside = (owned.anchor >= 0) & (seconds > 0)
    anchor = owned.anchor[inside]
    found: defaultdict[int, dict[int, float]] = defaultdict(dict)
    rows = zip(
        owned.group[inside].tolist(),
        side.line[anchor].tolist(),
        seconds[inside].tolist(),
        strict=True,
    )
    for group, line, amount in rows:
        found[group][line] = found[group].get(line, 0.0) + amount
    return found


def _waiting(side: SampledSide, owned: Owned, groups: int) -> Seconds:
    """Seconds that passed in waiting below each group (G,)."""
    if side.waiting is None:
        return np.zeros(groups)
    part = side.waiting / np.maximum(side.total, 1.0)[:, None]
    return np.bincount(owned.charged, part.mean(axis=0) * side.seconds, groups).astype(np.float64)
