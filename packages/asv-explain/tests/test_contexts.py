"""How often functions are called below which changed code, and which of that merely moved."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from call_graphs import Edges, Functions, changed, side, stacked

from asv_explain.attribution.contexts import (
    calls_below,
    contexts_of,
    related_groups,
    without_moved,
)
from asv_explain.attribution.guilty import find_guilty
from asv_explain.attribution.owners import Groups, owned_stacks, put_together
from asv_explain.changes.change import Changes
from asv_explain.profiles.match import Match, match_profiles
from asv_explain.profiles.sampled import SampledSide, from_profiles

Below = dict[tuple[str, str], float]


def prepared(
    before: SampledSide, after: SampledSide, changes: Changes
) -> tuple[Match, Groups, list[str]]:
    """The pairs of both sides, their groups, and the pairs' names."""
    match = match_profiles(before.profile, after.profile)
    guilty = find_guilty(before.profile, after.profile, match, changes)
    names = [
        (after.profile.functions[theirs] if theirs >= 0 else before.profile.functions[ours]).name
        for ours, theirs in zip(match.before.tolist(), match.after.tolist(), strict=True)
    ]
    return match, put_together(before.profile, after.profile, match, guilty), names


def below(before: SampledSide, after: SampledSide, changes: Changes) -> tuple[Below, Below]:
    """Calls of each function below each changed one; "" stands for no changed code."""
    match, groups, names = prepared(before, after, changes)
    sides, pairs = (before, after), (match.pair_before, match.pair_after)
    owned = owned_stacks(before, pairs[0], groups), owned_stacks(after, pairs[1], groups)
    contexts = contexts_of(sides, owned, pairs, groups)
    found = []
    for one, pair_of in zip(sides, pairs, strict=True):
        table = calls_below(one.profile, pair_of, contexts, groups).tocoo()
        named = [
            ("" if group.pair is None else names[group.pair], index)
            for index, group in enumerate(groups.every)
        ]
        title = {index: name for name, index in named}
        rows = zip(table.row.tolist(), table.col.tolist(), table.data.tolist(), strict=True)
        found.append(
            {(names[pair], title[group]): round(calls, 6) for pair, group, calls in rows if calls}
        )
    return found[0], found[1]


def chain(*path: str) -> dict[tuple[str, ...], float]:
    return {path[: length + 1]: 1.0 for length in range(len(path))}


SHARED: Functions = {name: (calls, 1.0) for name, calls in
                     (("t", 1), ("f", 1), ("h", 1), ("m", 4), ("g", 8))}  # fmt: skip
SHARED_EDGES: Edges = [
    ("t", "f", 1, 1.0),
    ("t", "h", 1, 1.0),
    ("f", "m", 3, 1.0),
    ("h", "m", 1, 1.0),
    ("m", "g", 8, 1.0),
]
STACKS = {
    ("t", "f", "m", "g"): 3.0,
    ("t", "h", "m", "g"): 1.0,
    ("t", "f", "m"): 1.0,
    ("t", "h", "m"): 1.0,
}


def without_stacks(one: SampledSide) -> SampledSide:
    """The same with what cProfile alone knows."""
    seconds = np.concatenate([one.profile.own, one.profile.edge_own])
    return from_profiles(one.profile, [seconds], one.seconds)


@pytest.mark.parametrize("sampled", [True, False])
def test_what_unchanged_code_calls_is_shared_as_its_own_calls_are(sampled: bool) -> None:
    """`m` is called three times below `f` and once below `h`, and so is what it calls."""
    one = stacked(SHARED, SHARED_EDGES, STACKS)
    one = one if sampled else without_stacks(one)
    found, again = below(one, one, changed("f", "h"))
    assert found == again
    assert {key: calls for key, calls in found.items() if key[0] in "mg"} == {
        ("m", "f"): 3.0,
        ("m", "h"): 1.0,
        ("g", "f"): 6.0,
        ("g", "h"): 2.0,
    }


@pytest.mark.parametrize("sampled", [True, False])
def test_all_calls_are_below_something(sampled: bool) -> None:
    """Whatever the groups, the calls of a function that was sampled add up to those counted."""
    one = stacked(SHARED, SHARED_EDGES, STACKS)
    one = one if sampled else without_stacks(one)
    for names in ((), ("f",), ("m",), ("f", "m", "g")):
        found, _ = below(one, one, changed(*names))
        for name, (calls, _) in SHARED.items():
            total = sum(many for (who, _), many in found.items() if who == name)
            assert total == pytest.approx(calls), (names, name)


def test_changed_code_hides_what_is_above_it() -> None:
    """What a changed function calls is below it, and its own calls are below who calls it."""
    one = stacked(SHARED, SHARED_EDGES, STACKS)
    found, _ = below(one, one, changed("f", "h", "m"))
    assert found["g", "m"] == 8.0
    assert ("g", "f") not in found
    assert (found["m", "f"], found["m", "h"]) == (3.0, 1.0)


def test_recursion_below_changed_code() -> None:
    """Calls that a function makes of itself are where it was called first."""
    functions: Functions = {"t": (1, 1.0), "f": (1, 1.0), "h": (1, 1.0), "r": (40, 1.0)}
    edges: Edges = [
        ("t", "f", 1, 1.0),
        ("t", "h", 1, 1.0),
        ("f", "r", 3, 1.0),
        ("h", "r", 1, 1.0),
        ("r", "r", 36, 1.0),
    ]
    stacks = chain("t", "f", "r", "r") | chain("t", "h", "r", "r")
    one = stacked(functions, edges, stacks)
    found, _ = below(one, one, changed("f", "h"))
    assert (found["r", "f"], found["r", "h"]) == (30.0, 10.0)


def test_a_circle_below_changed_code() -> None:
    """Functions that call each other are called as often below both as they were counted."""
    functions: Functions = {"f": (1, 1.0), "h": (1, 1.0), "a": (20, 1.0), "b": (20, 1.0)}
    edges: Edges = [
        ("f", "a", 3, 1.0),
        ("h", "a", 1, 1.0),
        ("a", "b", 20, 1.0),
        ("b", "a", 16, 1.0),
    ]
    stacks = chain("f", "a", "b", "a") | chain("h", "a", "b", "a")
    one = stacked(functions, edges, stacks)
    found, _ = below(one, one, changed("f", "h"))
    assert (found["a", "f"], found["a", "h"]) == pytest.approx((15.0, 5.0))
    assert (found["b", "f"], found["b", "h"]) == pytest.approx((15.0, 5.0))


def test_a_new_helper_is_below_changed_code_that_calls_it_and_alone_elsewhere() -> None:
    """Called by code that did not change, it is a cause of its own."""
    before = side({"t": (1, 1.0), "f": (1, 1.0), "u": (1, 1.0)},
                  [("t", "f", 1, 1.0), ("t", "u", 1, 1.0)])  # fmt: skip
    functions: Functions = {
        "t": (1, 1.0),
        "f": (1, 1.0),
        "u": (1, 1.0),
        "new": (5, 1.0),
        "g": (5, 1.0),
    }
    edges: Edges = [("t", "f", 1, 1.0), ("t", "u", 1, 1.0), ("f", "new", 3, 1.0),
                    ("u", "new", 2, 1.0), ("new", "g", 5, 1.0)]  # fmt: skip
    stacks = chain("t", "f", "new", "g") | chain("t", "u", "new", "g")
    after = stacked(functions, edges, stacks)
    items = (*changed("f").items, *changed("new", kind="new").items)
    _, found = below(before, after, Changes(items, {}, (), changed("f").tracked))
    assert (found["new", "f"], found["g", "f"]) == (3.0, 3.0)
    assert (found["new", "new"], found["g", "new"]) == (2.0, 2.0)


def test_moved_calls_cancel_between_groups_that_call_each_other() -> None:
    """The smaller of both is no change, whichever way calls went; without a tie all of it stays."""
    tied = np.array([[False, True, False], [True, False, False], [False, False, False]])
    group = np.array([0, 1, 2])
    assert without_moved(np.array([5.0, -3.0, -1.0]), group, tied).tolist() == [2.0, 0.0, -1.0]
    assert without_moved(np.array([-5.0, 3.0, 1.0]), group, tied).tolist() == [-2.0, 0.0, 1.0]
    assert without_moved(np.array([5.0, 3.0, -9.0]), group, tied).tolist() == [5.0, 3.0, -9.0]
    loose = np.zeros((3, 3), np.bool_)
    assert without_moved(np.array([5.0, -3.0, -1.0]), group, loose).tolist() == [5.0, -3.0, -1.0]


@pytest.mark.parametrize("seed", range(20))
def test_moved_calls_keep_their_sum(seed: int) -> None:
    """Nothing is lost or turned round, and the order of the groups plays no part."""
    generator = np.random.default_rng(seed)
    size = 6
    related = generator.random((size, size)) < 0.5
    related |= related.T
    delta, group = generator.normal(0, 10, size).round(), np.arange(size)
    left = without_moved(delta, group, related)
    assert left.sum() == pytest.approx(delta.sum())
    assert (left * delta >= 0).all()
    assert (np.abs(left) <= np.abs(delta)).all()
    order = generator.permutation(size)
    if len({*np.abs(delta).tolist()}) == size:
        again = without_moved(delta[order], group[order], related)
        assert again == pytest.approx(left[order])


def test_groups_that_call_each_other_are_related_on_either_side() -> None:
    """A call on one side, in either direction, is enough; a call by way of others is none."""
    names = ("t", "f", "m", "g")
    before = side(dict.fromkeys(names, (1, 1.0)), [(a, b, 1, 1.0) for a, b in pairwise(names)])
    after = side(dict.fromkeys(names, (1, 1.0)), [("t", "f", 1, 1.0), ("t", "g", 1, 1.0)])
    match, groups, told = prepared(before, after, changed("f", "m", "g"))
    found = related_groups(
        (before.profile, after.profile), (match.pair_before, match.pair_after), groups
    )
    of = {name: int(groups.of_pair[told.index(name)]) for name in names}
    assert found[of["f"], of["m"]]
    assert found[of["m"], of["f"]]
    assert not found[of["f"], of["g"]]
    assert not found[of["t"]].any()
