"""Counts and sampled stacks behind an explanation, with who is who: what is kept of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from asv_explain.profiles.profile import Profile, Seconds, profile_from_raw, profile_to_raw
from asv_explain.profiles.stacks import Stacks
from asv_explain.profiles.wire import LARGEST, WireError, item, refuse, rows, show

__all__ = ["SCHEMA", "ProfilePair", "ProfileSide", "decode_pair", "encode_pair"]

SCHEMA = 2


@dataclass(frozen=True, slots=True, eq=False)
class ProfileSide:
    """What was counted and what was sampled on one side.

    Attributes:
        profile: exact calls of its N functions in ``profile.number`` benchmark calls; its times
            are those under the profiler.
        stacks: the sampled stacks of these functions, in seconds of one benchmark call.
    """

    profile: Profile
    stacks: Stacks


@dataclass(frozen=True, slots=True, eq=False)
class ProfilePair:
    """Both sides, and which functions of them are the same.

    Attributes:
        before: the earlier commit's.
        after: the later commit's.
        same: index of a function before and of the same one after, for all that are on both sides.
    """

    before: ProfileSide
    after: ProfileSide
    same: tuple[tuple[int, int], ...]


def encode_pair(pair: ProfilePair) -> bytes:
    """The pair as JSON."""
    return msgspec.json.encode(
        {
            "schema": SCHEMA,
            "before": _side_to_raw(pair.before),
            "after": _side_to_raw(pair.after),
            "same": pair.same,
        }
    )


def decode_pair(data: bytes) -> ProfilePair:
    """The pair in ``data``.

    Raises:
        WireError: it is no JSON, or not of this form; it says what and where.
    """
    try:
        raw = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WireError("profiles", str(error)) from None
    if not isinstance(raw, Mapping) or raw.get("schema") != SCHEMA:
        raise WireError("profiles", f"expected an object of schema {SCHEMA}")
    before, after = (_side_from_raw(raw, name) for name in ("before", "after"))
    limits = len(before.profile.functions), len(after.profile.functions)
    same = []
    for index, row in enumerate(rows(raw, "same")):
        fine = isinstance(row, list) and [*map(type, row)] == [int, int]
        if not fine or not all(0 <= one < limit for one, limit in zip(row, limits, strict=True)):
            raise WireError(f"same[{index}]", f"expected two indices of functions, got {show(row)}")
        same.append((row[0], row[1]))
    if any(len({*side}) < len(same) for side in zip(*same, strict=True)):
        raise WireError("same", "expected each function once")
    return ProfilePair(before, after, tuple(same))


def _side_to_raw(side: ProfileSide) -> dict[str, Any]:
    stacks = {name: getattr(side.stacks, name).tolist() for name in _COLUMNS}
    return {"profile": profile_to_raw(side.profile), "stacks": stacks}


def _side_from_raw(raw: Mapping[str, Any], name: str) -> ProfileSide:
    side = item(raw, name, "profiles")
    if not isinstance(side, Mapping):
        raise WireError(name, f"expected an object, got {show(side)}")
    for part in ("profile", "stacks"):
        if not isinstance(side.get(part), Mapping):
            raise WireError(name, f"expected an object with {part}, got {show(side)}")
    profile = profile_from_raw(side["profile"])
    return ProfileSide(profile, _stacks(side["stacks"], len(profile.functions)))


_COLUMNS = ("parent", "function", "line", "samples", "seconds")


def _stacks(raw: Mapping[str, Any], functions: int) -> Stacks:
    """Read stacks of so many functions."""
    size = len(rows(raw, "parent"))
    found = {name: _column(raw, name, size) for name in _COLUMNS}
    for name in _COLUMNS[:-1]:
        values = found[name]
        refuse(values != np.floor(values), values, name + "[{}]", "expected a whole number")
    parent, function = found["parent"], found["function"]
    late = (parent < -1) | (parent >= np.arange(size))
    refuse(late, parent, "parent[{}]", "expected an earlier node, or -1")
    strange = (function < 0) | (function >= functions)
    refuse(strange, function, "function[{}]", f"expected the index of one of {functions} functions")
    for name in _COLUMNS[2:]:
        refuse(~(found[name] >= 0), found[name], name + "[{}]", "expected at least 0")
    if found["samples"].sum() >= LARGEST:
        raise WireError("samples", "expected fewer than 2**53 in all")
    stacks = Stacks(
        parent.astype(np.intp),
        function.astype(np.intp),
        found["line"].astype(np.int64),
        found["samples"].astype(np.int64),
        found["seconds"],
    )
    for name in _COLUMNS:
        getattr(stacks, name).setflags(write=False)
    return stacks


def _column(raw: Mapping[str, Any], name: str, length: int) -> Seconds:
    values = rows(raw, name)
    if len(values) != length or not {*map(type, values)} <= {int, float}:
        raise WireError(name, f"expected {length} numbers, got {show(values)}")
    try:
        array = np.array(values, dtype=np.float64)
    except OverflowError:
        raise WireError(name, "expected numbers below 2**53") from None
    refuse(~(np.abs(array) < LARGEST), array, name + "[{}]", "expected a number below 2**53")
    return array
