"""What a kind of change is: where it can be made, and how it is written there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from observatory.injections.injection import Files, Name
from observatory.injections.kinds.module import Function, Module, read

__all__ = ["Counts", "Kind", "Place", "Price", "hot", "put"]

Counts = Mapping[Name, float]
"""How often each function of a package is called in one call of a benchmark."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a change can be made.

    Attributes:
        path: the file.
        name: the function in which, or below which, the time is lost.
        calls: how often that runs in one call of the benchmark, as far as is known.
        detail: what else the kind needs to find its place again.
    """

    path: str
    name: str
    calls: float
    detail: str = ""

    @property
    def sort(self) -> str:
        """Which of the ways in which its kind can be made: what stands before a colon."""
        return self.detail.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Price:
    """What a change costs a call of its function, in seconds: a guess, to begin measuring with.

    Attributes:
        least: with the least amount.
        unit: each more.
        lowest: the least amount.
        most: the largest amount that still is code somebody might have written.
    """

    least: float
    unit: float
    lowest: int = 1
    most: int = 1_000_000


class Kind(Protocol):
    """A kind of change that makes code slower."""

    @property
    def name(self) -> str:
        """What the kind is called in tables."""

    @property
    def price(self) -> Price:
        """What it costs."""

    def places(self, files: Files, counts: Counts) -> Sequence[Place]:
        """Where it can be made in a package, in the order of files and lines."""

    def write(self, files: Files, place: Place, amount: int, seed: str, *, after: bool) -> Files:
        """Write one side: what both sides need to have, and after it the change itself.

        Args:
            files: all files of the package.
            place: one of ``places``.
            amount: how much of it.
            seed: chooses what may be written in several ways, alike for all amounts and sides.
            after: whether it is the later side.
        """

    def names(self, files: Files, place: Place, seed: str) -> tuple[Name, ...]:
        """All names under which a fair judge accepts the change."""


def hot(files: Files, counts: Counts) -> list[tuple[str, Module, Function, float]]:
    """Functions that the benchmark calls and that lines can be put into.

    Generators are left out, as their calls are not counted by calls; so are functions that read
    their own names as data.
    """
    found = []
    for name, calls in sorted(counts.items()):
        if name.path not in files or calls <= 0:
            continue
        module = read(files[name.path])
        function = module.functions.get(name.name)
        if function is None or function.is_generator or function.looks_at_itself:
            continue
        first = function.first
        if first is None or module.indent(first) is None:
            continue
        if any("overload" in one or "abstract" in one for one in function.decorators):
            continue
        found.append((name.path, module, function, calls))
    return found


def put(files: Files, path: str, text: str) -> Files:
    """The files with one of them written anew."""
    return {**files, path: text}
