"""What is asked of fuzzing, and what is told of it: a table, JSON, and the exit status."""

from __future__ import annotations

import argparse
import importlib.util
import json
import platform
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from asv_explain.changes.git import GitError, git
from asv_explain.files import write_whole
from asv_explain.options import count
from observatory.studies.fuzzing.parser import Parser
from observatory.studies.fuzzing.parsers import PARSERS
from observatory.studies.fuzzing.run import MEMORY_MB, TIMEOUT, Outcome, fuzz
from observatory.studies.records import Records, RecordsError

__all__ = ["main"]

SECONDS, SAMPLE_SECONDS = 60, 3
"""For each parser, unless asked otherwise; and in a sample."""

SEED = 2026

# Exit statuses: something was found; it can't be done as asked; it was stopped.
FOUND, MISTAKE, STOPPED = 1, 2, 130


class _NotRun(Exception):
    """A parser that could not be tried at all; the text says why."""


Fuzz = Callable[[Parser, int, int, Path], Outcome]


def main(arguments: Sequence[str] | None = None, run: Fuzz = fuzz) -> int:
    """Fuzz every parser, or some; what is there of an earlier call is not done again.

    Args:
        arguments: The command line; that of the process unless given.
        run: Fuzzes one parser.

    Returns:
        0 if nothing was found; 1 if something was, its input kept; 2 after a mistake, told in one
        line; 130 when stopped.
    """
    asked = _parser().parse_args(arguments)
    seconds = asked.seconds or (SAMPLE_SECONDS if asked.sample else SECONDS)
    if run is fuzz and importlib.util.find_spec("atheris") is None:
        sys.stderr.write(
            "fuzzing: atheris is not installed; it has wheels for CPython 3.11 to 3.13 on Linux: "
            "pip install -r observatory/studies/fuzzing/requirements.txt\n"
        )
        return MISTAKE
    out: Path = asked.out / "sample" if asked.sample else asked.out
    try:
        settings = {"seconds": seconds, "seed": asked.seed}
        records = Records(out / "fuzzing.jsonl", settings)
        _fuzz_each(asked.parsers or list(PARSERS), records, seconds, asked.seed, out, run)
        write_whole(out / "fuzzing.json", _summary(records, settings))
    except KeyboardInterrupt:
        sys.stderr.write("fuzzing: stopped; the parsers that are done are kept\n")
        return STOPPED
    except (RecordsError, _NotRun, OSError) as error:
        sys.stderr.write(f"fuzzing: {error}\n")
        return MISTAKE
    outcomes = [_outcome(records, name) for name in records]
    Console().print(table(outcomes))
    return 0 if all(one.clean for one in outcomes) else FOUND


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m observatory.studies.fuzzing",
        description="Feed every parser of outside data with what no one would write, led by the "
        "code that inputs reach (atheris), and keep each input that ends in anything but a sound "
        "value or the documented error, takes too long, or takes too much memory.",
    )
    parser.add_argument("parsers", nargs="*", choices=[*PARSERS, []], metavar="PARSER",
                        help=f"only these, of: {', '.join(PARSERS)}")  # fmt: skip
    parser.add_argument("--seconds", type=count, help=f"for each parser; {SECONDS} unless given")
    parser.add_argument("--seed", type=count, default=SEED, help="what chance is drawn from")
    parser.add_argument("--out", type=Path, default=Path(".asv/studies"), help="folder of results")
    parser.add_argument("--sample", action="store_true", help=f"{SAMPLE_SECONDS} s for each parser")
    return parser


def _fuzz_each(
    names: Iterable[str], records: Records, seconds: int, seed: int, out: Path, run: Fuzz
) -> None:
    tell = Console(stderr=True, highlight=False)
    for name in names:
        if name not in records:
            tell.print(f"fuzzing {name} for {seconds} s: {PARSERS[name].what}")
            outcome = run(PARSERS[name], seconds, seed, out / "fuzzing-findings")
            if not outcome.inputs:
                raise _NotRun(f"{name} was given no input ({outcome.ended}); mend that first")
            records.add(name, outcome.raw())


def _outcome(records: Records, name: str) -> Outcome:
    raw = records[name]
    return Outcome(**{**raw, "findings": tuple(raw["findings"])})


def table(outcomes: Iterable[Outcome]) -> Table:
    """One row for each parser, and a sum."""
    shown = Table(title="Parsers of outside data under atheris")
    shown.add_column("parser")
    for name in ("seconds", "inputs", "edges covered", "slowest, s", "memory, MB", "findings"):
        shown.add_column(name, justify="right")
    every = list(outcomes)
    for one in every:
        found = str(len(one.findings)) + (f" ({one.ended})" if one.ended else "")
        figures = (one.seconds, one.inputs, one.edges, one.slowest, one.memory)
        shown.add_row(one.parser, *(f"{figure:,}" for figure in figures), found)
    shown.add_section()
    totals = (sum(one.seconds for one in every), sum(one.inputs for one in every))
    found = str(sum(len(one.findings) for one in every))
    shown.add_row("all", *(f"{figure:,}" for figure in totals), "", "", "", found)
    return shown


def _summary(records: Records, settings: dict[str, Any]) -> bytes:
    try:
        commit = git(Path(__file__).parent, "rev-parse", "HEAD").decode().strip()
    except GitError:
        commit = ""
    summary = {
        "study": "fuzzing",
        **settings,
        "timeout_seconds": TIMEOUT,
        "memory_mb": MEMORY_MB,
        "commit": commit,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "inputs": sum(records[name]["inputs"] for name in records),
        "findings": sum(len(records[name]["findings"]) for name in records),
        "parsers": [records[name] for name in records],
    }
    return json.dumps(summary, indent=1).encode() + b"\n"
