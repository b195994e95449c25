"""Whether stated intervals hold what is true: python -m observatory.studies.oracle.

Programs are made in two versions whose costs follow from what they do (`oracle_programs`), so that
nothing is assumed that asv-explain assumes as well. Trials of several interpreters go into one
folder: run the study with each, and the table has a row for each of them.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console

from asv_explain.options import BUDGET
from observatory.injections.placing import PlacingError
from observatory.injections.subjects import SUITES, Subject
from observatory.injections.workbench import Workbench, WorkbenchError
from observatory.studies.answers import described
from observatory.studies.oracle_figures import figures, sheets, targets
from observatory.studies.oracle_programs import (
    FILE,
    KINDS,
    MIXED,
    Program,
    counted_shares,
    drawn,
    source,
)
from observatory.studies.oracle_timing import PROCESSES, timed, timed_shares
from observatory.studies.sheets import show, targets_sheet
from observatory.studies.trials import Asked, command_line, run_study, write_summary

__all__ = ["STUDY", "main", "true_shares"]

STUDY = "oracle"

NUMBER, SAMPLE = 90, 3
"""Programs for each interpreter; kinds take turns."""

SAMPLE_BUDGET = 30.0
"""Seconds of measuring in a sample, whose intervals are wide."""

SAMPLE_PROCESSES = 3

PYTHON = ".".join(platform.python_version_tuple()[:2])
"""The interpreter that programs run on: this one."""

BENCHMARK = "bench_oracle.Program.time_main"


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask about programs of known cost, print tables, and return the exit status."""
    asked, _ = command_line(
        STUDY,
        "Make programs in two versions whose functions do known amounts of the same work, ask "
        "asv-explain why the later one is slower, and count how many true shares of the slowdown "
        "lie in the intervals that it states.",
        arguments,
        number=NUMBER,
        sample=SAMPLE,
        unit="programs for this interpreter",
    )
    return run_study(STUDY, lambda: _study(asked), (WorkbenchError, PlacingError))


def _study(asked: Asked) -> None:
    budget = SAMPLE_BUDGET if asked.sample else BUDGET
    processes = SAMPLE_PROCESSES if asked.sample else PROCESSES
    records = asked.records(budget=budget, processes=processes)
    tell = Console(stderr=True, highlight=False)
    with ExitStack() as stack:
        bench: Workbench | None = None
        for number in range(asked.number):
            kind = KINDS[number % len(KINDS)]
            key = f"{PYTHON} {number:03d} {kind}"
            if key in records:
                continue
            if bench is None:
                bench = stack.enter_context(_workbench(asked, tell))
            program = drawn(kind, f"{asked.seed} {number}")
            trial = {"python": PYTHON, **_trial(bench, program, budget, processes)}
            records.add(key, trial)
            tell.print(f"{key}: {trial['said']['verdict']}, {_line(trial)}")
    found = figures([records[key] for key in records])
    made, wanted = sheets(found), targets(found)
    show([*made, targets_sheet(wanted)])
    write_summary(asked, records, found, made, wanted)


def _workbench(asked: Asked, tell: Console) -> Workbench:
    """Where programs are put, with environments of this interpreter."""
    package = FILE.partition("/")[0]
    suite = SUITES / "bench_oracle.py"
    subject = Subject("oracle", PYTHON, "made up", (package,), (), suite)
    empty = {FILE: "def main():\n    pass\n"}
    return Workbench(subject, asked.out / "subjects", empty, lambda text: tell.print(text))


def _trial(bench: Workbench, program: Program, budget: float, processes: int) -> dict[str, Any]:
    """Ask about one program; what is true of it, and what is said."""
    before, after = (source(program, units) for units in (program.before, program.after))
    earlier = bench.commit({FILE: before}, "Before")
    later = bench.commit({FILE: after}, "After", earlier)
    said = described(bench.ask(earlier, later, BENCHMARK, budget=budget).explanation)
    bench.forget()
    true = true_shares(program, processes)
    return {"program": asdict(program), "true": true, "said": said}


def true_shares(program: Program, processes: int = PROCESSES) -> dict[str, tuple[float, float]]:
    """Each slower function's share of the slowdown, and the standard error of that.

    Args:
        program: of which program.
        processes: in so many its functions are timed where they do different work.

    Raises:
        StudyError: the program doesn't run.
    """
    if program.kind != MIXED:
        return {name: (share, 0.0) for name, share in counted_shares(program).items()}
    with TemporaryDirectory(prefix="oracle-") as folder:
        files = []
        for side, units in (("before", program.before), ("after", program.after)):
            files.append(Path(folder) / f"{side}.py")
            files[-1].write_text(source(program, units), encoding="utf-8")
        return timed_shares(timed(files[0], files[1], program.slower, processes))


def _line(trial: Mapping[str, Any]) -> str:
    """True and stated shares in a few words."""
    said = {one["name"]: one["share"] for one in trial["said"]["causes"]}
    return ", ".join(
        f"{name} {100 * share:.0f} % ({'not named' if name not in said else f'{said[name]:.0%}'})"
        for name, (share, _) in trial["true"].items()
    )


if __name__ == "__main__":
    sys.exit(main())
