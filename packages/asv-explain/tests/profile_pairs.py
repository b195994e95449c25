"""Pairs of counted and sampled sides made by hand, for what is built from both sides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from hypothesis import strategies as st

from asv_explain.profiles.match import match_profiles
from asv_explain.profiles.pair import ProfilePair, ProfileSide
from asv_explain.profiles.profile import Function, Profile, profile_from_raw
from asv_explain.profiles.stacks import Stacks

__all__ = ["PLAIN", "Seconds", "pair_of", "profile_of", "side_of", "sides", "stacks_of"]

# Seconds of one benchmark call by stack, its functions joined by semicolons.
Seconds = Mapping[str, float]

# Samples a second, so that all have some.
RATE = 1000


def profile_of(names: list[str], calls: Mapping[str, int], number: int = 1) -> Profile:
    """A profile of functions that call nobody, one after the other in a file."""
    size = len(names)
    return Profile(
        functions=tuple(
            Function("site", "pkg/mod.py", name, line, 0, name)
            for line, name in enumerate(names, start=1)
        ),
        calls=np.array([calls.get(name, number) for name in names], np.int64),
        recursive=np.zeros(size, np.int64),
        own=np.ones(size),
        cumulative=np.ones(size),
        caller=np.zeros(0, np.intp),
        callee=np.zeros(0, np.intp),
        edge_calls=np.zeros(0, np.int64),
        edge_own=np.zeros(0),
        edge_cumulative=np.zeros(0),
        number=number,
        seconds=float(size),
    )


def side_of(
    seconds: Seconds, calls: Mapping[str, int] | None = None, number: int = 1
) -> ProfileSide:
    """A side whose functions were sampled on these stacks.

    Args:
        seconds: of one benchmark call, by stack.
        calls: calls of each function in all benchmark calls; one a benchmark call unless given.
        number: benchmark calls in which calls were counted.
    """
    names = [*dict.fromkeys(name for stack in seconds for name in stack.split(";"))]
    rows: dict[str, tuple[int, str]] = {}
    places = {"": -1}
    for stack in seconds:
        parts = stack.split(";")
        for length in range(1, len(parts) + 1):
            path, above = ";".join(parts[:length]), ";".join(parts[: length - 1])
            if path not in rows:
                rows[path] = (places[above], parts[length - 1])
                places[path] = len(places) - 1
    spent = np.array([seconds.get(path, 0.0) for path in rows])
    stacks = Stacks(
        np.array([parent for parent, _ in rows.values()], np.intp),
        np.array([names.index(name) for _, name in rows.values()], np.intp),
        np.zeros(len(rows), np.int64),
        np.round(spent * RATE).astype(np.int64),
        spent,
    )
    return ProfileSide(profile_of(names, calls or {}, number), stacks)


def pair_of(before: ProfileSide, after: ProfileSide) -> ProfilePair:
    """Both sides, with the functions of one name as the same."""
    match = match_profiles(before.profile, after.profile)
    same = [
        (int(i), int(j))
        for i, j in zip(match.before, match.after, strict=True)
        if i >= 0 and j >= 0
    ]
    return ProfilePair(before, after, tuple(same))


@st.composite
def stacks_of(draw: st.DrawFn, functions: int) -> Stacks:
    """Any stacks of so many functions, with recursion, several lines and outermost functions."""
    size = draw(st.integers(0, 12))
    samples = draw(st.lists(st.integers(0, 50), min_size=size, max_size=size))
    return Stacks(
        np.array([draw(st.integers(-1, index - 1)) for index in range(size)], np.intp),
        np.array([draw(st.integers(0, functions - 1)) for _ in range(size)], np.intp),
        np.array([draw(st.integers(0, 3)) for _ in range(size)], np.int64),
        np.array(samples, np.int64),
        np.array(samples) * draw(st.sampled_from([0.0, 1e-6, 0.25])),
    )


@st.composite
def sides(draw: st.DrawFn, profiles: st.SearchStrategy[dict[str, Any]]) -> ProfileSide:
    """A made-up profile with made-up stacks of its functions."""
    profile = profile_from_raw(draw(profiles))
    return ProfileSide(profile, draw(stacks_of(len(profile.functions))))


PLAIN = side_of(
    {
        "main": 1.0,
        "main;left": 2.0,
        "main;left;shared": 3.0,
        "main;right": 1.0,
        "main;right;shared": 1.0,
    },
    {"left": 2, "shared": 8},
)
"""A function that two others call."""
