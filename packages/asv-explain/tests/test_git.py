"""A range of commits is a line by first parents, and merges are known for what they are."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from asv_explain.changes.git import GitError, line_of_history, merged_by


class Tree:
    """A repository in which every commit has a name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.commits: dict[str, str] = {}
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *words: str) -> str:
        """Run git with a fixed identity."""
        identity = ("-c", "user.name=T", "-c", "user.email=t@example.org")
        done = subprocess.run(
            ["git", *identity, *words],
            cwd=self.folder,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def commit(self, *names: str) -> None:
        """Add commits to where HEAD is."""
        for name in names:
            self.git("commit", "--quiet", "--allow-empty", "--message", name)
            self.commits[name] = self.git("rev-parse", "HEAD")

    def line(self, before: str, after: str) -> list[str]:
        """The names of a line of history."""
        names = {commit: name for name, commit in self.commits.items()}
        found = line_of_history(self.folder, self.commits[before], self.commits[after])
        return [names[commit] for commit in found]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """Main: a b M c; a branch from a: x y, merged by M; and z, which never was."""
    tree = Tree(tmp_path_factory.mktemp("tree"))
    tree.commit("a")
    tree.git("checkout", "--quiet", "-b", "side")
    tree.commit("x", "y")
    tree.git("checkout", "--quiet", "-b", "lost")
    tree.commit("z")
    tree.git("checkout", "--quiet", "main")
    tree.commit("b")
    tree.git("merge", "--quiet", "--no-ff", "--message", "M", "side")
    tree.commits["M"] = tree.git("rev-parse", "HEAD")
    tree.commit("c")
    return tree


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ("a", "c", "a b M c"),
        ("b", "M", "b M"),
        ("a", "a", "a"),
        ("a", "y", "a x y"),
        ("x", "c", "x M c"),
        ("y", "M", "y M"),
    ],
)
def test_a_range_is_a_line_by_first_parents(tree: Tree, before: str, after: str, line: str) -> None:
    """Each commit of the line holds the range's first one, and a merge all that it merged."""
    assert tree.line(before, after) == line.split()


@pytest.mark.parametrize(("before", "after"), [("c", "a"), ("z", "c"), ("b", "y")])
def test_commits_on_two_lines_are_refused(tree: Tree, before: str, after: str) -> None:
    """Backwards or beside each other, there is no range between two commits."""
    with pytest.raises(GitError, match="is no ancestor of"):
        tree.line(before, after)


def test_a_merge_names_what_it_merged(tree: Tree) -> None:
    """The merged commits lie between where they left the line and the second parent."""
    named = tree.commits
    assert merged_by(tree.folder, named["M"]) == (named["a"], named["y"])
    assert merged_by(tree.folder, named["c"]) is None
    assert merged_by(tree.folder, named["a"]) is None
    with pytest.raises(GitError):
        merged_by(tree.folder, "0" * 40)
