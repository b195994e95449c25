"""How much slower one commit is than another: python -m observatory.studies.ratios A B."""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from observatory.explain.milestones import MilestoneError, find_milestones

__all__ = ["main"]

ROOT = Path(__file__).resolve().parents[2]
DISTRIBUTIONS = ("cascade-spec", "cascade-graph", "cascade-engine")

# Runs of each target in one process; its median is that process's figure.
RUNS = 9


class RevisionError(Exception):
    """A revision that can't be measured; the text says why, in one line."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m observatory.studies.ratios",
        description="Time the targets at several revisions, each repeat in a process of its own, "
        "there and back again (A B B A), and print each ratio to the revision before.",
    )
    parser.add_argument("revisions", nargs="+", metavar="REVISION", help="milestone or commit")
    parser.add_argument("--repeats", type=int, default=5, help="default: %(default)s")
    options = parser.parse_args(arguments)
    if len(options.revisions) < 2 or options.repeats < 1:
        parser.error("a ratio needs at least two revisions and one repeat")
    try:
        with tempfile.TemporaryDirectory() as folder:
            engines = {
                revision: _unpack(revision, Path(folder, str(number)))
                for number, revision in enumerate(options.revisions)
            }
            console = Console()
            steps = list(_rounds(options.revisions, options.repeats))
            seconds: dict[str, list[dict[str, float]]] = {one: [] for one in options.revisions}
            for revision in track(steps, "measuring", console=Console(stderr=True)):
                seconds[revision].append(_measure(engines[revision]))
    except (RevisionError, MilestoneError) as error:
        sys.stderr.write(f"ratios: {error}\n")
        return 2
    console.print(f"Medians of {options.repeats} repeats; a ratio is of one repeat's two sides.")
    for before, after in pairwise(options.revisions):
        console.print(_table(before, after, seconds))
    return 0


def _rounds(revisions: Sequence[str], repeats: int) -> Iterator[str]:
    """Each revision once a repeat, in alternating order, so that drift falls on both sides."""
    for repeat in range(repeats):
        yield from revisions if repeat % 2 == 0 else reversed(revisions)


def _unpack(revision: str, folder: Path) -> list[Path]:
    """The source folders of a revision's engine, unpacked below ``folder``."""
    slugs = {milestone.slug: milestone.commit for milestone in find_milestones(ROOT)}
    paths = [f"packages/{name}/src" for name in DISTRIBUTIONS]
    commit = slugs.get(revision, revision)
    archive = subprocess.run(
        ["git", "-C", ROOT, "archive", "--end-of-options", commit, *paths], capture_output=True
    )
    if archive.returncode != 0:
        reason = archive.stderr.decode(errors="replace").strip().splitlines()[-1]
        raise RevisionError(
            f"{revision} has no engine to measure ({reason}); "
            f"name a commit, or a milestone: {', '.join(slugs)}"
        )
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
        tar.extractall(folder, filter="data")
    return [folder / path for path in paths]


def _measure(sources: Sequence[Path]) -> dict[str, float]:
    """Seconds a step of each target, from a fresh process on one CPU."""
    pinned = min(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    done = subprocess.run(
        [sys.executable, "-m", "observatory.studies.workload", str(RUNS)],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, [*sources, ROOT])),
            "PYTHONHASHSEED": "0",
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        preexec_fn=None if pinned is None else lambda: os.sched_setaffinity(0, {pinned}),
    )
    if done.returncode != 0:
        raise RevisionError(f"the workload failed: {done.stderr.strip().splitlines()[-1]}")
    seconds: dict[str, float] = json.loads(done.stdout)
    return seconds


def _table(before: str, after: str, seconds: dict[str, list[dict[str, float]]]) -> Table:
    """One row for each target: the median step of both sides, and the ratios' median and range."""
    table = Table(title=f"{before} → {after}", title_justify="left")
    table.add_column("target")
    for heading in ("before, µs", "after, µs", "ratio", "lowest to highest"):
        table.add_column(heading, justify="right")
    for target in seconds[before][0]:
        sides = [[one[target] for one in seconds[revision]] for revision in (before, after)]
        ratios = [new / old for old, new in zip(*sides, strict=True)]
        table.add_row(
            target,
            *(f"{statistics.median(steps) * 1e6:.2f}" for steps in sides),
            f"{statistics.median(ratios):.3f}",
            f"{min(ratios):.3f} to {max(ratios):.3f}",
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
