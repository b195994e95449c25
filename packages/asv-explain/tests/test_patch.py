"""A patch that puts changes back is one that git applies, whatever a file's ends of lines."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from asv_explain.changes.versions import read_versions
from asv_explain.trials.patch import patch_of
from asv_explain.trials.pieces import pieces_of

BEFORE = "LIMIT = 1\n\n\ndef a():\n    return 1\n\n\ndef b():\n    return '\u00e4'\n"
AFTER = BEFORE.replace("LIMIT = 1", "LIMIT = 2").replace("return 1", "return 2")


def git(root: Path, *words: str, given: str | None = None) -> str:
    """Run git with a fixed identity, and leave ends of lines alone."""
    identity = ("-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "core.autocrlf=false")
    done = subprocess.run(
        ["git", *identity, *words],
        cwd=root,
        check=True,
        capture_output=True,
        input=None if given is None else given.encode(),
    )
    return done.stdout.decode().strip()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False], ids=["with a last line end", "without one"])
@pytest.mark.parametrize("folder", ["", "packages/one/src/"])
def test_git_applies_it_and_the_earlier_text_is_there(
    tmp_path: Path, end: str, last: bool, folder: str
) -> None:
    """Byte for byte, below whatever folder the package is."""
    git(tmp_path, "init", "--quiet")
    file = tmp_path / folder / "library" / "core.py"
    file.parent.mkdir(parents=True)
    commits, contents = [], []
    for text in (BEFORE, AFTER):
        kept = text if last else text.rstrip("\n")
        contents.append(kept.replace("\n", end).encode())
        file.write_bytes(contents[-1])
        git(tmp_path, "add", "--all")
        git(tmp_path, "commit", "--quiet", "--message", "a commit")
        commits.append(git(tmp_path, "rev-parse", "HEAD"))
    modules = read_versions(tmp_path, commits[0], commits[1], ["library/core.py"])
    pieces = pieces_of(modules["library/core.py"])
    assert [one.name for one in pieces] == ["<module>: LIMIT", "a"]
    patch = patch_of(pieces, modules, tmp_path, commits[1])
    git(tmp_path, "apply", "-", given=patch)
    assert file.read_bytes() == contents[0]
    git(tmp_path, "checkout", "--quiet", "--", ".")
    git(tmp_path, "apply", "-", given=patch_of(pieces[1:], modules, tmp_path, commits[1]))
    assert file.read_bytes() == contents[1].replace(b"return 2", b"return 1")


def test_nothing_to_put_back_is_no_patch(tmp_path: Path) -> None:
    assert patch_of([], {}, tmp_path, "HEAD") == ""
