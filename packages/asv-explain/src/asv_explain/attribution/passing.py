"""What changed code costs because other changed code calls it more often goes to that one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from asv_explain.attribution.cells import Calls, mean_cost
from asv_explain.attribution.contexts import without_moved
from asv_explain.attribution.owners import ELSEWHERE, Groups
from asv_explain.profiles.match import Flags
from asv_explain.profiles.profile import Seconds

__all__ = ["Passed", "Passing", "passing"]

# Changed functions that call each other more often, one above the other.
_DEEPEST = 100

Passed = tuple[int, int, float, tuple[float, float]]
"""The group that is to blame for added calls, whose calls they are, their seconds, and counts."""


@dataclass(frozen=True, slots=True)
class _Call:
    """Calls of a group's only function below another group, per call of the benchmark.

    Attributes:
        callee: The called group.
        caller: The group above.
        before: Calls before.
        after: Calls after.
        added: Calls added, without those that moved.
        own: The part of ``added`` that the caller added itself; the rest came with its own calls.
    """

    callee: int
    caller: int
    before: float
    after: float
    added: float
    own: float


@dataclass(frozen=True, slots=True, eq=False)
class Passing:
    """Which calls each group added of others.

    Attributes:
        calls: The calls that were added or saved.
        pair: The only function of each group that can pass anything on, else -1 (G,).
        made: Calls of these before, and after (2, G).
    """

    calls: tuple[_Call, ...]
    pair: tuple[int, ...]
    made: Seconds

    def move(self, before: Seconds, after: Seconds) -> tuple[Seconds, list[Passed]]:
        """Move what added calls cost from who is called to who calls.

        Args:
            before: Seconds of each group, with the unchanged code below it, before (R, G).
            after: The same after (R, G).

        Returns:
            What it adds to each group's amount (R, G), each row adding up to nothing; and what
            each group was given.
        """
        moved: Seconds = np.zeros(before.shape)
        if not self.calls:
            return moved, []
        cost = mean_cost(before, after, self.made[0], self.made[1])
        passed: list[Passed] = []
        by_callee: dict[int, list[_Call]] = {}
        for one in self.calls:
            by_callee.setdefault(one.callee, []).append(one)
        for one in self.calls:
            seconds = one.added * cost[:, one.callee]
            moved[:, one.callee] -= seconds
            # Who was itself called more often for it passes that part on.
            ahead = {one.caller: (one.own, 1.0 - one.own)}
            for _ in range(_DEEPEST):
                further: dict[int, tuple[float, float]] = {}
                for group, (stays, goes) in ahead.items():
                    ways = by_callee.get(group, [])
                    risen = self.made[1, group] - self.made[0, group]
                    parts = [
                        min(max(way.added / risen, 0.0), 1.0) if risen else 0.0 for way in ways
                    ]
                    scale = goes / max(sum(parts), 1.0)
                    left = goes - scale * sum(parts)
                    for way, one_part in zip(ways, parts, strict=True):
                        part = scale * one_part
                        held = further.get(way.caller, (0.0, 0.0))
                        further[way.caller] = (
                            held[0] + part * way.own,
                            held[1] + part * (1.0 - way.own),
                        )
                    share = stays + left
                    if share > 0:
                        moved[:, group] += share * seconds
                        amount = float(share * seconds.mean())
                        counts = (one.before, one.after)
                        passed.append((group, self.pair[one.callee], amount, counts))
                ahead = {key: held for key, held in further.items() if sum(held) > 1e-9}
                if not ahead:
                    break
            for group, held in ahead.items():
                moved[:, group] += sum(held) * seconds
        return moved, passed


def passing(calls: tuple[Calls, Calls], groups: Groups, loose: Flags, related: Flags) -> Passing:
    """Find the calls of changed code that other changed code added or saved.

    Args:
        calls: The calls of both sides.
        groups: The possible causes.
        loose: Changed pairs that can't have changed how often they are called (P,).
        related: Which groups call each other (G, G).
    """
    pair = [
        one.pair
        if one.pair is not None
        and all(groups.part[member] for member in one.members if member != one.pair)
        else -1
        for one in groups.every
    ]
    pair = [one if one >= 0 and not groups.helper[one] else -1 for one in pair]
    made = np.zeros((2, len(pair)))
    for group, one in enumerate(pair):
        if one >= 0:
            made[:, group] = [side.made[one] for side in calls]
    found = []
    for group, one in enumerate(pair):
        if one < 0 or not loose[one]:
            continue
        below = [side.below[[one], :].toarray().ravel() for side in calls]
        callers = np.flatnonzero(below[1] != below[0])
        callers = callers[(callers != ELSEWHERE) & (callers != group)]
        delta = (below[1] - below[0])[callers]
        added = without_moved(delta, callers, related)
        for caller, left, risen in zip(
            callers.tolist(), added.tolist(), delta.tolist(), strict=True
        ):
            if left:
                counts = float(below[0][caller]), float(below[1][caller])
                own = _own_part(counts, made[:, caller], risen) if pair[caller] >= 0 else 1.0
                own = own if pair[caller] >= 0 and loose[pair[caller]] else 1.0
                found.append(_Call(group, caller, *counts, left, own))
    return Passing(tuple(found), tuple(pair), made)


def _own_part(calls: tuple[float, float], caller: Seconds, risen: float) -> float:
    """Of added calls, the part that the caller adds in each of its own calls."""
    rates = [one / made if made > 0 else None for one, made in zip(calls, caller, strict=True)]
    if rates[0] is None or rates[1] is None or not risen:
        return 1.0
    own = (rates[1] - rates[0]) * float(caller.mean())
    return float(min(max(own / risen, 0.0), 1.0))
