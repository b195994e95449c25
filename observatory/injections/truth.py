"""How long variants of a package take, measured against each other without asv-explain."""

from __future__ import annotations

import json
import os
import select
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from scipy import stats  # type: ignore[import-untyped]

from observatory.injections import truth_script
from observatory.injections.injection import Files
from observatory.injections.placing import place
from observatory.injections.repository import BENCHMARKS
from observatory.injections.workbench import Workbench

__all__ = ["SAMPLES", "Ratio", "TruthError", "compare", "counts", "interval"]

SAMPLES = 10
"""So many samples, of some ten milliseconds each, are taken in one process: where its data happen
to lie moves it by more than its samples scatter, so time is better spent on further processes."""

CONFIDENCE = 0.95
"""How often the interval of a ratio holds the median of all ratios there could be."""


TIMEOUT = 60.0
"""Seconds after which a process that gives no answer is given up."""


class TruthError(Exception):
    """A variant can't be measured; the text is one line that says why."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """A variant's time over that of the first variant.

    Attributes:
        median: of the ratios of all rounds.
        low: lower end of its interval.
        high: upper end.
        seconds: CPU seconds of one call of the benchmark, the median over rounds.
    """

    median: float
    low: float
    high: float
    seconds: float


def compare(
    workbench: Workbench,
    variants: Mapping[str, Files],
    benchmark: str,
    rounds: int,
    *,
    samples: int = SAMPLES,
) -> dict[str, Ratio]:
    """Measure variants of a package against the first of them.

    Each round starts a process for each variant, all with one hash seed. They are warmed up, then
    take samples in turns, in their order and in the reverse one, so that whatever else the machine
    does meets all alike. What counts is CPU time, by the median of the samples of one turn.

    Args:
        workbench: of which package.
        variants: the files of each that differ from the package as released.
        benchmark: asv's name of the benchmark.
        rounds: how many; from six on the intervals hold their 95 %.
        samples: how many of each process.

    Returns:
        The ratio of each variant, that of the first being 1.

    Raises:
        TruthError: a variant does not run.
        PlacingError: a variant does not compile.
    """
    names = list(variants)
    folders = dict(zip(names, _placed(workbench, [*variants.values()]), strict=True))
    with _Child(folders[names[0]], benchmark, {"mode": "time", "number": 0}, 0) as first:
        # All make the same number of calls in a sample.
        number = int(first.answer()["number"])
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for seed in range(rounds):
        took = _round(folders, benchmark, number, seed, samples)
        for name, seconds in took.items():
            pairs = zip(seconds, took[names[0]], strict=True)
            ratio = statistics.median(one / base for one, base in pairs)
            found[name].append((ratio, statistics.median(seconds)))
    result = {}
    for name, of in found.items():
        ratios = [ratio for ratio, _ in of]
        low, high = interval(ratios)
        usual = statistics.median(seconds for _, seconds in of)
        result[name] = Ratio(statistics.median(ratios), low, high, usual)
    return result


def _round(
    folders: Mapping[str, Path], benchmark: str, number: int, seed: int, samples: int
) -> dict[str, list[float]]:
    """CPU seconds of a call by variant and turn, from one process for each variant."""
    took: dict[str, list[float]] = {name: [] for name in folders}
    with ExitStack() as running:
        children = {}
        for name, folder in folders.items():
            child = _Child(folder, benchmark, {"mode": "time", "number": number}, seed)
            children[name] = running.enter_context(child)
        for child in children.values():
            # All have started and are warm before any takes a sample.
            child.answer()
        for turn in range(samples):
            for name in [*folders][:: -1 if turn % 2 else 1]:
                took[name].append(float(children[name].ask()["seconds"]))
    return took


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The confidence interval of a median by the sign test, whatever the distribution.

    The k-th smallest and k-th largest value, k the largest for which the binomial distribution says
    that the median lies between both with `CONFIDENCE` (Conover, Practical Nonparametric
    Statistics, 3rd edition 1999, section 3.2). Fewer than six values don't reach it: then it is the
    whole range, whose confidence is 1 - 2 ** (1 - n).

    Args:
        values: one or more.
    """
    ordered = sorted(values)
    place_ = max(int(stats.binom.ppf((1 - CONFIDENCE) / 2, len(ordered), 0.5)), 1)
    return ordered[place_ - 1], ordered[-place_]


def counts(workbench: Workbench, files: Files, benchmark: str) -> dict[tuple[str, str, int], int]:
    """How often one call of a benchmark calls each function of a package.

    The benchmark has been called once before, so that what stays in caches is there.

    Args:
        workbench: of which package.
        files: those that differ from the package as released.
        benchmark: asv's name of the benchmark.

    Returns:
        Calls by path below site-packages, qualified name and first line (that of the first
        decorator, if there is one). A generator counts once more each time that it goes on.

    Raises:
        TruthError: the benchmark does not run.
        PlacingError: a file does not compile.
    """
    (folder,) = _placed(workbench, [files])
    with _Child(folder, benchmark, {"mode": "count"}, 0) as child:
        rows = child.answer()["calls"]
    return {
        (path, name, line): calls
        for path, name, line, calls in rows
        if not path.startswith(f"{BENCHMARKS}/")
    }


def _placed(workbench: Workbench, variants: Sequence[Files]) -> list[Path]:
    """The folders of the variants, their paths of one length, the benchmarks beside the package."""
    subject = workbench.subject
    suite = {
        f"{BENCHMARKS}/__init__.py": "",
        f"{BENCHMARKS}/{subject.suite.name}": subject.source,
    }
    folders = []
    for number, files in enumerate(variants):
        folder = workbench.folder / "variants" / f"{number:02d}"
        folder.mkdir(parents=True, exist_ok=True)
        whole = {**workbench.files, **files, **suite}
        place(folder, whole, Path(sys.executable), [_variables(0)])
        folders.append(folder)
    return folders


def _variables(seed: int) -> dict[str, str]:
    """The variables of a process, Python's own left out but for the seed of hashes."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {**kept, "PYTHONHASHSEED": str(seed)}


class _Child:
    """The script at work on one variant, until the end of a with block."""

    def __init__(self, folder: Path, benchmark: str, how: Mapping[str, Any], seed: int) -> None:
        module, holder, method = benchmark.split(".")
        asked = {
            "folder": str(folder),
            "module": f"{BENCHMARKS}.{module}",
            "holder": holder,
            "method": method,
            **how,
        }
        self._benchmark = benchmark
        self._said = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - see __exit__
        self._process: subprocess.Popen[str] = subprocess.Popen(
            # Without site-packages nothing but the variant itself can be imported.
            [sys.executable, "-S", truth_script.__file__, json.dumps(asked)],
            cwd=folder,
            env=_variables(seed),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
        )

    def __enter__(self) -> _Child:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()
        self._said.close()

    def ask(self) -> Any:
        """Have it take a sample, and give that."""
        # A pipe that is broken shows in the answer that is missing.
        with suppress(BrokenPipeError):
            print(file=self._process.stdin, flush=True)
        return self.answer()

    def answer(self) -> Any:
        """Its next line."""
        answers = cast("IO[str]", self._process.stdout)
        if not select.select([answers], [], [], TIMEOUT)[0]:
            raise TruthError(f"{self._benchmark} gave no answer within {TIMEOUT:g} s")
        line = answers.readline()
        if not line:
            self._process.wait()
            self._said.seek(0)
            said = [one.strip() for one in self._said if one.strip()]
            raise TruthError(
                f"{self._benchmark} does not run ({said[-1] if said else 'it said nothing'})"
            )
        return json.loads(line)
