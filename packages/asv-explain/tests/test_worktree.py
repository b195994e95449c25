"""The working tree becomes a commit, and the repository stays as it was to the byte."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from asv_explain.asv_side.worktree import WorktreeError, snapshot

ODD = ("with space.txt", "quote'\".txt", "grün-日本.txt", "-dash", "back\\slash", "new\nline")


def git(folder: Path, *words: str) -> str:
    """Run git with a fixed identity."""
    identity = ("-c", "user.name=T", "-c", "user.email=t@example.org")
    return subprocess.run(
        ["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True
    ).stdout


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a stash, a branch, and every kind of uncommitted change."""
    monkeypatch.setenv("HOME", str(tmp_path))
    top = tmp_path / "top"
    top.mkdir()
    git(top, "init", "-q", "-b", "main")
    for name in ("kept", "dirty", "staged", "both", "deleted", "unstaged-deleted", "turned", *ODD):
        (top / name).write_text(f"{name} 1\n")
    (top / "script").write_text("#!/bin/sh\n")
    (top / ".gitignore").write_text("*.ignored\n")
    (top / "results").mkdir()
    (top / "results" / "tracked.json").write_text("{}")
    git(top, "add", "-A")
    git(top, "commit", "-q", "-m", "one")
    git(top, "branch", "other")
    (top / "kept").write_text("stashed\n")
    git(top, "stash", "-q")
    (top / "dirty").write_text("dirty 2\n")
    (top / "staged").write_text("staged 2\n")
    (top / "both").write_text("both 2\n")
    (top / "forced.ignored").write_text("staged although ignored\n")
    git(top, "add", "-f", "staged", "both", "forced.ignored")
    (top / "both").write_text("both 3\n")
    git(top, "rm", "-q", "deleted")
    (top / "unstaged-deleted").unlink()
    (top / "turned").unlink()
    (top / "turned").mkdir()
    (top / "turned" / "inside").write_text("now a folder\n")
    (top / "script").chmod(0o755)
    (top / "link").symlink_to("kept")
    for name in ODD:
        (top / name).write_text(f"{name} 2\n")
        (top / f"new {name}").write_text("untracked\n")
    (top / "intended").write_text("intent to add\n")
    git(top, "add", "-N", "intended")
    (top / "not.ignored").write_text("never seen\n")
    (top / "results" / "tracked.json").write_text('{"asv": "was here"}')
    (top / "results" / "more.json").write_text("{}")
    return top


def state(top: Path) -> dict[str, str]:
    """Return digests of all files but objects: the working tree, index, refs and reflogs."""
    return {
        str(path.relative_to(top)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in top.rglob("*")
        if path.is_file() and not path.is_relative_to(top / ".git" / "objects")
    }


def test_commit_holds_the_tree_and_nothing_else_changes(repository: Path) -> None:
    """Every kind of change is in the commit; index, refs, stash, reflogs, files stay the same."""
    before, status = state(repository), git(repository, "--no-optional-locks", "status", "-z")
    head = git(repository, "rev-parse", "HEAD").strip()
    made = snapshot(repository)
    assert state(repository) == before
    assert git(repository, "--no-optional-locks", "status", "-z") == status
    assert made != head
    assert git(repository, "rev-parse", f"{made}^").strip() == head
    listed = git(repository, "ls-tree", "-r", "-z", "--name-only", made).split("\0")
    on_disk = {
        path.relative_to(repository).as_posix()
        for path in repository.rglob("*")
        if (path.is_file() or path.is_symlink()) and ".git" not in path.parts
    }
    assert set(filter(None, listed)) == on_disk - {"not.ignored"}
    for name in ("dirty", "staged", "both", "forced.ignored", "intended", ODD[0], ODD[2]):
        assert git(repository, "show", f"{made}:{name}") == (repository / name).read_text()
    assert git(repository, "ls-tree", made, "script").startswith("100755")
    assert git(repository, "ls-tree", made, "link").startswith("120000")
    assert not git(repository, "for-each-ref", "--contains", made)


def test_same_content_gives_the_same_commit(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hash depends on content and HEAD alone, not on who asks, when, or from which folder."""
    made = snapshot(repository)
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Somebody Else")
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2001-01-01T00:00:00Z")
    monkeypatch.setenv("GIT_INDEX_FILE", str(repository / "other-index"))
    (repository / "dirty").touch()
    assert snapshot(repository) == made
    assert snapshot(repository / "turned") == made
    (repository / "dirty").write_text("dirty 3\n")
    assert snapshot(repository) != made


def test_clean_tree_is_head_itself(repository: Path) -> None:
    """Where nothing differs from HEAD there is nothing to make."""
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "two")
    assert snapshot(repository) == git(repository, "rev-parse", "HEAD").strip()


def test_left_out_folders_are_as_recorded(repository: Path) -> None:
    """What asv writes below its folders makes no other commit, wherever those folders lie."""
    folders = (repository / "results", repository.parent / "elsewhere", repository)
    made = snapshot(repository, leave_out=folders)
    assert git(repository, "show", f"{made}:results/tracked.json") == "{}"
    assert "more.json" not in git(repository, "ls-tree", "-r", "--name-only", made)
    (repository / "results" / "third.json").write_text("{}")
    assert snapshot(repository, leave_out=folders) == made


def test_repositories_inside_are_no_submodules(repository: Path) -> None:
    """A clone that lies in the tree, with commits or without, is passed over."""
    plain = snapshot(repository)
    for name in ("empty-clone", "clone"):
        (repository / name).mkdir()
        git(repository / name, "init", "-q")
    (repository / "clone" / "file").write_text("x")
    git(repository / "clone", "add", "file")
    git(repository / "clone", "commit", "-q", "-m", "inside")
    assert snapshot(repository) == plain


def test_linked_worktree_has_its_own_index(repository: Path) -> None:
    """In a linked worktree its own files and index count, and both stay as they were."""
    linked = repository.parent / "linked"
    git(repository, "worktree", "add", "-q", str(linked), "other")
    (linked / "kept").write_text("changed here\n")
    git(linked, "add", "kept")
    before = state(repository), state(linked)
    made = snapshot(linked)
    assert git(linked, "show", f"{made}:kept") == "changed here\n"
    assert git(linked, "show", f"{made}:dirty") == "dirty 1\n"
    assert (state(repository), state(linked)) == before


def test_split_index_stays_split(repository: Path) -> None:
    """An index in two files is read whole, and neither file changes."""
    made = snapshot(repository)
    git(repository, "update-index", "--split-index")
    before = state(repository)
    assert snapshot(repository) == made
    assert state(repository) == before


def test_what_is_no_working_tree_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No repository, a bare one, one without commits and a missing git each say what to do."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    (tmp_path / "plain").mkdir()
    with pytest.raises(WorktreeError, match="not a git repository"):
        snapshot(tmp_path / "plain")
    git(tmp_path, "init", "-q", "--bare", "bare")
    with pytest.raises(WorktreeError, match="work tree"):
        snapshot(tmp_path / "bare")
    git(tmp_path, "init", "-q", "new")
    with pytest.raises(WorktreeError, match="no commit yet"):
        snapshot(tmp_path / "new")
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(WorktreeError, match="install git"):
        snapshot(tmp_path / "plain")
