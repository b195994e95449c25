"""How often a change is seen where there is none: python -m observatory.studies.false_alarms."""

from __future__ import annotations

import argparse
import os
import random
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from asv_explain.measuring.confirm import FACTOR
from asv_explain.options import BUDGET
from observatory.injections.placing import PlacingError
from observatory.injections.subjects import SUBJECTS, SubjectError
from observatory.injections.workbench import Workbench, WorkbenchError
from observatory.studies.load import loading, other_processor
from observatory.studies.rates import rate
from observatory.studies.records import Records
from observatory.studies.trials import Asked, command_line, run_study, write_summary
from observatory.studies.verdicts import HOOK, answers, verdicts

__all__ = ["CONDITIONS", "STUDY", "TARGETS", "main", "pool"]

STUDY = "false_alarms"

QUIET, LOADED = CONDITIONS = ("quiet", "loaded")
"""As the machine is, and with a second process that loads the other core."""

TARGETS: Mapping[str, float] = {QUIET: 0.01, LOADED: 0.02}
"""The share of alarms that asv-explain may give in each condition."""

NUMBER, SAMPLE = 200, 1

SAMPLE_BUDGET = 15.0
"""Seconds of measuring in a sample, where a verdict need not be reached."""

SUBJECT = "cascade"
"""The one subject of a sample: it lies in this repository, so that nothing is downloaded."""

ALARMS = ("slower", "faster")


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask about the same code on both sides, print a table, and return the exit status."""
    asked, found = command_line(
        STUDY,
        "Ask asv-explain and asv continuous about two commits of the same code, over all subjects' "
        "benchmarks in turn, on the machine as it is (quiet) and with a process that loads the "
        "other core (loaded), and count how often either sees a change.",
        arguments,
        number=NUMBER,
        sample=SAMPLE,
        unit="trials in each condition",
        add=_add,
    )
    conditions = CONDITIONS if found.condition is None else (found.condition,)
    mistakes = (WorkbenchError, SubjectError, PlacingError)
    return run_study(STUDY, lambda: _study(asked, conditions), mistakes)


def _add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--condition", choices=CONDITIONS, help="only this one; what is there of the other stays"
    )


def pool(seed: int, *, sample: bool) -> list[tuple[str, str]]:
    """All subjects with their benchmarks, in an order drawn from the seed."""
    names = [SUBJECT] if sample else list(SUBJECTS)
    every = [(name, benchmark) for name in names for benchmark in SUBJECTS[name].benchmarks]
    random.Random(seed).shuffle(every)  # noqa: S311
    return every


def _study(asked: Asked, conditions: Sequence[str]) -> None:
    budget = SAMPLE_BUDGET if asked.sample else BUDGET
    records = asked.records(budget=budget, factor=FACTOR)
    tell = Console(stderr=True, highlight=False)
    drawn = pool(asked.seed, sample=asked.sample)
    with ExitStack() as stack:
        benches: dict[str, Workbench] = {}
        for key, condition, name, benchmark in _missing(asked, conditions, records, drawn):
            if name not in benches:
                where = asked.out / "subjects"
                made = Workbench(SUBJECTS[name], where, say=lambda text: tell.print(text))
                benches[name] = stack.enter_context(made)
            trial = _trial(benches[name], benchmark, condition, budget)
            records.add(key, {"condition": condition, "subject": name, **trial})
            said = ", ".join(f"{who}: {what}" for who, what in answers(trial).items())
            tell.print(f"{key}: {benchmark}: {said}")
    figures = _figures(records)
    Console().print(_table(figures))
    write_summary(asked, figures)


def _missing(
    asked: Asked, conditions: Sequence[str], records: Records, drawn: Sequence[tuple[str, str]]
) -> Iterator[tuple[str, str, str, str]]:
    """Key, condition, subject and benchmark of the trials to make; conditions take turns."""
    for number in range(asked.number):
        for condition in conditions:
            key = f"{condition} {number:03d}"
            if key not in records:
                yield key, condition, *drawn[number % len(drawn)]


def _trial(bench: Workbench, benchmark: str, condition: str, budget: float) -> dict[str, Any]:
    """One pair of commits of the same code, for both to judge."""
    # asv keeps one result for each commit, so the same code is in two.
    same = bench.commit({}, "The same code")
    with ExitStack() as stack:
        load = None
        if condition == LOADED:
            load = stack.enter_context(loading(other_processor()))
        others = os.getloadavg()[0]
        said = verdicts(bench, bench.base, same, benchmark, budget=budget, factor=FACTOR)
        busy = None if load is None else load.share()
    return {"benchmark": benchmark, "busy": busy, "others": others, **said}


def _figures(records: Records) -> dict[str, Any]:
    """What was said in each condition, by whom, and how often it was an alarm."""
    figures: dict[str, Any] = {}
    for condition in CONDITIONS:
        trials = [one for one in map(records.__getitem__, records) if one["condition"] == condition]
        if not trials:
            continue
        said: dict[str, Counter[str]] = {}
        for trial in trials:
            for who, what in answers(trial).items():
                said.setdefault(who, Counter())[what] += 1
        figures[condition] = {
            "judges": {
                who: {
                    "answers": dict(counts),
                    "alarms": rate(sum(counts[one] for one in ALARMS), counts.total()).told(),
                }
                for who, counts in said.items()
            },
            "target": TARGETS[condition],
            # Of the time, what the load computed; and the machine's own load as a trial began.
            "busy": None if condition == QUIET else median(one["busy"] for one in trials),
            "others": median(one["others"] for one in trials),
            "benchmarks": len({one["benchmark"] for one in trials}),
            "alarms": [
                {"benchmark": one["benchmark"], "judge": who, "answer": what}
                for one in trials
                for who, what in answers(one).items()
                if what in ALARMS
            ],
        }
    return figures


def _table(figures: Mapping[str, Any]) -> Table:
    """One row for each condition and judge, with the target of the one that has one."""
    table = Table(title="The same code on both sides", title_justify="left")
    for heading in ("condition", "judge"):
        table.add_column(heading)
    for heading in ("slower", "faster", "same", "unknown"):
        table.add_column(heading, justify="right")
    for heading in ("alarms", "target", "met"):
        table.add_column(heading)
    for condition, found in figures.items():
        for who, one in found["judges"].items():
            counts = Counter(one["answers"])
            alarms = rate(one["alarms"]["hits"], one["alarms"]["trials"])
            target = found["target"] if who == HOOK else None
            table.add_row(
                condition,
                who,
                *(str(counts[one]) for one in ALARMS),
                str(counts["same"] + counts["neither"]),
                str(counts["unknown"]),
                str(alarms),
                "" if target is None else f"at most {100 * target:g} %",
                "" if target is None else ("yes" if (alarms.value or 0.0) <= target else "no"),
            )
    return table


if __name__ == "__main__":
    sys.exit(main())
