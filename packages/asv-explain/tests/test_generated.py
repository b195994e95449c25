"""Generated functions are known by who made them, and named after the change of that."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest
from asking import ask
from call_graphs import FILE, explain, stacked
from stack_texts import read_texts

from asv_explain.attribution.causes import describe
from asv_explain.changes.change import Change, Changes
from asv_explain.changes.outer_changes import outer_changes
from asv_explain.changes.scopes import read_source
from asv_explain.profiles.merge import merge
from asv_explain.profiles.profile import (
    Generators,
    WireError,
    profile_from_raw,
    profile_to_raw,
)
from asv_explain.profiles.sampled import SampledSide, from_samples
from asv_explain.profiles.stacks import read_frame

SUITE = """
from shelf import Book, Pair, plain


def time_books():
    return Book(1), Pair(1, 2), plain(3)
"""

SHELF = """
import collections
import dataclasses


def adder(name):
    found = {}
    exec(f"def {name}(x): return x + 1", found)
    return found[name]


@dataclasses.dataclass
class Book:
    number: int


Pair = collections.namedtuple("Pair", "one two")
plain = adder("plain")
"""

INIT = "__create_fn__.<locals>.__init__"
MADE: Generators = ((FILE, "make", 5), (FILE, "<module>", 12))
CLASS = Change(
    "class", "class Book", FILE, FILE, FILE, FILE, (13, 13), (13, 13), ("statements",),
    class_before=(10, 14), class_after=(10, 14),
)  # fmt: skip
MODULE = Change("module", "<module>", FILE, FILE, FILE, FILE, (2, 2), (2, 2), ("statements",))


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The profile of the suite, by the harness."""
    project = tmp_path_factory.mktemp("work") / "project"
    suite, library = project / "benchmarks", project / "lib"
    suite.mkdir(parents=True)
    library.mkdir()
    (suite / "__init__.py").touch()
    (suite / "suite.py").write_text(SUITE)
    (library / "shelf.py").write_text(SHELF)
    where = {"PYTHONPATH": str(library)}
    answer = ask(suite, "suite.time_books", "profile", where, number=1, batches=1)
    assert answer["error"] is None
    found: dict[str, Any] = answer["profile"]
    return found


def test_the_harness_tells_who_made_generated_functions(taken: dict[str, Any]) -> None:
    """A class by its decorator's line, a tuple and a function by the line that makes them."""
    made = {one["name"]: one["generator"] for one in taken["functions"] if "generator" in one}
    lines = SHELF.splitlines()
    (book,) = (rows for name, rows in made.items() if name.endswith("__init__"))
    assert [row[:2] for row in book] == [["shelf.py", "<module>"]]
    assert "dataclass" in lines[book[0][2] - 1]
    assert [row[:2] for row in made["plain"]] == [["shelf.py", "adder"], ["shelf.py", "<module>"]]
    assert "exec" in lines[made["plain"][0][2] - 1]
    assert "adder(" in lines[made["plain"][1][2] - 1]
    pairs = [rows for rows in made.values() if "Pair" in lines[rows[0][2] - 1]]
    assert pairs == [[["shelf.py", "<module>", lines.index(
        'Pair = collections.namedtuple("Pair", "one two")') + 1]]]  # fmt: skip
    assert not any("generator" in one for one in taken["functions"] if one["home"] != "generated")


def test_who_made_a_function_survives_being_written_and_merged(taken: dict[str, Any]) -> None:
    """It is read from the raw profile, written as it was, and kept for the sum of profiles."""
    profile = profile_from_raw(taken)
    assert len(profile.generators) == 3
    assert profile_from_raw(profile_to_raw(profile)).generators == profile.generators
    whole = merge([profile, replace(profile, functions=profile.functions)])[0]
    names = {whole.functions[index].name: rows for index, rows in whole.generators.items()}
    assert names == {
        profile.functions[index].name: rows for index, rows in profile.generators.items()
    }


@pytest.mark.parametrize("rows", [3, [["a.py", "f"]], [["a.py", "f", "1"]], [["a.py", 1, 1]], [1]])
def test_what_says_nothing_of_who_made_a_function_is_refused(
    taken: dict[str, Any], rows: object
) -> None:
    """Each row holds a path, a name and a line."""
    raw = copy.deepcopy(taken)
    raw["functions"][0]["generator"] = rows
    with pytest.raises(WireError, match="generator"):
        profile_from_raw(raw)


def one_side(cost: float, code: str, made: Generators = MADE, extra: bool = False) -> SampledSide:
    """A benchmark that calls a generated function."""
    functions = {"time_it": (1, 0.0), "f": (1, 1.0), INIT: (9, cost)}
    edges = [("time_it", "f", 1, 1.0), ("f", INIT, 9, cost)]
    stacks = {("time_it", "f"): 1.0, ("time_it", "f", INIT): cost}
    if extra:
        functions["make"] = (1, 0.5)
        edges.append(("time_it", "make", 1, 0.5))
        stacks["time_it", "make"] = 0.5
    side = stacked(functions, edges, stacks)
    one = side.profile.functions[2]
    generated = one._replace(home="generated", path="string", fingerprint=code)
    every = (*side.profile.functions[:2], generated, *side.profile.functions[3:])
    profile = replace(side.profile, functions=every, generators={2: made})
    return replace(side, profile=profile)


def changes(*items: Change) -> Changes:
    """What changed in the only file."""
    return Changes(items, {}, (), frozenset({FILE}))


def function(name: str, kind: str = "function") -> Change:
    """A changed function."""
    return Change(kind, name, FILE, FILE, FILE, FILE, (4, 6), (4, 6), ("body",))


@pytest.mark.parametrize("code", ["one", "two"])
def test_a_class_that_changed_is_to_blame_for_its_generated_methods(code: str) -> None:
    """Also where they read the same: what they are given by the class may cost more."""
    result = explain(one_side(1.0, "one"), one_side(4.0, code), changes(CLASS))
    (cause,) = result.causes
    assert (cause.kind, cause.name, cause.seconds) == ("class", "class Book", 3.0)
    assert [(one.name, one.kind, one.amount) for one in cause.details] == [
        ("__init__", "generated", 3.0)
    ]
    assert describe(cause) == "`class Book` changed; `__init__`, which it generates, cost 100%"


def test_the_innermost_changed_frame_is_named() -> None:
    """A generator that changed comes before the class for which it works."""
    sides = one_side(1.0, "one"), one_side(4.0, "two")
    (cause,) = explain(*sides, changes(CLASS, function("make"))).causes
    assert (cause.kind, cause.name, cause.seconds) == ("changed", "make", 3.0)
    assert [(one.name, one.kind) for one in cause.details] == [("__init__", "generated")]
    assert cause.path == FILE


def test_a_generator_that_runs_itself_is_one_cause_with_what_it_generates() -> None:
    """Its own time and that of its functions add up."""
    before = one_side(1.0, "one", extra=True)
    after = one_side(4.0, "two", extra=True)
    (cause,) = explain(before, after, changes(function("make"))).causes
    assert (cause.kind, cause.name, cause.seconds) == ("changed", "make", 3.0)
    assert (cause.own, [one.kind for one in cause.details]) == (0.0, ["generated"])


def test_a_function_that_differs_is_the_doing_of_the_module_that_made_it() -> None:
    """An option is set in another line than that of the class; the same code is nobody's."""
    sides = one_side(1.0, "one"), one_side(4.0, "two")
    assert [one.name for one in explain(*sides, changes(MODULE)).causes] == ["<module>"]
    sides = one_side(1.0, "one"), one_side(4.0, "one")
    assert [one.name for one in explain(*sides, changes(MODULE)).causes] == ["elsewhere"]


def test_generated_functions_of_others_stay_elsewhere() -> None:
    """A class around other lines and a method in a class have no part in it."""
    far = replace(CLASS, class_before=(20, 24), class_after=(20, 24))
    sides = one_side(1.0, "one"), one_side(4.0, "one")
    assert [one.kind for one in explain(*sides, changes(far)).causes] == ["elsewhere"]
    method: Generators = ((FILE, "Book.grow", 12),)
    sides = one_side(1.0, "one", method), one_side(4.0, "one", method)
    assert [one.kind for one in explain(*sides, changes(CLASS)).causes] == ["elsewhere"]


def test_a_changed_class_knows_all_of_its_lines() -> None:
    """From the decorators on, so that the line that decorates is within."""
    before = read_source(SHELF.encode())
    after = read_source(SHELF.replace("number: int", "number: int = 0").encode())
    blank = Change("unreadable", "<module>", "shelf.py", "shelf.py", "shelf.py", "shelf.py")
    (found,) = outer_changes(before, after, blank)
    first = SHELF.splitlines().index("@dataclasses.dataclass") + 1
    assert found.change.class_before == found.change.class_after == (first, first + 2)
    assert found.change.lines_after == (first + 2, first + 2)


def test_samples_of_namesakes_go_to_the_one_that_the_caller_calls() -> None:
    """All dataclasses' methods have one file, name and line; the counts know who calls which."""
    functions = {
        "time_it": (1, 0.0),
        "f": (1, 0.0),
        "g": (1, 0.0),
        "one": (3, 1.0),
        "two": (4, 1.0),
    }
    edges = [("time_it", "f", 1, 0.0), ("time_it", "g", 1, 0.0)]
    edges += [("f", "one", 3, 1.0), ("g", "two", 4, 1.0), ("g", "one", 1, 0.0)]
    profile = stacked(functions, edges, {("time_it",): 1.0}).profile
    inits = [
        one._replace(home="generated", path="string", name=INIT, fingerprint=one.name)
        for one in profile.functions[3:]
    ]
    profile = replace(profile, functions=(*profile.functions[:3], *inits))
    outer = ("time_it (b.py:1)", "f (a.py:1)", "g (a.py:9)")
    init = f"{INIT} (<string>:2)"
    stacks = read_texts(f"{outer[0]};{outer[1]};{init} 5\n{outer[0]};{outer[2]};{init} 7\n")
    known = {read_frame(text): index for index, text in enumerate((*outer, init))}
    side = from_samples(stacks, profile, known, 1.0)
    spent = {int(one): int(n) for one, n in zip(side.function, side.weight[0], strict=True) if n}
    assert spent == {3: 5, 4: 7}
