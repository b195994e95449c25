"""What a function does besides: work of its own, slower defaults, imports where they run often."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from observatory.injections.injection import Files, Name
from observatory.injections.kinds.kind import Counts, Place, Price, hot, put
from observatory.injections.kinds.module import Function, bound_names, free_name, read, rewritten
from observatory.injections.kinds.work import STEP_SECONDS, drawn, work

__all__ = ["EagerImport", "OwnWork", "SlowerDefault"]

# Names of Python's own library that an import in a function may ask for, from small modules that
# import little themselves; each is one that programs do import in functions.
_IMPORTS = (
    "from collections import OrderedDict",
    "from functools import partial",
    "from operator import itemgetter",
    "from textwrap import dedent",
    "from keyword import iskeyword",
    "from string import ascii_letters",
    "from copy import deepcopy",
    "from types import MappingProxyType",
    "from bisect import bisect_left",
    "from heapq import heappush",
    "import collections.abc",
    "import importlib.util",
    "import json.decoder",
    "import os.path",
)


class OwnWork:
    """Own work added: the function does something at its start that nobody uses.

    Right is the function alone.
    """

    name = "own work added"
    price = Price(1e-7, STEP_SECONDS)

    def places(self, files: Files, counts: Counts) -> Sequence[Place]:
        """Every function that the benchmark calls."""
        return [Place(path, one.name, calls) for path, _, one, calls in hot(files, counts)]

    def write(self, files: Files, place: Place, amount: int, seed: str, *, after: bool) -> Files:
        """Later: work at the start of the function, so many steps of it."""
        if not after:
            return files
        module = read(files[place.path])
        function = module.functions[place.name]
        lines = work(seed, str(amount), set(function.identifiers()))
        return put(files, place.path, rewritten(module.text, [module.at_start(function, lines)]))

    def names(self, files: Files, place: Place, seed: str) -> tuple[Name, ...]:
        """The function."""
        return (Name(place.path, place.name),)


class SlowerDefault:
    """A slower default: a keyword of the function tells how thorough it is, and is raised.

    Both sides have the keyword and the work that it steers; callers don't give it. Right is the
    function, whose default it is.
    """

    name = "a slower default"
    price = Price(0, STEP_SECONDS)

    # How thorough it is before.
    _BEFORE = 2

    def places(self, files: Files, counts: Counts) -> Sequence[Place]:
        """Functions that can take one more keyword."""
        return [
            Place(path, one.name, calls)
            for path, _, one, calls in hot(files, counts)
            if _arguments(one) and not one.decorators
        ]

    def write(self, files: Files, place: Place, amount: int, seed: str, *, after: bool) -> Files:
        """Both: a keyword, and work for it. Later: with a larger default."""
        module = read(files[place.path])
        function = module.functions[place.name]
        name = module.free_name("effort")
        star = "" if function.node.args.kwonlyargs or function.node.args.vararg else ", *"
        value = self._BEFORE + (amount if after else 0)
        end = max(module.span(one)[1] for one in _arguments(function))
        lines = work(seed, name, set(function.identifiers()))
        pieces = [(end, end, f"{star}, {name}={value}"), module.at_start(function, lines)]
        return put(files, place.path, rewritten(module.text, pieces))

    def names(self, files: Files, place: Place, seed: str) -> tuple[Name, ...]:
        """The function."""
        return (Name(place.path, place.name),)


class EagerImport:
    """An eager import: names that the function does not need are imported each time it runs.

    A benchmark's ``time_`` methods measure calls, so an import at the top of a module, which runs
    once, costs them nothing. What costs them is the import statement inside a function that runs
    often: the module is there already, and looking it up is what takes the time. Right is the
    function that has the statement.
    """

    name = "an eager import"
    price = Price(4e-7, 4e-7, most=20_000)

    # More import statements than these stand in a loop.
    _AT_ONCE = 6

    def places(self, files: Files, counts: Counts) -> Sequence[Place]:
        """Every function that the benchmark calls."""
        return [Place(path, one.name, calls) for path, _, one, calls in hot(files, counts)]

    def write(self, files: Files, place: Place, amount: int, seed: str, *, after: bool) -> Files:
        """Later: so many import statements run at the start of the function, many in a loop."""
        if not after:
            return files
        module = read(files[place.path])
        function = module.functions[place.name]
        chance = drawn("imports", seed)
        # What the function itself, or the module for it, calls by such a name stays what it is.
        taken = {*function.identifiers(), *module.bound()}
        free = [line for line in _IMPORTS if not taken & set(_binds(line))]
        chance.shuffle(free)
        if not free:
            free = ["from textwrap import dedent as _dedent"]
        used = free[: self._AT_ONCE]
        turns, rest = divmod(amount, len(used))
        lines = used[:rest] if turns > 1 else [*used * turns, *used[:rest]]
        if turns > 1:
            turn = free_name("turn", function.identifiers())
            lines += [f"for {turn} in range({turns}):", *("    " + line for line in used)]
        return put(files, place.path, rewritten(module.text, [module.at_start(function, lines)]))

    def names(self, files: Files, place: Place, seed: str) -> tuple[Name, ...]:
        """The function."""
        return (Name(place.path, place.name),)


def _arguments(function: Function) -> list[ast.arg | ast.expr]:
    """Arguments and their defaults, if a keyword can follow them."""
    arguments = function.node.args
    if arguments.posonlyargs or arguments.kwarg is not None:
        return []
    every: list[ast.arg | ast.expr] = [*arguments.args, *arguments.kwonlyargs, *arguments.defaults]
    every += [one for one in (arguments.vararg, *arguments.kw_defaults) if one is not None]
    return every


def _binds(line: str) -> list[str]:
    """The names that an import statement binds."""
    return list(bound_names(ast.parse(line).body[0]))
