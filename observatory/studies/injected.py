"""Injections as the accuracy study leaves them, so that other studies ask about the same ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from asv_explain.explanation import Explanation, encode
from asv_explain.files import write_whole
from observatory.injections.injection import Files, Injection
from observatory.injections.kept import KeptError, injection_from
from observatory.injections.subjects import SUBJECTS
from observatory.injections.truth import Ratio, compare
from observatory.injections.workbench import Workbench
from observatory.studies.answers import Role, Truth, kept_truth, true_edit
from observatory.studies.records import Records
from observatory.studies.scores import class_of
from observatory.studies.trials import Asked, StudyError

__all__ = [
    "Case",
    "Stages",
    "Workbenches",
    "cases",
    "keep_explanation",
    "kept_injection",
    "made_cases",
    "make_trials",
    "measured_truth",
]


@dataclass(frozen=True, slots=True)
class Case:
    """An injection that slows its benchmark down, as far as measuring can tell.

    Attributes:
        key: the injection's.
        subject: the package.
        kind: what was done.
        benchmark: asv's name of it.
        truth: what was measured.
        trial: all that the accuracy study keeps of it.
    """

    key: str
    subject: str
    kind: str
    benchmark: str
    truth: Truth
    trial: Mapping[str, Any]

    @property
    def size_class(self) -> float:
        """The class of size that it is in."""
        return class_of(self.truth.size)


class Stages:
    """How long each stage of a trial took, in seconds by the clock."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count what the block takes to a stage."""
        start = time.perf_counter()
        try:
            yield
        finally:
            taken = time.perf_counter() - start
            self.seconds[name] = self.seconds.get(name, 0.0) + taken


class Workbenches:
    """A workbench for each subject, opened when it is first asked for and kept open.

    Args:
        folder: where they are kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[str, Workbench] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Workbenches:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def of(self, subject: str) -> Workbench:
        """The workbench of a subject.

        Raises:
            WorkbenchError: it can't be made, or is in use.
            SubjectError: the package can't be had.
        """
        if subject not in self._open:
            made = Workbench(SUBJECTS[subject], self._folder)
            self._open[subject] = self._stack.enter_context(made)
        return self._open[subject]


def measured_truth(workbench: Workbench, injection: Injection, rounds: int) -> tuple[Truth, float]:
    """Measure an injection, each of its edits alone, and what the benchmark takes before.

    Args:
        workbench: of its package.
        injection: what to measure.
        rounds: how often each variant runs.

    Returns:
        The truth, and the CPU seconds of one call before.

    Raises:
        TruthError: a variant does not run.
        PlacingError: a variant does not compile.
    """
    roles: tuple[tuple[Role, Any], ...] = (
        ("slower", injection.slower),
        ("faster", injection.faster),
        ("innocent", injection.innocent),
    )
    edits = [(role, edit) for role, of_role in roles for edit in of_role]
    variants: dict[str, Files] = {"before": injection.before, "after": injection.after}
    for number, (_, edit) in enumerate(edits):
        alone = {**injection.before, **edit.files}
        # The only edit alone is all of them.
        if alone != injection.after:
            variants[str(number)] = alone
    found = compare(workbench, variants, injection.benchmark, rounds)
    after = found["after"]
    told = [
        true_edit(edit, role, _ends(found.get(str(number), after)))
        for number, (role, edit) in enumerate(edits)
    ]
    size, low, high = (one - 1.0 for one in _ends(after))
    return Truth(size, low, high, tuple(told)), found["before"].seconds


def keep_explanation(asked: Asked, key: str, explanation: Explanation) -> None:
    """Keep all that the hook said of an injection, for whoever wants to know why it is wrong.

    Raises:
        StudyError: it can't be written.
    """
    path = asked.out / "explanations" / f"{key}.json"
    try:
        write_whole(path, encode(explanation))
    except OSError as error:
        raise StudyError(
            f"can't write {path} ({error.strerror}); make room or choose another --out"
        ) from None


def kept_injection(trial: Mapping[str, Any], workbench: Workbench) -> Injection:
    """The injection of a trial of the accuracy study.

    Raises:
        StudyError: the trial has another form, or is of another release of the package.
    """
    try:
        return injection_from(trial["injection"], workbench.files)
    except (KeyError, KeptError) as error:
        raise StudyError(
            f"a trial can't be made again ({error}); choose another --out, or make accuracy again"
        ) from None


def made_cases(asked: Asked, records: Records) -> list[Case]:
    """What another study than that of accuracy asks about: the same as `cases`.

    Raises:
        StudyError: there are no trials, or they have another form.
    """
    if not len(records):
        raise StudyError(
            f"there are no injections in {asked.out}; make observatory.studies.accuracy first, "
            "with the same --out and --seed"
        )
    return cases(records)


def make_trials(
    asked: Asked,
    every: Sequence[Case],
    records: Records,
    make: Callable[[Case, Workbench], Mapping[str, Any]],
) -> None:
    """Make the trials of another study that are not there yet.

    Args:
        asked: what that study is asked.
        every: the injections that it asks about.
        records: its trials, by the injections' keys.
        make: makes one, with the workbench of its package.
    """
    tell = Console(stderr=True, highlight=False, soft_wrap=True)
    with Workbenches(asked.out / "subjects") as workbenches:
        for number, case in enumerate(every, start=1):
            if case.key not in records:
                tell.print(f"{number} of {len(every)}: {case.kind}, {case.benchmark}")
                records.add(case.key, make(case, workbenches.of(case.subject)))


def cases(records: Records) -> list[Case]:
    """The trials of the accuracy study that can be scored, in the order in which they were made.

    Raises:
        StudyError: they have another form.
    """
    found = []
    for key in records:
        trial = records[key]
        if trial["failed"]:
            continue
        try:
            truth = kept_truth(trial["truth"])
        except msgspec.ValidationError as error:
            raise StudyError(
                f"trial {key} is of another form ({error}); choose another --out"
            ) from None
        if truth.told_from_nothing:
            told = (trial["subject"], trial["kind"], trial["benchmark"])
            found.append(Case(key, *told, truth, trial))
    return found


def _ends(ratio: Ratio) -> tuple[float, float, float]:
    return ratio.median, ratio.low, ratio.high
