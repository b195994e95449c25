"""Makes up the profiles of both sides of a change, of any size, as the harness writes them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from asv_explain.changes.change import Change, Changes
from asv_explain.profiles.profiler_cost import Estimate, ProfilerCost

__all__ = ["COST", "Made", "make", "write"]

Array: TypeAlias = NDArray[Any]

# Calls of the benchmark in one profile.
NUMBER = 10
# Shares of all functions: written in C, changed by the commit, on one side alone, recursive.
BUILTIN, CHANGED, ONE_SIDED, RECURSIVE = 0.1, 0.01, 0.005, 0.01
# A stack this deep unless asked otherwise, or as deep as there are functions in Python.
DEPTH = 500
# Callees crowd at the end of the order by this power of a uniform number: few hubs, many callers.
CROWDING = 3.0
# What changed calls others twice as often, and its own time rises by this share of all time.
RISE = 0.3
# Functions in one file, and how much own times scatter from one process to the next.
PER_FILE, SCATTER = 40, 0.03
# Of every seven files, four are the project's, two the standard library's, one a dependency's.
HOMES = ("site", "stdlib", "site", "site", "stdlib", "site", "site")
PLAIN_FLAGS = 3

COST = ProfilerCost(
    callee_python=Estimate(75e-9, 5e-9),
    caller_python=Estimate(190e-9, 10e-9),
    callee_builtin=Estimate(40e-9, 5e-9),
    caller_builtin=Estimate(60e-9, 10e-9),
    callee_resumed=Estimate(80e-9, 10e-9),
    caller_resumed=Estimate(190e-9, 20e-9),
    callee_awaited=Estimate(90e-9, 10e-9),
    caller_awaited=Estimate(120e-9, 20e-9),
    callee_bit=Estimate(2e-9, 1e-9),
    caller_bit=Estimate(2e-9, 1e-9),
    bytecode=Estimate(0.0, 0.02),
    python="3.11.7",
    implementation="cpython",
)
"""What the profiler adds to the times that are made up: some nanoseconds a call."""


@dataclass(frozen=True, slots=True)
class Made:
    """One side: a raw profile for each round, and the seconds a benchmark call takes unprofiled."""

    profiles: Iterator[dict[str, Any]]
    seconds: float


@dataclass(frozen=True, slots=True)
class _Graph:
    """Functions in an order in which callers precede callees, and who calls whom how often."""

    builtin: Array
    changed: Array
    caller: Array
    callee: Array
    calls: Array
    price: Array
    first: Array
    last: Array


def make(
    functions: int, edges: int, rounds: int, seed: int, depth: int = DEPTH
) -> tuple[Made, Made, Changes]:
    """Make up a change.

    Args:
        functions: Functions on each side, at least 10.
        edges: Call edges on each side at most: small graphs may have fewer.
        rounds: Profiles of each side.
        seed: The same seed makes the same change.
        depth: Functions on the deepest stack without recursion, at least.

    Returns:
        The side before, the side after, and what changed in the sources.
    """
    rng = np.random.default_rng(seed)
    graph = _graph(rng, functions, edges, depth)
    before, after = (_side(graph, rng, rounds, is_after=after) for after in (False, True))
    size = len(graph.builtin)
    items = [
        _change("function", name, path, line)
        for index in np.flatnonzero(graph.changed).tolist()
        for path, name, line in [_place(index)]
    ]
    for kind, index in (("gone", graph.last), ("new", graph.first)):
        items += [_change(kind, *_named(one)) for one in index.tolist()]
    own = {_place(index)[0] for index in range(size) if _home(index) == "site"}
    return before, after, Changes(tuple(items), {}, (), frozenset(own))


def write(
    functions: int, edges: int, rounds: int, seed: int, folder: Path, depth: int = DEPTH
) -> None:
    """Write a change that is made up to a folder: raw profiles, seconds, and what changed."""
    before, after, changes = make(functions, edges, rounds, seed, depth)
    for name, side in (("before", before), ("after", after)):
        for number, raw in enumerate(side.profiles):
            (folder / f"{name}-{number}.json").write_bytes(msgspec.json.encode(raw))
    seconds = {"before": before.seconds, "after": after.seconds}
    (folder / "seconds.json").write_bytes(msgspec.json.encode(seconds))
    (folder / "changes.json").write_bytes(msgspec.json.encode(changes))


def _home(index: int) -> str:
    return HOMES[index // PER_FILE % len(HOMES)]


def _place(index: int) -> tuple[str, str, int]:
    """Path, qualified name and line of a function."""
    file, place = divmod(index, PER_FILE)
    name = f"function{place}" if place % 2 else f"Class{place // 10}.method{place}"
    return f"package{file // 20}/module{file}.py", name, 5 + 12 * place


def _named(index: int) -> tuple[str, str, int]:
    path, name, line = _place(index)
    return name, path, line


def _change(kind: str, name: str, path: str, line: int) -> Change:
    lines = (line, line + 10)
    return Change(
        kind=kind,
        name=name,
        path_before=None if kind == "new" else path,
        path_after=None if kind == "gone" else path,
        file_before=None if kind == "new" else f"src/{path}",
        file_after=None if kind == "gone" else f"src/{path}",
        lines_before=None if kind == "new" else lines,
        lines_after=None if kind == "gone" else lines,
        details=("body",) if kind == "function" else (),
    )


def _graph(rng: np.random.Generator, functions: int, edges: int, depth: int) -> _Graph:
    extra = max(1, round(ONE_SIDED * functions))
    size = functions + extra
    python = size - max(1, round(BUILTIN * size))
    order = np.arange(size)
    # Everybody is called by somebody; the first ones by each other, as deep as a stack gets.
    tree = np.minimum((order[1:] * rng.random(size - 1)).astype(np.intp), python - 1)
    deep = min(depth, python)
    tree[: deep - 1] = order[: deep - 1]
    again = rng.choice(python, max(1, round(RECURSIVE * size)), replace=False)
    keys = [tree * size + order[1:], again * size + again]
    lacking = edges - sum(map(len, keys))
    while lacking > 0:
        crowded = (size - 1) * (1 - rng.random(2 * lacking) ** CROWDING)
        callee = np.maximum(crowded.astype(np.intp), 1)
        caller = (np.minimum(callee, python) * rng.random(len(callee))).astype(np.intp)
        fresh = np.setdiff1d(caller * size + callee, np.concatenate(keys))
        chosen = rng.permutation(fresh)[:lacking]
        lacking -= len(chosen) if len(chosen) else lacking
        keys.append(chosen)
    every = np.concatenate(keys)
    site = np.array([_home(index) == "site" for index in range(size)])
    mine = np.flatnonzero(site & (order < python))
    changed = np.zeros(size, np.bool_)
    changed[rng.choice(mine, max(1, round(CHANGED * len(mine))), replace=False)] = True
    # Those that call nobody can be missing on one side without anything else changing.
    idle = np.setdiff1d(mine, np.concatenate([tree, np.flatnonzero(changed), again, order[:deep]]))
    alone = rng.permutation(idle)[: 2 * extra]
    return _Graph(
        builtin=order >= python,
        changed=changed,
        caller=every // size,
        callee=every % size,
        calls=1 + np.floor(rng.pareto(1.2, len(every))).clip(0, 10_000).astype(np.int64),
        price=rng.lognormal(np.log(4e-7), 0.8, size),
        first=alone[: len(alone) // 2],
        last=alone[len(alone) // 2 :],
    )


def _side(graph: _Graph, rng: np.random.Generator, rounds: int, *, is_after: bool) -> Made:
    """One side's functions, edges and times; the side after makes more and dearer calls."""
    size = len(graph.builtin)
    present = np.ones(size, np.bool_)
    present[graph.last if is_after else graph.first] = False
    here = present[graph.caller] & present[graph.callee]
    caller, callee, calls = graph.caller[here], graph.callee[here], graph.calls[here]
    if is_after:
        calls = np.where(graph.changed[caller] & (caller != callee), calls * 2, calls)
    made = np.bincount(callee, calls, size)
    made[0] += NUMBER
    true = graph.price * made * present
    if is_after:
        true[graph.changed] *= 1 + RISE * true.sum() / true[graph.changed].sum()
    inside = np.where(graph.builtin, COST.callee_builtin.value, COST.callee_python.value)
    outside = np.where(graph.builtin, COST.caller_builtin.value, COST.caller_python.value)
    profiled = true + made * inside + np.bincount(caller, calls * outside[callee], size)
    where = np.cumsum(present) - 1
    who = [_function(graph, index, is_after) for index in np.flatnonzero(present).tolist()]

    def profiles() -> Iterator[dict[str, Any]]:
        for _ in range(rounds):
            own = np.where(present, profiled * rng.lognormal(0.0, SCATTER, size), 0.0)
            yield _raw(who, where, present, (caller, callee, calls), made, own)

    return Made(profiles(), float(true.sum()) / NUMBER)


def _function(graph: _Graph, index: int, is_after: bool) -> dict[str, Any]:
    """Who a function is, as the harness writes it."""
    if graph.builtin[index]:
        return {"home": "builtin", "path": "", "name": f"module.call{index}", "line": 0,
                "flags": 0, "fingerprint": ""}  # fmt: skip
    path, name, line = _place(index)
    differs = is_after and bool(graph.changed[index])
    return {
        "home": _home(index),
        "path": path,
        "name": name,
        "line": line,
        "flags": PLAIN_FLAGS,
        "fingerprint": f"{2 * index + differs:032x}",
    }


def _raw(
    who: list[dict[str, Any]],
    where: Array,
    present: Array,
    links: tuple[Array, Array, Array],
    made: Array,
    own: Array,
) -> dict[str, Any]:
    """A raw profile: cumulative times are own times and those of all calls, recursive ones once."""
    caller, callee, calls = links
    again = caller == callee
    recursive = np.bincount(callee, calls * again, len(made))
    share = calls / np.maximum(made, 1)[callee]
    up = np.where(again, 0.0, calls / np.maximum(made - recursive, 1)[callee])
    cumulative = own.copy()
    order = np.argsort(caller, kind="stable")
    starts = np.searchsorted(caller[order], np.arange(len(made) + 1))
    # Callees come after their callers, so that theirs are known by then.
    for index in range(len(made) - 1, -1, -1):
        mine = order[starts[index] : starts[index + 1]]
        cumulative[index] += up[mine] @ cumulative[callee[mine]]
    edge_own = share * own[callee]
    edge_cumulative = np.where(again, edge_own, up * cumulative[callee])
    numbers = [column[present].tolist() for column in (made.astype(int), recursive.astype(int))]
    numbers += [column[present].tolist() for column in (own, cumulative)]
    columns = (where[caller], where[callee], calls, calls * again, edge_own, edge_cumulative)
    return {
        "schema": 1,
        "python": COST.python,
        "implementation": COST.implementation,
        "number": NUMBER,
        "seconds": float(own.sum()) * 1.001,
        "functions": [
            {**one, "calls": a, "recursive": b, "own": c, "cumulative": d}
            for one, a, b, c, d in zip(who, *numbers, strict=True)
        ],
        "edges": [list(edge) for edge in zip(*(one.tolist() for one in columns), strict=True)],
    }


if __name__ == "__main__":
    many, links, pairs, begin = map(int, sys.argv[1:5])
    write(many, links, pairs, begin, Path(sys.argv[5]))
