"""The profile script, run as its user runs it."""

from __future__ import annotations

import pstats
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "profile_entry.py"


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The script in a folder of its own, with nothing on the path but what it finds itself."""
    return subprocess.run(
        [sys.executable, "-I", str(SCRIPT), *arguments], cwd=folder, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    ("arguments", "name", "function"),
    [
        ((), "profile_simple_1000.prof", "simple_countdown"),
        (("heavy", "20"), "profile_heavy_20.prof", "heavy_complex_countdown"),
        (("stable", "30"), "profile_stable_30.prof", "stable_complex_loop"),
    ],
)
def test_a_profile_is_printed_and_written(
    tmp_path: Path, arguments: tuple[str, ...], name: str, function: str
) -> None:
    """Both tables have their twenty rows, and the file holds every call of the target."""
    done = run(tmp_path, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("due to restriction <20>") == 2
    cumulative, own = (done.stdout.index(f"Ordered by: {key}") for key in ("cumul", "internal"))
    assert cumulative < own
    iterations = int(name.removesuffix(".prof").rpartition("_")[2])
    profile = pstats.Stats(str(tmp_path / name)).get_stats_profile()
    assert profile.func_profiles[function].ncalls == str(iterations + 1)
    assert "execute" in profile.func_profiles


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("fast",), "simple, heavy, stable"),
        (("simple", "many"), "whole number from 1 up"),
        (("simple", "0"), "whole number from 1 up"),
        (("simple", "-5"), "-5"),
        (("simple", "1", "2"), "2"),
    ],
)
def test_a_mistake_is_one_line(tmp_path: Path, arguments: tuple[str, ...], named: str) -> None:
    """An unknown target or a bad count names the valid ones, and nothing is written."""
    done = run(tmp_path, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert named in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way_is_one_line(tmp_path: Path) -> None:
    """Where the profile can't be written, the tables are there and the reason is said."""
    (tmp_path / "profile_simple_5.prof").mkdir()
    done = run(tmp_path, "simple", "5")
    assert done.returncode == 1
    assert "run_benchmark" in done.stdout
    assert done.stderr == "profile_entry.py: can't write profile_simple_5.prof: Is a directory\n"
