"""What setup runs is named where the benchmark's own code does not explain a difference."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from recording import NOTHING

from asv_explain.attribution.blame import blame
from asv_explain.attribution.causes import Cause, describe
from asv_explain.attribution.prepared import nearest, prepared_changes
from asv_explain.changes.change import Change, Changes
from asv_explain.profiles.match import match_profiles
from asv_explain.profiles.profile import Function, Profile, profile_from_raw
from asv_explain.profiles.sampled import SampledSide
from asv_explain.profiles.wire import WireError

FILE = "shop/table.py"
INIT = ("shop/table.py", "Table.__init__")


def changed(name: str, path: str = FILE, kind: str = "function") -> Change:
    """A change of a function's body."""
    return Change(kind, name, path, path, f"src/{path}", f"src/{path}", (1, 9), (1, 9), ("body",))


def profile(own: float, prepared: tuple[tuple[str, str], ...] = (INIT,)) -> Profile:
    """A benchmark that calls `Table.has` a hundred times, in which C code takes the time."""
    functions = (
        Function("bench", "benchmarks/look.py", "Lookup.time_has", 1, 3, "b"),
        Function("site", FILE, "Table.has", 20, 3, "h"),
        Function("builtin", "", "list.__contains__", 0, 0, ""),
    )
    return Profile(
        functions=functions,
        calls=np.array([1, 100, 100]),
        recursive=np.zeros(3, np.int64),
        own=np.array([1e-5, 1e-5, own]),
        cumulative=np.array([2e-5 + own, 1e-5 + own, own]),
        caller=np.array([0, 1]),
        callee=np.array([1, 2]),
        edge_calls=np.array([100, 100]),
        edge_own=np.array([1e-5, own]),
        edge_cumulative=np.array([1e-5 + own, own]),
        number=1,
        seconds=2e-5 + own,
        prepared=frozenset(prepared),
    )


def sampled(one: Profile) -> SampledSide:
    """Seven rounds of it, on the stack of the benchmark and `Table.has`, in which C code runs."""
    own = one.own * (1 + 1e-3 * np.arange(-3, 4)[:, None])
    weight = np.stack([own[:, 0], own[:, 1] + own[:, 2]], axis=1) * 1e9
    parent, function = np.array([-1, 0]), np.array([0, 1])
    return SampledSide(
        one, parent, function, np.zeros(2, np.intp), weight, None, float(one.own.sum())
    )


def explained(changes: tuple[Change, ...], slower: bool = True) -> tuple[Cause, str]:
    """The first cause of a list searched where a set was, and what is said of it."""
    before, after = profile(1e-6), profile(1e-3)
    if not slower:
        before, after = after, before
    match = match_profiles(before, after)
    what = Changes(changes, tracked=frozenset({FILE}))
    found = blame(sampled(before), sampled(after), match, what)
    return found.causes[0], describe(found.causes[0])


@pytest.mark.parametrize("slower", [True, False])
def test_a_change_in_setup_is_named(slower: bool) -> None:
    """The constructor that made the data is the cause, and who uses the data is told."""
    cause, said = explained((changed("Table.__init__"),), slower)
    assert (cause.kind, cause.name, cause.path) == ("data", "Table.__init__", FILE)
    assert cause.change is not None
    verb = "cost" if slower else "saved"
    assert said == (
        "`Table.__init__` changed, which setup runs; `Table.has` with what it makes "
        f"{verb} {abs(cause.share):.0%}"
    )


def test_a_change_that_nobody_runs_is_no_cause() -> None:
    """What neither setup nor the benchmark runs has nothing to do with it."""
    cause, said = explained((changed("Table.close"),))
    assert cause.kind == "elsewhere"
    assert "nothing else changed" in said


def test_code_of_the_benchmark_itself_comes_first() -> None:
    """A changed function that is timed keeps its difference, whatever setup runs besides."""
    cause, _ = explained((changed("Table.has"), changed("Table.__init__")))
    assert (cause.kind, cause.name) == ("changed", "Table.has")


def test_changes_equally_near_are_candidates() -> None:
    """Where it can't be told which of several it is, none is accused and all are named."""
    before = replace(profile(1e-6), prepared=frozenset({INIT, (FILE, "Table.fill")}))
    changes = (changed("Table.__init__"), changed("Table.fill"))
    assert prepared_changes(before, before, Changes(changes)) == changes
    assert nearest(changes, before.functions[1]) is None


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (("Table.fill", "make"), "Table.fill"),
        (("make", "Other.make"), None),
        ((), None),
    ],
)
def test_nearest_is_the_same_class_then_the_same_file(
    names: tuple[str, ...], chosen: str | None
) -> None:
    """A method of the class counts before another function of the file."""
    user = Function("site", FILE, "Table.has", 20, 3, "h")
    found = nearest([changed(name) for name in names], user)
    assert (None if found is None else found.name) == chosen


def test_nearest_is_the_same_file_then_the_same_package() -> None:
    """Files and folders are told apart where no class is shared."""
    user = Function("site", FILE, "search", 20, 3, "h")
    near, beside = changed("make"), changed("make", "shop/store.py")
    far = changed("make", "other/store.py")
    assert nearest([far, beside, near], user) is near
    assert nearest([far, beside], user) is beside


@pytest.mark.parametrize("row", [3, ["a.py"], ["a.py", 3], [1, 2]])
def test_what_is_no_path_and_name_is_refused(row: object) -> None:
    """The harness's answer is checked like all else that comes from outside."""
    raw = {**NOTHING, "prepared": [["a.py", "f"], row]}
    with pytest.raises(WireError, match=r"prepared\[1\]"):
        profile_from_raw(raw)
