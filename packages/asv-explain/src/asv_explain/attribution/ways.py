"""The ways in which differences go up the call graph: losses, gains, and what merely scatters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from asv_explain.attribution.call_edges import CallEdges, share_out, total
from asv_explain.attribution.doubts import Doubts
from asv_explain.profiles.match import Flags
from asv_explain.profiles.profile import Seconds

__all__ = ["SCATTER", "SMALLEST_SHARE", "Way", "scattered", "ways"]

# A caller's share below this is dropped: it changes no figure, and in a cycle of calls it would
# leave a way out so narrow that the system can't be solved well.
SMALLEST_SHARE = 1e-6
# A price that differs by no more standard errors is taken for scatter: of a thousand functions
# that stayed as they were, three differ by more.
SCATTER = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """One way in which differences go up, as amounts that are not below 0 but for scatter.

    Attributes:
        sign: 1 for losses and for scatter, -1 for gains.
        shares: Of what reaches its callee, what each edge carries on to its caller (E,).
        given: What each edge's callee gives to its caller of its own difference (E,).
        own: What each pair keeps of its own difference (P,).
        edges: Of which edges the callee's errors go this way (E,).
        pairs: Of which pairs the own errors do, to stay (P,).
    """

    sign: float
    shares: Seconds
    given: Seconds
    own: Seconds
    edges: Flags
    pairs: Flags


def ways(
    edges: CallEdges,
    difference: Seconds,
    direct: Seconds,
    price: Seconds,
    keeps: Flags,
    loose: Flags,
    scatters: Flags,
) -> Iterator[Way]:
    """Losses, then gains, then what scatters; together they are all differences."""
    by_calls = (edges.calls_after - edges.calls_before) * price[edges.callee]
    by_scatter = scatters[edges.callee]
    told = np.where(by_scatter & ~keeps[edges.callee], by_calls, direct)
    for sign in (1.0, -1.0):
        yield Way(
            sign=sign,
            shares=_shares(edges, keeps, loose, sign),
            given=np.maximum(sign * told, 0.0),
            own=np.where(keeps, np.maximum(sign * difference, 0.0), 0.0),
            edges=~by_scatter & ((told >= 0) == (sign > 0)),
            pairs=keeps & ((difference >= 0) == (sign > 0)),
        )
    nothing = np.zeros(len(difference))
    yield Way(
        sign=1.0,
        shares=_shares_alike(edges, keeps),
        given=direct - told,
        own=nothing,
        edges=by_scatter,
        pairs=nothing > 0,
    )


def scattered(
    edges: CallEdges,
    difference: Seconds,
    price: Seconds,
    rounds: Seconds | None,
    doubts: Doubts | None,
    errors: float = SCATTER,
) -> Flags:
    """Which pairs' prices can't be told from what they were; none without rounds or doubts (P,).

    They can if they differ by more than so many standard errors.
    """
    pairs = len(difference)
    calls = edges.calls_after - edges.calls_before
    by_price = difference - total(edges.callee, calls, pairs) * price
    variance = np.zeros(pairs)
    if rounds is not None and len(rounds) > 1:
        variance += rounds.var(axis=0, ddof=1) / len(rounds)
    if doubts is not None:
        variance += np.square(doubts.after - doubts.before).sum(axis=0)
    scatters: Flags = (variance > 0) & (np.abs(by_price) <= errors * np.sqrt(variance))
    return scatters


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
