"""The hook as Python calls it: explain two commits, and read what was explained."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from asv_explain.asv_side.project import load_project
from asv_explain.changes.git import straight
from asv_explain.explanation import Explanation, ExplanationError, decode
from asv_explain.mistakes import MISTAKES, told
from asv_explain.options import BUDGET, Options, count, factor_above_1, regex, seconds
from asv_explain.reports.text import plain
from asv_explain.session import Session, Tools
from asv_explain.store import Refused, Store

__all__ = ["ExplainError", "explain", "load", "stored"]

T = TypeVar("T")

LARGEST_EXPORT = 64 * 1024 * 1024
"""Bytes above which a file is not read: one of a hundred explanations has some ten million."""

Say = Callable[[str], None]


class ExplainError(Exception):
    """A mistake that the caller can mend; the text is one line that says what to do."""


def explain(
    before: str | None = None,
    after: str | None = None,
    *,
    benchmarks: Sequence[str] = (),
    config: str | os.PathLike[str] | None = None,
    environments: Sequence[str] = (),
    machine: str | None = None,
    factor: float | None = None,
    budget: float = BUDGET,
    rounds: int | None = None,
    bisect: bool = False,
    prove: bool = False,
    force: bool = False,
    say: Say | None = None,
) -> list[Explanation]:
    """Say which change made benchmarks slower, as ``asv explain`` does.

    What is explained is kept in the project's ``.asv/explanations`` as it comes, so that a call
    that is interrupted goes on where it was.

    Args:
        before: the earlier commit, by any name that git knows; without it and ``after``, every
            upward step in asv's recorded history is explained.
        after: the later commit, or "WORKTREE" for the working tree as it is.
        benchmarks: regular expressions, of which one has to match; all benchmarks if none.
        config: asv's configuration file; that of the current folder unless given.
        environments: environments as asv's ``-E`` takes them.
        machine: asv's name of the machine; this one unless given.
        factor: the smallest slowdown that counts, such as 1.05; that of the configuration unless
            given.
        budget: seconds of measuring for each benchmark.
        rounds: pairs of rounds; unless given, as many as a clear answer takes.
        bisect: whether to narrow a range of several commits to one.
        prove: whether to put changes back until the difference is explained, and name the
            smallest set that gives it back; takes at most ``budget`` once more.
        force: whether to measure again what is stored.
        say: is told in one line what is being done; nobody unless given.

    Returns:
        One explanation for each benchmark, parameter combination and environment. What could not
        be measured is among them, with the verdict *unknown*.

    Raises:
        ExplainError: something is asked for that there isn't, or the project or its environments
            can't be used.
    """
    if isinstance(benchmarks, str) or isinstance(environments, str):
        raise ExplainError("benchmarks and environments are sequences of texts; put it in a list")
    if (before is None) != (after is None):
        raise ExplainError("name two commits, before and after, or none for the recorded history")
    options = Options(
        revisions=() if before is None or after is None else (before, after),
        bench=tuple(_valid(regex, one) for one in benchmarks),
        environment=tuple(environments),
        machine=machine,
        config=None if config is None else Path(config),
        factor=None if factor is None else _valid(factor_above_1, factor),
        budget=_valid(seconds, budget),
        rounds=None if rounds is None else _valid(count, rounds),
        bisect=bisect,
        prove=prove,
        force=force,
    )
    try:
        with straight():
            session = Session(options, load_project(options.config), Tools(), say or _say_nothing)
            return [one.explanation for one in session.explanations()]
    except MISTAKES as error:
        raise ExplainError(told(error)) from error


def stored(
    config: str | os.PathLike[str] | None = None, *, say: Say | None = None
) -> list[Explanation]:
    """Read what is kept in a project's ``.asv/explanations``; nothing is measured.

    Args:
        config: asv's configuration file; that of the current folder unless given.
        say: is told of each file that is no explanation, in one line; nobody unless given.

    Raises:
        ExplainError: there is no such project.
    """
    try:
        project = load_project(None if config is None else Path(config))
    except MISTAKES as error:
        raise ExplainError(told(error)) from error
    found = []
    for one in Store(project.explanations):
        if isinstance(one, Refused):
            (say or _say_nothing)(plain(f"left out: {one.path}: {one.reason}"))
        else:
            found.append(one.explanation)
    return found


def load(file: str | os.PathLike[str]) -> list[Explanation]:
    """Read a file of ``--json``, or one of ``.asv/explanations``, which holds one explanation.

    Raises:
        ExplainError: the file can't be read, or is neither.
    """
    name = plain(str(file))
    try:
        # The user named it, so a link or pipe is as good as a file.
        with Path(file).open("rb") as opened:
            size = os.fstat(opened.fileno()).st_size
            # A pipe has no size; of a file, no more than that is taken into memory.
            data = b"" if size > LARGEST_EXPORT else opened.read((size or LARGEST_EXPORT) + 1)
    except (OSError, ValueError) as error:
        why = (isinstance(error, OSError) and error.strerror) or told(error)
        raise ExplainError(f"can't read {name} ({why}); name another file") from error
    size = max(size, len(data))
    if size > LARGEST_EXPORT:
        raise ExplainError(
            f"{name} has {size} bytes, more than the {LARGEST_EXPORT} that are read; "
            "export fewer explanations at once"
        )
    try:
        if not data.lstrip().startswith(b"["):
            return [decode(data)]
        return [decode(bytes(one)) for one in msgspec.json.decode(data, type=list[msgspec.Raw])]
    except (ExplanationError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ExplainError(f"{name} holds no explanations ({told(error)})") from error


def _valid(read: Callable[[str], T], value: object) -> T:
    """A value as the command line would take it, told wrong in the same words."""
    try:
        return read(str(value))
    except (argparse.ArgumentTypeError, ValueError) as error:
        # Python writes no integer of thousands of digits.
        raise ExplainError(told(error)) from None


def _say_nothing(text: str) -> None:
    del text
