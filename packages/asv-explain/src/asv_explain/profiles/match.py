"""Pairing the functions of two profiles: by place and name, then what moved or was renamed."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from asv_explain.profiles.profile import Function, Indices, Profile

__all__ = ["Flags", "Kinds", "Match", "PairKind", "match_profiles"]

Flags: TypeAlias = NDArray[np.bool_]
Kinds: TypeAlias = NDArray[np.int8]
Key: TypeAlias = Callable[[Function, str], Hashable | None]

# What differs between two runs in the made-up file names of generated code: addresses and counters.
_COUNTERS = re.compile(r"0x[0-9a-fA-F]+|\d+")


class PairKind(IntEnum):
    """How the two sides of a pair belong together."""

    SAME = 0
    MOVED = 1
    RENAMED = 2
    NEW = 3
    GONE = 4


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """P pairs of functions; every function of both profiles is in exactly one; read-only arrays.

    Attributes:
        before: Index into the functions before, -1 where there is none (P,).
        after: Index into the functions after, -1 where there is none (P,).
        kind: A ``PairKind`` for each (P,): ``MOVED`` to another file, ``RENAMED`` in its file.
        same_code: Whether both sides are there and do the same, by fingerprint (P,).
        pair_before: The pair of each function before (N before,).
        pair_after: The pair of each function after (N after,).
    """

    before: Indices
    after: Indices
    kind: Kinds
    same_code: Flags
    pair_before: Indices
    pair_after: Indices

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.before)


def match_profiles(
    before: Profile, after: Profile, renames: Mapping[str, str] | None = None
) -> Match:
    """Pair the functions of both sides.

    From the most certain to the least: the same place and name with the same code, in order of
    line; the same place and name; the same code under another path or name; the same qualified
    name in another file, where it is the only one. Lines, folders and environments play no part.

    Args:
        before: The profile before.
        after: The profile after.
        renames: Paths before, as the profiles have them, to paths after, for renamed files.
    """
    to_path = dict(renames or {})
    paths = (
        [_path(one, to_path) for one in before.functions],
        [_path(one, {}) for one in after.functions],
    )
    sides = (before.functions, after.functions)
    left: list[list[int]] = []
    for profile in (before, after):
        functions = profile.functions
        calls = profile.calls.tolist()
        # Equal ones, such as the generated methods of two alike classes, are told apart by use.
        order = [
            (one.line, -used, i) for i, (one, used) in enumerate(zip(functions, calls, strict=True))
        ]
        left.append([index for *_, index in sorted(order)])
    partner = np.full(len(before.functions), -1, np.intp)

    def take(key: Key, *, only: bool) -> None:
        if not (left[0] and left[1]):
            return
        groups: tuple[dict[Hashable, list[int]], dict[Hashable, list[int]]] = ({}, {})
        for group, functions, path, free in zip(groups, sides, paths, left, strict=True):
            for index in free:
                value = key(functions[index], path[index])
                if value is not None:
                    group.setdefault(value, []).append(index)
        used: tuple[set[int], set[int]] = (set(), set())
        for value, ours in groups[0].items():
            theirs = groups[1].get(value, [])
            if only and (len(ours) != 1 or len(theirs) != 1):
                continue
            for one, other in zip(ours, theirs, strict=False):
                partner[one] = other
                used[0].add(one)
                used[1].add(other)
        for free, gone in zip(left, used, strict=True):
            free[:] = [index for index in free if index not in gone]

    take(lambda f, path: (f.home, path, f.name, f.fingerprint), only=False)
    take(lambda f, path: (f.home, path, f.name), only=False)
    take(_by_code(lambda f: (f.home, f.name)), only=False)
    take(_by_code(lambda f: (f.home, f.path, _last(f))), only=False)
    take(_by_code(lambda f: (f.home, _last(f))), only=False)
    take(_by_code(lambda f: (f.home, f.path)), only=True)
    take(_by_code(lambda _: ()), only=True)
    take(_by_name, only=True)
    return _as_arrays(before, after, partner)


def _path(function: Function, renames: Mapping[str, str]) -> str:
    """Return where a function is, in terms of the side after."""
    if function.home == "generated":
        return _COUNTERS.sub("#", function.path)
    return renames.get(function.path, function.path) if function.home == "site" else function.path


def _last(function: Function) -> str:
    """Return the name without what holds it."""
    return function.name.rpartition(".")[2]


def _by_code(more: Callable[[Function], Hashable]) -> Key:
    """Return a key of the fingerprint and more; C functions have no fingerprint to go by."""

    def key(function: Function, path: str) -> Hashable | None:
        return (function.fingerprint, more(function)) if function.fingerprint else None

    return key


def _by_name(function: Function, path: str) -> Hashable | None:
    """Return a key for what moved to another file and was changed at once."""
    anonymous = _last(function).startswith("<")
    return None if anonymous or function.home != "site" else (function.home, function.name)


def _as_arrays(before: Profile, after: Profile, partner: Indices) -> Match:
    """Return the pairs: those with a side before in its order, then the new ones in theirs."""
    is_new = np.ones(len(after.functions), np.bool_)
    is_new[partner[partner >= 0]] = False
    new = np.flatnonzero(is_new)
    first = np.concatenate([np.arange(len(partner)), np.full(len(new), -1)]).astype(np.intp)
    second = np.concatenate([partner, new]).astype(np.intp)
    kind = np.zeros(len(first), np.int8)
    same_code = np.zeros(len(first), np.bool_)
    kind[first < 0] = PairKind.NEW
    kind[second < 0] = PairKind.GONE
    for pair in np.flatnonzero((first >= 0) & (second >= 0)).tolist():
        ours, theirs = before.functions[first[pair]], after.functions[second[pair]]
        same_code[pair] = ours.fingerprint == theirs.fingerprint
        if ours.key != theirs.key and ours.home != "generated":
            moved = ours.path != theirs.path
            kind[pair] = PairKind.MOVED if moved else PairKind.RENAMED
    pair_before = np.arange(len(partner), dtype=np.intp)
    pair_after = np.empty(len(after.functions), np.intp)
    pair_after[second[second >= 0]] = np.flatnonzero(second >= 0)
    for array in (first, second, kind, same_code, pair_before, pair_after):
        array.setflags(write=False)
    return Match(first, second, kind, same_code, pair_before, pair_after)
