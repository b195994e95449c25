"""What decorators put around functions: unchanged code that runs since a decorator changed."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from asv_explain.profiles.match import Flags, Match
from asv_explain.profiles.profile import Indices, Profile, Seconds

__all__ = ["find_wrappers"]

# A wrapper makes at least this share of the calls of what it wraps, and is called for little else.
MOST = 0.5
# Decorators on top of each other that are looked through.
DEEPEST = 20
_HOMES = ("site", "stdlib", "generated")


def find_wrappers(
    before: Profile, after: Profile, match: Match, keeps: Flags, decorated: Collection[int]
) -> dict[int, int]:
    """Find the pairs that stand around functions on one side alone, by who took over the calls.

    A wrapper's code is the decorator's, which needn't have changed; that it runs is the doing of
    the function which gained or lost the decorator.

    Args:
        before: The profile before.
        after: The profile after.
        match: The pairs of their functions.
        keeps: Pairs that changed themselves, which are nobody's wrappers (P,).
        decorated: Pairs whose decorators changed.

    Returns:
        Each wrapper's pair, and the decorated pair that it stands around.
    """
    found: dict[int, int] = {}
    if not decorated:
        return found
    calls = _pair_calls(before, match.pair_before), _pair_calls(after, match.pair_after)
    eligible = ~keeps
    for profile, pairs in ((before, match.pair_before), (after, match.pair_after)):
        other = [one.home not in _HOMES for one in profile.functions]
        eligible[pairs[np.array(other, np.bool_)]] = False
    for there, here in (calls, calls[::-1]):
        inside = {pair: pair for pair in decorated}
        for _ in range(DEEPEST):
            wrappers = _around(here, there, inside, eligible)
            inside = {one: inside[held] for one, held in wrappers.items() if one not in found}
            if not inside:
                break
            found.update(inside)
    return found


def _pair_calls(profile: Profile, pairs: Indices) -> tuple[Indices, Indices, Seconds, Seconds]:
    """Callers and callees as pairs, the edges' calls, and each pair's calls, per benchmark call."""
    made = np.zeros(int(pairs.max(initial=-1)) + 1)
    np.add.at(made, pairs, profile.calls / profile.number)
    return pairs[profile.caller], pairs[profile.callee], profile.edge_calls / profile.number, made


def _around(
    here: tuple[Indices, Indices, Seconds, Seconds],
    there: tuple[Indices, Indices, Seconds, Seconds],
    inside: Collection[int],
    eligible: Flags,
) -> dict[int, int]:
    """Find callers that on this side, and not on the other, make most calls of what is inside."""
    elsewhere = _edges_into(there, inside)
    result = {}
    for (caller, callee), calls in _edges_into(here, inside).items():
        before = elsewhere.get((caller, callee), 0.0)
        gained = _made(here, caller) - _made(there, caller)
        if (
            eligible[caller]
            and caller != callee
            and calls >= MOST * _made(here, callee)
            and (not before or before < MOST * _made(there, callee))
            and calls - before >= MOST * gained > 0
        ):
            result[caller] = callee
    return result


def _made(calls: tuple[Indices, Indices, Seconds, Seconds], pair: int) -> float:
    """Calls of a pair on one side."""
    return float(calls[3][pair]) if pair < len(calls[3]) else 0.0


def _edges_into(
    calls: tuple[Indices, Indices, Seconds, Seconds], inside: Collection[int]
) -> dict[tuple[int, int], float]:
    """Calls along the edges that lead to some pairs."""
    caller, callee, made, _ = calls
    chosen = np.isin(callee, np.fromiter(inside, np.intp))
    result: dict[tuple[int, int], float] = {}
    rows = zip(caller[chosen].tolist(), callee[chosen].tolist(), made[chosen].tolist(), strict=True)
    for up, down, count in rows:
        result[up, down] = result.get((up, down), 0.0) + count
    return result
