"""A change that costs nothing, made beside one that does, to see whether it is accused."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from observatory.injections.injection import Files, Name
from observatory.injections.kinds.kind import Counts, Place, Price, hot, put
from observatory.injections.kinds.module import Function, read, rewritten

__all__ = ["RenamedLocal"]


class RenamedLocal:
    """A local variable renamed: the function's code differs and does the same in the same time."""

    name = "a local variable renamed"
    price = Price(0, 0)

    def places(self, files: Files, counts: Counts) -> Sequence[Place]:
        """Functions that have a variable of their own."""
        found = []
        for path, _, function, calls in hot(files, counts):
            names = _locals(function)
            if names:
                found.append(Place(path, function.name, calls, f":{names[0]}"))
        return found

    def write(self, files: Files, place: Place, amount: int, seed: str, *, after: bool) -> Files:
        """Later: another name for the variable."""
        if not after:
            return files
        module = read(files[place.path])
        function = module.functions[place.name]
        old = place.detail.partition(":")[2]
        new = module.free_name(f"{old}_here")
        pieces = [
            (*module.span(one), new)
            for one in ast.walk(function.node)
            if isinstance(one, ast.Name) and one.id == old
        ]
        return put(files, place.path, rewritten(module.text, pieces))

    def names(self, files: Files, place: Place, seed: str) -> tuple[Name, ...]:
        """The function."""
        return (Name(place.path, place.name),)


def _locals(function: Function) -> list[str]:
    """Variables of a function that only plain names refer to, none of them in an f-string."""
    node = function.node
    stored, texts, others = set[str](), set[str](), set[str]()
    for one in ast.walk(node):
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
            stored.add(one.id)
        elif isinstance(one, ast.Global | ast.Nonlocal):
            others |= set(one.names)
        elif isinstance(one, ast.arg):
            others.add(one.arg)
        elif isinstance(one, ast.alias):
            others.add(one.asname or one.name.partition(".")[0])
        elif isinstance(one, ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
            others.add(one.name or "")
        elif isinstance(one, ast.MatchMapping):
            others.add(one.rest or "")
        elif isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            # Variables of scopes inside may have the name for themselves.
            if one is not node:
                return []
        elif isinstance(one, ast.JoinedStr):
            texts |= {name.id for name in ast.walk(one) if isinstance(name, ast.Name)}
    return sorted(name for name in stored - texts - others if not name.startswith("_"))
