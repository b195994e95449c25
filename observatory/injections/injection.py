"""An injection: two trees of a real package's files, and which functions make the second slower."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Edit", "Files", "Injection", "Name"]

Files = Mapping[str, str]
"""Whole files by their path below site-packages, such as ``tomlkit/parser.py``."""


@dataclass(frozen=True, slots=True, order=True)
class Name:
    """A function, class body or module as the hook names it.

    Attributes:
        path: the file below site-packages.
        name: the qualified name, or the hook's own such as ``<module>``.
    """

    path: str
    name: str


@dataclass(frozen=True, slots=True)
class Edit:
    """One change that a commit makes.

    Attributes:
        names: all names under which it may rightly be told; an ``async def`` and the bridge that
            waits for it are one change under two names.
        files: the files that differ from the earlier side's where this edit alone is made.
    """

    names: tuple[Name, ...]
    files: Files


@dataclass(frozen=True, slots=True)
class Injection:
    """A change whose consequences are known, ready to be committed.

    Attributes:
        key: names it among all that are drawn from one seed; the same draw gives the same key.
        subject: the name of the package that it changes.
        kind: what is done to the code.
        benchmark: asv's name of the benchmark that it slows down.
        size: the slowdown that was wanted, such as 0.05.
        amount: how much was put in to reach it, in the kind's own unit.
        before: files of the earlier side that differ from the package as released.
        after: files of the later side that differ from the package as released, all edits made.
        slower: the edits that slow the benchmark down.
        faster: the edits that speed it up.
        innocent: the edits that cost nothing.
    """

    key: str
    subject: str
    kind: str
    benchmark: str
    size: float
    amount: int
    before: Files
    after: Files
    slower: tuple[Edit, ...]
    faster: tuple[Edit, ...] = ()
    innocent: tuple[Edit, ...] = field(default=())
