"""Commits of a shallow clone: git lends none of them, and copies only those that branches reach."""

from __future__ import annotations

import os
from pathlib import Path

from asv_explain.changes.git import git

__all__ = ["is_shallow", "lender"]


def is_shallow(checkout: Path) -> bool:
    """Tell whether a repository lacks what was before some commit.

    Raises:
        GitError: It can't be read.
    """
    return git(checkout, "rev-parse", "--is-shallow-repository").strip() == b"true"


def lender(checkout: Path, commit: str, folder: Path) -> Path:
    """Make a repository that has the objects of a shallow clone, and a branch with one commit.

    asv installs from a clone. Of a shallow repository git copies branches and tags alone, to which
    neither a working tree's commit nor one fetched by its hash belongs.

    Args:
        checkout: The shallow clone, in which nothing is changed.
        commit: A full hash.
        folder: Where to put the repository; there must be nothing yet.

    Raises:
        GitError: git can't read the clone, or write the repository.
    """
    shared = checkout / os.fsdecode(git(checkout, "rev-parse", "--git-common-dir").rstrip(b"\n"))
    form = git(checkout, "rev-parse", "--show-object-format").decode().strip()
    git(checkout, "init", "--quiet", "--bare", f"--object-format={form}", str(folder))
    objects = folder / "objects" / "info" / "alternates"
    objects.write_bytes(os.fsencode(shared.resolve() / "objects") + b"\n")
    (folder / "shallow").write_bytes((shared / "shallow").read_bytes())
    git(folder, "update-ref", "refs/heads/lent", commit)
    return folder
