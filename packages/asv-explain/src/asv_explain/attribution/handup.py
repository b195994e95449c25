"""Handing differences up the call graph, from code that did not change to code that did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]
from scipy.sparse import csgraph  # type: ignore[import-untyped]

from asv_explain.attribution.call_edges import CallEdges, share_out, total
from asv_explain.attribution.doubts import Doubts
from asv_explain.attribution.solve import Narrow, solve, solve_roughly
from asv_explain.attribution.ways import SMALLEST_SHARE, scattered, ways
from asv_explain.profiles.match import Flags
from asv_explain.profiles.profile import Indices, Seconds

__all__ = ["HandedUp", "hand_up"]

# Edges out of a circle of calls, the node that stands for the circle, and their shares of it.
Detour: TypeAlias = tuple[Indices, Indices, Seconds]


@dataclass(frozen=True, slots=True, eq=False)
class HandedUp:
    """Where differences ended up, in seconds per call of the benchmark.

    Attributes:
        kept: What each pair keeps (P,): changed code what reached it, other code what nobody
            called for, which is the top of the graph alone.
        rounds: The same in each round (rounds, P).
        modes: What each mode of the doubts adds to ``kept`` (M, P).
        flow: What each edge carried from callee to caller (E,).
        passed: The share of what reached it that a pair handed on, of losses where it keeps a
            loss and of gains where it keeps a gain (P,).
    """

    kept: Seconds
    rounds: Seconds
    modes: Narrow
    flow: Seconds
    passed: Seconds


def hand_up(
    edges: CallEdges,
    difference: Seconds,
    price: Seconds,
    keeps: Flags,
    loose: Flags,
    rounds: Seconds | None = None,
    doubts: Doubts | None = None,
) -> HandedUp:
    """Hand each difference up until it reaches code that keeps it.

    A pair that does not keep gives its own difference to its callers as the edges recorded it. What
    reaches it from below goes on by the calls that each caller added, as far as added calls
    account for what the callers' calls of it cost more, else by that cost itself. Gains and losses
    travel apart, each along the calls that fell or rose, and meet where they are kept. A keeper
    that is ``loose`` passes on the part that is due to its being called more, by callers that
    changed themselves or were called more: that is not its doing.

    Scatter has no such ways. Where a pair's price can't be told from what it was, what it seems to
    cost more or less goes up by all calls alike, gains and losses together, so that it cancels.

    Errors go the ways that the differences go: a side's error is split among a function's callers
    by the time that it had there on that side, so that what is wrong with both sides alike
    cancels on every edge of which the calls stayed the same; then on as what it adds to goes.

    Args:
        edges: Who called whom.
        difference: Own seconds after - before (P,).
        price: Own seconds of a call, the mean of both sides (P,).
        keeps: Which pairs keep what reaches them (P,).
        loose: Which of these keep only what being called more does not explain (P,).
        rounds: Differences of each round (rounds, P).
        doubts: What both sides' own seconds may be wrong by.
    """
    pairs = len(difference)
    direct, rest = _direct(edges, difference, keeps)
    scatters = scattered(edges, difference, price, rounds, doubts)
    kept, flow = rest, direct.copy()
    passed: list[Seconds] = []
    errors = _Errors(edges, keeps, difference, rounds, doubts)
    moved = errors.stays(pairs)
    for way in ways(edges, difference, direct, price, keeps, loose, scatters):
        matrix, scale, leak, detours = _matrix(edges, way.shares, pairs)
        arrived = way.sign * solve(matrix, total(edges.caller, way.given, pairs) + way.own)
        kept = kept + leak[:pairs] * arrived[:pairs]
        flow += way.shares * scale[edges.callee] * arrived[edges.callee]
        for edge, node, part in detours:
            flow[edge] += part * arrived[node]
        passed.append(total(edges.callee, way.shares, pairs))
        onward = errors.sources(way.edges, way.pairs)
        moved += leak[:pairs, None].astype(np.float32) * solve_roughly(matrix, onward)[:pairs]
    handed_on = np.where(kept < 0, passed[1], passed[0])
    count = moved.shape[1] - errors.rounds
    return HandedUp(kept, kept + moved[:, count:].T, moved[:, :count].T, flow, handed_on)


class _Errors:
    """Columns of errors of own times: one for each mode of the doubts, one for each round."""

    def __init__(
        self,
        edges: CallEdges,
        keeps: Flags,
        difference: Seconds,
        rounds: Seconds | None,
        doubts: Doubts | None,
    ) -> None:
        pairs = len(difference)
        self._edges, self._keeps = edges, keeps
        self.rounds = 0 if rounds is None else len(rounds)
        gives = ~keeps[edges.callee]
        time = np.where(gives, np.maximum(edges.own_before + edges.own_after, 0.0), 0.0)
        # A round's deviation is known for the difference alone: it goes by both sides' time.
        self._parts = [share_out(edges.callee, time, pairs)]
        by_round = np.zeros((0, pairs)) if rounds is None else rounds - difference
        self._columns: list[Narrow] = [by_round.T.astype(np.float32)]
        if doubts is not None:
            self._parts += [np.where(gives, edges.part_before, 0.0)]
            self._parts += [np.where(gives, edges.part_after, 0.0)]
            self._columns += [-doubts.before.T, doubts.after.T]

    def stays(self, pairs: int) -> Narrow:
        """What was called by nothing in the profile, and so goes nowhere (P, M + rounds)."""
        left = []
        for part, values in zip(self._parts, self._columns, strict=True):
            share = 1 - np.minimum(total(self._edges.callee, part, pairs), 1.0)
            share = np.where(self._keeps, 0.0, share).astype(np.float32)
            left.append(share[:, None] * values)
        return self._joined(left)

    def sources(self, edges: Flags, pairs: Flags) -> Narrow:
        """What goes on from callers of such edges, and what such pairs keep (P, M + rounds)."""
        size = len(pairs)
        own = pairs[:, None]
        given = []
        for part, values in zip(self._parts, self._columns, strict=True):
            used = edges & (part > 0)
            ways = (
                part[used].astype(np.float32),
                (self._edges.caller[used], self._edges.callee[used]),
            )
            given.append(sparse.csr_array(ways, shape=(size, size)) @ values + own * values)
        return self._joined(given)

    @staticmethod
    def _joined(parts: list[Narrow]) -> Narrow:
        of_rounds, *of_sides = parts
        if not of_sides:
            return of_rounds
        return np.concatenate([of_sides[0] + of_sides[1], of_rounds], axis=1)


def _direct(edges: CallEdges, difference: Seconds, keeps: Flags) -> tuple[Seconds, Seconds]:
    """Split own differences by caller edge; the rest belongs to calls from outside the profile."""
    pairs = len(difference)
    gives = ~keeps[edges.callee]
    flow = np.where(gives, edges.own_after - edges.own_before, 0.0)
    rest = np.where(keeps, 0.0, difference - total(edges.callee, flow, pairs))
    # Where all calls came along edges, a rest is rounding or correction and belongs to them too.
    use = np.where(gives & ~edges.from_outside[edges.callee], edges.calls_mean, 0.0)
    part = share_out(edges.callee, use, pairs)
    flow += part * rest[edges.callee]
    rest = rest * (total(edges.callee, part, pairs) == 0)
    return flow, rest


def _matrix(
    edges: CallEdges, shares: Seconds, pairs: int
) -> tuple[sparse.csr_array, Seconds, Seconds, list[Detour]]:
    """The system's matrix, the scale of each column, the share each node keeps, and detours.

    Calls in a circle in which nobody keeps anything would hand it around for ever. Such a circle
    gets one node more, to which its members give half of what they hand on; it gives it to those
    who call into the circle from outside.
    """
    used = shares > 0
    rows, columns, values = edges.caller[used], edges.callee[used], shares[used]
    scale = np.ones(pairs)
    size = pairs
    added: list[tuple[Indices, Indices, int]] = []
    while True:
        matrix = sparse.csr_array((values, (rows, columns)), shape=(size, size))
        count, label = csgraph.connected_components(matrix, connection="strong")
        leak = 1.0 - total(columns, values, size)
        leak[leak < SMALLEST_SHARE / 2] = 0.0
        is_open = np.zeros(count, np.bool_)
        is_open[label[leak > 0]] = True
        is_open[label[columns[label[rows] != label[columns]]]] = True
        if is_open.all():
            detours = [
                (edge, node, values[start : start + len(edge)]) for edge, node, start in added
            ]
            return matrix, scale, leak, detours
        closed = ~is_open[label]
        into = closed[edges.callee] & (label[edges.caller] != label[edges.callee])
        # Without such calls the other half stays: this is the top of the graph.
        exits = np.unique(label[edges.callee[into]])
        node = np.full(count, -1, np.intp)
        node[exits] = size + np.arange(len(exits))
        leads_out = node[label] >= 0
        members = np.flatnonzero(closed & leads_out)
        halved = closed & (leads_out | (np.arange(size) < pairs))
        values = np.where(halved[columns], values / 2, values)
        scale[halved[:pairs]] /= 2
        target = node[label[edges.callee[into]]]
        size += len(exits)
        way_out = share_out(target, np.maximum(edges.calls_mean[into], SMALLEST_SHARE), size)
        added.append((np.flatnonzero(into), target, len(values) + len(members)))
        rows = np.concatenate([rows, node[label[members]], edges.caller[into]])
        columns = np.concatenate([columns, members, target])
        values = np.concatenate([values, np.full(len(members), 0.5), way_out])
