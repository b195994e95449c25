"""The study of cost measures every stage, beside asv, and goes on where it was stopped."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from asv_explain import options, precision, session
from asv_explain.measuring.session import Plan
from asv_explain.suspect import Installed
from observatory.injections.subjects import SUBJECTS
from observatory.studies import cost, explaining, one_cost
from observatory.studies.asv_continuous import Said
from observatory.studies.cost import Pair, main
from observatory.studies.cost_figures import figures, growth_table, stages_table, whole_table
from observatory.studies.one_cost import STAGES, ask
from observatory.studies.trials import StudyError
from observatory.tests.tiny_project import BENCHMARK, TinyProject

# What is ten times slower is told after four pairs, long before.
BUDGET = 300.0


def test_every_stage_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real answer, in this interpreter instead of two environments, has gone through them all."""
    (tmp_path / "project").mkdir()
    project = TinyProject(tmp_path / "project")
    before, after = project.commit(20_000), project.commit(200_000)
    for commit in (before, after):
        project.git("worktree", "add", "--quiet", str(tmp_path / commit), commit)

    class Here:
        """Stands for what installs: both commits are there, to be found by PYTHONPATH."""

        def __init__(self, *_: object) -> None:
            """Nothing is made."""

        @contextmanager
        def __call__(self, _: str, wanted: tuple[str, ...]) -> Iterator[tuple[Installed, ...]]:
            yield tuple(
                Installed(
                    commit,
                    Path(sys.executable),
                    project.root / "benchmarks",
                    tmp_path / commit,
                    {"PYTHONPATH": str(tmp_path / commit)},
                )
                for commit in wanted
            )

    monkeypatch.setattr(one_cost, "Installer", Here)
    # Four pairs show that there is an answer, and one of samples that they are a stage.
    monkeypatch.setattr(session, "Plan", partial(Plan, seconds=0.05, sampling=0.3))
    monkeypatch.setattr(precision, "HALF_WIDTH", 1.0)
    found = ask(project.config, before, after, BENCHMARK, BUDGET)
    assert found["verdict"] == "slower"
    assert found["stages"].keys() == set(STAGES)
    seconds = {stage: one["seconds"] for stage, one in found["stages"].items()}
    assert 0 < sum(seconds.values()) <= found["seconds"]
    assert all(seconds.values())
    assert seconds["timing"] > seconds["installing"]
    for stage in STAGES:
        assert found["stages"][stage]["own"] > 20_000_000
    assert found["stages"]["timing"]["children"] > 10_000_000


def taken(seconds: float) -> dict[str, Any]:
    """What asking took, so many seconds in each stage."""
    one = {"seconds": seconds, "own": 2_000_000, "children": 1_000_000}
    stages = {**dict.fromkeys(STAGES, one), "discovering": {**one, "children": None}}
    return {"seconds": 7 * seconds, "stages": stages, "verdict": "slower", "causes": 1}


def pair(seconds: float) -> dict[str, Any]:
    """A trial of a pair."""
    asv = {"answers": {}, "ratio": 1.5, "seconds": seconds, "memory": 3_000_000}
    about = {"pair": "shop", "benchmark": "suite.time_work"}
    return {**about, "hook": taken(seconds), "asv": asv, "asv_again": {**asv, "memory": None}}


def test_what_trials_come_to() -> None:
    """Medians of seconds, the longest where there is a target, and the largest memory."""
    told = figures([pair(seconds) for seconds in (1.0, 2.0, 11.0)])
    shop = told["pairs"]["shop"]
    assert shop["stages"]["timing"] == {"seconds": 2.0, "memory": 2_000_000}
    assert shop["whole"] == {"median": 12.0, "longest": 66.0}
    assert shop["asv"] == {"first": 2.0, "again": 2.0, "memory": 3_000_000}
    cells = [next(iter(column.cells)) for column in whole_table(told).columns]
    assert cells == ["shop", "12.0", "66.0", "no", "2", "2.0", "2.0", "3", "slower"]
    assert stages_table(told, "seconds").row_count == stages_table(told, "memory").row_count == 1


def test_a_stopped_study_goes_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Pairs that are there are not made ready again, and nothing is measured twice."""
    asked: list[str] = []

    def trial(one: Pair, budget: float) -> dict[str, Any]:
        if len(asked) == 3:
            asked.append("stop")
            raise KeyboardInterrupt
        asked.append(one.benchmark)
        assert budget == options.BUDGET
        return {key: pair(1.0)[key] for key in ("hook", "asv", "asv_again")}

    def repeated(case: tuple[int, int, int], repeats: int) -> list[dict[str, float]]:
        asked.append(f"made up {case}")
        stages = dict.fromkeys(explaining.STAGES[:-1], 0.5)
        return [{**stages, "wall": 1.0, "cpu": 1.0, "memory": 5e6}] * repeats

    made: list[str] = []

    def ready(name: str, *_: object) -> Pair:
        made.append(name)
        return Pair(tmp_path, "a", "b", name)

    monkeypatch.setattr(cost, "_trial", trial)
    monkeypatch.setattr(cost, "_of_subject", ready)
    monkeypatch.setattr(cost, "_of_history", lambda: ready("history"))
    monkeypatch.setattr(explaining, "repeated", repeated)
    words = ["--out", str(tmp_path), "--number", "2"]
    assert main(words) == 130
    assert main(words) == 0
    pairs = [one for one in asked if one != "stop" and not one.startswith("made up")]
    assert sorted(pairs) == sorted([*SUBJECTS, "history"] * 2)
    assert [made.count(name) for name in list(SUBJECTS)[:3]] == [1, 2, 1]
    grown = [one for one in asked if one.startswith("made up")]
    assert len(grown) == len(set(grown)) == 3
    told = json.loads((tmp_path / "cost.json").read_bytes())["figures"]
    assert [one["functions"] for one in told["grown"]] == [1_000, 10_000, 50_000]
    assert growth_table(told).row_count == 3


def test_asking_goes_to_a_process_and_a_folder_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """asv-explain's failure is one line; asv is asked twice, the second time with what it kept."""
    (tmp_path / "project").mkdir()
    project = TinyProject(tmp_path / "project")
    before, after = project.commit(1), project.commit(2)
    asked: list[tuple[Any, ...]] = []

    def continuous(config: Path, *words: str) -> Said:
        settings = json.loads(config.read_bytes())
        asked.append((settings["env_dir"], *words))
        return Said({1.1: "neither"}, 1.0, 2.0, None)

    monkeypatch.setattr(cost, "continuous", continuous)
    monkeypatch.setattr(cost, "_in_a_process", lambda *_: taken(1.0))
    one = Pair(project.config, before, after, BENCHMARK)
    trial = cost._trial(one, BUDGET)
    assert trial["hook"]["seconds"] == 7.0
    assert asked[0] == asked[1]
    assert asked[0][1:] == (before, after, BENCHMARK)
    assert not Path(asked[0][0]).is_relative_to(project.root)
    monkeypatch.undo()
    wrong = Pair(project.config, "nonsense", after, BENCHMARK)
    with pytest.raises(StudyError, match=r"time_work can't be explained: nonsense is no commit"):
        cost._in_a_process(wrong.config, wrong, BUDGET)
