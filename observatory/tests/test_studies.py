"""The studies measure what they say, on real commits."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

TARGETS = (
    "simple_countdown",
    "heavy_complex_countdown",
    "stable_complex_loop",
    "imperative_countdown",
)


def study(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A study as its user runs it."""
    return subprocess.run(
        [sys.executable, "-m", f"observatory.studies.{name}", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={"COLUMNS": "200", "PYTHONPATH": ":".join(sys.path)},
    )


def test_ratios_are_of_the_commits_named() -> None:
    """The first milestone is far slower than the last, by either name of a commit."""
    done = study("ratios", "graph-baseline", "HEAD", "--repeats", "1")
    assert done.returncode == 0, done.stderr
    for target in TARGETS[:3]:
        row = re.search(
            rf"{target} +│ +[\d.]+ │ +[\d.]+ │ +(\d+\.\d+) │ +(\d+\.\d+) to", done.stdout
        )
        assert row is not None, done.stdout
        assert float(row[1]) == float(row[2]) < 0.7


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("HEAD",), "at least two revisions"),
        (("HEAD", "nonsense"), "nonsense has no engine to measure"),
        (("HEAD", "HEAD", "--repeats", "0"), "one repeat"),
    ],
)
def test_a_wrong_revision_is_one_clear_line(arguments: tuple[str, ...], complaint: str) -> None:
    """What can't be measured is named, with exit status 2 and no traceback."""
    done = study("ratios", *arguments)
    assert done.returncode == 2
    assert complaint in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_throughput_names_every_target() -> None:
    """One run measures the three targets and the bare loop."""
    done = study("throughput", "--runs", "1")
    assert done.returncode == 0, done.stderr
    for target in TARGETS:
        assert re.search(rf"{target} +│ +[\d,]+ │", done.stdout), done.stdout
