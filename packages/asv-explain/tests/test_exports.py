"""Stacks conserve time, and what is exported opens in the tools it is for."""

from __future__ import annotations

import json
import pstats
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from profile_pairs import profile_of, side_of, stacks_of

from asv_explain.profiles.pair import ProfileSide
from asv_explain.profiles.profile import Profile
from asv_explain.profiles.stacks import Stacks
from asv_explain.reports.exports import to_folded, to_pstats, to_speedscope
from asv_explain.reports.paths import merge_paths


def side_with_lines() -> ProfileSide:
    """A function seen at two lines, of which each calls another one; and one that has no line."""
    stacks = Stacks(
        np.array([-1, -1, 0, 1, 1]),
        np.array([0, 0, 1, 1, 2]),
        np.array([3, 4, 7, 7, 0]),
        np.array([1, 0, 2, 1, 3]),
        np.array([1.0, 0.0, 2.0, 1.0, 3.0]),
    )
    return ProfileSide(profile_of(["main", "left", "right"], {}), stacks)


@given(stacks_of(3))
def test_paths_conserve_the_time_of_each_function(stacks: Stacks) -> None:
    """Whatever the stacks, no function gains or loses time as lines are folded away."""
    found = merge_paths([(stacks, range(3)), (stacks, range(3, 6))])
    for first, seconds in zip((0, 3), found.seconds, strict=True):
        whose = np.bincount(found.function, seconds, 6)[first : first + 3]
        assert whose == pytest.approx(np.bincount(stacks.function, stacks.seconds, 3))
    assert len({*zip(found.parent.tolist(), found.function.tolist(), strict=True)}) == len(
        found.parent
    )
    assert all(found.parent < np.arange(len(found.parent)))


COUNTED = Profile(
    functions=profile_of(["main", "left", "right", "shared"], {}).functions,
    calls=np.array([1, 1, 1, 4]),
    recursive=np.zeros(4, np.int64),
    own=np.array([1.0, 2.0, 1.0, 4.0]),
    cumulative=np.array([8.0, 5.0, 2.0, 4.0]),
    caller=np.array([0, 0, 1, 2]),
    callee=np.array([1, 2, 3, 3]),
    edge_calls=np.array([1, 1, 3, 1]),
    edge_own=np.array([2.0, 1.0, 3.0, 1.0]),
    edge_cumulative=np.array([5.0, 2.0, 3.0, 1.0]),
    number=1,
    seconds=8.0,
)


def test_pstats_reads_what_was_measured(tmp_path: Path) -> None:
    """Calls, times and callers come out as they went in."""
    path = tmp_path / "a.prof"
    path.write_bytes(to_pstats(COUNTED))
    stats = pstats.Stats(str(path))
    assert stats.total_tt == pytest.approx(8.0)  # type: ignore[attr-defined]
    shared = stats.stats[("site/pkg/mod.py", 4, "shared")]  # type: ignore[attr-defined]
    assert shared[:4] == (4, 4, 4.0, 4.0)
    assert shared[4] == {
        ("site/pkg/mod.py", 2, "left"): (3, 3, 3.0, 3.0),
        ("site/pkg/mod.py", 3, "right"): (1, 1, 1.0, 1.0),
    }


def test_folded_lines_hold_names_and_nanoseconds() -> None:
    """Each line is a stack and a whole number, whatever a name may hold; lines are one stack."""
    hostile = side_of({"bad\n\x1b[31m": 1.5})
    assert to_folded(hostile) == "bad??[31m (pkg/mod.py) 1500000000\n"
    function = hostile.profile.functions[0]._replace(name="a;b")
    semicolon = replace(hostile, profile=replace(hostile.profile, functions=(function,)))
    assert to_folded(semicolon) == "a,b (pkg/mod.py) 1500000000\n"
    assert to_folded(side_with_lines()).splitlines() == [
        "main (pkg/mod.py) 1000000000",
        "main (pkg/mod.py);left (pkg/mod.py) 3000000000",
        "main (pkg/mod.py);right (pkg/mod.py) 3000000000",
    ]


def test_speedscope_file_is_whole() -> None:
    """Samples and weights go together, frames are functions with lines, and all adds up."""
    document = json.loads(to_speedscope(side_with_lines(), "before"))
    (profile,) = document["profiles"]
    frames = document["shared"]["frames"]
    told = {
        " ".join(f"{frames[index]['name']}:{frames[index]['line']}" for index in sample): weight
        for sample, weight in zip(profile["samples"], profile["weights"], strict=True)
    }
    # What has no line stands at the first of its function.
    assert told == {
        "main:3": 1.0,
        "main:3 left:7": 2.0,
        "main:4 left:7": 1.0,
        "main:4 right:3": 3.0,
    }
    assert {one["file"] for one in frames} == {"site/pkg/mod.py"}
    assert sum(profile["weights"]) == pytest.approx(profile["endValue"]) == pytest.approx(7.0)


def test_nothing_sampled_is_an_empty_file() -> None:
    """Both formats have a form for it."""
    none = np.zeros(0, np.int64)
    nothing = ProfileSide(COUNTED, Stacks(none, none, none, none, np.zeros(0)))
    assert to_folded(nothing) == ""
    assert json.loads(to_speedscope(nothing, "x"))["profiles"][0]["samples"] == []
