"""A real repository with a benchmark suite, in which the changes between commits are known."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Shop", "open_shop"]

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


@dataclass
class Shop:
    """The repository, its home for asv, and its commits by name."""

    root: Path
    home: Path
    commits: dict[str, str] = field(default_factory=dict)

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

    def explain(
        self, after: str, *arguments: str, bench: str = "time_day", status: int = 0
    ) -> list[dict[str, Any]]:
        """Explain the step from the base to a commit, in JSON."""
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "asv_explain",
                self.commits["base"],
                self.commits[after],
                *("--bench", bench, "--budget", "20", "--json", "-", *arguments),
            ],
            cwd=self.root,
            env={**os.environ, "HOME": str(self.home), "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == status, done.stderr
        found: list[dict[str, Any]] = json.loads(done.stdout)
        return found


def open_shop(root: Path, home: Path, benchmarks: str, core: str) -> Shop:
    """Make the repository with its base commit.

    Args:
        root: The repository's folder.
        home: Home of the user, so that nobody's asv machine or git settings are met.
        benchmarks: Source of the benchmarks.
        core: Source of the package's one module.
    """
    shop = Shop(root, home)
    shop.git("init", "--quiet", "--initial-branch=main")
    (root / "shop").mkdir()
    (root / "benchmarks").mkdir()
    (root / "benchmarks" / "__init__.py").touch()
    (root / "shop" / "__init__.py").touch()
    (root / "benchmarks" / "shop_day.py").write_text(benchmarks, encoding="utf-8")
    (root / "asv.conf.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
    (root / ".gitignore").write_text(".asv/\n__pycache__/\n", encoding="utf-8")
    (root / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    shop.commit("base", shop__core_py=core)
    return shop
