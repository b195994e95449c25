"""The command: from what the user asked to what is shown and exported, and the exit status."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence

from rich.console import Console

from asv_explain.asv_side.project import load_project
from asv_explain.changes.git import straight
from asv_explain.ending import Terminated, terminable
from asv_explain.explanation import Explanation, Verdict
from asv_explain.mistakes import MISTAKES, told
from asv_explain.options import Options, add_arguments, read_options
from asv_explain.output import check_exports, export
from asv_explain.parts import Explained
from asv_explain.reports.terminal import render
from asv_explain.reports.text import overall, plain
from asv_explain.session import Session, Tools

__all__ = ["main", "run"]

# How many causes are shown, and how many with --verbose.
FIRST, ALL = 8, 10_000

# Exit statuses of --gate.
SLOWER, UNKNOWN = 3, 4

# Exit statuses of programs that a signal ended, as shells tell them: 128 and the signal's number.
INTERRUPTED, TERMINATED = 130, 143


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``python -m asv_explain`` and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m asv_explain")
    add_arguments(parser)
    return run(read_options(parser.parse_args(arguments), parser))


def run(options: Options, tools: Tools | None = None) -> int:
    """Do what the options ask for.

    Args:
        options: What the user asks for.
        tools: What installs and measures; the real ones unless given.

    Returns:
        0; 1 after a mistake, told in one line; 130 when interrupted and 143 when terminated; with
        ``--gate`` 3 where something got slower and 4 where something could not be measured.
    """
    tell = Console(stderr=True, highlight=False, markup=False)
    try:
        with terminable(), straight():
            check_exports(options)
            found = list(_shown(options, tools or Tools(), lambda text: _say(tell, text)))
            export(options, found)
    except MISTAKES as error:
        sys.stderr.write(f"asv explain: {told(error)}\n")
        return 1
    except Terminated:
        sys.stderr.write("asv explain: terminated; what is explained so far is kept.\n")
        return TERMINATED
    except KeyboardInterrupt:
        sys.stderr.write("asv explain: interrupted; what is explained so far is kept.\n")
        return INTERRUPTED
    return _status([one.explanation for one in found]) if options.gate else 0


def _say(tell: Console, text: str) -> None:
    tell.print(plain(text), soft_wrap=True)


def _shown(options: Options, tools: Tools, say: Callable[[str], None]) -> Iterator[Explained]:
    """Explain one suspect after the other, and show each as it comes."""
    show = Console(highlight=False)
    quiet = "-" in (options.json, options.markdown, options.html)
    for explained in Session(options, load_project(options.config), tools, say).explanations():
        if not quiet:
            show.print(render(explained.explanation, ALL if options.verbose else FIRST))
            show.print()
        yield explained


def _status(explanations: Sequence[Explanation]) -> int:
    verdicts = {overall(one) for one in explanations}
    if Verdict.SLOWER in verdicts:
        return SLOWER
    return UNKNOWN if Verdict.UNKNOWN in verdicts else 0
