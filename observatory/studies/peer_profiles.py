"""What other profilers print of two sides, and whom it blames: pure, from what they wrote."""

from __future__ import annotations

import json
import pstats
import re
import warnings
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType
from typing import Any, Literal

from observatory.injections.injection import Name
from observatory.studies.answers import Answer, Said

__all__ = [
    "MOST_CAUSES",
    "ORDERS",
    "Functions",
    "Order",
    "PeerError",
    "Seen",
    "Stack",
    "blamed",
    "of_pstats",
    "of_stacks",
    "py_spy_stacks",
    "pyinstrument_stacks",
]

Order = Literal["own", "cumulative"]
"""By which difference functions are sorted: that of their own time, or of all below them too."""

ORDERS: tuple[Order, ...] = ("own", "cumulative")

MOST_CAUSES = 30
"""So many functions of a sorted profile are kept; nobody reads on."""

Frame = tuple[str, int, str]
"""A function as profilers tell it: file, first line, and name with or without its class."""

Stack = tuple[tuple[Frame, ...], float]
"""Frames from the outermost in, and the seconds spent in that state."""

# Their time is that of the function whose body they stand in, for whoever reads the profile.
COMPREHENSION = re.compile(r"(?:\.<locals>)?\.?<(?:listcomp|setcomp|dictcomp|genexpr)>$")

# What runs a benchmark and profiles it: asv's own modules, and calls of exec and the profiler.
RUNNING = ("/asv_runner/", "/asv/benchmark.py", "builtins.exec", "_lsprof.Profiler")

# Set in the flags of functions' code and not in that of classes' and modules'.
CO_NEWLOCALS = 0x2

# A line of py-spy's raw format: "function (file:line)" for each frame, and how many samples.
PY_SPY_FRAME = re.compile(r"(.*) \((.*):(\d+)\)")

PYINSTRUMENT_PARTS, PYINSTRUMENT_REST = "\x00", "\x01"


class PeerError(Exception):
    """A profile that can't be taken or read; the text says what is wrong."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a profiler saw of one side, in seconds of one benchmark call.

    Attributes:
        own: by function, time in itself, comprehensions in it included.
        total: by function, time in itself and in all that it called.
        whole: of the benchmark in all.
    """

    own: Mapping[Name, float]
    total: Mapping[Name, float]
    whole: float

    def of(self, order: Order) -> Mapping[Name, float]:
        """The times of one kind."""
        return self.own if order == "own" else self.total

    def within(self, paths: Collection[str]) -> Seen:
        """The functions of these files alone; the whole stays what it is."""
        own, total = (
            {name: seconds for name, seconds in part.items() if name.path in paths}
            for part in (self.own, self.total)
        )
        return Seen(own, total, self.whole)


@dataclass(frozen=True, slots=True)
class Functions:
    """The functions that one side ran, found by file and first line.

    Profilers name a function ``find`` and the file and line where it starts; with the source at
    hand whoever reads that knows it is ``Shelf.find``.

    Attributes:
        files: the package's files by their path below site-packages.
        benchmarks: the folder of the benchmarks, whose functions are left out.
    """

    files: Mapping[str, str]
    benchmarks: Path
    _found: dict[str, dict[tuple[int, str], str]] = field(default_factory=dict)

    def name(self, frame: Frame) -> tuple[Name, bool] | None:
        """A frame's name and whether it is a function, not a comprehension inside of one.

        The benchmark itself has none, nor has what runs and profiles it.
        """
        file, line, name = frame
        if file.startswith(f"{self.benchmarks}/") or any(
            one in file or one in name for one in RUNNING
        ):
            return None
        path = file.rpartition("/site-packages/")[2]
        if path not in self.files:
            return Name(path, name), True
        if path not in self._found:
            self._found[path] = dict(_names(self.files[path], path))
        short = name.rpartition(".")[2]
        full = self._found[path].get((line, short), name)
        holder = COMPREHENSION.sub("", full)
        return Name(path, holder or "<module>"), holder == full


def of_pstats(path: Path, functions: Functions) -> Seen:
    """Read what cProfile wrote of one benchmark call.

    Raises:
        PeerError: it is no profile.
    """
    try:
        table: Mapping[Frame, Any] = pstats.Stats(str(path)).stats  # type: ignore[attr-defined]
    except (OSError, ValueError, TypeError, EOFError) as error:
        raise PeerError(f"{path.name} is no profile of cProfile's ({error})") from None
    own: defaultdict[Name, float] = defaultdict(float)
    total: defaultdict[Name, float] = defaultdict(float)
    for frame, (_, _, seconds, cumulative, _) in table.items():
        found = functions.name(frame)
        if found is None:
            continue
        name, whole = found
        own[name] += seconds
        if whole:
            # What runs inside a comprehension is in its function's cumulative time already.
            total[name] += cumulative
    return Seen(own, total, sum(row[2] for row in table.values()))


def of_stacks(stacks: Iterable[Stack], functions: Functions, inside: str, calls: int) -> Seen:
    """Add up sampled stacks.

    Args:
        stacks: what was sampled.
        functions: the package's.
        inside: the name of the function that calls the benchmark; what is not below it is left
            out, such as imports and setup.
        calls: how often it called the benchmark.

    Raises:
        PeerError: nothing was sampled below it.
    """
    own: defaultdict[Name, float] = defaultdict(float)
    total: defaultdict[Name, float] = defaultdict(float)
    whole = 0.0
    for frames, seconds in stacks:
        names = [name for _, _, name in frames]
        if inside not in names:
            continue
        whole += seconds / calls
        below = [functions.name(one) for one in frames[names.index(inside) + 1 :]]
        for name in {found[0] for found in below if found is not None}:
            total[name] += seconds / calls
        if below and below[-1] is not None:
            own[below[-1][0]] += seconds / calls
    if not whole:
        raise PeerError("no sample fell into the benchmark")
    return Seen(own, total, whole)


def pyinstrument_stacks(text: str) -> Iterator[Stack]:
    """Read a session as pyinstrument saves it.

    Raises:
        PeerError: it is none.
    """
    try:
        records = json.loads(text)["frame_records"]
        for frames, seconds in records:
            yield tuple(_pyinstrument_frame(one) for one in frames), float(seconds)
    except (ValueError, KeyError, TypeError):
        raise PeerError("this is no session of pyinstrument's") from None


def py_spy_stacks(text: str, rate: int) -> Iterator[Stack]:
    """Read py-spy's raw format, recorded with full file names and functions' first lines.

    Args:
        text: lines such as ``main (/x.py:1);load (/x.py:7) 42``.
        rate: samples a second.

    Raises:
        PeerError: a line is of another form.
    """
    for line in text.splitlines():
        frames, _, count = line.rpartition(" ")
        if not count.isdecimal():
            raise PeerError(f"{line[:60]!r} is no line of py-spy's")
        found = (PY_SPY_FRAME.fullmatch(one) for one in frames.split(";") if one)
        stack = tuple((one[2], int(one[3]), one[1]) for one in found if one is not None)
        yield stack, int(count) / rate


def blamed(before: Seen, after: Seen, order: Order) -> Answer:
    """Whom a reader blames who sorts by difference.

    The share of a function is its difference over the sum of all that rose, of own times; over
    the rise of the whole benchmark, of cumulative ones. No profiler states an interval.
    """
    first, second = before.of(order), after.of(order)
    rises = {name: second.get(name, 0.0) - first.get(name, 0.0) for name in {*first, *second}}
    whole = after.whole - before.whole
    if order == "own":
        whole = sum(rise for rise in rises.values() if rise > 0)
    ranked = sorted(rises.items(), key=lambda one: (-one[1], one[0]))
    causes = [
        Said(name.path, name.name, rise / whole if whole > 0 else 0.0)
        for name, rise in ranked[:MOST_CAUSES]
        if rise > 0
    ]
    return Answer("slower", tuple(causes), nested=order == "cumulative")


def _names(text: str, path: str) -> Iterator[tuple[tuple[int, str], str]]:
    """Qualified names by first line and name, of all code in a file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        waiting = [compile(text, path, "exec", dont_inherit=True)]
    while waiting:
        code = waiting.pop()
        is_class = code.co_name != "<module>" and not code.co_flags & CO_NEWLOCALS
        full = f"class {code.co_qualname}" if is_class else code.co_qualname
        yield (code.co_firstlineno, code.co_name), full
        waiting.extend(one for one in code.co_consts if isinstance(one, CodeType))


def _pyinstrument_frame(text: str) -> Frame:
    """A frame such as ``find␀/x.py␀7␁l9``; made-up ones such as ``[await]`` have no file."""
    parts = text.partition(PYINSTRUMENT_REST)[0].split(PYINSTRUMENT_PARTS)
    name, file, line = [*parts, "", "0"][:3]
    return file, int(line), name
