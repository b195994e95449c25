"""What share of a benchmark is whose: python -m observatory.studies.shares FOLDED.

Reads the folded stacks that `asv explain --folded` writes: those that were sampled, so that a
function's share with its callees is as sure as that of its own code.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

__all__ = ["FoldedError", "Share", "Stack", "main", "read_folded", "shares"]

Stack = tuple[tuple[str, ...], float]
"""Functions from the outermost in, and the weight of the innermost's own time."""


class FoldedError(ValueError):
    """A file that holds no folded stacks; the text says what is wrong."""


@dataclass(frozen=True, slots=True)
class Share:
    """A function's shares of a whole, each between 0 and 1: its own code's, and with callees."""

    function: str
    own: float
    cumulative: float


def read_folded(text: str) -> tuple[Stack, ...]:
    """Read lines such as ``main;load;parse 42``.

    Raises:
        FoldedError: A line has no weight, or nothing weighs anything.
    """
    stacks = []
    for number, line in enumerate(text.splitlines(), start=1):
        frames, _, weight = line.rpartition(" ")
        if not frames or not weight.isdecimal():
            raise FoldedError(f"line {number} is no folded stack: {line[:60]!r}")
        stacks.append((tuple(frames.split(";")), float(weight)))
    if not sum(weight for _, weight in stacks):
        raise FoldedError("there are no folded stacks")
    return tuple(stacks)


def shares(stacks: Iterable[Stack], inside: str | None = None) -> tuple[Share, ...]:
    """Each function's share, those that take most with their callees first.

    Args:
        stacks: The stacks.
        inside: A text that a function's name holds; of its time alone, callees included, the
            shares are then, and frames above it are left out.

    Raises:
        FoldedError: No function's name holds that text.
    """
    own: defaultdict[str, float] = defaultdict(float)
    cumulative: defaultdict[str, float] = defaultdict(float)
    whole = 0.0
    for frames, weight in stacks:
        start = 0
        if inside is not None:
            start = next((at for at, name in enumerate(frames) if inside in name), len(frames))
        if start == len(frames):
            continue
        whole += weight
        own[frames[-1]] += weight
        for name in set(frames[start:]):
            cumulative[name] += weight
    if not whole:
        raise FoldedError(f"no function is named {inside}; the table without --inside lists them")
    found = [Share(name, own[name] / whole, part / whole) for name, part in cumulative.items()]
    return tuple(sorted(found, key=lambda share: -share.cumulative))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a table of the functions that take most."""
    parser = argparse.ArgumentParser(
        prog="python -m observatory.studies.shares",
        description="Whose share of a benchmark's time is how large, by its folded stacks.",
    )
    parser.add_argument("folded", type=Path, metavar="FOLDED", help="a file of asv explain")
    parser.add_argument("--inside", metavar="NAME", help="shares of this function's time alone")
    parser.add_argument("--top", type=int, default=15, help="so many rows; default: %(default)s")
    options = parser.parse_args(arguments)
    try:
        text = options.folded.read_text(encoding="utf-8")
        found = shares(read_folded(text), options.inside)
    except (OSError, UnicodeDecodeError, FoldedError) as error:
        parser.error(f"{options.folded}: {error}")
    table = Table("function", title=options.inside or options.folded.name, title_justify="left")
    for heading in ("own", "with callees"):
        table.add_column(heading, justify="right")
    for one in found[: max(1, options.top)]:
        table.add_row(escape(one.function), f"{one.own:.1%}", f"{one.cumulative:.1%}")
    Console().print(table)


if __name__ == "__main__":
    main()
