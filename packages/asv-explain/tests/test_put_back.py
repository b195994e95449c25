"""Code of an earlier version stands in the later one, or the reason why it can't is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from put_backs import modules, wanted

from asv_explain.changes.put_back import Candidate, Wanted, candidates
from asv_explain.changes.versions import Module

LIBRARY = """
import functools
import operator


def doubled(function):
    @functools.wraps(function)
    def wrapper(*arguments):
        return 2 * function(*arguments)

    return wrapper


def plain(row):
    return row + 1


def default(row, more=1):
    return row + more


@doubled
def decorated(row):
    return row + 1


def numbers(upto):
    for number in range(upto):
        yield number + 1


def outer(row):
    shift = 1

    def inner(value):
        return value + shift

    return inner(row)


def held(rows):
    return [row + 1 for row in rows], (lambda row: row + 1)(0)


@operator.itemgetter(0)
@lambda function: (function, function.__name__)
def taken(row):
    return row + 1


class Base:
    def shape(self):
        return "base"


class Till(Base):
    coins = 1

    def __init__(self, held):
        self.held = held

    def method(self, row):
        return row + self.coins

    @staticmethod
    def static(row):
        return row + 1

    @classmethod
    def of_class(cls, row):
        return row + cls.coins

    @property
    def value(self):
        return self.held + 1

    @value.setter
    def value(self, held):
        self.held = held + 1


KNOWN = {"plain": plain}


def unrelated():
    return 6
"""


@dataclass(frozen=True)
class Case:
    """One piece of code that is put back alone.

    Attributes:
        name: its qualified name.
        part: the text of the library in which it is edited.
        edit: what stands there before and after.
        tells: an expression.
        values: what that gives in both versions.
    """

    name: str
    part: str
    edit: tuple[str, str]
    tells: str
    values: tuple[Any, Any]


NINE = ("+ 1", "+ 9")

ALONE = {
    "a function": Case("plain", "plain(row):\n    return row + 1", NINE, "plain(0)", (1, 9)),
    "a function that a table holds": Case(
        "plain", "plain(row):\n    return row + 1", NINE, "KNOWN['plain'](0)", (1, 9)
    ),
    "a default": Case("default", "more=1", ("1", "9"), "default(0)", (1, 9)),
    "a function that a decorator wraps": Case(
        "decorated", "decorated(row):\n    return row + 1", NINE, "decorated(0)", (2, 18)
    ),
    "a function that got a decorator": Case(
        "plain", "def plain", ("def", "@doubled\ndef"), "plain(0)", (1, 2)
    ),
    "a function that its decorator keeps": Case(
        "taken", "taken(row):\n    return row + 1", NINE, "taken(0)", (1, 9)
    ),
    "a generator": Case("numbers", "yield number + 1", NINE, "list(numbers(2))", ([1, 2], [9, 10])),
    "a function with a closure": Case("outer", "shift = 1", ("1", "9"), "outer(0)", (1, 9)),
    "a closure": Case("outer.<locals>.inner", "value + shift", ("+", "-"), "outer(3)", (4, 2)),
    "a function that holds a comprehension and a lambda": Case(
        "held", "return [row + 1 for", NINE, "held([0])", (([1], 1), ([9], 1))
    ),
    "a method": Case("Till.method", "row + self.coins", ("+", "-"), "Till(0).method(3)", (4, 2)),
    "a static method": Case(
        "Till.static", "static(row):\n        return row + 1", NINE, "Till.static(0)", (1, 9)
    ),
    "a class method": Case(
        "Till.of_class", "row + cls.coins", ("+", "-"), "Till.of_class(3)", (4, 2)
    ),
    "a property": Case("Till.value", "self.held + 1", NINE, "Till(0).value", (1, 9)),
    "a property's setter": Case(
        *("Till.value", "self.held = held + 1", NINE),
        *("(lambda till: setattr(till, 'value', 0) or till.held)(Till(5))", (1, 9)),
    ),
    "a class's own code": Case("class Till", "coins = 1", ("1", "9"), "Till.of_class(0)", (1, 9)),
    "a class's bases": Case(
        *("class Till", "class Till(Base)", ("Base", "object")),
        *("Till.__base__.__name__", ("Base", "object")),
    ),
    "a module's own code": Case(
        "<module>", 'KNOWN = {"plain"', ("plain", "other"), "list(KNOWN)", (["plain"], ["other"])
    ),
    "a method that came over one of a base": Case(
        *("Till.shape", "    coins = 1\n\n"),
        ("\n\n", '\n\n    def shape(self):\n        return "till"\n\n'),
        *("Till(0).shape()", ("base", "till")),
    ),
}


def run(text: str, expression: str) -> Any:
    """What an expression gives in a module of that text."""
    names: dict[str, Any] = {"__name__": "library"}
    exec(compile(text, "library.py", "exec", dont_inherit=True), names)  # noqa: S102 - our own
    return eval(expression, names)  # noqa: S307 - our own


@pytest.mark.parametrize("case", ALONE)
def test_code_stands_as_before_and_all_else_as_after(case: str) -> None:
    """What is put back gives what it gave; another function that changed stays as it is."""
    one = ALONE[case]
    assert LIBRARY.count(one.part) == 1
    after = LIBRARY.replace(one.part, one.part.replace(*one.edit, 1))
    after = after.replace("return 6", "return 7")
    found = modules(library=(LIBRARY, after))
    first = next(candidates(wanted(found, one.name), found))
    assert (first.scope, first.reason) == ("alone", "")
    assert first.names == (f"library.py: {one.name}",)
    text = first.texts["library.py"]
    assert (run(text, one.tells), run(after, one.tells)) == one.values
    assert run(text, "unrelated()") == 7


@pytest.mark.parametrize(
    ("before", "after", "name", "reason"),
    [
        (
            "def f():\n    return 1\ndef g():\n    return f()\n",
            "async def f():\n    return 1\nasync def g():\n    return await f()\n",
            "f",
            "its callers await it now (`g` in library.py)",
        ),
        (
            "async def f():\n    return 1\nasync def g():\n    return await f()\n",
            "def f():\n    return 1\nasync def g():\n    return f()\n",
            "f",
            "its callers await it no longer (`g` in library.py)",
        ),
        (
            "def f():\n    return 1\nasync def g():\n    return f()\n",
            "async def f():\n    return 1\nasync def g():\n    return await f()\n",
            "g",
            "`g` calls `f` in library.py, which has to be awaited now",
        ),
        (
            "def f():\n    return [1]\n",
            "def f():\n    yield 1\n",
            "f",
            "its callers take what it yields one by one now",
        ),
        (
            "def f(a, b):\n    return a\n",
            "def f(b, a):\n    return a\n",
            "f",
            "its signature changed, from (a, b) to (b, a)",
        ),
        (
            "def f(a, *rest):\n    return a\n",
            "def f(a, b=1, *, c=2):\n    return a\n",
            "f",
            "its signature changed, from (a, *) to (a, b, *, c)",
        ),
        (
            "import os\nimport re\nLIMIT = 1\ndef f():\n    return os, re, LIMIT\n",
            "import re\ndef f():\n    return re\n",
            "f",
            "`f` reads `LIMIT`, `os`, which do not exist then",
        ),
        (
            "def f():\n    a = 1\n    def g():\n        return a\n    return g\n",
            "def f():\n    b = 1\n    def g():\n        return b\n    return g\n",
            "f.<locals>.g",
            "`f.<locals>.g` reads `a`, which does not exist then",
        ),
        (
            "def f():\n    return 1\n",
            "def helper():\n    return 1\ndef f():\n    return helper()\n",
            "helper",
            "`f` reads `helper`, which does not exist then",
        ),
        (
            "if True:\n    def f():\n        return 1\n",
            "def f():\n    return 2\n",
            "f",
            "it stands at another depth than before",
        ),
        (
            "def f():\n    a = 1\n    def g():\n        nonlocal a\n        a = 2\n    return g\n",
            "def f():\n    def g():\n        return 2\n    return g\n",
            "f.<locals>.g",
            "it does not fit into what is around it (no binding for nonlocal 'a' found)",
        ),
        (
            "def f():\n    return 1\n",
            "def f():\n    return 1\n\n\n\n",
            "f",
            "its source did not change",
        ),
    ],
)
def test_what_can_not_stand_alone_says_why(before: str, after: str, name: str, reason: str) -> None:
    """Who follows it, what it calls, its signature, what it reads, where it stands."""
    found = modules(library=(before, after))
    first = next(candidates(wanted(found, name), found))
    assert (first.scope, first.reason) == ("alone", reason)


def ways(found: dict[str, Module], name: str, path: str = "library.py") -> list[Candidate]:
    """All ways to put code back, from the smallest on."""
    return list(candidates(wanted(found, name, path), found))


def test_what_a_module_changed_goes_together_with_what_it_had() -> None:
    """Functions, a helper that is gone, and the import and the constant that it needs."""
    before = (
        "import math\nSIZE = 4\n"
        "def helper(row):\n    return math.sqrt(SIZE) + row\n"
        "def f(row):\n    return helper(row)\n"
        "class Till:\n    def g(self):\n        return f(1)\n"
        "    def gone(self):\n        return 5\n    def last(self):\n        return 6\n"
    )
    after = (
        "def f(row):\n    return row\n"
        "class Till:\n    def g(self):\n        return f(2)\n"
        "    def came(self):\n        return 0\n    def last(self):\n        return 6\n"
    )
    found = modules(library=(before, after))
    alone, together, whole = ways(found, "f")
    assert alone.reason == "`f` reads `helper`, which does not exist then"
    assert (together.scope, together.reason) == ("set", "")
    names = ("helper", "f", "Till.g", "Till.gone", "Till.came")
    assert together.names == tuple(f"library.py: {name}" for name in names)
    text = together.texts["library.py"]
    assert (run(after, "Till().g()"), run(text, "Till().g()")) == (2, 3.0)
    assert run(text, "(Till().gone(), Till().last(), hasattr(Till, 'came'))") == (5, 6, False)
    assert (whole.scope, whole.names, whole.texts["library.py"]) == (
        "module",
        ("library.py",),
        before,
    )


def test_a_way_that_is_the_same_as_another_is_left_out() -> None:
    """The only change of a module is its set, and nearly its module."""
    before, after = "def f():\n    return 1\n", "def f():\n    return 2\n"
    assert [one.scope for one in ways(modules(library=(before, after)), "f")] == ["alone"]
    found = modules(library=(before + "A = 1\n", after + "A = 2\n"))
    assert [one.scope for one in ways(found, "f")] == ["alone", "module"]
    assert [one.scope for one in ways(found, "<module>")] == ["alone", "module"]


STORE = (
    "def get(key):\n    return key\n\ndef size():\n    return 1\n",
    "async def get(key):\n    return key\n\ndef size():\n    return 2\n",
)
FLOW = (
    "from store import get\n\ndef skip(key):\n    return get(key)\n",
    "from store import get\n\nasync def skip(key):\n    return await get(key)\n",
)
STEP = (
    "from flow import skip\n\nasync def step(key):\n    return skip(key)\n",
    "from flow import skip\n\nasync def step(key):\n    return await skip(key)\n",
)


def test_functions_that_call_each_other_go_together_across_modules() -> None:
    """Neither alone nor its module: what awaits it stands elsewhere, and what awaits that too."""
    found = modules(store=STORE, flow=FLOW, step=STEP, other=("X = 1\n", "X = 2\n"))
    alone, of_module, together = ways(found, "get", "store.py")
    assert alone.reason == "its callers await it now (`skip` in flow.py)"
    assert of_module.reason == "`get`'s callers await it now (`skip` in flow.py)"
    assert (together.scope, together.reason) == ("together", "")
    assert together.names == ("flow.py: skip", "step.py: step", "store.py: get")
    assert together.texts == {
        "store.py": STORE[0].replace("1", "2"),
        "flow.py": FLOW[0],
        "step.py": STEP[0],
    }


def test_all_that_changed_is_no_part_of_it() -> None:
    """Where every function that changed has to go together, that is the commit before."""
    found = modules(flow=FLOW, step=STEP)
    last = ways(found, "skip", "flow.py")[-1]
    assert last.scope == "together"
    assert last.reason == (
        "all 2 functions that changed call each other in another way: that is the commit before "
        "as a whole"
    )


def test_what_moved_stands_in_its_later_place() -> None:
    """It takes its later name, and reads what is there."""
    before = "SIZE = 2\n\ndef old(row):\n    return row * SIZE\n"
    found = modules(
        library=(before, "SIZE = 2\n"),
        moved=(None, "SIZE = 3\n\ndef fresh(row):\n    return row * SIZE * 2\n"),
    )
    first, *others = candidates(Wanted("fresh", "moved.py", "library.py", 3, 3), found)
    assert first.reason == ""
    assert run(first.texts["moved.py"], "fresh(1)") == 3
    assert [(one.scope, one.reason) for one in others] == [("module", "the module is new")]


def test_a_module_that_is_gone_can_not_be_put_back() -> None:
    """There is no later text to stand in, and of what did not change no earlier one."""
    found = modules(library=("def f():\n    return 1\n", None))
    assert [one.reason for one in ways(found, "f")] == ["its module is gone"]
    nowhere = candidates(Wanted("f", "library.py", "library.py", 1, 1), {})
    reasons = ["its module has no source that changed and can be read"]
    assert [one.reason for one in nowhere] == reasons
