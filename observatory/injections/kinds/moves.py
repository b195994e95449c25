"""A function that moves to another module and gets slower on the way."""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Sequence
from pathlib import PurePosixPath

from observatory.injections.injection import Files, Name
from observatory.injections.kinds.helpers import helper_name
from observatory.injections.kinds.kind import Counts, Place, Price, hot, put
from observatory.injections.kinds.module import Function, Module, bound_names, read, rewritten
from observatory.injections.kinds.work import STEP_SECONDS, work

__all__ = ["MovedAndSlower"]


# What these say depends on the module in which they are read.
_OWN_NAMES = {"__name__", "__file__", "__package__", "__spec__", "globals"}


class MovedAndSlower:
    """Code moved to another module while made slower.

    A function of the module's own level that needs nothing defined below it moves as it is; for
    others both sides have a helper that they call, and that moves. The file it came from imports
    it where it stood. Right is the function at its new place, and, for those who say where it
    was, at its old one.
    """

    name = "code moved to another module while made slower"
    price = Price(1e-7, STEP_SECONDS)

    def places(self, files: Files, counts: Counts) -> Sequence[Place]:
        """Functions that can move, and functions that can call a helper that moves."""
        found = []
        for path, module, function, calls in hot(files, counts):
            if _can_move(files, path, module, function):
                found.append(Place(path, function.name, calls, "whole"))
            found.append(Place(path, function.name, calls, "helper"))
        return found

    def write(self, files: Files, place: Place, amount: int, seed: str, *, after: bool) -> Files:
        """Later: a module beside the old one, with the function doing so much more."""
        module = read(files[place.path])
        moved = self._moved(module, place)
        if place.detail == "helper":
            function = module.functions[place.name]
            lines = [f"def {moved}(part):", *("    " + one for one in work(f"{seed} helper", "2"))]
            lines.append("    return part")
            pieces = [
                module.above(function.top, lines, gap="\n\n"),
                module.at_start(function, [f"{moved}({place.name!r})"]),
            ]
            files = put(files, place.path, rewritten(module.text, pieces))
            module = read(files[place.path])
        if not after:
            return files
        function = module.functions[moved]
        lines = work(seed, str(amount), set(function.identifiers()))
        path = _new_path(place.path, moved)
        home = _dotted(place.path)
        start, end = module.line_start(function.node), module.line_end(function.node)
        begin, _, more = module.at_start(function, lines)
        text = module.text[start:begin] + more + module.text[begin:end]
        imports = [_future(module)] if _future(module) else []
        imports += [f"from {home} import {one}" for one in sorted(_needed(module, function))]
        gap = "\n\n\n" if imports else ""
        there = f'"""Has {moved} for {home}."""\n\n' + "\n".join(imports) + gap + text
        here = f"from {_dotted(path)} import {moved}\n"
        files = put(files, place.path, rewritten(module.text, [(start, end, here)]))
        return put(files, path, there)

    def names(self, files: Files, place: Place, seed: str) -> tuple[Name, ...]:
        """The function at its new place and at its old one."""
        moved = self._moved(read(files[place.path]), place)
        return Name(_new_path(place.path, moved), moved), Name(place.path, moved)

    @staticmethod
    def _moved(module: Module, place: Place) -> str:
        """The name of the function that moves."""
        return place.name if place.detail == "whole" else helper_name(module, "_tell", place)


def _can_move(files: Files, path: str, module: Module, function: Function) -> bool:
    """Whether a function needs nothing that stands below it or that is bound anew."""
    if function.owner is not None or function.node not in module.tree.body:
        return False
    if function.decorators or _new_path(path, function.name) in files:
        return False
    if _OWN_NAMES & set(function.identifiers()):
        return False
    rebound = {
        name for one in ast.walk(module.tree) if isinstance(one, ast.Global) for name in one.names
    }
    needed = _needed(module, function)
    above = module.bound(function.node.lineno)
    above -= {
        name
        for one in module.tree.body
        if isinstance(one, ast.If) and "TYPE_CHECKING" in ast.unparse(one.test)
        for name in bound_names(one)
    }
    return needed <= above and not needed & rebound and function.name not in rebound


def _needed(module: Module, function: Function) -> set[str]:
    """Names of the module that a function reads, from its body, defaults and annotations."""
    text = module.text[slice(*module.span(function.node))]
    tables = [symtable.symtable(text, "<function>", "exec")]
    names: set[str] = set()
    while tables:
        table = tables.pop()
        tables += table.get_children()
        names |= {
            one.get_name()
            for one in table.get_symbols()
            if one.is_referenced() and (one.is_global() or table.get_type() == "module")
        }
    own = module.bound()
    return {one for one in names if one in own or not hasattr(builtins, one)} - {function.name}


def _new_path(path: str, name: str) -> str:
    """A file beside the old one."""
    old = PurePosixPath(path)
    stem = "parts" if old.stem == "__init__" else old.stem.strip("_")
    return str(old.with_name(f"_{stem}_{name.strip('_').lower()}.py"))


def _dotted(path: str) -> str:
    """How a file is imported."""
    parts = PurePosixPath(path).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _future(module: Module) -> str:
    """The statement that says how annotations are read, where there is one."""
    return next(
        (
            module.of(one)
            for one in module.tree.body
            if isinstance(one, ast.ImportFrom) and one.module == "__future__"
        ),
        "",
    )
