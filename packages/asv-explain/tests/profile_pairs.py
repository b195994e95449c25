"""Pairs of profiles made by hand, for what is built from both sides."""

from __future__ import annotations

import numpy as np

from asv_explain.profiles.match import match_profiles
from asv_explain.profiles.pair import ProfilePair, ProfileSide
from asv_explain.profiles.profile import Function, Profile

__all__ = ["PLAIN", "Edges", "Functions", "pair_of", "side_of"]

# A function's name and own seconds; a call's caller, callee, calls, own and cumulative seconds.
Functions = dict[str, float]
Edges = list[tuple[str, str, int, float, float]]


def side_of(functions: Functions, edges: Edges, number: int = 1) -> ProfileSide:
    """A side whose profile is made by hand, and whose corrected times are the profiled ones."""
    names = list(functions)
    cumulative = dict(functions)
    for caller, callee, _, _, seconds in edges:
        if caller != callee:
            cumulative[caller] += seconds
    calls = dict.fromkeys(names, 0)
    for _, callee, times, _, _ in edges:
        calls[callee] += times
    profile = Profile(
        functions=tuple(
            Function("site", "pkg/mod.py", name, line, 0, name)
            for line, name in enumerate(names, start=1)
        ),
        calls=np.array([calls[name] or number for name in names], np.int64),
        recursive=np.zeros(len(names), np.int64),
        own=np.array([functions[name] for name in names]),
        cumulative=np.array([cumulative[name] for name in names]),
        caller=np.array([names.index(edge[0]) for edge in edges], np.intp),
        callee=np.array([names.index(edge[1]) for edge in edges], np.intp),
        edge_calls=np.array([edge[2] for edge in edges], np.int64),
        edge_own=np.array([edge[3] for edge in edges], np.float64),
        edge_cumulative=np.array([edge[4] for edge in edges], np.float64),
        number=number,
        seconds=sum(functions.values()),
    )
    return ProfileSide(profile, profile.own, profile.edge_own)


def pair_of(before: ProfileSide, after: ProfileSide) -> ProfilePair:
    """Both sides, with the functions of one name as the same."""
    match = match_profiles(before.profile, after.profile)
    same = [
        (int(i), int(j))
        for i, j in zip(match.before, match.after, strict=True)
        if i >= 0 and j >= 0
    ]
    return ProfilePair(before, after, tuple(same))


PLAIN = side_of(
    {"main": 1.0, "left": 2.0, "right": 1.0, "shared": 4.0},
    [
        ("main", "left", 2, 2.0, 5.0),
        ("main", "right", 1, 1.0, 2.0),
        ("left", "shared", 6, 3.0, 3.0),
        ("right", "shared", 2, 1.0, 1.0),
    ],
)
