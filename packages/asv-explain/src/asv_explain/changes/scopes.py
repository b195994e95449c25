"""What each function, class and module of a file does, whatever its lines, comments and types."""

from __future__ import annotations

import ast
import hashlib
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from asv_explain.changes.calling import Parameters, calls_in, parameters_of

__all__ = ["FunctionScope", "Outer", "Source", "Statement", "read_source"]


@dataclass(frozen=True, slots=True)
class FunctionScope:
    """A function: its qualified name, where it is, and digests of what it does.

    Lambdas, comprehensions and generator expressions belong to the function that holds them;
    functions and classes defined inside are scopes of their own. ``calls`` holds the last name of
    each function that it calls, with the form of the call: whether it awaits it, and how many
    positions and which names it gives.
    """

    name: str
    first: int
    last: int
    body: str
    decorators: str
    defaults: str
    is_async: bool
    is_generator: bool
    parameters: Parameters
    reads: frozenset[str]
    calls: frozenset[tuple[str, str]]

    @property
    def bare(self) -> str:
        """Its name as callers write it."""
        return self.name.rpartition(".")[2]

    @property
    def digest(self) -> tuple[str, str, str, bool]:
        """Equal for two functions that do the same, wherever they are."""
        return (self.body, self.decorators, self.defaults, self.is_async)


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement outside functions, with the names it binds, and whether it imports these."""

    digest: str
    names: frozenset[str]
    first: int
    last: int
    imports: bool


@dataclass(frozen=True, slots=True)
class Outer:
    """What runs outside functions in a module (``<module>``) or a class (its qualified name)."""

    name: str
    first: int
    last: int
    header: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """One file: its functions and its module and classes by qualified name, and what it imports."""

    functions: Mapping[str, tuple[FunctionScope, ...]]
    outers: Mapping[str, Outer]
    imports: frozenset[str]


def read_source(content: bytes) -> Source:
    """Read a Python file.

    Raises:
        SyntaxError: It isn't Python as this interpreter knows it.
    """
    try:
        with warnings.catch_warnings():
            # What Python would warn of in the source is for those who wrote it.
            warnings.simplefilter("ignore")
            tree = ast.parse(content)
            compile(tree, "<source>", "exec", dont_inherit=True)
        reader = _Reader()
        reader.outer(tree, "<module>", "", "", 1)
    except (ValueError, RecursionError, MemoryError) as error:
        raise SyntaxError(str(error)) from error
    return Source(
        {name: tuple(found) for name, found in reader.functions.items()},
        reader.outers,
        frozenset(_imports(tree)),
    )


class _Reader(ast.NodeTransformer):
    """Walks one file from the outside in; each scope is reduced to what it does by itself."""

    def __init__(self) -> None:
        self.functions: dict[str, list[FunctionScope]] = {}
        self.outers: dict[str, Outer] = {}
        self._prefix = ""
        self._in_class = False

    def outer(
        self, node: ast.Module | ast.ClassDef, name: str, prefix: str, header: str, first: int
    ) -> None:
        """Take in a module or a class."""
        held = self._prefix, self._in_class
        self._prefix, self._in_class = prefix, isinstance(node, ast.ClassDef)
        statements = []
        for statement in _without_docstring(node.body):
            is_scope = isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            where = statement.lineno, statement.end_lineno or statement.lineno
            reduced = self.visit(statement)
            if reduced is not None and not is_scope and not _for_types_alone(statement):
                imports = isinstance(statement, ast.Import | ast.ImportFrom)
                statements.append(Statement(_digest([reduced]), _bound(reduced), *where, imports))
        self._prefix, self._in_class = held
        last = max((s.end_lineno or s.lineno for s in node.body), default=first)
        # A class written twice, in branches of an if, counts with both bodies.
        if name in self.outers:
            statements[:0] = self.outers[name].statements
            header += self.outers[name].header
        self.outers[name] = Outer(name, first, last, header, tuple(statements))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Leave a mark in the scope around it, and take in the function."""
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        """Leave a mark in the scope around it, and take in the function."""
        return self._function(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """Leave a mark in the scope around it, and take in the class."""
        name = self._prefix + node.name
        header = _digest([*node.decorator_list, *node.bases, *node.keywords])
        self.outer(node, name, name + ".", header, _first(node))
        return _mark(node.name)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        """Drop annotations, but in a class, where dataclasses and their like read them."""
        if self._in_class:
            return self.generic_visit(node)
        if node.value is None:
            return None
        plain = ast.Assign(targets=[node.target], value=node.value)
        return self.generic_visit(ast.copy_location(plain, node))

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        name = self._prefix + node.name
        held = self._prefix, self._in_class
        self._prefix, self._in_class = name + ".<locals>.", False
        body: list[ast.AST] = []
        for statement in _without_docstring(node.body):
            reduced = self.visit(statement)
            if reduced is not None:
                body.append(reduced)
        self._prefix, self._in_class = held
        arguments = node.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        every += [one for one in (arguments.vararg, arguments.kwarg) if one is not None]
        defaults = [*arguments.defaults, *(d for d in arguments.kw_defaults if d is not None)]
        shape = repr(
            [
                [one.arg for one in every],
                len(arguments.posonlyargs),
                len(arguments.kwonlyargs),
                arguments.vararg is not None,
                arguments.kwarg is not None,
            ]
        )
        self.functions.setdefault(name, []).append(
            FunctionScope(
                name=name,
                first=_first(node),
                last=node.end_lineno or node.lineno,
                body=_digest(body, shape),
                decorators=_digest(node.decorator_list),
                defaults=_digest(defaults, str([d is None for d in arguments.kw_defaults])),
                is_async=isinstance(node, ast.AsyncFunctionDef),
                is_generator=any(
                    isinstance(one, ast.Yield | ast.YieldFrom)
                    for statement in body
                    for one in ast.walk(statement)
                ),
                parameters=parameters_of(arguments),
                reads=_read([*body, *node.decorator_list, *defaults]),
                calls=calls_in(body),
            )
        )
        return _mark(node.name)


def _first(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> int:
    """First line, decorators included, as code objects have it."""
    return min([node.lineno, *(one.lineno for one in node.decorator_list)])


def _mark(name: str) -> ast.AST:
    """Return what stands for a scope inside another: that something of that name is made there."""
    return ast.Expr(value=ast.Constant(value=f"define {name}"))


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    """Return the statements that do something."""
    return [
        one
        for one in body
        if not (isinstance(one, ast.Pass))
        and not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))
    ]


def _for_types_alone(statement: ast.stmt) -> bool:
    """Whether it is an ``if TYPE_CHECKING:`` without another branch."""
    if not isinstance(statement, ast.If) or statement.orelse:
        return False
    test = statement.test
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", None)
    return name == "TYPE_CHECKING"


def _digest(nodes: Iterable[ast.AST], more: str = "") -> str:
    """Return a digest of what the nodes do; lines play no part in it."""
    text = "\n".join([more, *(ast.dump(node) for node in nodes)])
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _bound(node: ast.AST) -> frozenset[str]:
    """Names that a statement binds."""
    names = set()
    for one in ast.walk(node):
        if isinstance(one, ast.Name) and not isinstance(one.ctx, ast.Load):
            names.add(one.id)
        elif isinstance(one, ast.alias):
            names.add(one.asname or one.name.partition(".")[0])
    return frozenset(names)


def _read(nodes: Iterable[ast.AST]) -> frozenset[str]:
    """Names and attributes that are looked up."""
    names = set()
    for node in nodes:
        for one in ast.walk(node):
            if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load):
                names.add(one.id)
            elif isinstance(one, ast.Attribute):
                names.add(one.attr)
    return frozenset(names)


def _imports(tree: ast.AST) -> Iterable[str]:
    """Last parts of the modules imported, and the names imported from them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            if isinstance(node, ast.ImportFrom) and node.module:
                yield node.module.rpartition(".")[2]
            for one in node.names:
                yield one.name.rpartition(".")[2]
