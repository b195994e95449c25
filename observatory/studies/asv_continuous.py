"""What `asv continuous` says of a pair of commits and one benchmark, and what that takes."""

from __future__ import annotations

import json
import platform
import re
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from asv_explain.asv_side.project import load_project
from observatory.explain.asv_process import Asv, Stopped
from observatory.explain.asv_settings import known_machine
from observatory.studies.peak_memory import PeakMemory
from observatory.studies.trials import StudyError

__all__ = [
    "DEFAULT_FACTOR",
    "Answer",
    "Said",
    "continuous",
    "continuous_of",
    "copied",
    "stoppable",
]

Answer: TypeAlias = Literal["slower", "faster", "neither"]

DEFAULT_FACTOR = 1.1
"""asv's own --factor (asv 0.6.6, `commands/common_args.py`)."""

_MARKS: Mapping[str, Answer] = dict(zip("+- ", get_args(Answer), strict=True))
"""What stands before a benchmark in asv's table; all other marks are of what can't be compared."""

_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Said:
    """What asv said of one benchmark.

    Attributes:
        answers: by factor, `DEFAULT_FACTOR` first, whether the later commit is slower or faster.
        ratio: after over before, as asv rounds it.
        seconds: what `asv continuous` took, environments and installing included, and whatever
            else it measured in the same call.
        memory: bytes of the largest process's peak, or None where the system doesn't tell.
    """

    answers: Mapping[float, Answer]
    ratio: float
    seconds: float
    memory: int | None


def continuous(
    config: Path, before: str, after: str, benchmark: str, factors: Sequence[float] = ()
) -> Said:
    """Have `asv continuous` measure one benchmark: see `continuous_of`.

    Raises:
        StudyError: asv did not compare the two; the text has what it said last.
        KeyboardInterrupt: a stop signal came. asv has ended, with all that it started.
    """
    return continuous_of(config, before, after, (benchmark,), factors)[benchmark]


def continuous_of(
    config: Path,
    before: str,
    after: str,
    benchmarks: Sequence[str],
    factors: Sequence[float] = (),
) -> dict[str, Said]:
    """Have `asv continuous` measure a pair of commits at its defaults, and read its answers.

    What it measured is judged at other factors by `asv compare`, whose judgement `asv continuous`
    prints. Environments are kept beside the configuration, results are not.

    Args:
        config: asv's configuration; a copy of it is used that keeps results elsewhere.
        before: the earlier commit.
        after: the later one, another than that, as asv keeps one result for a commit.
        benchmarks: their names as asv writes them, with parameters in brackets if they have any;
            all are measured in one call.
        factors: at which to judge besides.

    Returns:
        What asv said, by benchmark.

    Raises:
        StudyError: asv did not compare one of them; the text has what it said last.
        KeyboardInterrupt: a stop signal came. asv has ended, with all that it started.
    """
    if before == after:
        raise StudyError("asv continuous compares two commits; give it the same code in two")
    with tempfile.TemporaryDirectory(prefix="asv-continuous-") as name:
        folder = Path(name)
        own = {"results_dir": str(folder / "results"), "html_dir": str(folder / "html")}
        with stoppable(copied(config, folder, **own)) as asv:
            if known_machine(Path.home() / ".asv-machine.json", platform.node()) is None:
                _run(asv, "machine", "--yes")
            pattern = f"^({'|'.join(map(re.escape, benchmarks))})$"
            words = ("--no-only-changed", "--bench", pattern)
            begun = time.monotonic()
            with PeakMemory() as peak:
                told = _run(asv, "continuous", *words, before, after)
            seconds = time.monotonic() - begun
            judged = {DEFAULT_FACTOR: {one: _read(told, one) for one in benchmarks}}
            for factor in factors:
                told = _run(asv, "compare", "--factor", str(factor), before, after)
                judged[factor] = {one: _read(told, one) for one in benchmarks}
    return {
        one: Said(
            {factor: each[one][1] for factor, each in judged.items()},
            judged[DEFAULT_FACTOR][one][0],
            seconds,
            peak.bytes,
        )
        for one in benchmarks
    }


def copied(config: Path, folder: Path, **own: str) -> Path:
    """A copy of an asv configuration in a folder, with the same folders but for some of its own.

    Args:
        config: asv's configuration.
        folder: where the copy goes.
        **own: settings that it has instead.
    """
    copy = folder / "asv.conf.json"
    settings = {**vars(load_project(config).conf), **own, "version": 1}
    copy.write_text(json.dumps(settings), encoding="utf-8")
    return copy


@contextmanager
def stoppable(config: Path) -> Iterator[Asv]:
    """Run commands on a project within the block; after it, signals do what they did before.

    Raises:
        KeyboardInterrupt: a stop signal came. What ran has ended, with all that it started.
    """
    kept = {number: signal.getsignal(number) for number in _STOPS}
    asv = Asv(config)
    try:
        yield asv
    except Stopped:
        raise KeyboardInterrupt from None
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
    if asv.received is not None:
        raise KeyboardInterrupt


def _run(asv: Asv, *arguments: str) -> str:
    """What asv prints. Its exit status is 1 where something got slower, as after a mistake."""
    told: list[str] = []
    asv.run(*arguments, show=told.append)
    return "".join(told)


def _read(told: str, benchmark: str) -> tuple[float, Answer]:
    """The ratio and the answer in the benchmark's row of asv's table.

    Raises:
        StudyError: there is no such row, or it compares nothing.
    """
    for line in told.splitlines():
        cells = line.strip().strip("|").split("|")
        if len(cells) == 5 and cells[4].strip() == benchmark:
            mark, ratio = cells[0].strip() or " ", cells[3].strip().lstrip("~")
            if mark in _MARKS and ratio != "n/a":
                return float(ratio), _MARKS[mark]
    last = next((line.strip() for line in reversed(told.splitlines()) if line.strip()), "nothing")
    raise StudyError(
        f"asv compared nothing of {benchmark} ({last}); run asv continuous --show-stderr by hand"
    )
