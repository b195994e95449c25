"""How a function can be called, and how a function calls others."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Parameters", "calls_in", "parameters_of"]


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a function can be called with.

    Attributes:
        positional: names of the parameters that stand in order.
        keyword: names of those that are given by name alone.
        star: whether it takes any number of further positions.
        double_star: whether it takes any further names.
    """

    positional: tuple[str, ...]
    keyword: frozenset[str]
    star: bool
    double_star: bool

    @property
    def told(self) -> str:
        """The parameters as they are written, but for their defaults."""
        named = ["*"] if self.star or self.keyword else []
        named += sorted(self.keyword) + ["**"] * self.double_star
        return f"({', '.join([*self.positional, *named])})"


def parameters_of(arguments: ast.arguments) -> Parameters:
    """What a function with these arguments can be called with."""
    return Parameters(
        tuple(one.arg for one in [*arguments.posonlyargs, *arguments.args]),
        frozenset(one.arg for one in arguments.kwonlyargs),
        arguments.vararg is not None,
        arguments.kwarg is not None,
    )


def calls_in(nodes: Iterable[ast.AST]) -> frozenset[tuple[str, str]]:
    """Last names of what is called, each with the form of the call."""
    found = set()
    for node in nodes:
        awaited = {one.value for one in ast.walk(node) if isinstance(one, ast.Await)}
        for one in ast.walk(node):
            if isinstance(one, ast.Call) and isinstance(one.func, ast.Name | ast.Attribute):
                name = one.func.id if isinstance(one.func, ast.Name) else one.func.attr
                stars = sum(isinstance(each, ast.Starred) for each in one.args)
                given = sorted(each.arg or "**" for each in one.keywords)
                form = [one in awaited, len(one.args), stars, given]
                found.add((name, repr(form)))
    return frozenset(found)
