"""Which changes are made where, and the trees that they come to, together and each alone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from observatory.injections.injection import Edit, Files
from observatory.injections.kinds.catalogue import Role, kind_named
from observatory.injections.kinds.kind import Place

__all__ = ["Composed", "Part", "compose"]


@dataclass(frozen=True, slots=True)
class Part:
    """One of the changes of an injection.

    Attributes:
        kind: the name of its kind.
        place: where it is made.
        role: what it does to the benchmark.
        size: what it is to add to the benchmark's time, as a multiple of the slowdown wanted.
        seed: chooses what may be written in several ways.
        amount: how much of it.
    """

    kind: str
    place: Place
    role: Role
    size: float
    seed: str
    amount: int


@dataclass(frozen=True, slots=True)
class Composed:
    """All trees of an injection, each with the files alone that differ from the release.

    Attributes:
        before: the earlier side.
        after: the later side, with all changes.
        alone: for each part the later side with that change alone.
        edits: for each part the change as it is scored.
    """

    before: Files
    after: Files
    alone: tuple[Files, ...]
    edits: tuple[Edit, ...]


def compose(released: Files, parts: Sequence[Part]) -> Composed:
    """Write all changes.

    What gets faster is written the other way round: its earlier side is the dearer one.

    Args:
        released: all files of the package.
        parts: the changes, each in a function of its own.
    """
    every = range(len(parts))
    before = _tree(released, parts, ())
    after = _tree(released, parts, every)
    alone = tuple(_tree(released, parts, (one,)) for one in every)
    edits = tuple(
        Edit(kind_named(part.kind).names(released, part.place, part.seed), _differing(before, tree))
        for part, tree in zip(parts, alone, strict=True)
    )
    return Composed(
        _differing(released, before),
        _differing(released, after),
        tuple(_differing(released, one) for one in alone),
        edits,
    )


def _tree(released: Files, parts: Sequence[Part], made: Collection[int]) -> Files:
    """All files with some of the changes made, and what both sides share."""
    files = released
    for number, part in enumerate(parts):
        files = kind_named(part.kind).write(
            files,
            part.place,
            part.amount,
            part.seed,
            after=(number in made) != (part.role is Role.FASTER),
        )
    return files


def _differing(released: Files, files: Files) -> Files:
    """The files that are not as they were; none is ever removed."""
    return {path: text for path, text in files.items() if released.get(path) != text}
