"""What stands outside functions and steers them: constants, class attributes, sets, copies."""

from __future__ import annotations

from collections.abc import Sequence

from observatory.injections.injection import Files, Name
from observatory.injections.kinds.helpers import helper_name, plain
from observatory.injections.kinds.kind import Counts, Place, Price, hot, put
from observatory.injections.kinds.module import free_name, read, rewritten
from observatory.injections.kinds.work import STEP_SECONDS, drawn, work
from observatory.injections.kinds.wrappers import plain_class

__all__ = ["ConstantChanged", "CopyAdded", "LinearSearch"]


class ConstantChanged:
    """A constant or class attribute changed: the code that reads it does more.

    Both sides have the constant and the work that it steers. The change is outside functions, so
    right is the module or the class, as the hook says it; the function that reads the constant is
    right too, as the time is lost there by what was changed for it alone.
    """

    name = "a constant or class attribute changed"
    price = Price(0, STEP_SECONDS)

    # The constant before.
    _BEFORE = 2

    def places(self, files: Files, counts: Counts) -> Sequence[Place]:
        """Functions, each with its module, and methods with their class."""
        found = []
        for path, module, function, calls in hot(files, counts):
            found.append(Place(path, function.name, calls))
            owner, arguments = function.owner, function.node.args.args
            if (
                owner is not None
                and arguments
                and arguments[0].arg == "self"
                and plain_class(owner)
                and module.indent(function.node) is not None
                and function.node in owner.body
            ):
                found.append(Place(path, function.name, calls, "class"))
        return found

    def write(self, files: Files, place: Place, amount: int, seed: str, *, after: bool) -> Files:
        """Both: a constant that says how much work is done. Later: a larger one."""
        module = read(files[place.path])
        function = module.functions[place.name]
        value = self._BEFORE + (amount if after else 0)
        if place.detail:
            name = module.free_name("_depth")
            said, asked = module.above(function.node, [f"{name} = {value}", ""]), f"self.{name}"
        else:
            name = helper_name(module, "_DEPTH", place)
            said = module.above(function.top, [f"{name} = {value}"], gap="\n\n")
            asked = name
        lines = work(seed, asked, set(function.identifiers()))
        pieces = [said, module.at_start(function, lines)]
        return put(files, place.path, rewritten(module.text, pieces))

    def names(self, files: Files, place: Place, seed: str) -> tuple[Name, ...]:
        """The module or the class, and the function that reads it."""
        outer = f"class {place.name.rpartition('.')[0]}" if place.detail else "<module>"
        return Name(place.path, outer), Name(place.path, place.name)


class LinearSearch:
    """A linear search for a set: what was looked up is searched from its start.

    Both sides look for a word that is not there. Either the module's set became a tuple, which is
    a change of the module that its reader shows, so that both are right; or the function itself
    walks over what it looked up, and is right alone.
    """

    name = "a linear search for a set"
    price = Price(1e-7, 2e-8)

    def places(self, files: Files, counts: Counts) -> Sequence[Place]:
        """Every function that the benchmark calls, with the module changed or without."""
        return [
            Place(one.path, one.name, one.calls, where)
            for one in plain(files, counts)
            for where in ("module", "function")
        ]

    def write(self, files: Files, place: Place, amount: int, seed: str, *, after: bool) -> Files:
        """Both: a set of so many words, and a question. Later: the words one by one."""
        module = read(files[place.path])
        function = module.functions[place.name]
        words = helper_name(module, "_WORDS", place)
        outside = place.detail == "module"
        kind = "tuple" if after and outside else "frozenset"
        made = f"{words} = {kind}(map(str, range({amount})))"
        question = f'if "none" in {words}:'
        if after and not outside:
            question = f'if any(word == "none" for word in {words}):'
        text = f'    raise ValueError("none is no word of {place.name}")'
        pieces = [
            module.above(function.top, [made], gap="\n\n"),
            module.at_start(function, [question, text]),
        ]
        return put(files, place.path, rewritten(module.text, pieces))

    def names(self, files: Files, place: Place, seed: str) -> tuple[Name, ...]:
        """The function, and the module where the set stands if that is what changed."""
        reader = Name(place.path, place.name)
        return (Name(place.path, "<module>"), reader) if place.detail == "module" else (reader,)


class CopyAdded:
    """A copy added: the function copies a table of the module's before it reads it.

    Both sides have the table and read it. Right is the function that copies.
    """

    name = "a copy added"
    price = Price(1e-7, 8e-9)

    _COPIES = ("dict({table})", "{table}.copy()", "{{**{table}}}", "copy.copy({table})")

    def places(self, files: Files, counts: Counts) -> Sequence[Place]:
        """Every function that the benchmark calls."""
        return plain(files, counts)

    def write(self, files: Files, place: Place, amount: int, seed: str, *, after: bool) -> Files:
        """Both: a table of so many entries, read. Later: a copy of it read."""
        module = read(files[place.path])
        function = module.functions[place.name]
        table = helper_name(module, "_MARKS", place)
        copied = drawn("copy", seed).choice(self._COPIES)
        marks = free_name("marks", function.identifiers())
        lines = [
            f"{marks} = {copied.format(table=table) if after else table}",
            f"if None in {marks}:",
            f'    raise ValueError("{place.name} takes no mark for None")',
        ]
        pieces = [
            module.above(function.top, [f"{table} = dict.fromkeys(range({amount}))"], gap="\n\n"),
            module.at_start(function, lines),
        ]
        if copied.startswith("copy."):
            pieces.insert(0, module.after_imports(["import copy"]))
        return put(files, place.path, rewritten(module.text, pieces))

    def names(self, files: Files, place: Place, seed: str) -> tuple[Name, ...]:
        """The function."""
        return (Name(place.path, place.name),)
