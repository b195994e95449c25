"""The calls of both sides as one graph over pairs of functions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from asv_explain.attribution.decompose import Decomposition, Side
from asv_explain.profiles.match import Flags, Match
from asv_explain.profiles.profile import Indices, Seconds

__all__ = ["CallEdges", "call_edges", "share_out", "total"]


@dataclass(frozen=True, slots=True, eq=False)
class CallEdges:
    """E edges between P pairs; calls and seconds are per call of the benchmark.

    Attributes:
        caller: The calling pair (E,).
        callee: The called pair (E,).
        calls_before: Calls before (E,).
        calls_after: Calls after (E,).
        own_before: Corrected own seconds of the callee in these calls before (E,).
        own_after: The same after (E,).
        part_before: Share of the callee's own seconds that passes in these calls before (E,).
        part_after: The same after (E,).
        cumulative_before: Seconds of the callee and what it called, under the profiler (E,).
        cumulative_after: The same after (E,).
        grown: Calls added because the caller was itself called more, at a mean rate (E,).
        from_outside: Whether a pair was called by what is not in the profile (P,).
    """

    caller: Indices
    callee: Indices
    calls_before: Seconds
    calls_after: Seconds
    own_before: Seconds
    own_after: Seconds
    part_before: Seconds
    part_after: Seconds
    cumulative_before: Seconds
    cumulative_after: Seconds
    grown: Seconds
    from_outside: Flags

    @property
    def calls_mean(self) -> Seconds:
        """Mean of both sides' calls (E,)."""
        return (self.calls_before + self.calls_after) / 2

    def price(self, pairs: int) -> Seconds:
        """Cumulative seconds of a call of each pair, the mean of both sides (P,)."""
        prices = []
        for calls, seconds in (
            (self.calls_before, self.cumulative_before),
            (self.calls_after, self.cumulative_after),
        ):
            up = self.caller != self.callee
            made = total(self.callee, calls * up, pairs)
            spent = total(self.callee, seconds * up, pairs)
            prices.append(np.divide(spent, made, out=np.full(pairs, np.nan), where=made > 0))
        before = np.where(np.isnan(prices[0]), prices[1], prices[0])
        after = np.where(np.isnan(prices[1]), prices[0], prices[1])
        mean: Seconds = np.nan_to_num((before + after) / 2)
        return mean


def total(index: Indices, values: Seconds, size: int) -> Seconds:
    """Sum of the values of each index."""
    return np.bincount(index, values, size).astype(np.float64)


def share_out(index: Indices, weight: Seconds, size: int) -> Seconds:
    """Each weight as a share of all with its index, 0 where all of these are 0."""
    every = total(index, weight, size)[index]
    return np.divide(weight, every, out=np.zeros(len(weight)), where=every > 0)


def call_edges(before: Side, after: Side, match: Match, parts: Decomposition) -> CallEdges:
    """Lay both sides' edges over each other; an edge of one side alone has zeros on the other."""
    pairs = len(match)
    keys, columns = [], []
    outside = np.zeros(pairs, np.bool_)
    for side, pair_of in ((before, match.pair_before), (after, match.pair_after)):
        profile = side.profile
        keys.append(pair_of[profile.caller] * np.int64(pairs) + pair_of[profile.callee])
        edge_own = side.edge_own
        if edge_own is None:
            left = np.zeros(len(side.own))
            np.divide(side.own, profile.own, out=left, where=profile.own > 0)
            edge_own = profile.edge_own * left[profile.callee]
        # What has no time left is split by its calls.
        part = profile.edge_calls / np.maximum(profile.calls, 1)[profile.callee]
        own = side.own[profile.callee]
        np.divide(edge_own, own, out=part, where=own > 0)
        columns.append(
            [
                profile.edge_calls / profile.number,
                edge_own / profile.number,
                part,
                profile.edge_cumulative / profile.number,
            ]
        )
        called = np.bincount(profile.callee, profile.edge_calls, len(profile.functions))
        outside[pair_of[called < profile.calls]] = True
        outside[pair_of[called == 0]] = True
    unique, inverse = np.unique(np.concatenate(keys), return_inverse=True)
    split = len(keys[0])
    sides = [
        [total(part, column, len(unique)) for column in every]
        for part, every in zip((inverse[:split], inverse[split:]), columns, strict=True)
    ]
    caller, callee = unique // pairs if pairs else unique, unique % pairs if pairs else unique
    rates = []
    for calls, made in ((sides[0][0], parts.calls_before), (sides[1][0], parts.calls_after)):
        of_caller = made[caller]
        unknown = np.full(len(unique), np.nan)
        rates.append(np.divide(calls, of_caller, out=unknown, where=of_caller > 0))
    first = np.where(np.isnan(rates[0]), rates[1], rates[0])
    second = np.where(np.isnan(rates[1]), rates[0], rates[1])
    rate = np.nan_to_num((first + second) / 2)
    return CallEdges(
        caller=caller.astype(np.intp),
        callee=callee.astype(np.intp),
        calls_before=sides[0][0],
        calls_after=sides[1][0],
        own_before=sides[0][1],
        own_after=sides[1][1],
        part_before=sides[0][2],
        part_after=sides[1][2],
        cumulative_before=sides[0][3],
        cumulative_after=sides[1][3],
        grown=rate * (parts.calls_after - parts.calls_before)[caller],
        from_outside=outside,
    )
