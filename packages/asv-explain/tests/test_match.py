"""Functions are paired by place and name, then by what they do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asv_explain.profiles.match import Match, PairKind, match_profiles
from asv_explain.profiles.profile import Function, Profile


def profile(functions: Sequence[Function]) -> Profile:
    """A profile without edges, in which every function was called once."""
    size = len(functions)
    nothing = np.zeros(0)
    return Profile(
        functions=tuple(functions),
        calls=np.ones(size, np.int64),
        recursive=np.zeros(size, np.int64),
        own=np.ones(size),
        cumulative=np.ones(size),
        caller=nothing.astype(np.intp),
        callee=nothing.astype(np.intp),
        edge_calls=nothing.astype(np.int64),
        edge_own=nothing,
        edge_cumulative=nothing,
        number=1,
        seconds=1.0,
    )


def site(
    name: str, code: str = "", line: int = 1, path: str = "pkg/a.py", home: str = "site"
) -> Function:
    return Function(home, path, name, line, 0, code or name)


def paired(match: Match) -> list[tuple[int, int, str]]:
    kinds = [PairKind(kind).name for kind in match.kind.tolist()]
    return list(zip(match.before.tolist(), match.after.tolist(), kinds, strict=True))


CASES = {
    "moved lines": ([site("f", line=1)], [site("f", line=90)], [(0, 0, "SAME")]),
    "changed": ([site("f", "x")], [site("f", "y")], [(0, 0, "SAME")]),
    "other file": ([site("f")], [site("f", path="pkg/b.py")], [(0, 0, "MOVED")]),
    "other name": ([site("f", "x")], [site("g", "x")], [(0, 0, "RENAMED")]),
    "other class": ([site("A.f", "x")], [site("B.f", "x")], [(0, 0, "RENAMED")]),
    "moved and changed": (
        [site("f", "x")],
        [site("f", "y", path="pkg/b.py")],
        [(0, 0, "MOVED")],
    ),
    "new and gone": ([site("f")], [site("g")], [(0, -1, "GONE"), (-1, 0, "NEW")]),
    "lambda added between": (
        [site("<lambda>", "x", 3), site("<lambda>", "y", 5)],
        [site("<lambda>", "y", 9), site("<lambda>", "z", 4), site("<lambda>", "x", 3)],
        [(0, 2, "SAME"), (1, 0, "SAME"), (-1, 1, "NEW")],
    ),
    "same-named, both changed": (
        [site("f", "b", 20), site("f", "a", 10)],
        [site("f", "c", 11), site("f", "d", 21)],
        [(0, 1, "SAME"), (1, 0, "SAME")],
    ),
    "nested in a renamed function": (
        [site("f.<locals>.g", "x")],
        [site("h.<locals>.g", "x")],
        [(0, 0, "RENAMED")],
    ),
    "generated": (
        [site("__init__", "x", 2, "attrs 0x7f10 1", "generated")],
        [site("__init__", "x", 2, "attrs 0x7f99 2", "generated")],
        [(0, 0, "SAME")],
    ),
    "builtins": (
        [Function("builtin", "", "builtins.len", 0, 0, "")],
        [Function("builtin", "", "builtins.max", 0, 0, "")],
        [(0, -1, "GONE"), (-1, 0, "NEW")],
    ),
    "another environment": (
        [site("f", home="site")],
        [site("f", path="a.py", home="other")],
        [(0, 0, "MOVED")],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_pairs(case: str) -> None:
    """Each way in which functions move, change, appear and vanish gives the pairs it should."""
    before, after, expected = CASES[case]
    assert paired(match_profiles(profile(before), profile(after))) == expected


def test_file_renames() -> None:
    """A file that git says was renamed keeps its functions, however much they changed."""
    before = profile([site("f", "x"), site("g", "y")])
    after = profile([site("f", "z", path="pkg/new.py"), site("g", "w", path="pkg/new.py")])
    match = match_profiles(before, after, {"pkg/a.py": "pkg/new.py"})
    assert paired(match) == [(0, 0, "MOVED"), (1, 1, "MOVED")]
    assert not match.same_code.any()


functions = st.builds(
    site,
    st.sampled_from(["f", "g", "A.f", "<lambda>", "f.<locals>.<lambda>"]),
    st.sampled_from(["x", "y", "z"]),
    st.integers(1, 9),
    st.sampled_from(["pkg/a.py", "pkg/b.py"]),
    st.sampled_from(["site", "stdlib", "generated"]),
)


@given(st.lists(functions, max_size=12), st.lists(functions, max_size=12))
def test_every_function_is_in_one_pair(one: list[Function], other: list[Function]) -> None:
    """Each function of each side is in exactly one pair, and the way back leads to it."""
    match = match_profiles(profile(one), profile(other))
    for index, pair_of, size in (
        (match.before, match.pair_before, len(one)),
        (match.after, match.pair_after, len(other)),
    ):
        assert sorted(index[index >= 0].tolist()) == list(range(size))
        assert index[pair_of].tolist() == list(range(size))


@given(st.lists(functions, max_size=12), st.randoms(use_true_random=False))
def test_order_and_lines_do_not_matter(one: list[Function], random: object) -> None:
    """A profile matched with itself, lines moved and order changed, has nothing new or gone."""
    moved = [site(f.name, f.fingerprint, f.line + 100, f.path, f.home) for f in reversed(one)]
    match = match_profiles(profile(one), profile(moved))
    assert match.same_code.all()
    assert set(match.kind.tolist()) <= {PairKind.SAME}
