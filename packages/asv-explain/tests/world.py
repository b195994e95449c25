"""A real repository in which installing and measuring are made up, for one process."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from recording import framed, record
from stack_texts import read_texts

from asv_explain import command
from asv_explain.asv_side.install import Install, InstallError
from asv_explain.asv_side.project import Project
from asv_explain.explanation import Explanation, decode
from asv_explain.options import Options, add_arguments, read_options
from asv_explain.session import Tools
from asv_explain.suspect import Installed

__all__ = ["PYTHON", "World", "exported", "made", "options", "run", "stored"]

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
CONFIG = {
    "version": 1,
    "project": "shop",
    "repo": ".",
    "branches": ["main"],
    "environment_type": "virtualenv",
    "pythons": [PYTHON],
    "results_dir": ".asv/results",
}

# What py-spy sees of the function that is profiled.
STACKS = read_texts("<lambda> (a.py:1) 90\n<lambda> (a.py:2) 10\n")

CODE = """
def price(row):
    return row * {work}


def time_day():
    return [price(row) for row in range(100)]
"""


class World:
    """A repository, and what installing and measuring its commits shall yield.

    Attributes:
        commits: Full hashes by name, in the order of making.
        seconds: A benchmark call's seconds, by commit.
        noise: The share by which every other process of a commit differs, by commit.
        broken: Commits that can't be installed.
        failing: Commits on which the benchmark fails.
        benchmarks: The names that are discovered.
        installs: What was installed, call by call.
        measured: What processes did, in order: the mode, and the commit's name.
        unsampled: Why no process can be sampled; empty where they can.
        during: Is called in each process.
        now: The clock, in seconds.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.commits: dict[str, str] = {}
        self.seconds: dict[str, float] = {}
        self.noise: dict[str, float] = {}
        self.broken: set[str] = set()
        self.failing: set[str] = set()
        self.benchmarks = ["suite.time_day"]
        self.installs: list[tuple[str, ...]] = []
        self.measured: list[tuple[str, str]] = []
        self.unsampled = ""
        self.during: Callable[[], None] = lambda: None
        self.now = 0.0
        (root / "benchmarks").mkdir()
        (root / "benchmarks" / "__init__.py").touch()
        (root / "asv.conf.json").write_text(json.dumps(CONFIG), encoding="utf-8")
        (root / ".gitignore").write_text(".asv/\n", encoding="utf-8")
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *words: str) -> str:
        """Run git with a fixed identity."""
        identity = ("-c", "user.name=T", "-c", "user.email=t@example.org")
        done = subprocess.run(
            ["git", *identity, *words], cwd=self.root, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(self, name: str, seconds: float) -> str:
        """Commit code of which a benchmark call takes so long."""
        (self.root / "shop.py").write_text(CODE.format(work=seconds), encoding="utf-8")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", name)
        return self.known(name, seconds)

    def known(self, name: str, seconds: float) -> str:
        """Give HEAD a name, and say how long a benchmark call takes there."""
        commit = self.git("rev-parse", "HEAD")
        self.commits[name] = commit
        self.seconds[commit] = seconds
        return commit

    def name(self, commit: str) -> str:
        """A commit's name; it is unique in the world."""
        return next(name for name, known in self.commits.items() if known.startswith(commit))

    @property
    def tools(self) -> Tools:
        """What the program acts with."""
        return Tools(self._installer, self._discover, self._run, lambda: self.now)

    def _installer(
        self, project: Project, specs: Sequence[str], say: Callable[[str], None]
    ) -> Install:
        @contextmanager
        def install(environment: str, commits: Sequence[str]) -> Iterator[tuple[Installed, ...]]:
            self.installs.append(tuple(self.name(commit) for commit in commits))
            for commit in commits:
                if commit in self.broken:
                    raise InstallError(commit, "error: no compiler", self.root / "log")
            home = self.root / ".asv"
            benchmarks = project.benchmark_dir
            yield tuple(
                Installed(commit, Path(sys.executable), benchmarks, home, {}) for commit in commits
            )

        return install

    def _discover(self, installed: Installed) -> list[dict[str, Any]]:
        about = {"params": [], "param_names": [], "version": "1", "unit": "seconds", "type": "time"}
        return [{"name": name, **about} for name in self.benchmarks]

    def _run(
        self, side: Installed, request: Mapping[str, Any], folder: Path, limit: float
    ) -> Mapping[str, Any]:
        mode = str(request["mode"])
        self.now += 0.1
        self.measured.append((mode, self.name(side.commit)))
        self.during()
        if mode == "inspect":
            limits = {"timeout": 7.0, "setup_cache_timeout": 9.0}
            return {"schema": 1, "setup_cache": False, **limits, "error": None}
        if side.commit in self.failing:
            return {"schema": 1, "error": {"kind": "failed", "text": "OSError: closed"}}
        if mode == "sample" and self.unsampled:
            return {"schema": 1, "error": {"kind": "unsampled", "text": self.unsampled}}
        swing = 1 + self.noise.get(side.commit, 0.0) * (-1) ** len(self.measured)
        wall = self.seconds[side.commit] * swing * (1 + len(self.measured) % 7 * 1e-4)
        profile, sampled = None, {}
        if mode == "profile":
            profile = framed(record(lambda: sorted(range(9))), request)
        if mode == "sample":
            self.now += request["seconds"]
            sampled = {"stacks": STACKS, "kept_up": True}
        return {
            "schema": 1,
            **sampled,
            "wall": wall,
            "cpu": wall,
            "instructions": None,
            "number": request["number"] or 1,
            "setup": 0.0,
            "delayed": 0.0,
            "samples": [wall],
            "profile": profile,
            "error": None,
        }

    def timed(self) -> list[str]:
        """The commits measured, each as often as it was measured anew, in order."""
        return [name for mode, name in self.measured if mode == "inspect"]


def made(folder: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world with one commit, ``base``, of 10 ms; its repository is the current folder."""
    monkeypatch.setenv("HOME", str(folder))
    (folder / "repository").mkdir()
    world = World(folder / "repository")
    monkeypatch.chdir(world.root)
    world.commit("base", 0.010)
    return world


def options(*words: str) -> Options:
    """What a command line asks for."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return read_options(parser.parse_args(words), parser)


def run(world: World, *words: str) -> int:
    """Run the program with a command line; commits go by their names."""
    named = [world.commits.get(word, word) for word in words]
    return command.run(options(*named), world.tools)


def exported(world: World, *words: str, status: int = 0) -> list[dict[str, Any]]:
    """What the program writes as JSON."""
    file = world.root.parent / "out.json"
    assert run(world, *words, "--json", str(file)) == status
    found: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    return found


def stored(world: World) -> list[Explanation]:
    """What is kept on disk."""
    files = sorted((world.root / ".asv" / "explanations").glob("*.json"))
    return [decode(path.read_bytes()) for path in files]
