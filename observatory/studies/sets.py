"""How often the set of changes that is put back is right: python -m observatory.studies.sets.

Programs are made in two versions of which it is known what has to go back to be as quick as before
(`set_programs`), and asv-explain is asked to find that.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from statistics import median
from typing import Any

from rich.console import Console

from asv_explain.explanation import Explanation
from asv_explain.options import BUDGET
from observatory.injections.placing import PlacingError
from observatory.injections.subjects import SUITES, Subject
from observatory.injections.workbench import Workbench, WorkbenchError
from observatory.studies.rates import Rate, rate_of
from observatory.studies.set_programs import KINDS, PACKAGE, Program, drawn
from observatory.studies.sheets import Sheet, Target, show, targets_sheet
from observatory.studies.trials import Asked, command_line, run_study, write_summary

__all__ = ["STUDY", "figures", "main", "result_of"]

STUDY = "sets"

NUMBER, SAMPLE = 60, 2
"""Programs; kinds take turns."""

SAMPLE_BUDGET = 30.0
"""Seconds of measuring in a sample, and as many of trials."""

EXACT, WRONG = 0.85, 0.02
"""So many sets shall be exactly right at least, and so many wrong at most."""

BENCHMARK = "bench_sets.Program.time_main"

RESULTS = ("exact", "too large", "wrong", "none")


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask about programs, print tables, and return the exit status."""
    asked, _ = command_line(
        STUDY,
        "Make programs in two versions whose changes play together in known ways, ask asv-explain "
        "which changes give the slowdown back, and count how often it is right.",
        arguments,
        number=NUMBER,
        sample=SAMPLE,
        unit="programs",
    )
    return run_study(STUDY, lambda: _study(asked), (WorkbenchError, PlacingError))


def _study(asked: Asked) -> None:
    budget = SAMPLE_BUDGET if asked.sample else BUDGET
    records = asked.records(budget=budget)
    tell = Console(stderr=True, highlight=False)
    with ExitStack() as stack:
        bench: Workbench | None = None
        for number in range(asked.number):
            kind = KINDS[number % len(KINDS)]
            key = f"{number:03d} {kind}"
            if key in records:
                continue
            program = drawn(kind, f"{asked.seed} {number}")
            if bench is None:
                bench = stack.enter_context(_workbench(asked, program, tell))
            trial = _trial(bench, program, budget)
            records.add(key, trial)
            tell.print(f"{key}: {trial['result']}")
    found = figures([records[key] for key in records])
    made, wanted = [_sheet(found)], _targets(found)
    show([*made, targets_sheet(wanted)])
    write_summary(asked, records, found, made, wanted)


def _workbench(asked: Asked, program: Program, tell: Console) -> Workbench:
    suite = SUITES / "bench_sets.py"
    subject = Subject("sets", "1", "made up", (PACKAGE,), (), suite)
    empty = dict.fromkeys(program.before, "def main():\n    pass\n")
    return Workbench(subject, asked.out / "subjects", empty, lambda text: tell.print(text))


def _trial(bench: Workbench, program: Program, budget: float) -> dict[str, Any]:
    """Ask about one program."""
    earlier = bench.commit(program.before, "Before")
    later = bench.commit(program.after, "After", earlier)
    told = bench.ask(earlier, later, BENCHMARK, budget=budget, prove=True).explanation
    bench.forget()
    found = told.reversal
    names = [] if found is None else [f"{one.path}: {one.name}" for one in found.changes]
    others = [] if found is None else [[*one.names, one.share] for one in found.others]
    return {
        "kind": program.kind,
        "wanted": [sorted(one) for one in program.wanted],
        "innocent": program.innocent,
        "verdict": told.verdict.value,
        "ratio": told.ratio,
        "found": names,
        "others": others,
        "share": None if found is None else found.share,
        "complete": found is not None and found.complete,
        "trials": 0 if found is None else found.trials,
        "seconds": 0.0 if found is None else found.seconds,
        "inferred": inferred(told, program),
        "result": result_of(names, program.wanted),
    }


def inferred(told: Explanation, program: Program) -> bool:
    """Whether the first cause that was inferred is one of those that have to go back."""
    guilty = {name for one in program.wanted for name in one}
    first = told.causes[0] if told.causes else None
    return first is not None and any(
        name.startswith(f"{first.path}: {first.name}") for name in guilty
    )


def result_of(found: Iterable[str], wanted: Iterable[Iterable[str]]) -> str:
    """What a set is beside those that are right: one of `RESULTS`."""
    names, right = {*found}, [{*one} for one in wanted]
    if not names:
        return "none"
    if names in right:
        return "exact"
    return "too large" if any(one < names for one in right) else "wrong"


def figures(trials: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """All figures: of each kind of program, and of all."""
    kinds = {kind: [one for one in trials if one["kind"] == kind] for kind in KINDS}
    return {name: _counted(every) for name, every in (*kinds.items(), ("all", [*trials])) if every}


def _counted(trials: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    asked = [one for one in trials if one["verdict"] == "slower"]
    return {
        "programs": len(trials),
        "slower": len(asked),
        **{name: rate_of([one["result"] == name for one in asked]).told() for name in RESULTS},
        "inferred": rate_of([one["inferred"] for one in asked]).told(),
        "trials": median([one["trials"] for one in asked]) if asked else None,
        "seconds": median([one["seconds"] for one in asked]) if asked else None,
    }


def _sheet(found: Mapping[str, Any]) -> Sheet:
    rows = tuple(
        (
            name,
            str(one["programs"]),
            str(one["slower"]),
            *(_rate(one[result]).brief for result in RESULTS),
            _rate(one["inferred"]).brief,
            "none" if one["trials"] is None else f"{one['trials']:g}",
            "none" if one["seconds"] is None else f"{one['seconds']:.0f}",
        )
        for name, one in found.items()
    )
    headings = (
        *("changes", "programs", "slower", *(f"{one}, %" for one in RESULTS)),
        *("first cause inferred, %", "trials", "seconds"),
    )
    note = (
        "Of programs that were found slower. Exact: a smallest set that gives the slowdown back. "
        "First cause inferred: without trials, the first cause is one of those that have to go "
        "back. Trials and seconds are medians; in brackets the 95 % interval."
    )
    return Sheet("Sets that give a slowdown back", headings, rows, note)


def _targets(found: Mapping[str, Any]) -> list[Target]:
    every = found["all"]
    exact, wrong = _rate(every["exact"]), _rate(every["wrong"])
    return [
        Target(
            "sets exactly right",
            f"at least {EXACT:.0%}",
            str(exact),
            None if exact.value is None else exact.value >= EXACT,
        ),
        Target(
            "sets that are wrong",
            f"at most {WRONG:.0%}",
            str(wrong),
            None if wrong.value is None else wrong.value <= WRONG,
        ),
    ]


def _rate(told: Mapping[str, Any]) -> Rate:
    return Rate(told["hits"], told["trials"], told["low"], told["high"])


if __name__ == "__main__":
    sys.exit(main())
