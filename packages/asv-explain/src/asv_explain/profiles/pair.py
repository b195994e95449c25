"""The two profiles behind an explanation, corrected, with who is who: what is kept of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from asv_explain.profiles.profile import Profile, Seconds, profile_from_raw, profile_to_raw
from asv_explain.profiles.wire import LARGEST, WireError, item, refuse, rows, show

__all__ = ["SCHEMA", "ProfilePair", "ProfileSide", "decode_pair", "encode_pair"]

SCHEMA = 1


@dataclass(frozen=True, slots=True, eq=False)
class ProfileSide:
    """One side's profile as it was taken, and its times without the profiler's cost.

    Attributes:
        profile: the profile of the region, in which ``profile.number`` benchmark calls ran.
        own: seconds of each function itself, corrected (N,).
        edge_own: seconds of the callee itself in the calls of each edge, corrected (E,).
    """

    profile: Profile
    own: Seconds
    edge_own: Seconds


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
    return {
        "profile": profile_to_raw(side.profile),
        "own": side.own.tolist(),
        "edge_own": side.edge_own.tolist(),
    }


def _side_from_raw(raw: Mapping[str, Any], name: str) -> ProfileSide:
    side = item(raw, name, "profiles")
    if not isinstance(side, Mapping) or not isinstance(side.get("profile"), Mapping):
        raise WireError(name, f"expected an object with a profile, got {show(side)}")
    profile = profile_from_raw(side["profile"])
    return ProfileSide(
        profile,
        _seconds(side, "own", len(profile.functions)),
        _seconds(side, "edge_own", len(profile.caller)),
    )


def _seconds(side: Mapping[str, Any], name: str, length: int) -> Seconds:
    values = rows(side, name)
    if len(values) != length or not {*map(type, values)} <= {int, float}:
        raise WireError(name, f"expected {length} numbers, got {show(values)}")
    try:
        array = np.array(values, dtype=np.float64)
    except OverflowError:
        raise WireError(name, "expected numbers below 2**53") from None
    refuse(~((array >= 0) & (array < LARGEST)), array, name + "[{}]", "expected at least 0")
    array.setflags(write=False)
    return array
