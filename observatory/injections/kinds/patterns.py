"""A regular expression that takes longer to say the same."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from observatory.injections.injection import Files, Name
from observatory.injections.kinds.helpers import helper_name
from observatory.injections.kinds.kind import Counts, Place, Price, hot, put
from observatory.injections.kinds.module import Module, read, rewritten

__all__ = ["DearerPattern"]

# What a pattern is given in front: it matches wherever the pattern may, takes nothing, and walks
# over so many characters by a choice that the compiler of patterns does not take out.
_AHEAD = "(?=(?:[^~]|~){{0,{count}}})"


class DearerPattern:
    """A regular expression made dearer: it looks ahead over text that it need not see.

    Patterns that the package compiles at module or class level, of which the benchmark runs a
    reader; and for packages without, a pattern that both sides have, checked by a function, in
    which letters became a choice among alternatives. The change is outside functions, so right
    is the module or the class, as the hook says it, and the functions that read the pattern.
    """

    name = "a regular expression made dearer"
    price = Price(2e-7, 2e-8, most=50_000)

    def places(self, files: Files, counts: Counts) -> Sequence[Place]:
        """Patterns of the package, and functions that can check one."""
        found = []
        functions = hot(files, counts)
        for path in sorted({name.path for name in counts} & files.keys()):
            module = read(files[path])
            for one in _patterns(module):
                calls = sum(
                    calls
                    for other, _, function, calls in functions
                    if other == path and one.bound in function.identifiers()
                )
                if calls:
                    found.append(Place(path, one.outer, calls, f"own:{one.bound}"))
        found += [Place(path, one.name, calls) for path, _, one, calls in functions]
        return found

    def write(self, files: Files, place: Place, amount: int, seed: str, *, after: bool) -> Files:
        """Later: the dearer pattern; both: the text, where it is one that was added."""
        module = read(files[place.path])
        if place.detail:
            if not after:
                return files
            one = next(
                one
                for one in _patterns(module)
                if (one.outer, one.bound) == (place.name, _bound(place))
            )
            start = _inside(module, one.text)
            ahead = _AHEAD.format(count=amount)
            pieces = [(start, start, ahead)]
            return put(files, place.path, rewritten(module.text, pieces))
        function = module.functions[place.name]
        shape = helper_name(module, "_SHAPE", place)
        sample = helper_name(module, "_SAMPLE", place)
        letters = "(?:[a-z]|__)+" if after else "[a-z]+"
        made = [f'{shape} = re.compile(r"{letters}$")', f'{sample} = "x" * {amount}']
        checked = [
            f"if {shape}.match({sample}) is None:",
            f'    raise ValueError("{place.name} has no shape")',
        ]
        pieces = [
            module.after_imports(["import re"]),
            module.above(function.top, made, gap="\n\n"),
            module.at_start(function, checked),
        ]
        return put(files, place.path, rewritten(module.text, pieces))

    def names(self, files: Files, place: Place, seed: str) -> tuple[Name, ...]:
        """The module or class that has the pattern, and the functions that read it."""
        if not place.detail:
            return Name(place.path, "<module>"), Name(place.path, place.name)
        module = read(files[place.path])
        readers = [
            Name(place.path, name)
            for name, function in module.functions.items()
            if _bound(place) in function.identifiers()
        ]
        return Name(place.path, place.name), *readers


class _Pattern(NamedTuple):
    """A pattern compiled outside functions: where, under which name, and its literal."""

    outer: str
    bound: str
    text: ast.Constant


def _bound(place: Place) -> str:
    """The name of a package's own pattern."""
    return place.detail.partition(":")[2]


def _patterns(module: Module) -> Iterator[_Pattern]:
    """Patterns that the module's own level and its classes' compile from one literal."""
    bodies = [("<module>", module.tree.body)]
    bodies += [(f"class {name}", node.body) for name, (node, _) in module.classes.items()]
    for outer, body in bodies:
        for statement in body:
            if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
                continue
            target, made = statement.targets[0], statement.value
            if not isinstance(target, ast.Name) or not isinstance(made, ast.Call):
                continue
            if ast.unparse(made.func) not in ("re.compile", "compile", "_re.compile"):
                continue
            text = made.args[0] if made.args else None
            if (
                isinstance(text, ast.Constant)
                and isinstance(text.value, str)
                and not text.value.startswith(("(?", "^", "\\A"))
            ):
                yield _Pattern(outer, target.id, text)


def _inside(module: Module, literal: ast.Constant) -> int:
    """Where the characters of a literal begin."""
    start = module.span(literal)[0]
    while module.text[start] not in "\"'":
        start += 1
    quote = module.text[start]
    return start + (3 if module.text.startswith(quote * 3, start) else 1)
