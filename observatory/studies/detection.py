"""How small a slowdown is found: python -m observatory.studies.detection.

asv-explain says "slower" of a ratio whose whole interval lies above the factor, so no slowdown
below the factor is ever found, nor, half of the time, one that just reaches it. Who looks for a
slowdown of 3 % therefore asks with a factor well below 1.03; one of 1.01 leaves two thirds of such
a slowdown to be told from noise, and still passes over what differs by where code happens to lie.
asv is asked with the same factor, and at its own default.

A size that was missed too often to be found 95 times in 100, whatever the remaining trials say, is
asked about no more; the same goes for asv, on whose side sizes are settled sooner.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from typing import Any

from rich.console import Console

from asv_explain.options import BUDGET, factor_above_1
from observatory.injections.kinds.kind import Place
from observatory.injections.placing import PlacingError
from observatory.injections.subjects import SUBJECTS, SubjectError
from observatory.injections.truth import TruthError
from observatory.injections.workbench import Workbench, WorkbenchError
from observatory.studies.detection_figures import figures, found_table, smallest_table
from observatory.studies.false_alarms import pool
from observatory.studies.graded import Site, found_site, graded, slowed
from observatory.studies.smallest import OFTEN
from observatory.studies.trials import Asked, StudyError, command_line, run_study, write_summary
from observatory.studies.verdicts import HOOK, answers, beside, verdict

__all__ = ["FACTOR", "SIZES", "STUDY", "in_turn", "main"]

STUDY = "detection"

FACTOR = 1.01
"""The smallest ratio that counts, for somebody who looks for slowdowns of some 3 %."""

SIZES = (0.0, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05)
"""Slowdowns that are wanted. Of none at all, "slower" is a false alarm: the price of the factor."""

_PERCENTS = ", ".join(f"{100 * size:g}" for size in SIZES)

SAMPLE_SIZES = (0.05,)

BENCHMARKS = 12
"""So many take turns, two of each subject."""

ROUNDS = 12
"""Of comparing what work costs without asv-explain; from six on there are intervals of 95 %."""

SAMPLE_ROUNDS = 2

NUMBER, SAMPLE = 100, 1

SELDOM = {0.0: 5, 0.05: 5}
"""Sizes asked about only every so many turns: they are not near what is to be found out."""

ROUNDING = 1e-9
"""Floats such as 0.95 are off by less."""

SAMPLE_BUDGET = 15.0
"""Seconds of measuring in a sample, where a verdict need not be reached."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask about slowdowns of graded size, print tables, and return the exit status."""
    asked, found = command_line(
        STUDY,
        "Slow benchmarks down by work of measured cost, in several sizes, ask asv-explain and asv "
        "continuous about each, and find the smallest slowdown that is found 95 times in 100.",
        arguments,
        number=NUMBER,
        sample=SAMPLE,
        unit="trials of each size",
        add=_add,
    )
    mistakes = (WorkbenchError, SubjectError, PlacingError, TruthError)
    return run_study(STUDY, lambda: _Study(asked, found.factor, found.sizes).run(), mistakes)


def _add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--factor",
        type=factor_above_1,
        default=FACTOR,
        metavar="F",
        help="smallest slowdown that counts, for asv-explain and for asv (default: %(default)g)",
    )
    parser.add_argument(
        "--sizes",
        type=_size,
        nargs="+",
        metavar="PERCENT",
        help=f"only these of {_PERCENTS}; what is there of the others stays",
    )


def _size(text: str) -> float:
    """Read a size of `SIZES` in percent.

    Raises:
        ArgumentTypeError: it is none of them.
    """
    for size in SIZES:
        if text == f"{100 * size:g}":
            return size
    raise argparse.ArgumentTypeError(f"{text} is none of {_PERCENTS}")


def in_turn(every: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The same benchmarks such that each subject has its first one before any has its second."""
    seen: Counter[str] = Counter()
    ranks = {}
    for one in every:
        ranks[one] = seen[one[0]]
        seen[one[0]] += 1
    return sorted(every, key=lambda one: ranks[one])


class _Study:
    """The study at work.

    Args:
        asked: what is asked for.
        factor: the smallest ratio that counts.
        sizes: only these, or None for all.
    """

    def __init__(self, asked: Asked, factor: float, sizes: Sequence[float] | None) -> None:
        self._asked = asked
        self._factor = factor
        self._budget = SAMPLE_BUDGET if asked.sample else BUDGET
        self._records = asked.records(budget=self._budget, factor=factor)
        self._sizes = sizes or (SAMPLE_SIZES if asked.sample else SIZES)
        self._tell = Console(stderr=True, highlight=False)
        self._benches: dict[str, Workbench] = {}

    def run(self) -> None:
        """Make the trials that are missing, and tell what there is."""
        with ExitStack() as stack:
            for number, name, benchmark in self._turns(stack):
                for size in self._sizes:
                    key = f"{size:g} {number:03d}"
                    if key in self._records or not self._open(size, number):
                        continue
                    trial = self._trial(self._bench(name, stack), name, benchmark, size)
                    self._records.add(key, trial)
                    said = ", ".join(f"{who}: {what}" for who, what in answers(trial).items())
                    self._tell.print(f"{key}: {benchmark}: {said}")
        told = figures(self._trials(), self._factor, self._asked.seed)
        for table in (found_table(told), smallest_table(told)):
            Console().print(table)
        write_summary(self._asked, self._records, told)

    def _trials(self) -> list[dict[str, Any]]:
        """All trials so far, without what was measured for them."""
        return [one for one in map(self._records.__getitem__, self._records) if "size" in one]

    def _open(self, size: float, number: int) -> bool:
        """Whether a size is asked about in a turn."""
        if number % SELDOM.get(size, 1):
            return False
        return not size or self._missed(size).get(HOOK, 0) <= self._may_miss

    def _beside(self, size: float) -> bool:
        """Whether asv is asked about a size, which may be settled for it before it is for the hook.

        Of nothing at all, what asv calls slower is counted like what the hook does.
        """
        missed = self._missed(size)
        missed.pop(HOOK, None)
        return not size or not missed or min(missed.values()) <= self._may_miss

    def _missed(self, size: float) -> dict[str, int]:
        """How often each judge did not find a size."""
        missed: Counter[str] = Counter()
        for trial in self._trials():
            if trial["size"] == size:
                missed.update({who: what != "slower" for who, what in answers(trial).items()})
        return dict(missed)

    @property
    def _may_miss(self) -> int:
        """So many trials of a size may be missed if it is to count as found."""
        return math.floor((1 - OFTEN) * self._asked.number + ROUNDING)

    def _turns(self, stack: ExitStack) -> Iterator[tuple[int, str, str]]:
        """Number, subject and benchmark of each turn; as many benchmarks as there are turns for."""
        numbers = range(self._asked.number)
        usable = self._usable(in_turn(pool(self._asked.seed, sample=self._asked.sample)), stack)
        chosen: list[tuple[str, str]] = []
        for number in numbers:
            if number < BENCHMARKS and (one := next(usable, None)) is not None:
                chosen.append(one)
            if not chosen:
                raise StudyError("no benchmark has a place for a slowdown; choose another --seed")
            yield number, *chosen[number % len(chosen)]

    def _usable(
        self, every: Sequence[tuple[str, str]], stack: ExitStack
    ) -> Iterator[tuple[str, str]]:
        """Benchmarks with a function that work can be put into."""
        for name, benchmark in every:
            key = f"site {benchmark}"
            if key not in self._records:
                bench = self._bench(name, stack)
                self._tell.print(f"{benchmark}: finding a place for work")
                site = found_site(bench, benchmark, self._asked.seed)
                kept = None if site is None else asdict(site)
                self._records.add(key, {"site": kept})
            if self._records[key]["site"] is not None:
                yield name, benchmark

    def _trial(self, bench: Workbench, name: str, benchmark: str, size: float) -> dict[str, Any]:
        """One slowdown, for both to judge."""
        site = _site(self._records[f"site {benchmark}"]["site"])
        measured, after = 0.0, bench.commit({}, "The same code")
        if size:
            one = self._graded(bench, site)[str(size)]
            measured = one["size"]
            after = bench.commit(slowed(bench, site, one["amount"]), f"Slower by {size:.1%}")
        others = os.getloadavg()[0]
        how = (bench, bench.base, after)
        hook = verdict(*how, benchmark, budget=self._budget, factor=self._factor)
        asv: dict[str, Any] = {"answers": {}}
        if self._beside(size):
            asv = beside(*how, [benchmark], factor=self._factor)[benchmark]
        about = {"size": size, "measured": measured, "subject": name, "benchmark": benchmark}
        return {**about, "others": others, "hook": hook, "asv": asv}

    def _graded(self, bench: Workbench, site: Site) -> dict[str, Any]:
        """The work of each size, asked for or not, measured once for each benchmark."""
        key = f"graded {site.benchmark}"
        if key not in self._records:
            self._tell.print(f"{site.benchmark}: measuring what work costs in {site.place.name}")
            wanted = [size for size in SIZES if size]
            rounds = SAMPLE_ROUNDS if self._asked.sample else ROUNDS
            found = graded(bench, site, wanted, rounds)
            self._records.add(
                key, {"sizes": {str(size): asdict(one) for size, one in found.items()}}
            )
        sizes: dict[str, Any] = self._records[key]["sizes"]
        return sizes

    def _bench(self, name: str, stack: ExitStack) -> Workbench:
        if name not in self._benches:
            where = self._asked.out / "subjects"
            made = Workbench(SUBJECTS[name], where, say=lambda text: self._tell.print(text))
            self._benches[name] = stack.enter_context(made)
        return self._benches[name]


def _site(kept: dict[str, Any]) -> Site:
    return Site(**{**kept, "place": Place(**kept["place"])})


if __name__ == "__main__":
    sys.exit(main())
