"""Changes that are known, in a real repository: each is to be named as the first cause."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from shop import CORE, DESK, FILES, PRICES, SUMS
from shop_repository import QUICK, Shop, edited

pytestmark = pytest.mark.measures


@dataclass(frozen=True)
class Known:
    """A change of shop/core.py or shop/desk.py, and what is to be said of it.

    Attributes:
        edits: Texts and what takes their place.
        names: The first cause is one of these.
        kinds: And of one of these kinds.
        bench: The benchmark that tells.
    """

    edits: tuple[tuple[str, str], ...]
    names: tuple[str, ...]
    kinds: tuple[str, ...] = ("changed",)
    bench: str = "time_day"


CHANGES = {
    "an extra loop": Known(
        (
            (
                "    return [[int(field)",
                "    seen = 0\n"
                "    for line in lines:\n"
                "        for letter in line * 6:\n"
                "            seen += letter != ','\n"
                "    return [[int(field)",
            ),
        ),
        ("parse",),
    ),
    "one more call of an unchanged helper": Known(
        (("        found += [tax(", "        tax(row[1])\n        found += [tax("),),
        ("totals",),
    ),
    "a cache removed": Known((("@functools.lru_cache(maxsize=None)\n", ""),), ("rate",)),
    "deepcopy added": Known(
        (("    text = []\n", "    text = []\n    rows = copy.deepcopy(rows)\n"),), ("report",)
    ),
    "a linear search for a set": Known(
        (("set(row[2] for row in rows)", "[row[2] for row in rows]"),), ("known",)
    ),
    "def to async def": Known(
        (
            ("def price_of(row):", "async def price_of(row):"),
            ("    return price_of(row)", "    return await price_of(row)"),
            (
                "    return [await order(row) for row in rows]",
                "    return [await order(row) for _ in range(4) for row in rows]",
            ),
        ),
        ("orders", "price_of", "order"),
        ("changed", "async"),
        "time_evening",
    ),
    "a slower default": Known((("depth=3", "depth=30"),), ("report",)),
    "a decorator added": Known((("def tax(price):", "@counted\ndef tax(price):"),), ("tax",)),
    "a class constant": Known((("coins = 5", "coins = 40"),), ("class Till",), ("class",)),
    "a global constant": Known((("SHARES = 12", "SHARES = 60"),), ("<module>",), ("module",)),
    "an import in a function": Known(
        (
            (
                "    for share in range(SHARES):\n",
                "    for share in range(SHARES):\n        from asyncio import events, tasks\n",
            ),
        ),
        ("tax",),
    ),
}

ENTERED = DESK[DESK.index("class held") : DESK.index("def sell")]
YIELDED = """@contextlib.contextmanager
def held(log):
    yield log


"""

AT_THE_DESK = {
    "a class with __enter__ became a generator": Known(
        ((ENTERED, YIELDED),), ("held",), ("changed", "new"), "time_desk"
    ),
    "a dataclass that is frozen": Known(
        (
            (
                "@dataclasses.dataclass\nclass Ticket",
                "@dataclasses.dataclass(frozen=True, order=True)\nclass Ticket",
            ),
        ),
        ("class Ticket",),
        ("class",),
        "time_desk",
    ),
    "a new helper": Known(
        (
            (
                "def stamp(row):\n    return row[0] + row[2]",
                "def checked(row):\n"
                "    found = 0\n"
                "    for number in row * 12:\n"
                "        found += number % 7\n"
                "    return found\n\n\n"
                "def stamp(row):\n    return row[0] + row[2] + checked(row)",
            ),
        ),
        ("stamp",),
        ("changed",),
        "time_desk",
    ),
    "a generator around the old call": Known(
        (
            (
                "def stamps(rows):\n    return [stamp(row) for row in rows]",
                "def stamped(rows):\n"
                "    for row in rows:\n"
                "        for number in range(12):\n"
                "            row = [*row]\n"
                "        yield stamp(row)\n\n\n"
                "def stamps(rows):\n    return [*stamped(rows)]",
            ),
        ),
        ("stamps",),
        ("changed",),
        "time_desk",
    ),
}

IMPORTS = {
    "an import of the standard library": "import xml.dom.minidom",
    "an import of a module beside it": "from shop import tables",
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A repository with a base commit, and one commit beside it for each known change."""
    shop = Shop(tmp_path_factory.mktemp("shop"), tmp_path_factory.mktemp("home"))
    shop.start(FILES, QUICK)
    for name, known in CHANGES.items():
        shop.commit(name, {"shop/core.py": edited(CORE, *known.edits)})
    for name, known in AT_THE_DESK.items():
        shop.commit(name, {"shop/desk.py": edited(DESK, *known.edits)})
    shop.commit(
        "a module renamed",
        {
            "shop/desk.py": edited(DESK, ("from shop.sums", "from shop.weights")),
            "shop/weights.py": edited(SUMS, ("range(3)", "range(30)")),
        },
        removed=["shop/sums.py"],
    )
    for name, line in IMPORTS.items():
        both = f"import math\n\n{line}\n"
        shop.commit(name, {"shop/prices.py": edited(PRICES, ("import math\n", both))})
    moved = CORE[CORE.index("def clean") : CORE.index("class Till")]
    shop.commit(
        "moved and made slower",
        {
            "shop/core.py": edited(
                CORE, (moved, ""), ("import copy\n", "import copy\nfrom shop.text import clean\n")
            ),
            "shop/text.py": edited(moved, ("row[0] >= 0", "sum(n * n for n in row * 4) >= 0")),
        },
    )
    more, less = "depth=3", "range(SHARES)"
    shop.commit(
        "two at once",
        {"shop/core.py": edited(CORE, (more, "depth=60"), (less, "range(SHARES * 4)"))},
    )
    shop.commit(
        "slower and faster at once",
        {"shop/core.py": edited(CORE, (more, "depth=60"), (less, "range(SHARES // 6)"))},
    )
    shop.commit("nothing", {"notes.txt": "nothing that runs\n"})
    failing = ("def day(lines):", "def day(lines):\n    raise OSError('closed')")
    shop.commit("broken", {"shop/core.py": edited(CORE, failing)})
    shop.install()
    return shop


def causes(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The causes by name, in order."""
    return {cause["name"]: cause for cause in found["causes"]}


def check(found: dict[str, Any], name: str, file: str, *changed: str) -> None:
    """Slower, and the first cause points at its commit and at one of the lines that changed."""
    assert found["verdict"] == "slower"
    assert found["interval"]["low"] > 1
    first = found["causes"][0]
    assert first["after"]["file"] == file, found["causes"]
    assert [commit["subject"] for commit in first["commits"]] == [name]
    assert first["hunk"].startswith("@@")
    assert any(line in first["hunk"] for line in changed)


@pytest.mark.parametrize("name", CHANGES)
def test_a_known_change_is_the_first_cause(shop: Shop, name: str) -> None:
    """Slower, and the first name is what was changed, with its hunk and its commit."""
    known = CHANGES[name]
    found = shop.explain_one(name, "--gate", bench=known.bench, status=3)
    lines = [(added or old).splitlines()[0] for old, added in known.edits]
    check(found, name, "shop/core.py", *lines)
    assert found["causes"][0]["name"] in known.names, found["causes"]
    assert found["causes"][0]["kind"] in known.kinds


@pytest.mark.parametrize("name", AT_THE_DESK)
def test_what_statements_and_decorators_run_is_named(shop: Shop, name: str) -> None:
    """Code that Python or a library makes or calls is the doing of the source that asks for it."""
    known = AT_THE_DESK[name]
    found = shop.explain_one(name, "--gate", bench=known.bench, status=3)
    first = found["causes"][0]
    assert first["name"] in known.names, found["causes"]
    assert first["kind"] in known.kinds
    assert first["after"]["file"] == "shop/desk.py"
    assert first["share"] > 0.5, found["causes"]
    assert [commit["subject"] for commit in first["commits"]] == [name]


@pytest.mark.parametrize(
    ("name", "helper"),
    [("a new helper", "checked"), ("a generator around the old call", "stamped")],
)
def test_a_new_helper_is_a_detail_of_who_calls_it(shop: Shop, name: str, helper: str) -> None:
    """It is no cause beside that one, whose old calls are not taken for a gain either."""
    found = shop.explain_one(name, bench="time_desk")
    kinds = {(one["name"], one["kind"]) for one in found["causes"][0]["details"]}
    assert (helper, "new") in kinds, found["causes"][0]
    assert helper not in causes(found)
    assert causes(found).get("stamp", {"share": 0})["share"] > -0.1


def test_a_generated_method_is_a_detail_of_its_class(shop: Shop) -> None:
    """The class whose decorator changed says which of its generated methods cost that."""
    found = shop.explain_one("a dataclass that is frozen", bench="time_desk")
    kinds = {(one["name"], one["kind"]) for one in found["causes"][0]["details"]}
    assert ("__init__", "generated") in kinds, found["causes"][0]


def test_a_function_in_a_renamed_module_is_neither_new_nor_gone(shop: Shop) -> None:
    """The module has another name and the function does more: one cause, in both files."""
    found = shop.explain_one("a module renamed", "--gate", bench="time_desk", status=3)
    first = found["causes"][0]
    assert (first["name"], first["kind"]) in {("weigh", "moved"), ("weigh", "changed")}
    assert (first["before"]["file"], first["after"]["file"]) == (
        "shop/sums.py",
        "shop/weights.py",
    )


@pytest.mark.parametrize("name", IMPORTS)
def test_an_import_is_the_first_cause(shop: Shop, name: str) -> None:
    """What importing costs is the doing of the module that gained the import."""
    found = shop.explain_one(name, "--gate", bench="timeraw_import", status=3)
    check(found, name, "shop/prices.py", f"+{IMPORTS[name]}")
    first = found["causes"][0]
    assert (first["name"], first["kind"]) == ("<module>", "module"), found["causes"]
    assert first["share"] > 0.5


def test_a_function_that_turned_async_is_recognised(shop: Shop) -> None:
    """`def` to `async def` is a kind of its own, and its price is summed up."""
    found = shop.explain_one("def to async def", bench="time_evening")
    assert causes(found)["price_of"]["kind"] == "async"
    assert found["async_tax"] > 0


def test_a_function_that_moved_is_the_first_cause(shop: Shop) -> None:
    """Moved to another file and made slower, it is neither new nor gone."""
    first = shop.explain_one("moved and made slower", "--gate", status=3)["causes"][0]
    assert (first["name"], first["kind"]) == ("clean", "moved")
    assert (first["before"]["file"], first["after"]["file"]) == ("shop/core.py", "shop/text.py")


def test_of_two_changes_the_dearer_comes_first(shop: Shop) -> None:
    """Both are named, each with a share of its own."""
    found = shop.explain_one("two at once", "--gate", status=3)
    assert list(causes(found))[:2] == ["report", "tax"]
    shares = [cause["share"] for cause in found["causes"][:2]]
    assert 1 >= shares[0] > shares[1] > 0


def test_a_gain_beside_a_loss_is_named_as_one(shop: Shop) -> None:
    """What got slower is at most all of the slowdown; what got faster has a negative share."""
    found = shop.explain_one("slower and faster at once", "--gate", status=3)
    named = causes(found)
    assert found["causes"][0]["name"] == "report"
    assert 0.5 < named["report"]["share"] <= 1
    assert named["tax"]["share"] < 0
    assert named["tax"]["amount"] < 0


def test_changes_are_put_back_until_the_slowdown_is_explained(shop: Shop, tmp_path: Path) -> None:
    """Two changes go back together; what is kept holds them, and the patch does so."""
    found = shop.explain_one("two at once", "--patch", str(tmp_path / "back.patch"))
    names = [one["name"] for one in found["reversal"]["changes"]]
    assert names in (["report", "tax"], ["tax", "report"]), found["reversal"]
    assert found["causes"][0]["proof"]["outcome"] == "proven"
    assert shop.explain_one("two at once") == found
    shop.git("worktree", "add", "--detach", str(tmp_path / "tree"), found["after"])
    shop.git("-C", str(tmp_path / "tree"), "apply", str(tmp_path / "back.patch"))
    assert (tmp_path / "tree" / "shop" / "core.py").read_text() == FILES["shop/core.py"]
    shop.git("worktree", "remove", "--force", str(tmp_path / "tree"))


def test_what_is_awaited_goes_back_with_what_awaits_it(shop: Shop) -> None:
    """A coroutine that was a function stands as before only together with its callers."""
    found = shop.explain_one("def to async def", "--prove", bench="time_evening")
    names = {one["name"] for one in found["reversal"]["changes"]}
    assert {"price_of", "order"} <= names or names == {"orders"}, found["reversal"]


def test_nothing_changed_is_the_same(shop: Shop) -> None:
    """The same code on both sides passes the gate, wide enough for any machine's noise."""
    found = shop.explain_one("nothing", "--gate", "--factor", "2", status=0)
    assert found["verdict"] == "same"


def test_a_benchmark_that_fails_on_one_side_is_unknown(shop: Shop) -> None:
    """What could not be measured is never *not slower*, in the JSON and in the exit status."""
    found = shop.explain_one("broken", "--gate", status=4)
    assert (found["verdict"], found["causes"]) == ("unknown", [])
    assert "closed" in found["caveats"][0]["text"]


def test_a_second_call_shows_what_is_stored(shop: Shop) -> None:
    """The explanation of the same question is not measured again, and stays byte for byte."""
    shop.explain_one("a slower default")
    after = shop.commits["a slower default"][:8]
    (stored,) = shop.root.glob(f".asv/explanations/*-{after}-*")
    before = stored.stat().st_mtime_ns
    shop.explain_one("a slower default")
    assert stored.stat().st_mtime_ns == before


def test_what_is_analysed_is_never_touched(shop: Shop) -> None:
    """After all of the above the checkout is as it was: clean, on its branch, no other branches."""
    assert shop.git("status", "--porcelain") == ""
    assert shop.git("branch", "--show-current") == "main"
    assert shop.git("for-each-ref", "--format=%(refname)") == "refs/heads/main"
    assert not (shop.root / ".asv" / "results").exists()
