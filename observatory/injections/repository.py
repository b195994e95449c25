"""A git repository of a subject: asv's settings, the benchmarks, the package, and loose commits."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from asv_explain.changes.git import GitError, read_blobs, tree_of
from observatory.injections.injection import Files

__all__ = ["BENCHMARKS", "Repository", "settings"]

BENCHMARKS = "benchmarks"
"""The folder of the benchmarks, a package."""

# What git takes for a file that is to leave an index.
_NOTHING = "0" * 40

_MARKER = "whole"
"""The file below .git that says what the repository was made of; the last thing written."""

# One author and one time for all, so that the same files always give the same hash.
_WHO = {
    f"GIT_{role}_{key}": value
    for role in ("AUTHOR", "COMMITTER")
    for key, value in (
        ("NAME", "Ann"),
        ("EMAIL", "ann@example.org"),
        ("DATE", "1700000000 +0000"),
    )
}

# Without a user's own settings, and with no variable of a git hook leading elsewhere.
_PLAIN = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "LC_ALL": "C.UTF-8"}


def settings(project: str, packages: Sequence[str], root: str = ".") -> dict[str, object]:
    """asv.conf.json of a subject: installing is copying, so no commit needs a build or the network.

    Args:
        project: the subject's name.
        packages: the folders to copy into site-packages.
        root: the repository's folder, seen from that of the file.
    """
    install = (
        "import shutil, sysconfig; home = sysconfig.get_paths()['purelib'];"
        f" [(shutil.rmtree(home + '/' + one, ignore_errors=True),"
        f" shutil.copytree(one, home + '/' + one)) for one in {tuple(packages)!r}]"
    )
    return {
        "version": 1,
        "project": project,
        "repo": root,
        "branches": ["main"],
        "environment_type": "virtualenv",
        "benchmark_dir": f"{root}/{BENCHMARKS}",
        "env_dir": ".asv/env",
        "results_dir": ".asv/results",
        "html_dir": ".asv/html",
        "build_command": [],
        "install_command": [f'in-dir={{build_dir}} python -c "{install}"'],
        "uninstall_command": [],
    }


class Repository:
    """A repository in a folder, made unless a whole one of the same files is there.

    Args:
        root: its folder; whatever else lies there is removed.
        files: all files of its base commit.

    Raises:
        GitError: git can't make it.
        OSError: the folder can't be written.
    """

    def __init__(self, root: Path, files: Files) -> None:
        self.root = root
        digest = hashlib.sha256(json.dumps(sorted(files.items())).encode()).hexdigest()
        if not self._whole(digest):
            self._make(files)
            self._marker.write_text(digest, encoding="ascii")
        self.base = self._git("rev-parse", "main^{commit}")

    @property
    def _marker(self) -> Path:
        return self.root / ".git" / _MARKER

    def _whole(self, digest: str) -> bool:
        """Whether it was made of the same files, and nobody has touched them since."""
        try:
            made = self._marker.read_text(encoding="ascii") == digest
            return made and not self._git("status", "--porcelain")
        except (OSError, UnicodeDecodeError, GitError):
            return False

    def _make(self, files: Files) -> None:
        if self.root.exists():
            shutil.rmtree(self.root)
        self.root.mkdir(parents=True)
        self._git("init", "--quiet", "--initial-branch=main")
        # Loose commits are on no branch: nothing may tidy them away.
        self._git("config", "gc.auto", "0")
        for path, text in files.items():
            target = self.root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8", newline="")
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", "The package as released")

    def commit(
        self, files: Files, message: str, parent: str | None = None, gone: Iterable[str] = ()
    ) -> str:
        """Make a commit on no branch; index, branches and working tree stay as they are.

        The same files, message and parent give the same hash.

        Args:
            files: those that differ from the base commit's, whatever the parent holds.
            message: its message.
            parent: the commit before it; the base unless given.
            gone: files of the base commit that it does not have.

        Returns:
            Its full hash.

        Raises:
            GitError: there is no such parent.
        """
        rows = [f"0 {_NOTHING}\t{path}\n" for path in gone]
        for path, text in files.items():
            blob = self._git("hash-object", "-w", "--stdin", given=text)
            rows.append(f"100644 {blob}\t{path}\n")
        with tempfile.TemporaryDirectory(prefix="injections-") as scratch:
            aside = {"GIT_INDEX_FILE": str(Path(scratch) / "index")}
            self._git("read-tree", self.base, aside=aside)
            self._git("update-index", "--add", "--index-info", given="".join(rows), aside=aside)
            tree = self._git("write-tree", aside=aside)
        words = ("commit-tree", tree, "-p", parent or self.base, "-m", message)
        return self._git(*words, aside=_WHO)

    def files(self, commit: str, packages: Sequence[str]) -> dict[str, str]:
        """The files of a commit below some top folders.

        Raises:
            GitError: there is no such commit.
        """
        tree = tree_of(self.root, commit)
        wanted = {path: blob for path, blob in tree.items() if path.partition("/")[0] in packages}
        blobs = read_blobs(self.root, wanted.values())
        return {path: blobs[blob].decode() for path, blob in wanted.items()}

    def _git(self, *arguments: str, given: str = "", aside: Mapping[str, str] = _WHO) -> str:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        try:
            done = subprocess.run(
                ["git", *arguments],
                cwd=self.root,
                input=given.encode(),
                env={**kept, **_PLAIN, **aside},
                capture_output=True,
                check=False,
            )
        except OSError as error:
            raise GitError(f"git can't be run: {error}") from None
        if done.returncode != 0:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise GitError(f"git {arguments[0]}: {said[-1] if said else 'failed'}")
        return done.stdout.decode().strip()
