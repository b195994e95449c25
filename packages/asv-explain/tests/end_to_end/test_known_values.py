"""Memory that grew, and tracked values that rose, in a real repository and through real asv."""

from __future__ import annotations

from typing import Any

import pytest
from shop_repository import Shop, edited

BENCHMARKS = """
from shop import core


class Memory:
    params = [[100], [400_000]]
    param_names = ["kinds", "rows"]

    def setup_cache(self):
        return {"prices": 3}

    def setup(self, cache, kinds, rows):
        self.rows = range(rows)

    def peakmem_stock(self, cache, kinds, rows):
        core.stock(self.rows, kinds + cache["prices"])

    def mem_shelf(self, cache, kinds, rows):
        return core.shelf(kinds)

    def mem_sign(self, cache, kinds, rows):
        return core.sign()


def track_steps():
    return core.steps(20)


track_steps.unit = "steps"


def track_kinds():
    return core.kinds()


def track_words():
    return "many"
"""

CORE = """
class Shelf:
    def __init__(self, kinds):
        self.kinds = kinds
        self.places = dict.fromkeys(range(kinds))


def blank(rows):
    return [None] * len(rows)


def sort_in(rows, kinds):
    kept = blank(rows)
    for row in rows:
        kept[row] = row % kinds
    return kept


def stock(rows, kinds):
    found = sort_in(rows, kinds)
    return len(found)


def shelf(kinds):
    return Shelf(kinds).places


def sign():
    return ["open"] * 10


def step(number):
    return 1


def steps(count):
    total = 0
    for number in range(count):
        total += step(number)
    return total


def kinds():
    return 7
"""

CHANGES = {
    "twice the list": [("    kept = blank(rows)\n", "    kept = blank(range(2 * len(rows)))\n")],
    "more places": [
        (
            "        self.places = dict.fromkeys(range(kinds))\n",
            "        self.places = dict.fromkeys(range(kinds))\n"
            "        for kind in range(4 * kinds):\n"
            "            self.places[-kind] = self.kinds\n",
        )
    ],
    "more steps": [("    for number in range(count):\n", "    for number in range(2 * count):\n")],
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A repository with a base commit, and one commit beside it for each known change."""
    shop = Shop(tmp_path_factory.mktemp("shop"), tmp_path_factory.mktemp("home"))
    shop.start({"shop/core.py": CORE, "benchmarks/shop_day.py": BENCHMARKS})
    for name, edits in CHANGES.items():
        shop.commit(name, {"shop/core.py": "\n\n# moved down\n" + edited(CORE, *edits)})
    shop.install()
    return shop


def conserved(found: dict[str, Any]) -> bool:
    """Whether causes and residual add up to the measured difference."""
    parts = sum(cause["amount"] for cause in found["causes"]) + found["residual"]
    return bool(abs(parts - found["difference"]) < 1e-6 * abs(found["difference"]))


def test_a_list_twice_as_long_is_the_first_cause_with_its_line(shop: Shop) -> None:
    """The changed function is named, not the unchanged helper that allocates for it."""
    (found,) = shop.explain("twice the list", "--gate", bench="peakmem", status=3)
    assert (found["kind"], found["unit"], found["verdict"]) == ("peakmem", "bytes", "slower")
    assert found["params"] == ["100", "400000"]
    first = found["causes"][0]
    assert (first["name"], first["kind"]) == ("sort_in", "changed"), found["causes"]
    assert first["amount"] == pytest.approx(400_000 * 8, rel=0.05)
    line = first["lines"][0]
    assert line["text"] == "kept = blank(range(2 * len(rows)))"
    assert line["via"] == "blank"
    assert line["before"]["line"] + 3 == line["after"]["line"]
    assert [commit["subject"] for commit in first["commits"]] == ["twice the list"]
    assert conserved(found)


def test_an_object_that_holds_more_is_explained_by_the_line_that_fills_it(shop: Shop) -> None:
    """The line that makes the dictionary grow is named; the list that stayed is the same."""
    sign, shelf = sorted(
        shop.explain("more places", "--gate", bench=r"\.mem_", status=3),
        key=lambda one: str(one["benchmark"]),
        reverse=True,
    )
    assert (sign["verdict"], sign["causes"]) == ("same", [])
    assert shelf["kind"] == "mem"
    first = shelf["causes"][0]
    assert first["name"] == "Shelf.__init__", shelf["causes"]
    assert first["lines"][0]["text"] == "self.places[-kind] = self.kinds"
    assert first["lines"][0]["before"] is None
    assert abs(shelf["residual"]) < 0.1 * shelf["difference"]
    assert conserved(shelf)


def test_a_tracked_value_is_told_with_calls_and_without_causes(shop: Shop) -> None:
    """It can't be attributed; what is called more often is shown. The other one is the same."""
    every = shop.explain("more steps", "--gate", bench="track_[sk]", status=3)
    by_name = {one["benchmark"].rpartition(".")[2]: one for one in every}
    steps, kinds = by_name["track_steps"], by_name["track_kinds"]
    assert (steps["kind"], steps["unit"], steps["verdict"]) == ("track", "steps", "slower")
    assert (steps["causes"], steps["difference"], steps["residual"]) == ([], 20.0, 20.0)
    assert steps["calls"] == [
        {"name": "step", "path": "shop/core.py", "calls_before": 20.0, "calls_after": 40.0}
    ]
    assert "can't be attributed" in " ".join(one["text"] for one in steps["caveats"])
    assert (kinds["verdict"], kinds["calls"], kinds["difference"]) == ("same", [], 0.0)


def test_a_tracked_text_is_unknown(shop: Shop) -> None:
    """What is no number was not measured."""
    (found,) = shop.explain("more steps", "--gate", bench="track_words", status=4)
    assert found["verdict"] == "unknown"
    assert "no number" in found["caveats"][0]["text"]
