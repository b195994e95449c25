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
def world(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool]]:
    """Nothing is measured; the hook says slower of every second trial, asv at its lower factor."""
    asked: list[tuple[str, bool]] = []
    loads: list[int] = []

    @contextmanager
    def loading(_: int) -> Iterator[Load]:
        loads.append(1)
        try:
            yield Load()
        finally:
            loads.pop()

    def verdicts(bench: Bench, before: str, after: str, benchmark: str, **how: Any) -> Any:
        assert before != after
        assert how["factor"] == 1.05
        asked.append((benchmark, bool(loads)))
        if len(asked) == 8:
            raise KeyboardInterrupt
        verdict = "slower" if len(asked) % 2 else "same"
        return {
            "hook": {"verdict": verdict},
            "asv": {"answers": {1.1: "neither", 1.05: "faster"}},
        }

    monkeypatch.setattr(false_alarms, "Workbench", Bench)
    monkeypatch.setattr(false_alarms, "loading", loading)
    monkeypatch.setattr(false_alarms, "verdicts", verdicts)
    return asked


def test_what_is_said_is_counted(world: list[tuple[str, bool]], tmp_path: Path) -> None:
    """Both conditions take turns over the benchmarks, and every answer has its place."""
    assert main(["--out", str(tmp_path), "--number", "3"]) == 0
    assert [loaded for _, loaded in world] == [False, True] * 3
    drawn = [benchmark for _, benchmark in pool(2026, sample=False)]
    assert [benchmark for benchmark, _ in world] == [drawn[at // 2] for at in range(6)]
    figures = json.loads((tmp_path / "false_alarms.json").read_bytes())["figures"]
    quiet, loaded = figures[QUIET], figures[LOADED]
    assert quiet["judges"]["asv-explain"]["answers"] == {"slower": 3}
    assert quiet["judges"]["asv-explain"]["alarms"]["value"] == 1.0
    assert loaded["judges"]["asv-explain"]["answers"] == {"same": 3}
    assert loaded["judges"]["asv continuous"]["answers"] == {"neither": 3}
    assert loaded["judges"]["asv continuous --factor 1.05"]["alarms"]["hits"] == 3
    assert (quiet["busy"], loaded["busy"]) == (None, 0.75)
    assert len(quiet["alarms"]) == 6


def test_a_stopped_study_goes_on(world: list[tuple[str, bool]], tmp_path: Path) -> None:
    """What was made is kept, one condition can go on alone, and nothing is made twice."""
    words = ["--out", str(tmp_path), "--number", "5"]
    assert main(words) == 130
    assert len(world) == 8
    assert main([*words, "--condition", QUIET]) == 0
    assert [loaded for _, loaded in world[8:]] == [False]
    lines = (tmp_path / "false_alarms.jsonl").read_text().splitlines()[1:]
    keys = [json.loads(line)["key"] for line in lines]
    assert sorted(keys) == [f"{LOADED} {at:03d}" for at in range(3)] + [
        f"{QUIET} {at:03d}" for at in range(5)
    ]


def test_every_benchmark_has_its_turn() -> None:
    """The order is drawn from the seed, and holds each once; a sample needs no download."""
    every = {(name, one) for name in SUBJECTS for one in SUBJECTS[name].benchmarks}
    assert set(pool(1, sample=False)) == every
    assert len(pool(1, sample=False)) == len(every)
    assert pool(1, sample=False) == pool(1, sample=False) != pool(2, sample=False)
    assert {name for name, _ in pool(1, sample=True)} == {"cascade"}
