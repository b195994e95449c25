"""Which changed code each sampled stack belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from asv_explain.attribution.guilty import Guilty, holder
from asv_explain.changes.change import Change
from asv_explain.profiles.match import Flags, Match
from asv_explain.profiles.profile import Function, Indices, Profile, Seconds
from asv_explain.profiles.sampled import SampledSide
from asv_explain.profiles.stacks import levels

__all__ = [
    "ELSEWHERE",
    "Group",
    "Groups",
    "Owned",
    "charge_calling_lines",
    "owned_stacks",
    "put_together",
]

ELSEWHERE = 0
"""The group of all that is below no changed code."""


@dataclass(frozen=True, slots=True)
class Group:
    """Pairs of functions that are one cause: a function's, or those of a change outside functions.

    Attributes:
        pair: The function that the cause is named after; None for a change outside functions.
        change: That change; of a function where only what it generates ran.
        members: All pairs of the group.
    """

    pair: int | None
    change: Change | None
    members: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """All possible causes, G of them, and whose each pair of functions is.

    Attributes:
        every: The groups; the first is `ELSEWHERE`.
        of_pair: The group of each pair, `ELSEWHERE` for code that did not change (P,).
        helper: Pairs that are on one side alone, and belong to changed code that calls them (P,).
        part: Lambdas, comprehensions and generator expressions (P,).
    """

    every: tuple[Group, ...]
    of_pair: Indices
    helper: Flags
    part: Flags


@dataclass(frozen=True, slots=True, eq=False)
class Owned:
    """Whose the N nodes of a side's stacks are.

    Attributes:
        pair: The pair of each node's function (N,).
        group: The innermost changed code at or above each node (N,).
        anchor: The node of that code's own frame, -1 below no changed code (N,).
        charged: Whose each node's own time is: the group's, but for lines that call changed code
            (N,).
    """

    pair: Indices
    group: Indices
    anchor: Indices
    charged: Indices


def put_together(before: Profile, after: Profile, match: Match, guilty: Guilty) -> Groups:
    """Put the pairs that changed together by what is to blame."""
    groups: dict[tuple[str, int], list[int]] = {("elsewhere", 0): []}
    changes: dict[tuple[str, int], Change] = {}
    key_of: dict[int, tuple[str, int]] = {}
    for pair in np.flatnonzero(guilty.keeps).tolist():
        change = guilty.change.get(pair)
        alone = pair in guilty.generated and pair not in guilty.owner
        if change is not None and (alone or change.kind in ("module", "class")):
            key_of[pair] = ("change", id(change))
            changes[key_of[pair]] = change
        else:
            key_of[pair] = ("pair", guilty.owner.get(pair, pair))
    helper, part = np.zeros(len(match), np.bool_), np.zeros(len(match), np.bool_)
    functions = [function_of(before, after, match, pair) for pair in range(len(match))]
    named = {(one.path, one.name): pair for pair, one in enumerate(functions)}
    for pair, function in enumerate(functions):
        held = holder(function.name)
        part[pair] = held != function.name
        outer = named.get((function.path, held), pair)
        if part[pair] and pair not in key_of and outer in key_of:
            # What is written inside a changed function is its own.
            key_of[pair] = key_of[outer]
        change = guilty.change.get(pair)
        helper[pair] = change is not None and change.kind in ("new", "gone")
    for pair, key in key_of.items():
        groups.setdefault(key, []).append(pair)
    of_pair = np.zeros(len(match), np.intp)
    every = []
    for index, (key, members) in enumerate(groups.items()):
        every.append(Group(key[1] if key[0] == "pair" else None, changes.get(key), tuple(members)))
        of_pair[members] = index
    return Groups(tuple(every), of_pair, helper, part)


def function_of(before: Profile, after: Profile, match: Match, pair: int) -> Function:
    """The function of a pair, as it is after where it is on both sides."""
    theirs = int(match.after[pair])
    if theirs >= 0:
        return after.functions[theirs]
    return before.functions[int(match.before[pair])]


def owned_stacks(side: SampledSide, pair_of: Indices, groups: Groups) -> Owned:
    """Find the innermost changed code on each stack.

    A helper that came or went belongs to the changed code that calls it; called by code that did
    not change, it is a cause of its own.

    Args:
        side: The stacks.
        pair_of: The pair of each of the side's functions.
        groups: The possible causes.
    """
    pair = pair_of[side.function]
    changed = groups.of_pair != ELSEWHERE
    size = len(pair)
    group, anchor = np.zeros(size, np.intp), np.full(size, -1, np.intp)
    # Whether a helper called from here would belong to the group.
    inside = np.zeros(size, np.bool_)
    for nodes in levels(side.parent):
        above = side.parent[nodes]
        inner = above >= 0
        above_group = np.where(inner, group[above], ELSEWHERE)
        above_inside = inner & inside[above]
        here = changed[pair[nodes]] & ~(groups.helper[pair[nodes]] & above_inside)
        group[nodes] = np.where(here, groups.of_pair[pair[nodes]], above_group)
        anchor[nodes] = np.where(here, nodes, np.where(inner, anchor[above], -1))
        inside[nodes] = changed[pair[nodes]] | (groups.part[pair[nodes]] & above_inside)
    return Owned(pair, group, anchor, group)


def charge_calling_lines(
    sides: tuple[SampledSide, SampledSide],
    owned: tuple[Owned, Owned],
    groups: Groups,
    made: tuple[Seconds, Seconds],
) -> tuple[Owned, Owned]:
    """Charge changed code with the lines of unchanged code that call it.

    The interpreter makes a frame before it is on the stack, and frees what the frame held after
    it has left: samples show both on the line of the call. Code that did not change and runs as
    often as before does nothing else there than before. Lines that call several causes are left.

    Args:
        sides: Both sides.
        owned: Whose their stacks are.
        groups: The possible causes.
        made: Calls of each pair on both sides (P,).
    """
    steady = (groups.of_pair == ELSEWHERE) & (made[0] == made[1])
    places = _places(sides, owned)
    calls = []
    for side, one, place in zip(sides, owned, places, strict=True):
        begins = (one.anchor == np.arange(len(place))) & (side.parent >= 0)
        calling = side.parent[begins]
        begins[begins] = steady[one.pair[calling]] & (side.line[calling] > 0)
        calls.append(np.stack([place[side.parent[begins]], one.group[begins]], axis=1))
    lines, causes = np.unique(np.concatenate(calls), axis=0).T
    lines, first, times = np.unique(lines, return_index=True, return_counts=True)
    # Past the last one no place is found.
    lines = np.append(lines[times == 1], np.iinfo(np.intp).max)
    causes = np.append(causes[first[times == 1]], ELSEWHERE)
    charged = []
    for one, place in zip(owned, places, strict=True):
        at = np.searchsorted(lines, place)
        charged.append(np.where(lines[at] == place, causes[at], one.group))
    return replace(owned[0], charged=charged[0]), replace(owned[1], charged=charged[1])


def _places(
    sides: tuple[SampledSide, SampledSide], owned: tuple[Owned, Owned]
) -> tuple[Indices, Indices]:
    """A number for each node's function and line, counted from the function's first (N,)."""
    lines = []
    for side in sides:
        first = np.array([one.line for one in side.profile.functions], np.intp)
        lines.append(side.line - first[side.function])
    every = np.concatenate(lines)
    lowest, span = every.min(initial=0), np.ptp(np.append(every, 0)) + 1
    before, after = (
        one.pair * span + line - lowest for one, line in zip(owned, lines, strict=True)
    )
    return before, after


def named_changes(groups: Groups, change: Mapping[int, Change]) -> list[Change]:
    """The changes that are among the causes."""
    return [one for pair, one in change.items() if groups.of_pair[pair] != ELSEWHERE]
