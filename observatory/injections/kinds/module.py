"""A file of Python to be edited as text: its functions and classes, and where lines may go."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

__all__ = [
    "Definition",
    "Function",
    "Module",
    "Piece",
    "bound_names",
    "free_name",
    "read",
    "rewritten",
]

Definition = ast.FunctionDef | ast.AsyncFunctionDef
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
# Code that reads these looks at its own names, so that one more of them may change what it does.
_LOOKS_AT_ITSELF = {"locals", "vars", "eval", "exec", "dir", "_getframe", "currentframe", "stack"}

Piece = tuple[int, int, str]
"""Where a stretch of text begins and ends, and what takes its place."""


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """A function of a module or of a class, none written inside another function.

    Attributes:
        name: the qualified name.
        node: its definition.
        owner: the class that holds it.
        top: the statement of the module that holds it.
    """

    name: str
    node: Definition
    owner: ast.ClassDef | None
    top: ast.stmt

    @property
    def is_generator(self) -> bool:
        """Whether calling it runs nothing of it yet."""
        return any(isinstance(one, ast.Yield | ast.YieldFrom) for one in own_nodes(self.node))

    @property
    def looks_at_itself(self) -> bool:
        """Whether it reads its own names as data."""
        return bool(_LOOKS_AT_ITSELF & set(self.identifiers()))

    @property
    def first(self) -> ast.stmt | None:
        """The first statement that is no docstring, if it begins a line of its own."""
        body = self.node.body
        start = next((one for one in body if not _is_text(one)), None)
        return start if start is not None and start.lineno > self.node.lineno else None

    @property
    def decorators(self) -> tuple[str, ...]:
        """Its decorators as they are written."""
        return tuple(ast.unparse(one) for one in self.node.decorator_list)

    def identifiers(self) -> Iterator[str]:
        """Every name in it: variables, attributes and arguments."""
        for one in ast.walk(self.node):
            if isinstance(one, ast.Name):
                yield one.id
            elif isinstance(one, ast.Attribute):
                yield one.attr
            elif isinstance(one, ast.arg):
                yield one.arg


class Module:
    """A file's text and what is defined where in it.

    Attributes:
        text: the file.
        tree: what Python reads in it.
        functions: those that are defined once, by qualified name.
        classes: those that are defined once, with the statement of the module that holds each.

    Args:
        text: the file.

    Raises:
        SyntaxError: it is no Python.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.tree = ast.parse(text)
        lines = text.split("\n")
        self._lines = lines
        self._starts = [0]
        for line in lines:
            self._starts.append(self._starts[-1] + len(line) + 1)
        functions: list[Function] = []
        classes: list[tuple[str, ast.ClassDef, ast.stmt]] = []
        for statement in self.tree.body:
            _collect(statement, "", None, statement, functions, classes)
        times = Counter([one.name for one in functions] + [name for name, _, _ in classes])
        self.functions = {one.name: one for one in functions if times[one.name] == 1}
        self.classes = {name: (node, top) for name, node, top in classes if times[name] == 1}

    def offset(self, line: int, column: int) -> int:
        """The place in the text of a line (from 1) and a column in UTF-8 bytes."""
        before = self._lines[line - 1].encode()[:column].decode()
        return self._starts[line - 1] + len(before)

    def span(self, node: ast.expr | ast.stmt | ast.arg) -> tuple[int, int]:
        """Where a node begins and ends."""
        start = self.offset(node.lineno, node.col_offset)
        return start, self.offset(node.end_lineno or 0, node.end_col_offset or 0)

    def of(self, node: ast.expr | ast.stmt | ast.arg) -> str:
        """The text of a node."""
        start, end = self.span(node)
        return self.text[start:end]

    def line_start(self, node: ast.stmt) -> int:
        """Where the first line of a statement begins, decorators included."""
        return self._starts[_first_line(node) - 1]

    def line_end(self, node: ast.stmt) -> int:
        """Where the line after a statement begins."""
        return min(self._starts[node.end_lineno or 0], len(self.text))

    def indent(self, node: ast.stmt) -> str | None:
        """What stands before a statement in its first line; None where that is more than space."""
        line = _first_line(node)
        before = self.text[self._starts[line - 1] : self.offset(line, node.col_offset)]
        return None if before.strip() else before

    def at_start(self, function: Function, lines: Iterable[str]) -> Piece:
        """Lines that go to the start of a function's body, below its docstring."""
        return self.above(function.first or function.node.body[0], lines)

    def above(self, statement: ast.stmt, lines: Iterable[str], gap: str = "") -> Piece:
        """Lines that go above a statement, as deep as it is."""
        indent = self.indent(statement) or ""
        start = self.line_start(statement)
        text = "".join(f"{indent}{line}".rstrip() + "\n" for line in lines)
        return start, start, text + gap

    def at_end(self, owner: ast.ClassDef, lines: Iterable[str]) -> Piece:
        """Lines that go to the end of a class, as deep as its body is."""
        indent = self.indent(owner.body[-1]) or ""
        end = self.line_end(owner.body[-1])
        text = "".join(f"{indent}{line}".rstrip() + "\n" for line in lines)
        begin = "\n" if self.text[end - 1 : end] == "\n" else "\n\n"
        return end, end, begin + text

    def after_imports(self, lines: Iterable[str]) -> Piece:
        """Lines that go below the imports at the top of the file."""
        end = 0
        for statement in self.tree.body:
            if _is_text(statement) or isinstance(statement, ast.Import | ast.ImportFrom):
                end = self.line_end(statement)
            else:
                break
        text = "".join(line + "\n" for line in lines)
        return end, end, text if not end or self.text[end - 1] == "\n" else "\n" + text

    def bound(self, before: int | None = None) -> set[str]:
        """Names that the module binds outside functions and classes, above a line if asked."""
        names: set[str] = set()
        for statement in self.tree.body:
            if before is not None and _first_line(statement) >= before:
                break
            names |= set(bound_names(statement))
        return names

    def free_name(self, wanted: str) -> str:
        """A name that stands nowhere in the file."""
        name = wanted
        while re.search(rf"\b{name}\b", self.text):
            name += "_"
        return name


@lru_cache(maxsize=1024)
def read(text: str) -> Module:
    """Read a file; the last thousand are kept.

    Raises:
        SyntaxError: it is no Python.
    """
    return Module(text)


def rewritten(text: str, pieces: Sequence[Piece]) -> str:
    """The text with pieces of it replaced; of those at one place the first given comes first."""
    order = sorted(range(len(pieces)), key=lambda one: (pieces[one][0], one), reverse=True)
    for one in order:
        start, end, new = pieces[one]
        text = text[:start] + new + text[end:]
    return text


def free_name(wanted: str, taken: Iterable[str]) -> str:
    """A name that is not taken."""
    held = set(taken)
    while wanted in held:
        wanted += "_"
    return wanted


def own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """What a function holds, but not what functions and classes inside it hold."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, _SCOPES):
            yield from own_nodes(child)


def bound_names(statement: ast.AST) -> Iterator[str]:
    """Names that a statement binds where it stands."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
        return
    inside: list[ast.AST] = [statement, *own_nodes(statement)]
    for one in inside:
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
            yield one.id
        elif isinstance(one, ast.alias):
            yield one.asname or one.name.partition(".")[0]
        elif isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield one.name


def _collect(
    node: ast.stmt,
    prefix: str,
    owner: ast.ClassDef | None,
    top: ast.stmt,
    functions: list[Function],
    classes: list[tuple[str, ast.ClassDef, ast.stmt]],
) -> None:
    """Take in what a statement defines, in whatever branches of ``if`` and ``try``."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        functions.append(Function(prefix + node.name, node, owner, top))
    elif isinstance(node, ast.ClassDef):
        classes.append((prefix + node.name, node, top))
        for one in node.body:
            _collect(one, f"{prefix}{node.name}.", node, top, functions, classes)
    else:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt):
                _collect(child, prefix, owner, top, functions, classes)
            elif isinstance(child, ast.ExceptHandler):
                for inner in child.body:
                    _collect(inner, prefix, owner, top, functions, classes)


def _is_text(statement: ast.stmt) -> bool:
    """Whether a statement is a text alone, such as a docstring."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _first_line(node: ast.stmt) -> int:
    """The first line of a statement, decorators included."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(one.lineno for one in decorators)])
