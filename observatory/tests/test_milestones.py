"""Milestones are found by trailer, in order, and every unusable history is named."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from observatory.explain.milestones import MilestoneError, find_milestones, parse_log

Commit = Callable[[str], str]


def git(folder: Path, *arguments: str) -> str:
    """Run git with an identity of its own and no configuration from outside."""
    identity = {
        f"GIT_{role}_{part}": value
        for role in ("AUTHOR", "COMMITTER")
        for part, value in (("NAME", "Ann"), ("EMAIL", "ann@example.org"))
    }
    nothing = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    done = subprocess.run(
        ["git", "-C", folder, *arguments],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | identity | nothing,
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return an empty repository."""
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    return tmp_path


@pytest.fixture
def commit(repository: Path) -> Commit:
    """Return a function that adds an empty commit with a message and returns its hash."""

    def add(message: str) -> str:
        git(repository, "commit", "--quiet", "--allow-empty", "--message", message)
        return git(repository, "rev-parse", "HEAD")

    return add


def test_milestones_come_oldest_first(repository: Path, commit: Commit) -> None:
    """Only commits with the trailer are returned, in the order of the history."""
    first = commit("Start\n\nMilestone: start")
    commit("Between\n\nMilestone in the text is not a trailer.\n\nmore text")
    second = commit("Cache plans\n\nSome reason.\n\nMilestone: plan-cache\nReviewed-by: Bob")

    found = find_milestones(repository)

    assert [(one.slug, one.commit, one.subject) for one in found] == [
        ("start", first, "Start"),
        ("plan-cache", second, "Cache plans"),
    ]
    assert found[0].short == first[:8]


def test_side_branches_are_left_out(repository: Path, commit: Commit) -> None:
    """A milestone that only a merged branch carries is not on the first-parent history."""
    commit("Start\n\nMilestone: start")
    git(repository, "switch", "--quiet", "--create", "side")
    commit("Side\n\nMilestone: side")
    git(repository, "switch", "--quiet", "main")
    commit("Main\n\nMilestone: main")
    git(repository, "merge", "--quiet", "--no-ff", "--message", "Merge", "side")

    assert [one.slug for one in find_milestones(repository)] == ["start", "main"]


def test_history_without_milestones_is_named(repository: Path, commit: Commit) -> None:
    """Without any trailer the message says which one is missed."""
    commit("Start")
    with pytest.raises(MilestoneError, match="Milestone: <slug>"):
        find_milestones(repository)


def test_repeated_slug_names_both_commits(repository: Path, commit: Commit) -> None:
    """Two commits with one slug are both named."""
    first = commit("One\n\nMilestone: same")
    second = commit("Two\n\nMilestone: same")
    with pytest.raises(MilestoneError, match=f"{first[:8]} and {second[:8]}"):
        find_milestones(repository)


def test_shallow_clone_is_refused(repository: Path, commit: Commit, tmp_path: Path) -> None:
    """A shallow clone would hide milestones, so the way to complete it is named."""
    commit("One\n\nMilestone: one")
    commit("Two\n\nMilestone: two")
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{repository}", "shallow")
    with pytest.raises(MilestoneError, match="git fetch --unshallow"):
        find_milestones(tmp_path / "shallow")


def test_folder_outside_git_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside a repository the folder and git's own reason are named."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(MilestoneError, match="not a git repository"):
        find_milestones(tmp_path)


def test_missing_folder_is_named(tmp_path: Path) -> None:
    """A folder that does not exist is not mistaken for a missing git."""
    with pytest.raises(MilestoneError, match="absent is not a folder"):
        find_milestones(tmp_path / "absent")


def test_repository_without_commits_is_named(repository: Path) -> None:
    """An unborn HEAD has its own message."""
    with pytest.raises(MilestoneError, match="no commits"):
        find_milestones(repository)


def test_missing_git_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without git on the PATH the message says to install it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MilestoneError, match="install git"):
        find_milestones(tmp_path)


@pytest.mark.parametrize(
    ("values", "reason"),
    [("a\x1eb", "2 Milestone trailers"), ("two words", "letters, digits")],
)
def test_malformed_trailers_are_named(values: str, reason: str) -> None:
    """A commit needs exactly one slug, of plain characters."""
    with pytest.raises(MilestoneError, match=f"abcdef01 .*{reason}"):
        parse_log(f"abcdef0123\x1fSubject\x1f{values}\0")
