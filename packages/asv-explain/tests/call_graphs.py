"""Sides made by hand from call graphs, and what their difference is blamed on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from inspect import CO_COROUTINE

import numpy as np

from asv_explain.attribution.blame import Blame, blame
from asv_explain.changes.change import Change, Changes
from asv_explain.profiles.match import match_profiles
from asv_explain.profiles.profile import Function, Profile
from asv_explain.profiles.sampled import SampledSide

__all__ = [
    "FILE",
    "LOOP",
    "Edges",
    "Functions",
    "Stacked",
    "amounts",
    "changed",
    "explain",
    "function",
    "in_rounds",
    "side",
    "stacked",
]

FILE = "pkg/mod.py"
LOOP = "BaseEventLoop._run_once"
# Calls and own seconds of each function.
Functions = dict[str, tuple[int, float]]
# Caller, callee, calls, and seconds of the callee itself in them.
Edges = list[tuple[str, str, int, float]]
# Seconds of each stack, as names from the outermost in.
Stacked = dict[tuple[str, ...], float]

DEEPEST = 40


def function(name: str, flags: int = 0, fingerprint: str | None = None) -> Function:
    if name.startswith("builtins."):
        return Function("builtin", "", name, 0, 0, "")
    if name == LOOP:
        return Function("stdlib", "asyncio/base_events.py", name, 1, flags, name)
    home = "bench" if name == "time_it" else "site"
    return Function(
        home, "bench.py" if home == "bench" else FILE, name, 1, flags, fingerprint or name
    )


def side(functions: Functions, edges: Edges, coroutines: tuple[str, ...] = ()) -> SampledSide:
    """A side with the stacks that a graph without circles has, if all calls cost the same."""
    stacks: Stacked = {}

    def follow(path: tuple[str, ...], part: float) -> None:
        name = path[-1]
        own = functions[name][1]
        inside = sum(edge[3] for edge in edges if edge[1] == name)
        if len(path) == 1:
            own = own - inside if inside else own
            stacks[path] = stacks.get(path, 0.0) + max(own, 0.0) * part
        for caller, callee, _, seconds in edges:
            if caller != name or len(path) == DEEPEST:
                continue
            ways = path.count(callee)
            if ways > 1:
                continue
            longer = (*path, callee)
            stacks[longer] = stacks.get(longer, 0.0) + seconds * part
            made = functions[callee][0]
            of_all = sum(edge[2] for edge in edges if edge[:2] == (caller, callee))
            follow(longer, part * of_all / made if made else 0.0)

    called = {edge[1] for edge in edges}
    for name in functions:
        if name not in called or functions[name][1] > _on_edges(name, edges):
            follow((name,), 1.0 if name not in called else 0.0)
            stacks[name,] = max(functions[name][1] - _on_edges(name, edges), 0.0)
    return stacked(functions, edges, stacks, coroutines)


def _on_edges(name: str, edges: Edges) -> float:
    return sum(edge[3] for edge in edges if edge[1] == name)


def stacked(
    functions: Functions,
    edges: Edges,
    stacks: Stacked,
    coroutines: tuple[str, ...] = (),
    lines: dict[str, int] | None = None,
) -> SampledSide:
    """A side from its calls, and the seconds of each stack."""
    names = list(functions)
    made = tuple(function(one, CO_COROUTINE if one in coroutines else 0) for one in names)
    profile = Profile(
        functions=made,
        calls=np.array([calls for calls, _ in functions.values()]),
        recursive=np.zeros(len(names), np.int64),
        own=np.array([own for _, own in functions.values()]),
        cumulative=np.array([own for _, own in functions.values()]),
        caller=np.array([names.index(edge[0]) for edge in edges], np.intp),
        callee=np.array([names.index(edge[1]) for edge in edges], np.intp),
        edge_calls=np.array([edge[2] for edge in edges], np.int64),
        edge_own=np.array([edge[3] for edge in edges], np.float64),
        edge_cumulative=np.array([edge[3] for edge in edges], np.float64),
        number=1,
        seconds=1.0,
    )
    nodes: dict[tuple[str, ...], int] = {}
    for path in stacks:
        for length in range(1, len(path) + 1):
            nodes.setdefault(path[:length], len(nodes))
    weight = np.zeros(len(nodes))
    for path, seconds in stacks.items():
        weight[nodes[path]] += seconds
    return SampledSide(
        profile,
        np.array([nodes.get(path[:-1], -1) for path in nodes], np.intp),
        np.array([names.index(path[-1]) for path in nodes], np.intp),
        np.array([(lines or {}).get(path[-1], 0) for path in nodes], np.intp),
        weight[None, :],
        None,
        float(weight.sum()),
    )


def in_rounds(sides: Sequence[SampledSide]) -> SampledSide:
    """Sides of the same stacks as the rounds of one."""
    weight = np.concatenate([one.shares for one in sides])
    seconds = float(np.mean([one.seconds for one in sides]))
    return replace(sides[0], weight=weight, seconds=seconds)


def changed(*names: str, kind: str = "function", details: tuple[str, ...] = ("body",)) -> Changes:
    items = tuple(
        Change(kind, name, FILE, FILE, FILE, FILE, (1, 2), (1, 2), details) for name in names
    )
    return Changes(items, {}, (), frozenset({FILE}))


def explain(before: SampledSide, after: SampledSide, changes: Changes) -> Blame:
    return blame(before, after, match_profiles(before.profile, after.profile), changes)


def amounts(result: Blame) -> dict[str, float]:
    return {one.name: round(one.seconds, 9) for one in result.causes if abs(one.seconds) > 1e-12}
