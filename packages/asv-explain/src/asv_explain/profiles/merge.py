"""Several profiles of the same side summed into one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from asv_explain.profiles.conservation import check_merged
from asv_explain.profiles.profile import Function, Indices, Profile

__all__ = ["merge"]

_Values: TypeAlias = NDArray[Any]


def merge(profiles: Sequence[Profile]) -> tuple[Profile, tuple[Indices, ...]]:
    """Sum profiles of the same side, function by function and edge by edge.

    Same-named functions in one file are told apart by fingerprint, then by line, then by the
    order in which the profile lists them.

    Returns:
        Their sum, and for each profile the index in it of each of its functions.

    Raises:
        ValueError: There is none, or they come from different interpreters.
        ConservationError: Something was lost or made up, which is a mistake of ours.
    """
    if not profiles:
        raise ValueError("there is no profile to merge")
    interpreters = {(one.implementation, one.python) for one in profiles}
    if len(interpreters) > 1:
        raise ValueError(f"profiles of different interpreters: {sorted(interpreters)}")
    if len(profiles) == 1:
        return profiles[0], (np.arange(len(profiles[0].functions)),)
    places: dict[tuple[Function, int], int] = {}
    maps = tuple(
        np.array([places.setdefault(one, len(places)) for one in _told_apart(profile)], np.intp)
        for profile in profiles
    )
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

    whole = Profile(
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
        prepared=frozenset().union(*(one.prepared for one in profiles)),
        generators={
            int(where[index]): frames
            for where, one in zip(maps, profiles, strict=True)
            for index, frames in one.generators.items()
        },
    )
    check_merged(profiles, whole)
    return whole, maps


def _told_apart(profile: Profile) -> Iterator[tuple[Function, int]]:
    """Return the functions in their order, equal ones numbered."""
    seen: dict[Function, int] = {}
    for function in profile.functions:
        number = seen.get(function, 0)
        seen[function] = number + 1
        yield function, number


def _sum_at(slots: Indices, parts: list[_Values], size: int) -> _Values:
    """Sum values that share a slot, in their own type (bincount would make counts floats)."""
    values = np.concatenate(parts)
    total = np.zeros(size, values.dtype)
    np.add.at(total, slots, values)
    return total
