"""What every study shares: what it is asked, how it ends, and the summary that it leaves."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from asv_explain.ending import terminable
from asv_explain.files import write_whole
from asv_explain.mistakes import MISTAKES, told
from asv_explain.options import count
from observatory.studies.records import Records, RecordsError
from observatory.studies.sheets import Sheet, Target

__all__ = [
    "OUT",
    "SEED",
    "Asked",
    "StudyError",
    "command_line",
    "read_summary",
    "run_study",
    "this_place",
    "write_summary",
]

ROOT = Path(__file__).resolve().parents[2]

OUT = Path(".asv/studies")
"""Where studies leave what they measure, unless asked otherwise; a sample in a folder below."""

SEED = 2026
"""From which everything that is left to chance is drawn, unless asked otherwise."""

# The exit statuses of a study that can't go on, and of one that was stopped, as shells have it.
MISTAKE, STOPPED = 2, 130


class StudyError(Exception):
    """A study that can't be made as asked; the text is one line that says what to do."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a study is asked for.

    Attributes:
        study: the study's name, which its files bear.
        out: the folder of its files.
        seed: what is left to chance is drawn from it.
        number: how many trials.
        sample: whether a quick run will do, whose figures say little.
    """

    study: str
    out: Path
    seed: int
    number: int
    sample: bool

    def records(self, **settings: Any) -> Records:
        """The trials so far; the number is no setting, so that more can be asked for later.

        Args:
            **settings: what else the trials depend on.

        Raises:
            RecordsError: see `Records`.
        """
        asked = {"seed": self.seed, "sample": self.sample, **settings}
        return Records(self.out / f"{self.study}.jsonl", asked, this_place())


def command_line(
    study: str,
    description: str,
    arguments: Sequence[str] | None,
    *,
    number: int,
    sample: int,
    unit: str = "trials",
    add: Callable[[argparse.ArgumentParser], object] | None = None,
) -> tuple[Asked, argparse.Namespace]:
    """Read what every study may be asked.

    Args:
        study: its name, that of its module.
        description: what it does, for ``--help``.
        arguments: of the command line, or None for the program's own.
        number: trials of the full study.
        sample: trials of a sample.
        unit: what ``--number`` counts.
        add: adds the study's own arguments.

    Returns:
        What is asked, and all that was read, for the study's own arguments.
    """
    parser = argparse.ArgumentParser(
        prog=f"python -m observatory.studies.{study}", description=description
    )
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help=f"default: {OUT}, with --sample {OUT}/sample"
    )
    parser.add_argument("--seed", type=int, default=SEED, metavar="N", help="default: %(default)s")
    parser.add_argument(
        "--number",
        type=count,
        metavar="N",
        help=f"{unit}; default: {number}, with --sample {sample}",
    )
    parser.add_argument("--sample", action="store_true", help="a quick run that shows it works")
    if add is not None:
        add(parser)
    found = parser.parse_args(arguments)
    asked = Asked(
        study=study,
        out=found.out or (OUT / "sample" if found.sample else OUT),
        seed=found.seed,
        number=found.number or (sample if found.sample else number),
        sample=found.sample,
    )
    return asked, found


def run_study(
    study: str, work: Callable[[], object], mistakes: tuple[type[Exception], ...] = ()
) -> int:
    """Do a study's work, and return the exit status.

    Ctrl-C and SIGTERM leave the trials whole; a mistake ends in one line that says what to do.

    Args:
        study: its name.
        work: all that it does.
        mistakes: errors of the study's own whose texts are for the user.
    """
    known: tuple[type[Exception], ...] = (RecordsError, StudyError, *MISTAKES, *mistakes)
    try:
        with terminable():
            work()
    except KeyboardInterrupt:
        sys.stderr.write(f"{study}: stopped; the same command goes on from here\n")
        return STOPPED
    except known as error:
        sys.stderr.write(f"{study}: {told(error)}\n")
        return MISTAKE
    return 0


def this_place() -> dict[str, Any]:
    """Where trials are made now: CPU, cores, system, Python, day in UTC, and of which commit."""
    try:
        usable = len(os.sched_getaffinity(0))
    except AttributeError:
        usable = os.cpu_count() or 1
    return {
        "cpu": _cpu(),
        "cores": usable,
        "system": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "day": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "commit": _commit(),
    }


def write_summary(
    asked: Asked,
    records: Records,
    figures: Mapping[str, Any],
    sheets: Sequence[Sheet] = (),
    targets: Sequence[Target] = (),
) -> Path:
    """Write the study's JSON, whole or not at all: what was asked, where, and its figures.

    Args:
        asked: what was asked.
        records: the trials that it comes from, which tell where they were made.
        figures: all figures, for programs.
        sheets: the tables, as `accuracy_document` shows them.
        targets: what was to be reached and what is.

    Raises:
        StudyError: it can't be written.
    """
    summary = {
        "study": asked.study,
        "seed": asked.seed,
        "number": asked.number,
        "sample": asked.sample,
        "places": [{"trials": trials, "place": place} for place, trials in records.places],
        "figures": figures,
        "sheets": msgspec.to_builtins(sheets),
        "targets": msgspec.to_builtins(targets),
    }
    path = asked.out / f"{asked.study}.json"
    try:
        write_whole(path, json.dumps(summary, indent=1, allow_nan=False).encode() + b"\n")
    except OSError as error:
        raise StudyError(
            f"can't write {path} ({error.strerror}); make room or choose another --out"
        ) from None
    return path


def read_summary(folder: Path, study: str) -> dict[str, Any] | None:
    """A study's JSON as `write_summary` wrote it, or None where the study wasn't made.

    Raises:
        StudyError: the file can't be read, or holds something else.
    """
    path = folder / f"{study}.json"
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StudyError(f"can't read {path} ({error.strerror}); make the study again") from None
    except ValueError:
        raise StudyError(f"{path} is no JSON; make the study again") from None
    if not isinstance(found, dict) or found.get("study") != study or "figures" not in found:
        raise StudyError(f"{path} is no summary of {study}; make the study again")
    return found


def _cpu() -> str:
    """The processor's name as Linux tells it, elsewhere as Python does."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _commit() -> str | None:
    """The repository's commit, with a plus where files differ from it; None outside of git."""
    told = [
        subprocess.run(["git", "-C", ROOT, *words], capture_output=True, text=True)
        for words in (("rev-parse", "HEAD"), ("status", "--porcelain", "--untracked-files=no"))
    ]
    if any(one.returncode for one in told):
        return None
    return told[0].stdout.strip() + ("+" if told[1].stdout.strip() else "")
