"""The working tree as it stands, uncommitted changes and all, as a commit that no branch knows."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from asv_explain.changes.git import LEADING_ASTRAY
from asv_explain.scratch import roomy, scratch

__all__ = ["WorktreeError", "snapshot"]

_NAME = "asv-explain"
_MESSAGE = "The working tree as it stood"

# Settings that would make git write files beside the temporary index, or make the hash depend on
# who asks.
_SETTINGS = (
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    "core.splitIndex=false",
    "i18n.commitEncoding=UTF-8",
    "gc.auto=0",
    # Hooks of the user's are for what the user does.
    f"core.hooksPath={os.devnull}",
)


class WorktreeError(Exception):
    """The working tree cannot become a commit; the text is one line that says what to do."""


def snapshot(repository: Path, leave_out: Iterable[Path] = ()) -> str:
    """Return the hash of a loose commit on HEAD that holds what is in the working tree.

    Tracked files and untracked ones that are not ignored are in it, files below a folder in
    `leave_out` as HEAD's index has them, and repositories that lie inside but are no submodules not
    at all. The index, branches, stash, reflogs and the files stay as they are: git works on a copy
    of the index, and only objects are added. The same content on the same HEAD gives the same hash,
    and HEAD's own hash if nothing differs.

    Raises WorktreeError if there is no working tree, no commit yet, or git cannot read a file, and
    ScratchError if there is no room for the copy of the index.
    """
    plain = {key: value for key, value in os.environ.items() if key not in LEADING_ASTRAY}
    top = Path(os.fsdecode(_git(repository, plain, "rev-parse", "--show-toplevel").rstrip(b"\n")))
    try:
        head = _git(top, plain, "rev-parse", "--verify", "HEAD^{commit}").decode().strip()
    except WorktreeError:
        raise WorktreeError(
            f"{top} has no commit yet, so WORKTREE has nothing to stand on; commit something first."
        ) from None
    index = top / os.fsdecode(_git(top, plain, "rev-parse", "--git-path", "index").rstrip(b"\n"))
    with scratch() as folder:
        copy = folder / "index"
        if index.exists():
            # With its time: what changed in the very moment of the index is looked into again.
            with roomy(folder):
                shutil.copy2(index, copy)
        aside = plain | {"GIT_INDEX_FILE": str(copy)}
        _take_in(top, aside, _below(top, leave_out))
        tree = _git(top, aside, "write-tree").decode().strip()
    if tree == _git(top, plain, "rev-parse", f"{head}^{{tree}}").decode().strip():
        return head
    date = _git(top, plain, "show", "--no-patch", "--format=%ct +0000", head).decode().strip()
    signed = plain | {
        f"GIT_{role}_{key}": value
        for role in ("AUTHOR", "COMMITTER")
        for key, value in (("NAME", _NAME), ("EMAIL", f"{_NAME}@localhost"), ("DATE", f"@{date}"))
    }
    made = _git(top, signed, "commit-tree", tree, "-p", head, "-m", _MESSAGE)
    return made.decode().strip()


def _take_in(top: Path, env: Mapping[str, str], leave_out: tuple[str, ...]) -> None:
    """Bring the temporary index up to the working tree."""
    scope = ("--", ".", *(f":(exclude,literal,top){name}" for name in leave_out))
    _git(top, env, "add", "--update", *scope)
    listed = _git(top, env, "ls-files", "-z", "--others", "--exclude-standard", *scope)
    # A repository inside this one is listed as a folder; git would take it for a submodule.
    names = [name for name in listed.split(b"\0") if name and not name.endswith(b"/")]
    _git(top, env, "update-index", "--add", "-z", "--stdin", given=b"\0".join([*names, b""]))


def _below(top: Path, folders: Iterable[Path]) -> tuple[str, ...]:
    real = top.resolve()
    resolved = (folder.resolve() for folder in folders)
    return tuple(
        folder.relative_to(real).as_posix()
        for folder in resolved
        if folder != real and folder.is_relative_to(real)
    )


def _git(folder: Path, env: Mapping[str, str], *arguments: str, given: bytes = b"") -> bytes:
    settings = [part for setting in _SETTINGS for part in ("-c", setting)]
    try:
        done = subprocess.run(
            ["git", *settings, *arguments],
            cwd=folder,
            env={**env, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"},
            input=given,
            capture_output=True,
            check=False,
        )
    except OSError as error:
        raise WorktreeError(f"git cannot be started ({error}); install git.") from None
    if done.returncode != 0:
        said = " ".join(done.stderr.decode(errors="replace").split()) or "it said nothing"
        raise WorktreeError(f"git {arguments[0]} failed at {folder} ({said}); mend that first.")
    return done.stdout
