"""Causes are the changed code, for hand-made call graphs, generated ones and real code."""

from __future__ import annotations

import cProfile
import subprocess
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from call_graphs import (
    FILE,
    LOOP,
    Edges,
    Functions,
    amounts,
    changed,
    explain,
    function,
    side,
    stacked,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from stack_texts import read_texts

from asv_explain.attribution.causes import describe
from asv_explain.changes.change import Change, Changes
from asv_explain.changes.sources import read_changes
from asv_explain.profiles.profile import Function, Profile, profile_from_raw
from asv_explain.profiles.sampled import SampledSide, from_profiles, from_samples
from asv_explain.profiles.stacks import frames_from_raw
from observatory.studies import made_profiles


def test_extra_loop_in_own_code() -> None:
    """A function that got dearer by itself is the only cause, with its whole difference as own."""
    edges: Edges = [("time_it", "f", 1, 1.0)]
    before = side({"time_it": (1, 1.0), "f": (1, 1.0)}, edges)
    after = side({"time_it": (1, 1.0), "f": (1, 4.0)}, [("time_it", "f", 1, 4.0)])
    result = explain(before, after, changed("f"))
    assert amounts(result) == {"f": 3.0}
    assert result.causes[0].share == pytest.approx(1.0)
    assert result.causes[0].own == pytest.approx(3.0)
    assert describe(result.causes[0]) == "`f` changed; its own code cost 100%"


def test_more_calls_of_an_unchanged_helper() -> None:
    """What new calls of unchanged code cost is the doing of the changed code that makes them."""
    before = side(
        {"time_it": (1, 1.0), "f": (1, 1.0), "g": (2, 2.0), "h": (1, 1.0)},
        [
            ("time_it", "f", 1, 1.0),
            ("time_it", "h", 1, 1.0),
            ("f", "g", 1, 1.0),
            ("h", "g", 1, 1.0),
        ],
    )
    after = side(
        {"time_it": (1, 1.0), "f": (1, 2.0), "g": (13, 13.0), "h": (1, 1.0)},
        [
            ("time_it", "f", 1, 2.0),
            ("time_it", "h", 1, 1.0),
            ("f", "g", 12, 12.0),
            ("h", "g", 1, 1.0),
        ],
    )
    result = explain(before, after, changed("f", "h"))
    assert amounts(result) == {"f": 12.0}
    assert describe(result.causes[0]) == "`f` changed; its 11 new calls of `g` cost 92%"


def with_helpers(*names: str, kind: str = "new") -> Changes:
    """`f` and `h` changed, and these functions are new, or gone."""
    one = changed("f", "h")
    return replace(one, items=(*one.items, *changed(*names, kind=kind).items))


def test_a_new_helper_belongs_to_the_changed_code_that_calls_it() -> None:
    """It is a detail below its caller, as is what it calls in turn."""
    before = side({"t": (1, 0.0), "f": (1, 1.0)}, [("t", "f", 1, 1.0)])
    after = side(
        {"t": (1, 0.0), "f": (1, 2.0), "a": (5, 3.0), "b": (5, 4.0), "g": (5, 5.0)},
        [("t", "f", 1, 2.0), ("f", "a", 5, 3.0), ("a", "b", 5, 4.0), ("b", "g", 5, 5.0)],
    )
    result = explain(before, after, with_helpers("a", "b"))
    assert amounts(result) == {"f": 13.0}
    (cause,) = result.causes
    assert cause.own == 1.0
    assert [(one.name, one.kind, one.amount) for one in cause.details] == [
        ("g", "calls", 5.0),
        ("b", "new", 4.0),
        ("a", "new", 3.0),
    ]


def test_a_new_helper_is_shared_by_those_that_call_it() -> None:
    """Each has the time of the stacks on which it is the caller."""
    before = side(
        {"t": (1, 0.0), "f": (1, 1.0), "h": (1, 1.0)}, [("t", "f", 1, 1.0), ("t", "h", 1, 1.0)]
    )
    after = stacked(
        {"t": (1, 0.0), "f": (1, 1.0), "h": (1, 1.0), "a": (4, 8.0)},
        [("t", "f", 1, 1.0), ("t", "h", 1, 1.0), ("f", "a", 3, 6.0), ("h", "a", 1, 2.0)],
        {("t", "f"): 1.0, ("t", "h"): 1.0, ("t", "f", "a"): 6.0, ("t", "h", "a"): 2.0},
    )
    assert amounts(explain(before, after, with_helpers("a"))) == {"f": 6.0, "h": 2.0}


@pytest.mark.parametrize("back", [False, True])
def test_calls_that_a_new_wrapper_took_over_are_neither_lost_nor_gained(back: bool) -> None:
    """Only what the wrapper itself takes is left of it, put in or taken out."""
    plain = side(
        {"t": (1, 0.0), "f": (1, 1.0), "g": (9, 9.0)}, [("t", "f", 1, 1.0), ("f", "g", 9, 9.0)]
    )
    wrapped = side(
        {"t": (1, 0.0), "f": (1, 1.0), "w": (10, 2.0), "g": (9, 9.0)},
        [("t", "f", 1, 1.0), ("f", "w", 10, 2.0), ("w", "g", 9, 9.0)],
    )
    sides = (wrapped, plain) if back else (plain, wrapped)
    amount, kind = (-2.0, "gone") if back else (2.0, "new")
    (cause,) = explain(*sides, with_helpers("w", kind=kind)).causes
    assert (cause.name, cause.seconds) == ("f", amount)
    assert [(one.name, one.kind, one.amount) for one in cause.details] == [("w", kind, amount)]


def test_calls_that_moved_from_one_changed_function_into_another_are_no_cause() -> None:
    """What `f` no longer does `h` does, which it calls: unchanged code costs neither anything."""
    before = side(
        {"t": (1, 0.0), "f": (1, 1.0), "h": (1, 1.0), "g": (9, 9.0)},
        [("t", "f", 1, 1.0), ("f", "h", 1, 1.0), ("f", "g", 9, 9.0)],
    )
    after = side(
        {"t": (1, 0.0), "f": (1, 1.0), "h": (1, 3.0), "g": (9, 9.0)},
        [("t", "f", 1, 1.0), ("f", "h", 1, 3.0), ("h", "g", 9, 9.0)],
    )
    assert amounts(explain(before, after, changed("f", "h"))) == {"h": 2.0}


def test_more_calls_of_a_changed_callee_that_got_dearer_are_told_apart() -> None:
    """More calls go to who makes them, through unchanged code; what a call costs more stays."""
    before = side(
        {"t": (1, 0.0), "f": (1, 1.0), "m": (2, 0.0), "h": (2, 2.0)},
        [("t", "f", 1, 1.0), ("f", "m", 2, 0.0), ("m", "h", 2, 2.0)],
    )
    after = side(
        {"t": (1, 0.0), "f": (1, 1.0), "m": (6, 0.0), "h": (6, 18.0)},
        [("t", "f", 1, 1.0), ("f", "m", 6, 0.0), ("m", "h", 6, 18.0)],
    )
    result = explain(before, after, changed("f", "h"))
    assert amounts(result) == {"f": 8.0, "h": 8.0}
    (more,) = (one for one in result.causes if one.name == "f")
    assert [(one.name, one.kind) for one in more.details] == [("h", "calls")]


def test_received_time_goes_up_by_added_calls() -> None:
    """Unchanged code in the middle passes on what reached it, to the caller that added calls."""
    before = side(
        {"f": (1, 0.0), "h": (1, 0.0), "m": (2, 0.0), "g": (2, 2.0)},
        [("f", "m", 1, 0), ("h", "m", 1, 0), ("m", "g", 2, 2.0)],
    )
    after = side(
        {"f": (1, 0.0), "h": (1, 0.0), "m": (6, 0.0), "g": (6, 6.0)},
        [("f", "m", 5, 0), ("h", "m", 1, 0), ("m", "g", 6, 6.0)],
    )
    assert amounts(explain(before, after, changed("f", "h"))) == {"f": 4.0}


def test_cache_removed() -> None:
    """A function that lost its cache is called more by unchanged code, and is itself to blame."""
    before = side({"f": (1, 1.0), "g": (1, 1.0)}, [("f", "g", 1, 1.0)])
    after = side({"f": (1, 1.0), "g": (9, 9.0)}, [("f", "g", 9, 9.0)])
    result = explain(before, after, changed("g", details=("decorators",)))
    assert amounts(result) == {"g": 8.0}


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("gains", [True, False])
def test_a_wrapper_is_the_doing_of_what_it_wraps(depth: int, gains: bool) -> None:
    """Unchanged wrappers that a decorator puts in or takes out belong to the decorated function."""
    plain = side({"f": (2, 1.0), "g": (8, 8.0)}, [("f", "g", 8, 8.0)])
    outer, inner = "outer.<locals>.wrapper", "inner.<locals>.wrapper"
    functions: Functions = {"f": (2, 1.0), "g": (8, 8.0), inner: (8, 3.0), "dict": (9, 1.0)}
    edges: Edges = [(inner, "g", 8, 8.0), (inner, "dict", 9, 1.0)]
    if depth == 2:
        functions[outer] = (8, 4.0)
        edges += [("f", outer, 8, 4.0), (outer, inner, 8, 3.0)]
    else:
        edges += [("f", inner, 8, 3.0)]
    wrapped = side(functions, edges)
    sides = (plain, wrapped) if gains else (wrapped, plain)
    cost = 8.0 if depth == 2 else 4.0
    result = explain(*sides, changed("g", details=("decorators",)))
    assert amounts(result) == {"g": cost if gains else -cost}


def test_other_callers_of_a_decorated_function_are_no_wrappers() -> None:
    """Code that calls a decorated function on both sides hands on what it cost, as ever."""
    more: Edges = [("f", "h", 1, 1.0), ("h", "g", 2, 2.0)]
    before = side({"f": (1, 1.0), "h": (1, 1.0), "g": (2, 2.0)}, more)
    more = [("f", "h", 4, 4.0), ("h", "g", 8, 8.0)]
    after = side({"f": (1, 1.0), "h": (4, 4.0), "g": (8, 8.0)}, more)
    result = explain(before, after, changed("f", "g", details=("decorators",)))
    assert "h" not in amounts(result)
    assert amounts(result)["f"] == 3.0


def test_recursion_ends_at_the_changed_caller() -> None:
    """Functions that call themselves and each other hand up all they hold, without a rest."""
    before = stacked(
        {"f": (1, 1.0), "a": (2, 2.0), "b": (2, 2.0)},
        [("f", "a", 1, 1.0), ("a", "b", 2, 2.0), ("b", "a", 1, 1.0)],
        {("f",): 1.0, ("f", "a"): 1.0, ("f", "a", "b"): 2.0, ("f", "a", "b", "a"): 1.0},
    )
    after = stacked(
        {"f": (1, 1.0), "a": (10, 10.0), "b": (12, 12.0)},
        [("f", "a", 1, 1.0), ("a", "b", 10, 10.0), ("b", "a", 9, 9.0), ("b", "b", 2, 2.0)],
        {("f",): 1.0, ("f", "a"): 1.0, ("f", "a", "b"): 12.0, ("f", "a", "b", "a"): 9.0},
    )
    assert amounts(explain(before, after, changed("f"))) == {"f": 18.0}


def test_two_changed_functions_on_one_path() -> None:
    """Dearer calls stay with the callee that changed; more calls go to the caller that did."""
    before = side(
        {"time_it": (1, 0.0), "f": (1, 0.0), "g": (2, 2.0)},
        [("time_it", "f", 1, 0.0), ("f", "g", 2, 2.0)],
    )
    after = side(
        {"time_it": (1, 0.0), "f": (1, 0.0), "g": (4, 8.0)},
        [("time_it", "f", 1, 0.0), ("f", "g", 4, 8.0)],
    )
    assert amounts(explain(before, after, changed("f", "g"))) == {"f": 3.0, "g": 3.0}


def test_something_faster_elsewhere() -> None:
    """A gain elsewhere is a cause of its own, and no share of the slowdown is above 1."""
    before = side(
        {"t": (1, 0.0), "f": (1, 1.0), "g": (1, 5.0)},
        [("t", "f", 1, 1.0), ("t", "g", 1, 5.0)],
    )
    after = side(
        {"t": (1, 0.0), "f": (1, 9.0), "g": (1, 1.0)},
        [("t", "f", 1, 9.0), ("t", "g", 1, 1.0)],
    )
    result = explain(before, after, changed("f", "g"))
    assert [(one.name, one.share) for one in result.causes] == [("f", 1.0), ("g", -0.5)]


def test_moved_and_made_slower() -> None:
    """A function that moved to another file and got dearer is one cause, not new and gone."""
    edges: Edges = [("time_it", "f", 1, 1.0)]
    before = side({"time_it": (1, 1.0), "f": (1, 1.0)}, edges)
    after = side({"time_it": (1, 1.0), "f": (1, 4.0)}, [("time_it", "f", 1, 4.0)])
    functions = after.profile.functions
    there = functions[1]._replace(path="pkg/new.py", fingerprint="slower")
    profile = replace(after.profile, functions=(functions[0], there))
    change = Change(
        "function", "f", FILE, "pkg/new.py", FILE, "pkg/new.py", (1, 2), (1, 2), ("moved", "body")
    )
    changes = Changes((change,), {}, (), frozenset({FILE, "pkg/new.py"}))
    result = explain(before, replace(after, profile=profile), changes)
    assert [(one.kind, one.name, one.seconds) for one in result.causes] == [("moved", "f", 3.0)]


def test_dependency_that_changed() -> None:
    """Code that isn't the repository's own and differs by fingerprint is a cause of its own."""
    before = side({"time_it": (1, 1.0), "f": (1, 1.0)}, [("time_it", "f", 1, 1.0)])
    after = side({"time_it": (1, 1.0), "f": (1, 4.0)}, [("time_it", "f", 1, 4.0)])
    functions = after.profile.functions
    other = functions[1]._replace(fingerprint="other")
    profile = replace(after.profile, functions=(functions[0], other))
    changes = Changes((), {}, (), frozenset({"cascade/own.py"}))
    result = explain(before, replace(after, profile=profile), changes)
    assert [(one.kind, one.name) for one in result.causes] == [("dependency", "f")]


def test_async_tax() -> None:
    """Turning ``def`` into ``async def`` is recognised, and its price summed up."""
    edges: Edges = [("time_it", "f", 1, 1.0), ("f", "g", 1, 1.0)]
    before = side({"time_it": (1, 1.0), "f": (1, 1.0), "g": (1, 1.0)}, edges)
    edges = [("time_it", "f", 3, 2.0), ("f", "g", 2, 2.0)]
    after = side({"time_it": (1, 1.0), "f": (3, 2.0), "g": (2, 2.5)}, edges, ("f", "g"))
    result = explain(before, after, changed("f", "g", details=("def → async def", "body")))
    assert {one.kind for one in result.causes} == {"async"}
    assert result.tax.seconds == pytest.approx(2.5)
    assert [one.name for one in result.tax.functions] == ["g", "f"]
    assert result.tax.resumptions == 5


def waits(turns: int, resumed: int) -> SampledSide:
    """A loop that turns so often, as `inner` waits, which `outer` awaits through `middle`."""
    names = ("time_it", LOOP, "outer", "middle", "inner")
    calls = (1, turns, turns, turns, resumed)
    functions = {name: (count, 0.0) for name, count in zip(names, calls, strict=True)}
    functions[LOOP] = (turns, 1.0 * turns)
    edges = [(one, two, functions[two][0], 0.0) for one, two in pairwise(names)]
    return stacked(functions, edges, {("time_it", LOOP): 1.0 * turns}, names[2:])


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize(
    ("names", "guilty"),
    [
        (("outer", "middle", "inner"), "inner"),
        (("outer", "inner"), "inner"),
        (("outer", "middle"), "middle"),
        (("outer",), "outer"),
    ],
)
def test_the_loop_turns_for_the_innermost_changed_coroutine(
    names: tuple[str, ...], guilty: str, back: bool
) -> None:
    """Those that await it go on as often; where it waits less, it is what saved the turns."""
    sides = [waits(1, 1), waits(11, 11)]
    before, after = reversed(sides) if back else sides
    result = explain(before, after, changed(*names))
    assert amounts(result) == {guilty: -10.0 if back else 10.0}
    word = "10 fewer turns of the event loop saved" if back else "10 more turns of the event loop"
    assert word in describe(result.causes[0])


def test_what_turns_cost_more_each_goes_with_the_turns() -> None:
    """A loop that waits for something new takes longer at each turn."""
    before, after = waits(1, 1), waits(11, 11)
    slow = replace(after, weight=after.weight * 3, seconds=after.seconds * 3)
    result = explain(before, slow, changed("outer", "middle", "inner"))
    assert amounts(result) == {"inner": 32.0}


def test_a_coroutine_awaited_anew_is_no_turn_of_those_that_await_it() -> None:
    """Starting a coroutine counts as a call, and is not taken for a suspension of its caller."""
    before, after = waits(1, 1), waits(11, 31)
    result = explain(before, after, changed("outer", "inner"))
    assert amounts(result) == {"inner": 10.0}


def test_what_reads_a_changed_global_names_it() -> None:
    """Code that reads a changed module constant gives its difference to the module's change."""
    before = side({"time_it": (1, 0.0), "f": (1, 1.0)}, [("time_it", "f", 1, 1.0)])
    after = side({"time_it": (1, 0.0), "f": (1, 4.0)}, [("time_it", "f", 1, 4.0)])
    module = Change(
        "module", "<module>", FILE, FILE, FILE, FILE, (1, 1), (1, 1), names=("LIMIT",),
        readers=((FILE, "f"),),
    )  # fmt: skip
    result = explain(before, after, Changes((module,), {}, (), frozenset({FILE})))
    assert [(one.kind, one.name) for one in result.causes] == [("module", "<module>")]
    assert "`f`" in describe(result.causes[0]) or "what reads it" in describe(result.causes[0])


def test_an_import_added_is_the_doing_of_the_module_that_gained_it() -> None:
    """What an imported module runs goes up through the import system to the changed module."""
    system = "_find_and_load"
    outer = ("time_it", system, "<module>")
    before = stacked(
        {"time_it": (1, 0.0), system: (1, 0.1), "<module>": (1, 1.0)},
        [("time_it", system, 1, 0.1), (system, "<module>", 1, 1.0)],
        {outer[:2]: 0.1, outer: 1.0},
    )
    after = stacked(
        {"time_it": (1, 0.0), system: (2, 0.2), "<module>": (1, 1.0), "costly": (1, 8.0)},
        [
            ("time_it", system, 1, 0.1),
            (system, "<module>", 1, 1.0),
            ("<module>", system, 1, 0.1),
            (system, "costly", 1, 8.0),
        ],
        {outer[:2]: 0.1, outer: 1.0, (*outer, system): 0.1, (*outer, system, "costly"): 8.0},
    )
    module = Change("module", "<module>", FILE, FILE, FILE, FILE, (1, 1), (1, 2))
    result = explain(before, after, Changes((module,), {}, (), frozenset({FILE})))
    first = result.causes[0]
    assert (first.kind, first.name) == ("module", "<module>")
    assert first.share > 0.5
    assert describe(first).startswith("`<module>` changed; running it on import cost")


def test_data_has_a_name_of_its_own() -> None:
    """What reaches the benchmark without meeting changed code lists what else changed."""
    before = side({"time_it": (1, 0.0), "f": (1, 1.0)}, [("time_it", "f", 1, 1.0)])
    after = side({"time_it": (1, 0.0), "f": (1, 4.0)}, [("time_it", "f", 1, 4.0)])
    changes = Changes((), {}, ("pkg/table.json",), frozenset({FILE}))
    result = explain(before, after, changes)
    assert [(one.kind, one.seconds) for one in result.causes] == [("elsewhere", 3.0)]
    assert result.causes[0].candidates == ("pkg/table.json",)


@st.composite
def sides(draw: st.DrawFn) -> tuple[SampledSide, SampledSide, Changes]:
    """Two sides over one set of functions, with recursion and functions of one side alone."""
    names = [f"f{index}" for index in range(draw(st.integers(1, 8)))]
    made = []
    for _ in range(2):
        ran = draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
        paths = st.lists(st.sampled_from(ran), min_size=1, max_size=5).map(tuple)
        stacks = draw(st.dictionaries(paths, st.floats(0.01, 10), min_size=1, max_size=12))
        steps = {(a, b) for path in stacks for a, b in pairwise(path)}
        edges: Edges = [(a, b, draw(st.integers(1, 1000)), 0.0) for a, b in sorted(steps)]
        functions: Functions = {}
        for name in ran:
            calls = sum(edge[2] for edge in edges if edge[1] == name)
            functions[name] = (calls + (draw(st.integers(0, 2)) if calls else 1), 0.0)
        made.append(stacked(functions, edges, stacks))
    guilty = draw(st.lists(st.sampled_from(names), unique=True))
    return made[0], made[1], changed(*guilty)


@given(sides())
@settings(deadline=None)
def test_causes_and_residual_are_the_difference(
    case: tuple[SampledSide, SampledSide, Changes],
) -> None:
    """Whatever the graph, causes and residual add up to what was measured."""
    before, after, changes = case
    result = explain(before, after, changes)
    total = sum(one.seconds for one in result.causes) + result.residual
    assert total == pytest.approx(after.seconds - before.seconds, abs=1e-6)
    assert all(one.share <= 1 + 1e-9 for one in result.causes)


@given(sides())
@settings(deadline=None)
def test_other_way_round_is_the_opposite(case: tuple[SampledSide, SampledSide, Changes]) -> None:
    """Exchanging the sides turns what each cause cost into what it saved."""
    before, after, changes = case
    there = {one.name: one.seconds for one in explain(before, after, changes).causes}
    back = {one.name: one.seconds for one in explain(after, before, changes).causes}
    for name in there.keys() | back.keys():
        assert there.get(name, 0.0) == pytest.approx(-back.get(name, 0.0), abs=1e-6)


@pytest.mark.parametrize("sampled", [True, False])
def test_large_graph(sampled: bool) -> None:
    """Thousands of functions on tens of thousands of stacks, with recursion, still add up."""
    made = made_profiles.make(3_000, 20_000, 3, seed=7)
    pair = []
    for one in made[:2]:
        profile = profile_from_raw(one.profile)
        if sampled:
            functions = frames_from_raw(one.profile, len(profile.functions))
            pair.append(from_samples(read_texts(*one.stacks), profile, functions, one.seconds))
        else:
            seconds = np.concatenate([profile.own, profile.edge_own])
            pair.append(from_profiles(profile, [seconds] * 3, one.seconds))
    result = explain(pair[0], pair[1], made[2])
    total = sum(one.seconds for one in result.causes) + result.residual
    assert total == pytest.approx(pair[1].seconds - pair[0].seconds, abs=1e-6)
    changed_names = {(one.path_after, one.name) for one in made[2].items}
    assert (result.causes[0].path, result.causes[0].name) in changed_names


@st.composite
def several(draw: st.DrawFn) -> tuple[SampledSide, SampledSide, Changes]:
    """The same with samples of several rounds, each of its own."""
    before, after, changes = draw(sides())
    count = draw(st.integers(1, 4))
    taken = []
    for one in (before, after):
        size = len(one.parent)
        rows = st.lists(st.integers(0, 300), min_size=size, max_size=size)
        weight = np.array([draw(rows.filter(any)) for _ in range(count)], np.float64)
        taken.append(replace(one, weight=weight))
    return taken[0], taken[1], changes


@given(several())
@settings(deadline=None)
def test_rounds_of_samples_are_the_difference(
    case: tuple[SampledSide, SampledSide, Changes],
) -> None:
    """However rounds scatter, causes and residual add up, and intervals hold their causes."""
    before, after, changes = case
    result = explain(before, after, changes)
    total = sum(one.seconds for one in result.causes) + result.residual
    assert total == pytest.approx(after.seconds - before.seconds, abs=1e-6)
    for one in result.causes:
        assert one.half >= 0
        assert one.share <= 1 + 1e-9


HELPERS = """
TABLE = {index for index in range(400)}

def helper(x):
    return sum(i * x for i in range(20))

def lookup(items):
    return [x for x in items if x in TABLE]
"""
MODULE = """
import asyncio
import functools
from helpers import helper, lookup, TABLE

def work(items):
    return [helper(x) for x in items]

@functools.lru_cache
def cached(x):
    return helper(x)

def many():
    return [cached(x % 3) for x in range(100)]

def repeat(times=5):
    return [helper(x) for x in range(times)]

def resolve(x):
    return x

def pipeline(items):
    return [resolve(x) for x in items]

def other(items):
    return sorted(items, key=lambda x: -x)

def time_it():
    work(range(20))
    many()
    repeat()
    lookup(range(100))
    other(range(200))
    pipeline(range(300))
"""
SLOWER = "    for _ in range(3000):\n        x += 0\n    return x\n"
# What is changed in which file, and the first cause that has to be named.
KNOWN = {
    "extra loop": ("mod", "    return x\n", SLOWER, "resolve", "changed"),
    "more calls of a helper": (
        "mod", "return [helper(x) for x in items]",
        "return [helper(x) + sum(helper(y) for y in range(9)) for x in items]", "work", "changed",
    ),
    "cache removed": ("mod", "@functools.lru_cache\n", "", "cached", "changed"),
    "deepcopy added": (
        "mod", "    return sorted(items",
        "    import copy\n    copy.deepcopy([[x] for x in items])\n    return sorted(items",
        "other", "changed",
    ),
    "list for a set": (
        "helpers", "{index for index in range(400)}", "[-index for index in range(4000)]",
        "<module>", "module",
    ),
    "async": (
        "mod", "def pipeline(items):\n    return [resolve(x) for x in items]",
        "async def pipeline(items):\n"
        "    for x in range(3000):\n        resolve(x)\n        await asyncio.sleep(0)",
        "pipeline", "async",
    ),
    "slower default": ("mod", "times=5", "times=500", "repeat", "changed"),
    "lambda": ("mod", "lambda x: -x", "lambda x: sum(range(5000))", "other", "changed"),
}  # fmt: skip


def profiled(mod: str, helpers: str) -> SampledSide:
    """Profile ``time_it`` of a module made from the sources, as the harness would."""
    if "async def pipeline" in mod:
        mod = mod.replace("    pipeline(range(300))", "    asyncio.run(pipeline(range(300)))")
    names: dict[str, object] = {}
    exec(compile(helpers, "pkg/helpers.py", "exec"), names)  # noqa: S102
    source = mod.replace("from helpers import helper, lookup, TABLE", "")
    exec(compile(source, FILE, "exec"), names)  # noqa: S102
    # On a busy machine the wall's clock would count others' work as the functions'.
    profiler = cProfile.Profile(time.process_time)
    run = names["time_it"]
    assert callable(run)
    profiler.runcall(run)
    entries = [one for one in profiler.getstats() if "disable" not in str(one.code)]
    index = {one.code: place for place, one in enumerate(entries)}
    functions = []
    for one in entries:
        code = one.code
        if isinstance(code, str):
            functions.append(function(f"builtins.{code}"))
            continue
        name = getattr(code, "co_qualname", code.co_name)
        constants = [one for one in code.co_consts if not hasattr(one, "co_code")]
        digest = f"{code.co_code.hex()} {constants} {code.co_names}"
        path = code.co_filename if code.co_filename.startswith("pkg/") else ""
        home = "bench" if name == "time_it" else "site" if path else "stdlib"
        path = path or code.co_filename.removeprefix(f"{Path(cProfile.__file__).parent}/")
        functions.append(Function(home, path, name, code.co_firstlineno, code.co_flags, digest))
    edges = [
        (place, index[sub.code], sub.callcount, sub.inlinetime, sub.totaltime)
        for place, one in enumerate(entries)
        for sub in one.calls or ()
        if sub.code in index
    ]
    profile = Profile(
        functions=tuple(functions),
        calls=np.array([one.callcount for one in entries]),
        recursive=np.array([one.reccallcount for one in entries]),
        own=np.array([one.inlinetime for one in entries]),
        cumulative=np.array([one.totaltime for one in entries]),
        caller=np.array([edge[0] for edge in edges]),
        callee=np.array([edge[1] for edge in edges]),
        edge_calls=np.array([edge[2] for edge in edges]),
        edge_own=np.array([edge[3] for edge in edges]),
        edge_cumulative=np.array([edge[4] for edge in edges]),
        number=1,
        seconds=1.0,
    )
    seconds = np.concatenate([profile.own, profile.edge_own])
    return from_profiles(profile, [seconds], float(profile.own.sum()))


@pytest.mark.parametrize("case", KNOWN)
def test_known_change_is_the_first_cause(tmp_path: Path, case: str) -> None:
    """Each known change to real code, profiled on both sides, is named as the first cause."""
    file, old, new, name, kind = KNOWN[case]
    sources = {"mod": MODULE, "helpers": HELPERS}
    assert old in sources[file]
    commits = []
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / "pkg").mkdir()
    made = []
    for edited in (sources, sources | {file: sources[file].replace(old, new)}):
        for stem, text in edited.items():
            (tmp_path / "pkg" / f"{stem}.py").write_text(text)
        who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
        git = ["git", "-C", str(tmp_path), *who]
        subprocess.run([*git, "add", "-A"], check=True)
        subprocess.run([*git, "commit", "-qm", "change", "--no-gpg-sign"], check=True)
        head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True)
        commits.append(head.stdout.decode().strip())
        made.append(profiled(edited["mod"], edited["helpers"]))
    changes = read_changes(tmp_path, commits[0], commits[1], [FILE, "pkg/helpers.py"])
    result = explain(made[0], made[1], changes)
    first = result.causes[0]
    assert (first.name, first.kind) == (name, kind), [describe(one) for one in result.causes]
    assert not any("<" in one.name and "builtins" not in one.name for one in first.details)


def called_from_a_line(
    line: int, calls: int = 1, freeing: float = 1.0, other: float = 0.0
) -> SampledSide:
    """`t` calls `f` and `g` from one line, on which its own time is what freeing takes."""
    functions: Functions = {"t": (calls, freeing), "f": (1, 2.0), "g": (1, other)}
    edges: Edges = [("t", "f", 1, 2.0), ("t", "g", 1, other)]
    stacks = {("t",): freeing, ("t", "f"): 2.0, ("t", "g"): other}
    kept = {path: seconds for path, seconds in stacks.items() if seconds}
    return stacked(functions, edges, kept, lines={"t": line})


def test_what_a_called_frame_held_is_freed_on_the_line_of_the_call() -> None:
    """The line that calls changed code costs more: that code's doing, as nothing else ran there."""
    result = explain(called_from_a_line(7), called_from_a_line(7, freeing=4.0), changed("f"))
    assert amounts(result) == {"f": 3.0}
    (cause,) = (one for one in result.causes if one.name == "f")
    assert [(one.kind, one.name, one.amount) for one in cause.details] == [("caller", "t", 3.0)]
    assert cause.own == 0
    assert "the lines of `t` that call it cost 100%" in describe(cause)


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ({"line": 7}, {"line": 7, "freeing": 4.0, "calls": 2}, changed("f")),
        ({"line": 7, "other": 1.0}, {"line": 7, "freeing": 4.0, "other": 1.0}, changed("f", "g")),
        ({"line": 0}, {"line": 0, "freeing": 4.0}, changed("f")),
    ],
    ids=["called more often", "calls two causes", "line unknown"],
)
def test_a_calling_line_that_may_cost_more_for_another_reason_is_left(
    before: dict[str, Any], after: dict[str, Any], changes: Changes
) -> None:
    """Its caller ran more often, two causes share the line, or nobody knows the line."""
    result = explain(called_from_a_line(**before), called_from_a_line(**after), changes)
    assert amounts(result) == {"elsewhere": 3.0}
