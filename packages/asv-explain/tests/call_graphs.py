"""Call graphs made by hand, and what they are blamed on."""

from __future__ import annotations

from inspect import CO_COROUTINE

import numpy as np

from asv_explain.attribution.blame import Blame, blame
from asv_explain.attribution.decompose import Side, decompose
from asv_explain.changes.change import Change, Changes
from asv_explain.profiles.match import match_profiles
from asv_explain.profiles.profile import Function, Profile

__all__ = [
    "FILE",
    "LOOP",
    "Edges",
    "Functions",
    "amounts",
    "changed",
    "explain",
    "function",
    "side",
]

FILE = "pkg/mod.py"
LOOP = "BaseEventLoop._run_once"
Functions = dict[str, tuple[int, float]]
Edges = list[tuple[str, str, int, float, float]]


def function(name: str, flags: int = 0, fingerprint: str | None = None) -> Function:
    if name.startswith("builtins."):
        return Function("builtin", "", name, 0, 0, "")
    if name == LOOP:
        return Function("stdlib", "asyncio/base_events.py", name, 1, flags, name)
    home = "bench" if name == "time_it" else "site"
    return Function(
        home, "bench.py" if home == "bench" else FILE, name, 1, flags, fingerprint or name
    )


def side(functions: Functions, edges: Edges, coroutines: tuple[str, ...] = ()) -> Side:
    """One side from calls and own seconds by name, and edges with own and cumulative seconds."""
    names = list(functions)
    made = tuple(function(one, CO_COROUTINE if one in coroutines else 0) for one in names)
    calls, own = zip(*functions.values(), strict=True)
    profile = Profile(
        functions=made,
        calls=np.array(calls),
        recursive=np.zeros(len(names), np.int64),
        own=np.array(own),
        cumulative=np.array(own),
        caller=np.array([names.index(edge[0]) for edge in edges]),
        callee=np.array([names.index(edge[1]) for edge in edges]),
        edge_calls=np.array([edge[2] for edge in edges]),
        edge_own=np.array([edge[3] for edge in edges]),
        edge_cumulative=np.array([edge[4] for edge in edges]),
        number=1,
        seconds=float(sum(own)),
    )
    return Side(profile, profile.own, float(sum(own)))


def changed(*names: str, details: tuple[str, ...] = ("body",)) -> Changes:
    items = tuple(
        Change("function", name, FILE, FILE, FILE, FILE, (1, 2), (1, 2), details) for name in names
    )
    return Changes(items, {}, (), frozenset({FILE}))


def explain(before: Side, after: Side, changes: Changes) -> Blame:
    match = match_profiles(before.profile, after.profile)
    return blame(before, after, match, decompose(before, after, match), changes)


def amounts(result: Blame) -> dict[str, float]:
    return {one.name: round(one.seconds, 9) for one in result.causes if one.seconds}
