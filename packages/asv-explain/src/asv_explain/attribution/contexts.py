"""How often each function is called below each piece of changed code, from exact counts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]

from asv_explain.attribution.owners import ELSEWHERE, Groups, Owned
from asv_explain.profiles.match import Flags
from asv_explain.profiles.profile import Indices, Profile, Seconds, sums_at
from asv_explain.profiles.sampled import SampledSide

__all__ = [
    "Contexts",
    "calls_below",
    "contexts_of",
    "looked_up",
    "related_groups",
    "without_moved",
]

Table: TypeAlias = sparse.csr_array

# Calls still on their way down, as a share of all, at which the counts are good enough.
_TOLERANCE = 1e-9
# Frames between changed code and what is called below it; deeper stacks are rare.
_DEEPEST = 300
# Contexts that are followed where stacks are not known; a program has far fewer.
_MOST = 500_000


@dataclass(frozen=True, slots=True, eq=False)
class Contexts:
    """Below which changed code functions are called: K contexts, and L calls between them.

    Attributes:
        pair: The function of each context (K,).
        group: The innermost changed code above it (K,).
        caller: The context of the caller, -1 where it is changed code itself, or the top (L,).
        calling: The pair of the caller, -1 at the top (L,).
        callee: The context of the callee (L,).
    """

    pair: Indices
    group: Indices
    caller: Indices
    calling: Indices
    callee: Indices


def contexts_of(
    sides: tuple[SampledSide, SampledSide],
    owned: tuple[Owned, Owned],
    pairs: tuple[Indices, Indices],
    groups: Groups,
) -> Contexts:
    """Find the contexts of both sides' stacks; of cProfile's edges where there are no stacks.

    Args:
        sides: Both sides.
        owned: Whose their stacks are.
        pairs: The pair of each side's functions.
        groups: The possible causes.
    """
    if sides[0].sampled and sides[1].sampled:
        rows = [_in_stacks(side, one, groups) for side, one in zip(sides, owned, strict=True)]
    else:
        rows = [
            _in_calls(side.profile, pair_of, groups)
            for side, pair_of in zip(sides, pairs, strict=True)
        ]
    count = len(groups.every)
    calls = _distinct(np.concatenate(rows), np.int64(count))
    keys = calls[:, 2] * count + calls[:, 3]
    every, callee = np.unique(keys, return_inverse=True)
    # Who passes calls on is in the context of what it calls, unless it is changed code itself.
    above = np.where(calls[:, 1] < 0, -1, calls[:, 0] * count + calls[:, 1])
    caller = np.searchsorted(every, above)
    known = (above >= 0) & (caller < len(every))
    known &= every[np.minimum(caller, len(every) - 1)] == above
    return Contexts(
        (every // count).astype(np.intp),
        (every % count).astype(np.intp),
        np.where(known, caller, -1).astype(np.intp),
        calls[:, 0].astype(np.intp),
        callee.astype(np.intp),
    )


def _in_stacks(side: SampledSide, owned: Owned, groups: Groups) -> Indices:
    """Caller, its context or -1, callee, and the context of that, of each frame (L, 4)."""
    changed = groups.of_pair != ELSEWHERE
    above, inner = side.parent, side.parent >= 0
    calling = np.where(inner, owned.pair[above], -1)
    # Below which code a frame is called: whose the caller is, but for a cause that begins here.
    begins = changed[owned.pair] & ~groups.helper[owned.pair]
    alone = groups.helper[owned.pair] & (owned.anchor == np.arange(len(above)))
    outer = np.where(inner, owned.group[above], ELSEWHERE)
    group = np.where(begins, outer, np.where(alone, owned.group, outer))
    opaque = inner & changed[calling] & ~groups.helper[calling]
    through = np.where(inner & ~opaque & ~alone, outer, -1)
    calls = np.stack([calling, through, owned.pair, group], axis=1)
    return _distinct(calls, np.int64(len(groups.every)))


def _in_calls(profile: Profile, pair_of: Indices, groups: Groups) -> Indices:
    """The same from who called whom: whatever can be reached below changed code (L, 4)."""
    pairs, count = np.int64(len(groups.of_pair)), np.int64(len(groups.every))
    changed = groups.of_pair != ELSEWHERE
    opaque = changed & ~groups.helper
    edges = np.unique(pair_of[profile.caller] * pairs + pair_of[profile.callee])
    callers, callees = edges // pairs, edges % pairs
    starts = np.searchsorted(callers, np.arange(pairs + 1))
    top = np.setdiff1d(pair_of, callees)
    begin = np.flatnonzero(opaque)
    found = [np.stack([np.full(len(top), -1), np.full(len(top), -1), top, np.zeros_like(top)], 1)]
    seen = top * count + ELSEWHERE
    ahead = np.concatenate([seen, begin * count + groups.of_pair[begin]])
    while len(ahead) and len(seen) < _MOST:
        caller, group = ahead // count, ahead % count
        followed = ~opaque[caller] | (group == groups.of_pair[caller])
        caller, group = caller[followed], group[followed]
        many = starts[caller + 1] - starts[caller]
        within = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
        callee = callees[np.repeat(starts[caller], many) + within]
        caller, group = np.repeat(caller, many), np.repeat(group, many)
        alone = groups.helper[callee] & ~changed[caller]
        inside = np.where(alone, groups.of_pair[callee], group)
        through = np.where(opaque[caller] | alone, -1, group)
        found.append(np.stack([caller, through, callee, inside], axis=1))
        ahead = np.setdiff1d(callee * count + inside, seen)
        seen = np.concatenate([seen, ahead])
    return _distinct(np.concatenate(found).astype(np.intp), count)


def _distinct(calls: Indices, count: np.int64) -> Indices:
    """The different rows of caller, its context, callee, and the context of that, in order."""
    first = calls[:, 0] * (count + 1) + calls[:, 1]
    second = calls[:, 2] * count + calls[:, 3]
    order = np.lexsort((second, first))
    fresh = np.ones(len(order), np.bool_)
    fresh[1:] = (np.diff(first[order]) != 0) | (np.diff(second[order]) != 0)
    kept: Indices = calls[order[fresh]]
    return kept


def calls_below(profile: Profile, pair_of: Indices, contexts: Contexts, groups: Groups) -> Table:
    """Calls of each pair below each group, per call of the benchmark (P, G).

    cProfile counts calls from caller to callee and not by stack: what code that did not change
    calls is shared among the groups as its own calls are.

    Args:
        profile: The counts of one side.
        pair_of: The pair of each of its functions.
        contexts: Below which code functions are called on either side.
        groups: The possible causes.
    """
    pairs = len(groups.of_pair)
    made = np.zeros(pairs)
    np.add.at(made, pair_of, profile.calls / profile.number)
    caller, callee = pair_of[profile.caller], pair_of[profile.callee]
    calls = profile.edge_calls / profile.number
    counts = sparse.csr_array((calls, (caller, callee)), shape=(pairs, pairs))
    outside = np.maximum(made - np.bincount(callee, calls, pairs), 0.0)
    called = contexts.pair[contexts.callee]
    top = contexts.calling < 0
    along = np.where(
        top, outside[called], looked_up(counts, np.maximum(contexts.calling, 0), called)
    )
    size = len(contexts.pair)
    again = (contexts.caller >= 0) & (contexts.caller == contexts.callee)
    passed = (contexts.caller >= 0) & ~again
    of_caller = made[np.maximum(contexts.calling, 0)]
    rate = np.divide(along, of_caller, out=np.zeros(len(along)), where=of_caller > 0)
    # A function that calls itself is called as often more for each call from elsewhere.
    itself = np.minimum(sums_at(contexts.callee[again], rate[again], size), 1.0 - _TOLERANCE)
    gain = 1.0 / (1.0 - itself)
    first = ~passed & ~again
    start = sums_at(contexts.callee[first], along[first], size) * gain
    further = rate[passed] * gain[contexts.callee[passed]]
    step = sparse.csr_array(
        (further, (contexts.callee[passed], contexts.caller[passed])), shape=(size, size)
    )
    found, moving = start.copy(), start
    for _ in range(_DEEPEST):
        moving = step @ moving
        found += moving
        if moving.sum() <= _TOLERANCE * found.sum():
            break
    # What was counted and is on no stack was called where the rest was.
    whole = np.bincount(contexts.pair, found, pairs)
    scale = np.divide(made, whole, out=np.zeros(pairs), where=whole > 0)
    values = found * scale[contexts.pair]
    return sparse.csr_array(
        (values, (contexts.pair, contexts.group)), shape=(pairs, len(groups.every))
    )


def looked_up(table: Table, rows: Indices, columns: Indices) -> Seconds:
    """The values at K places of a table (K,)."""
    if not len(rows):
        # Of no places scipy gives another table.
        return np.zeros(0)
    found: Seconds = np.asarray(table[rows, columns]).ravel()
    return found


def related_groups(
    profiles: tuple[Profile, Profile], pairs: tuple[Indices, Indices], groups: Groups
) -> Flags:
    """Which groups call each other on either side, in either direction (G, G).

    Args:
        profiles: The counts of both sides.
        pairs: The pair of each of their functions.
        groups: The groups.
    """
    count = len(groups.every)
    related = np.zeros((count, count), np.bool_)
    for profile, pair_of in zip(profiles, pairs, strict=True):
        caller = groups.of_pair[pair_of[profile.caller]]
        callee = groups.of_pair[pair_of[profile.callee]]
        inner = (caller != ELSEWHERE) & (callee != ELSEWHERE)
        related[caller[inner], callee[inner]] = True
    either: Flags = related | related.T
    return either


def without_moved(delta: Seconds, group: Indices, related: Flags) -> Seconds:
    """Added and saved calls without those that moved between groups that call each other.

    Args:
        delta: Calls of one function that K groups added, or saved (K,).
        group: The groups (K,).
        related: Which groups call each other (G, G).
    """
    left: Seconds = delta.copy()
    # The largest first, so that the order of the groups plays no part.
    for one, other in combinations(np.argsort(-np.abs(delta), kind="stable").tolist(), 2):
        if left[one] * left[other] < 0 and related[group[one], group[other]]:
            moved = min(abs(left[one]), abs(left[other]))
            left[one] -= math.copysign(moved, left[one])
            left[other] -= math.copysign(moved, left[other])
    return left
