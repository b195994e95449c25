"""Slowdowns of graded size: own work in one function that a benchmark runs, and what it costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from observatory.injections.injection import Files, Name
from observatory.injections.kinds.kind import Place
from observatory.injections.kinds.own import OwnWork
from observatory.injections.truth import TruthError, compare, counts
from observatory.injections.workbench import Workbench

__all__ = ["GRAIN", "Graded", "Site", "found_site", "graded", "guessed", "slowed"]

KIND = OwnWork()

GRAIN = 0.0005
"""The least that work costs, as a share of the benchmark's time, is at most so much: sizes are
steered by the amount of work, not by in how many calls it is done."""

REACH = 0.2
"""Of the benchmark's time: so much work is measured to learn what a step of it costs. Far above
the noise, it is as exact for small amounts, whose cost is in proportion."""

TRIES = 4
"""So often the cost of work is measured at most, after a first time, until two agree."""

AGREEMENT = 0.25
"""Two measured costs agree if they differ by so much at most; a machine whose clock changes between
them makes them differ by more."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where work is put for one benchmark.

    Attributes:
        benchmark: asv's name of it.
        place: the function.
        seconds: of one call of the benchmark.
        seed: chooses the sort of work.
    """

    benchmark: str
    place: Place
    seconds: float
    seed: str


@dataclass(frozen=True, slots=True)
class Graded:
    """One size.

    Attributes:
        amount: steps of work in each call of the function.
        size: the slowdown, in proportion to what much work was measured to cost.
        low: the lower end of its interval.
        high: the upper end.
        seen: the slowdown as it was measured by itself, which scatters more.
    """

    amount: int
    size: float
    low: float
    high: float
    seen: float


def found_site(workbench: Workbench, benchmark: str, seed: int) -> Site | None:
    """The function called most among those in which the least work is small enough.

    Args:
        workbench: of which package.
        benchmark: asv's name of the benchmark.
        seed: chooses the sort of work.

    Returns:
        The site, or None where every function is called too often.

    Raises:
        TruthError: the benchmark does not run.
    """
    (released,) = compare(workbench, {"released": {}}, benchmark, 1).values()
    found = counts(workbench, {}, benchmark)
    times = Counter((path, name) for path, name, _ in found)
    calls = {
        Name(path, name): float(number)
        for (path, name, _), number in found.items()
        if times[path, name] == 1
    }
    most = GRAIN * released.seconds / KIND.price.least
    places = [one for one in KIND.places(workbench.files, calls) if one.calls <= most]
    if not places:
        return None
    place = max(places, key=lambda one: (one.calls, one.path, one.name))
    return Site(benchmark, place, released.seconds, f"{seed} {benchmark}")


def slowed(workbench: Workbench, site: Site, amount: int) -> Files:
    """The files that differ from the package as released where so much work is added."""
    files = KIND.write(workbench.files, site.place, amount, site.seed, after=True)
    return {site.place.path: files[site.place.path]}


def guessed(site: Site, size: float) -> int:
    """So much work as should slow the benchmark down by a size; measuring may tell otherwise."""
    return max(1, round(size * site.seconds / (site.place.calls * KIND.price.unit)))


def graded(
    workbench: Workbench, site: Site, sizes: Sequence[float], rounds: int
) -> dict[float, Graded]:
    """Work that slows the benchmark down by each size, and by how much it does.

    Args:
        workbench: of which package.
        site: where the work is put.
        sizes: slowdowns such as 0.03.
        rounds: of each comparison: the first finds the amounts, the next what they cost; that is
            done again where they disagree, up to `TRIES` times.

    Raises:
        TruthError: the benchmark does not run, or does not get slower.
    """
    far = guessed(site, REACH)
    ends: dict[str, Files] = {"released": {}, "much": slowed(workbench, site, far)}
    much = compare(workbench, ends, site.benchmark, rounds)["much"]
    for _ in range(TRIES):
        cost = much.median - 1
        if cost <= 0:
            raise TruthError(f"{site.benchmark} does not get slower by work in {site.place.name}")
        amounts = {size: max(1, round(size * far / cost)) for size in sizes}
        each = {str(size): slowed(workbench, site, amounts[size]) for size in sizes}
        found = compare(workbench, {**ends, **each}, site.benchmark, rounds)
        much = found["much"]
        if abs((much.median - 1) / cost - 1) <= AGREEMENT:
            break
    return {
        size: Graded(
            amount,
            size=(much.median - 1) * amount / far,
            low=(much.low - 1) * amount / far,
            high=(much.high - 1) * amount / far,
            seen=found[str(size)].median - 1,
        )
        for size, amount in amounts.items()
    }
