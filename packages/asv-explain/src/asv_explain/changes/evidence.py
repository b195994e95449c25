"""What to show of a change: its part of the diff, its source, and the commits that touched it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from asv_explain.changes.change import Change
from asv_explain.changes.git import GitError, git

__all__ = ["CommitInfo", "Evidence", "commit_info", "commits_of", "cut_out", "evidence", "read_log"]

_HUNK = re.compile(r"@@ -([0-9]{1,18})(?:,[0-9]+)? \+([0-9]{1,18})(?:,[0-9]+)? @@(.*)", re.DOTALL)
# Lines around a change that are shown with it.
CONTEXT = 3
# Lines of source that are shown of one side; whoever reads more opens the file.
LONGEST = 400
# Names and subjects may hold any character but these line breaks, so they stand last.
_FORMAT = "--format=%H%x1f%aI%x1f%an%x1f%s"


@dataclass(frozen=True, slots=True)
class CommitInfo:
    """A commit: its hash, author, date (ISO 8601) and subject."""

    commit: str
    author: str
    date: str
    subject: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What shows one change.

    Attributes:
        hunk: The diff of the change alone.
        commits: The commits that touched its lines, latest first.
        source_before: Its lines before, at most ``LONGEST``; empty where there were none.
        source_after: The same after.
    """

    hunk: str
    commits: tuple[CommitInfo, ...]
    source_before: str
    source_after: str


def evidence(repository: Path, before: str, after: str, change: Change) -> Evidence:
    """Find the diff and the commits of one change.

    Args:
        repository: Folder of the repository.
        before: The commit before.
        after: The commit after.
        change: What changed.

    Raises:
        GitError: git doesn't know a commit or can't read it.
    """
    return Evidence(
        _hunk(repository, before, after, change),
        commits_of(repository, before, after, change),
        _source(repository, before, change.file_before, change.lines_before),
        _source(repository, after, change.file_after, change.lines_after),
    )


def commit_info(repository: Path, commit: str) -> CommitInfo:
    """Who made a commit, when, and its subject.

    Raises:
        GitError: git doesn't know the commit.
    """
    found = _log(repository, "-1", commit)
    if not found:
        raise GitError(f"git log: says nothing of {commit}")
    return found[0]


def _source(repository: Path, commit: str, file: str | None, lines: tuple[int, int] | None) -> str:
    """The lines of one side as text."""
    if file is None or lines is None:
        return ""
    content = git(repository, "show", f"{commit}:{file}").decode(errors="replace")
    # Lines as Python's parser counts them; form feeds and the like stand within one.
    every = content.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    taken = every[lines[0] - 1 : lines[1]]
    left = len(taken) - LONGEST
    more = [f"# {left} more lines"] if left > 0 else []
    return "\n".join(taken[:LONGEST] + more)


def _hunk(repository: Path, before: str, after: str, change: Change) -> str:
    """The lines of the diff within the change's lines, with a header that fits them."""
    options = ("diff", "--no-ext-diff", "--no-textconv", "--no-color", f"-U{CONTEXT}")
    if change.file_before and change.file_after:
        sides = (f"{before}:{change.file_before}", f"{after}:{change.file_after}")
        output = git(repository, *options, *sides)
    else:
        file = change.file_after or change.file_before or ""
        output = git(repository, *options, before, after, "--", f":(top,literal){file}")
    return cut_out(output, change)


def cut_out(output: bytes, change: Change) -> str:
    """What of a diff, as git prints it, is within a change's lines, with headers that fit."""
    kept: list[str] = []
    hunk: list[tuple[int, int, str]] = []
    title, line_before, line_after, inside = "", 0, 0, False
    for line in [*output.decode(errors="replace").split("\n"), "@@ end"]:
        if line.startswith("@@"):
            kept += _cut(hunk, title, change)
            hunk = []
            start = _HUNK.match(line)
            inside = start is not None
            if start:
                line_before, line_after = int(start[1]), int(start[2])
                title = start[3]
        elif line.startswith("diff --git"):
            inside = False
        elif inside and line[:1] in (" ", "+", "-"):
            hunk.append((line_before, line_after, line))
            line_before += line[0] != "+"
            line_after += line[0] != "-"
    return "\n".join(kept)


def _cut(hunk: list[tuple[int, int, str]], title: str, change: Change) -> list[str]:
    """The lines of a hunk that are in the change, with what is around them."""
    ours, theirs = change.lines_before, change.lines_after
    whole = ours is None and theirs is None
    inside = [
        index
        for index, (before, after, line) in enumerate(hunk)
        if line[0] != " "
        and (
            whole
            or (line[0] == "-" and ours is not None and ours[0] <= before <= ours[1])
            or (line[0] == "+" and theirs is not None and theirs[0] <= after <= theirs[1])
        )
    ]
    if not inside:
        return []
    part = hunk[max(inside[0] - CONTEXT, 0) : inside[-1] + CONTEXT + 1]
    lines = [line for _, _, line in part]
    counts = [sum(line[0] != other for line in lines) for other in "+-"]
    header = f"@@ -{part[0][0]},{counts[0]} +{part[0][1]},{counts[1]} @@{title}"
    return [header, *lines]


def commits_of(repository: Path, before: str, after: str, change: Change) -> tuple[CommitInfo, ...]:
    """Commits that touched the lines, latest first; those of the file, where that can't be told.

    Raises:
        GitError: git doesn't know a commit.
    """
    span = f"{before}..{after}"
    if not git(repository, "rev-list", "-1", span).strip():
        # The older commit may be the one after.
        span = f"{after}..{before}"
        lines, file = change.lines_before, change.file_before
    else:
        lines, file = change.lines_after, change.file_after
    if lines is not None and file is not None:
        try:
            found = _log(repository, "-s", f"-L{lines[0]},{lines[1]}:{file}", span)
        except GitError:
            found = ()
        if found:
            return found
    files = dict.fromkeys(
        f":(top,literal){one}" for one in (change.file_after, change.file_before) if one
    )
    return _log(repository, span, "--", *files)


def _top(repository: Path) -> Path:
    """The folder from which paths are those in the repository; a mirror has no working tree."""
    if git(repository, "rev-parse", "--is-bare-repository").strip() == b"true":
        return repository
    top = git(repository, "rev-parse", "--show-toplevel").decode(errors="surrogateescape")
    return Path(top.removesuffix("\n"))


def _log(repository: Path, *arguments: str) -> tuple[CommitInfo, ...]:
    """Commits as ``git log`` lists them."""
    return read_log(git(_top(repository), "log", _FORMAT, *arguments))


def read_log(output: bytes) -> tuple[CommitInfo, ...]:
    """The commits that git lists in the format asked for; all other lines are passed over."""
    lines = output.decode(errors="replace").split("\n")
    rows = [line.split("\x1f", 3) for line in lines if line.count("\x1f") >= 3]
    return tuple(CommitInfo(commit, who, when, what) for commit, when, who, what in rows)
