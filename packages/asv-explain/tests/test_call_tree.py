"""The call tree of both sides conserves time and shows what is new, gone, moved or recursive."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from profile_pairs import PLAIN, Edges, pair_of, side_of
from strategies import raw_profiles

from asv_explain.pages import call_tree, views
from asv_explain.pages.call_tree import Node, difference_tree
from asv_explain.pages.views import VIEWS, WHOLE, Branch, View, branches, slices
from asv_explain.profiles.pair import ProfilePair, ProfileSide
from asv_explain.profiles.profile import profile_from_raw


def every(nodes: Sequence[Node], path: tuple[str, ...] = ()) -> Iterator[tuple[str, Node]]:
    """All nodes with the names on their path."""
    for node in nodes:
        here = (*path, node.name)
        yield "/".join(here), node
        yield from every(node.children, here)


def test_a_shared_function_divides_as_its_edges_say() -> None:
    """What two callers share appears below each, with its calls, a benchmark call."""
    twice = side_of(
        {"main": 2.0, "left": 4.0, "right": 2.0, "shared": 8.0},
        [
            ("main", "left", 4, 4.0, 10.0),
            ("main", "right", 2, 2.0, 4.0),
            ("left", "shared", 12, 6.0, 6.0),
            ("right", "shared", 4, 2.0, 2.0),
        ],
        number=2,
    )
    nodes = dict(every(difference_tree(pair_of(PLAIN, twice))))
    assert {path: (one.own_before, one.calls_before) for path, one in nodes.items()} == {
        "main": (1.0, 1.0),
        "main/left": (2.0, 2.0),
        "main/left/shared": (3.0, 6.0),
        "main/right": (1.0, 1.0),
        "main/right/shared": (1.0, 2.0),
    }
    for node in nodes.values():
        assert (node.own_after, node.calls_after) == (node.own_before, node.calls_before)
        assert node.gone == node.difference == 0


def test_own_time_divides_by_caller_as_it_was_measured() -> None:
    """Two callers with the same time below them need not have the same time in the callee."""
    side = side_of(
        {"main": 0.0, "a": 0.0, "b": 0.0, "f": 4.0, "deep": 4.0},
        [
            ("main", "a", 1, 0.0, 4.0),
            ("main", "b", 1, 0.0, 4.0),
            ("a", "f", 1, 4.0, 4.0),
            ("b", "f", 1, 0.0, 4.0),
            ("f", "deep", 1, 4.0, 4.0),
        ],
    )
    nodes = dict(every(difference_tree(pair_of(side, side))))
    assert (nodes["main/a/f"].own_before, nodes["main/b/f"].own_before) == (4.0, 0.0)
    assert nodes["main/a/f/deep"].own_before == nodes["main/b/f/deep"].own_before == 2.0


def test_what_is_new_and_what_vanished() -> None:
    """A new function takes nothing before, a vanished one nothing after; gone counts it alone."""
    after = side_of(
        {"main": 1.5, "left": 2.0, "fresh": 5.0},
        [("main", "left", 2, 2.0, 2.0), ("main", "fresh", 1, 5.0, 5.0)],
    )
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
    after = side_of(
        {"main": 1.0, "left": 2.0, "right": 1.0, "shared": 4.0},
        [
            ("main", "left", 2, 2.0, 2.0),
            ("main", "right", 1, 1.0, 5.0),
            ("right", "shared", 8, 4.0, 4.0),
        ],
    )
    nodes = dict(every(difference_tree(pair_of(PLAIN, after))))
    assert nodes["main"].difference == 0
    assert nodes["main/left"].difference == -3.0 == -nodes["main"].gone
    assert nodes["main/right/shared"].difference == 3.0


def test_recursion_enters_a_function_once_a_path() -> None:
    """Functions that call themselves or each other have an end, and keep all their time."""
    side = side_of(
        {"main": 1.0, "even": 2.0, "odd": 3.0},
        [
            ("main", "even", 1, 0.5, 6.0),
            ("even", "odd", 5, 3.0, 5.0),
            ("odd", "even", 4, 1.5, 4.0),
            ("odd", "odd", 1, 0.0, 1.0),
        ],
    )
    nodes = dict(every(difference_tree(pair_of(side, side))))
    assert {path: node.own_after for path, node in nodes.items()} == {
        "main": 1.0,
        "main/even": 2.0,
        "main/even/odd": 3.0,
    }


def test_a_circle_that_nobody_enters_keeps_its_time() -> None:
    """Functions without an outermost one are entered where they took longest."""
    side = side_of({"a": 1.0, "b": 2.0}, [("a", "b", 1, 2.0, 2.5), ("b", "a", 1, 1.0, 1.5)])
    roots = difference_tree(pair_of(side, side))
    assert [path for path, _ in every(roots)] == ["a", "a/b"] or [
        path for path, _ in every(roots)
    ] == ["b", "b/a"]
    assert sum(root.total_before for root in roots) == pytest.approx(3.0)


def test_functions_that_all_call_each_other_come_to_an_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """There are more paths than anybody could follow, and no time is lost by stopping."""
    monkeypatch.setattr(call_tree, "MOST_PATHS", 200)
    names = [f"f{index}" for index in range(12)]
    edges: Edges = [
        (caller, callee, 1, 0.5, 10.0) for caller in names for callee in names if caller != callee
    ]
    side = side_of(dict.fromkeys(names, 1.0), edges)
    roots = difference_tree(pair_of(side, side))
    assert len(list(every(roots))) <= 200 + len(names)
    assert sum(root.total_before for root in roots) == pytest.approx(12.0)


def test_a_small_path_is_followed_where_the_other_side_is_large() -> None:
    """Else what became slow would look new, and what became fast gone."""
    calls: Edges = [("main", "f", 1, 0.0, 0.0), ("main", "g", 1, 0.0, 0.0)]

    def side(seconds: float) -> ProfileSide:
        own = {"main": 100.0, "f": 0.0, "g": 0.0, "work": seconds + 50.0}
        below: Edges = [("f", "work", 1, seconds, seconds), ("g", "work", 1, 50.0, 50.0)]
        return side_of(
            own, [(a, b, n, 0.0, seconds if b == "f" else 50.0) for a, b, n, _, _ in calls] + below
        )

    nodes = dict(every(difference_tree(pair_of(side(1e-6), side(9.0)))))
    assert nodes["main/f/work"].own_before == pytest.approx(1e-6)
    assert nodes["main/f/work"].own_after == pytest.approx(9.0)


def test_what_is_small_on_both_sides_stays_on_its_paths() -> None:
    """A function too small to follow is still found below whoever calls it, on each side."""

    def side(caller: str) -> ProfileSide:
        own = {"main": 100.0, "f": 1.0, "g": 1.0, "tiny": 1e-4}
        calls: Edges = [("main", "f", 1, 1.0, 1.0), ("main", "g", 1, 1.0, 1.0)]
        return side_of(own, [*calls, (caller, "tiny", 1, 1e-4, 1e-4)])

    nodes = dict(every(difference_tree(pair_of(side("f"), side("g")))))
    assert (nodes["main/f/tiny"].own_before, nodes["main/f/tiny"].own_after) == (1e-4, 0.0)
    assert (nodes["main/g/tiny"].own_before, nodes["main/g/tiny"].own_after) == (0.0, 1e-4)


@st.composite
def pairs(draw: st.DrawFn) -> ProfilePair:
    """Two profiles that share functions by chance, with corrected times that differ."""

    def side() -> ProfileSide:
        profile = profile_from_raw(draw(raw_profiles()))
        part = draw(st.sampled_from([1.0, 0.5, 0.0]))
        return ProfileSide(profile, profile.own * part, profile.edge_own * part)

    return pair_of(side(), side())


@given(pairs(), st.sampled_from([1e-4, 0.2]))
def test_the_tree_conserves_each_sides_time(pair: ProfilePair, smallest: float) -> None:
    """Whatever the graphs and however much is cut off, own seconds add up to the corrected ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(call_tree, "SMALLEST", smallest)
        roots = difference_tree(pair)
    nodes = [node for _, node in every(roots)]
    for side, own, total, calls in (
        (pair.before, "own_before", "total_before", "calls_before"),
        (pair.after, "own_after", "total_after", "calls_after"),
    ):
        number = side.profile.number
        expected = pytest.approx(side.own.sum() / number, abs=1e-15)
        assert sum(getattr(node, own) for node in nodes) == expected
        assert sum(getattr(root, total) for root in roots) == expected
        made = sum(getattr(node, calls) for node in nodes)
        assert made == pytest.approx(side.profile.calls.sum() / number)
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
        assert view == "gone" or side.own.sum() == 0
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
    after = side_of(
        {"main": 1.0, "left": 2.0, "fresh": 5.0},
        [("main", "left", 2, 2.0, 2.0), ("main", "fresh", 1, 5.0, 5.0)],
    )
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
    side = side_of({"evil\x1b\n" + "x" * 500: 1.0}, [])
    (branch,) = branches(difference_tree(pair_of(side, side)))
    assert branch.name.startswith("evil??xxx")
    assert len(branch.name) == views.LONGEST
    assert branch.place == "pkg/mod.py:1"
