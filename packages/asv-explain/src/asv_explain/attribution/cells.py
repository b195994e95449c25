"""The time of both sides by function and by the changed code that it is below."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from asv_explain.attribution.contexts import Table, looked_up
from asv_explain.attribution.owners import ELSEWHERE, Groups, Owned
from asv_explain.profiles.match import Flags
from asv_explain.profiles.profile import Indices, Seconds, sums_at
from asv_explain.profiles.sampled import SampledSide

__all__ = ["Calls", "Cells", "Counted", "Drawing", "cells_of", "count_calls", "mean_cost"]

ENOUGH_SAMPLES = 5
"""So many samples a round are thought to scatter as if they were of a normal distribution: the
rule of thumb for expected counts (Cochran, Ann. Math. Stat. 23, 1952, p. 328)."""


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """How the mean time of C cells scatters on one side as samples are drawn by chance.

    Attributes:
        part: The share of each cell in the samples (C,).
        scale: Square seconds by which the variance of shares, p (1 - p), is multiplied; 0 where
            nothing was drawn.
        least: The share that one sample has.
    """

    part: Seconds
    scale: float
    least: float

    @property
    def variance(self) -> Seconds:
        """Of the mean seconds of each cell, of which one more sample might have come (C,)."""
        part = np.maximum(self.part, self.least)
        variance: Seconds = self.scale * part * np.maximum(1.0 - part, 0.0)
        return variance

    def errors(self, generator: np.random.Generator, count: int) -> Seconds:
        """So many draws of what chance does to the mean seconds: with multinomial covariances."""
        free = generator.standard_normal((count, len(self.part))) * np.sqrt(self.part)
        together = free.sum(axis=1, keepdims=True)
        errors: Seconds = math.sqrt(self.scale) * (free - self.part * together)
        return errors


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Own time of C different (function, changed code above it), in R rounds.

    Attributes:
        pair: The function (C,).
        group: The innermost changed code at or above it, or which its lines call (C,).
        calling: Unchanged code with lines that call the group's (C,).
        before: Seconds of one benchmark call before (R, C).
        after: The same after (R, C).
        drawn: How the means of both sides scatter by the drawing of samples alone.
        enough: Of which enough samples came to tell by them how rounds scatter (C,).
    """

    pair: Indices
    group: Indices
    calling: Flags
    before: Seconds
    after: Seconds
    drawn: tuple[Drawing, Drawing]
    enough: Flags

    @property
    def variance(self) -> Seconds:
        """Of the mean difference of each cell, by the drawing of samples alone (C,)."""
        return self.drawn[0].variance + self.drawn[1].variance


@dataclass(frozen=True, slots=True, eq=False)
class Calls:
    """Calls of one side, per call of the benchmark.

    Attributes:
        made: Of each pair (P,).
        below: Of each pair below each group (P, G).
    """

    made: Seconds
    below: Table


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """Calls of each cell's function below the cell's group.

    Attributes:
        before: Calls before (C,).
        after: The same after (C,).
    """

    before: Seconds
    after: Seconds


def cells_of(
    sides: tuple[SampledSide, SampledSide],
    owned: tuple[Owned, Owned],
    calls: tuple[Calls, Calls],
    groups: Groups,
) -> Cells:
    """Add up both sides' stacks by function and group.

    Where calls moved from below one group to below another there is a cell for each, even if
    none of its samples came on either side.
    """
    count = np.int64(len(groups.every))
    plain = groups.of_pair == ELSEWHERE
    parts = [
        _by_stack(side, one, count)
        if side.sampled
        else _by_calls(side, one, made, np.flatnonzero(plain), count)
        for side, one, made in zip(sides, owned, calls, strict=True)
    ]
    keys = [key for key, _ in parts]
    difference = (calls[1].below - calls[0].below).tocoo()
    sampled = np.zeros(len(groups.of_pair), np.bool_)
    for one in owned:
        sampled[one.pair] = True
    told = (difference.data != 0) & sampled[difference.row]
    # Own time of changed code is below itself, whoever calls it.
    told &= plain[difference.row] | groups.helper[difference.row]
    moved = difference.row[told] * count + difference.col[told]
    every = np.unique(np.concatenate([*keys, moved]))
    calling = [(one.pair * count + one.charged)[one.charged != one.group] for one in owned]
    times = []
    for side, (key, shares) in zip(sides, parts, strict=True):
        where = np.searchsorted(every, key)
        rows: Seconds = np.zeros((len(shares), len(every)))
        for into, row in zip(rows, shares, strict=True):
            into += sums_at(where, row, len(every))
        times.append(rows * side.seconds)
    seen = [_samples(side, one) for side, one in zip(sides, times, strict=True)]
    return Cells(
        (every // count).astype(np.intp),
        (every % count).astype(np.intp),
        np.isin(every, np.concatenate(calling)),
        times[0],
        times[1],
        (_drawing(sides[0], times[0]), _drawing(sides[1], times[1])),
        seen[0] + seen[1] >= ENOUGH_SAMPLES,
    )


def _by_stack(side: SampledSide, owned: Owned, count: np.int64) -> tuple[Indices, Seconds]:
    """The cell of each node, and its share of each round."""
    return owned.pair * count + owned.charged, side.shares


def _by_calls(
    side: SampledSide, owned: Owned, calls: Calls, plain: Indices, count: np.int64
) -> tuple[Indices, Seconds]:
    """The same where stacks are not known: unchanged code's time is shared among groups by calls.

    Changed code's own time is its own, whoever calls it.
    """
    pairs = len(calls.made)
    own = np.array([np.bincount(owned.pair, row, pairs) for row in side.shares])
    below = calls.below[plain, :].tocoo()
    whole = np.bincount(below.row, below.data, len(plain))
    part = np.divide(
        below.data, whole[below.row], out=np.zeros(len(below.data)), where=whole[below.row] > 0
    )
    inside = [plain[below.row] * count + below.col]
    shares = [own[:, plain[below.row]] * part]
    changed = owned.group[owned.group != ELSEWHERE], owned.pair[owned.group != ELSEWHERE]
    anchors = np.unique(changed[1] * count + changed[0])
    anchors = anchors[~np.isin(anchors // count, plain)]
    once, first = np.unique(anchors // count, return_index=True)
    inside.append(anchors[first])
    shares.append(own[:, once])
    shared = plain[below.row[part > 0]]
    uncalled = np.setdiff1d(np.flatnonzero(own.any(axis=0)), [*shared, *once])
    inside.append(uncalled * count)
    shares.append(own[:, uncalled])
    return np.concatenate(inside).astype(np.intp), np.concatenate(shares, axis=1)


def _drawing(side: SampledSide, seconds: Seconds) -> Drawing:
    part = seconds.mean(axis=0) / side.seconds
    scale = side.seconds**2 * float((1.0 / side.total).mean()) / len(seconds) if side.sampled else 0
    return Drawing(part, scale, 1.0 / max(float(side.total.sum()), 1.0))


def _samples(side: SampledSide, seconds: Seconds) -> Seconds:
    """Samples of each cell in a round, on average (C,)."""
    samples: Seconds = seconds.mean(axis=0) / side.seconds * side.total.mean()
    return samples


def count_calls(cells: Cells, calls: tuple[Calls, Calls]) -> Counted:
    """Look up the calls of each cell."""
    sides = [looked_up(one.below, cells.pair, cells.group) for one in calls]
    return Counted(sides[0], sides[1])


def mean_cost(
    before: Seconds, after: Seconds, calls_before: Seconds, calls_after: Seconds
) -> Seconds:
    """Seconds of a call, the mean of both sides; that of one where the other has no calls.

    Args:
        before: Seconds of K functions before, in R rounds (R, K).
        after: The same after (R, K).
        calls_before: Their calls before (K,).
        calls_after: Their calls after (K,).
    """
    costs = []
    for seconds, calls in ((before, calls_before), (after, calls_after)):
        cost = np.zeros(seconds.shape)
        np.divide(seconds, calls, out=cost, where=np.broadcast_to(calls > 0, seconds.shape))
        costs.append(cost)
    first = np.where(calls_before > 0, costs[0], costs[1])
    second = np.where(calls_after > 0, costs[1], costs[0])
    mean: Seconds = (first + second) / 2
    return mean
