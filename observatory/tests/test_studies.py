"""The studies measure what they say, on real commits."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from observatory.studies.shares import Share, read_folded, shares

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


FOLDED = "run;load 30\nrun;load;parse 50\nrun;parse 10\nrun 10\n"


def test_shares_are_of_all_time() -> None:
    """Own times add up to the whole, and callees count with their callers."""
    found = shares(read_folded(FOLDED))
    assert found == (
        Share("run", 0.1, 1.0),
        Share("load", 0.3, 0.8),
        Share("parse", 0.6, 0.6),
    )


def test_shares_inside_a_function_leave_out_the_rest() -> None:
    """What the function takes, callees included, is the whole then, and callers are gone."""
    assert shares(read_folded(FOLDED), "load") == (
        Share("load", 0.375, 1.0),
        Share("parse", 0.625, 0.625),
    )


def test_a_function_below_itself_counts_once() -> None:
    """Recursion makes no share larger than the whole."""
    assert shares(read_folded("f;g;f 4\nf 4"))[0] == Share("f", 1.0, 1.0)


def test_shares_are_printed(tmp_path: Path) -> None:
    """The table names the function inside which the shares are."""
    path = tmp_path / "after.folded"
    path.write_text(FOLDED, encoding="utf-8")
    done = study("shares", str(path), "--inside", "load")
    assert done.returncode == 0, done.stderr
    assert re.search(r"parse +│ 62\.5% │ +62\.5% │", done.stdout), done.stdout


@pytest.mark.parametrize(
    ("text", "more", "complaint"),
    [
        (None, (), "No such file"),
        ("", (), "no folded stacks"),
        ("run;load\n", (), "line 1 is no folded stack"),
        (FOLDED, ("--inside", "sort"), "no function is named sort"),
    ],
)
def test_no_stacks_are_one_clear_line(
    tmp_path: Path, text: str | None, more: tuple[str, ...], complaint: str
) -> None:
    """What can't be read is named, with exit status 2 and no traceback."""
    path = tmp_path / "after.folded"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    done = study("shares", str(path), *more)
    assert done.returncode == 2
    assert complaint in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
