"""Unchanged code that runs because other unchanged code was handed something else by changed code.

A ``with`` calls the methods of what a changed function returned; where a class became a
``@contextmanager``, these are contextlib's. Neither they nor their caller changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from asv_explain.changes.change import Change
from asv_explain.profiles.match import Flags, Match
from asv_explain.profiles.profile import Function, Profile

__all__ = ["Protocols", "find_protocols"]

# A caller makes at least this share of the calls of what it calls on one side alone.
MOST = 0.5
# So far apart are numbers of calls at most that count as equal, as a share.
EQUAL = 0.01
_HOMES = ("site", "bench")
_CALLED = ("site", "stdlib", "generated")


@dataclass(frozen=True, slots=True)
class Protocols:
    """What unchanged callers call on one side alone, by the changed code that is behind it.

    Attributes:
        handed: Each pair of unchanged code, and the changed pair whose doing it is.
        replaced: Changed pairs that came and went together, and the one that stands for them.
    """

    handed: Mapping[int, int]
    replaced: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class _Called:
    """A pair that a caller calls, with its calls by it before and after."""

    pair: int
    before: float
    after: float

    @property
    def on_one_side(self) -> bool:
        return not (self.before and self.after)


def find_protocols(
    before: Profile, after: Profile, match: Match, keeps: Flags, change: Mapping[int, Change]
) -> Protocols:
    """Find unchanged code that is called on one side alone, by callers that did not change.

    Such a caller was handed something else. Behind it is changed code that the caller calls on one
    side alone, too, if that is of one class or function: it was replaced. Else it is the only
    changed function that the caller calls, if it does so as often: what that one returns.

    Args:
        before: The profile before.
        after: The profile after.
        match: The pairs of their functions.
        keeps: Pairs that changed themselves (P,).
        change: The change of each of these that has one.
    """
    handed: dict[int, int] = {}
    replaced: dict[int, int] = {}
    if not keeps.any():
        return Protocols(handed, replaced)
    made = np.zeros((2, len(match)))
    for row, profile, pairs in (
        (made[0], before, match.pair_before),
        (made[1], after, match.pair_after),
    ):
        np.add.at(row, pairs, profile.calls / profile.number)
    functions = [_function(before, after, match, pair) for pair in range(len(match))]
    eligible = match.same_code & ~keeps & np.array([one.home in _HOMES for one in functions])
    every = _calls(before, after, match, keeps, eligible)
    by_name = {
        (one.path, one.name): pair
        for pair, one in enumerate(functions)
        if keeps[pair] and one.home == "site"
    }
    for called in every:
        unchanged = [
            one
            for one in called
            if one.on_one_side
            and not keeps[one.pair]
            and functions[one.pair].home in _CALLED
            and abs(one.after - one.before) >= MOST * abs(made[1] - made[0])[one.pair] > 0
        ]
        changed = [one for one in called if keeps[one.pair]]
        if not unchanged or not changed:
            continue
        gone = [one for one in changed if one.on_one_side]
        families = {_family(functions[one.pair]) for one in gone}
        if len(families) == 1:
            (family,) = families
            first = max(gone, key=lambda one: one.before + one.after).pair
            head = by_name.get(family, first)
            handed.update({one.pair: head for one in unchanged})
            came_and_went = (
                one.pair
                for one in gone
                if one.pair != head and one.pair in change and change[one.pair].kind == "gone"
            )
            if head in change and change[head].kind == "new":
                replaced.update(dict.fromkeys(came_and_went, head))
        elif not gone and len(changed) == 1:
            (only,) = changed
            handed.update({one.pair: only.pair for one in unchanged if _as_often(one, only)})
    return Protocols(handed, replaced)


def _calls(
    before: Profile, after: Profile, match: Match, keeps: Flags, eligible: Flags
) -> list[list[_Called]]:
    """What those callers call that call changed code, and other code on one side alone."""
    found: defaultdict[int, dict[int, list[float]]] = defaultdict(dict)
    sides = ((before, match.pair_before), (after, match.pair_after))
    size = np.int64(len(match))
    callers, others = np.zeros(size, np.bool_), np.zeros(size, np.bool_)
    for profile, pairs in sides:
        callers[pairs[profile.caller[keeps[pairs[profile.callee]]]]] = True
    callers &= eligible
    first, second = (
        pairs[one.caller[chosen]] * size + pairs[one.callee[chosen]]
        for one, pairs in sides
        for chosen in [callers[pairs[one.caller]]]
    )
    alone = np.setxor1d(first, second)
    others[alone[~keeps[alone % size]] // size] = True
    callers &= others
    for place, (profile, pairs) in enumerate(sides):
        chosen = callers[pairs[profile.caller]]
        rows = zip(
            pairs[profile.caller[chosen]].tolist(),
            pairs[profile.callee[chosen]].tolist(),
            (profile.edge_calls[chosen] / profile.number).tolist(),
            strict=True,
        )
        for caller, callee, calls in rows:
            if caller != callee:
                found[caller].setdefault(callee, [0.0, 0.0])[place] += calls
    return [
        [_Called(callee, ours, theirs) for callee, (ours, theirs) in called.items()]
        for called in found.values()
    ]


def _function(before: Profile, after: Profile, match: Match, pair: int) -> Function:
    theirs = int(match.after[pair])
    return after.functions[theirs] if theirs >= 0 else before.functions[int(match.before[pair])]


def _family(function: Function) -> tuple[str, str]:
    """File and outermost name, which a class shares with a function that takes its place."""
    return function.path, function.name.partition(".")[0]


def _as_often(one: _Called, other: _Called) -> bool:
    """Whether one is called as often as the other on the side where it is called at all."""
    pairs = ((one.before, other.before), (one.after, other.after))
    return all(not mine or abs(mine - theirs) <= EQUAL * theirs for mine, theirs in pairs)
