"""A repository with a benchmark suite, made in a test, whose commits differ in one known way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from asv_explain.asv_side.install import installed
from asv_explain.asv_side.project import environments, load_project

__all__ = ["CORE", "PRICES", "Shop", "edited"]

# Copying takes the place of a wheel, so that no commit needs a build backend from the network.
INSTALL = (
    "import shutil, sysconfig; "
    "shutil.copytree('shop', sysconfig.get_paths()['purelib'] + '/shop', dirs_exist_ok=True)"
)

# Installing waits for the network and for the disk, so a few at once take little longer than one.
AT_ONCE = 4

# Seconds that a busy machine may need; on a quiet one, measuring ends long before.
BUDGET = "30"

SETTINGS = {
    "version": 1,
    "project": "shop",
    "repo": ".",
    "branches": ["main"],
    "environment_type": "virtualenv",
    "env_dir": ".asv/env",
    "results_dir": ".asv/results",
    "html_dir": ".asv/html",
    "build_command": [],
    "install_command": [f'in-dir={{build_dir}} python -c "{INSTALL}"'],
    "uninstall_command": [],
}

# Many short samples in one process: what costs a fifth more is found in a few seconds. Only the
# evening turns an event loop, whose system calls scatter more than all the rest.
BENCHMARKS = """
class Day:
    warmup_time = 0.02
    sample_time = 0.002
    repeat = 9

    def setup(self):
        from shop import core

        self.core = core
        self.lines = [f"{n},{n % 7},{n * 3}" for n in range(300)]
        self.rows = core.parse(self.lines * 5)

    def time_day(self):
        self.core.day(self.lines)

    def time_evening(self):
        self.core.evening(self.rows)


def timeraw_import():
    return "import shop.prices"


timeraw_import.repeat = 3
"""

CORE = """
import asyncio
import copy
import functools

SHARES = 12


def parse(lines):
    return [[int(field) for field in line.split(",")] for line in lines]


def counted(function):
    def wrapper(*arguments):
        made = 0
        for number in range(20):
            made += number
        return function(*arguments)

    return wrapper


def tax(price):
    total = 0
    for share in range(SHARES):
        total += price * share % 11
    return total


def totals(rows):
    found = []
    for row in rows:
        found += [tax(row[2])]
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
            text += [row[0] + level]
    return text


def clean(rows):
    kept = []
    for row in rows:
        if row[0] >= 0:
            kept += [row]
    return kept


class Till:
    coins = 5

    def fill(self, rows):
        held = 0
        for row in rows:
            for coin in range(self.coins):
                held += row[0] * coin
        return held


def price_of(row):
    return row[2] + 1


async def order(row):
    return price_of(row)


async def orders(rows):
    return [await order(row) for row in rows]


def day(lines):
    rows = clean(parse(lines))
    totals(rows), rates(rows), known(rows), report(rows)
    Till().fill(rows)


def evening(rows):
    asyncio.run(orders(rows))
"""

# Importing it takes about a millisecond, so that a costly import beside it shows.
PRICES = """
import math

ROOTS = [math.sqrt(number) for number in range(5_000)]
"""

# What importing it runs is all there is to it.
TABLES = """
SQUARES = {}
for number in range(60_000):
    SQUARES[number] = number * number % 7
"""


def edited(text: str, *edits: tuple[str, str]) -> str:
    """Replace each old text, which has to be there once, by the one beside it."""
    for old, replacement in edits:
        if text.count(old) != 1:
            raise ValueError(f"{old!r} is there {text.count(old)} times")
        text = text.replace(old, replacement)
    return text


@dataclass
class Shop:
    """The repository, its home for asv, and its commits by name."""

    root: Path
    home: Path
    commits: dict[str, str] = field(default_factory=dict)

    def start(self) -> None:
        """Make the repository with its base commit."""
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit(
            "base",
            {
                "shop/__init__.py": "",
                "shop/core.py": CORE,
                "shop/prices.py": PRICES,
                "shop/tables.py": TABLES,
                "benchmarks/__init__.py": "",
                "benchmarks/shop_day.py": BENCHMARKS,
                "asv.conf.json": json.dumps(SETTINGS),
                ".gitignore": ".asv/\n__pycache__/\n",
            },
        )

    def install(self) -> None:
        """Install all commits, some at a time, so that each explanation finds its two."""
        project = load_project(self.root / "asv.conf.json")
        (environment,) = environments(project)
        commits = list(self.commits.values())
        for start in range(0, len(commits), AT_ONCE):
            with installed(project, environment.name, commits[start : start + AT_ONCE]):
                pass

    def git(self, *arguments: str) -> str:
        """Run git and return what it prints."""
        command = ["git", "-c", "user.name=Ann", "-c", "user.email=ann@example.org", *arguments]
        done = subprocess.run(command, cwd=self.root, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self, name: str, files: Mapping[str, str]) -> None:
        """Commit files on top of the base, on no branch."""
        if "base" in self.commits:
            self.git("checkout", "--quiet", "--detach", self.commits["base"])
        for path, text in files.items():
            target = self.root / path
            target.parent.mkdir(exist_ok=True)
            target.write_text(text, encoding="utf-8")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", name)
        self.commits[name] = self.git("rev-parse", "HEAD")
        self.git("checkout", "--quiet", "main")

    def explain(
        self, after: str, *arguments: str, bench: str = "time_day", status: int = 0
    ) -> dict[str, Any]:
        """Explain one benchmark's step from the base to a commit, in JSON."""
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "asv_explain",
                self.commits["base"],
                self.commits[after],
                *("--bench", bench, "--budget", BUDGET, "--json", "-", *arguments),
            ],
            cwd=self.root,
            env={**os.environ, "HOME": str(self.home), "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
        )
        if done.returncode != status:
            raise AssertionError(f"exit status {done.returncode}: {done.stderr}{done.stdout}")
        found: list[dict[str, Any]] = json.loads(done.stdout)
        (only,) = found
        return only
