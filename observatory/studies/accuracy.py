"""How often the first cause is right: python -m observatory.studies.accuracy.

Slowdowns that are known are put into real packages, measured without the hook, and the hook is
asked about them. All that it says is kept beside what is true; scores are made of that.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from asv_explain.explanation import ExplanationError
from asv_explain.options import BUDGET
from asv_explain.profiles.conservation import ConservationError
from asv_explain.profiles.wire import WireError
from observatory.injections.draw import Draft, draft
from observatory.injections.fit import Fitter
from observatory.injections.injection import Injection
from observatory.injections.kept import kept_form
from observatory.injections.placing import PlacingError
from observatory.injections.subjects import SUBJECTS, SubjectError
from observatory.injections.truth import TruthError
from observatory.injections.workbench import Workbench, WorkbenchError
from observatory.studies.answers import answer_of_hook, described
from observatory.studies.injected import (
    Case,
    Stages,
    Workbenches,
    cases,
    keep_explanation,
    kept_injection,
    measured_truth,
)
from observatory.studies.records import Records
from observatory.studies.score_sheets import group_sheets, score_targets, wrong_sheet
from observatory.studies.scores import SIZES, Score, by, score, scores, wrong
from observatory.studies.sheets import Sheet, show, targets_sheet
from observatory.studies.trials import Asked, command_line, run_study, write_summary

__all__ = ["STUDY", "accuracy_records", "main", "scored"]

STUDY = "accuracy"

NUMBER = 180
"""Injections of the full study: each kind at each size twice, as eighteen kinds come in five."""

SAMPLE, SAMPLE_SIZE = 2, 0.25
"""Injections of a sample, and the slowdown that each is to make at least: a short look sees no
small one."""

FACTOR = 1.02
"""The smallest ratio that the hook is asked to count. Its default, 1.05, says of half the sizes of
the study that they don't matter; whoever looks for slowdowns of 3 % asks for less than that."""

ROUNDS, ROUNDS_ALONE = 24, 12
"""Processes of each variant that the truth is measured by: its interval is then mostly narrower
than a percent of the benchmark's time. What is the only change that costs or saves anything is all
of the slowdown however large that is, so that less will do."""

SAMPLE_ROUNDS, SAMPLE_BUDGET = 6, 20.0
"""The same of a sample, and the seconds that the hook measures for it."""

# Errors that end the study, and those that end one trial.
MISTAKES = (SubjectError, WorkbenchError)
FAILURES = (PlacingError, TruthError)

# Mistakes of the hook's own: what it says of its own figures does not hold.
BROKEN = (ConservationError, ExplanationError, WireError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the trials that are not there yet, print the tables, and return the exit status."""
    asked, found = command_line(
        STUDY,
        "Put known slowdowns into real packages and ask asv-explain about each.",
        arguments,
        number=NUMBER,
        sample=SAMPLE,
        unit="injections",
        add=_add,
    )
    earlier = None if found.truths is None else replace(asked, out=found.truths)
    return run_study(STUDY, lambda: _study(asked, earlier), MISTAKES)


def _add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--truths",
        type=Path,
        metavar="FOLDER",
        help="take the injections, and what they cost, from what this study left there; only "
        "asv-explain is asked anew",
    )


def accuracy_records(asked: Asked) -> Records:
    """The trials of the accuracy study, whichever study asks.

    Raises:
        RecordsError: see `Records`.
    """
    budget = SAMPLE_BUDGET if asked.sample else BUDGET
    return Asked(STUDY, asked.out, asked.seed, asked.number, asked.sample).records(
        budget=budget, factor=FACTOR
    )


def scored(case: Case) -> Score:
    """The score of what the hook said."""
    answer = answer_of_hook(case.trial["answer"])
    return score(case.key, case.subject, case.kind, case.truth, answer)


def _study(asked: Asked, earlier: Asked | None) -> None:
    records = accuracy_records(asked)
    known = None if earlier is None else accuracy_records(earlier)
    tell = Console(stderr=True, highlight=False, soft_wrap=True)
    fitters: dict[str, Fitter] = {}
    with Workbenches(asked.out / "subjects") as workbenches:
        for number, one in enumerate(_drafts(asked), start=1):
            if one.key not in records:
                tell.print(
                    f"{number} of {asked.number}: {one.kind}, {100 * one.size:g} %, {one.benchmark}"
                )
                if known is not None and one.key in known:
                    trial = _again(asked, known[one.key], workbenches)
                else:
                    trial = _trial(asked, one, workbenches, fitters)
                records.add(one.key, trial)
    found = [scored(case) for case in cases(records)]
    sheets, figures = _figures(records, found)
    targets = score_targets(found)
    show([*sheets, targets_sheet(targets)])
    tell.print(f"written: {write_summary(asked, records, figures, sheets, targets)}")


def _drafts(asked: Asked) -> Iterator[Draft]:
    """What is drawn; for a sample large slowdowns alone."""
    benchmarks = {name: one.benchmarks for name, one in SUBJECTS.items()}
    if not asked.sample:
        return draft(asked.seed, asked.number, benchmarks)
    # All sizes come within so many, so that there are enough large ones.
    every = draft(asked.seed, asked.number * len(SIZES) * len(SUBJECTS), benchmarks)
    return itertools.islice((one for one in every if one.size >= SAMPLE_SIZE), asked.number)


def _trial(
    asked: Asked, one: Draft, workbenches: Workbenches, fitters: dict[str, Fitter]
) -> dict[str, Any]:
    """Make one injection, measure it, and ask the hook."""
    stages = Stages()
    trial: dict[str, Any] = {
        "subject": one.subject,
        "kind": one.kind,
        "benchmark": one.benchmark,
        "wanted": one.size,
        "failed": "",
        "seconds": stages.seconds,
    }
    workbench = workbenches.of(one.subject)
    try:
        with stages.stage("fit"):
            fitted = fitters.setdefault(one.subject, Fitter(workbench)).fit(one)
        trial["fitted"] = fitted.size
        injection = fitted.injection
        if injection is None:
            return {**trial, "failed": fitted.reason}
        with stages.stage("truth"):
            truth, seconds = measured_truth(workbench, injection, _rounds(asked, injection))
        with stages.stage("hook"):
            answer = _asked(asked, workbench, injection)
    except FAILURES as error:
        return {**trial, "failed": str(error)}
    return {
        **trial,
        "injection": kept_form(injection, workbench.files),
        "call": seconds,
        "truth": msgspec.to_builtins(truth),
        "answer": answer,
    }


def _rounds(asked: Asked, injection: Injection) -> int:
    """By how many rounds the truth is measured."""
    if asked.sample:
        return SAMPLE_ROUNDS
    alone = len(injection.slower) + len(injection.faster) == 1
    return ROUNDS_ALONE if alone else ROUNDS


def _again(asked: Asked, trial: dict[str, Any], workbenches: Workbenches) -> dict[str, Any]:
    """Ask the hook anew about an injection of an earlier study."""
    if trial["failed"]:
        return trial
    stages = Stages()
    workbench = workbenches.of(trial["subject"])
    injection = kept_injection(trial, workbench)
    with stages.stage("hook"):
        answer = _asked(asked, workbench, injection)
    return {**trial, "answer": answer, "seconds": {**trial["seconds"], **stages.seconds}}


def _asked(asked: Asked, workbench: Workbench, injection: Injection) -> dict[str, Any]:
    """What the hook says; if it breaks down, that it says nothing, which counts as not right."""
    try:
        told = workbench.ask(
            *workbench.pair(injection),
            injection.benchmark,
            budget=SAMPLE_BUDGET if asked.sample else BUDGET,
            factor=FACTOR,
        ).explanation
    except BROKEN as error:
        return {"verdict": "unknown", "causes": [], "broken": str(error)}
    workbench.forget()
    keep_explanation(asked, injection.key, told)
    return described(told)


def _figures(records: Records, found: Sequence[Score]) -> tuple[list[Sheet], Mapping[str, Any]]:
    """All tables, and all figures for programs."""
    scorable = {one.key for one in found}
    failed = {key: records[key]["failed"] for key in records if records[key]["failed"]}
    flat = [key for key in records if key not in scorable and key not in failed]
    stages = sorted({stage for key in records for stage in records[key]["seconds"]})
    seconds = {
        stage: statistics.median(
            records[key]["seconds"][stage] for key in records if stage in records[key]["seconds"]
        )
        for stage in stages
    }
    sheets = [
        *group_sheets(found),
        wrong_sheet(found),
        _left_out(records, flat, failed),
        Sheet(
            "Median seconds of each stage",
            ("stage", "seconds"),
            tuple((stage, f"{taken:.1f}") for stage, taken in seconds.items()),
        ),
    ]
    figures = {
        "all": scores(found).told(),
        "by_size": {str(size): one.told() for size, one in by(found, lambda one: one.size_class)},
        "by_kind": {kind: one.told() for kind, one in by(found, lambda one: one.kind)},
        "by_subject": {name: one.told() for name, one in by(found, lambda one: one.subject)},
        "wrong": wrong(found),
        "not_told_from_nothing": flat,
        "failed": failed,
        "seconds": seconds,
    }
    return sheets, figures


def _left_out(records: Records, flat: Sequence[str], failed: Mapping[str, str]) -> Sheet:
    """Injections that are not scored, and why."""
    rows = [(key, _wanted(records[key]), why) for key, why in failed.items()]
    for key in flat:
        truth = records[key]["truth"]
        interval = f"{100 * truth['low']:.1f} to {100 * truth['high']:.1f} %"
        rows.append((key, _wanted(records[key]), f"measured {interval}"))
    return Sheet(
        "Not scored: could not be made, or no slowdown as measured",
        ("injection", "wanted", "why"),
        tuple(rows),
    )


def _wanted(trial: Mapping[str, Any]) -> str:
    return f"{trial['kind']}, {100 * trial['wanted']:g} %, {trial['benchmark']}"


if __name__ == "__main__":
    sys.exit(main())
