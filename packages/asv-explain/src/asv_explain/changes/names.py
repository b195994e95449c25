"""Which global names the functions of a module read that nothing in it binds."""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Mapping
from functools import lru_cache

__all__ = ["unbound_names"]

_OF_MODULES = (
    *("__annotations__", "__builtins__", "__cached__", "__debug__", "__dict__", "__doc__"),
    *("__file__", "__loader__", "__name__", "__package__", "__path__", "__spec__"),
)


# Of each module both versions are asked about again and again, beside every text made of them.
@lru_cache(maxsize=32)
def unbound_names(text: str) -> Mapping[str, str]:
    """Names that are looked up in the module and are found nowhere, each with one of its readers.

    Where a module imports all names of another one, nothing can be said, and none is given.

    Args:
        text: the module's source.

    Raises:
        SyntaxError: It is no Python as this interpreter knows it.
    """
    try:
        return _unbound(ast.parse(text), symtable.symtable(text, "<module>", "exec"))
    except (ValueError, RecursionError, MemoryError) as error:
        raise SyntaxError(str(error)) from error


def _unbound(tree: ast.AST, top: symtable.SymbolTable) -> Mapping[str, str]:
    for one in ast.walk(tree):
        if isinstance(one, ast.ImportFrom) and any(alias.name == "*" for alias in one.names):
            return {}
    bound = {*dir(builtins), *_OF_MODULES}
    read: dict[str, str] = {}
    ahead = [(top, "")]
    while ahead:
        table, name = ahead.pop()
        for symbol in table.get_symbols():
            binds = symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()
            if binds and (table is top or symbol.is_declared_global()):
                bound.add(symbol.get_name())
            elif symbol.is_referenced() and (table is top or symbol.is_global()):
                read.setdefault(symbol.get_name(), name or "<module>")
        prefix = name + (".<locals>." if table.get_type() == "function" else ".") if name else ""
        ahead += [(child, prefix + child.get_name()) for child in table.get_children()]
    return {name: reader for name, reader in read.items() if name not in bound}
