"""A range of commits in a real repository is narrowed to the one that holds the step."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.measures

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
SETTINGS = {
    "version": 1,
    "project": "shop",
    "repo": ".",
    "branches": ["main"],
    "environment_type": "virtualenv",
    "pythons": [PYTHON],
    "env_dir": ".asv/env",
    "results_dir": ".asv/results",
    "html_dir": ".asv/html",
    "build_command": [],
    "install_command": ["in-dir={build_dir} python install.py"],
    "uninstall_command": [],
}
# Copying takes the place of a wheel, which would take longer than all else in this file.
INSTALL = """
import shutil
import sysconfig

shutil.copy("shop.py", sysconfig.get_paths()["purelib"])
"""
BENCHMARKS = """
import os
import subprocess
import sys

import shop


def time_day():
    shop.day(2000)


time_day.warmup_time = 0
time_day.sample_time = 0.002
time_day.repeat = 5


def time_hangs():
    held = open(os.environ["HELD"], "w")
    code = "print('here', flush=True)\\nwhile True: pass"
    subprocess.run([sys.executable, "-c", code], stdout=held)
"""
SHOP = """
def tax(price, shares):
    return sum(price * share % 11 for share in range(shares))


def day(prices):
    return [tax(price, 10) for price in range(prices)]
"""


class Shop:
    """The repository and its commits by name."""

    def __init__(self, root: Path, home: Path) -> None:
        self.root, self.home = root, home
        self.commits: dict[str, str] = {}
        paths = os.pathsep.join(sys.path)
        self.environ = {**os.environ, "HOME": str(home), "PYTHONPATH": paths}
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        """Run git and return what it prints."""
        command = ["git", "-c", "user.name=Ann", "-c", "user.email=ann@example.org", *arguments]
        done = subprocess.run(command, cwd=self.root, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self, name: str, shop: str, install: str = INSTALL) -> None:
        """Commit the package on top of what there is."""
        (self.root / "shop.py").write_text(f"{shop}\n# {name}\n", encoding="utf-8")
        (self.root / "install.py").write_text(install, encoding="utf-8")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", name)
        self.commits[name] = self.git("rev-parse", "HEAD")

    def explain(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the program."""
        return subprocess.run(
            [sys.executable, "-m", "asv_explain", *arguments],
            cwd=self.root,
            env=self.environ,
            capture_output=True,
            text=True,
        )


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Six commits: the second in between doesn't build, the fourth is slow, more don't matter."""
    shop = Shop(tmp_path_factory.mktemp("shop"), tmp_path_factory.mktemp("home"))
    (shop.root / "benchmarks").mkdir()
    (shop.root / "benchmarks" / "__init__.py").write_text(BENCHMARKS, encoding="utf-8")
    (shop.root / "asv.conf.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
    (shop.root / ".gitignore").write_text(".asv/\n__pycache__/\n", encoding="utf-8")
    slow = SHOP.replace("tax(price, 10)", "tax(price, 30)")
    shop.commit("base", SHOP)
    shop.commit("first", SHOP)
    shop.commit("broken", SHOP, "raise SystemExit('error: no compiler here')\n")
    shop.commit("mended", SHOP)
    shop.commit("slow", slow)
    shop.commit("last", slow)
    return shop


def test_the_commit_that_holds_the_step_is_named(shop: Shop) -> None:
    """The search passes by what doesn't build, and explains the one commit in a second call too."""
    named = shop.commits
    words = (named["base"], "main", "-b", "day", "--bisect", "--gate", "--rounds", "4")
    done = shop.explain(*words, "--json", "-")
    assert done.returncode == 3, done.stderr
    (found,) = json.loads(done.stdout)
    search: dict[str, Any] = found["bisection"]
    assert (search["before"], search["after"]) == (named["base"], named["last"])
    assert search["suspected"] == [named["slow"]]
    assert (found["before"], found["after"]) == (named["mended"], named["slow"])
    # The whole step is this commit's; on a busy machine it may seem to be less.
    assert search["share"] > 0.5
    assert search["share_interval"]["low"] < search["share"] < search["share_interval"]["high"]
    assert [one["commit"] for one in search["measured"]] == [named["mended"], named["slow"]]
    ((skipped, why),) = [(one["commit"], one["reason"]) for one in search["skipped"]]
    assert skipped == named["broken"]
    assert "no compiler here" in why
    assert found["causes"][0]["name"] == "day", found["causes"]
    assert done.stderr.count(f"installing {named['broken'][:8]}") == 1
    again = shop.explain(*words)
    assert again.returncode == 3
    assert "measuring" not in again.stderr
    assert f"{named['slow'][:8]} holds " in " ".join(again.stdout.split())
    assert shop.git("status", "--porcelain") == ""


def test_sigterm_ends_the_benchmark_and_all_it_started(shop: Shop) -> None:
    """While a benchmark runs, the program ends with its status, and nothing of it is left."""
    pipe = shop.home / "held"
    os.mkfifo(pipe)
    words = (shop.commits["mended"], shop.commits["slow"], "-b", "hangs")
    program = subprocess.Popen(
        [sys.executable, "-m", "asv_explain", *words],
        cwd=shop.root,
        env={**shop.environ, "HELD": str(pipe)},
        stderr=subprocess.PIPE,
        text=True,
    )
    with pipe.open() as held:
        assert held.readline() == "here\n"
        program.terminate()
        told = program.communicate()[1]
        assert program.returncode == 143
        # The pipe ends with the last process that holds it.
        assert held.read() == ""
    assert "asv explain: terminated; " in told.splitlines()[-1]


def test_commits_on_two_lines_are_refused(shop: Shop) -> None:
    """Backwards there is no range: one line, and nothing is built."""
    done = shop.explain(shop.commits["slow"], shop.commits["base"], "--bisect")
    assert done.returncode == 1
    assert "must be on one line of history for --bisect" in done.stderr
    assert done.stderr.count("\n") == 1
