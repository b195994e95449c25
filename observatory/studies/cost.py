"""What asking asv-explain takes, in time and memory: python -m observatory.studies.cost."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from asv_explain.options import BUDGET
from observatory.explain.milestones import MilestoneError, find_milestones
from observatory.injections.placing import PlacingError
from observatory.injections.subjects import SUBJECTS, SubjectError
from observatory.injections.truth import TruthError
from observatory.injections.workbench import Workbench, WorkbenchError
from observatory.studies import explaining
from observatory.studies.asv_continuous import continuous, copied, stoppable
from observatory.studies.cost_figures import figures, growth_table, stages_table, whole_table
from observatory.studies.graded import found_site, guessed, slowed
from observatory.studies.trials import Asked, StudyError, command_line, run_study, write_summary

__all__ = ["STUDY", "Pair", "main"]

STUDY = "cost"

ROOT = Path(__file__).resolve().parents[2]

NUMBER, SAMPLE = 3, 1

SAMPLE_BUDGET = 10.0
"""Seconds of measuring in a sample, where a verdict need not be reached."""

MILESTONES = ("registry-bounded", "async-state-direct")
MILESTONES_BENCHMARK = "tco.StableComplexLoop.time_warm"
"""The step of this repository's history that asv-explain was made for."""

SUBJECT = "cascade"
"""The one subject of a sample: it lies in this repository, so that nothing is downloaded."""

SLOWDOWN = 0.25
"""By about so much a subject's benchmark gets slower, so that all stages come."""

GROWN_REPEATS = 3
"""So often each made-up change is explained."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What is asked about.

    Attributes:
        config: asv's configuration of the project.
        before: the earlier commit.
        after: the later one.
        benchmark: asv's name of the benchmark.
    """

    config: Path
    before: str
    after: str
    benchmark: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print tables, and return the exit status."""
    asked, _ = command_line(
        STUDY,
        "Ask asv-explain about one benchmark of each subject and of this repository's own history, "
        "each time in fresh environments, and asv continuous about the same pair; and have it "
        "explain changes that are made up, of growing size. Print seconds and memory by stage.",
        arguments,
        number=NUMBER,
        sample=SAMPLE,
        unit="times for each pair",
    )
    mistakes = (
        *(WorkbenchError, SubjectError, PlacingError, TruthError),
        *(MilestoneError, explaining.StudyError),
    )
    return run_study(STUDY, lambda: _study(asked), mistakes)


def _study(asked: Asked) -> None:
    budget = SAMPLE_BUDGET if asked.sample else BUDGET
    records = asked.records(budget=budget)
    tell = Console(stderr=True, highlight=False)
    for name, pair in _pairs(asked, lambda text: tell.print(text)):
        keys = [f"{name} {number}" for number in range(asked.number)]
        missing = [key for key in keys if key not in records]
        made = pair() if missing else None
        for key in missing:
            if made is not None:
                tell.print(f"{key}: {made.benchmark}")
                about = {"pair": name, "benchmark": made.benchmark}
                records.add(key, {**about, **_trial(made, budget)})
    for functions, stacks in explaining.SIZES[: 1 if asked.sample else None]:
        for count in explaining.PAIRS[: 1 if asked.sample else None]:
            key = f"made up {functions} functions, {stacks} stacks, {count} rounds"
            if key not in records:
                tell.print(f"explaining {key}")
                repeats = 1 if asked.sample else GROWN_REPEATS
                taken = list(explaining.repeated((functions, stacks, count), repeats))
                size = {"functions": functions, "stacks": stacks, "rounds": count}
                records.add(key, {"made": size, "taken": taken})
    told = figures([records[key] for key in records])
    by_stage = (stages_table(told, what) for what in ("seconds", "memory"))
    for table in (*by_stage, whole_table(told), growth_table(told)):
        Console().print(table)
    write_summary(asked, records, told)


def _pairs(
    asked: Asked, say: Callable[[str], None]
) -> Iterator[tuple[str, Callable[[], Pair | None]]]:
    """Names of pairs, and what makes each ready."""
    for name in [SUBJECT] if asked.sample else list(SUBJECTS):
        yield name, partial(_of_subject, name, asked, say)
    if not asked.sample:
        yield "this repository", _of_history


def _of_subject(name: str, asked: Asked, say: Callable[[str], None]) -> Pair | None:
    """A subject's first benchmark that work can be put into, before and after that."""
    with Workbench(SUBJECTS[name], asked.out / "subjects", say=say) as bench:
        for benchmark in bench.subject.benchmarks:
            site = found_site(bench, benchmark, asked.seed)
            if site is not None:
                files = slowed(bench, site, guessed(site, SLOWDOWN))
                after = bench.commit(files, "Slower")
                return Pair(bench.project.config, bench.base, after, benchmark)
    return None


def _of_history() -> Pair:
    """A step of this repository's own history."""
    found = {one.slug: one.commit for one in find_milestones(ROOT)}
    try:
        before, after = (found[slug] for slug in MILESTONES)
    except KeyError as error:
        raise StudyError(
            f"there is no milestone {error.args[0]}; run this on a branch that has it"
        ) from None
    return Pair(ROOT / "asv.conf.json", before, after, MILESTONES_BENCHMARK)


def _trial(pair: Pair, budget: float) -> dict[str, Any]:
    """Ask both about a pair, in a folder that holds nothing of an earlier call."""
    with tempfile.TemporaryDirectory(prefix="cost-") as name:
        folder = Path(name)
        places = {f"{one}_dir": str(folder / one) for one in ("env", "results", "html")}
        config = copied(pair.config, folder, **places)
        hook = _in_a_process(config, pair, budget)
        first = continuous(config, pair.before, pair.after, pair.benchmark)
        again = continuous(config, pair.before, pair.after, pair.benchmark)
    return {"hook": hook, "asv": asdict(first), "asv_again": asdict(again)}


def _in_a_process(config: Path, pair: Pair, budget: float) -> dict[str, Any]:
    """Ask asv-explain in a process of its own, whose memory is nobody else's."""
    words = (str(config), pair.before, pair.after, pair.benchmark, str(budget))
    told: list[str] = []
    with stoppable(config) as asv:
        status = asv.run_module("observatory.studies.one_cost", *words, show=told.append)
    last = ("".join(told).strip().splitlines() or ["it said nothing"])[-1]
    if status != 0:
        raise StudyError(f"{pair.benchmark} can't be explained: {last}")
    found: dict[str, Any] = json.loads(last)
    return found


if __name__ == "__main__":
    sys.exit(main())
