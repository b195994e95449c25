"""How long explaining takes, and how much memory: python -m observatory.studies.explaining."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

__all__ = ["PAIRS", "SIZES", "STAGES", "TARGET", "StudyError", "main", "repeated"]

ROOT = Path(__file__).resolve().parents[2]

# Functions and different stacks of one side.
SIZES = ((1_000, 10_000), (10_000, 100_000), (50_000, 500_000))

# Sampled rounds of each side: about as many as fit the default budget.
PAIRS = (8,)

# The target: the largest size takes at most so many seconds and bytes.
TARGET = (50_000, 500_000, 8)
TARGET_SECONDS, TARGET_BYTES = 5.0, 1_000_000_000

SEED = 2024

FEWEST_FUNCTIONS = 100

STAGES = ("read", "stacks", "profiles", "match", "blame", "rest")


class StudyError(Exception):
    """A size at which nothing could be measured; the text says why, in one line."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m observatory.studies.explaining",
        description="Explain changes that are made up, from samples and counts as the harness "
        "wrote them to the explanation's JSON, each repeat in a fresh process, and print what it "
        "takes.",
    )
    parser.add_argument("--functions", type=int, help="of one side; default: several sizes")
    parser.add_argument(
        "--stacks", type=int, help="different ones of a side; default: ten for each function"
    )
    parser.add_argument(
        "--pairs", type=int, default=PAIRS[0], help="of sampled rounds; default: %(default)s"
    )
    parser.add_argument("--repeats", type=int, default=3, help="default: %(default)s")
    options = parser.parse_args(arguments)
    if options.functions is None and options.stacks is not None:
        parser.error("--stacks needs --functions")
    sizes: Sequence[tuple[int, int]] = SIZES
    if options.functions is not None:
        sizes = [(options.functions, options.stacks or 10 * options.functions)]
    if options.repeats < 1 or options.pairs < 2 or sizes[0][0] < FEWEST_FUNCTIONS:
        parser.error(f"at least {FEWEST_FUNCTIONS} functions, two pairs and one repeat are needed")
    if sizes[0][1] < 2 * sizes[0][0]:
        parser.error("at least two stacks for each function are needed")
    cases = [(*size, options.pairs) for size in sizes]
    shown = track(cases, "explaining", console=Console(stderr=True))
    try:
        measured = {case: list(repeated(case, options.repeats)) for case in shown}
    except StudyError as error:
        sys.stderr.write(f"explaining: {error}\n")
        return 2
    for table in (_table(measured), _stages(measured)):
        Console().print(table)
    return 0


def repeated(case: tuple[int, int, int], repeats: int) -> Iterator[dict[str, float]]:
    """What each repeat took, as `explain_once` tells it, all on the same rounds.

    Args:
        case: functions, stacks and sampled rounds of a side.
        repeats: how many.

    Raises:
        StudyError: nothing could be measured.
    """
    functions, stacks, pairs = case
    with tempfile.TemporaryDirectory(prefix="explaining-") as folder:
        # At its start a process's peak memory is its parent's: what is big is made elsewhere.
        _run("made_profiles", functions, stacks, pairs, SEED, folder)
        for _ in range(repeats):
            taken: dict[str, float] = json.loads(_run("one_explanation", folder))
            yield taken


def _run(module: str, *arguments: object) -> str:
    """Run a module of the studies in a fresh process, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", f"observatory.studies.{module}", *map(str, arguments)],
        env={**os.environ, "PYTHONHASHSEED": "0"},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise StudyError(f"{module} failed: {last}")
    return done.stdout


def _table(measured: dict[tuple[int, int, int], list[dict[str, float]]]) -> Table:
    """Seconds by the clock and of CPU, and memory, beside the target."""
    table = Table(title="From samples to an explanation", title_justify="left")
    for heading in ("functions", "stacks", "pairs", "seconds", "range", "CPU", "MB"):
        table.add_column(heading, justify="right")
    table.add_column("target")
    for case, every in measured.items():
        walls = [one["wall"] for one in every]
        target = f"{TARGET_SECONDS:g} s, {TARGET_BYTES / 1e6:,.0f} MB" if case == TARGET else ""
        table.add_row(
            *(f"{number:,}" for number in case),
            f"{statistics.median(walls):.2f}",
            f"{min(walls):.2f} to {max(walls):.2f}",
            f"{statistics.median(one['cpu'] for one in every):.2f}",
            f"{max(one['memory'] for one in every) / 1e6:,.0f}",
            target,
        )
    return table


def _stages(measured: dict[tuple[int, int, int], list[dict[str, float]]]) -> Table:
    """CPU seconds of each stage; what is in none of them is the rest."""
    title = "CPU seconds of each stage, medians; what processes wrote is read as each of them ends"
    table = Table(title=title, title_justify="left")
    for heading in ("functions", "pairs", *STAGES):
        table.add_column(heading, justify="right")
    for (functions, _, pairs), every in measured.items():
        for one in every:
            one["rest"] = one["cpu"] - sum(one.get(stage, 0.0) for stage in STAGES[:-1])
        medians = [statistics.median(one[stage] for one in every) for stage in STAGES]
        table.add_row(f"{functions:,}", str(pairs), *(f"{seconds:.2f}" for seconds in medians))
    return table


if __name__ == "__main__":
    sys.exit(main())
