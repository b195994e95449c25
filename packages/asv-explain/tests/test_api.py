"""The hook as Python calls it, with installing and measuring made up."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from explanations import explanation
from world import World, exported, made

import asv_explain
from asv_explain import ExplainError, Verdict, api, explain, load, stored
from asv_explain.explanation import encode


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A repository with one commit, in which a benchmark call takes 10 ms."""
    world = made(tmp_path, monkeypatch)
    monkeypatch.setattr(api, "Tools", lambda: world.tools)
    return world


def test_two_commits_are_explained_and_kept(world: World) -> None:
    """What comes back is what the command shows for the same question, and is measured once."""
    world.commit("after", 0.020)
    said: list[str] = []
    (found,) = explain("HEAD~1", "HEAD", benchmarks=["time_day"], say=said.append)
    assert found.verdict is Verdict.SLOWER
    assert (found.before, found.after) == (world.commits["base"], world.commits["after"])
    assert any("measuring suite.time_day" in line for line in said)
    count = len(world.measured)
    (same,) = exported(world, "base", "after")
    assert same["ratio"] == found.ratio
    assert stored() == explain("HEAD~1", "HEAD") == [found]
    assert len(world.measured) == count
    explain("HEAD~1", "HEAD", force=True)
    assert len(world.measured) == 2 * count


def test_every_wish_reaches_the_program(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that is asked for gets lost on its way, whatever the current folder."""
    world.commit("c1", 0.010)
    world.commit("c2", 0.020)
    world.benchmarks += ["suite.time_night"]
    config = world.root / "asv.conf.json"
    monkeypatch.chdir("/")
    (found,) = explain(
        "HEAD~2",
        "HEAD",
        benchmarks=["absent", "night"],
        config=config,
        environments=[f"virtualenv:{sys.version_info[0]}.{sys.version_info[1]}"],
        factor=1.5,
        budget=30,
        rounds=8,
        bisect=True,
        prove=True,
    )
    assert found.reversal is not None
    assert found.benchmark == "suite.time_night"
    assert found.bisection is not None
    assert found.bisection.suspected == (world.commits["c2"],)
    assert len(found.rounds_before.values) == 8
    assert stored(config) == [found]
    (same,) = explain("HEAD~1", "HEAD", benchmarks=["day"], config=str(config), factor=2.5)
    assert same.verdict is Verdict.SAME


def test_what_could_not_be_measured_is_among_the_answers(world: World) -> None:
    """A commit that doesn't build leaves an unknown, not an exception and not a gap."""
    world.broken.add(world.commit("after", 0.020))
    assert [one.verdict for one in explain("HEAD~1", "HEAD")] == [Verdict.UNKNOWN]


@pytest.mark.parametrize(
    ("commits", "wishes", "complaint"),
    [
        (("HEAD",), {}, "name two commits, before and after, or none"),
        (("nonsense", "HEAD"), {}, "nonsense is no commit"),
        ((), {}, "asv has recorded nothing"),
        (("HEAD", "HEAD"), {"benchmarks": ["("]}, "( is no regular expression"),
        (("HEAD", "HEAD"), {"benchmarks": "day"}, "put it in a list"),
        (("HEAD", "HEAD"), {"environments": "virtualenv"}, "put it in a list"),
        (("HEAD", "HEAD"), {"factor": 0.9}, "0.9 is no factor"),
        (("HEAD", "HEAD"), {"budget": float("nan")}, "nan is no time"),
        (("HEAD", "HEAD"), {"rounds": 0}, "0 is no count"),
        (("HEAD", "HEAD"), {"machine": "nonsense"}, "knows no machine nonsense"),
        (("HEAD", "HEAD"), {"config": "absent.json"}, "absent.json"),
    ],
)
def test_a_mistake_is_one_exception_in_one_line(
    world: World, commits: tuple[str, ...], wishes: dict[str, Any], complaint: str
) -> None:
    """The text is the command's own, and nothing is installed before it is told."""
    with pytest.raises(ExplainError) as told:
        explain(*commits, **wishes)
    assert complaint in str(told.value)
    assert "\n" not in str(told.value)
    assert world.installs == []


def test_what_is_stored_is_read_without_measuring(world: World) -> None:
    """A file that is no explanation is told of; a folder without any holds nothing."""
    assert stored() == []
    world.commit("after", 0.020)
    found = explain("HEAD~1", "HEAD")
    (world.root / ".asv" / "explanations" / "broken.json").write_text("{")
    count = len(world.measured)
    said: list[str] = []
    assert stored() == stored(say=said.append) == found
    assert len(world.measured) == count
    assert len(said) == 1
    assert "broken.json" in said[0]
    with pytest.raises(ExplainError, match=r"absent\.json"):
        stored("absent.json")


def test_both_kinds_of_file_are_loaded(tmp_path: Path) -> None:
    """A stored file holds one explanation, an exported one a list."""
    one, other = encode(explanation()), encode(explanation(verdict=Verdict.SAME))
    (tmp_path / "one.json").write_bytes(one)
    (tmp_path / "many.json").write_bytes(b"\n[" + one + b"," + other + b"]")
    assert load(tmp_path / "one.json") == [explanation()]
    assert load(str(tmp_path / "many.json")) == [explanation(), explanation(verdict=Verdict.SAME)]


@pytest.mark.parametrize("text", [None, "", "[", "{}", "[{}]", '{"schema": 1}', "\xff"])
def test_a_file_of_something_else_is_one_line(tmp_path: Path, text: str | None) -> None:
    """The file is named."""
    path = tmp_path / "file.json"
    if text is not None:
        path.write_text(text, encoding="latin-1")
    with pytest.raises(ExplainError) as told:
        load(path)
    assert "file.json" in str(told.value)
    assert "\n" not in str(told.value)


def test_importing_the_package_imports_nothing_else() -> None:
    """Whenever asv starts it loads the package; what is public comes when it is asked for."""
    code = """
import sys
before = set(sys.modules)
import asv_explain
assert "explain" in dir(asv_explain)
heavy = {"asv", "numpy", "scipy", "msgspec", "rich", "argparse"}
assert not heavy & (set(sys.modules) - before), heavy & set(sys.modules)
assert not [one for one in sys.modules if one.startswith("asv_explain.")]
asv_explain.Verdict
assert "asv" not in sys.modules
for name in asv_explain.__all__:
    assert getattr(asv_explain, name).__name__ == name
assert "asv" in sys.modules
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""


def test_a_name_that_is_not_there_is_said_as_python_says_it() -> None:
    """Neither help nor a star import trips over the lazy names."""
    with pytest.raises(AttributeError, match="has no attribute 'absent'"):
        getattr(asv_explain, "absent")  # noqa: B009 - a type checker knows that it isn't there
    assert set(asv_explain.__all__) <= set(dir(asv_explain))
