"""A real repository with a benchmark suite, in which the changes between commits are known."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from world import PYTHON

from asv_explain.asv_side.install import installed
from asv_explain.asv_side.project import environments, load_project

__all__ = ["QUICK", "Shop", "edited"]

# Copying takes the place of a wheel, so that no commit needs a build backend from the network.
INSTALL = (
    "import shutil, sysconfig; "
    "shutil.copytree('shop', sysconfig.get_paths()['purelib'] + '/shop', dirs_exist_ok=True)"
)

# Installing waits for the network and for the disk, so a few at once take little longer than one.
AT_ONCE = 4

# So many pairs; where the machine is so busy that they leave the answer open, it is asked again.
ROUNDS = ("4", "12", "24")

# The caveat of an answer that is left open.
OPEN = "open"

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

QUICK = {
    **SETTINGS,
    "plugins": [".fast_environment"],
    "environment_type": "fast",
    "pythons": [PYTHON],
}
"""Settings by which environments are made in no time, where a test needs many."""


def edited(text: str, *edits: tuple[str, str]) -> str:
    """Replace each old text, which has to be there once, by the one beside it."""
    for old, replacement in edits:
        if text.count(old) != 1:
            raise ValueError(f"{old!r} is there {text.count(old)} times")
        text = text.replace(old, replacement)
    return text


@dataclass
class Shop:
    """A repository that is asked about.

    Attributes:
        root: The repository.
        home: The home folder in which asv keeps what it knows of this machine.
        commits: Full hashes by name.
        python: What starts the interpreter that runs asv-explain.
        path: Where that interpreter finds modules.
    """

    root: Path
    home: Path
    commits: dict[str, str] = field(default_factory=dict)
    python: Sequence[str] = (sys.executable,)
    path: Sequence[str] = tuple(sys.path)

    def start(self, files: Mapping[str, str], settings: Mapping[str, Any] = SETTINGS) -> None:
        """Make the repository with its base commit, in which these files are besides.

        Args:
            files: by path.
            settings: of asv.
        """
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit(
            "base",
            {
                "shop/__init__.py": "",
                "benchmarks/__init__.py": "",
                "asv.conf.json": json.dumps(settings),
                ".gitignore": ".asv/\n__pycache__/\n",
                **files,
            },
        )

    def install(self) -> None:
        """Install all commits, some at a time, so that each explanation finds its two."""
        commits = list(self.commits.values())
        with pytest.MonkeyPatch.context() as patch:
            # Builders find the plugin of quick environments there.
            patch.setenv("PYTHONPATH", str(Path(__file__).parent))
            project = load_project(self.root / "asv.conf.json")
            (environment,) = environments(project)
            for start in range(0, len(commits), AT_ONCE):
                with installed(project, environment.name, commits[start : start + AT_ONCE]):
                    pass

    def git(self, *arguments: str) -> str:
        """Run git and return what it prints."""
        command = ["git", "-c", "user.name=Ann", "-c", "user.email=ann@example.org", *arguments]
        done = subprocess.run(command, cwd=self.root, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self, name: str, files: Mapping[str, str], removed: Sequence[str] = ()) -> None:
        """Commit files on top of the base, on no branch.

        Args:
            name: of the commit, and its message.
            files: new or changed ones, by path.
            removed: paths of those that go.
        """
        if "base" in self.commits:
            self.git("checkout", "--quiet", "--detach", self.commits["base"])
        for path, text in files.items():
            target = self.root / path
            target.parent.mkdir(exist_ok=True)
            target.write_text(text, encoding="utf-8")
        for path in removed:
            (self.root / path).unlink()
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", name)
        self.commits[name] = self.git("rev-parse", "HEAD")
        self.git("checkout", "--quiet", "main")

    def explain(
        self, after: str, *arguments: str, bench: str = "time_day", status: int = 0
    ) -> list[dict[str, Any]]:
        """Explain the step from the base to a commit, in JSON."""
        for rounds in ROUNDS:
            again = () if rounds == ROUNDS[0] else ("--force",)
            done = self._ask(after, bench, "--rounds", rounds, *arguments, *again)
            found: list[dict[str, Any]] = json.loads(done.stdout or "[]")
            if not any(caveat["kind"] == OPEN for one in found for caveat in one["caveats"]):
                break
        if done.returncode != status:
            raise AssertionError(f"exit status {done.returncode}: {done.stderr}{done.stdout}")
        return found

    def _ask(self, after: str, bench: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        commits = self.commits["base"], self.commits[after]
        words = ("-m", "asv_explain", *commits, "--bench", bench, "--json", "-", *arguments)
        return subprocess.run(
            [*self.python, *words],
            cwd=self.root,
            env={**os.environ, "HOME": str(self.home), "PYTHONPATH": ":".join(self.path)},
            capture_output=True,
            text=True,
            check=False,
        )

    def explain_one(
        self, after: str, *arguments: str, bench: str = "time_day", status: int = 0
    ) -> dict[str, Any]:
        """Explain the step of a single benchmark."""
        (only,) = self.explain(after, *arguments, bench=bench, status=status)
        return only
