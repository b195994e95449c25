"""Draws injections: which kind, how large, of which benchmark, and where in its code."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from observatory.injections.injection import Files
from observatory.injections.kinds.catalogue import KINDS, Role, Share, kind_named
from observatory.injections.kinds.kind import Counts, Place, Price
from observatory.injections.kinds.work import drawn
from observatory.injections.plan import Part

__all__ = ["SIZES", "Draft", "draft", "parts_of"]

SIZES = (0.03, 0.05, 0.10, 0.25, 1.00)
"""The slowdowns that are wanted, as shares of the benchmark's time."""

# A benchmark's functions that are called more seldom than the first are mostly what it calls
# itself; in those called more often than the second the smallest change is a large one.
_USUAL_CALLS = (20, 20_000)
# A change can be steered where so many of the smallest would reach the size, and is tried where
# that many would.
_STEERABLE, _TRIED = 3.0, 0.7


@dataclass(frozen=True, slots=True)
class Draft:
    """An injection to be made, before anything is measured.

    Attributes:
        key: names it among all of its seed.
        subject: the name of the package.
        benchmark: asv's name of the benchmark.
        kind: what is to be done to the code.
        size: the slowdown that is wanted, such as 0.05.
    """

    key: str
    subject: str
    benchmark: str
    kind: str
    size: float


def draft(seed: int, number: int, subjects: Mapping[str, Sequence[str]]) -> Iterator[Draft]:
    """Draw injections, the same ones again for the same seed.

    Any first so many of them are spread evenly: each kind comes with each size before any pair of
    them comes again, with other subjects each time, whose benchmarks take turns.

    Args:
        seed: what is drawn.
        number: how many.
        subjects: the benchmarks of each package.
    """
    kinds, names = list(KINDS), sorted(subjects)
    drawn("kinds", seed).shuffle(kinds)
    drawn("subjects", seed).shuffle(names)
    turns = {name: _turns(f"{seed} {name}", subjects[name]) for name in names}
    # Over the sizes a kind's subjects go on by one, and from one kind to the next begin elsewhere.
    cells = len(kinds) * len(SIZES)
    for index in range(number):
        turn, cell = divmod(index, cells)
        step, row = divmod(cell, len(kinds))
        size = SIZES[(step + row) % len(SIZES)]
        subject = names[(step + row + turn * len(SIZES)) % len(names)]
        yield Draft(f"{seed}-{index:04}", subject, next(turns[subject]), kinds[row], size)


def parts_of(
    one: Draft, files: Files, counts: Counts, seconds: float, attempt: int = 0
) -> tuple[Part, ...]:
    """Choose where the changes of an injection are made, and guess how much of each it takes.

    Args:
        one: what is to be made.
        files: all files of the package.
        counts: calls in one call of the benchmark.
        seconds: how long one call of the benchmark takes.
        attempt: another number gives other places.

    Returns:
        The changes, or nothing where the package has no place for one of them.
    """
    chosen: list[Part] = []
    for number, share in enumerate(KINDS[one.kind]):
        part = _part(
            f"{one.key} {attempt} {number}",
            share,
            abs(share.size) * one.size * seconds,
            files,
            counts,
            {(other.place.path, other.place.name) for other in chosen},
        )
        if part is None:
            return ()
        chosen.append(part)
    return tuple(chosen)


def _turns(seed: str, benchmarks: Sequence[str]) -> Iterator[str]:
    """Each benchmark once, then each once again in another order, without end."""
    turn = 0
    while True:
        order = list(benchmarks)
        drawn("benchmarks", seed, turn).shuffle(order)
        yield from order
        turn += 1


def _part(
    seed: str,
    share: Share,
    wanted: float,
    files: Files,
    counts: Counts,
    taken: Collection[tuple[str, str]],
) -> Part | None:
    """One change, of a kind and at a place that suits what it is to cost, in seconds."""
    chance = drawn("part", seed)
    for name in chance.sample(share.kinds, len(share.kinds)):
        kind = kind_named(name)
        price = kind.price
        innocent = share.role is Role.INNOCENT
        places = [
            one
            for one in kind.places(files, counts)
            if (one.path, one.name) not in taken
            and (innocent or _suits(price, wanted / one.calls, _TRIED))
        ]
        usual = [
            one
            for one in places
            if _USUAL_CALLS[0] <= one.calls <= _USUAL_CALLS[1]
            and (innocent or _suits(price, wanted / one.calls, _STEERABLE))
        ]
        if places:
            place = _one_of(chance, usual or places)
            more = 0.0 if innocent else (wanted / place.calls - price.least) / price.unit
            amount = min(price.lowest + max(round(more), 0), price.most)
            return Part(name, place, share.role, share.size, f"{seed} {name}", amount)
    return None


def _suits(price: Price, seconds: float, times: float) -> bool:
    """Whether a change of such a price may cost so much a call, by many times its smallest."""
    largest = price.least + price.unit * (price.most - price.lowest)
    return times * max(price.least, price.unit) <= seconds <= largest


def _one_of(chance: Random, places: Sequence[Place]) -> Place:
    """One place, such that each sort is as likely as another, and then each file."""
    sort = chance.choice(sorted({one.sort for one in places}))
    path = chance.choice(sorted({one.path for one in places if one.sort == sort}))
    return chance.choice([one for one in places if (one.sort, one.path) == (sort, path)])
