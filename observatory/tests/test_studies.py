"""The studies measure what they say, on real commits."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from asv_explain.profiles.conservation import conservation_problems
from asv_explain.profiles.pair import ProfilePair
from asv_explain.profiles.profile import profile_from_raw
from asv_explain.profiles.stacks import frames_from_raw, merged, read_collapsed, read_frame
from asv_explain.store import Kept, Store
from observatory.studies.made_profiles import make, write
from observatory.studies.many_explanations import fill, largest, made_up
from observatory.studies.one_explanation import explain_once
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


def test_explaining_tells_seconds_and_memory_of_each_size() -> None:
    """A tiny change goes all the way."""
    done = study("explaining", "--functions", "100", "--stacks", "400", "--repeats", "1")
    assert done.returncode == 0, done.stderr
    row = r"│ +100 │ +400 │ +8 │ +[\d.]+ │ +[\d.]+ to [\d.]+ │ +[\d.]+ │ +(\d+) │"
    found = re.search(row, done.stdout)
    assert found is not None, done.stdout
    assert 20 < int(found[1]) < 1000
    assert re.search(r"stacks ┃ +profiles ┃ +match ┃ +blame", done.stdout), done.stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--stacks", "400"), "--stacks needs --functions"),
        (("--functions", "9"), "at least 100 functions"),
        (("--functions", "100", "--stacks", "101"), "two stacks for each function"),
        (("--repeats", "0"), "one repeat"),
    ],
)
def test_a_wrong_size_is_one_clear_line(arguments: tuple[str, ...], complaint: str) -> None:
    """A size that can't be made up is named, with exit status 2 and no traceback."""
    done = study("explaining", *arguments)
    assert done.returncode == 2
    assert complaint in done.stderr.splitlines()[-1]


def test_made_up_profiles_are_such_as_are_measured() -> None:
    """They have the size asked for, keep what cProfile promises, and are the same for a seed."""
    made = [make(1_000, 10_000, 2, seed) for seed in (3, 3, 4)]
    every = [[(side.profile, list(side.stacks)) for side in (one[0], one[1])] for one in made]
    assert every[0] == every[1]
    assert every[0] != every[2]
    for raw, texts in every[0]:
        profile = profile_from_raw(raw)
        assert conservation_problems(profile) == ()
        assert len(profile.functions) == 1_000
        assert len(profile.caller) == pytest.approx(5_000, rel=0.05)
        assert profile.recursive.any()
        assert any(one.is_builtin for one in profile.functions)
        stacks = merged([read_collapsed(text.split("\n")) for text in texts])
        assert 8_000 <= len(stacks.parent) <= 10_000
        assert (stacks.samples.sum(axis=0) > 0).all()
        assert len(stacks.samples) == 2
        functions = frames_from_raw(raw, len(profile.functions))
        calls = {*zip(profile.caller.tolist(), profile.callee.tolist(), strict=True)}
        of_node = [functions[read_frame(one)] for one in stacks.frames]
        inner = np.flatnonzero(stacks.parent >= 0)
        above = stacks.frame[stacks.parent[inner]].tolist()
        steps = zip(above, stacks.frame[inner].tolist(), strict=True)
        assert {(of_node[one], of_node[other]) for one, other in steps} <= calls


def test_what_was_made_up_is_what_is_explained(tmp_path: Path) -> None:
    """The process that is measured explains the change: all of it, through every stage."""
    write(200, 1_000, 2, 5, tmp_path)
    taken = explain_once(tmp_path)
    stages = {"read", "stacks", "profiles", "match", "blame"}
    assert taken.keys() == stages | {"cpu", "wall", "memory"}
    assert sum(taken[stage] for stage in stages) <= taken["cpu"]


def test_many_explanations_are_what_one_is(tmp_path: Path) -> None:
    """Each has a name and commits of its own and the same profiles; the largest is found."""
    small, large = made_up(100, 300), made_up(200, 900)
    assert any(one.hunk for one in large.explanation.causes)
    assert largest(tmp_path) is None
    fill(tmp_path, small, 2)
    alike = dataclasses.replace(large.explanation, benchmark=small.explanation.benchmark)
    fill(tmp_path, dataclasses.replace(large, explanation=alike), 1)
    store = Store(tmp_path)
    kept = [one for one in store if isinstance(one, Kept)]
    assert len({one.explanation.benchmark for one in kept}) == len(kept) == 2
    assert len({one.explanation.after for one in kept}) == 2
    assert all(isinstance(store.profiles(one), ProfilePair) for one in kept)
    found = largest(tmp_path)
    assert found is not None
    assert found.profiles is not None
    assert len(found.profiles.before.profile.functions) == 200


def test_pages_are_published_and_opened(tmp_path: Path) -> None:
    """Every figure is there, of what is made up and what is real, in the table and as JSON."""
    fill(tmp_path, made_up(100, 300), 1)
    file = tmp_path / "figures.json"
    real = ("--explanations", str(tmp_path), "--json", str(file))
    done = study("pages", "--count", "2", "--repeats", "1", *real)
    assert done.returncode == 0, done.stderr
    for what in ("publishing 2", "the list is usable", "a page has its charts", "--html of 2"):
        assert len(re.findall(rf"│ {what} +│ +[\d.]+ M?[sB] │", done.stdout)) == 3, done.stdout
    *made, given = json.loads(file.read_text())
    assert given["case"].startswith("real, 100 functions")
    for one in (*made, given):
        assert {len(one[name]) for name in ("publishing", "listing", "page", "cpu")} == {1}
        assert 1e6 < one["traveling"][0] <= one["traveling"][1] <= 6e6


@pytest.mark.parametrize("arguments", [("--count", "0"), ("--repeats", "0")])
def test_no_pages_are_one_clear_line(arguments: tuple[str, ...]) -> None:
    """What can't be measured ends the study before it begins."""
    done = study("pages", *arguments)
    assert done.returncode == 2
    assert "at least one explanation and one repeat" in done.stderr.splitlines()[-1]
