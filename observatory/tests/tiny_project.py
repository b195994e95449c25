"""A repository whose benchmark does so much work as its commit says."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

__all__ = ["BENCHMARK", "TinyProject"]

BENCHMARK = "suite.time_work"

INSTALL = (
    "import shutil, sysconfig; "
    "shutil.copytree('tiny', sysconfig.get_paths()['purelib'] + '/tiny', dirs_exist_ok=True)"
)

SETTINGS = {
    "version": 1,
    "project": "tiny",
    "repo": ".",
    "branches": ["main"],
    "environment_type": "virtualenv",
    "env_dir": ".asv/env",
    "results_dir": ".asv/results",
    "build_command": [],
    "install_command": [f'in-dir={{build_dir}} python -c "{INSTALL}"'],
    "uninstall_command": [],
}

# A few short samples: asv's defaults take ten seconds.
SUITE = """
def time_work():
    from tiny import work
    work()
time_work.number = 1
time_work.repeat = (6, 6, 5.0)
time_work.warmup_time = 0.0
"""


class TinyProject:
    """The repository, with asv's configuration in `config`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.config = root / "asv.conf.json"
        (root / "benchmarks").mkdir()
        (root / "benchmarks" / "__init__.py").write_text("")
        (root / "benchmarks" / "suite.py").write_text(SUITE)
        (root / ".gitignore").write_text(".asv/\n__pycache__/\n")
        self.config.write_text(json.dumps(SETTINGS))
        (root / "tiny").mkdir()
        self.git("init", "--quiet", "--initial-branch=main")

    def commit(self, turns: int) -> str:
        """Commit a package whose work is so many turns of a loop; its hash."""
        return self.commit_source(f"def work():\n    for _ in range({turns}):\n        pass\n")

    def commit_source(self, text: str) -> str:
        """Commit a package of this source; its hash."""
        (self.root / "tiny" / "__init__.py").write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "work")
        return self.git("rev-parse", "HEAD")

    def git(self, *arguments: str) -> str:
        """Run git and return what it prints."""
        words = ["git", "-c", "user.name=Ann", "-c", "user.email=ann@example.org", *arguments]
        done = subprocess.run(words, cwd=self.root, check=True, capture_output=True, text=True)
        return done.stdout.strip()
