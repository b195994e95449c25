"""Fills a store with many explanations that differ in name alone, made up or real."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import replace
from pathlib import Path

from asv_explain.parts import Explained
from asv_explain.profiles.pair import ProfilePair
from asv_explain.store import Kept, Store
from observatory.studies.made_profiles import write
from observatory.studies.one_explanation import explained

__all__ = ["fill", "largest", "made_up"]

# What a hunk and a function's source are like: so many lines of this.
LINES, LINE = 30, "    total += price * share % 11  # as it was measured"

SEED = 2024

# Real benchmarks of a few hundred functions call each other about so deep.
DEPTH = 40


def made_up(functions: int, stacks: int) -> Explained:
    """An explanation of a change that is made up, with hunks and sources of usual length."""
    with tempfile.TemporaryDirectory(prefix="pages-") as folder:
        write(functions, stacks, 2, SEED, Path(folder), DEPTH)
        found = explained(Path(folder))
    source = "\n".join([LINE] * LINES)
    hunk = "\n".join(["@@ -1,30 +1,30 @@", *([f"-{LINE}", f"+{LINE}"] * (LINES // 2))])
    causes = tuple(
        replace(one, hunk=hunk, source_before=source, source_after=source)
        for one in found.explanation.causes
    )
    return replace(found, explanation=replace(found.explanation, causes=causes))


def largest(folder: Path) -> Explained | None:
    """The stored explanation with the most stacks; None where none has any."""
    store = Store(folder)
    pairs = [(found, store.profiles(found)) for found in store if isinstance(found, Kept)]
    profiled = [
        Explained(found.explanation, pair) for found, pair in pairs if isinstance(pair, ProfilePair)
    ]
    return max(profiled, key=_size, default=None)


def _size(one: Explained) -> int:
    pair = one.profiles
    return 0 if pair is None else len(pair.before.stacks.parent)


def fill(folder: Path, one: Explained, count: int) -> None:
    """Put an explanation into a store so many times, each under another name and other commits."""
    store = Store(folder)
    for number in range(count):
        before, after = (_commit(number, side) for side in ("before", "after"))
        told = replace(
            one.explanation,
            benchmark=f"{one.explanation.benchmark}_{number:04}",
            before=before,
            after=after,
        )
        store.put(told, one.profiles)


def _commit(number: int, side: str) -> str:
    return hashlib.sha1(f"{number} {side}".encode(), usedforsecurity=False).hexdigest()
