"""A small asv project whose commits are measured for real, without an environment for each."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from world import PYTHON, options

from asv_explain import command
from asv_explain.asv_side.install import Install
from asv_explain.asv_side.project import Project
from asv_explain.session import Tools
from asv_explain.suspect import Installed

__all__ = ["CONFIG", "CORE", "GOOD", "SmallProject", "gone", "marked", "slower", "state"]

COPY = (
    "import shutil, sysconfig; "
    "shutil.copytree('shop', sysconfig.get_paths()['purelib'] + '/shop', dirs_exist_ok=True)"
)
"""Installs the package without a build."""

CONFIG = {
    "version": 1,
    "project": "shop",
    "repo": ".",
    "branches": ["main"],
    # It is made in no time, where commits are installed for real.
    "plugins": [".fast_environment"],
    "environment_type": "fast",
    "pythons": [PYTHON],
    "build_command": [],
    "install_command": [f'in-dir={{build_dir}} python -c "{COPY}"'],
    "uninstall_command": [],
    "env_dir": ".asv/env",
    "results_dir": ".asv/results",
    "html_dir": ".asv/html",
}

CORE = """
def price(row):
    total = 0
    for _ in range(1):
        total += sum(range(row * 2))
    return total


def day():
    return [price(row) for row in range(200)]
"""

GOOD = """
from shop.core import day


def time_day():
    day()
"""

MARK = "ASV_EXPLAIN_SURVIVAL"
"""The variable by which the processes of one test are known, whoever started them."""


def slower(core: str = CORE) -> str:
    """The package with a function that takes several times as long."""
    return core.replace("range(1)", "range(8)")


class SmallProject:
    """A repository with benchmarks in it, and the program called on its commits.

    Commits are laid out in folders, and benchmarks run with the interpreter of the tests; all else
    is real: the listing, the processes, their measuring, the causes.

    Attributes:
        root: The repository, and the folder of asv.conf.json.
        notes: A folder that benchmarks find by the variable NOTES.
        temporary: The folder of all temporary ones.
    """

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, root: str = "repository") -> None:
        self.root = folder / root
        self.notes = folder / "notes"
        self.temporary = folder / "temporary"
        self._trees = folder / "trees"
        # Bytecode, of the standard library's too, is kept there; one for all tests is enough.
        self._environment = folder.parent / "environment"
        self._mark = uuid.uuid4().hex
        for one in (self.root, self.notes, self.temporary, self._trees, folder / "home"):
            one.mkdir(parents=True)
        for name, value in (
            (MARK, self._mark),
            ("HOME", str(folder / "home")),
            ("NOTES", str(self.notes)),
            ("TMPDIR", str(self.temporary)),
            # Where builders find the environment's module.
            ("PYTHONPATH", str(Path(__file__).parent)),
        ):
            patch.setenv(name, value)
        patch.setattr(tempfile, "tempdir", str(self.temporary))
        self._patch = patch
        self.enter(self.root)
        self.tools = Tools(installer=self._installer)

    def enter(self, root: Path) -> None:
        """Go on in another checkout."""
        self.root = root
        self._patch.chdir(root)

    def git(self, *words: str, folder: Path | None = None) -> str:
        """Run git with a fixed identity."""
        identity = ("-c", "user.name=T", "-c", "user.email=t@example.org")
        done = subprocess.run(
            ["git", *identity, *words], cwd=folder or self.root, check=True, capture_output=True
        )
        return os.fsdecode(done.stdout).strip()

    def start(self, benchmarks: Mapping[str, str], core: str = CORE, *how: str) -> str:
        """Make the repository with these benchmarks, and a first commit with the package."""
        self.git("init", "--quiet", "--initial-branch=main", *how)
        files = {f"benchmarks/{name}": text for name, text in benchmarks.items()}
        return self.commit(
            {
                "asv.conf.json": json.dumps(CONFIG),
                ".gitignore": ".asv/\n",
                "benchmarks/__init__.py": "",
                "shop/__init__.py": "",
                "shop/core.py": core,
                **files,
            }
        )

    def commit(self, files: Mapping[str, str], message: str = "one") -> str:
        """Commit files and return the hash."""
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def _installer(
        self, project: Project, specs: Sequence[str], say: Callable[[str], None]
    ) -> Install:
        repository = project.checkout or project.own / "mirror"

        @contextmanager
        def install(environment: str, commits: Sequence[str]) -> Iterator[tuple[Installed, ...]]:
            yield tuple(self._installed(project, repository, commit) for commit in commits)

        return install

    def _installed(self, project: Project, repository: Path, commit: str) -> Installed:
        folder = self._trees / commit
        if not folder.exists():
            packed = subprocess.run(
                ["git", "archive", commit], cwd=repository, check=True, capture_output=True
            )
            with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
                archive.extractall(folder, filter="tar")
        variables = {"PYTHONPATH": str(folder)}
        python = Path(sys.executable)
        return Installed(commit, python, project.benchmark_dir, self._environment, variables)

    def run(self, *words: str, tools: Mapping[str, Any] | None = None) -> int:
        """Run the program with a command line, and with other tools where some are given."""
        return command.run(options(*words), replace(self.tools, **(tools or {})))

    def explained(
        self, *words: str, status: int = 0, tools: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """What the program writes as JSON, by benchmark."""
        file = self.root.parent / "out.json"
        assert self.run(*words, "--json", str(file), tools=tools) == status
        return {one["benchmark"]: one for one in json.loads(file.read_text(encoding="utf-8"))}

    def nothing_left(self) -> None:
        """Assert that no process is left of those that were started, and no temporary folder."""
        assert marked(self._mark) == []
        assert list(self.temporary.iterdir()) == []


def marked(mark: str) -> list[tuple[int, str]]:
    """The processes, but for this one, that were started with a mark, and what they are."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            variables = (folder / "environ").read_bytes().split(b"\0")
            said = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if f"{MARK}={mark}".encode() in variables and int(folder.name) != os.getpid():
            found.append((int(folder.name), said))
    return found


def gone(process: int) -> bool:
    """Tell whether a process is there no longer."""
    return not Path(f"/proc/{process}").exists()


def state(top: Path) -> dict[str, str]:
    """Digests of all files of a repository but objects and what the program keeps."""
    left_out = (top / ".git" / "objects", top / ".asv")
    return {
        str(path.relative_to(top)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in top.rglob("*")
        if path.is_file() and not any(path.is_relative_to(one) for one in left_out)
    }
