"""What a cause of a difference is, and how it is told from what was handed up to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from asv_explain.attribution.call_edges import CallEdges
from asv_explain.attribution.decompose import Decomposition
from asv_explain.attribution.guilty import Guilty, holder
from asv_explain.attribution.handup import HandedUp
from asv_explain.changes.change import Change, Changes
from asv_explain.profiles.match import Match, PairKind
from asv_explain.profiles.profile import Function, Profile, Seconds

__all__ = [
    "DATA",
    "ELSEWHERE",
    "EVENT_LOOP",
    "LEFT",
    "UNCHANGED",
    "Cause",
    "CauseMaker",
    "Via",
    "share_of",
]

# How many callees are listed with a cause.
MOST_VIA = 5
# The name of what no changed function explains.
ELSEWHERE = "elsewhere"
# The kind of what runs in setup alone and makes data that is dearer to use.
DATA = "data"
# The name under which what a function leaves to its callers' own time is listed with it.
LEFT = "left to callers"
# The name under which what unchanged code takes more beside changed code is listed with that.
UNCHANGED = "unchanged code"
# The name under which the turns that a coroutine's resumptions cost are listed.
EVENT_LOOP = "event loop"


@dataclass(frozen=True, slots=True)
class Via:
    """A function that a cause's seconds came from: one it calls, or one that reads it.

    Attributes:
        home: Where it is.
        path: Its file.
        name: Its qualified name.
        seconds: Seconds per call of the benchmark that came this way.
        share: The same as a share, like the cause's.
        calls_before: Calls of it by the cause, per call of the benchmark, before.
        calls_after: The same after.
    """

    home: str
    path: str
    name: str
    seconds: float
    share: float
    calls_before: float
    calls_after: float


@dataclass(frozen=True, slots=True)
class Cause:
    """Something that changed, and what it cost; seconds and calls per call of the benchmark.

    Attributes:
        kind: ``changed``, ``new``, ``gone``, ``moved``, ``async`` (``def`` turned ``async def``),
            ``module``, ``class``, ``dependency``, ``unreadable``, ``data`` for what setup runs and
            the benchmark uses, or ``elsewhere`` for what reached the benchmark itself without
            meeting changed code.
        home: Where its function is, ``""`` for ``elsewhere``.
        path: Its file, after where there are two.
        name: Qualified name, ``<module>``, ``class Foo`` or ``elsewhere``.
        seconds: What it cost; negative for what it saved.
        low: Lower end of the interval, None without rounds.
        high: Upper end of the interval, None without rounds.
        noise: Whether it can't be told from nothing; so without rounds.
        share: Of all seconds that went the benchmark's way, gains left out: never above 1.
        own: The part of ``seconds`` in its own code.
        calls_before: Its calls before.
        calls_after: Its calls after.
        price_before: Own seconds of one call before.
        price_after: Own seconds of one call after.
        via: Where the rest of the seconds came from, most first.
        change: The change in the sources, where there is one.
        candidates: For ``elsewhere``, what else changed and might be it.
    """

    kind: str
    home: str
    path: str
    name: str
    seconds: float
    low: float | None
    high: float | None
    noise: bool
    share: float
    own: float
    calls_before: float
    calls_after: float
    price_before: float
    price_after: float
    via: tuple[Via, ...]
    change: Change | None
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class CauseMaker:
    """Everything there is to know of a difference, from which causes are put together.

    Attributes:
        before: The profile before.
        after: The profile after.
        match: The pairs of their functions.
        parts: Their differences.
        edges: Who called whom.
        handed: Where differences ended up.
        guilty: What may keep them.
        changes: What changed in the sources.
        turns: What turning the event loop for each pair cost, in seconds (P,).
        whole: Seconds that are a share of 1; negative where the benchmark got faster.
        suspects: What else changed and may explain what no changed code does.
    """

    before: Profile
    after: Profile
    match: Match
    parts: Decomposition
    edges: CallEdges
    handed: HandedUp
    guilty: Guilty
    changes: Changes
    turns: Seconds
    whole: float
    suspects: tuple[str, ...] = ()

    def function(self, pair: int) -> Function:
        """The function of a pair, as it is after where it is on both sides."""
        after = int(self.match.after[pair])
        if after >= 0:
            return self.after.functions[after]
        return self.before.functions[int(self.match.before[pair])]

    def named(
        self,
        pair: int,
        members: Sequence[int],
        seconds: float,
        ends: tuple[float, float] | None,
        *,
        noise: bool,
    ) -> Cause:
        """The cause that is a function, with what is written inside it."""
        function = self.function(pair)
        parts = self.parts
        return Cause(
            kind=self._kind(pair, function),
            home=function.home,
            path=function.path,
            name=function.name,
            seconds=seconds,
            low=None if ends is None else ends[0],
            high=None if ends is None else ends[1],
            noise=noise,
            share=share_of(seconds, self.whole),
            own=sum(self._own(one) for one in members),
            calls_before=float(parts.calls_before[pair]),
            calls_after=float(parts.calls_after[pair]),
            price_before=float(parts.price_before[pair]),
            price_after=float(parts.price_after[pair]),
            via=self._callees(members),
            change=self.guilty.change.get(pair) or self.guilty.change.get(members[0]),
        )

    def outside(
        self,
        change: Change | None,
        members: Sequence[int],
        seconds: float,
        ends: tuple[float, float] | None,
        *,
        noise: bool,
    ) -> Cause:
        """The cause that is a module or class, or what nothing explains where there is none."""
        order = sorted(members, key=lambda one: -abs(float(self.handed.kept[one])))
        via = []
        for pair in order[:MOST_VIA]:
            amount = float(self.handed.kept[pair])
            calls = float(self.parts.calls_before[pair]), float(self.parts.calls_after[pair])
            if amount:
                via.append(self._via(pair, amount, calls))
        path = (change.path_after or change.path_before or "") if change else ""
        return Cause(
            kind=change.kind if change else ELSEWHERE,
            home="site" if change else "",
            path=path,
            name=change.name if change else ELSEWHERE,
            seconds=seconds,
            low=None if ends is None else ends[0],
            high=None if ends is None else ends[1],
            noise=noise,
            share=share_of(seconds, self.whole),
            own=sum(self._own(one) for one in members) if change else 0.0,
            calls_before=0.0,
            calls_after=0.0,
            price_before=0.0,
            price_after=0.0,
            via=tuple(via),
            change=change,
            candidates=() if change else self.suspects,
        )

    def data(self, change: Change, user: int, cause: Cause) -> Cause:
        """The cause that is code run in setup, in place of what nothing else explained.

        Args:
            change: The code.
            user: The pair in which the data that it makes costs most.
            cause: What nothing else explained.
        """
        calls = float(self.parts.calls_before[user]), float(self.parts.calls_after[user])
        return replace(
            cause,
            kind=DATA,
            home="site",
            path=change.path_after or change.path_before or "",
            name=change.name,
            via=(self._via(user, cause.seconds, calls),),
            change=change,
            candidates=(),
        )

    def beside(self, cause: Cause, name: str, seconds: float) -> Cause:
        """The same cause with what it cost in unchanged code, which it holds already."""
        share = share_of(seconds, self.whole)
        effect = Via("", "", name, seconds, share, cause.calls_before, cause.calls_after)
        via = sorted((*cause.via, effect), key=lambda one: -abs(one.seconds))
        return replace(cause, via=tuple(via[:MOST_VIA]))

    def _via(self, pair: int, seconds: float, calls: tuple[float, float]) -> Via:
        """A pair that seconds came from, with its calls before and after."""
        one = self.function(pair)
        return Via(one.home, one.path, one.name, seconds, share_of(seconds, self.whole), *calls)

    def _own(self, pair: int) -> float:
        """The part of what a pair keeps that arose in its own code."""
        return float(self.parts.difference[pair] * (1 - self.handed.passed[pair]))

    def _kind(self, pair: int, function: Function) -> str:
        """What kind of change a function had."""
        change = self.guilty.change.get(pair)
        ours = int(self.match.before[pair])
        kind = self.match.kind[pair]
        turned = ours >= 0 and not self.before.functions[ours].is_coroutine
        if change is not None and change.kind in ("module", "class"):
            return change.kind
        if turned and self.match.after[pair] >= 0 and function.is_coroutine:
            return "async"
        if change is not None and "def → async def" in change.details:
            return "async"
        if change is not None and change.kind in ("new", "gone", "unreadable"):
            return change.kind
        if kind in (PairKind.MOVED, PairKind.RENAMED):
            return "moved"
        if change is not None and "moved" in change.details:
            return "moved"
        foreign = bool(self.changes.tracked) and function.path not in self.changes.tracked
        return "dependency" if change is None and foreign else "changed"

    def _callees(self, members: Sequence[int]) -> tuple[Via, ...]:
        """What a function's seconds came from below, most first."""
        # What is written inside the function is looked through: it is the function's own.
        inside = dict.fromkeys(members, 0.0)
        for one in members:
            inside[one] = 1 - float(self.handed.passed[one])
        ahead = list(members)
        flows: list[tuple[float, int]] = []
        while ahead:
            caller = ahead.pop()
            # Edges come in order of their callers.
            start, stop = np.searchsorted(self.edges.caller, [caller, caller + 1]).tolist()
            for edge in range(start, stop):
                callee = int(self.edges.callee[edge])
                if callee in inside:
                    continue
                if self._is_part(callee, members[0]):
                    inside[callee] = inside[caller]
                    ahead.append(callee)
                elif self.handed.flow[edge]:
                    flows.append((float(self.handed.flow[edge]) * inside[caller], edge))
        flows.sort(key=lambda one: -abs(one[0]))
        result = []
        for amount, edge in flows[:MOST_VIA]:
            calls = float(self.edges.calls_before[edge]), float(self.edges.calls_after[edge])
            result.append(self._via(int(self.edges.callee[edge]), amount, calls))
        turns = float(self.turns[list(members)].sum())
        if turns:
            made = self.parts.calls_before[members[0]], self.parts.calls_after[members[0]]
            share = share_of(turns, self.whole)
            calls = float(made[0]), float(made[1])
            result.append(Via("stdlib", "asyncio", EVENT_LOOP, turns, share, *calls))
            result.sort(key=lambda one: -abs(one.seconds))
        return tuple(result[:MOST_VIA])

    def _is_part(self, pair: int, whole: int) -> bool:
        """Whether a lambda, comprehension or generator expression is written inside a function."""
        part, function = self.function(pair), self.function(whole)
        held = holder(part.name)
        return held != part.name and (part.path, held) == (function.path, function.name)


def share_of(seconds: float, whole: float) -> float:
    """Seconds as a share, 0 where there is nothing to share."""
    return seconds / whole if whole else 0.0
