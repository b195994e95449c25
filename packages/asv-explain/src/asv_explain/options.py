"""What a user may ask for on the command line."""

from __future__ import annotations

import argparse
import math
import re
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "BUDGET",
    "Options",
    "add_arguments",
    "count",
    "factor_above_1",
    "read_options",
    "regex",
    "seconds",
]

_DIGITS = 18

BUDGET = 180.0
"""Seconds of measuring for each benchmark, unless asked otherwise."""


DESCRIPTION = (
    "Say which change made a benchmark slower: measure it on both commits in turns, rerun it under "
    "cProfile on both, and attribute the difference to the code that changed."
)
EPILOG = (
    "Without revisions: every upward step in asv's recorded history. With A and B: all that "
    "matches -b, measured on both. B may be WORKTREE. Exit status with --gate: 0 nothing slower, "
    "3 something slower, 4 something could not be measured."
)


@dataclass(frozen=True, slots=True)
class Options:
    """One call's wishes.

    Attributes:
        revisions: none, or the two sides.
        bench: regular expressions as asv takes them.
        environment: environments as asv takes them.
        machine: asv's name of the machine, or None for this one.
        config: asv's configuration file, or None for the current folder's.
        factor: the smallest ratio that counts, or None for the configuration's.
        budget: seconds of measuring for each benchmark.
        rounds: pairs of rounds, or None to go on until the answer is clear.
        bisect: whether to narrow a range of several commits to one.
        prove: whether to put changes back until the difference is explained.
        gate: whether the exit status tells of slowdowns.
        force: whether to measure again what is stored.
        verbose: whether to tell more.
        json: file for the explanations as JSON, ``-`` for standard output.
        markdown: file for the summary as Markdown, ``-`` for standard output.
        html: file for a page that holds all it needs, ``-`` for standard output.
        patch: file for the patch that puts the changes back, ``-`` for standard output.
        pstats: folder for profiles that pstats and snakeviz read.
        speedscope: folder for profiles that speedscope reads.
        folded: folder for folded stacks.
    """

    revisions: tuple[str, ...] = ()
    bench: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    machine: str | None = None
    config: Path | None = None
    factor: float | None = None
    budget: float = BUDGET
    rounds: int | None = None
    bisect: bool = False
    prove: bool = False
    gate: bool = False
    force: bool = False
    verbose: bool = False
    json: str | None = None
    markdown: str | None = None
    html: str | None = None
    patch: str | None = None
    pstats: Path | None = None
    speedscope: Path | None = None
    folded: Path | None = None


def add_arguments(parser: argparse.ArgumentParser, *, own: bool = True) -> None:
    """Add the arguments to a parser.

    Args:
        parser: the parser.
        own: also those that asv's own commands have already.
    """
    parser.description = DESCRIPTION
    parser.epilog = EPILOG
    parser.add_argument("revisions", nargs="*", metavar="REVISION", help="A and B")
    parser.add_argument("-b", "--bench", type=regex, action="append", default=[], metavar="REGEX")
    parser.add_argument("-E", "--environment", action="append", default=[], metavar="SPEC")
    parser.add_argument("-m", "--machine", metavar="NAME")
    if own:
        parser.add_argument("--config", type=Path, metavar="FILE", help="asv.conf.json")
        parser.add_argument("-v", "--verbose", action="store_true", help="show every cause")
    parser.add_argument(
        "--factor",
        type=factor_above_1,
        metavar="F",
        help="smallest slowdown that counts, such as 1.05",
    )
    parser.add_argument(
        "--budget",
        type=seconds,
        default=BUDGET,
        metavar="SECONDS",
        help="measuring time per benchmark (default: %(default)g)",
    )
    parser.add_argument("--rounds", type=count, metavar="N", help="so many rounds instead")
    parser.add_argument(
        "--bisect",
        action="store_true",
        help="where A..B holds several commits, narrow what got slower to one",
    )
    parser.add_argument(
        "--prove",
        action="store_true",
        help="put changes back until the slowdown is explained, and name the smallest set that "
        "gives it back; takes at most the budget once more",
    )
    parser.add_argument("--gate", action="store_true", help="exit status 3 or 4, see below")
    parser.add_argument("--force", action="store_true", help="measure again what is stored")
    for name, what in (
        ("json", "explanations"),
        ("markdown", "summary"),
        ("html", "page with charts, whole in one file"),
        ("patch", "diff that puts back what --prove finds, for git apply"),
    ):
        parser.add_argument(f"--{name}", metavar="FILE", help=f"{what}; - is standard output")
    for name, what in (
        ("pstats", "exact calls for pstats and snakeviz"),
        ("speedscope", "sampled stacks for speedscope"),
        ("folded", "sampled stacks for flamegraph.pl"),
    ):
        parser.add_argument(f"--{name}", type=Path, metavar="DIR", help=what)


def read_options(found: argparse.Namespace, parser: argparse.ArgumentParser) -> Options:
    """The options in what a parser found; what can't go together ends the program."""
    if len(found.revisions) not in (0, 2):
        parser.error("name two revisions, A and B, or none for the recorded history")
    places: dict[str, str] = {}
    for name in ("json", "markdown", "html", "patch"):
        place = getattr(found, name)
        if place is not None and places.setdefault(place, name) != name:
            other = places[place]
            parser.error(f"--{other} and --{name} can't both go to the same place; choose another")
    config = found.config
    return Options(
        revisions=tuple(found.revisions),
        bench=tuple(found.bench),
        environment=tuple(found.environment),
        machine=found.machine,
        config=None if config is None else Path(config),
        factor=found.factor,
        budget=found.budget,
        rounds=found.rounds,
        bisect=found.bisect,
        prove=found.prove or found.patch is not None,
        gate=found.gate,
        force=found.force,
        verbose=bool(found.verbose),
        json=found.json,
        markdown=found.markdown,
        html=found.html,
        patch=found.patch,
        pstats=found.pstats,
        speedscope=found.speedscope,
        folded=found.folded,
    )


def regex(text: str) -> str:
    """Read a regular expression.

    Raises:
        ArgumentTypeError: it is none.
    """
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise argparse.ArgumentTypeError(f"{text} is no regular expression ({error})") from None
    return text


def factor_above_1(text: str) -> float:
    """Read a factor.

    Raises:
        ArgumentTypeError: it is no finite number above 1.
    """
    value = _number(text)
    if not 1 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is no factor; it is a number above 1")
    return value


def seconds(text: str) -> float:
    """Read a time in seconds.

    Raises:
        ArgumentTypeError: it is no finite number above 0.
    """
    value = _number(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is no time; it is seconds above 0")
    return value


def count(text: str) -> int:
    """Read a count.

    Raises:
        ArgumentTypeError: it is no whole number from 1 up.
    """
    # Python reads no longer numbers, and nobody means one.
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text} is no count; it is a whole number from 1 up")
    return int(text)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no number") from None
