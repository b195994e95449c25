"""A small asv project with recorded results and stored explanations, published by asv itself."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asv_explain.bisection import Bisection
from asv_explain.explanation import Explanation, Interval, Verdict
from asv_explain.profiles.pair import ProfilePair
from asv_explain.store import Store

__all__ = ["BENCHMARK", "ENVIRONMENT", "MACHINE", "NARROWED", "VALUES", "Published"]

MACHINE = "box"
ENVIRONMENT = "virtualenv-py3.11"
BENCHMARK = "shelf.Lookup.time_has"

# Two commits that asv never measured.
NARROWED = ("1" * 40, "2" * 40)

# Seconds at each commit: a step from the fifth commit to the sixth that was never won back.
VALUES = (1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0, 2.0)

SETTINGS = {
    "version": 1,
    "project": "shelf",
    "repo": ".",
    "branches": ["main"],
    "results_dir": ".asv/results",
    "html_dir": ".asv/html",
    "plugins": [".asv_explain.plugin"],
}

_DAY = 86_400_000


@dataclass(frozen=True)
class Published:
    """The project's folder, and its commits from the oldest on."""

    root: Path
    commits: tuple[str, ...]

    @classmethod
    def make(
        cls,
        root: Path,
        params: Sequence[Sequence[str]] = (),
        subjects: Mapping[int, str] | None = None,
    ) -> Published:
        """Make the repository and its results; each combination of parameters has the same step.

        Args:
            root: an empty folder.
            params: the values of each parameter, as asv writes them.
            subjects: those of some commits, by their number.
        """
        _git(root, "init", "--quiet", "--initial-branch=main")
        for number in range(len(VALUES)):
            subject = (subjects or {}).get(number, f"commit {number}")
            _git(root, "commit", "--quiet", "--allow-empty", "--message", subject)
        commits = tuple(_git(root, "log", "--reverse", "--format=%H").split())
        results = root / ".asv" / "results"
        machine = {"arch": "x86_64", "cpu": "c", "machine": MACHINE, "num_cpu": "2", "os": "o"}
        machine["ram"] = "1"
        _write(results / MACHINE / "machine.json", {**machine, "version": 1})
        described = {
            "code": "def time_has(self): ...",
            "name": BENCHMARK,
            "param_names": [f"p{number}" for number in range(len(params))],
            "params": params,
            "type": "time",
            "unit": "seconds",
            "version": "1",
        }
        _write(results / "benchmarks.json", {BENCHMARK: described, "version": 2})
        combinations = 1
        for values in params:
            combinations *= len(values)
        for number, (commit, value) in enumerate(zip(commits, VALUES, strict=True)):
            stored = {
                "commit_hash": commit,
                "env_name": ENVIRONMENT,
                "date": _DAY * (number + 1),
                "params": {**machine, "python": "3.11"},
                "python": "3.11",
                "requirements": {},
                "env_vars": {},
                "result_columns": ["result", "params", "version"],
                "results": {BENCHMARK: [[value] * combinations, params, "1"]},
                "durations": {},
                "version": 2,
            }
            _write(results / MACHINE / f"{commit[:8]}-{ENVIRONMENT}.json", stored)
        _write(root / "asv.conf.json", SETTINGS)
        return cls(root, commits)

    @property
    def html(self) -> Path:
        """What asv published."""
        return self.root / ".asv" / "html"

    @property
    def store(self) -> Store:
        """The stored explanations."""
        return Store(self.root / ".asv" / "explanations")

    def keep(
        self,
        explained: Explanation,
        first: int,
        last: int,
        profiles: ProfilePair | None = None,
        **changes: Any,
    ) -> Path:
        """Store an explanation of the step between two commits, by their numbers."""
        placed = {"benchmark": BENCHMARK, "params": (), "environment": ENVIRONMENT}
        placed |= {"machine": MACHINE}
        placed |= {"before": self.commits[first], "after": self.commits[last]}
        return self.store.put(dataclasses.replace(explained, **{**placed, **changes}), profiles)

    def keep_narrowed(
        self,
        explained: Explanation,
        first: int,
        last: int,
        profiles: ProfilePair | None = None,
        **changes: Any,
    ) -> Path:
        """Store what a search of the range between two commits ended at: ones without results."""
        search = Bisection(
            before=self.commits[first],
            after=self.commits[last],
            commits=9,
            verdict=Verdict.SLOWER,
            ratio=2.0,
            interval=Interval(1.9, 2.1),
            measured=(),
            skipped=(),
            suspected=(NARROWED[1],),
            merged=None,
            share=1.0,
            share_interval=None,
            rest=None,
        )
        changes |= {"before": NARROWED[0], "after": NARROWED[1], "bisection": search}
        return self.keep(explained, first, last, profiles, **changes)

    def publish(self) -> str:
        """Run ``asv publish``; what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "asv", "publish"],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode != 0:
            raise AssertionError(done.stdout)
        return done.stdout

    def read(self, name: str) -> Any:
        """A JSON file of what was published."""
        return json.loads((self.html / name).read_text(encoding="utf-8"))


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=Ann", "-c", "user.email=ann@example.org", *arguments]
    return subprocess.run(
        command, cwd=root, check=True, capture_output=True, text=True
    ).stdout.strip()


def _write(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
