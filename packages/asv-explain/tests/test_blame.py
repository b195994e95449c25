"""Causes are the changed code, for hand-made call graphs, generated ones and real code."""

from __future__ import annotations

import cProfile
import subprocess
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

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
)
from hypothesis import given, settings
from hypothesis import strategies as st

from asv_explain.attribution.blame import Blame, blame, describe
from asv_explain.attribution.decompose import Side, decompose, round_differences
from asv_explain.changes.change import ADDITIONS, Change, Changes
from asv_explain.changes.sources import read_changes
from asv_explain.profiles.match import match_profiles
from asv_explain.profiles.profile import Function, Profile


def test_extra_loop_in_own_code() -> None:
    """A function that got dearer by itself is the only cause, with its whole difference as own."""
    edges: Edges = [("time_it", "f", 1, 1.0, 1.0)]
    before = side({"time_it": (1, 1.0), "f": (1, 1.0)}, edges)
    after = side({"time_it": (1, 1.0), "f": (1, 4.0)}, [("time_it", "f", 1, 4.0, 4.0)])
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
            ("time_it", "f", 1, 1.0, 2.0),
            ("time_it", "h", 1, 1.0, 2.0),
            ("f", "g", 1, 1.0, 1.0),
            ("h", "g", 1, 1.0, 1.0),
        ],
    )
    after = side(
        {"time_it": (1, 1.0), "f": (1, 2.0), "g": (13, 13.0), "h": (1, 1.0)},
        [
            ("time_it", "f", 1, 2.0, 14.0),
            ("time_it", "h", 1, 1.0, 2.0),
            ("f", "g", 12, 12.0, 12.0),
            ("h", "g", 1, 1.0, 1.0),
        ],
    )
    result = explain(before, after, changed("f", "h"))
    assert amounts(result) == {"f": 12.0}
    assert describe(result.causes[0]) == "`f` changed; its 11 new calls of `g` cost 92%"


def test_received_time_goes_up_by_added_calls() -> None:
    """Unchanged code in the middle passes on what reached it, to the caller that added calls."""
    before = side(
        {"f": (1, 0.0), "h": (1, 0.0), "m": (2, 0.0), "g": (2, 2.0)},
        [("f", "m", 1, 0, 1.0), ("h", "m", 1, 0, 1.0), ("m", "g", 2, 2.0, 2.0)],
    )
    after = side(
        {"f": (1, 0.0), "h": (1, 0.0), "m": (6, 0.0), "g": (6, 6.0)},
        [("f", "m", 5, 0, 5.0), ("h", "m", 1, 0, 1.0), ("m", "g", 6, 6.0, 6.0)],
    )
    assert amounts(explain(before, after, changed("f", "h"))) == {"f": 4.0}


def test_cache_removed() -> None:
    """A function that lost its cache is called more by unchanged code, and is itself to blame."""
    before = side({"f": (1, 1.0), "g": (1, 1.0)}, [("f", "g", 1, 1.0, 1.0)])
    after = side({"f": (1, 1.0), "g": (9, 9.0)}, [("f", "g", 9, 9.0, 9.0)])
    result = explain(before, after, changed("g", details=("decorators",)))
    assert amounts(result) == {"g": 8.0}


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("gains", [True, False])
def test_a_wrapper_is_the_doing_of_what_it_wraps(depth: int, gains: bool) -> None:
    """Unchanged wrappers that a decorator puts in or takes out belong to the decorated function."""
    plain = side({"f": (2, 1.0), "g": (8, 8.0)}, [("f", "g", 8, 8.0, 8.0)])
    outer, inner = "outer.<locals>.wrapper", "inner.<locals>.wrapper"
    functions: Functions = {"f": (2, 1.0), "g": (8, 8.0), inner: (8, 3.0), "dict": (9, 1.0)}
    edges: Edges = [(inner, "g", 8, 8.0, 8.0), (inner, "dict", 9, 1.0, 1.0)]
    if depth == 2:
        functions[outer] = (8, 4.0)
        edges += [("f", outer, 8, 4.0, 16.0), (outer, inner, 8, 3.0, 12.0)]
    else:
        edges += [("f", inner, 8, 3.0, 12.0)]
    wrapped = side(functions, edges)
    sides = (plain, wrapped) if gains else (wrapped, plain)
    cost = 8.0 if depth == 2 else 4.0
    result = explain(*sides, changed("g", details=("decorators",)))
    assert amounts(result) == {"g": cost if gains else -cost}


def test_other_callers_of_a_decorated_function_are_no_wrappers() -> None:
    """Code that calls a decorated function on both sides hands on what it cost, as ever."""
    more: Edges = [("f", "h", 1, 1.0, 3.0), ("h", "g", 2, 2.0, 2.0)]
    before = side({"f": (1, 1.0), "h": (1, 1.0), "g": (2, 2.0)}, more)
    more = [("f", "h", 4, 4.0, 12.0), ("h", "g", 8, 8.0, 8.0)]
    after = side({"f": (1, 1.0), "h": (4, 4.0), "g": (8, 8.0)}, more)
    result = explain(before, after, changed("f", "g", details=("decorators",)))
    assert "h" not in amounts(result)
    assert amounts(result)["f"] == 3.0


def test_recursion_ends_at_the_changed_caller() -> None:
    """Functions that call themselves and each other hand up all they hold, without a rest."""
    before = side(
        {"f": (1, 1.0), "a": (2, 2.0), "b": (2, 2.0)},
        [("f", "a", 1, 1.0, 4.0), ("a", "b", 2, 2.0, 3.0), ("b", "a", 1, 1.0, 2.0)],
    )
    after = side(
        {"f": (1, 1.0), "a": (10, 10.0), "b": (12, 12.0)},
        [
            ("f", "a", 1, 1.0, 22.0),
            ("a", "b", 10, 10.0, 20.0),
            ("b", "a", 9, 9.0, 19.0),
            ("b", "b", 2, 2.0, 2.0),
        ],
    )
    assert amounts(explain(before, after, changed("f"))) == {"f": 18.0}


def test_two_changed_functions_on_one_path() -> None:
    """Dearer calls stay with the callee that changed; more calls go to the caller that did."""
    before = side(
        {"time_it": (1, 0.0), "f": (1, 0.0), "g": (2, 2.0)},
        [("time_it", "f", 1, 0.0, 2.0), ("f", "g", 2, 2.0, 2.0)],
    )
    after = side(
        {"time_it": (1, 0.0), "f": (1, 0.0), "g": (4, 8.0)},
        [("time_it", "f", 1, 0.0, 8.0), ("f", "g", 4, 8.0, 8.0)],
    )
    assert amounts(explain(before, after, changed("f", "g"))) == {"f": 3.0, "g": 3.0}


def test_something_faster_elsewhere() -> None:
    """A gain elsewhere is a cause of its own, and no share of the slowdown is above 1."""
    before = side(
        {"t": (1, 0.0), "f": (1, 1.0), "g": (1, 5.0)},
        [("t", "f", 1, 1.0, 1.0), ("t", "g", 1, 5.0, 5.0)],
    )
    after = side(
        {"t": (1, 0.0), "f": (1, 9.0), "g": (1, 1.0)},
        [("t", "f", 1, 9.0, 9.0), ("t", "g", 1, 1.0, 1.0)],
    )
    result = explain(before, after, changed("f", "g"))
    assert [(one.name, one.share) for one in result.causes] == [("f", 1.0), ("g", -0.5)]


def test_moved_and_made_slower() -> None:
    """A function that moved to another file and got dearer is one cause, not new and gone."""
    edges: Edges = [("time_it", "f", 1, 1.0, 1.0)]
    before = side({"time_it": (1, 1.0), "f": (1, 1.0)}, edges)
    after = side({"time_it": (1, 1.0), "f": (1, 4.0)}, [("time_it", "f", 1, 4.0, 4.0)])
    functions = after.profile.functions
    there = replace(functions[1], path="pkg/new.py", fingerprint="slower")
    profile = replace(after.profile, functions=(functions[0], there))
    change = Change(
        "function", "f", FILE, "pkg/new.py", FILE, "pkg/new.py", (1, 2), (1, 2), ("moved", "body")
    )
    changes = Changes((change,), {}, (), frozenset({FILE, "pkg/new.py"}))
    result = explain(before, replace(after, profile=profile), changes)
    assert [(one.kind, one.name, one.seconds) for one in result.causes] == [("moved", "f", 3.0)]


def test_dependency_that_changed() -> None:
    """Code that isn't the repository's own and differs by fingerprint is a cause of its own."""
    before = side({"time_it": (1, 1.0), "f": (1, 1.0)}, [("time_it", "f", 1, 1.0, 1.0)])
    after = side({"time_it": (1, 1.0), "f": (1, 4.0)}, [("time_it", "f", 1, 4.0, 4.0)])
    functions = after.profile.functions
    profile = replace(
        after.profile, functions=(functions[0], replace(functions[1], fingerprint="other"))
    )
    changes = Changes((), {}, (), frozenset({"cascade/own.py"}))
    result = explain(before, replace(after, profile=profile), changes)
    assert [(one.kind, one.name) for one in result.causes] == [("dependency", "f")]


def test_async_tax() -> None:
    """Turning ``def`` into ``async def`` is recognised, and its price summed up."""
    edges: Edges = [("time_it", "f", 1, 1.0, 2.0), ("f", "g", 1, 1.0, 1.0)]
    before = side({"time_it": (1, 1.0), "f": (1, 1.0), "g": (1, 1.0)}, edges)
    edges = [("time_it", "f", 3, 2.0, 4.0), ("f", "g", 2, 2.0, 2.0)]
    after = side({"time_it": (1, 1.0), "f": (3, 2.0), "g": (2, 2.5)}, edges, ("f", "g"))
    result = explain(before, after, changed("f", "g", details=("def → async def", "body")))
    assert {one.kind for one in result.causes} == {"async"}
    assert result.tax.seconds == pytest.approx(2.5)
    assert [one.name for one in result.tax.functions] == ["g", "f"]
    assert result.tax.resumptions == 5


def waits(turns: int, resumed: int) -> Side:
    """A loop that turns so often, as `inner` waits, which `outer` awaits through `middle`."""
    names = ("time_it", LOOP, "outer", "middle", "inner")
    calls = (1, turns, turns, turns, resumed)
    functions = {name: (count, 0.0) for name, count in zip(names, calls, strict=True)}
    functions[LOOP] = (turns, 1.0 * turns)
    edges = [(one, two, functions[two][0], 0.0, 0.0) for one, two in pairwise(names)]
    edges[0] = ("time_it", LOOP, turns, 1.0 * turns, 1.0 * turns)
    return side(functions, edges, names[2:])


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


def test_a_coroutine_awaited_anew_is_no_turn_of_those_that_await_it() -> None:
    """Starting a coroutine counts as a call, and is not taken for a suspension of its caller."""
    before, after = waits(1, 1), waits(11, 31)
    result = explain(before, after, changed("outer", "inner"))
    assert amounts(result) == {"inner": 10.0}


def test_what_reads_a_changed_global_names_it() -> None:
    """Code that reads a changed module constant gives its difference to the module's change."""
    before = side({"time_it": (1, 0.0), "f": (1, 1.0)}, [("time_it", "f", 1, 1.0, 1.0)])
    after = side({"time_it": (1, 0.0), "f": (1, 4.0)}, [("time_it", "f", 1, 4.0, 4.0)])
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
    before = side(
        {"time_it": (1, 0.0), system: (1, 0.1), "<module>": (1, 1.0)},
        [("time_it", system, 1, 0.1, 1.1), (system, "<module>", 1, 1.0, 1.0)],
    )
    after = side(
        {"time_it": (1, 0.0), system: (2, 0.2), "<module>": (1, 1.0), "costly": (1, 8.0)},
        [
            ("time_it", system, 1, 0.1, 9.2),
            (system, "<module>", 1, 1.0, 9.1),
            ("<module>", system, 1, 0.1, 8.1),
            (system, "costly", 1, 8.0, 8.0),
        ],
    )
    module = Change("module", "<module>", FILE, FILE, FILE, FILE, (1, 1), (1, 2))
    result = explain(before, after, Changes((module,), {}, (), frozenset({FILE})))
    first = result.causes[0]
    assert (first.kind, first.name) == ("module", "<module>")
    assert first.share > 0.5
    assert describe(first).startswith("`<module>` changed; running it on import cost")


def test_data_has_a_name_of_its_own() -> None:
    """What reaches the benchmark without meeting changed code lists what else changed."""
    before = side({"time_it": (1, 0.0), "f": (1, 1.0)}, [("time_it", "f", 1, 1.0, 1.0)])
    after = side({"time_it": (1, 0.0), "f": (1, 4.0)}, [("time_it", "f", 1, 4.0, 4.0)])
    changes = Changes((), {}, ("pkg/table.json",), frozenset({FILE}))
    result = explain(before, after, changes)
    assert [(one.kind, one.seconds) for one in result.causes] == [("elsewhere", 3.0)]
    assert result.causes[0].candidates == ("pkg/table.json",)


def below_two(x: float, y: float, by_a: float, calls: int = 10) -> Side:
    """One of two callers of ``u`` changed; below that are ``x`` and ``y``, seconds by call."""
    whole = 2.0 + calls * x + 10 * y
    return side(
        {"t": (1, 1.0), "a": (1, 1.0), "u": (10, 2.0), "x": (calls, calls * x), "y": (10, 10 * y)},
        [
            ("t", "a", 1, 1.0, 1.0 + by_a * whole),
            ("t", "u", 5, 1.0, (1 - by_a) * whole),
            ("a", "u", 5, 1.0, by_a * whole),
            ("u", "x", calls, calls * x, calls * x),
            ("u", "y", 10, 10 * y, 10 * y),
        ],
    )


@pytest.mark.parametrize(("scatter", "cancels"), [(0.2, True), (1e-3, False)])
def test_what_scatters_goes_up_by_all_calls_alike(scatter: float, cancels: bool) -> None:
    """A loss and a gain that are no news cancel, and don't go up by whichever edge seems dearer."""
    before = below_two(1.0, 1.0, 0.6)
    # The changed caller's calls seem to save by chance what the other one's cost.
    swings = [below_two(1.1 + sign * scatter, 0.9 - sign * scatter, 0.4) for sign in (1, -1, 1, -1)]
    after = below_two(1.1, 0.9, 0.4)
    match = match_profiles(before.profile, after.profile)
    differences = round_differences(
        [(before, one) for one in swings], before.profile, after.profile, match
    )
    changes = replace(changed("a"), other_files=("data.json",))
    parts = decompose(before, after, match)
    found = amounts(blame(before, after, match, parts, changes, differences))
    assert found.get("a", 0.0) == pytest.approx(0.0 if cancels else -1.0, abs=1e-9)
    assert sum(found.values()) == pytest.approx(0.0, abs=1e-9)


def test_more_calls_are_news_however_much_their_price_scatters() -> None:
    """Calls are counted: what they cost goes to who makes them, and scatter cancels beside it."""
    before = side(
        {"t": (1, 1.0), "a": (1, 1.0), "b": (1, 1.0), "u": (10, 10.0)},
        [
            ("t", "a", 1, 1.0, 6.0),
            ("t", "b", 1, 1.0, 6.0),
            ("a", "u", 5, 5.0, 5.0),
            ("b", "u", 5, 5.0, 5.0),
        ],
    )

    def later(seconds: float) -> Side:
        return side(
            {"t": (1, 1.0), "a": (1, 1.0), "b": (1, 1.0), "u": (15, seconds)},
            [
                ("t", "a", 1, 1.0, 1.0 + seconds * 2 / 3),
                ("t", "b", 1, 1.0, 1.0 + seconds / 3),
                ("a", "u", 10, seconds * 2 / 3, seconds * 2 / 3),
                ("b", "u", 5, seconds / 3, seconds / 3),
            ],
        )

    after = later(15.0)
    match = match_profiles(before.profile, after.profile)
    rounds = [(before, later(one)) for one in (5.0, 25.0, 5.0, 25.0)]
    differences = round_differences(rounds, before.profile, after.profile, match)
    parts = decompose(before, after, match)
    result = blame(before, after, match, parts, changed("a", "b"), differences)
    assert amounts(result) == {"a": pytest.approx(5.0)}


BESIDE = (
    {"time_it": (1, 0.0), "f": (1, 1.0), "g": (1, 5.0)},
    {"time_it": (1, 0.0), "f": (1, 3.0), "g": (1, 6.0)},
)


def beside(changes: Changes) -> Blame:
    """A changed function takes 2 s more, an unchanged one 1 s, called as often as before."""
    both = [
        side(one, [("time_it", name, 1, one[name][1], one[name][1]) for name in "fg"])
        for one in BESIDE
    ]
    return explain(both[0], both[1], changes)


def test_what_unchanged_code_takes_more_is_due_to_the_only_change() -> None:
    """Code that is called as often takes no more of its own accord."""
    result = beside(changed("f"))
    assert amounts(result) == {"f": 3.0}
    assert result.causes[0].own == pytest.approx(2.0)
    assert [(one.name, one.seconds) for one in result.causes[0].via] == [("unchanged code", 1.0)]
    more = replace(result.causes[0], own=0.5)
    assert describe(more) == (
        "`f` changed; no other code that ran did, and unchanged code took 33% more with it"
    )


@pytest.mark.parametrize("file", ["pkg/table.json", "src/fast.c", "setup.py", "requirements.txt"])
def test_what_else_changed_may_be_it(file: str) -> None:
    """Then what unchanged code takes more stays apart."""
    result = beside(replace(changed("f"), other_files=("README.md", file)))
    assert amounts(result) == {"f": 2.0, "elsewhere": 1.0}
    assert result.causes[1].candidates == (file,)


@pytest.mark.parametrize(
    "file", ["README.md", "docs/usage.txt", "tests/data.json", "tools/release.py"]
)
def test_what_no_benchmark_reads_is_not_it(file: str) -> None:
    """Prose, tests, and programs that are no part of the package."""
    assert amounts(beside(replace(changed("f"), other_files=(file,)))) == {"f": 3.0}


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (Change("module", "<module>", FILE, FILE, FILE, FILE, details=(ADDITIONS,)), {"f"}),
        (
            Change("module", "<module>", FILE, FILE, FILE, FILE, details=("statements",)),
            {"f", "elsewhere"},
        ),
        (Change("unreadable", "<module>", FILE, FILE, FILE, FILE), {"f", "elsewhere"}),
    ],
)
def test_a_module_may_be_it_unless_it_gained_names_alone(change: Change, names: set[str]) -> None:
    """No code that stayed as it was can have read a name that was not there."""
    changes = changed("f")
    assert amounts(beside(replace(changes, items=(*changes.items, change)))).keys() == names


def test_nothing_that_ran_changed() -> None:
    """Then there is nobody to give it to."""
    assert amounts(beside(changed())) == {"elsewhere": 3.0}


def test_rounds_tell_noise_from_causes() -> None:
    """With rounds each cause has an interval, and what can't be told from nothing says so."""
    generator = np.random.default_rng(1)
    before = side(
        {"t": (1, 1.0), "f": (1, 1.0), "g": (1, 5.0)},
        [("t", "f", 1, 1.0, 1.0), ("t", "g", 1, 5.0, 5.0)],
    )
    rounds = []
    for _ in range(8):
        f, g = 4 + generator.normal(0, 0.01), 5 + generator.normal(0, 0.01)
        edges: Edges = [("t", "f", 1, f, f), ("t", "g", 1, g, g)]
        # Every round closes on the same time.
        rounds.append((before, side({"t": (1, 10.0 - f - g), "f": (1, f), "g": (1, g)}, edges)))
    after = rounds[0][1]
    match = match_profiles(before.profile, after.profile)
    differences = round_differences(rounds, before.profile, after.profile, match)
    result = blame(
        before, after, match, decompose(before, after, match), changed("f", "g"), differences
    )
    assert {one.name: one.noise for one in result.causes} == {"f": False, "g": True}
    first = result.causes[0]
    assert first.low is not None
    assert first.high is not None
    assert first.low < 3 < first.high


@st.composite
def sides(draw: st.DrawFn) -> tuple[Side, Side, Changes]:
    """Two profiles over one set of functions, with recursion and functions of one side alone."""
    names = [f"f{index}" for index in range(draw(st.integers(1, 8)))]
    made = []
    for _ in range(2):
        ran = draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
        pairs = st.tuples(st.sampled_from(ran), st.sampled_from(ran))
        chosen = draw(st.lists(pairs, unique=True, max_size=20))
        seconds = st.floats(0, 10)
        edges: Edges = [
            (a, b, draw(st.integers(1, 1000)), draw(seconds), draw(seconds)) for a, b in chosen
        ]
        functions: Functions = {}
        for name in ran:
            own = sum(edge[3] for edge in edges if edge[1] == name)
            calls = sum(edge[2] for edge in edges if edge[1] == name)
            extra = draw(st.integers(0, 2)) if calls else 1
            functions[name] = (calls + extra, own + (draw(seconds) if extra else 0.0))
        made.append(side(functions, edges))
    guilty = draw(st.lists(st.sampled_from(names), unique=True))
    return made[0], made[1], changed(*guilty)


@given(sides())
@settings(deadline=None)
def test_causes_and_residual_are_the_difference(case: tuple[Side, Side, Changes]) -> None:
    """Whatever the graph, causes and residual add up to what was measured."""
    before, after, changes = case
    result = explain(before, after, changes)
    total = sum(one.seconds for one in result.causes) + result.residual
    assert total == pytest.approx(after.measured - before.measured, abs=1e-6)
    assert all(one.share <= 1 + 1e-9 for one in result.causes)


@given(sides())
@settings(deadline=None)
def test_other_way_round_is_the_opposite(case: tuple[Side, Side, Changes]) -> None:
    """Exchanging the sides turns what each cause cost into what it saved."""
    before, after, changes = case
    there = {one.name: one.seconds for one in explain(before, after, changes).causes}
    back = {one.name: one.seconds for one in explain(after, before, changes).causes}
    for name in there.keys() | back.keys():
        assert there.get(name, 0.0) == pytest.approx(-back.get(name, 0.0), abs=1e-6)


def test_large_graph() -> None:
    """Fifty thousand functions and half a million edges, with cycles, still add up."""
    size, edges = 50_000, 500_000
    generator = np.random.default_rng(7)
    made = [function(f"f{index}") for index in range(size)]
    caller, callee = generator.integers(0, size, (2, edges))
    keys = np.unique(caller * size + callee)
    caller, callee = keys // size, keys % size
    pair = []
    for _ in range(2):
        calls = generator.integers(1, 100, len(keys))
        own = generator.random(len(keys)) * 1e-4
        total = np.bincount(callee, own, size).astype(np.float64)
        profile = Profile(
            functions=tuple(made),
            calls=np.bincount(callee, calls, size) + 1,
            recursive=np.zeros(size, np.int64),
            own=total,
            cumulative=total,
            caller=caller,
            callee=callee,
            edge_calls=calls,
            edge_own=own,
            edge_cumulative=own * 3,
            number=1,
            seconds=float(total.sum()),
        )
        pair.append(Side(profile, profile.own, float(total.sum())))
    result = explain(pair[0], pair[1], changed(*(f"f{index}" for index in range(0, size, 100))))
    total_seconds = sum(one.seconds for one in result.causes) + result.residual
    assert total_seconds == pytest.approx(pair[1].measured - pair[0].measured, abs=1e-6)


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


def profiled(mod: str, helpers: str) -> Side:
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
    return Side(profile, profile.own, float(profile.own.sum()))


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
    assert not any("<" in one.name and "builtins" not in one.name for one in first.via)
