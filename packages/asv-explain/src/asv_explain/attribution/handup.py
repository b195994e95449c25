"""Handing differences up the call graph, from code that did not change to code that did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]
from scipy.sparse import csgraph, linalg  # type: ignore[import-untyped]

from asv_explain.attribution.call_edges import CallEdges, share_out, total
from asv_explain.profiles.match import Flags
from asv_explain.profiles.profile import Indices, Seconds

__all__ = ["HandedUp", "hand_up"]

# A caller's share below this is dropped: it changes no figure, and in a cycle of calls it would
# leave a way out so narrow that the system can't be solved well.
SMALLEST_SHARE = 1e-6
# Seconds still on their way, as a share of all, at which the solution is good enough.
TOLERANCE = 1e-12
# Edges out of a circle of calls, the node that stands for the circle, and their shares of it.
Detour: TypeAlias = tuple[Indices, Indices, Seconds]
# Steps up the graph before the general solver takes over: deep stacks are rarely deeper.
STEPS = 200


@dataclass(frozen=True, slots=True, eq=False)
class HandedUp:
    """Where differences ended up, in seconds per call of the benchmark.

    Attributes:
        kept: What each pair keeps (P,): changed code what reached it, other code what nobody
            called for, which is the top of the graph alone.
        rounds: The same in each round (rounds, P).
        error: Standard error of ``kept`` that stays however many rounds there are (P,).
        flow: What each edge carried from callee to caller (E,).
        passed: The share of what reached it that a pair handed on, of losses where it keeps a
            loss and of gains where it keeps a gain (P,).
    """

    kept: Seconds
    rounds: Seconds
    error: Seconds
    flow: Seconds
    passed: Seconds


def hand_up(
    edges: CallEdges,
    difference: Seconds,
    keeps: Flags,
    loose: Flags,
    rounds: Seconds | None = None,
    systematic: Seconds | None = None,
) -> HandedUp:
    """Hand each difference up until it reaches code that keeps it.

    A pair that does not keep gives its own difference to its callers as the edges recorded it. What
    reaches it from below goes on by the calls that each caller added, as far as added calls
    account for what the callers' calls of it cost more, else by that cost itself. Gains and losses
    travel apart, each along the calls that fell or rose, and meet where they are kept. A keeper
    that is ``loose`` passes on the part that is due to its being called more, by callers that
    changed themselves or were called more: that is not its doing.

    Args:
        edges: Who called whom.
        difference: Own seconds after - before (P,).
        keeps: Which pairs keep what reaches them (P,).
        loose: Which of these keep only what being called more does not explain (P,).
        rounds: Differences of each round (rounds, P).
        systematic: Standard error of ``difference`` (P,).
    """
    pairs = len(difference)
    direct, rest = _direct(edges, difference, keeps)
    kept, flow = rest, direct.copy()
    passed: list[Seconds] = []
    count = 0 if rounds is None else len(rounds)
    error, by_round = np.zeros(pairs), np.zeros((count, pairs))
    for sign in (1.0, -1.0):
        shares = _shares(edges, keeps, loose, sign)
        matrix, scale, leak, detours = _matrix(edges, shares, pairs)
        signed = np.maximum(sign * direct, 0.0)
        source = total(edges.caller, signed, pairs)
        source += np.where(keeps, np.maximum(sign * difference, 0.0), 0.0)
        arrived = sign * _solve(matrix, source[:, None])[:, 0]
        kept = kept + leak[:pairs] * arrived[:pairs]
        flow += shares * scale[edges.callee] * arrived[edges.callee]
        for edge, node, part in detours:
            flow[edge] += part * arrived[node]
        passed.append(total(edges.callee, shares, pairs))
        if sign > 0:
            columns = np.zeros((count + 1, pairs))
            columns[0] = 0.0 if systematic is None else systematic
            if rounds is not None:
                columns[1:] = rounds - difference
            spread, stays = _by_time(edges, columns.T, keeps)
            moved = _solve(matrix, spread)[:pairs] * leak[:pairs, None] + stays
            error, by_round = moved[:, 0], moved[:, 1:].T
    handed_on = np.where(kept < 0, passed[1], passed[0])
    return HandedUp(kept, kept + by_round, error, flow, handed_on)


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


def _by_time(edges: CallEdges, values: Seconds, keeps: Flags) -> tuple[Seconds, Seconds]:
    """Split noise of own times by the time spent along each caller edge."""
    pairs = len(values)
    time = np.where(keeps[edges.callee], 0.0, edges.own_before + edges.own_after)
    part = share_out(edges.callee, np.maximum(time, 0.0), pairs)
    to_callers = sparse.csr_array((part, (edges.caller, edges.callee)), shape=(pairs, pairs))
    gone = total(edges.callee, part, pairs) > 0
    stays = values * (~gone & ~keeps)[:, None]
    return to_callers @ values + values * keeps[:, None], stays


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


def _solve(matrix: sparse.csr_array, source: Seconds) -> Seconds:
    """Solve x = source + matrix x: all that ever reaches each node, on its way or to stay."""
    size, columns = matrix.shape[0], source.shape[1]
    moving = np.zeros((size, columns))
    moving[: len(source)] = source
    limit = TOLERANCE * np.abs(source).sum(axis=0)
    arrived = moving.copy()
    for _ in range(STEPS):
        moving = matrix @ moving
        arrived += moving
        if (np.abs(moving).sum(axis=0) <= limit).all():
            return arrived
    system = sparse.eye_array(size, format="csr") - matrix
    for column in range(columns):
        if np.abs(moving[:, column]).sum() > limit[column]:
            arrived[:, column] += _onward(system, matrix @ moving[:, column], limit[column])
    return arrived


def _onward(system: sparse.csr_array, moving: Seconds, limit: float) -> Seconds:
    """Solve for what is still on its way, by iteration where that gets there."""
    found, failed = linalg.gmres(system, moving, rtol=0.0, atol=limit, restart=40, maxiter=10)
    if failed:
        found = linalg.spsolve(system.tocsc(), moving)
    return np.asarray(found, np.float64)
