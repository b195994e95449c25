"""Puts pieces of a module's earlier version into its later text, line by line."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from asv_explain.changes.names import unbound_names
from asv_explain.changes.scopes import FunctionScope, Outer
from asv_explain.changes.versions import Module, Pair, Version

__all__ = [
    "CannotStand",
    "Edit",
    "complete",
    "edited",
    "function_edit",
    "header_edit",
    "unbound",
]

MODULE = "<module>"


class CannotStand(Exception):
    """Earlier code can't stand in the later version; the text says why."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Lines from ``first`` to ``last`` give way to others; none do if ``last`` is before."""

    first: int
    last: int
    lines: tuple[str, ...]


def edited(text: str, edits: Iterable[Edit]) -> str:
    """The text with its lines exchanged; what lies within another edit's lines goes with it."""
    kept: list[Edit] = []
    for one in sorted(edits, key=lambda one: (one.first, -one.last)):
        if not kept or one.first > kept[-1].last:
            kept.append(one)
    lines = text.split("\n")
    for one in reversed(kept):
        lines[one.first - 1 : one.last] = one.lines
    return "\n".join(lines)


def function_edit(after: Version, pair: Pair, before: Version | None) -> Edit:
    """The edit that puts a function back: in its place, into its class, or away where it is new.

    Args:
        after: the version in which it is made.
        pair: the function.
        before: the version that has the function as it was; None where it is new.

    Raises:
        CannotStand: there is no place for it.
    """
    if pair.before is None or before is None:
        if pair.after is None:
            raise CannotStand("its source before can't be read")
        indent = _indent(_line(after, pair.after.first))
        return Edit(pair.after.first, pair.after.last, (indent + "pass",))
    lines = _lines(before, pair.before.first, pair.before.last)
    if pair.after is None:
        return _inserted(after, pair.before, lines)
    if _indent(_line(after, pair.after.first)) != _indent(lines[0]):
        raise CannotStand("it stands at another depth than before")
    return Edit(pair.after.first, pair.after.last, _named(lines, pair.before, pair.after))


def _named(lines: tuple[str, ...], before: FunctionScope, after: FunctionScope) -> tuple[str, ...]:
    """The lines of a function under the name that it has after."""
    pattern = re.compile(rf"(\s*(?:async\s+)?def\s+){re.escape(before.bare)}\b")
    for number, line in enumerate(lines):
        if pattern.match(line):
            named = pattern.sub(lambda found: found[1] + after.bare, line, count=1)
            return (*lines[:number], named, *lines[number + 1 :])
    return lines


def _inserted(after: Version, scope: FunctionScope, lines: tuple[str, ...]) -> Edit:
    """Where a function that is gone stands again: at its class's end, or before all functions."""
    holder = scope.name.rpartition(".")[0]
    if not holder:
        line = _first_definition(after.text)
        return Edit(line, line - 1, lines)
    outer = after.source.outers.get(holder)
    if outer is None:
        raise CannotStand(f"`{holder}`, which held it, is gone")
    if outer.last == outer.first or _depth(after, outer) != _indent(lines[0]):
        raise CannotStand(f"`{holder}`, which held it, is written in another way")
    return Edit(outer.last + 1, outer.last, lines)


def header_edit(after: Version, before: Version, name: str) -> Edit:
    """The edit that gives a class the decorators, bases and keywords that it had."""
    lines = []
    for one in (before, after):
        outer = one.source.outers[name]
        last = _body(one, name) - 1
        if last < outer.first:
            raise CannotStand("it is written in one line")
        lines.append((outer.first, last))
    return Edit(*lines[1], _lines(before, *lines[0]))


def _body(version: Version, name: str) -> int:
    """The line in which a class's body begins."""
    first = version.source.outers[name].first
    for node in ast.walk(ast.parse(version.text)):
        if isinstance(node, ast.ClassDef) and _top(node) == first:
            return _top(node.body[0])
    raise CannotStand("it is written in another way than before")


def complete(text: str, module: Module) -> str:
    """The text with what its functions read, and only the earlier version of the module defines.

    Raises:
        CannotStand: a name is read that neither version defines at its top.
    """
    missing = unbound(text, module)
    while missing and module.before is not None:
        defined = _definitions(module.before.text)
        found = {defined[name] for name in missing if name in defined}
        if not found:
            break
        line = _first_definition(text)
        spans = (_lines(module.before, *span) for span in sorted(found))
        text = edited(text, [Edit(line, line - 1, tuple(one for span in spans for one in span))])
        missing = unbound(text, module)
    if missing:
        raise CannotStand(told_unbound(missing))
    return text


def unbound(text: str, module: Module) -> Mapping[str, str]:
    """Names that a text's functions read, and that it lacks though neither version does.

    Returns:
        Each with one of its readers.

    Raises:
        CannotStand: the text is no Python.
    """
    try:
        found = unbound_names(text)
    except SyntaxError as error:
        raise CannotStand(f"it does not fit into what is around it ({error.msg})") from None
    known: set[str] = set()
    for one in (module.before, module.after):
        known.update(() if one is None else unbound_names(one.text))
    return {name: reader for name, reader in found.items() if name not in known}


def told_unbound(missing: Mapping[str, str]) -> str:
    """The reason why names that are missing make a text impossible."""
    names = ", ".join(f"`{name}`" for name in sorted(missing))
    readers = ", ".join(f"`{name}`" for name in sorted({*missing.values()}))
    verb = "reads" if len({*missing.values()}) == 1 else "read"
    return f"{readers} {verb} {names}, which {'does' if len(missing) == 1 else 'do'} not exist then"


def _definitions(text: str) -> dict[str, tuple[int, int]]:
    """First and last lines of the statements at a module's top, by the names that they bind."""
    spans: dict[str, tuple[int, int]] = {}
    for node in ast.parse(text).body:
        span = _top(node), node.end_lineno or node.lineno
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            spans[node.name] = span
            continue
        for one in ast.walk(node):
            if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
                spans.setdefault(one.id, span)
            elif isinstance(one, ast.alias):
                spans.setdefault(one.asname or one.name.partition(".")[0], span)
    return spans


def _first_definition(text: str) -> int:
    """The line of the first function or class at a module's top, or the one after its end."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return _top(node)
    return text.count("\n") + 2


def _top(node: ast.stmt) -> int:
    """First line, decorators included."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(one.lineno for one in decorators)])


def _depth(version: Version, outer: Outer) -> str:
    """The indent of what stands in a class, as its last line has it, or what that continues."""
    return _indent(_line(version, _body(version, outer.name)))


def _line(version: Version, number: int) -> str:
    return version.text.split("\n")[number - 1]


def _lines(version: Version, first: int, last: int) -> tuple[str, ...]:
    return tuple(version.text.split("\n")[first - 1 : last])


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]
