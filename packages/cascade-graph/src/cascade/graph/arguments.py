"""Finding lazy results inside arguments, and putting something else in their place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from cascade.spec import GraphError, LazyResult

__all__ = ["find_lazy", "replace_in"]

# Exactly these: a subclass may promise things about its contents that a rebuilt one would break.
CONTAINERS = (list, tuple, dict)


def find_lazy(values: Iterable[Any]) -> list[LazyResult[Any]]:
    """All lazy results among ``values`` and in the lists, tuples and dict values inside them.

    In order of appearance, each once. Containers may be nested to any depth and hold themselves.
    """
    found: dict[int, LazyResult[Any]] = {}
    seen: set[int] = set()
    stack: list[Iterator[Any]] = [iter(values)]
    while stack:
        for value in stack[-1]:
            kind = type(value)
            if kind is LazyResult:
                found[id(value)] = value
            elif kind in CONTAINERS and id(value) not in seen:
                seen.add(id(value))
                stack.append(iter(value.values() if kind is dict else value))
                break
        else:
            stack.pop()
    return list(found.values())


def replace_in(value: Any, sought: type, replacement: Callable[[Any], Any]) -> Any:
    """A copy of a container in which each item of type ``sought`` is replaced.

    Containers without any such item inside are the same objects in the copy.

    Raises:
        GraphError: the container holds itself, or is nested too deep to copy.
    """
    try:
        return _replaced(value, sought, replacement, set())
    except RecursionError:
        raise GraphError("an argument with lazy results in it is nested too deep") from None


def _replaced(
    value: Any, sought: type, replacement: Callable[[Any], Any], parents: set[int]
) -> Any:
    kind = type(value)
    if kind is sought:
        return replacement(value)
    if kind not in CONTAINERS:
        return value
    if id(value) in parents:
        raise GraphError("an argument with lazy results in it contains itself")
    parents.add(id(value))
    items = value.values() if kind is dict else value
    copies = [_replaced(item, sought, replacement, parents) for item in items]
    parents.discard(id(value))
    if all(copy is item for copy, item in zip(copies, items, strict=True)):
        return value
    return dict(zip(value, copies, strict=True)) if kind is dict else kind(copies)
