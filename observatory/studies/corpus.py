"""How real regressions are explained: python -m observatory.studies.corpus.

Each case of `observatory/corpus` is laid out as a repository of two commits and asked about. With
--lay-out nothing is asked, so that other tools can be tried on the same repositories.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
from rich.console import Console

from asv_explain.explanation import Cause, Explanation, ExplanationError, Verdict, decode
from asv_explain.options import BUDGET
from observatory.corpus.case import Case, CorpusError, read_cases
from observatory.corpus.layout import LaidOut, lay_out
from observatory.studies.records import Records
from observatory.studies.sheets import Sheet, show
from observatory.studies.trials import Asked, StudyError, command_line, run_study, write_summary

__all__ = ["STUDY", "Judged", "judged", "main"]

STUDY = "corpus"

SAMPLE, SAMPLE_BUDGET = 2, 30.0

# Rows of an explanation that name no change.
_NO_CHANGE = ("elsewhere", "unchanged", "rest")

_NOTE = (
    "right: the first change that is named is guilty, or may stand first as well; named: of the "
    "guilty functions, how many are named and told from noise. elsewhere: share of the difference "
    "in code that no change explains. put back: whether the set that gives it back holds a guilty "
    "function, where changes were put back."
)


@dataclass(frozen=True, slots=True)
class Judged:
    """What was said of a case, and whether it is right.

    Attributes:
        verdict: What asv-explain said.
        ratio: Time after over before.
        first: The first change that is named; "" where none is.
        right: Whether that is one of those that may stand first.
        named: Guilty functions that are named, and told from noise.
        guilty: Guilty functions in all.
        elsewhere: Share of the difference that no change explains.
        put_back: Whether the set that gives the difference back holds a guilty function; None where
            nothing was put back.
    """

    verdict: str
    ratio: float | None
    first: str
    right: bool
    named: int
    guilty: int
    elsewhere: float
    put_back: bool | None


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask about the cases, print what was said of each, and return the exit status."""
    every = len(read_cases())
    asked, found = command_line(
        STUDY,
        "Ask asv-explain about real slowdowns of published packages, whose causes are known.",
        arguments,
        number=every,
        sample=SAMPLE,
        unit="cases",
        add=_add,
    )
    return run_study(STUDY, lambda: _study(asked, found), (CorpusError,))


def _add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--case", action="append", metavar="NAME", help="this case; repeatable")
    parser.add_argument("--lay-out", action="store_true", help="make the repositories, ask nothing")


def _study(asked: Asked, found: argparse.Namespace) -> None:
    cases = read_cases(found.case or ())[: asked.number]
    repositories = asked.out / "corpus"
    tell = Console(stderr=True, highlight=False, soft_wrap=True)
    if found.lay_out:
        for case in cases:
            made = lay_out(case, repositories)
            tell.print(f"{made.root}: {made.command}")
        return
    budget = SAMPLE_BUDGET if asked.sample else BUDGET
    records = asked.records(budget=budget)
    for number, case in enumerate(cases, start=1):
        if case.name not in records:
            tell.print(f"{number} of {len(cases)}: {case.name}")
            made = lay_out(case, repositories)
            records.add(case.name, asdict(judged(case, _answer(made, budget))))
    sheet = _sheet(records, [case.name for case in cases])
    show([sheet])
    write_summary(asked, records, {name: records[name] for name in records}, [sheet])


def _answer(made: LaidOut, budget: float) -> Explanation:
    """What asv-explain says of a case.

    Raises:
        StudyError: It says nothing.
    """
    with TemporaryDirectory(prefix="corpus-") as folder:
        answers = Path(folder) / "answers.json"
        words = ["--config", str(made.root / "asv.conf.json"), made.before, made.after]
        words += [f"--bench=^{re.escape(made.benchmark)}$", f"--budget={budget:g}"]
        words += [f"--json={answers}", "--force"]
        done = subprocess.run(
            [sys.executable, "-m", "asv_explain", *words],
            capture_output=True,
            text=True,
            check=False,
        )
        try:
            (only,) = msgspec.json.decode(answers.read_bytes(), type=tuple[msgspec.Raw, ...])
            return decode(bytes(only))
        except (OSError, ValueError, ExplanationError):
            said = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()[-1]
            raise StudyError(f"asv explain gave no answer in {made.root}: {said}") from None


def judged(case: Case, said: Explanation) -> Judged:
    """Compare what was said with what is known."""
    guilty = set(case.guilty)
    changes = [one for one in said.causes if one.kind not in _NO_CHANGE]
    names = [_name(one.path, one.name) for one in changes]
    sure = {name for name, one in zip(names, changes, strict=True) if not one.noise}
    put_back = None
    if said.reversal is not None and said.reversal.changes:
        pieces = {_name(one.path, one.name) for one in said.reversal.changes}
        put_back = bool(pieces & (guilty | set(case.also_right)))
    answered = said.verdict in (Verdict.SLOWER, Verdict.FASTER)
    return Judged(
        verdict=said.verdict.value,
        ratio=said.ratio,
        first=names[0] if names else "",
        right=answered and bool(names) and names[0] in guilty | set(case.also_right),
        named=len(sure & guilty),
        guilty=len(guilty),
        elsewhere=sum(map(_elsewhere, said.causes)),
        put_back=put_back,
    )


def _elsewhere(cause: Cause) -> float:
    return cause.share if cause.kind in ("elsewhere", "unchanged") else 0.0


def _name(path: str, name: str) -> str:
    """A function as cases name it, from its file and what asv-explain calls it."""
    module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") or "~"
    return f"{module}:{name.partition(': ')[0].removeprefix('class ')}"


def _sheet(records: Records, names: Sequence[str]) -> Sheet:
    rows = tuple(_row(name, records[name]) for name in names if name in records)
    headings = ("case", "ratio", "verdict", "first cause", "right", "named", "elsewhere, %")
    return Sheet("Real regressions", (*headings, "put back"), rows, _NOTE)


def _row(name: str, one: Mapping[str, Any]) -> tuple[str, ...]:
    put_back = {None: "not tried", True: "guilty", False: "innocent"}[one["put_back"]]
    return (
        name,
        "none" if one["ratio"] is None else f"{one['ratio']:.2f}",
        one["verdict"],
        one["first"] or "none",
        "yes" if one["right"] else "no",
        f"{one['named']} of {one['guilty']}",
        f"{100 * one['elsewhere']:.0f}",
        put_back,
    )


if __name__ == "__main__":
    sys.exit(main())
