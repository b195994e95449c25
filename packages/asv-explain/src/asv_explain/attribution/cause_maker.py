"""Puts together what there is to say of each cause."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from asv_explain.attribution.assign import Assigned, Part
from asv_explain.attribution.causes import DATA, ELSEWHERE, Cause, share_of
from asv_explain.attribution.cells import Cells
from asv_explain.attribution.guilty import Guilty, holder
from asv_explain.attribution.owners import ELSEWHERE as NO_GROUP
from asv_explain.attribution.owners import Groups, function_of
from asv_explain.attribution.per_function import PerFunction
from asv_explain.attribution.prepared import nearest, prepared_changes
from asv_explain.changes.change import Change, Changes
from asv_explain.explanation import Detail
from asv_explain.profiles.match import Match, PairKind
from asv_explain.profiles.profile import Function, Profile

__all__ = ["CauseMaker"]

# How many other functions are listed with a cause.
MOST_DETAILS = 5

Measures = tuple[float, float, bool]
"""A cause's seconds, half the width of their interval, and whether they are noise."""

Lines = tuple[Mapping[int, float], Mapping[int, float]]
"""Seconds at each line before, and after."""


@dataclass(frozen=True, slots=True, eq=False)
class CauseMaker:
    """Everything there is to know of a difference.

    Attributes:
        profiles: Who ran before, and after.
        match: The pairs of their functions.
        functions: What each took and how often it was called.
        groups: The possible causes.
        guilty: What changed of which pair.
        changes: What changed in the sources.
        assigned: What each group cost.
        whole: Seconds that are a share of 1; negative where the benchmark got faster.
        suspects: What else changed and may explain what no changed code does.
    """

    profiles: tuple[Profile, Profile]
    match: Match
    functions: PerFunction
    groups: Groups
    guilty: Guilty
    changes: Changes
    assigned: Assigned
    whole: float
    suspects: tuple[str, ...]
    _parts: Mapping[int, list[Part]] = field(init=False)

    def __post_init__(self) -> None:
        """Put the parts of each group together."""
        parts: defaultdict[int, list[Part]] = defaultdict(list)
        for one in self.assigned.parts:
            parts[one.group].append(one)
        object.__setattr__(self, "_parts", parts)

    def cause(self, group: int, measures: Measures, lines: Lines, waiting: float) -> Cause:
        """The cause that a group is."""
        seconds, half, noise = measures
        pair, change, members = self._group(group)
        name = self._name(pair, change)
        calls, cost = (0.0, 0.0), (0.0, 0.0)
        ran = self._itself(name, members) if pair is None else pair
        if ran is not None:
            of = self.functions
            calls = float(of.calls_before[ran]), float(of.calls_after[ran])
            cost = float(of.cost_before[ran]), float(of.cost_after[ran])
        readers = self._readers(group, pair, members)
        own = float(self.assigned.own[group]) - sum(one.amount for one in readers)
        details = readers + self._details(group)
        return Cause(
            kind=self._kind(pair, change, members),
            home="" if pair is None and change is None else "site",
            path=name[0],
            name=name[1],
            seconds=seconds,
            half=half,
            noise=noise,
            share=share_of(seconds, self.whole),
            own=0.0 if change is not None and pair is None else own,
            waiting=waiting,
            calls_before=calls[0],
            calls_after=calls[1],
            cost_before=cost[0],
            cost_after=cost[1],
            details=tuple(sorted(details, key=lambda one: -abs(one.amount))[:MOST_DETAILS]),
            change=change if pair is None else self._change_of(pair, members),
            lines_before=lines[0],
            lines_after=lines[1],
            candidates=self.suspects if group == NO_GROUP else (),
        )

    def not_explained(self, cause: Cause, cells: Cells) -> Cause:
        """Say where the time is that no changed code explains, and what setup made of it, if so."""
        difference = (cells.after - cells.before).mean(axis=0)
        towards = np.where(cells.group == NO_GROUP, np.sign(cause.seconds) * difference, 0.0)
        parts = [
            Part(NO_GROUP, int(cells.pair[cell]), "unchanged", float(difference[cell]), 0.0, 0.0)
            for cell in np.argsort(-towards, kind="stable").tolist()
            if towards[cell] > 0
        ]
        made = self._made_by_setup(cause, [one.pair for one in parts])
        return made or replace(cause, details=tuple(map(self._detail, parts[:MOST_DETAILS])))

    def _made_by_setup(self, cause: Cause, largest: Sequence[int]) -> Cause | None:
        """The change that setup runs nearest to where the time is; None without one."""
        changes = prepared_changes(*self.profiles, self.changes)
        user = next((one for one in largest if self._function(one).home == "site"), None)
        change = None if user is None else nearest(changes, self._function(user))
        if change is None or user is None:
            return None
        part = Part(NO_GROUP, user, "slower", cause.seconds, 0.0, 0.0)
        return replace(
            cause,
            kind=DATA,
            home="site",
            path=change.path_after or change.path_before or "",
            name=change.name,
            details=(self._detail(part),),
            change=change,
            candidates=(),
        )

    def _group(self, group: int) -> tuple[int | None, Change | None, Sequence[int]]:
        one = self.groups.every[group]
        return one.pair, one.change, one.members

    def _function(self, pair: int) -> Function:
        return function_of(*self.profiles, self.match, pair)

    def _name(self, pair: int | None, change: Change | None) -> tuple[str, str]:
        """Path and name."""
        if pair is not None:
            function = self._function(pair)
            return function.path, function.name
        if change is not None:
            return change.path_after or change.path_before or "", change.name
        return "", ELSEWHERE

    def _itself(self, name: tuple[str, str], members: Sequence[int]) -> int | None:
        """The pair that is a changed module's or class's own code, if that ran."""
        wanted = name[0], name[1].removeprefix("class ")
        functions = ((pair, self._function(pair)) for pair in members)
        return next((pair for pair, one in functions if (one.path, one.name) == wanted), None)

    def _change_of(self, pair: int, members: Sequence[int]) -> Change | None:
        return self.guilty.change.get(pair) or self.guilty.change.get(members[0])

    def _details(self, group: int) -> list[Detail]:
        """What of a group's amount lies in other functions."""
        return self._summed(self._parts.get(group, ()))

    def _summed(self, parts: Iterable[Part]) -> list[Detail]:
        """One for each function and kind; what is written inside a function counts with it."""
        sums: dict[tuple[str, str, str], Detail] = {}
        for part in parts:
            one = self._detail(part)
            # A generated lambda is written in no function.
            held = holder(one.name) or one.name
            key = (one.path, held, one.kind)
            other = sums.get(key)
            if other is None:
                sums[key] = replace(one, name=held)
                continue
            # The calls told are those of the function itself.
            calls = other if held != one.name else one
            sums[key] = replace(
                other,
                amount=other.amount + one.amount,
                share=other.share + one.share,
                calls_before=calls.calls_before,
                calls_after=calls.calls_after,
            )
        return [one for one in sums.values() if one.amount]

    def _readers(self, group: int, pair: int | None, members: Sequence[int]) -> list[Detail]:
        """What reads the changed part of a class or module, each with what it cost itself.

        Of a changed function, what it generates.
        """
        generated = self.guilty.generated
        return self._summed(
            Part(
                group,
                member,
                "generated" if member in generated else "reader",
                float(self.functions.difference[member]),
                float(self.functions.calls_before[member]),
                float(self.functions.calls_after[member]),
            )
            for member in members
            if pair is None or (member != pair and member in generated)
        )

    def _detail(self, part: Part) -> Detail:
        path, name = "asyncio", "event loop"
        if part.pair >= 0:
            function = self._function(part.pair)
            path, name = function.path, function.name
            if function.home == "generated":
                # What holds it is the generator's way of making it.
                name = name.rpartition("<locals>.")[2]
        share = share_of(part.seconds, self.whole)
        return Detail(
            name, path, part.kind, part.seconds, share, part.calls_before, part.calls_after
        )

    def _kind(self, pair: int | None, outside: Change | None, members: Sequence[int]) -> str:
        """What kind of change a cause is."""
        if pair is None:
            if outside is None:
                return ELSEWHERE
            moved = "moved" if "moved" in outside.details else "changed"
            return moved if outside.kind == "function" else outside.kind
        change = self.guilty.change.get(pair)
        if change is not None and change.kind in ("module", "class"):
            return change.kind
        all_of = (self.guilty.change.get(member) for member in members)
        if {"new", "gone"} <= {one.kind for one in all_of if one is not None}:
            # One took the other's place.
            return "changed"
        function = self._function(pair)
        ours = int(self.match.before[pair])
        turned = ours >= 0 and not self.profiles[0].functions[ours].is_coroutine
        if turned and self.match.after[pair] >= 0 and function.is_coroutine:
            return "async"
        details = () if change is None else change.details
        if "def → async def" in details:
            return "async"
        if change is not None and change.kind in ("new", "gone", "unreadable"):
            return change.kind
        if self.match.kind[pair] in (PairKind.MOVED, PairKind.RENAMED) or "moved" in details:
            return "moved"
        foreign = bool(self.changes.tracked) and function.path not in self.changes.tracked
        return "dependency" if change is None and foreign else "changed"
