"""A project's repository as asv sees it, and the commits that revisions name."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from asv import util  # type: ignore[import-untyped]
from asv.repo import NoSuchNameError, get_repo  # type: ignore[import-untyped]

from asv_explain.asv_side.lock import locked
from asv_explain.asv_side.project import Project, ProjectError, configured, one_line
from asv_explain.asv_side.shallow import is_shallow, lender
from asv_explain.asv_side.store import make_store
from asv_explain.asv_side.worktree import WorktreeError, snapshot

__all__ = ["WORKTREE", "lending", "repository", "resolve"]

_HASH = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")

WORKTREE = "WORKTREE"
"""The name that stands for the working tree as it is, where a revision is asked for."""


def repository(project: Project) -> Any:
    """Return asv's own object for the repository; one given by URL is mirrored in a folder of ours.

    Raises ProjectError if it cannot be read or cloned.
    """
    try:
        if project.checkout is None:
            return _mirrored(project)
        return get_repo(project.conf)
    except (util.UserError, util.ProcessError, OSError) as error:
        raise ProjectError(
            f"the repository {project.conf.repo} cannot be read ({one_line(error)}); "
            "mend `repo` in asv.conf.json."
        ) from None


def lending(project: Project, commit: str, folder: Path) -> Any:
    """Return asv's own object for a repository from which a commit can be cloned.

    `folder` is an empty one of the caller's, for what only this clone needs. Raises ProjectError if
    the repository cannot be read, and GitError if a shallow clone cannot be lent from.
    """
    if project.checkout is None or not is_shallow(project.checkout):
        return repository(project)
    place = str(lender(project.checkout, commit, folder / "lender"))
    return repository(replace(project, conf=configured(project, repo=place)))


def _mirrored(project: Project) -> Any:
    mirror = project.own / "mirror"
    conf = configured(project, project=str(mirror))
    make_store(project.own)
    with locked(project.own / "locks" / "mirror"):
        if not mirror.exists():
            # A clone that was cut short must never be found under the name of a whole one.
            conf.project = str(mirror.with_name("mirror.partial"))
            if Path(conf.project).exists():
                util.long_path_rmtree(conf.project)
            get_repo(conf)
            Path(conf.project).rename(mirror)
            conf.project = str(mirror)
        return get_repo(conf)


def resolve(project: Project, revision: str) -> str:
    """Return the full hash of a revision; WORKTREE becomes a loose commit.

    Raises ProjectError if there is no such revision.
    """
    if revision == WORKTREE:
        if project.checkout is None:
            raise ProjectError(f"{WORKTREE} needs a local repository, but `repo` is a URL.")
        folders = (project.conf.env_dir, project.conf.results_dir, project.conf.html_dir)
        try:
            return snapshot(project.checkout, leave_out=(*map(Path, folders), project.own))
        except WorktreeError as error:
            raise ProjectError(str(error)) from None
    repo = repository(project)
    if _may_be_one(revision):
        for fetch in (False, project.checkout is None):
            try:
                if fetch:
                    repo.pull()
                found = str(repo.get_hash_from_name(revision))
                if _HASH.fullmatch(found):
                    return found
            except (NoSuchNameError, util.ProcessError, util.UserError):
                continue
    remedy = "give a branch, a tag, a hash or WORKTREE"
    if project.checkout is not None and is_shallow(project.checkout):
        remedy = "it is a shallow clone, so run `git fetch --unshallow`, or name one that it has"
    raise ProjectError(f"{revision} is no commit of {project.conf.repo}; {remedy}.")


def _may_be_one(revision: str) -> bool:
    """Tell whether git could take a text for one commit, rather than for an option or a range."""
    # Behind a brace, a search for a message may hold anything.
    range_ = ".." in revision.partition("{")[0]
    return bool(revision) and not revision.startswith("-") and not range_ and "\0" not in revision
