"""Makes up counts and sampled stacks of both sides of a change, of any size, as measured."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from asv_explain.changes.change import Change, Changes

__all__ = ["DEPTH", "Made", "make", "write"]

Array: TypeAlias = NDArray[Any]

# Calls of the benchmark in one profile.
NUMBER = 10
# Shares of all functions: written in C, changed by the commit, on one side alone, recursive.
BUILTIN, CHANGED, ONE_SIDED, RECURSIVE = 0.1, 0.01, 0.005, 0.01
# A stack this deep unless asked otherwise, or as deep as there are functions in Python.
DEPTH = 30
# Call edges for each function, and lines of a function that are sampled.
EDGES, LINES = 5, 3
# So often is a stack met in a round, on average, with so many samples each time: most stacks are in
# one round alone, and few hold most of the time. How unevenly time lies on a function's stacks.
MET, SAMPLES, UNEVEN = 0.02, 100, 1.0
# Callees crowd at the end of the order by this power of a uniform number: few hubs, many callers.
CROWDING = 3.0
# What changed calls others twice as often, and its own time rises by this share of all time.
RISE = 0.3
# Functions in one file, and where files lie.
PER_FILE, HOME = 40, "/env/lib/python3.11/site-packages"
# Profiles of each side, which count calls.
PROFILES = 2
# Of every seven files, four are the project's, two the standard library's, one a dependency's.
HOMES = ("site", "stdlib", "site", "site", "stdlib", "site", "site")
PLAIN_FLAGS = 3
PYTHON, IMPLEMENTATION = "3.11.7", "cpython"
# After so many doublings there is no further stack to be had.
MOST_GENERATIONS = 60


@dataclass(frozen=True, slots=True)
class Made:
    """One side.

    Attributes:
        profile: as the harness writes it, with the function of each frame.
        stacks: the collapsed stacks of each sampled round, made as they are asked for.
        seconds: of a benchmark call.
    """

    profile: dict[str, Any]
    stacks: Iterator[str]
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
    functions: int, stacks: int, rounds: int, seed: int, depth: int = DEPTH
) -> tuple[Made, Made, Changes]:
    """Make up a change.

    Args:
        functions: functions on each side, at least 10.
        stacks: different stacks on each side at most: small graphs may have fewer.
        rounds: sampled rounds of each side.
        seed: the same seed makes the same change.
        depth: frames on the deepest stack without recursion.

    Returns:
        The side before, the side after, and what changed in the sources.
    """
    rng = np.random.default_rng(seed)
    graph = _graph(rng, functions, EDGES * functions, depth)
    tree = _tree(rng, graph, stacks, depth)
    graph = replace(graph, changed=_changed(rng, graph, tree))
    before, after = (
        _side(graph, tree, np.random.default_rng([seed, after]), rounds, is_after=after)
        for after in (False, True)
    )
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
    functions: int, stacks: int, rounds: int, seed: int, folder: Path, depth: int = DEPTH
) -> None:
    """Write a change that is made up to a folder: counts, stacks, seconds, and what changed."""
    before, after, changes = make(functions, stacks, rounds, seed, depth)
    for name, side in (("before", before), ("after", after)):
        data = msgspec.json.encode(side.profile)
        for number in range(PROFILES):
            (folder / f"{name}-{number}.json").write_bytes(data)
        for number, text in enumerate(side.stacks):
            (folder / f"{name}-{number}.stacks").write_text(text, encoding="utf-8")
    seconds = {"before": before.seconds, "after": after.seconds}
    (folder / "seconds.json").write_bytes(msgspec.json.encode(seconds))
    (folder / "changes.json").write_bytes(msgspec.json.encode(changes))


@dataclass(frozen=True, slots=True)
class _Tree:
    """Stacks as a tree of N frames, and how much time lies on each beside its function's others."""

    parent: Array
    function: Array
    line: Array
    uneven: Array


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
    # Those that call nobody can be missing on one side without anything else changing.
    idle = np.setdiff1d(mine, np.concatenate([tree, again, order[:deep]]))
    alone = rng.permutation(idle)[: 2 * extra]
    return _Graph(
        builtin=order >= python,
        changed=np.zeros(size, np.bool_),
        caller=every // size,
        callee=every % size,
        calls=1 + np.floor(rng.pareto(1.2, len(every))).clip(0, 10_000).astype(np.int64),
        price=rng.lognormal(np.log(4e-7), 0.8, size),
        first=alone[: len(alone) // 2],
        last=alone[len(alone) // 2 :],
    )


def _tree(rng: np.random.Generator, graph: _Graph, stacks: int, depth: int) -> _Tree:
    """Ways through the graph from its first function, each longer than another by one frame."""
    inner = ~graph.builtin[graph.callee]
    order = np.argsort(graph.caller[inner], kind="stable")
    callee = graph.callee[inner][order]
    starts = np.searchsorted(graph.caller[inner][order], np.arange(len(graph.builtin) + 1))
    parent, function = np.array([-1]), np.array([0])
    line, deep = np.array([1]), np.array([1])
    for _ in range(MOST_GENERATIONS):
        wanted = min(len(parent), stacks - len(parent))
        if wanted <= 0:
            break
        above = rng.permutation(np.flatnonzero(deep < depth))[:wanted]
        many = np.diff(starts)[function[above]]
        above, many = above[many > 0], many[many > 0]
        chosen = starts[function[above]] + (rng.random(len(above)) * many).astype(np.intp)
        lines = rng.integers(1, LINES + 1, len(above))
        parent = np.concatenate([parent, above])
        function = np.concatenate([function, callee[chosen]])
        line = np.concatenate([line, lines])
        deep = np.concatenate([deep, deep[above] + 1])
        # A stack that was there before is none anew; parents stay before their children.
        key = (parent + 1) * (len(graph.builtin) * (LINES + 1)) + function * (LINES + 1) + line
        first = np.sort(np.unique(key, return_index=True)[1])
        parent, function, line, deep = (one[first] for one in (parent, function, line, deep))
    return _Tree(parent, function, line, rng.lognormal(0.0, UNEVEN, len(parent)))


def _changed(rng: np.random.Generator, graph: _Graph, tree: _Tree) -> Array:
    """Which functions the commit changed: the project's own, on both sides, and on some stack."""
    size = len(graph.builtin)
    mine = np.array([_home(index) == "site" for index in range(size)])
    mine[np.concatenate([graph.first, graph.last])] = False
    seen = np.intersect1d(np.flatnonzero(mine), tree.function)
    changed = np.zeros(size, np.bool_)
    many = min(max(1, round(CHANGED * size)), len(seen))
    changed[rng.choice(seen, many, replace=False)] = True
    return changed


def _side(
    graph: _Graph, tree: _Tree, rng: np.random.Generator, rounds: int, *, is_after: bool
) -> Made:
    """One side's functions, calls and stacks; the side after makes more and dearer calls."""
    size = len(graph.builtin)
    present = np.ones(size, np.bool_)
    present[graph.last if is_after else graph.first] = False
    here = present[graph.caller] & present[graph.callee]
    caller, callee, calls = graph.caller[here], graph.callee[here], graph.calls[here]
    if is_after:
        calls = np.where(graph.changed[caller] & (caller != callee), calls * 2, calls)
    made = np.bincount(callee, calls, size)
    made[0] += NUMBER
    # Only what is on a stack takes time.
    true = graph.price * made * present * (np.bincount(tree.function, minlength=size) > 0)
    if is_after:
        true[graph.changed] *= 1 + RISE * true.sum() / true[graph.changed].sum()
    where = np.cumsum(present) - 1
    who = [_function(graph, index, is_after) for index in np.flatnonzero(present).tolist()]
    raw = _raw(who, where, present, (caller, callee, calls), made, true)
    frames = [
        [name, f"{HOME}/{path}", line + offset, int(where[index])]
        for index in np.flatnonzero(present & ~graph.builtin).tolist()
        for path, name, line in [_place(index)]
        for offset in range(1, LINES + 1)
    ]
    nodes = np.flatnonzero(_whole(tree, present))
    whole = np.bincount(tree.function, tree.uneven, size)
    share = (true[tree.function] * tree.uneven / whole[tree.function])[nodes]
    return Made(
        raw | {"frames": frames},
        _texts(tree, nodes, share / share.sum(), rng, rounds),
        float(true.sum()) / NUMBER,
    )


def _whole(tree: _Tree, present: Array) -> Array:
    """Which stacks consist of functions that are there."""
    found = [False] * (len(tree.parent) + 1)
    # The root's caller stands last, and is there.
    found[-1] = True
    rows = zip(tree.parent.tolist(), present[tree.function].tolist(), strict=True)
    for node, (parent, there) in enumerate(rows):
        found[node] = there and found[parent]
    return np.array(found[:-1])


def _texts(
    tree: _Tree, nodes: Array, share: Array, rng: np.random.Generator, rounds: int
) -> Iterator[str]:
    """The collapsed stacks of each round; each stack is in one of them at least."""
    paths: dict[int, str] = {-1: ""}
    columns = (tree.parent[nodes], tree.function[nodes], tree.line[nodes])
    rows = zip(nodes.tolist(), *columns, strict=True)
    for node, parent, function, offset in rows:
        path, name, line = _place(int(function))
        outer = paths[int(parent)]
        paths[node] = f"{outer}{';' if outer else ''}{name} ({HOME}/{path}:{line + int(offset)})"
    for number in range(rounds):
        samples = SAMPLES * rng.poisson(MET * len(nodes) * share)
        samples[number::rounds] += 1
        order = rng.permutation(len(nodes))
        sampled = zip(nodes[order].tolist(), samples[order].tolist(), strict=True)
        yield "".join(f"{paths[node]} {count}\n" for node, count in sampled if count)


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
        "python": PYTHON,
        "implementation": IMPLEMENTATION,
        "number": NUMBER,
        "seconds": float(own.sum()) * 1.001,
        "functions": [
            {**one, "calls": a, "recursive": b, "own": c, "cumulative": d}
            for one, a, b, c, d in zip(who, *numbers, strict=True)
        ],
        "edges": [list(edge) for edge in zip(*(one.tolist() for one in columns), strict=True)],
    }


if __name__ == "__main__":
    many, ways, pairs, begin = map(int, sys.argv[1:5])
    write(many, ways, pairs, begin, Path(sys.argv[5]))
