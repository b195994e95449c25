"""Each piece of a change goes back by itself, and the rest stays as it is now."""

from __future__ import annotations

import re
from typing import Any

import pytest
from two_versions import modules

from asv_explain.changes.versions import Module
from asv_explain.trials.pieces import Piece, pieces_of, put_back, tied
from asv_explain.trials.splice import CannotStand

LIBRARY = """
import dataclasses
import functools
from math import ceil as rounded

LIMIT = 1
TABLE = {"a": 1}
LOG = []
LOG.append(1)


def plain(row, more=1):
    return row + more


def outer(row):
    shift = 1

    def inner(value):
        return value + shift

    return inner(row)


def limit():
    return LIMIT


def nearest(row):
    return rounded(row)


class Base:
    slots = 1

    @property
    def shape(self):
        return "base"

    def told(self):
        return self.shape

    def helper(self):
        return 1


@dataclasses.dataclass(order=True)
class Till(Base):
    held: int = 1

    def told(self):
        return "till"

    def method(self, row):
        return row + self.helper()


class Span:
    def __enter__(self):
        return 1

    def __exit__(self, *error):
        pass


def spans():
    with Span() as value:
        return value


def unrelated():
    return 6
"""

# What is edited, the piece that it makes, and an expression with its two values.
CASES: dict[str, tuple[tuple[str, str], str, str, tuple[Any, Any]]] = {
    "a function": (("return row + more", "return row - more"), "plain", "plain(2)", (3, 1)),
    "a default": (("more=1", "more=9"), "plain", "plain(0)", (1, 9)),
    "a decorator": (
        ("def plain", "@functools.partial(functools.partial, row=7)\ndef plain"),
        *("plain", "plain.__class__.__name__", ("function", "partial")),
    ),
    "a closure": (("value + shift", "value - shift"), "outer.<locals>.inner", "outer(3)", (4, 2)),
    "a function with its closure": (
        ("shift = 1\n\n    def inner(value)", "step = 2\n\n    def inner(value, shift=8)"),
        *("outer", "outer(3)", (4, 11)),
    ),
    "a constant": (("LIMIT = 1", "LIMIT = 9"), "<module>: LIMIT", "limit()", (1, 9)),
    "a constant that is computed now": (
        ("LIMIT = 1", "if True:\n    LIMIT = 9"),
        *("<module>: LIMIT", "limit()", (1, 9)),
    ),
    "what a table holds": (('{"a": 1}', '{"a": 2}'), "<module>: TABLE", "TABLE['a']", (1, 2)),
    "an import": (
        ("from math import ceil as rounded", "from math import floor as rounded"),
        *("<module>: rounded", "nearest(0.5)", (1, 0)),
    ),
    "a statement that binds nothing": (
        ("LOG.append(1)", "LOG.extend([1, 2])"),
        *("<module>", "LOG", ([1], [1, 2])),
    ),
    "a statement that is gone": (("LOG.append(1)\n", ""), "<module>", "LOG", ([1], [])),
    "a statement that came": (
        ("LOG.append(1)\n", "LOG.append(1)\nLOG.append(2)\n"),
        *("<module>", "LOG", ([1], [1, 2])),
    ),
    "a function that is wrapped after its definition": (
        ("def outer(", "plain = functools.partial(plain, more=5)\n\n\ndef outer("),
        *("<module>: plain", "plain(0)", (1, 5)),
    ),
    "a class attribute": (("slots = 1", "slots = 2"), "class Base: slots", "Base.slots", (1, 2)),
    "a class attribute that is gone": (
        ("    slots = 1\n\n", ""),
        *("class Base: slots", "hasattr(Base, 'slots')", (True, False)),
    ),
    "a class attribute that came over one of a base": (
        ("    held: int = 1\n", "    held: int = 1\n    slots = 5\n"),
        *("class Till: slots", "Till.slots", (1, 5)),
    ),
    "an option of a class's decorator": (
        ("dataclass(order=True)", "dataclass(order=True, repr=False)"),
        *("class Till", "repr(Till()).startswith('Till(')", (True, False)),
    ),
    "a base": (
        ("class Till(Base)", "class Till(Base, list)"),
        *("class Till", "issubclass(Till, list)", (False, True)),
    ),
    "a property of a base": (
        ('return "base"', 'return "other"'),
        *("Base.shape", "Base().told()", ("base", "other")),
    ),
    "a method that came over one of a base": (
        ("    def method(", "    def helper(self):\n        return 5\n\n    def method("),
        *("Till.helper", "Till().method(0)", (1, 5)),
    ),
    "a method that is gone from over one of a base": (
        ('    def told(self):\n        return "till"\n\n', ""),
        *("Till.told", "Till().told()", ("till", "base")),
    ),
    "a class that became a function": (
        (
            "class Span:\n    def __enter__(self):\n        return 1\n\n"
            "    def __exit__(self, *error):\n        pass\n",
            "import contextlib\n\n\n@contextlib.contextmanager\ndef Span():\n    yield 2\n",
        ),
        *("Span", "spans()", (1, 2)),
    ),
}  # fmt: skip


def run(text: str, expression: str) -> Any:
    """What an expression gives in a module of that text."""
    names: dict[str, Any] = {"__name__": "library"}
    exec(compile(text, "library.py", "exec", dont_inherit=True), names)  # noqa: S102 - our own
    return eval(expression, names)  # noqa: S307 - our own


def changed(before: str, after: str) -> tuple[dict[str, Module], list[Piece]]:
    """Both versions of the library, and its pieces."""
    found = modules(library=(before, after))
    return found, pieces_of(found["library.py"])


@pytest.mark.parametrize("case", CASES)
def test_a_piece_stands_as_before_and_all_else_as_after(case: str) -> None:
    (old, new), name, tells, values = CASES[case]
    assert LIBRARY.count(old) == 1
    after = LIBRARY.replace(old, new).replace("return 6", "return 7")
    found, pieces = changed(LIBRARY, after)
    assert {each.name for each in pieces} == {name, "unrelated"}
    text = put_back((one for one in pieces if one.name == name), found)["library.py"]
    assert (run(text, tells), run(after, tells)) == values
    assert run(text, "unrelated()") == 7
    both = put_back(pieces, found)["library.py"]
    assert (run(both, tells), run(both, "unrelated()")) == (values[0], 6)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    return LIMIT\n", "    # the limit\n    return LIMIT\n"),
        ("    return LIMIT\n", '    """The limit."""\n    return LIMIT\n'),
        ("def limit():", "def limit() -> int:"),
        ("LIMIT = 1", "LIMIT: int = 1"),
        ("def limit():", "def helper():\n    return 1\n\n\ndef limit():"),
        ("LIMIT = 1", "LIMIT = 1\nMORE = 2"),
        ("def limit():", "class More:\n    pass\n\n\ndef limit():"),
    ],
)
def test_what_can_not_matter_by_itself_is_no_piece(old: str, new: str) -> None:
    """Comments, docstrings, annotations, and names at the top that only changed code can know."""
    assert LIBRARY.count(old) == 1
    assert changed(LIBRARY, LIBRARY.replace(old, new))[1] == []


def test_a_module_that_came_or_went_has_no_pieces() -> None:
    found = modules(new=(None, LIBRARY), gone=(LIBRARY, None))
    assert [pieces_of(one) for one in found.values()] == [[], []]


def test_what_a_function_called_comes_back_with_it() -> None:
    """A function, a constant and a method that are gone."""
    before = (
        "SIZE = 4\ndef helper(row):\n    return SIZE + row\n"
        "class Till:\n    def method(self):\n        return helper(1) + self.more()\n"
        "    def more(self):\n        return 10\n"
    )
    after = "class Till:\n    def method(self):\n        return 0\n"
    found, pieces = changed(before, after)
    assert [one.title for one in pieces] == ["library.py: Till.method"]
    text = put_back(pieces, found)["library.py"]
    assert (run(text, "Till().method()"), run(after, "Till().method()")) == (15, 0)


def test_a_new_method_that_changed_code_calls_stays() -> None:
    before = "class Till:\n    def method(self):\n        return 1\n"
    after = before.replace("return 1", "return self.more()") + "    def more(self):\n        pass\n"
    found, pieces = changed(before, after)
    assert [one.name for one in pieces] == ["Till.method"]
    assert run(put_back(pieces, found)["library.py"], "Till().method()") == 1


def test_several_pieces_of_several_modules_go_back_together() -> None:
    before, after = "A = 1\ndef f():\n    return A\n", "A = 2\ndef f():\n    return -A\n"
    found = modules(one=(before, after), two=(before, after))
    pieces = [piece for module in found.values() for piece in pieces_of(module)]
    names = ["one.py: <module>: A", "one.py: f", "two.py: <module>: A", "two.py: f"]
    assert [one.title for one in pieces] == names
    texts = put_back([pieces[0], pieces[1], pieces[3]], found)
    assert {path: run(text, "f()") for path, text in texts.items()} == {"one.py": 1, "two.py": 2}


def test_what_can_not_stand_says_why() -> None:
    before = "import old\ndef f():\n    return old\n"
    found, pieces = changed(before, "def f():\n    return 1\n")
    assert put_back(pieces, found)["library.py"].startswith("import old\n")
    without = modules(library=("x = 1\n", "def f():\n    return 1\n"))
    reason = "library.py: `f` reads `old`, which does not exist then"
    with pytest.raises(CannotStand, match=f"^{re.escape(reason)}$"):
        put_back(pieces, without)


def test_functions_that_call_each_other_in_another_way_are_tied() -> None:
    """Across modules, and through those that stand between them; all else goes by itself."""
    store = (
        "def get():\n    return 1\ndef size():\n    return 1\n",
        "async def get():\n    return 1\ndef size():\n    return 2\n",
    )
    flow = (
        "from store import get\ndef skip():\n    return get()\n"
        "def run():\n    return skip()\ndef plain():\n    return 1\n",
        "from store import get\nasync def skip():\n    return await get()\n"
        "async def run():\n    return await skip()\ndef plain():\n    return 2\n",
    )
    found = modules(store=store, flow=flow)
    pieces = [piece for module in found.values() for piece in pieces_of(module)]
    names = [{pieces[place].name for place in group} for group in tied(pieces)]
    assert names == [{"get", "skip", "run"}, {"size"}, {"plain"}]
