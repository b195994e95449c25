"""Writes docs/accuracy.md from what the studies left: python -m ...accuracy_document FOLDER."""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from asv_explain.files import write_whole
from asv_explain.reports.text import counted
from observatory.studies.alarm_sheets import SHEETS, Told
from observatory.studies.sheets import kept_sheets, kept_targets, markdown, targets_sheet
from observatory.studies.trials import OUT, StudyError, read_summary, run_study

__all__ = ["STUDIES", "document", "main"]

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "accuracy.md"

# Columns of its paragraphs.
WIDTH = 120

SAMPLE_DOCUMENT = "accuracy.md"


@dataclass(frozen=True, slots=True)
class Study:
    """A study as the document presents it.

    Attributes:
        name: that of its module.
        title: of its section.
        method: what is done, in a few sentences.
    """

    name: str
    title: str
    method: str


STUDIES = (
    Study(
        "accuracy",
        "How often the first cause is right",
        "Slowdowns that are known are put into the Cascade engine and into packages from PyPI. "
        "Each is measured without the hook and without a profiler: processes of all variants take "
        "turns, and CPU time counts. Then the hook is asked about the pair of commits, at its "
        "default budget. A slowdown that measuring can't tell from nothing is not scored but "
        "listed. The dearest of the edits that slow the benchmark down has to be the first cause, "
        "under its qualified name and in its file; the hook is asked to count what is slower by "
        "2 % or more. The true share of an edit is what it costs alone, over the sum of that over "
        "all edits that slow the benchmark down; the stated interval is the one that reports "
        "print, of everything that went the benchmark's way, given the difference measured.",
    ),
    Study(
        "oracle",
        "How often a stated interval holds what is true",
        "Programs are made in two versions whose functions do known amounts of the same work, so "
        "that each one's share of the slowdown follows by counting; only the functions of mixed "
        "programs do different work each, and are timed. The hook is asked about them at its "
        "default budget, on several interpreters.",
    ),
    Study(
        "corpus",
        "Real regressions",
        "Two releases each of packages on PyPI between which a benchmark got slower, in one case "
        "faster. Which functions were guilty is what the maintainers' report or fix says, or their "
        "difference where there is none, and was written down before asv-explain was asked.",
    ),
    Study(
        "peers",
        "What people do today",
        "On the same injections asv's own profile, pyinstrument and py-spy look at both sides, and "
        "functions are sorted by the difference of their own or of their cumulative time. The "
        "reader is a good one: functions are matched by qualified name, a comprehension belongs to "
        "the function it stands in, the benchmark itself and what runs it are left out, and "
        "sampled times are taken for each call of the benchmark. A better one still, told as "
        "package alone, leaves out libraries and built-in functions too, as the commit can't have "
        "changed them.",
    ),
    Study(
        "false_alarms",
        "How often it says slower or faster where nothing changed",
        "The same code on both sides, with the machine quiet and with a second process computing "
        "on another core; `asv continuous` judges the same pairs.",
    ),
    Study(
        "detection",
        "The smallest slowdown that is found",
        "Slowdowns of known size; the smallest one that is called slower 95 times in 100 at the "
        "default budget, with and without instruction counts; `asv continuous` judges the same "
        "pairs. What is slower by less than the factor that counts, 1.05 unless told otherwise, is "
        "never called slower, so both are asked with one that fits the sizes, named in the table. "
        "A size that is missed too often to be found 95 times in 100 by any further trials "
        "is asked about no more, and sizes far from that are asked about more seldom.",
    ),
    Study(
        "cost",
        "What it costs",
        "Time and peak memory by stage, and against `asv continuous` on the same pair.",
    ),
    Study(
        "sets",
        "How often the set that is put back is right",
        "Programs are made in two versions, in which one change costs time, or several do, or they "
        "only do so together, or each is enough by itself, or a gain stands beside them, or it "
        "goes through an object; five to twenty other functions are only written in another way. "
        "Which sets have to go back is known from how a program is made.",
    ),
)
"""The studies in the order of the document."""

INTRODUCTION = """\
# How often it is right, and what it costs

Every figure on this page was measured by the command above it. A command leaves its trials in
`.asv/studies`, goes on where it was stopped, and with another `--seed` draws other trials. This
page is written from what they left:

    .venv/bin/python -m observatory.studies.accuracy_document .asv/studies

`make study` runs a small sample of each into `.asv/studies/sample`. The trials themselves, and
under what circumstances they were made, stand in [docs/accuracy](accuracy).
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the document, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m observatory.studies.accuracy_document",
        description="Write docs/accuracy.md from the studies' JSON files; of a sample write it "
        "beside these.",
    )
    parser.add_argument("folder", type=Path, nargs="?", default=OUT, metavar="FOLDER")
    parser.add_argument("--to", type=Path, metavar="FILE", help="write this file instead")
    options = parser.parse_args(arguments)
    return run_study("accuracy_document", lambda: _write(options.folder, options.to))


def document(summaries: Mapping[str, Mapping[str, Any]]) -> str:
    """The document as Markdown.

    Args:
        summaries: of the studies that were made, by name.

    Raises:
        StudyError: a summary has another form.
    """
    try:
        return "\n".join([INTRODUCTION, *_targets(summaries), *_sections(summaries)])
    except (msgspec.ValidationError, KeyError, TypeError) as error:
        raise StudyError(f"a summary is of another form ({error}); make the study again") from None


def _write(folder: Path, target: Path | None) -> None:
    found = {one.name: read_summary(folder, one.name) for one in STUDIES}
    summaries = {name: one for name, one in found.items() if one is not None}
    if not summaries:
        raise StudyError(
            f"there is no study in {folder}; make one, such as observatory.studies.cost"
        )
    if target is None:
        # What a sample says is not worth a place in the repository.
        sampled = any(one["sample"] for one in summaries.values())
        target = folder / SAMPLE_DOCUMENT if sampled else DOCUMENT
    text = document(summaries)
    try:
        write_whole(target, text.encode())
    except OSError as error:
        raise StudyError(f"can't write {target} ({error.strerror}); choose another --to") from None
    sys.stdout.write(f"written: {target}\n")


def _targets(summaries: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """All targets of all studies in one table."""
    every = [one for name, summary in summaries.items() for one in _told(name, summary)[1]]
    if every:
        yield "## Targets\n"
        yield markdown(targets_sheet(every))


def _sections(summaries: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """One section for each study: what is done, by which command, where, and its tables."""
    for study in STUDIES:
        yield f"## {study.title}\n"
        yield f"{_wrapped(study.method)}\n"
        summary = summaries.get(study.name)
        if summary is None:
            yield "Not measured.\n"
            continue
        yield f"    {_command(study, summary)}\n"
        yield f"{_where(summary)}\n"
        for sheet in _told(study.name, summary)[0]:
            if sheet.rows:
                yield f"### {sheet.title}\n"
                yield markdown(replace(sheet, note=_wrapped(sheet.note)))


def _told(study: str, summary: Mapping[str, Any]) -> Told:
    """The tables and targets of a study: its own, or those that its figures come to."""
    if study in SHEETS:
        return SHEETS[study](summary["figures"])
    return kept_sheets(summary), kept_targets(summary)


def _wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def _command(study: Study, summary: Mapping[str, Any]) -> str:
    words = [f".venv/bin/python -m observatory.studies.{study.name}"]
    words += [f"--seed {summary['seed']}", f"--number {summary['number']}"]
    return " ".join([*words, *(["--sample"] if summary["sample"] else [])])


def _where(summary: Mapping[str, Any]) -> str:
    """On what machine it was measured, when, and of which commit; a line each with its trials."""
    places = [(one["trials"], _place(one["place"])) for one in summary["places"]]
    if len(places) == 1:
        return f"{places[0][1]}."
    return "\n".join(f"- {counted(trials, 'trial')}: {place}" for trials, place in places)


def _place(place: Mapping[str, Any] | None) -> str:
    if place is None:
        return "it was not noted where"
    machine = (place["cpu"], counted(place["cores"], "core"), place["system"], place["python"])
    commit = place["commit"]
    return ", ".join(
        [*machine, place["day"], "outside of git" if commit is None else f"commit {commit[:8]}"]
    )


if __name__ == "__main__":
    sys.exit(main())
