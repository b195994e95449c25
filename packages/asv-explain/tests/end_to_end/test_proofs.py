"""A cause is proven, and one that was blamed wrongly is refuted, by measuring real code."""

from __future__ import annotations

import dataclasses
import sys
import time
from pathlib import Path

import pytest
from explanations import CAUSE, explanation
from shop_repository import edited
from world import World, made

from asv_explain.explanation import Cause, Outcome, Place, Rounds
from asv_explain.measuring.process import ProcessRunner
from asv_explain.measuring.session import Plan
from asv_explain.parts import Explained
from asv_explain.proving import Trials, proved
from asv_explain.suspect import Installed, Suspect

pytestmark = pytest.mark.measures

LIBRARY = """
def turned(turns):
    total = 0
    for turn in range(turns):
        total += turn
    return total


def guilty():
    return turned(2_000)


def bystander():
    return turned(2_000)


def work():
    guilty(), bystander()
"""
LATER = edited(
    LIBRARY,
    ("def guilty():\n    return turned(2_000)", "def guilty():\n    return turned(6_000)"),
    ("def bystander():\n    return turned(2_000)", "def bystander():\n    return turned(2_001)"),
)
SUITE = """
import library


def time_work():
    library.work()


time_work.sample_time = 0.005
time_work.repeat = 5
time_work.warmup_time = 0
"""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A repository of a library in two versions, the later one twice as slow."""
    world = made(tmp_path, monkeypatch)
    (world.root / "benchmarks" / "suite.py").write_text(SUITE, encoding="utf-8")
    for name, text in (("before", LIBRARY), ("after", LATER)):
        (world.root / "library").mkdir(exist_ok=True)
        (world.root / "library" / "__init__.py").write_text(text, encoding="utf-8")
        world.git("add", "--all")
        world.git("commit", "--quiet", "--message", name)
        world.known(name, 0.0)
    return world


def blamed(name: str, line: int, share: float) -> Cause:
    """A function to which a share of the slowdown was attributed."""
    place = Place("library/__init__.py", line)
    return dataclasses.replace(
        CAUSE,
        name=name,
        path="library/__init__.py",
        kind="changed",
        amount=share,
        share=share,
        before=place,
        after=place,
    )


def test_what_was_blamed_wrongly_is_refuted(world: World) -> None:
    """Both changed, and one of them alone costs time: only putting that one back gives any back."""
    steady = (1.0, 1.001, 0.999, 1.0)
    doubled = tuple(2 * one for one in steady)
    told = explanation(
        before=world.commits["before"],
        after=world.commits["after"],
        causes=(blamed("guilty", 9, 0.5), blamed("bystander", 13, 0.5)),
        residual=0.0,
        rounds_before=Rounds(steady, steady, ()),
        rounds_after=Rounds(doubled, doubled, ()),
    )
    suspect = Suspect("suite.time_work", None, (), "env", "box", told.before, told.after)
    path = {"PYTHONPATH": str(world.root)}
    home = world.root / "benchmarks"
    after = Installed(told.after, Path(sys.executable), home, world.root / ".asv", path)
    trials = Trials(suspect, after, Plan(budget=60), ProcessRunner(), time.monotonic, print)
    guilty, bystander = (
        one.proof for one in proved(Explained(told), world.root, trials).explanation.causes
    )
    assert guilty is not None
    assert bystander is not None
    assert (guilty.outcome, guilty.scope) == (Outcome.PROVEN, "alone")
    assert (bystander.outcome, bystander.scope) == (Outcome.REFUTED, "alone")
