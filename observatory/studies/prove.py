"""How often a proof agrees with the truth: python -m observatory.studies.prove.

Injections of the accuracy study that the hook called slower are asked about again with --prove,
and what it says of each cause that it put back is compared with what is true of that code.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

from asv_explain.options import BUDGET
from observatory.injections.placing import PlacingError
from observatory.injections.subjects import SubjectError
from observatory.injections.workbench import Workbench, WorkbenchError
from observatory.studies.accuracy import FACTOR, SAMPLE_BUDGET, accuracy_records
from observatory.studies.injected import Case, Stages, kept_injection, made_cases, make_trials
from observatory.studies.proofs import ROLES, Proved, described_proofs, proofs
from observatory.studies.rates import Rate, rate_of
from observatory.studies.records import Records
from observatory.studies.sheets import Sheet, show
from observatory.studies.trials import (
    Asked,
    command_line,
    run_study,
    write_summary,
)

__all__ = ["main"]

STUDY = "prove"

NUMBER = 60
"""Injections of the full study; each takes the budget twice."""

SAMPLE = 1

OUTCOMES = ("proven", "refuted", "open", "cannot")

# Names and figures in a reason differ from case to case; what is left is counted.
PARTICULAR = re.compile(r"`[^`]*`|\([^)]*\)|\b[\w./]+\.py(?:: [\w.<>]+)?")


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the trials that are not there yet, print the tables, and return the exit status."""
    asked, _ = command_line(
        STUDY,
        "Have asv-explain prove what it says of injections of the accuracy study, which has to be "
        "made first with the same --out and --seed.",
        arguments,
        number=NUMBER,
        sample=SAMPLE,
        unit="injections",
    )
    return run_study(STUDY, lambda: _study(asked), (SubjectError, WorkbenchError))


def _study(asked: Asked) -> None:
    called = [
        case
        for case in made_cases(asked, accuracy_records(asked))
        if case.trial["answer"]["verdict"] == "slower"
    ]
    every = called[: asked.number]
    budget = SAMPLE_BUDGET if asked.sample else BUDGET
    records = asked.records(budget=budget, factor=FACTOR)
    make_trials(asked, every, records, lambda case, bench: _trial(case, bench, budget))
    there = [case for case in every if case.key in records]
    found = [
        one for case in there for one in proofs(case.key, case.truth, records[case.key]["proofs"])
    ]
    sheets = [_outcomes(found), _scopes(found), _reasons(found), _wrong(found)]
    show(sheets)
    path = write_summary(asked, records, _figures(found, records), sheets)
    sys.stderr.write(f"written: {path}\n")


def _trial(case: Case, workbench: Workbench, budget: float) -> dict[str, Any]:
    """Ask about one injection, with proofs."""
    stages = Stages()
    try:
        with stages.stage("hook"):
            told = workbench.ask(
                *workbench.pair(kept_injection(case.trial, workbench)),
                case.benchmark,
                budget=budget,
                factor=FACTOR,
                prove=True,
            ).explanation
    except PlacingError as error:
        return {"failed": str(error), "proofs": [], "seconds": stages.seconds}
    workbench.forget()
    return {
        "failed": "",
        "verdict": told.verdict.value,
        "caveats": [one.kind for one in told.caveats],
        "proofs": described_proofs(told),
        "seconds": stages.seconds,
    }


def _figures(found: Sequence[Proved], records: Records) -> dict[str, Any]:
    """All figures for programs."""
    return {
        "injections": len(records),
        "agrees": _agrees(found).told(),
        "held": _held(found).told(),
        "by_role": {
            role: {
                "outcomes": dict(Counter(one.outcome for one in found if one.role == role)),
                "agrees": _agrees([one for one in found if one.role == role]).told(),
                "held": _held([one for one in found if one.role == role]).told(),
            }
            for role in ROLES
        },
    }


def _agrees(found: Sequence[Proved]) -> Rate:
    return rate_of(one.agrees for one in found if one.agrees is not None)


def _held(found: Sequence[Proved]) -> Rate:
    return rate_of(one.held for one in found if one.held is not None)


def _outcomes(found: Sequence[Proved]) -> Sheet:
    """What was said of what is true."""
    rows = []
    for role in (*ROLES, "all"):
        some = [one for one in found if role in (one.role, "all")]
        counts = Counter(one.outcome for one in some)
        told = [str(counts[outcome]) for outcome in OUTCOMES]
        rows.append((role, str(len(some)), *told, _agrees(some).brief, _held(some).brief))
    note = (
        "guilty: edits that slow the benchmark down are in the code that was put back; gain: only "
        "such as speed it up; innocent: neither. agrees, in percent: of those that are proven or "
        "refuted, how many rightly, which is proven of guilty code and refuted of other. "
        "interval: how often the true share of that code lies in the 95 % interval of the share "
        "that came back."
    )
    return Sheet(
        "Proofs beside the truth",
        ("code put back", "proofs", *OUTCOMES, "agrees", "interval"),
        tuple(rows),
        note,
    )


def _scopes(found: Sequence[Proved]) -> Sheet:
    """How much had to be put back together."""
    rows = []
    for scope in dict.fromkeys(one.scope for one in found):
        counts = Counter(one.outcome for one in found if one.scope == scope)
        told = [str(counts[outcome]) for outcome in OUTCOMES]
        rows.append((scope, str(counts.total()), *told))
    return Sheet("By how much was put back", ("scope", "proofs", *OUTCOMES), tuple(rows))


def _reasons(found: Sequence[Proved]) -> Sheet:
    """Why code could not be put back alone."""
    counts = Counter(PARTICULAR.sub("…", why) for one in found for why in one.reasons[:1])
    rows = tuple((why, str(count)) for why, count in counts.most_common())
    return Sheet("Why a cause could not be put back alone", ("reason", "times"), rows)


def _wrong(found: Sequence[Proved]) -> Sheet:
    """Every proof that contradicts the truth."""
    rows = tuple(
        (one.key, one.cause, one.scope, one.outcome, f"{100 * one.true_share:.0f} %")
        for one in found
        if one.agrees is False
    )
    headings = ("injection", "cause", "put back", "said", "true share of it")
    return Sheet("Proofs that contradict the truth", headings, rows)


if __name__ == "__main__":
    sys.exit(main())
