"""A profile as arrays, read from what the harness printed and validated on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR, CO_ITERABLE_COROUTINE
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from asv_explain.profiles.wire import (
    LARGEST,
    WireError,
    header,
    item,
    number,
    refuse,
    rows,
    show,
    table,
)

__all__ = [
    "HOMES",
    "SCHEMA",
    "Counts",
    "Function",
    "Generators",
    "Indices",
    "Profile",
    "Seconds",
    "WireError",
    "profile_from_raw",
    "profile_to_raw",
    "sums_at",
]

Counts: TypeAlias = NDArray[np.int64]
Indices: TypeAlias = NDArray[np.intp]
Seconds: TypeAlias = NDArray[np.float64]

SCHEMA = 1
HOMES = frozenset({"site", "bench", "stdlib", "builtin", "generated", "other"})

Generators: TypeAlias = tuple[tuple[str, str, int], ...]
"""Path, qualified name and running line of the frames that made a function, innermost first."""

_TEXTS = ("home", "path", "name", "fingerprint")
_WHOLE = ("line", "flags")


class Function(NamedTuple):
    """Who a function is, on one side: never its times.

    Attributes:
        home: One of ``HOMES``.
        path: File below its home, ``""`` for C functions, the text in ``<>`` for generated code.
        name: Qualified name.
        line: First line, 0 for C functions.
        flags: ``co_flags``, 0 for C functions.
        fingerprint: Digest of what the code does, ``""`` for C functions.
    """

    home: str
    path: str
    name: str
    line: int
    flags: int
    fingerprint: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What stays the same when lines move or another environment holds the file."""
        return (self.home, self.path, self.name)

    @property
    def is_coroutine(self) -> bool:
        """Whether it was written ``async def``, or is a generator marked as awaitable."""
        return bool(self.flags & (CO_COROUTINE | CO_ITERABLE_COROUTINE | CO_ASYNC_GENERATOR))

    @property
    def is_generator(self) -> bool:
        """Whether its body holds ``yield``, in ``def`` or in ``async def``."""
        return bool(self.flags & (CO_GENERATOR | CO_ASYNC_GENERATOR))

    @property
    def is_builtin(self) -> bool:
        """Whether it is written in C, so that the profiler knows only its name."""
        return self.home == "builtin"


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """Totals of one profiled region; all arrays are read-only.

    Attributes:
        functions: The N functions that ran.
        calls: Completed calls of each (N,); a coroutine's every resumption counts as one.
        recursive: Those of ``calls`` made while the function was already running (N,).
        own: Seconds in the function itself (N,).
        cumulative: Seconds in it and in what it called, recursive calls counted once (N,).
        caller: Index of the calling function of each of the E edges (E,).
        callee: Index of the called function (E,).
        edge_calls: Calls along the edge (E,).
        edge_own: Seconds of the callee itself in those calls (E,).
        edge_cumulative: Seconds of the callee and what it called in those calls (E,).
        number: Calls of the benchmark in the region.
        seconds: Wall time of the region under the profiler.
        prepared: Path and qualified name of each function below site-packages that setup runs.
        generators: Who made those generated functions of which it is known, by their index.
        edge_recursive: Recursive calls along the edge (E,); none when left out.
        python: Version of the interpreter, ``""`` where unknown.
        implementation: Name of the interpreter, such as ``cpython``, ``""`` where unknown.
    """

    functions: tuple[Function, ...]
    calls: Counts
    recursive: Counts
    own: Seconds
    cumulative: Seconds
    caller: Indices
    callee: Indices
    edge_calls: Counts
    edge_own: Seconds
    edge_cumulative: Seconds
    number: int
    seconds: float
    edge_recursive: Counts = field(default_factory=lambda: np.zeros(0, np.int64))
    python: str = ""
    implementation: str = ""
    prepared: frozenset[tuple[str, str]] = frozenset()
    generators: Mapping[int, Generators] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Take the arrays as read-only copies of the right type and length.

        Raises:
            WireError: An array's length is not the number of functions or of edges.
        """
        edges = len(self.caller)
        if len(self.edge_recursive) == 0:
            object.__setattr__(self, "edge_recursive", np.zeros(edges, np.int64))
        for name, kind, length in (
            ("calls", np.int64, len(self.functions)),
            ("recursive", np.int64, len(self.functions)),
            ("own", np.float64, len(self.functions)),
            ("cumulative", np.float64, len(self.functions)),
            ("caller", np.intp, edges),
            ("callee", np.intp, edges),
            ("edge_calls", np.int64, edges),
            ("edge_own", np.float64, edges),
            ("edge_cumulative", np.float64, edges),
            ("edge_recursive", np.int64, edges),
        ):
            given = getattr(self, name)
            array = np.array(given, dtype=kind)
            if array.shape != (length,):
                raise WireError(name, f"expected {length} values in a row, got {array.shape}")
            array.setflags(write=False)
            object.__setattr__(self, name, array)


def profile_from_raw(raw: Mapping[str, Any]) -> Profile:
    """Read a raw profile, as the harness prints it.

    Raises:
        WireError: Something is missing, of the wrong type, or impossible; it says what and where.
    """
    header(raw, SCHEMA, "profile")
    times = item(raw, "number", "profile")
    if type(times) is not int or not 1 <= times < LARGEST:
        raise WireError("number", f"expected a whole number of at least 1, got {show(times)}")
    records = rows(raw, "functions")
    functions = _functions(records)
    columns = ("calls", "recursive", "own", "cumulative")
    nodes = table(
        _cells(records, columns),
        columns,
        ("calls", "recursive"),
        "functions[{}].{}",
    )
    edge_columns = ("caller", "callee", *columns)
    edges = table(
        rows(raw, "edges"),
        edge_columns,
        ("caller", "callee", "calls", "recursive"),
        "edges[{}].{}",
    )
    for column, name in enumerate(("caller", "callee")):
        refuse(
            edges[:, column] >= len(functions),
            edges[:, column],
            f"edges[{{}}].{name}",
            f"expected the index of one of {len(functions)} functions",
        )
    for values, where in ((nodes, "functions[{}]"), (edges[:, 2:], "edges[{}]")):
        refuse(
            values[:, 1] > values[:, 0],
            values[:, 1],
            where + ".recursive",
            "expected at most as many as calls",
        )
        if values[:, 0].sum() >= LARGEST:
            raise WireError(where.format(0), "expected fewer than 2**53 calls in all")
    return Profile(
        functions=functions,
        calls=nodes[:, 0].astype(np.int64),
        recursive=nodes[:, 1].astype(np.int64),
        own=nodes[:, 2],
        cumulative=nodes[:, 3],
        caller=edges[:, 0].astype(np.intp),
        callee=edges[:, 1].astype(np.intp),
        edge_calls=edges[:, 2].astype(np.int64),
        edge_own=edges[:, 4],
        edge_cumulative=edges[:, 5],
        number=times,
        seconds=number(raw, "seconds", "profile"),
        edge_recursive=edges[:, 3].astype(np.int64),
        python=raw["python"],
        implementation=raw["implementation"],
        prepared=_prepared(rows(raw, "prepared")) if "prepared" in raw else frozenset(),
        generators={
            index: _generators(row, f"functions[{index}]")
            for index, row in enumerate(records)
            if "generator" in row
        },
    )


def profile_to_raw(profile: Profile) -> dict[str, Any]:
    """Return what ``profile_from_raw`` reads back as an equal profile."""
    numbers = zip(
        profile.calls.tolist(),
        profile.recursive.tolist(),
        profile.own.tolist(),
        profile.cumulative.tolist(),
        strict=True,
    )
    return {
        "schema": SCHEMA,
        "python": profile.python,
        "implementation": profile.implementation,
        "number": profile.number,
        "seconds": profile.seconds,
        "prepared": sorted(map(list, profile.prepared)),
        "functions": [
            {
                "home": one.home,
                "path": one.path,
                "name": one.name,
                "line": one.line,
                "flags": one.flags,
                "fingerprint": one.fingerprint,
                "calls": calls,
                "recursive": recursive,
                "own": own,
                "cumulative": cumulative,
                **_raw_generators(profile.generators.get(index)),
            }
            for index, (one, (calls, recursive, own, cumulative)) in enumerate(
                zip(profile.functions, numbers, strict=True)
            )
        ],
        "edges": [
            list(edge)
            for edge in zip(
                profile.caller.tolist(),
                profile.callee.tolist(),
                profile.edge_calls.tolist(),
                profile.edge_recursive.tolist(),
                profile.edge_own.tolist(),
                profile.edge_cumulative.tolist(),
                strict=True,
            )
        ],
    }


def _functions(records: list[Any]) -> tuple[Function, ...]:
    """Return who the functions are, checked column by column: a profile has many."""
    try:
        columns = list(zip(*map(itemgetter(*_TEXTS, *_WHOLE), records), strict=True))
    except (KeyError, TypeError):
        columns = []
    texts, whole = columns[: len(_TEXTS)], columns[len(_TEXTS) :]
    fine = all({*map(type, column)} == {str} for column in texts) and all(
        {*map(type, column)} == {int} and min(column) >= 0 and max(column) < LARGEST
        for column in whole
    )
    if not (columns and fine and HOMES.issuperset(texts[0])):
        # Some row is wrong, and reading one after the other tells which.
        return tuple(_function(row, index) for index, row in enumerate(records))
    return tuple(map(Function, *columns[:3], *whole, columns[3]))


def _prepared(records: list[Any]) -> frozenset[tuple[str, str]]:
    """Return paths and names, or say which row is neither."""
    for index, row in enumerate(records):
        texts = isinstance(row, list) and len(row) == 2 and all(isinstance(one, str) for one in row)
        if not texts:
            raise WireError(f"prepared[{index}]", f"expected a path and a name, got {show(row)}")
    return frozenset((path, name) for path, name in records)


def _generators(record: Mapping[str, Any], where: str) -> Generators:
    """Return the frames that made a function, or say which is none."""
    found = []
    for index, row in enumerate(rows(record, "generator")):
        if not isinstance(row, list) or [*map(type, row)] != [str, str, int]:
            raise WireError(
                f"{where}.generator[{index}]", f"expected a path, name and line, got {show(row)}"
            )
        found.append((row[0], row[1], row[2]))
    return tuple(found)


def _raw_generators(frames: Generators | None) -> dict[str, Any]:
    return {} if frames is None else {"generator": [list(one) for one in frames]}


def _cells(records: list[Any], columns: Sequence[str]) -> list[Any]:
    """Return some fields of each row, or say which is missing."""
    try:
        return list(map(itemgetter(*columns), records))
    except KeyError:
        return [
            [item(row, name, f"functions[{index}]") for name in columns]
            for index, row in enumerate(records)
        ]


def sums_at(index: NDArray[np.integer], values: Seconds | Counts, size: int) -> Seconds:
    """The sum of the values at each index (size,)."""
    sums: Seconds = np.bincount(index, values, size).astype(np.float64)
    return sums


def _function(row: Any, index: int) -> Function:
    """Return who a function is."""
    where = f"functions[{index}]"
    if not isinstance(row, Mapping):
        raise WireError(where, f"expected an object, got {show(row)}")
    values = {name: item(row, name, where) for name in (*_TEXTS, *_WHOLE)}
    for name in _TEXTS:
        if not isinstance(values[name], str):
            raise WireError(f"{where}.{name}", f"expected a text, got {show(values[name])}")
    for name in _WHOLE:
        value = values[name]
        if type(value) is not int or not 0 <= value < LARGEST:
            raise WireError(
                f"{where}.{name}", f"expected a whole number of at least 0, got {show(value)}"
            )
    if values["home"] not in HOMES:
        raise WireError(
            f"{where}.home", f"expected one of {sorted(HOMES)}, got {show(values['home'])}"
        )
    return Function(**values)
