"""Steps a second of each target and of the bare loop: python -m observatory.studies.throughput."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from observatory.studies.workload import time_steps

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure all in one run, taking turns, and print a table."""
    parser = argparse.ArgumentParser(
        prog="python -m observatory.studies.throughput",
        description="Steps a second of each target and of the bare event loop, from one run.",
    )
    parser.add_argument("--runs", type=int, default=25, help="default: %(default)s")
    seconds = asyncio.run(time_steps(max(1, parser.parse_args(arguments).runs)))
    bare = seconds["imperative_countdown"]
    table = Table("target", title="Throughput of this checkout, warm engine", title_justify="left")
    for heading in ("steps/s", "µs a step", "of a turn of the bare loop"):
        table.add_column(heading, justify="right")
    for name, step in seconds.items():
        table.add_row(name, f"{1 / step:,.0f}", f"{step * 1e6:.2f}", f"{step / bare:.1f} times")
    Console().print(table)


if __name__ == "__main__":
    main()
