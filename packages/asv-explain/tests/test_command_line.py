"""What the command says of mistakes: one line, what to do, and an exit status."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The program as its user runs it, in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "asv_explain", *arguments],
        cwd=folder,
        env={**os.environ, "HOME": str(folder), "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("A",), "name two revisions, A and B, or none"),
        (("A", "B", "C"), "name two revisions"),
        (("A", "B", "--factor", "0.9"), "0.9 is no factor; it is a number above 1"),
        (("A", "B", "--budget", "soon"), "soon is no number"),
        (("A", "B", "--budget", "0"), "0 is no time"),
        (("A", "B", "--rounds", "0"), "0 is no count"),
    ],
)
def test_wrong_arguments_are_told(
    tmp_path: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    """The last line says what is wrong, and the status is 2."""
    done = run(tmp_path, *arguments)
    assert done.returncode == 2
    assert complaint in done.stderr.splitlines()[-1]


def test_a_folder_without_asv_is_one_line(tmp_path: Path) -> None:
    """Where there is no asv.conf.json, it is said where one was looked for."""
    done = run(tmp_path, "A", "B")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("asv explain: there is no asv.conf.json in ")
    assert done.stderr.count("\n") == 1


def test_a_wrong_revision_is_one_line(tmp_path: Path) -> None:
    """A revision that isn't one is named."""
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    (tmp_path / "asv.conf.json").write_text(
        '{"version": 1, "project": "p", "repo": ".", "branches": ["main"]}', encoding="utf-8"
    )
    done = run(tmp_path, "nonsense", "HEAD")
    assert done.returncode == 1
    assert "nonsense is no commit" in done.stderr
    assert done.stderr.count("\n") == 1


def test_help_tells_the_exit_statuses(tmp_path: Path) -> None:
    """Whoever writes a gate finds its statuses in the help."""
    done = run(tmp_path, "--help")
    assert done.returncode == 0
    assert "3 something slower" in " ".join(done.stdout.split())
