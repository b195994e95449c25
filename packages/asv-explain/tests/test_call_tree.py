"""The call tree of both sides conserves time and shows what is new, gone, moved or recursive."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from profile_pairs import PLAIN, pair_of, side_of, sides
from strategies import raw_profiles

from asv_explain.pages import call_tree, views
from asv_explain.pages.call_tree import Node, difference_tree
from asv_explain.pages.views import VIEWS, WHOLE, Branch, View, branches, slices
from asv_explain.profiles.pair import ProfilePair
from asv_explain.profiles.stacks import Stacks


def every(nodes: Sequence[Node], path: tuple[str, ...] = ()) -> Iterator[tuple[str, Node]]:
    """All nodes with the names on their path."""
    for node in nodes:
        here = (*path, node.name)
        yield "/".join(here), node
        yield from every(node.children, here)


def test_paths_are_those_that_were_sampled() -> None:
    """What two callers share appears below each with its own time, and the calls of all paths."""
    twice = replace(PLAIN, profile=replace(PLAIN.profile, calls=PLAIN.profile.calls * 2))
    nodes = dict(every(difference_tree(pair_of(PLAIN, twice))))
    assert {path: (one.own_before, one.total_before) for path, one in nodes.items()} == {
        "main": (1.0, 8.0),
        "main/left": (2.0, 5.0),
        "main/left/shared": (3.0, 3.0),
        "main/right": (1.0, 2.0),
        "main/right/shared": (1.0, 1.0),
    }
    for node in nodes.values():
        assert node.own_after == node.own_before
        assert node.gone == node.difference == 0
        assert node.calls_after == 2 * node.calls_before
    assert nodes["main/right/shared"].calls_before == 8.0


def test_lines_are_folded_away() -> None:
    """A function that was seen at two lines is one node, and so is what both lines call."""
    main, inner = PLAIN.profile.functions[:2]
    profile = replace(side_of({"main": 1.0, "main;left": 1.0}).profile, functions=(main, inner))
    lines = Stacks(
        np.array([-1, -1, 0, 1, 1]),
        np.array([0, 0, 1, 1, 1]),
        np.array([3, 4, 7, 7, 8]),
        np.array([1, 2, 4, 8, 16]),
        np.array([1.0, 2.0, 4.0, 8.0, 16.0]),
    )
    one = replace(PLAIN, profile=profile, stacks=lines)
    nodes = dict(every(difference_tree(pair_of(one, one))))
    assert {path: node.own_before for path, node in nodes.items()} == {
        "main": 3.0,
        "main/left": 28.0,
    }


def test_what_is_new_and_what_vanished() -> None:
    """A new function takes nothing before, a vanished one nothing after; gone counts it alone."""
    after = side_of({"main": 1.5, "main;left": 2.0, "main;fresh": 5.0})
    roots = difference_tree(pair_of(PLAIN, after))
    nodes = dict(every(roots))
    fresh, right = nodes["main/fresh"], nodes["main/right"]
    assert (fresh.before, fresh.total_before, fresh.total_after, fresh.gone) == (None, 0.0, 5.0, 0)
    assert (right.after, right.total_before, right.total_after, right.gone) == (None, 2.0, 0.0, 2.0)
    # right and both of shared; that main itself got slower makes up for nothing.
    assert nodes["main"].gone == 5.0
    assert nodes["main/left"].gone == 3.0


def test_a_moved_branch_is_gone_here_and_new_there() -> None:
    """What another caller takes over shrinks under the old one and grows under the new one."""
    after = side_of({"main": 1.0, "main;left": 2.0, "main;right": 1.0, "main;right;shared": 4.0})
    nodes = dict(every(difference_tree(pair_of(PLAIN, after))))
    assert nodes["main"].difference == 0
    assert nodes["main/left"].difference == -3.0 == -nodes["main"].gone
    assert nodes["main/right/shared"].difference == 3.0


def test_recursion_stays_as_it_was() -> None:
    """A function that calls itself stands below itself, as often as it did on the stack."""
    side = side_of({"main": 1.0, "main;f": 2.0, "main;f;f;g": 3.0})
    nodes = dict(every(difference_tree(pair_of(side, side))))
    assert {path: node.own_after for path, node in nodes.items()} == {
        "main": 1.0,
        "main/f": 2.0,
        "main/f/f": 0.0,
        "main/f/f/g": 3.0,
    }


def test_a_renamed_function_is_one_node() -> None:
    """Both names stand there, and the time of both sides."""
    after = side_of({"main": 1.0, "main;new": 2.0})
    before = side_of({"main": 1.0, "main;old": 3.0})
    nodes = dict(every(difference_tree(ProfilePair(before, after, ((0, 0), (1, 1))))))
    renamed = nodes["main/old → new"]
    assert (renamed.own_before, renamed.own_after) == (3.0, 2.0)


def test_what_is_too_small_to_show_is_added_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The largest paths of either side are kept; the others stand beside them in one node."""
    monkeypatch.setattr(call_tree, "MOST_PATHS", 3)
    before = side_of({f"main;f{index}": 1.0 + index for index in range(9)})
    after = side_of({f"main;f{index}": 9.0 - index for index in range(9)})
    (main,) = difference_tree(pair_of(before, after))
    assert [(one.name, one.own_before, one.own_after) for one in main.children] == [
        ("f0", 1.0, 9.0),
        ("f8", 9.0, 1.0),
        ("7 smaller", 35.0, 35.0),
    ]
    assert main.children[-1].paths == 7
    assert main.total_before == 45.0


def test_stacks_of_any_depth_come_to_an_end() -> None:
    """Recursion of thousands of frames is neither cut nor a reason to fail."""
    deep = 5_000
    stacks = Stacks(
        np.arange(-1, deep - 1),
        np.zeros(deep, np.intp),
        np.zeros(deep, np.int64),
        np.ones(deep, np.int64),
        np.ones(deep),
    )
    side = replace(side_of({"f": 1.0}), stacks=stacks)
    roots = difference_tree(pair_of(side, side))
    assert roots[0].total_before == deep
    assert len(slices(roots, "before")) <= views.MOST_SLICES + 2
    assert branches(roots)


@st.composite
def pairs(draw: st.DrawFn) -> ProfilePair:
    """Two sides that share functions by chance."""
    return pair_of(draw(sides(raw_profiles())), draw(sides(raw_profiles())))


@given(pairs(), st.sampled_from([1, 3, 4_000]))
def test_the_tree_conserves_each_sides_time(pair: ProfilePair, most: int) -> None:
    """Whatever the stacks and however much is cut off, own seconds add up to theirs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(call_tree, "MOST_PATHS", most)
        difference_tree.cache_clear()
        roots = difference_tree(pair)
    nodes = [node for _, node in every(roots)]
    for side, own, total in (
        (pair.before, "own_before", "total_before"),
        (pair.after, "own_after", "total_after"),
    ):
        expected = pytest.approx(side.stacks.seconds.sum(), abs=1e-15)
        assert sum(getattr(node, own) for node in nodes) == expected
        assert sum(getattr(root, total) for root in roots) == expected
        for node in nodes:
            inner = sum(getattr(child, total) for child in node.children)
            assert getattr(node, total) == pytest.approx(getattr(node, own) + inner, abs=1e-15)
    if most == 4_000:
        gone = sum(max(0.0, node.own_before - node.own_after) for node in nodes)
        assert sum(root.gone for root in roots) == pytest.approx(gone, abs=1e-15)


@pytest.mark.parametrize("view", VIEWS)
@given(pair=pairs(), most=st.sampled_from([1, 2, 4, 1000]))
def test_the_slices_of_a_view_add_up(view: View, pair: ProfilePair, most: int) -> None:
    """However few are kept: children never exceed their parent, and the whole is there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(views, "MOST_SLICES", most)
        found = slices(difference_tree(pair), view)
    if not found:
        side = pair.after if view == "after" else pair.before
        assert view == "gone" or side.stacks.seconds.sum() == 0
        return
    assert found[0].parent is None
    assert found[0].width == pytest.approx(WHOLE, rel=1e-6)
    held = [0] * len(found)
    for index, one in enumerate(found[1:], start=1):
        assert one.parent is not None
        assert one.parent < index
        held[one.parent] += one.width
    assert all(inner <= one.width for inner, one in zip(held, found, strict=True))


def test_what_does_not_fit_is_added_up() -> None:
    """A slice stands for the smaller ones, with their number and their time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(views, "MOST_SLICES", 3)
        found = slices(difference_tree(pair_of(PLAIN, PLAIN)), "before")
    assert [(one.name, one.before) for one in found] == [
        ("the whole call", 8.0),
        ("main", 8.0),
        ("left", 5.0),
        ("1 smaller", 3.0),
        ("1 smaller", 2.0),
    ]
    assert [one.width for one in found] == [
        WHOLE,
        WHOLE,
        WHOLE * 5 // 8,
        WHOLE * 3 // 8,
        WHOLE * 2 // 8,
    ]


def test_the_gone_view_shows_what_the_after_view_cannot() -> None:
    """Its widths are what vanished, and nothing that stayed or came is in it."""
    after = side_of({"main": 1.0, "main;left": 2.0, "main;fresh": 5.0})
    roots = difference_tree(pair_of(PLAIN, after))
    gone = {one.name: one.width for one in slices(roots, "gone")}
    assert gone == {
        "the whole call": WHOLE,
        "main": WHOLE,
        "left": WHOLE * 3 // 5,
        "shared": WHOLE // 5,
        "right": WHOLE * 2 // 5,
    }
    assert "right" not in {one.name for one in slices(roots, "after")}


@given(pairs())
def test_the_branches_told_as_text_add_up(pair: ProfilePair) -> None:
    """What is told of one node never exceeds it, and the outermost ones hold all."""

    def check(found: Sequence[Branch], before: float, after: float) -> None:
        assert sum(one.before for one in found) <= before * (1 + 1e-9) + 1e-15
        assert sum(one.after for one in found) <= after * (1 + 1e-9) + 1e-15
        for one in found:
            assert one.difference == pytest.approx(one.after - one.before)
            check(one.children, one.before, one.after)

    roots = difference_tree(pair)
    found = branches(roots)
    before = sum(root.total_before for root in roots)
    after = sum(root.total_after for root in roots)
    assert sum(one.before for one in found) == pytest.approx(before)
    assert sum(one.after for one in found) == pytest.approx(after)
    check(found, before, after)


def test_names_and_places_are_shortened_and_without_control_characters() -> None:
    """A name of any length and content is one line of readable text."""
    side = side_of({"evil\x1b\n" + "x" * 500: 1.0})
    (branch,) = branches(difference_tree(pair_of(side, side)))
    assert branch.name.startswith("evil??xxx")
    assert len(branch.name) == views.LONGEST
    assert branch.place == "pkg/mod.py:1"
