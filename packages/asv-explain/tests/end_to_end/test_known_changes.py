"""Changes that are known, in a real repository: each is to be named as the first cause."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "shop"
version = "1"
"""

SETTINGS = {
    "version": 1,
    "project": "shop",
    "repo": ".",
    "branches": ["main"],
    "environment_type": "virtualenv",
    "env_dir": ".asv/env",
    "results_dir": ".asv/results",
    "html_dir": ".asv/html",
    "build_command": [
        "python -m pip install --quiet hatchling",
        "python -m pip wheel --quiet --no-build-isolation --no-deps "
        "--wheel-dir {build_cache_dir} {build_dir}",
    ],
}

BENCHMARKS = """
from shop import core

class Day:
    def setup(self):
        self.lines = [f"{n},{n % 7},{n * 3}" for n in range(300)]

    def time_day(self):
        core.day(self.lines)

    def track_lines(self):
        return len(self.lines)
"""

CORE = """
import asyncio
import copy
import functools


def parse(lines):
    return [[int(field) for field in line.split(",")] for line in lines]


def tax(price):
    total = 0
    for share in range(12):
        total += price * share % 11
    return total


def totals(rows):
    found = []
    for row in rows:
        found.append(tax(row[2]))
    return found


@functools.lru_cache(maxsize=None)
def rate(kind):
    value = 0
    for year in range(150):
        value += year * kind % 13
    return value


def rates(rows):
    return [rate(row[1]) for row in rows]


def known(rows, wanted=range(0, 900, 3)):
    prices = set(row[2] for row in rows)
    return [price in prices for price in wanted]


def report(rows, depth=3):
    text = []
    for level in range(depth):
        for row in rows:
            text.append(row[0] + level)
    return text


def clean(rows):
    kept = []
    for row in rows:
        if row[0] >= 0:
            kept.append(row)
    return kept


def price_of(row):
    return row[2] + 1


async def order(row):
    return price_of(row)


async def orders(rows):
    return [await order(row) for row in rows]


def day(lines):
    rows = clean(parse(lines))
    totals(rows), rates(rows), known(rows), report(rows)
    asyncio.run(orders(rows))
"""

CHANGES: dict[str, tuple[list[tuple[str, str]], set[str]]] = {
    "an extra loop": (
        [
            (
                "    return [[int(field)",
                "    for line in lines:\n"
                "        for letter in line * 6:\n"
                "            letter.upper()\n"
                "    return [[int(field)",
            )
        ],
        {"parse"},
    ),
    "one more call of an unchanged helper": (
        [
            (
                "        found.append(tax(row[2]))\n",
                "        tax(row[1])\n        found.append(tax(row[2]))\n",
            )
        ],
        {"totals"},
    ),
    "a cache removed": ([("@functools.lru_cache(maxsize=None)\n", "")], {"rate"}),
    "deepcopy added": (
        [("    text = []\n", "    text = []\n    rows = copy.deepcopy(rows)\n")],
        {"report"},
    ),
    "a linear search for a set": (
        [("set(row[2] for row in rows)", "[row[2] for row in rows]")],
        {"known"},
    ),
    "def to async def": (
        [
            ("def price_of(row):", "async def price_of(row):"),
            ("    return price_of(row)", "    return await price_of(row)"),
            (
                "    return [await order(row) for row in rows]",
                "    return [await order(row) for _ in range(4) for row in rows]",
            ),
        ],
        {"orders", "price_of", "order"},
    ),
    "a slower default": ([("depth=3", "depth=30")], {"report"}),
}


@dataclass
class Shop:
    """The repository, its home for asv, and its commits by name."""

    root: Path
    home: Path
    commits: dict[str, str]

    def git(self, *arguments: str) -> str:
        """Run git and return what it prints."""
        command = ["git", "-c", "user.name=Ann", "-c", "user.email=ann@example.org", *arguments]
        done = subprocess.run(command, cwd=self.root, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self, name: str, **files: str) -> None:
        """Commit files on top of the base, on no branch."""
        if "base" in self.commits:
            self.git("checkout", "--quiet", "--detach", self.commits["base"])
        for path, text in files.items():
            target = self.root / path.replace("__", "/").replace("_py", ".py")
            target.write_text(text, encoding="utf-8")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", name)
        self.commits[name] = self.git("rev-parse", "HEAD")

    def explain(self, after: str, *arguments: str, status: int = 0) -> list[dict[str, Any]]:
        """Explain the step from the base to a commit, in JSON."""
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "asv_explain",
                self.commits["base"],
                self.commits[after],
                *("--bench", "time_day", "--budget", "20", "--json", "-", *arguments),
            ],
            cwd=self.root,
            env={**os.environ, "HOME": str(self.home), "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == status, done.stderr
        found: list[dict[str, Any]] = json.loads(done.stdout)
        return found


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A repository with a base commit, and one commit beside it for each known change."""
    root, home = tmp_path_factory.mktemp("shop"), tmp_path_factory.mktemp("home")
    shop = Shop(root, home, {})
    shop.git("init", "--quiet", "--initial-branch=main")
    (root / "shop").mkdir()
    (root / "benchmarks").mkdir()
    (root / "benchmarks" / "__init__.py").touch()
    (root / "shop" / "__init__.py").touch()
    (root / "benchmarks" / "shop_day.py").write_text(BENCHMARKS, encoding="utf-8")
    (root / "asv.conf.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
    (root / ".gitignore").write_text(".asv/\n__pycache__/\n", encoding="utf-8")
    (root / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    shop.commit("base", shop__core_py=CORE)
    for name, (edits, _) in CHANGES.items():
        text = CORE
        for old, new in edits:
            assert text.count(old) == 1, (name, old)
            text = text.replace(old, new)
        shop.commit(name, shop__core_py=text)
    moved = CORE[CORE.index("def clean") : CORE.index("def price_of")]
    shop.commit(
        "moved and made slower",
        shop__core_py=CORE.replace(moved, "").replace(
            "import copy\n", "import copy\nfrom shop.text import clean\n"
        ),
        shop__text_py=moved.replace("row[0] >= 0", "sum(n * n for n in row) >= 0"),
    )
    shop.commit("nothing", notes_txt="nothing that runs\n")
    shop.commit(
        "broken",
        shop__core_py=CORE.replace(
            "def day(lines):", "def day(lines):\n    raise OSError('closed')"
        ),
    )
    shop.git("checkout", "--quiet", "main")
    return shop


@pytest.mark.parametrize("name", CHANGES)
def test_a_known_change_is_the_first_cause(shop: Shop, name: str) -> None:
    """Slower, and the first name is the function that was changed."""
    (found,) = shop.explain(name, "--gate", status=3)
    assert found["verdict"] == "slower"
    assert found["interval"]["low"] > 1
    first = found["causes"][0]
    assert first["name"] in CHANGES[name][1], found["causes"]
    assert first["after"]["file"] == "shop/core.py"
    assert [commit["subject"] for commit in first["commits"]] == [name]
    assert first["hunk"].startswith("@@")


def test_a_function_that_turned_async_is_recognised(shop: Shop) -> None:
    """`def` to `async def` is a kind of its own, and its price is summed up."""
    (found,) = shop.explain("def to async def")
    kinds = {cause["name"]: cause["kind"] for cause in found["causes"]}
    assert kinds.get("price_of") == "async", kinds
    assert found["async_tax"] > 0


def test_a_function_that_moved_is_the_first_cause(shop: Shop) -> None:
    """Moved to another file and made slower, it is neither new nor gone."""
    (found,) = shop.explain("moved and made slower", "--gate", status=3)
    first = found["causes"][0]
    assert first["name"] == "clean", found["causes"]
    assert (first["before"]["file"], first["after"]["file"]) == ("shop/core.py", "shop/text.py")


def test_nothing_changed_is_the_same(shop: Shop) -> None:
    """The same code on both sides passes the gate."""
    (found,) = shop.explain("nothing", "--gate", "--factor", "1.25", status=0)
    assert found["verdict"] == "same"


def test_a_benchmark_that_fails_on_one_side_is_unknown(shop: Shop) -> None:
    """What could not be measured is never *not slower*, in the JSON and in the exit status."""
    (found,) = shop.explain("broken", "--gate", status=4)
    assert (found["verdict"], found["causes"]) == ("unknown", [])
    assert "closed" in found["caveats"][0]["text"]


def test_a_second_call_shows_what_is_stored(shop: Shop) -> None:
    """The explanation of the same question is not measured again, and stays byte for byte."""
    after = shop.commits["a slower default"][:8]
    (stored,) = shop.root.glob(f".asv/explanations/*-{after}-*")
    before = stored.stat().st_mtime_ns
    shop.explain("a slower default")
    assert stored.stat().st_mtime_ns == before


def test_what_is_analysed_is_never_touched(shop: Shop) -> None:
    """After all of the above the checkout is as it was: clean, on its branch, no other branches."""
    assert shop.git("status", "--porcelain") == ""
    assert shop.git("branch", "--show-current") == "main"
    assert shop.git("for-each-ref", "--format=%(refname)") == "refs/heads/main"
    assert not (shop.root / ".asv" / "results").exists()
