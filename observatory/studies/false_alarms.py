"""How often a change is seen where there is none: python -m observatory.studies.false_alarms."""

from __future__ import annotations

import argparse
import itertools
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
from observatory.studies.verdicts import HOOK, answers, beside, verdict

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
    """All subjects with their benchmarks, one subject after the other, in an order drawn."""
    chance = random.Random(seed)  # noqa: S311
    names = [SUBJECT] if sample else list(SUBJECTS)
    found = []
    for name in chance.sample(names, len(names)):
        benchmarks = SUBJECTS[name].benchmarks
        found += [(name, one) for one in chance.sample(benchmarks, len(benchmarks))]
    return found


def _study(asked: Asked, conditions: Sequence[str]) -> None:
    budget = SAMPLE_BUDGET if asked.sample else BUDGET
    records = asked.records(budget=budget, factor=FACTOR)
    tell = Console(stderr=True, highlight=False)
    drawn = pool(asked.seed, sample=asked.sample)
    with ExitStack() as stack:
        benches: dict[str, Workbench] = {}
        for condition, name, missing in _missing(asked, conditions, records, drawn):
            if name not in benches:
                where = asked.out / "subjects"
                made = Workbench(SUBJECTS[name], where, say=lambda text: tell.print(text))
                benches[name] = stack.enter_context(made)
            for key, trial in _trials(benches[name], missing, condition, budget):
                records.add(key, {"condition": condition, "subject": name, **trial})
                said = ", ".join(f"{who}: {what}" for who, what in answers(trial).items())
                tell.print(f"{key}: {trial['benchmark']}: {said}")
    figures = _figures(records)
    Console().print(_table(figures))
    write_summary(asked, records, figures)


def _missing(
    asked: Asked, conditions: Sequence[str], records: Records, drawn: Sequence[tuple[str, str]]
) -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    """Condition, subject, and keys and benchmarks of trials to make; conditions take turns.

    A subject's benchmarks come together, as asv measures all of them in one call.
    """
    numbered = ((number, *drawn[number % len(drawn)]) for number in range(asked.number))
    turns = itertools.groupby(numbered, key=lambda one: (one[0] // len(drawn), one[1]))
    for (_, name), members in turns:
        every = [(number, benchmark) for number, _, benchmark in members]
        for condition in conditions:
            named = [(f"{condition} {number:03d}", benchmark) for number, benchmark in every]
            missing = [(key, benchmark) for key, benchmark in named if key not in records]
            if missing:
                yield condition, name, missing


def _trials(
    bench: Workbench, missing: Sequence[tuple[str, str]], condition: str, budget: float
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Pairs of commits of the same code, for both to judge, by key."""
    # asv keeps one result for each commit, so the same code is in two.
    pair = bench.base, bench.commit({}, "The same code")
    with ExitStack() as stack:
        load = None
        if condition == LOADED:
            load = stack.enter_context(loading(other_processor()))
        asv = beside(bench, *pair, [benchmark for _, benchmark in missing], factor=FACTOR)
        for key, benchmark in missing:
            others = os.getloadavg()[0]
            hook = verdict(bench, *pair, benchmark, budget=budget, factor=FACTOR)
            busy = None if load is None else load.share()
            about = {"benchmark": benchmark, "busy": busy, "others": others}
            yield key, {**about, "hook": hook, "asv": asv[benchmark]}


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
