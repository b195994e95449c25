"""What each function took and how often it was called, on both sides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from asv_explain.attribution.cells import Cells
from asv_explain.profiles.match import Match
from asv_explain.profiles.profile import Indices, Profile, Seconds, sums_at

__all__ = ["CallEdges", "PerFunction", "call_edges", "calls_made", "per_function"]


@dataclass(frozen=True, slots=True, eq=False)
class PerFunction:
    """Means over all rounds, of each of P pairs of functions, per call of the benchmark.

    Attributes:
        difference: Own seconds after - before (P,).
        calls_before: Calls before (P,).
        calls_after: Calls after (P,).
        cost_before: Own seconds of a call before, 0 where there was none (P,).
        cost_after: The same after (P,).
    """

    difference: Seconds
    calls_before: Seconds
    calls_after: Seconds
    cost_before: Seconds
    cost_after: Seconds


@dataclass(frozen=True, slots=True, eq=False)
class CallEdges:
    """E edges between pairs, calls per call of the benchmark.

    Attributes:
        caller: The calling pair (E,).
        callee: The called pair (E,).
        calls_before: Calls before (E,).
        calls_after: Calls after (E,).
    """

    caller: Indices
    callee: Indices
    calls_before: Seconds
    calls_after: Seconds


def calls_made(profile: Profile, pair_of: Indices, pairs: int) -> Seconds:
    """Calls of each pair on one side, per call of the benchmark (P,)."""
    return sums_at(pair_of, profile.calls / profile.number, pairs)


def per_function(cells: Cells, calls: tuple[Seconds, Seconds]) -> PerFunction:
    """Add up what each function took itself.

    Args:
        cells: The time of both sides.
        calls: The calls of each pair on both sides (P,).
    """
    pairs = len(calls[0])
    before, after = (
        sums_at(cells.pair, side.mean(axis=0), pairs) for side in (cells.before, cells.after)
    )
    costs = [
        np.divide(seconds, made, out=np.zeros(pairs), where=made > 0)
        for seconds, made in ((before, calls[0]), (after, calls[1]))
    ]
    return PerFunction(after - before, calls[0], calls[1], costs[0], costs[1])


def call_edges(before: Profile, after: Profile, match: Match) -> CallEdges:
    """Lay both sides' edges over each other; an edge of one side alone has zeros on the other."""
    pairs = np.int64(max(len(match), 1))
    sides = ((before, match.pair_before), (after, match.pair_after))
    keys = [pair_of[one.caller] * pairs + pair_of[one.callee] for one, pair_of in sides]
    every = np.unique(np.concatenate(keys))
    calls = [
        sums_at(np.searchsorted(every, key), one.edge_calls / one.number, len(every))
        for key, (one, _) in zip(keys, sides, strict=True)
    ]
    return CallEdges(
        (every // pairs).astype(np.intp), (every % pairs).astype(np.intp), calls[0], calls[1]
    )
