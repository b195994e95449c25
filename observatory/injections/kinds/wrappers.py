"""What comes to stand around a function: a decorator, or an override that calls it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from observatory.injections.injection import Files, Name
from observatory.injections.kinds.helpers import helper_name
from observatory.injections.kinds.kind import Counts, Place, Price, hot, put
from observatory.injections.kinds.module import Function, Module, Piece, read, rewritten
from observatory.injections.kinds.work import STEP_SECONDS, work

__all__ = ["Decorator", "Override", "plain_class"]

# Methods that Python calls in ways of its own: on the class, before there is an instance, or by
# their being plain functions.
_SPECIAL = {"__new__", "__init_subclass__", "__class_getitem__", "__set_name__", "__del__"}
# Classes made by these do more with their bodies than plain classes do.
_MADE_OTHERWISE = ("Enum", "Flag", "NamedTuple", "TypedDict", "Protocol")


class Decorator:
    """A decorator that wraps: what it puts around the function does work of its own.

    Right are the decorated function, the decorator, and the function inside it that runs: they
    are one change, and which of them a tool names is a matter of words.
    """

    name = "a decorator that wraps"
    price = Price(3e-7, STEP_SECONDS, lowest=0)

    def places(self, files: Files, counts: Counts) -> Sequence[Place]:
        """Functions that may as well be called by way of another."""
        return [
            Place(path, one.name, calls)
            for path, _, one, calls in hot(files, counts)
            if isinstance(one.node, ast.FunctionDef)
            and one.node.name not in _SPECIAL
            and not one.decorators
        ]

    def write(self, files: Files, place: Place, amount: int, seed: str, *, after: bool) -> Files:
        """Later: a decorator, and the function decorated by it."""
        if not after:
            return files
        module = read(files[place.path])
        function = module.functions[place.name]
        decorator = helper_name(module, "_audited", place)
        steps = work(seed, str(amount)) if amount else []
        lines = [
            f"def {decorator}(function):",
            "    @functools.wraps(function)",
            "    def audited(*args, **kwargs):",
            *("        " + line for line in steps),
            "        return function(*args, **kwargs)",
            "",
            "    return audited",
        ]
        pieces = [
            module.after_imports(["import functools"]),
            module.above(function.top, lines, gap="\n\n"),
            module.above(function.node, [f"@{decorator}"]),
        ]
        return put(files, place.path, rewritten(module.text, pieces))

    def names(self, files: Files, place: Place, seed: str) -> tuple[Name, ...]:
        """The function, the decorator, and what it makes."""
        decorator = helper_name(read(files[place.path]), "_audited", place)
        names = (place.name, f"{decorator}.<locals>.audited", decorator)
        return tuple(Name(place.path, name) for name in names)


class Override:
    """A base class method overridden: a subclass does more, then asks its base class.

    Where a package has a subclass without a method of its own, the later side gives it one. For
    other methods both sides have the method in a base class of its own, from which its class gets
    it, and the later side overrides it there. Right are the override, and the class that has it
    now; the base class's method, which did not change, is not.
    """

    name = "a base class method overridden"
    price = Price(3e-7, STEP_SECONDS, lowest=0)

    def places(self, files: Files, counts: Counts) -> Sequence[Place]:
        """Methods that subclasses inherit, and methods that a base class can be made for."""
        used = {name.path for name in counts}
        found = []
        for path, module, function, calls in hot(files, counts):
            owner = function.owner
            if owner is None or function.decorators or not _takes_self(function):
                continue
            heirs = _heirs(files, used, path, owner.name, function.node.name)
            found += [
                Place(path, function.name, calls, f"heir:{one}:{name}") for one, name in heirs
            ]
            if _separable(module, function, owner):
                found.append(Place(path, function.name, calls))
        return found

    def write(self, files: Files, place: Place, amount: int, seed: str, *, after: bool) -> Files:
        """Both: the base class, where there is none. Later: an override of its method."""
        whole = read(files[place.path])
        is_async = isinstance(whole.functions[place.name].node, ast.AsyncFunctionDef)
        if not place.detail:
            files = put(files, place.path, _separated(whole, place))
        if not after:
            return files
        path, name = self._override(place)
        module = read(files[path])
        heir, _ = module.classes[name.rpartition(".")[0]]
        method = name.rpartition(".")[2]
        steps = work(seed, str(amount)) if amount else []
        begin, wait = ("async def", "await ") if is_async else ("def", "")
        lines = [
            f"{begin} {method}(self, *args, **kwargs):",
            *("    " + line for line in steps),
            f"    return {wait}super().{method}(*args, **kwargs)",
        ]
        return put(files, path, rewritten(module.text, [module.at_end(heir, lines)]))

    def names(self, files: Files, place: Place, seed: str) -> tuple[Name, ...]:
        """The override, and the class that has it."""
        path, name = self._override(place)
        return Name(path, name), Name(path, f"class {name.rpartition('.')[0]}")

    @staticmethod
    def _override(place: Place) -> tuple[str, str]:
        """Where the override is written."""
        if not place.detail:
            return place.path, place.name
        _, path, heir = place.detail.split(":")
        return path, f"{heir}.{place.name.rpartition('.')[2]}"


def plain_class(node: ast.ClassDef) -> bool:
    """Whether a class is one of no special make, as far as can be read."""
    bases = {ast.unparse(one).rpartition(".")[2].partition("[")[0] for one in node.bases}
    return (
        not node.decorator_list
        and not node.keywords
        and not any(base.endswith(made) for base in bases for made in _MADE_OTHERWISE)
    )


def _takes_self(function: Function) -> bool:
    """Whether it is a method that an instance calls."""
    arguments = function.node.args
    return (
        bool(arguments.args)
        and arguments.args[0].arg == "self"
        and function.node.name not in _SPECIAL
        # Such names belong to the class in which they are written.
        and not (function.node.name.startswith("__") and not function.node.name.endswith("__"))
    )


def _heirs(
    files: Files, used: set[str], path: str, base: str, method: str
) -> Iterator[tuple[str, str]]:
    """Direct subclasses that don't define the method, in files that the benchmark runs."""
    for other in sorted(used & files.keys()):
        if base not in files[other]:
            continue
        module = read(files[other])
        for name, (node, _) in module.classes.items():
            bases = {ast.unparse(one).rpartition(".")[2] for one in node.bases}
            if base not in bases or not plain_class(node) or (other, name) == (path, base):
                continue
            if not any(method in _binds(one) for one in node.body):
                yield other, name


def _binds(statement: ast.stmt) -> set[str]:
    """The names that a statement of a class body binds."""
    found = {getattr(statement, "name", "")}
    found |= {
        one.id
        for one in ast.walk(statement)
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
    }
    return found


def _separable(module: Module, function: Function, owner: ast.ClassDef) -> bool:
    """Whether a method can move to a base class of its own."""
    if owner not in module.tree.body or not plain_class(owner):
        return False
    words = set(function.identifiers())
    mangled = any(one.startswith("__") and not one.endswith("__") for one in words)
    # It may ask for the class above the one in which it is written.
    by_name = owner.name in words or "__class__" in words
    others = [one for one in owner.body if one is not function.node]
    # The class body may use the method while it runs, and its slots stay without a dictionary.
    read_again = any(
        isinstance(one, ast.Name) and one.id == function.node.name
        for other in others
        if not isinstance(other, ast.FunctionDef | ast.AsyncFunctionDef)
        for one in ast.walk(other)
    )
    return bool(others) and not mangled and not read_again and not by_name


def _separated(module: Module, place: Place) -> str:
    """The file with a method in a base class of its own."""
    function = module.functions[place.name]
    owner, _ = module.classes[place.name.rpartition(".")[0]]
    base = module.free_name(f"_{owner.name}Parts")
    start, end = module.line_start(function.node), module.line_end(function.node)
    method = module.text[start:end]
    above = (
        f"class {base}:\n"
        f'    """What {owner.name} gets from a base class."""\n\n    __slots__ = ()\n\n'
        f"{method.rstrip()}\n\n\n"
    )
    pieces: list[Piece] = [(module.line_start(owner), module.line_start(owner), above)]
    pieces += [(start, end, ""), _with_base(module, owner, base)]
    return rewritten(module.text, pieces)


def _with_base(module: Module, owner: ast.ClassDef, base: str) -> Piece:
    """A class's header with one more base class in front."""
    if owner.bases:
        start = module.span(owner.bases[0])[0]
        return start, start, f"{base}, "
    start = module.offset(owner.lineno, owner.col_offset)
    colon = module.text.index(":", start)
    return start, colon, f"class {owner.name}({base})"
