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
from asv_explain.profiles.match import Flags
from asv_explain.profiles.profile import Indices, Seconds

__all__ = ["HandedUp", "hand_up"]

# A caller's share below this is dropped: it changes no figure, and in a cycle of calls it would
# leave a way out so narrow that the system can't be solved well.
SMALLEST_SHARE = 1e-6
# A price that differs by no more standard errors is taken for scatter: of a thousand functions
# that stayed as they were, three differ by more.
SCATTER = 3.0
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
    scatters = _scatters(edges, difference, price, rounds, doubts)
    by_calls = (edges.calls_after - edges.calls_before) * price[edges.callee]
    told = np.where(scatters[edges.callee] & ~keeps[edges.callee], by_calls, direct)
    kept, flow = rest, direct.copy()
    passed: list[Seconds] = []
    errors = _Errors(edges, keeps, difference, rounds, doubts)
    moved = errors.stays(pairs)
    ways = [
        (
            sign,
            _shares(edges, keeps, loose, sign),
            np.maximum(sign * told, 0.0),
            np.where(keeps, np.maximum(sign * difference, 0.0), 0.0),
            ((told >= 0) == (sign > 0)) & ~scatters[edges.callee],
            keeps & ((difference >= 0) == (sign > 0)),
        )
        for sign in (1.0, -1.0)
    ]
    alike = _shares_alike(edges, keeps)
    ways.append(
        (1.0, alike, direct - told, np.zeros(pairs), scatters[edges.callee], ~keeps & False)
    )
    for sign, shares, given, own, gives, keeping in ways:
        matrix, scale, leak, detours = _matrix(edges, shares, pairs)
        arrived = sign * solve(matrix, total(edges.caller, given, pairs) + own)
        kept = kept + leak[:pairs] * arrived[:pairs]
        flow += shares * scale[edges.callee] * arrived[edges.callee]
        for edge, node, part in detours:
            flow[edge] += part * arrived[node]
        passed.append(total(edges.callee, shares, pairs))
        onward = errors.sources(gives, keeping)
        moved += leak[:pairs, None].astype(np.float32) * solve_roughly(matrix, onward)[:pairs]
    handed_on = np.where(kept < 0, passed[1], passed[0])
    count = moved.shape[1] - errors.rounds
    return HandedUp(kept, kept + moved[:, count:].T, moved[:, :count].T, flow, handed_on)


def _scatters(
    edges: CallEdges,
    difference: Seconds,
    price: Seconds,
    rounds: Seconds | None,
    doubts: Doubts | None,
) -> Flags:
    """Which pairs' prices can't be told from what they were; none without rounds or doubts (P,)."""
    pairs = len(difference)
    calls = edges.calls_after - edges.calls_before
    by_price = difference - total(edges.callee, calls, pairs) * price
    variance = np.zeros(pairs)
    if rounds is not None and len(rounds) > 1:
        variance += rounds.var(axis=0, ddof=1) / len(rounds)
    if doubts is not None:
        variance += np.square(doubts.after - doubts.before).sum(axis=0)
    scatters: Flags = (variance > 0) & (np.abs(by_price) <= SCATTER * np.sqrt(variance))
    return scatters


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


def _shares(edges: CallEdges, keeps: Flags, loose: Flags, sign: float) -> Seconds:
    """Which share of what reaches its callee each edge carries on to its caller."""
    pairs = len(keeps)
    callee = edges.callee
    up = edges.caller != callee
    added = np.where(up, np.maximum(sign * (edges.calls_after - edges.calls_before), 0.0), 0.0)
    dearer = edges.cumulative_after - edges.cumulative_before
    dearer = np.where(up, np.maximum(sign * dearer, 0.0), 0.0)
    all_added, all_dearer = total(callee, added, pairs), total(callee, dearer, pairs)
    explained = all_added * edges.price(pairs)
    by_calls = np.ones(pairs)
    np.divide(explained, all_dearer, out=by_calls, where=all_dearer > explained)
    by_calls = np.where(all_added > 0, by_calls, 0.0)
    shares = by_calls[callee] * share_out(callee, added, pairs)
    shares += (1 - by_calls)[callee] * share_out(callee, dearer, pairs)
    neither = ((all_added <= 0) & (all_dearer <= 0))[callee]
    shares = np.where(
        neither, share_out(callee, np.where(up, edges.calls_mean, 0.0), pairs), shares
    )
    shares = share_out(callee, np.where(shares < SMALLEST_SHARE, 0.0, shares), pairs)
    # A keeper: only calls that changed callers added, or callers that were called more themselves.
    grown = np.clip(sign * edges.grown, 0.0, added)
    answerable = np.where(keeps[edges.caller], added, grown)
    caused = total(callee, answerable, pairs) * edges.price(pairs)
    part = np.where(caused > 0, 1.0, 0.0)
    np.divide(caused, all_dearer, out=part, where=all_dearer > caused)
    part = np.where(loose & (all_dearer > 0), part, 0.0)
    part[part < SMALLEST_SHARE] = 0.0
    part[part > 1 - SMALLEST_SHARE] = 1.0
    onward = part[callee] * share_out(callee, answerable, pairs)
    return np.where(keeps[callee], onward, shares)


def _shares_alike(edges: CallEdges, keeps: Flags) -> Seconds:
    """The shares by which scatter goes on: by all calls of both sides, until it is kept."""
    calls = np.where(edges.caller != edges.callee, edges.calls_mean, 0.0)
    shares = share_out(edges.callee, calls, len(keeps))
    shares = share_out(edges.callee, np.where(shares < SMALLEST_SHARE, 0.0, shares), len(keeps))
    return np.where(keeps[edges.callee], 0.0, shares)


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
