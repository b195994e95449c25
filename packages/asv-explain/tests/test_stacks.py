"""Sampled stacks become trees of numbered frames, each tree's one with those of other rounds."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from stack_texts import text_of

from asv_explain.profiles.stacks import NO_STACKS, SampledStacks, levels, merged, read_collapsed

# One frame begins as another does, or holds what stands between a stack and its samples.
FRAMES = st.sampled_from(["f (a.py:1)", "f (a.py:12)", "f", "f 3", "f (a.py:1) x", "[kernel]", "é"])
ROUNDS = st.lists(
    st.lists(st.tuples(st.lists(FRAMES, min_size=1, max_size=5).map(";".join), st.integers(1, 99))),
    min_size=1,
    max_size=4,
)


def counted(stacks: SampledStacks, row: int) -> Counter[str]:
    """The samples of each stack of a process."""
    one = SampledStacks(stacks.frames, stacks.parent, stacks.frame, stacks.samples[row : row + 1])
    found: Counter[str] = Counter()
    for line in text_of(one).splitlines():
        path, _, count = line.rpartition(" ")
        found[path] += int(count)
    return found


@given(ROUNDS)
def test_each_round_keeps_the_samples_of_each_stack(rounds: list[list[tuple[str, int]]]) -> None:
    """In its own tree, and in the one of all rounds, in which no stack is twice."""
    trees = [read_collapsed([f"{path} {count}" for path, count in one]) for one in rounds]
    whole = merged(trees)
    for row, (one, tree) in enumerate(zip(rounds, trees, strict=True)):
        expected: Counter[str] = Counter()
        for path, count in one:
            expected[path] += count
        assert counted(tree, 0) == counted(whole, row) == expected
    nodes = [*zip(whole.parent.tolist(), whole.frame.tolist(), strict=True)]
    assert len({*nodes}) == len(nodes)
    assert all(above < node for node, (above, _) in enumerate(nodes))


def test_what_is_no_stack_is_left_out() -> None:
    """Lines without samples, or with more than there can be, and those without frames."""
    lines = ["", " 3", "f", "f x", "f -1", f"f {10**9}", "f 2"]
    assert text_of(read_collapsed(lines)) == "f 2\n"
    assert text_of(merged([NO_STACKS, read_collapsed([])])) == ""


@given(st.lists(st.integers(0, 10**6), max_size=60))
def test_levels_hold_each_node_below_its_parent(drawn: list[int]) -> None:
    """The outermost come first, whatever the shape of the tree."""
    parent = np.array([one % (node + 1) - 1 for node, one in enumerate(drawn)], np.intp)
    depth = {-1: -1}
    for number, level in enumerate(levels(parent)):
        for node in level.tolist():
            assert depth[int(parent[node])] == number - 1
            depth[node] = number
    assert len(depth) == len(parent) + 1
