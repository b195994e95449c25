"""What a function leaves to its caller's time, given back to it where it changed.

cProfile hears of a return before the interpreter clears the function's frame. So what its locals
take to be freed, and what its result makes dearer at once, counts in the own time of its caller.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]

from asv_explain.attribution.call_edges import CallEdges, share_out, total
from asv_explain.attribution.doubts import Doubts
from asv_explain.attribution.ways import scattered
from asv_explain.profiles.match import Flags
from asv_explain.profiles.profile import Seconds

__all__ = ["CLEARED", "Cleared", "clear"]


# By so many standard errors an unchanged caller's price has to differ. Few functions call changed
# code, so that it may be asked of them with less caution than of all.
CLEARED = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Cleared:
    """Differences with what changed functions leave to their callers given back to them.

    Attributes:
        edges: Who called whom; what was given back is in no edge.
        difference: Own seconds after - before (P,).
        rounds: The same in each round (rounds, P), if there are rounds.
        doubts: What both sides' own seconds may be wrong by, if that is known.
        left: What each pair was given back (P,).
    """

    edges: CallEdges
    difference: Seconds
    rounds: Seconds | None
    doubts: Doubts | None
    left: Seconds


def clear(
    edges: CallEdges,
    difference: Seconds,
    price: Seconds,
    keeps: Flags,
    rounds: Seconds | None,
    doubts: Doubts | None,
) -> Cleared:
    """Give back what calls of changed code cost unchanged callers in their own code.

    Of a pair that did not change, a price that can be told from what it was is due to what it
    calls, if that changed: each such callee gets a part by what its own calls there cost more, else
    by their number. What more calls of the pair cost stays with it, and so does what scatters. A
    call that is on one side alone is like no other, such as a turn of the event loop that resumes
    something else: what such calls cost stays, too. All that there is is conserved.

    Args:
        edges: Who called whom.
        difference: Own seconds after - before (P,).
        price: Own seconds of a call, the mean of both sides (P,).
        keeps: Which pairs changed (P,).
        rounds: Differences of each round (rounds, P).
        doubts: What both sides' own seconds may be wrong by.
    """
    pairs = len(difference)
    scatters = scattered(edges, difference, price, rounds, doubts, CLEARED)
    back = keeps[edges.callee] & ~keeps[edges.caller] & ~scatters[edges.caller]
    calls = edges.calls_after - edges.calls_before
    stays = total(edges.callee, calls, pairs) * price
    # Who got dearer in the same direction leaves more behind than who is as cheap as ever.
    dearer = (edges.cumulative_after - edges.cumulative_before)[back]
    towards = np.zeros(len(back))
    towards[back] = np.maximum(np.sign(difference - stays)[edges.caller[back]] * dearer, 0.0)
    alike = total(edges.caller, towards, pairs) == 0
    weight = np.where(alike[edges.caller], edges.calls_mean, towards)
    share = share_out(edges.caller, np.where(back, weight, 0.0), pairs)
    gives = total(edges.caller, share, pairs) > 0
    moved = np.where(gives, _common(edges, pairs), 0.0)
    used = share > 0
    size = (pairs, pairs)
    parts = (share * moved[edges.caller])[used]
    given = sparse.csr_array((parts, (edges.caller[used], edges.callee[used])), shape=size)
    dearer_by = difference - stays
    left = dearer_by @ given
    if rounds is not None:
        in_rounds = rounds - stays
        rounds = rounds - in_rounds * moved + in_rounds @ given
    if doubts is not None:
        moves = (sparse.diags_array(1.0 - moved) + given).astype(np.float32)
        doubts = Doubts(doubts.before @ moves, doubts.after @ moves)
    dearer_after = edges.own_after - edges.own_before - calls * price[edges.callee]
    return Cleared(
        edges=replace(edges, own_after=edges.own_after - dearer_after * moved[edges.callee]),
        difference=difference - dearer_by * moved + left,
        rounds=rounds,
        doubts=doubts,
        left=left,
    )


def _common(edges: CallEdges, pairs: int) -> Seconds:
    """Of what dearer calls of each pair cost, the part in calls that are on both sides (P,)."""
    before = total(edges.callee, edges.calls_before, pairs)
    after = total(edges.callee, edges.calls_after, pairs)
    mean = (before + after) / 2
    common: Seconds = np.ones(pairs)
    return np.divide(np.minimum(before, after), mean, out=common, where=mean > 0)
