"""Asking git about commits: its objects alone, never the working tree, index or branches."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "LEADING_ASTRAY",
    "ChangedFile",
    "GitError",
    "changed_files",
    "git",
    "line_of_history",
    "merged_by",
    "read_blobs",
    "read_changed",
    "read_contents",
    "read_tree",
    "straight",
    "tree_of",
]

# Settings of a user's own would change what is printed.
_QUIET = ("-c", "core.quotePath=off", "-c", "color.ui=never", "-c", "diff.noprefix=false")

LEADING_ASTRAY = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_DIR",
        "GIT_EXTERNAL_DIFF",
        "GIT_INDEX_FILE",
        "GIT_NAMESPACE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_QUARANTINE_PATH",
        "GIT_WORK_TREE",
    }
)
"""Variables that are set where a git hook runs, and lead git to its index or repository."""


class GitError(ValueError):
    """git could not answer; the text is what it said."""


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """A file that differs between two commits: its name on both sides, None where there is none."""

    before: str | None
    after: str | None

    @property
    def name(self) -> str:
        """Its name, the one after where it has two."""
        return self.after or self.before or ""


def git(repository: Path, *arguments: str, given: bytes = b"", missing: int = 0) -> bytes:
    """Run git and return what it prints.

    Args:
        repository: A folder of the repository.
        arguments: Command and options.
        given: What it reads.
        missing: Exit status that says that there is nothing, as 1 does for ``git grep``.

    Raises:
        GitError: git failed or isn't there.
    """
    environment = {name: value for name, value in os.environ.items() if name not in LEADING_ASTRAY}
    environment |= {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C.UTF-8", "GIT_PAGER": "cat"}
    try:
        done = subprocess.run(
            ["git", "-C", str(repository), "--no-pager", *_QUIET, *arguments],
            input=given,
            capture_output=True,
            env=environment,
            check=False,
        )
    except OSError as error:
        raise GitError(f"git can't be run: {error}") from error
    if done.returncode not in (0, missing):
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise GitError(f"git {arguments[0]}: {said[0] if said else 'failed'}")
    return done.stdout


@contextmanager
def straight() -> Iterator[None]:
    """Have no git that is started within the block, by whomever, led to another repository."""
    astray = {name: os.environ.pop(name) for name in LEADING_ASTRAY & os.environ.keys()}
    try:
        yield
    finally:
        os.environ.update(astray)


def tree_of(repository: Path, commit: str) -> dict[str, str]:
    """All files of a commit, with the hashes of their contents; symbolic links left out.

    Raises:
        GitError: There is no such commit.
    """
    return read_tree(git(repository, "ls-tree", "-r", "-z", "--full-tree", commit))


def read_tree(listed: bytes) -> dict[str, str]:
    """The files that ``git ls-tree -r -z`` lists, with the hashes of their contents.

    Raises:
        GitError: It is no such list.
    """
    result = {}
    for entry in filter(None, listed.decode(errors="surrogateescape").split("\0")):
        about, _, name = entry.partition("\t")
        words = about.split(" ")
        if len(words) != 3 or not name:
            raise GitError(f"git ls-tree: {entry[:80]!r} is no file")
        if words[0].startswith("100"):
            result[name] = words[2]
    return result


def changed_files(repository: Path, before: str, after: str) -> list[ChangedFile]:
    """Files that differ between two commits, with renames as git finds them.

    Raises:
        GitError: There is no such commit.
    """
    output = git(
        repository, "diff", "--name-status", "-z", "-M", "--no-relative", "--no-ext-diff",
        before, after,
    )  # fmt: skip
    return read_changed(output)


def read_changed(output: bytes) -> list[ChangedFile]:
    """The files that ``git diff --name-status -z`` lists.

    Raises:
        GitError: It is no such list.
    """
    fields = iter(output.decode(errors="surrogateescape").split("\0")[:-1])
    result = []
    for status in fields:
        names = [next(fields, "") for _ in range(2 if status[:1] in ("R", "C") else 1)]
        if not status or not all(names):
            raise GitError(f"git diff: {status[:80]!r} names no file")
        before, after = names[0], names[-1]
        result.append(
            ChangedFile(None if status == "A" else before, None if status == "D" else after)
        )
    return result


def read_blobs(repository: Path, digests: Iterable[str]) -> Mapping[str, bytes]:
    """Contents by their hashes, all through one process.

    Raises:
        GitError: git can't read them.
    """
    wanted = sorted(set(digests))
    if not wanted:
        return {}
    given = "\n".join([*wanted, ""]).encode()
    return read_contents(git(repository, "cat-file", "--batch", given=given), wanted)


def read_contents(output: bytes, wanted: Sequence[str]) -> dict[str, bytes]:
    """The contents that ``git cat-file --batch`` prints, by the hashes that it was asked for.

    Raises:
        GitError: One is missing or cut short.
    """
    result = {}
    position = 0
    for digest in wanted:
        end = output.find(b"\n", position)
        about = output[position : max(end, position)].split(b" ")
        size = about[-1].decode(errors="replace")
        if len(about) != 3 or not (size.isascii() and size.isdigit() and len(size) < 20):
            raise GitError(f"git cat-file: {b' '.join(about)[:80].decode(errors='replace')}")
        content = output[end + 1 : end + 1 + int(size)]
        if len(content) < int(size):
            raise GitError(f"git cat-file: {digest} is cut short")
        result[digest] = content
        position = end + int(size) + 2
    return result


def line_of_history(repository: Path, before: str, after: str) -> tuple[str, ...]:
    """The commits from one to another by first parents, oldest first, both included.

    What a merge brought in counts as the merge's own. Where ``before`` itself was merged, the line
    goes on with the merge that brought it in.

    Raises:
        GitError: There is no such commit, or ``before`` is no ancestor of ``after``.
    """
    if before == after:
        return (before,)
    span = f"{before}..{after}"
    # Together in one command, the two options would look for ``before`` among first parents alone.
    line = git(repository, "rev-list", "--first-parent", "--reverse", span).decode().split()
    descends = set(git(repository, "rev-list", "--ancestry-path", span).decode().split())
    if after not in descends:
        raise GitError(f"{before[:8]} is no ancestor of {after[:8]}")
    return (before, *(commit for commit in line if commit in descends))


def merged_by(repository: Path, commit: str) -> tuple[str, str] | None:
    """Where what a merge brought in left the line, and its last commit; None for no merge.

    Raises:
        GitError: There is no such commit.
    """
    listed = git(repository, "rev-list", "--parents", "--max-count=1", commit).decode().split()
    _, *parents = listed
    if len(parents) < 2:
        return None
    # Histories without a common commit have no such place; of several bases git names one first.
    base = git(repository, "merge-base", parents[0], parents[1], missing=1).decode().split()
    return (base[0], parents[1]) if base else None
