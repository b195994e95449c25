"""A function that becomes a coroutine, and those who call it."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from observatory.injections.injection import Files, Name
from observatory.injections.kinds.helpers import helper_name
from observatory.injections.kinds.kind import Counts, Place, Price, hot, put
from observatory.injections.kinds.module import Function, Module, Piece, free_name, read, rewritten

__all__ = ["TurnedAsync"]

# More functions than these that call it would make it another kind of change: a rewrite.
_MOST_CALLERS = 4
# Code inside a coroutine that can't await, or not without becoming something else.
_OTHER_SCOPES = (
    ast.FunctionDef,
    ast.Lambda,
    ast.ClassDef,
    ast.GeneratorExp,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
)
_DRIVER = (
    "def {name}(work):",
    '    """Return what a coroutine returns that never waits."""',
    "    try:",
    "        work.send(None)",
    "    except StopIteration as done:",
    "        return done.value",
    '    raise RuntimeError("it waits")',
)


class TurnedAsync:
    """``def`` turned ``async def``: callers that are coroutines await it, others drive it.

    Where all calls of a function stand in its own file it turns as it is. Otherwise what it did
    becomes a coroutine inside it. More of the amount has it await more checkpoints, which are
    coroutines that return at once. Right are the function, the coroutine inside it, the bridge
    that drives it and the checkpoint, which come with it as one change, and those callers that
    the change had to edit; no caller that stayed as it was.
    """

    name = "def turned async def"
    price = Price(6e-7, 1.5e-7, lowest=0, most=100_000)

    def places(self, files: Files, counts: Counts) -> Sequence[Place]:
        """Functions whose callers are known, and those that can hold what they did."""
        found = []
        for path, module, function, calls in hot(files, counts):
            if not isinstance(function.node, ast.FunctionDef) or function.decorators:
                continue
            if _calls(files, path, module, function):
                found.append(Place(path, function.name, calls, "whole"))
            if _can_hold(module, function):
                found.append(Place(path, function.name, calls, "inside"))
        return found

    def write(self, files: Files, place: Place, amount: int, seed: str, *, after: bool) -> Files:
        """Later: a coroutine, who drives it, and so many checkpoints."""
        if not after:
            return files
        module = read(files[place.path])
        function = module.functions[place.name]
        drive, pause = self._bridge(module, place)
        above = [line.format(name=drive) for line in _DRIVER]
        steps: list[str] = []
        if amount:
            above += ["", "", f"async def {pause}():", f'    """Let {place.name} be stopped."""']
            turn = free_name("turn", function.identifiers())
            steps = [f"for {turn} in range({amount}):", f"    await {pause}()"]
        pieces = [module.above(function.top, above, gap="\n\n")]
        if place.detail == "whole":
            start = module.span(function.node)[0]
            pieces.append((start, start, "async "))
            if steps:
                pieces.append(module.at_start(function, steps))
            for call, waits, _ in _calls(files, place.path, module, function):
                begin, end = module.span(call)
                word = "(await " if waits else f"{drive}("
                pieces += [(begin, begin, word), (end, end, ")")]
        else:
            pieces.append(_held(module, function, drive, steps))
        return put(files, place.path, rewritten(module.text, pieces))

    def names(self, files: Files, place: Place, seed: str) -> tuple[Name, ...]:
        """The function and what came with it, and the callers that had to change."""
        module = read(files[place.path])
        function = module.functions[place.name]
        names = [place.name]
        if place.detail == "whole":
            names += [one for _, _, one in _calls(files, place.path, module, function)]
        else:
            names.append(f"{place.name}.<locals>.later")
        names += self._bridge(module, place)
        return tuple(Name(place.path, name) for name in dict.fromkeys(names))

    @staticmethod
    def _bridge(module: Module, place: Place) -> tuple[str, str]:
        """The names of what drives the coroutine, and of the checkpoint."""
        return helper_name(module, "_drive", place), helper_name(module, "_pause", place)


def _calls(
    files: Files, path: str, module: Module, function: Function
) -> list[tuple[ast.Call, bool, str]]:
    """All calls of a function, whether each can await, and in which function it stands.

    Empty unless every word of its name in the whole package is its definition or such a call.
    """
    name = function.node.name
    if name.startswith("__"):
        return []
    word = re.compile(rf"\b{re.escape(name)}\b")
    if any(word.search(text) for other, text in files.items() if other != path):
        return []
    found = []
    for other in module.functions.values():
        for call, waits in _calls_in(
            other.node, name, isinstance(other.node, ast.AsyncFunctionDef)
        ):
            if other is function:
                waits = waits or _directly_in(other.node, call)
            found.append((call, waits, other.name))
    callers = {caller for _, _, caller in found}
    if len(found) != len(word.findall(module.text)) - 1 or len(callers) > _MOST_CALLERS:
        return []
    return sorted(found, key=lambda one: (one[0].lineno, one[0].col_offset))


def _calls_in(node: ast.AST, name: str, waits: bool) -> list[tuple[ast.Call, bool]]:
    """Calls of a name below a node, and whether they stand in a coroutine's own code."""
    found = []
    for one in ast.iter_child_nodes(node):
        # Places inside f-strings are not known, and what is in other scopes can't await.
        if isinstance(one, ast.JoinedStr):
            continue
        inner = waits
        if isinstance(one, _OTHER_SCOPES):
            inner = False
        elif isinstance(one, ast.AsyncFunctionDef):
            inner = True
        if isinstance(one, ast.Call):
            called = one.func
            if name == (called.attr if isinstance(called, ast.Attribute) else _id(called)):
                found.append((one, waits))
        found += _calls_in(one, name, inner)
    return found


def _directly_in(node: ast.AST, call: ast.Call) -> bool:
    """Whether a call stands in a function's own code, once that is a coroutine."""
    return any(one is call and waits for one, waits in _calls_in(node, _called(call), True))


def _called(call: ast.Call) -> str:
    """The name that a call calls."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else _id(call.func)


def _id(node: ast.expr) -> str:
    """A variable's name."""
    return node.id if isinstance(node, ast.Name) else ""


def _can_hold(module: Module, function: Function) -> bool:
    """Whether a function's body may as well stand in a coroutine inside it."""
    node = function.node
    arguments = node.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [one for one in (arguments.vararg, arguments.kwarg) if one is not None]
    stored = {
        one.id
        for one in ast.walk(node)
        if isinstance(one, ast.Name) and not isinstance(one.ctx, ast.Load)
    }
    return (
        not stored & {one.arg for one in every}
        and "super" not in function.identifiers()
        and "later" not in function.identifiers()
        and not any(isinstance(one, ast.Nonlocal | ast.Global) for one in ast.walk(node))
        # What is written over several lines would not stay what it is when it moves to the right.
        and not any(
            isinstance(one, ast.Constant | ast.JoinedStr) and one.lineno != one.end_lineno
            for statement in node.body[node.body[0] is not function.first :]
            for one in ast.walk(statement)
        )
        and "\\\n" not in module.text[slice(*module.span(node))]
    )


def _held(module: Module, function: Function, drive: str, steps: Sequence[str]) -> Piece:
    """A function's body inside a coroutine that it drives."""
    first = function.first or function.node.body[0]
    indent = module.indent(first) or ""
    start, end = module.line_start(first), module.line_end(function.node)
    body = module.text[start:end].rstrip("\n").split("\n")
    lines = [f"{indent}async def later():"]
    lines += [f"{indent}    {line}" for line in steps]
    lines += [f"    {line}" if line.strip() else "" for line in body]
    lines += ["", f"{indent}return {drive}(later())"]
    return start, end, "\n".join(lines) + "\n"
