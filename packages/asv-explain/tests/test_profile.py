"""Profiles are read as they were printed, refused where impossible, and summed without loss."""

from __future__ import annotations

import copy
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from recording import record
from strategies import raw_profiles

from asv_explain.profiles.conservation import (
    ConservationError,
    check_merged,
    conservation_problems,
)
from asv_explain.profiles.merge import merge
from asv_explain.profiles.profile import Profile, WireError, profile_from_raw, profile_to_raw


def function(
    name: str = "f", line: int = 3, fingerprint: str = "aa", **more: Any
) -> dict[str, Any]:
    """Return one function of a raw profile."""
    return {
        "home": "site",
        "path": "package/module.py",
        "name": name,
        "line": line,
        "flags": 3,
        "fingerprint": fingerprint,
        "calls": 2,
        "recursive": 0,
        "own": 0.25,
        "cumulative": 0.25,
    } | more


def small() -> dict[str, Any]:
    """Return a raw profile of a function that calls another twice."""
    return {
        "schema": 1,
        "python": "3.11.7",
        "implementation": "cpython",
        "number": 1,
        "seconds": 1.0,
        "functions": [function("outer", calls=1, own=0.5, cumulative=0.75), function("inner")],
        "edges": [[0, 1, 2, 0, 0.25, 0.25]],
    }


def replaced(path: list[Any], value: Any) -> dict[str, Any]:
    """Return the small raw profile with one value replaced."""
    raw = copy.deepcopy(small())
    place: Any = raw
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return raw


@given(raw_profiles())
def test_round_trip(raw: dict[str, Any]) -> None:
    """What is read and written again is what was read, also through JSON."""
    assert profile_to_raw(profile_from_raw(json.loads(json.dumps(raw)))) == raw


@given(raw_profiles())
def test_generated_profiles_add_up(raw: dict[str, Any]) -> None:
    """The made-up profiles keep cProfile's promises, so tests of conservation mean something."""
    assert conservation_problems(profile_from_raw(raw)) == ()


@pytest.mark.parametrize(
    ("path", "value", "where", "problem"),
    [
        (["schema"], 2, "schema", "expected 1"),
        (["number"], 0, "number", "at least 1"),
        (["number"], True, "number", "at least 1"),
        (["seconds"], float("nan"), "profile.seconds", "at least 0"),
        (["python"], None, "python", "a text"),
        (["functions"], {}, "functions", "a list"),
        (["functions", 1], [], "functions[1]", "an object"),
        (["functions", 1, "home"], "attic", "functions[1].home", "one of"),
        (["functions", 1, "name"], 7, "functions[1].name", "a text"),
        (["functions", 1, "line"], -1, "functions[1].line", "at least 0"),
        (["functions", 1, "calls"], 1.5, "functions[1].calls", "whole number"),
        (["functions", 1, "calls"], "2", "functions[1].calls", "a number"),
        (["functions", 1, "calls"], 2**70, "functions[1].calls", "a number"),
        (["functions", 1, "own"], -1e-9, "functions[1].own", "at least 0"),
        (["functions", 1, "cumulative"], float("inf"), "functions[1].cumulative", "number"),
        (["functions", 1, "recursive"], 3, "functions[1].recursive", "as many as calls"),
        (["edges", 0], [0, 1, 2], "edges[0]", "6 numbers"),
        (["edges"], [[0, 1, 2, 0, 0.0, 0.0], [0, 1]], "edges[1]", "6 numbers"),
        (["edges"], [[0, 1, 2, 0, 0.0, 0.0], 7], "edges[1]", "6 numbers"),
        (["edges", 0, 2], {}, "edges[0].calls", "a number"),
        (["edges", 0, 1], 2, "edges[0].callee", "one of 2 functions"),
        (["edges", 0, 0], -1, "edges[0].caller", "at least 0"),
        (["edges", 0, 3], 9, "edges[0].recursive", "as many as calls"),
        (["edges", 0, 4], None, "edges[0].own", "a number"),
    ],
)
def test_refuses_the_impossible(path: list[Any], value: Any, where: str, problem: str) -> None:
    """Whatever can't be true is refused, with the place and the reason."""
    with pytest.raises(WireError) as caught:
        profile_from_raw(replaced(path, value))
    assert caught.value.where == where
    assert problem in caught.value.problem


@pytest.mark.parametrize("name", ["schema", "number", "seconds", "functions", "edges", "python"])
def test_names_what_is_missing(name: str) -> None:
    """A missing field is named."""
    raw = small()
    del raw[name]
    with pytest.raises(WireError, match=name):
        profile_from_raw(raw)


@pytest.mark.parametrize("name", ["home", "flags", "own"])
def test_names_what_a_function_lacks(name: str) -> None:
    """A function's missing field is named, and which function it is."""
    raw = small()
    del raw["functions"][1][name]
    with pytest.raises(WireError, match=rf"functions\[1\]: has no '{name}'"):
        profile_from_raw(raw)


def test_refuses_what_is_no_object() -> None:
    """A list where the profile should be is no profile."""
    raw: Any = []
    with pytest.raises(WireError, match="an object"):
        profile_from_raw(raw)


def test_arrays_are_read_only_and_own_their_data() -> None:
    """No one can change a profile, not even through the arrays it was made of."""
    read = profile_from_raw(small())
    with pytest.raises(ValueError, match="read-only"):
        read.own[0] = 1.0
    own = np.array([1.0])
    whole = np.zeros(0, np.int64)
    none = np.zeros(0)
    made = Profile(read.functions[:1], own, own, own, own, whole, whole, whole, none, none, 1, 1.0)
    own[0] = 2.0
    assert made.own[0] == 1.0
    assert made.calls.dtype == np.int64


def test_refuses_arrays_of_other_lengths() -> None:
    """A profile whose arrays don't fit its functions can't be made."""
    read = profile_from_raw(small())
    with pytest.raises(WireError, match="own"):
        Profile(
            read.functions,
            read.calls,
            read.recursive,
            read.own[:1],
            read.cumulative,
            read.caller,
            read.callee,
            read.edge_calls,
            read.edge_own,
            read.edge_cumulative,
            1,
            1.0,
        )


@pytest.mark.parametrize(
    ("flags", "coroutine", "generator"),
    [(3, False, False), (0x80, True, False), (0x20, False, True), (0x200, True, True)],
)
def test_flags_tell_kinds_of_functions(flags: int, coroutine: bool, generator: bool) -> None:
    """Coroutines and generators are known by their flags, C functions by their home."""
    one = profile_from_raw(replaced(["functions", 0, "flags"], flags)).functions[0]
    assert (one.is_coroutine, one.is_generator, one.is_builtin) == (coroutine, generator, False)
    assert one.key == ("site", "package/module.py", "outer")


@given(st.lists(raw_profiles(), min_size=1, max_size=3))
def test_merge_loses_nothing(raws: list[dict[str, Any]]) -> None:
    """Sums over all functions, and over all edges, are those of the parts."""
    parts = [profile_from_raw(raw) for raw in raws]
    merged = merge(parts)[0]
    for name in ("calls", "recursive", "edge_calls", "edge_recursive"):
        assert getattr(merged, name).sum() == sum(getattr(one, name).sum() for one in parts)
    for name in ("own", "cumulative", "edge_own", "edge_cumulative"):
        total = sum(getattr(one, name).sum() for one in parts)
        assert getattr(merged, name).sum() == pytest.approx(total)
    assert merged.number == sum(one.number for one in parts)
    assert conservation_problems(merged) == ()
    if merged.calls.sum():
        with pytest.raises(ConservationError, match="calls"):
            check_merged(parts[:-1], merged)


@given(raw_profiles(), st.randoms(use_true_random=False))
def test_merge_does_not_mind_the_order_of_functions(raw: dict[str, Any], random: Any) -> None:
    """A profile and itself in another order sum to its double, function by function."""
    order = list(range(len(raw["functions"])))
    random.shuffle(order)
    places = {function: place for place, function in enumerate(order)}
    shuffled = raw | {
        "functions": [raw["functions"][index] for index in order],
        "edges": [[places[edge[0]], places[edge[1]], *edge[2:]] for edge in raw["edges"]],
    }
    single = profile_from_raw(raw)
    double = merge([single, profile_from_raw(shuffled)])[0]
    assert double.functions == single.functions
    assert (double.calls == 2 * single.calls).all()
    assert sorted(double.edge_calls) == sorted(2 * single.edge_calls)


def test_merge_tells_namesakes_apart() -> None:
    """Two lambdas of one file stay two, by what they do and by where they are."""
    first, second, third = (
        function("<lambda>", 3, "aa"),
        function("<lambda>", 9, "aa"),
        function("<lambda>", 3, "bb"),
    )
    one = profile_from_raw(small() | {"functions": [first, second, third], "edges": []})
    other = profile_from_raw(small() | {"functions": [third, second], "edges": []})
    merged = merge([one, other])[0]
    assert [(f.line, f.fingerprint) for f in merged.functions] == [(3, "aa"), (9, "aa"), (3, "bb")]
    assert merged.calls.tolist() == [2, 4, 4]


def test_merge_refuses_nothing_and_mixtures() -> None:
    """There must be a profile, and all must come from one interpreter."""
    one = profile_from_raw(small())
    with pytest.raises(ValueError, match="no profile"):
        merge([])
    with pytest.raises(ValueError, match="different interpreters"):
        merge([one, profile_from_raw(small() | {"python": "3.12.1"})])


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        (["seconds"], 0.5, "more than the region's"),
        (["functions", 1, "own"], 0.3, "more own than cumulative"),
        (["functions", 1, "calls"], 1, "more calls on edges"),
        (["edges", 0, 4], 0.3, "more own time on edges"),
        (["functions", 0, "cumulative"], 0.9, "not its own plus"),
    ],
)
def test_what_does_not_add_up_is_named(path: list[Any], value: Any, problem: str) -> None:
    """Each of cProfile's promises is checked, and the broken one is named."""
    profile = profile_from_raw(replaced(path, value))
    assert any(problem in text for text in conservation_problems(profile))


def test_a_real_profile_adds_up() -> None:
    """What cProfile takes of recursive code keeps the promises that are checked."""

    def fibonacci(number: int) -> int:
        return number if number < 2 else fibonacci(number - 1) + fibonacci(number - 2)

    def run() -> None:
        fibonacci(10)
        sorted(range(9), key=lambda value: -value)

    assert conservation_problems(profile_from_raw(record(run, 2))) == ()
