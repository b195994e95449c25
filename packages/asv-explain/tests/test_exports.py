"""Stacks conserve time, and what is exported opens in the tools it is for."""

from __future__ import annotations

import json
import pstats
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asv_explain.profiles.profile import Function, Profile
from asv_explain.reports.exports import to_folded, to_pstats, to_speedscope
from asv_explain.reports.stacks import unfold


def profile_of(
    own: list[float], edges: list[tuple[int, int, int, float]], names: list[str] | None = None
) -> Profile:
    """A profile of own seconds and edges: caller, callee, calls, seconds."""
    size = len(own)
    cumulative = np.array(own)
    for caller, callee, _, seconds in edges:
        if caller != callee:
            cumulative[caller] += seconds
    calls = np.ones(size, np.int64)
    columns = list(zip(*edges, strict=True)) if edges else [(), (), (), ()]
    return Profile(
        functions=tuple(
            Function("site", "pkg/mod.py", name, line, 0, name)
            for line, name in enumerate(names or [f"f{i}" for i in range(size)], start=1)
        ),
        calls=calls,
        recursive=np.zeros(size, np.int64),
        own=np.array(own),
        cumulative=cumulative,
        caller=np.array(columns[0], np.intp),
        callee=np.array(columns[1], np.intp),
        edge_calls=np.array(columns[2], np.int64),
        edge_own=np.array(columns[3], np.float64),
        edge_cumulative=np.array(columns[3], np.float64),
        number=1,
        seconds=float(sum(own)),
    )


DIAMOND = profile_of(
    # main calls left and right, both call shared: 3 s of it for left, 1 s for right.
    [1.0, 2.0, 1.0, 4.0],
    [(0, 1, 1, 5.0), (0, 2, 1, 2.0), (1, 3, 3, 3.0), (2, 3, 1, 1.0)],
    ["main", "left", "right", "shared"],
)


def test_a_shared_function_divides_as_its_edges_say() -> None:
    """What two callers share appears below each, in proportion."""
    stacks = {stack.functions: stack.seconds for stack in unfold(DIAMOND)}
    assert stacks == pytest.approx(
        {(0,): 1.0, (0, 1): 2.0, (0, 1, 3): 3.0, (0, 2): 1.0, (0, 2, 3): 1.0}
    )


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    """Call graphs of any shape, circles and unreached functions included."""
    size = draw(st.integers(1, 8))
    seconds = st.floats(0, 10, allow_subnormal=False)
    own = draw(st.lists(seconds, min_size=size, max_size=size))
    position = st.integers(0, size - 1)
    edges = draw(st.lists(st.tuples(position, position, st.integers(1, 9), seconds), max_size=16))
    unique = {(caller, callee): (calls, spent) for caller, callee, calls, spent in edges}
    return profile_of(own, [(*pair, *row) for pair, row in unique.items()])


@given(profiles(), st.sampled_from([1e-4, 0.2]))
def test_unfolding_conserves_every_functions_own_time(profile: Profile, smallest: float) -> None:
    """Whatever the graph and however much is cut off, no function gains or loses time."""
    seconds = np.zeros(len(profile.functions))
    for stack in unfold(profile, smallest=smallest):
        assert len(set(stack.functions)) == len(stack.functions)
        seconds[stack.functions[-1]] += stack.seconds
    assert seconds == pytest.approx(profile.own)


def test_other_own_times_are_unfolded_in_place_of_the_profiles() -> None:
    """Corrected times follow the same paths."""
    halved = DIAMOND.own / 2
    assert sum(stack.seconds for stack in unfold(DIAMOND, halved)) == pytest.approx(4.0)


def test_pstats_reads_what_was_measured(tmp_path: Path) -> None:
    """Calls, times and callers come out as they went in."""
    path = tmp_path / "a.prof"
    path.write_bytes(to_pstats(DIAMOND))
    stats = pstats.Stats(str(path))
    assert stats.total_tt == pytest.approx(8.0)  # type: ignore[attr-defined]
    shared = stats.stats[("site/pkg/mod.py", 4, "shared")]  # type: ignore[attr-defined]
    assert shared[:4] == (1, 1, 4.0, 4.0)
    assert shared[4] == {
        ("site/pkg/mod.py", 2, "left"): (3, 3, 3.0, 3.0),
        ("site/pkg/mod.py", 3, "right"): (1, 1, 1.0, 1.0),
    }


def test_folded_lines_hold_names_and_nanoseconds() -> None:
    """Each line is a stack and a whole number, whatever a name may hold."""
    hostile = profile_of([1.5], [], ["bad;name\n\x1b[31m"])
    assert to_folded(hostile, unfold(hostile)) == "bad,name??[31m (pkg/mod.py) 1500000000\n"
    lines = to_folded(DIAMOND, unfold(DIAMOND)).splitlines()
    assert "main (pkg/mod.py);left (pkg/mod.py);shared (pkg/mod.py) 3000000000" in lines
    assert sum(int(line.rpartition(" ")[2]) for line in lines) == 8_000_000_000


def test_speedscope_file_is_whole() -> None:
    """Samples and weights go together, refer to frames there are, and add up."""
    document = json.loads(to_speedscope(DIAMOND, unfold(DIAMOND), "before"))
    (profile,) = document["profiles"]
    assert len(profile["samples"]) == len(profile["weights"])
    frames = {index for sample in profile["samples"] for index in sample}
    assert frames <= set(range(len(document["shared"]["frames"])))
    assert sum(profile["weights"]) == pytest.approx(profile["endValue"]) == pytest.approx(8.0)
