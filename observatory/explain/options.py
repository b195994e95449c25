"""What the command can be asked: its arguments, their defaults, and nothing that runs."""

import argparse
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["BENCHMARKS", "BUDGET", "CONFIG", "HEADLINE", "Options", "parse_options"]

BENCHMARKS = r"^tco\."
"""The benchmarks that are measured unless --bench names others."""

HEADLINE = tuple(
    rf"^tco\.{target}\.time_warm\b"
    for target in ("StableComplexLoop", "HeavyComplexCountdown", "SimpleCountdown")
)
"""The benchmarks that are reported unless --headline names others, and in whose order one is chosen
to explain a step in."""

BUDGET = 180.0
"""Seconds that the profile hook may measure each step of a benchmark unless --budget says."""

CONFIG = Path("asv.conf.json")
"""asv's configuration file unless --config names another."""


@dataclass(frozen=True, slots=True)
class Options:
    """The arguments of one call, with defaults filled in."""

    config: Path
    bench: tuple[str, ...]
    headline: tuple[str, ...]
    budget: float


def parse_options(arguments: Sequence[str] | None = None) -> Options:
    """Return the options in the arguments, those of the process by default.

    Raises SystemExit with status 2, after a line on stderr, if they cannot be understood.
    """
    parser = argparse.ArgumentParser(
        prog="python -m observatory.explain",
        description="Measure every milestone, compare, publish, and say what changed and why.",
        epilog="Exit status: 0 all measured, 1 something failed, 2 wrong use, 130 interrupted.",
    )
    parser.add_argument(
        "--config", type=Path, default=CONFIG, metavar="FILE", help="default: %(default)s"
    )
    parser.add_argument(
        "--bench",
        type=_pattern,
        action="append",
        metavar="REGEX",
        help=f"benchmarks to measure; repeatable; default: {BENCHMARKS}",
    )
    parser.add_argument(
        "--headline",
        type=_pattern,
        action="append",
        metavar="REGEX",
        help="benchmarks to report; repeatable, and of those that a step changed the first named "
        f"is explained; default: {' and '.join(HEADLINE)}",
    )
    parser.add_argument(
        "--budget",
        type=_seconds,
        default=BUDGET,
        metavar="SECONDS",
        help="measuring time to explain a step of a benchmark; default: %(default)g",
    )
    found = parser.parse_args(arguments)
    return Options(
        config=found.config,
        bench=tuple(found.bench or [BENCHMARKS]),
        headline=tuple(found.headline or HEADLINE),
        budget=found.budget,
    )


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no regular expression: {error}") from None
    return text


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return value
