"""What unchanged code calls because changed code handed it something else, and whose that is."""

from __future__ import annotations

import pytest
from call_graphs import FILE, Edges, Functions, amounts, changed, explain, stacked

from asv_explain.changes.change import Change, Changes
from asv_explain.profiles.sampled import SampledSide

LIBRARY = "Manager.__enter__"


def replaced(new: str = "held", gone: str = "held.__enter__") -> Changes:
    """A function that came, and a method that went."""
    items = (
        Change("new", new, None, FILE, None, FILE, None, (1, 2)),
        Change("gone", gone, FILE, None, FILE, None, (1, 2), None),
    )
    return Changes(items, {}, (), frozenset({FILE}))


def user(*called: tuple[str, int, float], inner: str = "") -> SampledSide:
    """Unchanged code that calls some others, the last of which calls another one in turn."""
    functions: Functions = {"time_it": (1, 0.0), "use": (1, 1.0)}
    edges: Edges = [("time_it", "use", 1, 1.0)]
    stacks: dict[tuple[str, ...], float] = {("time_it", "use"): 1.0}
    for name, calls, seconds in called:
        functions[name] = (calls, seconds)
        edges.append(("use", name, calls, seconds))
        stacks["time_it", "use", name] = seconds
    if inner:
        last = called[-1][0]
        functions[inner] = (called[-1][1], 0.5)
        edges.append((last, inner, called[-1][1], 0.5))
        stacks["time_it", "use", last, inner] = 0.5
    return stacked(functions, edges, stacks)


@pytest.mark.parametrize("back", [False, True])
def test_a_library_in_place_of_a_class_is_the_doing_of_what_replaced_it(back: bool) -> None:
    """The class went, a generator came, and what a `with` calls is contextlib's now."""
    before = user(("held.__enter__", 9, 1.0))
    after = user((LIBRARY, 9, 4.0), inner="held")
    sides = (before, after)
    changes = replaced()
    if back:
        sides = after, before
        changes = replaced("held.__enter__", "held")
    result = explain(*sides, changes)
    assert sum(amounts(result).values()) == pytest.approx(-3.5 if back else 3.5)
    assert result.causes[0].name.startswith("held")
    assert "elsewhere" not in amounts(result)
    if not back:
        assert [(one.kind, one.name) for one in result.causes] == [("changed", "held")]
        assert (LIBRARY, "new") in {(one.name, one.kind) for one in result.causes[0].details}


def test_what_the_only_changed_callee_returns_is_its_doing() -> None:
    """Where it is called as often as what it returned is."""
    before = user(("make", 9, 1.0))
    after = user(("make", 9, 1.0), (LIBRARY, 9, 4.0))
    assert amounts(explain(before, after, changed("make"))) == {"make": 4.0}


@pytest.mark.parametrize(
    "case",
    [
        (("make", 9, 1.0), (LIBRARY, 90, 4.0)),
        (("make", 9, 1.0), ("other", 9, 1.0), (LIBRARY, 9, 4.0)),
    ],
)
def test_what_may_be_the_doing_of_others_stays_elsewhere(
    case: tuple[tuple[str, int, float], ...],
) -> None:
    """Numbers of calls that don't fit, or several changed functions, settle nothing."""
    before, after = user(*case[:-1]), user(*case)
    assert amounts(explain(before, after, changed("make", "other"))) == {"elsewhere": 4.0}


def test_new_calls_of_unchanged_code_by_changed_code_are_its_own() -> None:
    """A changed caller needs to be handed nothing."""
    before, after = user(("make", 9, 1.0)), user(("make", 9, 1.0), (LIBRARY, 9, 4.0))
    assert amounts(explain(before, after, changed("use", "make"))) == {"use": 4.0}


def test_a_function_that_is_new_to_unchanged_code_is_no_helper_of_itself() -> None:
    """Its time is its own, and what it took the place of is a detail of it."""
    before, after = user(("old", 9, 1.0)), user(("new", 9, 4.0))
    (cause,) = explain(before, after, replaced("new", "old.gone")).causes
    assert (cause.kind, cause.name, cause.seconds, cause.own) == ("new", "new", 3.0, 4.0)
    assert [(one.name, one.amount) for one in cause.details] == [("old", -1.0)]
