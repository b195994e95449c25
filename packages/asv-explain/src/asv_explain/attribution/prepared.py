"""Changed code that ran in setup alone, and left the benchmark data that is dearer to use."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from asv_explain.attribution.call_edges import CallEdges, total
from asv_explain.changes.change import Change, Changes
from asv_explain.profiles.profile import Function, Profile, Seconds

__all__ = ["nearest", "origin", "prepared_changes"]


def prepared_changes(before: Profile, after: Profile, changes: Changes) -> tuple[Change, ...]:
    """Changed functions that setup runs on either side, and the benchmark itself on neither."""
    prepared = before.prepared | after.prepared
    profiled = {
        (one.path, one.name) for one in (*before.functions, *after.functions) if one.home == "site"
    }
    found = []
    for change in changes.items:
        keys = {(change.path_before, change.name), (change.path_after, change.name)}
        if keys & prepared and not keys & profiled:
            found.append(change)
    return tuple(found)


def origin(
    edges: CallEdges, flow: Seconds, difference: Seconds, functions: Sequence[Function], sign: float
) -> int | None:
    """Find the project's function in which most of a difference arose.

    What C code and other distributions cost more counts where the project calls them.

    Args:
        edges: Who called whom.
        flow: What each edge carried from callee to caller, in seconds (E,).
        difference: Own seconds after - before (P,).
        functions: The function of each pair.
        sign: 1 for a loss, -1 for a gain.

    Returns:
        The pair, or None where nothing arose in the project.
    """
    ours = np.array([one.home == "site" for one in functions], np.bool_)
    arose = difference + total(edges.caller, flow * ~ours[edges.callee], len(functions))
    towards = np.where(ours, sign * arose, 0.0)
    if not (towards > 0).any():
        return None
    return int(np.argmax(towards))


def nearest(changes: Sequence[Change], function: Function) -> Change | None:
    """The change nearest to a function: in its class, its file, its package, or anywhere.

    None where there is no change, or where several are equally near: then it is not known which.
    """
    if not changes:
        return None
    ranks = [_distance(one, function) for one in changes]
    best = min(ranks)
    return changes[ranks.index(best)] if ranks.count(best) == 1 else None


def _distance(change: Change, function: Function) -> int:
    path = change.path_after or change.path_before or ""
    if path != function.path:
        return 2 if path.rpartition("/")[0] == function.path.rpartition("/")[0] else 3
    holder = function.name.rpartition(".")[0]
    return 0 if holder and change.name.rpartition(".")[0] == holder else 1
