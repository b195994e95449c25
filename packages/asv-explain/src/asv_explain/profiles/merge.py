"""Several profiles of the same side summed into one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from asv_explain.profiles.profile import Function, Indices, Profile

__all__ = ["merge"]

_Values: TypeAlias = NDArray[Any]


def merge(profiles: Sequence[Profile]) -> Profile:
    """Sum profiles of the same side, function by function and edge by edge.

    Same-named functions in one file are told apart by fingerprint, then by line, then by the
    order in which the profile lists them.

    Raises:
        ValueError: There is none, or they come from different interpreters.
    """
    if not profiles:
        raise ValueError("there is no profile to merge")
    interpreters = {(one.implementation, one.python) for one in profiles}
    if len(interpreters) > 1:
        raise ValueError(f"profiles of different interpreters: {sorted(interpreters)}")
    places: dict[tuple[Function, int], int] = {}
    maps = []
    for profile in profiles:
        seen: defaultdict[Function, int] = defaultdict(int)
        where = np.empty(len(profile.functions), np.intp)
        for index, function in enumerate(profile.functions):
            where[index] = places.setdefault((function, seen[function]), len(places))
            seen[function] += 1
        maps.append(where)
    size = len(places)
    pairs = [
        where[one.caller] * size + where[one.callee]
        for where, one in zip(maps, profiles, strict=True)
    ]
    edges, slots = np.unique(np.concatenate(pairs), return_inverse=True)
    functions_at = np.concatenate(maps)

    def nodes(name: str) -> _Values:
        return _sum_at(functions_at, [getattr(one, name) for one in profiles], size)

    def arrows(name: str) -> _Values:
        return _sum_at(slots, [getattr(one, name) for one in profiles], len(edges))

    return Profile(
        functions=tuple(function for function, _ in places),
        calls=nodes("calls"),
        recursive=nodes("recursive"),
        own=nodes("own"),
        cumulative=nodes("cumulative"),
        caller=edges // max(size, 1),
        callee=edges % max(size, 1),
        edge_calls=arrows("edge_calls"),
        edge_own=arrows("edge_own"),
        edge_cumulative=arrows("edge_cumulative"),
        number=sum(one.number for one in profiles),
        seconds=sum(one.seconds for one in profiles),
        edge_recursive=arrows("edge_recursive"),
        python=profiles[0].python,
        implementation=profiles[0].implementation,
    )


def _sum_at(slots: Indices, parts: list[_Values], size: int) -> _Values:
    """Sum values that share a slot, in their own type (bincount would make counts floats)."""
    values = np.concatenate(parts)
    total = np.zeros(size, values.dtype)
    np.add.at(total, slots, values)
    return total
