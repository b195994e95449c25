"""From differences to causes in order: the changed code that each difference is due to."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from asv_explain.attribution.async_tax import AsyncTax, async_tax, loop_turns
from asv_explain.attribution.call_edges import CallEdges, call_edges
from asv_explain.attribution.causes import (
    DATA,
    ELSEWHERE,
    EVENT_LOOP,
    LEFT,
    UNCHANGED,
    Cause,
    CauseMaker,
    Via,
    share_of,
)
from asv_explain.attribution.clearing import clear
from asv_explain.attribution.decompose import (
    Decomposition,
    Side,
    Spread,
    spread_of,
)
from asv_explain.attribution.doubts import doubts
from asv_explain.attribution.guilty import Guilty, find_guilty
from asv_explain.attribution.handup import HandedUp, hand_up
from asv_explain.attribution.leftover import give_leftover, other_suspects
from asv_explain.attribution.prepared import nearest, origin, prepared_changes
from asv_explain.changes.change import Change, Changes
from asv_explain.profiles.conservation import check_conserved
from asv_explain.profiles.match import Flags, Match
from asv_explain.profiles.profile import Seconds

__all__ = ["Blame", "Cause", "Via", "blame", "describe"]

# The place among the groups of what no changed code explains.
LEFTOVER = 0


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
    before: Side,
    after: Side,
    match: Match,
    parts: Decomposition,
    changes: Changes,
    rounds: Seconds | None = None,
) -> Blame:
    """Say what caused the difference.

    Args:
        before: One side.
        after: The other.
        match: The pairs of their functions.
        parts: Their differences.
        changes: What changed in the sources.
        rounds: Differences of each pair in each round (rounds, P), for intervals.

    Raises:
        ConservationError: The causes and the residual aren't the measured difference.
    """
    guilty = find_guilty(before.profile, after.profile, match, changes)
    edges = call_edges(before, after, match, parts)
    loop, turns = loop_turns(before.profile, after.profile, match, parts, edges, guilty.keeps)
    price, doubt = parts.mean_price, doubts(before, after, match)
    cleared = clear(edges, parts.difference, price, guilty.keeps, rounds, doubt)
    edges = cleared.edges
    handed = hand_up(
        edges,
        cleared.difference,
        price,
        guilty.keeps | loop,
        guilty.loose | loop,
        cleared.rounds,
        cleared.doubts,
    )
    of_turns = float(handed.kept[loop].sum()) * turns
    handed = _move_turns(handed, loop, turns)
    groups = _groups(handed, guilty)
    members = [np.array(group.members, np.intp) for group in groups]
    totals = np.array([handed.kept[one].sum() for one in members])
    by_round = np.stack([handed.rounds[:, one].sum(axis=1) for one in members], axis=1)
    modes = np.stack([handed.modes[:, one].sum(axis=1) for one in members], axis=1)
    beside = np.zeros(len(groups))
    named = [*guilty.change.values()]
    suspects = other_suspects(before.profile, after.profile, changes, named)
    if len(groups) > 1 and not suspects:
        settled = give_leftover(totals, by_round, modes, LEFTOVER)
        totals, by_round, modes, beside = (
            settled.totals,
            settled.rounds,
            settled.modes,
            settled.given,
        )
    spread = None
    if rounds is not None:
        spread = spread_of(by_round, np.sqrt(np.square(modes).sum(axis=0)), totals)
    scale = float(np.abs(before.own).sum() / before.profile.number)
    scale += float(np.abs(after.own).sum() / after.profile.number)
    check_conserved(totals, parts.residual, parts.measured, scale)
    whole = _whole(totals, parts, spread)
    maker = CauseMaker(
        before.profile,
        after.profile,
        match,
        parts,
        edges,
        handed,
        guilty,
        changes,
        of_turns,
        whole,
        suspects,
    )
    causes = []
    for index, (group, seconds) in enumerate(zip(groups, totals.tolist(), strict=True)):
        ends, noise = None, True
        if spread is not None:
            ends = (float(spread.low[index]), float(spread.high[index]))
            noise = bool(spread.noise[index])
        if group.pair is None:
            made = maker.outside(group.change, group.members, seconds, ends, noise=noise)
            if group.change is None and not noise:
                made = _made_by_setup(made, maker, edges, handed)
        else:
            made = maker.named(group.pair, group.members, seconds, ends, noise=noise)
        for name, amount in (
            (LEFT, float(cleared.left[group.members].sum())),
            (UNCHANGED, float(beside[index])),
        ):
            if index != LEFTOVER and amount:
                made = maker.beside(made, name, amount)
        if made.seconds or (made.via and made.kind != ELSEWHERE):
            causes.append(made)
    sign = -1.0 if parts.measured < 0 else 1.0
    return Blame(
        causes=tuple(sorted(causes, key=lambda one: -sign * one.seconds)),
        measured=parts.measured,
        residual=parts.residual,
        tax=async_tax(before.profile, after.profile, match, parts),
    )


def describe(cause: Cause) -> str:
    """One sentence on a cause: what changed, and how that costs what it costs."""
    names = {
        "new": "is new",
        "gone": "is gone",
        "moved": "moved and changed",
        "async": "became async def",
        "dependency": "changed in a dependency",
        "unreadable": "is in a file that can't be read",
    }
    if cause.kind == ELSEWHERE:
        told = ", ".join(cause.candidates[:3]) or "nothing else changed"
        return f"no changed function explains {abs(cause.share):.0%}; candidates: {told}"
    verb = "cost" if cause.seconds > 0 else "saved"
    if cause.kind == DATA:
        user = cause.via[0].name
        return (
            f"`{cause.name}` changed, which setup runs; `{user}` with what it makes {verb} "
            f"{abs(cause.share):.0%}"
        )
    whole = cause.seconds / cause.share if cause.share else 0.0
    start = f"`{cause.name}` {names.get(cause.kind, 'changed')}"
    first = cause.via[0] if cause.via else None
    if first is None or abs(first.seconds) <= abs(cause.own):
        if cause.kind in ("module", "class"):
            return f"{start}; what reads it {verb} {abs(cause.share):.0%}"
        return f"{start}; its own code {verb} {abs(share_of(cause.own, whole)):.0%}"
    verb = "cost" if first.seconds > 0 else "saved"
    if first.name == LEFT:
        return (
            f"{start}; what it leaves its callers to clear or to use {verb} {abs(first.share):.0%}"
        )
    if first.name == UNCHANGED:
        more = "more" if first.seconds > 0 else "less"
        return (
            f"{start}; no other code that ran did, and unchanged code took "
            f"{abs(first.share):.0%} {more} with it"
        )
    if cause.kind in ("module", "class"):
        if (first.path, first.name) == (cause.path, cause.name.removeprefix("class ")):
            return f"{start}; running it on import {verb} {abs(first.share):.0%}"
        return f"{start}; `{first.name}`, which reads it, {verb} {abs(first.share):.0%}"
    added = first.calls_after - first.calls_before
    if first.name == EVENT_LOOP:
        turns = "turn" if abs(added) == 1 else "turns"
        what = f"{abs(added):,.4g} {'more' if added > 0 else 'fewer'} {turns} of the event loop"
    elif added:
        calls = "call" if abs(added) == 1 else "calls"
        what = f"{abs(added):,.4g} {'new' if added > 0 else 'fewer'} {calls} of `{first.name}`"
    else:
        what = f"calls of `{first.name}`"
    return f"{start}; its {what} {verb} {abs(first.share):.0%}"


def _made_by_setup(cause: Cause, maker: CauseMaker, edges: CallEdges, handed: HandedUp) -> Cause:
    """Name the change that setup runs in place of what nothing else explains, if it is one."""
    changes = prepared_changes(maker.before, maker.after, maker.changes)
    if not changes:
        return cause
    functions = [maker.function(pair) for pair in range(len(maker.match))]
    sign = 1.0 if cause.seconds > 0 else -1.0
    user = origin(edges, handed.flow, maker.parts.difference, functions, sign)
    change = None if user is None else nearest(changes, functions[user])
    return cause if user is None or change is None else maker.data(change, user, cause)


@dataclass(frozen=True, slots=True)
class _Group:
    """Pairs that are one cause: a function's, or those of a change outside functions."""

    pair: int | None
    change: Change | None
    members: list[int]


def _groups(handed: HandedUp, guilty: Guilty) -> list[_Group]:
    """Put what was kept together by what is to blame."""
    rest = np.flatnonzero(~guilty.keeps & (handed.kept != 0)).tolist()
    # In the place that `LEFTOVER` names.
    groups: dict[tuple[str, int], _Group] = {("elsewhere", 0): _Group(None, None, rest)}
    for pair in np.flatnonzero(guilty.keeps).tolist():
        change = guilty.change.get(pair)
        if change is not None and change.kind in ("module", "class"):
            group = groups.setdefault(("change", id(change)), _Group(None, change, []))
        else:
            owner = guilty.owner.get(pair, pair)
            group = groups.setdefault(("pair", owner), _Group(owner, None, []))
        group.members.append(pair)
    return list(groups.values())


def _move_turns(handed: HandedUp, loop: Flags, turns: Seconds) -> HandedUp:
    """Give what the event loop kept to the coroutines that made it turn."""
    if not loop.any():
        return handed
    kept, rounds, modes = handed.kept, handed.rounds, handed.modes
    return replace(
        handed,
        kept=np.where(loop, 0.0, kept) + kept[loop].sum() * turns,
        rounds=np.where(loop, 0.0, rounds) + rounds[:, loop].sum(axis=1)[:, None] * turns,
        modes=np.where(loop, 0.0, modes) + modes[:, loop].sum(axis=1)[:, None] * turns,
    )


def _whole(totals: Seconds, parts: Decomposition, spread: Spread | None) -> float:
    """The seconds that count as 1: all that went the benchmark's way, gains left out.

    What can't be told from noise counts with its sum, in which most of it cancels out.
    """
    sign = -1.0 if parts.measured < 0 else 1.0
    towards = sign * totals
    noise = np.zeros(len(totals), np.bool_) if spread is None else spread.noise
    rest = float(towards[noise].sum()) + sign * parts.residual
    gross = float(np.maximum(towards[~noise], 0).sum()) + max(rest, 0.0)
    return sign * max(gross, float(towards.max(initial=0.0)), sign * parts.residual)
