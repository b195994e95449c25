"""What a user may ask for on the command line."""

from __future__ import annotations

import argparse
import math
import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Options", "add_arguments", "read_options"]

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
        gate: whether the exit status tells of slowdowns.
        force: whether to measure again what is stored.
        verbose: whether to tell more.
        json: file for the explanations as JSON, ``-`` for standard output.
        markdown: file for the summary as Markdown, ``-`` for standard output.
        html: file for a page that holds all it needs, ``-`` for standard output.
        pstats: folder for profiles that pstats and snakeviz read.
        speedscope: folder for profiles that speedscope reads.
        folded: folder for folded stacks.
    """

    revisions: tuple[str, ...]
    bench: tuple[str, ...]
    environment: tuple[str, ...]
    machine: str | None
    config: Path | None
    factor: float | None
    budget: float
    rounds: int | None
    bisect: bool
    gate: bool
    force: bool
    verbose: bool
    json: str | None
    markdown: str | None
    html: str | None
    pstats: Path | None
    speedscope: Path | None
    folded: Path | None


def add_arguments(parser: argparse.ArgumentParser, *, own: bool = True) -> None:
    """Add the arguments to a parser.

    Args:
        parser: the parser.
        own: also those that asv's own commands have already.
    """
    parser.description = DESCRIPTION
    parser.epilog = EPILOG
    parser.add_argument("revisions", nargs="*", metavar="REVISION", help="A and B")
    parser.add_argument("-b", "--bench", type=_regex, action="append", default=[], metavar="REGEX")
    parser.add_argument("-E", "--environment", action="append", default=[], metavar="SPEC")
    parser.add_argument("-m", "--machine", metavar="NAME")
    if own:
        parser.add_argument("--config", type=Path, metavar="FILE", help="asv.conf.json")
        parser.add_argument("-v", "--verbose", action="store_true", help="show every cause")
    parser.add_argument(
        "--factor", type=_factor, metavar="F", help="smallest slowdown that counts, such as 1.05"
    )
    parser.add_argument(
        "--budget",
        type=_seconds,
        default=60.0,
        metavar="SECONDS",
        help="measuring time per benchmark (default: 60)",
    )
    parser.add_argument("--rounds", type=_count, metavar="N", help="so many rounds instead")
    parser.add_argument(
        "--bisect",
        action="store_true",
        help="where A..B holds several commits, narrow what got slower to one",
    )
    parser.add_argument("--gate", action="store_true", help="exit status 3 or 4, see below")
    parser.add_argument("--force", action="store_true", help="measure again what is stored")
    for name, what in (
        ("json", "explanations"),
        ("markdown", "summary"),
        ("html", "page with charts, whole in one file"),
    ):
        parser.add_argument(f"--{name}", metavar="FILE", help=f"{what}; - is standard output")
    for name, what in (
        ("pstats", "profiles for pstats and snakeviz"),
        ("speedscope", "profiles for speedscope"),
        ("folded", "folded stacks for flamegraph.pl"),
    ):
        parser.add_argument(f"--{name}", type=Path, metavar="DIR", help=what)


def read_options(found: argparse.Namespace, parser: argparse.ArgumentParser) -> Options:
    """The options in what a parser found; what can't go together ends the program."""
    if len(found.revisions) not in (0, 2):
        parser.error("name two revisions, A and B, or none for the recorded history")
    places: dict[str, str] = {}
    for name in ("json", "markdown", "html"):
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
        gate=found.gate,
        force=found.force,
        verbose=bool(found.verbose),
        json=found.json,
        markdown=found.markdown,
        html=found.html,
        pstats=found.pstats,
        speedscope=found.speedscope,
        folded=found.folded,
    )


def _regex(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"{text} is no regular expression ({error})") from None
    return text


def _factor(text: str) -> float:
    value = _number(text)
    if not 1 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is no factor; it is a number above 1")
    return value


def _seconds(text: str) -> float:
    value = _number(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is no time; it is seconds above 0")
    return value


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text} is no count; it is a whole number from 1 up")
    return int(text)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no number") from None
