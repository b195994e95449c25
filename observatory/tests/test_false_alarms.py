"""The study of false alarms asks about the same code, counts what is said, and goes on later."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from observatory.injections.subjects import SUBJECTS
from observatory.studies import false_alarms
from observatory.studies.false_alarms import LOADED, QUIET, main, pool

World = tuple[list[tuple[str, bool]], list[tuple[tuple[str, ...], bool]]]


class Bench:
    """Stands for a workbench: makes commits, and knows what was asked for."""

    made: list[str]
    base = "a" * 40

    def __init__(self, subject: Any, folder: Path, say: Any) -> None:
        self.subject = subject

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is open."""

    def commit(self, files: dict[str, str], message: str) -> str:
        """The same code, under another hash."""
        assert files == {}
        return "b" * 40


class Load:
    """Stands for a load that is always there."""

    def share(self) -> float:
        """Three quarters of the time."""
        return 0.75


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Nothing is measured; the hook says slower of every second trial, asv at its lower factor."""
    asked: list[tuple[str, bool]] = []
    together: list[tuple[tuple[str, ...], bool]] = []
    loads: list[int] = []

    @contextmanager
    def loading(_: int) -> Iterator[Load]:
        loads.append(1)
        try:
            yield Load()
        finally:
            loads.pop()

    def verdict(bench: Bench, before: str, after: str, benchmark: str, **how: Any) -> Any:
        assert before != after
        assert how["factor"] == 1.05
        asked.append((benchmark, bool(loads)))
        if len(asked) == 8:
            raise KeyboardInterrupt
        return {"verdict": "slower" if len(asked) % 2 else "same"}

    def beside(bench: Bench, before: str, after: str, names: list[str], *, factor: float) -> Any:
        assert factor == 1.05
        together.append((tuple(names), bool(loads)))
        return {name: {"answers": {1.1: "neither", 1.05: "faster"}} for name in names}

    monkeypatch.setattr(false_alarms, "Workbench", Bench)
    monkeypatch.setattr(false_alarms, "loading", loading)
    monkeypatch.setattr(false_alarms, "other_processor", lambda: 0)
    monkeypatch.setattr(false_alarms, "verdict", verdict)
    monkeypatch.setattr(false_alarms, "beside", beside)
    return asked, together


def test_what_is_said_is_counted(world: World, tmp_path: Path) -> None:
    """Both conditions take turns over subjects, asv once for each, and every answer is counted."""
    assert main(["--out", str(tmp_path), "--number", "3"]) == 0
    asked, together = world
    drawn = [benchmark for _, benchmark in pool(2026, sample=False)][:3]
    assert asked == [(one, loaded) for loaded in (False, True) for one in drawn]
    assert together == [(tuple(drawn), False), (tuple(drawn), True)]
    figures = json.loads((tmp_path / "false_alarms.json").read_bytes())["figures"]
    quiet, loaded = figures[QUIET], figures[LOADED]
    assert quiet["judges"]["asv-explain"]["answers"] == {"slower": 2, "same": 1}
    assert quiet["judges"]["asv-explain"]["alarms"]["hits"] == 2
    assert loaded["judges"]["asv-explain"]["answers"] == {"slower": 1, "same": 2}
    assert loaded["judges"]["asv continuous"]["answers"] == {"neither": 3}
    assert loaded["judges"]["asv continuous --factor 1.05"]["alarms"]["hits"] == 3
    assert (quiet["busy"], loaded["busy"]) == (None, 0.75)
    assert len(quiet["alarms"]) == 5


def test_a_stopped_study_goes_on(world: World, tmp_path: Path) -> None:
    """What was made is kept, one condition can go on alone, and nothing is made twice."""
    asked, together = world
    drawn = [benchmark for _, benchmark in pool(2026, sample=False)]
    words = ["--out", str(tmp_path), "--number", "5"]
    assert main(words) == 130
    assert len(asked) == 8
    made = len(together)
    assert main([*words, "--condition", QUIET]) == 0
    assert (len(asked), len(together)) == (8, made)
    assert main(words) == 0
    # The one at which it was stopped, and those after it, of which asv is asked alone.
    assert asked[8:] == [(one, True) for one in drawn[2:5]]
    assert together[made:] == [(tuple(drawn[2:5]), True)]
    kept = tmp_path / "false_alarms.jsonl"
    lines = [json.loads(line) for line in kept.read_text().splitlines()]
    keys = [line["key"] for line in lines if "key" in line]
    assert len(keys) == len(set(keys))
    wanted = {f"{condition} {at:03d}" for condition in (QUIET, LOADED) for at in range(5)}
    assert set(keys) == wanted


def test_every_benchmark_has_its_turn() -> None:
    """The order is drawn from the seed, and holds each once; a sample needs no download."""
    every = {(name, one) for name in SUBJECTS for one in SUBJECTS[name].benchmarks}
    assert set(pool(1, sample=False)) == every
    assert len(pool(1, sample=False)) == len(every)
    assert pool(1, sample=False) == pool(1, sample=False) != pool(2, sample=False)
    assert {name for name, _ in pool(1, sample=True)} == {"cascade"}
