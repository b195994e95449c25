"""What changed between two versions of modules, in pieces that can go back one by one."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, TypeAlias

from asv_explain.changes.scopes import FunctionScope, Outer, Statement
from asv_explain.changes.versions import Module, Pair, Version
from asv_explain.trials.splice import (
    MODULE,
    CannotStand,
    Edit,
    complete,
    edited,
    function_edit,
    header_edit,
)

__all__ = ["Kind", "Piece", "pieces_of", "put_back", "tied"]

Kind: TypeAlias = Literal["function", "new", "gone", "definition", "class", "statement"]
"""A function that changed, came or went; a name that is defined as another kind of thing, such as
a class that became a function; decorators and bases of a class; a statement outside functions."""

_LOCAL = ".<locals>."

_FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A change that can be put back.

    Attributes:
        module: import path of its module.
        name: qualified name of the function or class; for a statement, what it stands in, and the
            names that it binds if any.
        kind: what it is.
        edit: what puts it back into the later version of the module.
        pairs: the functions that go back with it.
        helpers: what puts methods back that are gone, and that it calls.
    """

    module: str
    name: str
    kind: Kind
    edit: Edit
    pairs: tuple[Pair, ...] = ()
    helpers: tuple[Edit, ...] = ()

    @property
    def title(self) -> str:
        """Its file and its name."""
        return f"{self.module}: {self.name}"


def pieces_of(module: Module) -> list[Piece]:
    """All that changed in a module that both versions have, in the later one's order.

    What is new at the top of a module is none, as nothing but changed code can use it. What is gone
    from there is none either: it comes back with the code that needs it.
    """
    before, after = module.before, module.after
    if before is None or after is None:
        return []
    found = [*_redefined(module, before, after)]
    spans = [(one.edit.first, one.edit.last) for one in found]
    found += (one for one in _functions(module, before, after) if not _within(one.edit, spans))
    for name in after.source.outers:
        if name in before.source.outers:
            outside = _outside(module, name, before, after)
            found += (one for one in outside if not _within(one.edit, spans))
    return sorted(found, key=lambda one: (one.edit.first, one.edit.last, one.name))


def put_back(pieces: Iterable[Piece], modules: Mapping[str, Module]) -> dict[str, str]:
    """The text of each module that holds one of the pieces, with those as before.

    Args:
        pieces: what is put back.
        modules: all modules that changed.

    Raises:
        CannotStand: a piece can't stand in the later version; the text says why.
    """
    edits: dict[str, list[Edit]] = {}
    for one in pieces:
        edits.setdefault(one.module, []).extend((one.edit, *one.helpers))
    texts = {}
    for path, every in edits.items():
        module = modules[path]
        if module.after is None:
            raise CannotStand(f"{path} is gone")
        try:
            texts[path] = complete(edited(module.after.text, dict.fromkeys(every)), module)
        except CannotStand as error:
            raise CannotStand(f"{path}: {error}") from error
    return texts


def tied(pieces: Sequence[Piece]) -> list[frozenset[int]]:
    """Which pieces have to go back together, as their functions call each other in another way.

    Returns:
        Sets of positions, each position in one of them.
    """
    callers: dict[str, list[int]] = {}
    for place, piece in enumerate(pieces):
        for pair in piece.pairs:
            for name in pair.recalled:
                callers.setdefault(name, []).append(place)
    leaders = list(range(len(pieces)))

    def leader(place: int) -> int:
        while leaders[place] != place:
            leaders[place] = place = leaders[leaders[place]]
        return place

    for place, piece in enumerate(pieces):
        for pair in piece.pairs:
            if pair.turned or pair.shifted:
                for other in callers.get(pair.bare, ()):
                    leaders[leader(other)] = leader(place)
    groups: dict[int, list[int]] = {}
    for place in range(len(pieces)):
        groups.setdefault(leader(place), []).append(place)
    return [frozenset(one) for one in groups.values()]


def _functions(module: Module, before: Version, after: Version) -> Iterator[Piece]:
    """Functions that changed, each with those inside it; methods that came and went.

    A method that came or went is a piece of its own only if no changed function calls it: else it
    is a helper, which stays where it is new, and comes back with its caller where it is gone.
    """
    changed = [one for one in module.pairs if one.before and one.after and _LOCAL not in one.name]
    names = {one.name for one in changed}
    read: set[str] = set()
    gone: dict[str, Pair] = {}
    for one in module.pairs:
        if one.before and one.after:
            read |= one.before.reads ^ one.after.reads
        elif one.after is None and "." in one.name and _LOCAL not in one.name:
            gone[one.bare] = one
    for one in module.pairs:
        outer, _, local = one.name.partition(_LOCAL)
        kind: Kind = "function"
        inside: list[Pair] = []
        helpers: list[Edit] = []
        if local and (outer in names or not (one.before and one.after)):
            continue
        if one.before and one.after:
            inside = [each for each in module.pairs if each.name.startswith(one.name + _LOCAL)]
            lost = (one.before.reads - one.after.reads) & gone.keys()
            helpers = [each for name in sorted(lost) if (each := _edit(after, gone[name], before))]
        else:
            # Beside a class that stayed, a method may stand before the one of a base.
            holder = one.name.rpartition(".")[0]
            stayed = all(holder in side.source.outers for side in (before, after))
            if not holder or not stayed or one.bare in read:
                continue
            kind = "new" if one.before is None else "gone"
        edit = _edit(after, one, before)
        if edit is not None:
            yield Piece(module.path, one.name, kind, edit, (one, *inside), tuple(helpers))


def _edit(after: Version, pair: Pair, before: Version) -> Edit | None:
    """The edit that puts a function back; None where there is no place for it."""
    try:
        return function_edit(after, pair, before)
    except CannotStand:
        return None


def _redefined(module: Module, before: Version, after: Version) -> Iterator[Piece]:
    """Names at the top of both versions that are defined as another kind of thing."""
    ours, theirs = _definitions(before.text), _definitions(after.text)
    for name, (kind, first, last) in theirs.items():
        if name not in ours or ours[name][0] == kind:
            continue
        lines = before.text.split("\n")[ours[name][1] - 1 : ours[name][2]]
        pairs = tuple(one for one in module.pairs if one.name == name)
        yield Piece(module.path, name, "definition", Edit(first, last, tuple(lines)), pairs)


def _definitions(text: str) -> dict[str, tuple[str, int, int]]:
    """What kind of thing each name at the top of a module is, with first and last line.

    Names that are bound twice are left out, as it is unclear which of them counts.
    """
    found: dict[str, tuple[str, int, int]] = {}
    twice = set()
    for node in ast.parse(text).body:
        names: list[str] = []
        if isinstance(node, _FUNCTION | ast.ClassDef):
            names = [node.name]
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [one.id for one in targets if isinstance(one, ast.Name)]
        kind = "function" if isinstance(node, _FUNCTION) else type(node).__name__
        kind = "value" if kind.endswith("Assign") else kind
        decorators = getattr(node, "decorator_list", ())
        first = min([node.lineno, *(one.lineno for one in decorators)])
        for name in names:
            twice |= {name} & found.keys()
            found[name] = kind, first, node.end_lineno or node.lineno
    return {name: where for name, where in found.items() if name not in twice}


def _outside(module: Module, name: str, before: Version, after: Version) -> Iterator[Piece]:
    """What changed outside functions in a module or a class."""
    ours, theirs = before.source.outers[name], after.source.outers[name]
    if ours.header != theirs.header:
        with suppress(CannotStand):
            edit = header_edit(after, before, name)
            yield Piece(module.path, f"class {name}", "class", edit)
    lost, come = _only_in(ours, theirs), _only_in(theirs, ours)
    old, new = _names_in(before, name), _names_in(after, name)
    for one in come:
        match = next((each for each in lost if each.names & one.names), None)
        if match is None and not one.names:
            match = next((each for each in lost if not each.names), None)
        if match is not None:
            lost.remove(match)
        elif name == MODULE and one.names and not one.names & old:
            continue
        lines = () if match is None else _lines(before, match)
        indent = _indent(after.text.split("\n")[one.first - 1])
        if match is not None and _indent(lines[0]) != indent:
            continue
        edit = Edit(one.first, one.last, lines or (f"{indent}pass",))
        yield Piece(module.path, _titled(name, one), "statement", edit)
    for one in lost:
        line = _line_of(one, name, before, after)
        if line is not None and (name != MODULE or not one.names or one.names & new):
            edit = Edit(line, line - 1, _lines(before, one))
            yield Piece(module.path, _titled(name, one), "statement", edit)


def _names_in(version: Version, name: str) -> set[str]:
    """Names that a module or a class binds by itself."""
    bound = {each for one in version.source.outers[name].statements for each in one.names}
    return bound | {defined for defined, _, _ in _defined_in(version, name)}


def _defined_in(version: Version, name: str) -> Iterator[tuple[str, int, int]]:
    """Functions and classes that stand right in a module or a class, with first and last line."""
    prefix = "" if name == MODULE else f"{name}."
    every: list[FunctionScope | Outer] = [*version.source.outers.values()]
    for same in version.source.functions.values():
        every += same
    for one in every:
        holder, _, bare = one.name.rpartition(".")
        if one.name != MODULE and f"{holder}." * bool(holder) == prefix:
            yield bare, one.first, one.last


def _only_in(one: Outer, other: Outer) -> list[Statement]:
    """Statements that one has more often than the other."""
    theirs = [statement.digest for statement in other.statements]
    found = []
    for statement in one.statements:
        if statement.digest in theirs:
            theirs.remove(statement.digest)
        else:
            found.append(statement)
    return found


def _line_of(statement: Statement, name: str, before: Version, after: Version) -> int | None:
    """Where a statement that is gone stood: after the nearest thing before it that stayed.

    None where nothing tells.
    """
    old, new = _things(before, name), _things(after, name)
    above = [thing for thing, first, _ in old if first < statement.first]
    below = [thing for thing, first, _ in old if first > statement.last]
    ends = {thing: last for thing, _, last in new}
    for thing in reversed(above):
        if thing in ends:
            return ends[thing] + 1
    starts = {thing: first for thing, first, _ in new}
    return next((starts[thing] for thing in below if thing in starts), None)


def _things(version: Version, name: str) -> list[tuple[str, int, int]]:
    """Statements by what they do, and definitions by name, with first and last line, in order."""
    statements = version.source.outers[name].statements
    found = [(one.digest, one.first, one.last) for one in statements]
    found += [(f"define {bare}", first, last) for bare, first, last in _defined_in(version, name)]
    return sorted(found, key=lambda one: one[1])


def _titled(name: str, statement: Statement) -> str:
    """What a statement stands in, and the names that it binds."""
    holder = name if name == MODULE else f"class {name}"
    bound = ", ".join(sorted(statement.names))
    return f"{holder}: {bound}" if bound else holder


def _lines(version: Version, statement: Statement) -> tuple[str, ...]:
    return tuple(version.text.split("\n")[statement.first - 1 : statement.last])


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _within(edit: Edit, spans: Sequence[tuple[int, int]]) -> bool:
    return any(first <= edit.first <= last for first, last in spans)
