"""How often slowdowns of each size were found, by whom, and the smallest that are found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from rich.table import Table

from asv_explain.measuring.confirm import estimate
from observatory.studies.rates import rate
from observatory.studies.smallest import Graded, smallest
from observatory.studies.verdicts import HOOK, answers

__all__ = ["COUNTED", "COUNTED_FACTOR", "TARGETS", "figures", "found_table", "smallest_table"]

COUNTED = f"{HOOK}, instructions"
"""What the instructions say that asv-explain counted in the same rounds."""

COUNTED_FACTOR = 1.002
"""The smallest ratio of instructions that counts. As they scatter by far less than time does, a
fifth of the smallest slowdown that is to be found by them can be asked for."""

TARGETS: Mapping[str, float] = {HOOK: 0.03, COUNTED: 0.01}
"""The smallest slowdowns that should be found."""

NOT_HERE = "not available here"
"""Stands where the system doesn't let a process count its instructions."""


def figures(trials: Sequence[Mapping[str, Any]], factor: float, seed: int) -> dict[str, Any]:
    """What trials come to.

    Args:
        trials: as the study keeps them.
        factor: the smallest ratio that counted.
        seed: of the draws behind intervals.
    """
    said = [(one["size"], one["measured"], _found(one)) for one in trials]
    sizes: dict[str, Any] = {}
    for size in sorted({size for size, _, _ in said}):
        measured = [of for wanted, of, _ in said if wanted == size]
        found: dict[str, list[bool]] = {}
        for wanted, _, by in said:
            for who, whether in by.items() if wanted == size else ():
                found.setdefault(who, []).append(whether)
        sizes[str(size)] = {
            "measured": [median(measured), min(measured), max(measured)],
            "found": {who: rate(sum(one), len(one)).told() for who, one in found.items()},
        }
    judges = list(dict.fromkeys(who for _, _, by in said for who in by))
    return {
        "factor": factor,
        "sizes": sizes,
        "smallest": {who: _smallest(sizes, who, seed) for who in judges},
        "targets": dict(TARGETS),
        "instructions": COUNTED in judges,
        "others": median(one["others"] for one in trials) if trials else None,
    }


def _found(trial: Mapping[str, Any]) -> dict[str, bool]:
    """Whether each judge found the slowdown; instructions judge only where they were counted."""
    found = {who: what == "slower" for who, what in answers(trial).items()}
    sides = (trial["hook"][side]["instructions"] for side in ("before", "after"))
    counted = estimate(*sides)
    if counted is not None:
        found[COUNTED] = counted.interval.low > COUNTED_FACTOR
    return found


def _smallest(sizes: Mapping[str, Any], who: str, seed: int) -> dict[str, Any] | None:
    rows = [
        Graded(one["measured"][0], one["found"][who]["hits"], one["found"][who]["trials"])
        for size, one in sizes.items()
        if float(size) > 0 and who in one["found"]
    ]
    found = smallest([one for one in rows if one.size > 0], seed)
    return None if found is None else {**found.told(), "text": str(found)}


def found_table(told: Mapping[str, Any]) -> Table:
    """One row for each size and judge."""
    table = Table(
        title=f'"slower" said of slowdowns, factor {told["factor"]:g}', title_justify="left"
    )
    table.add_column("size", justify="right")
    table.add_column("as measured", justify="right")
    table.add_column("judge")
    table.add_column("found", justify="right")
    for size, one in told["sizes"].items():
        middle, low, high = (100 * value for value in one["measured"])
        rows = [(who, str(rate(by["hits"], by["trials"]))) for who, by in one["found"].items()]
        if COUNTED not in one["found"]:
            rows.append((COUNTED, NOT_HERE))
        for at, (who, found) in enumerate(rows):
            about = ("", "")
            if not at:
                about = (f"{100 * float(size):g} %", f"{middle:.2f} % ({low:.2f} to {high:.2f})")
            table.add_row(*about, who, found, end_section=at == len(rows) - 1)
    return table


def smallest_table(told: Mapping[str, Any]) -> Table:
    """The smallest slowdown that each judge finds, beside its target."""
    table = Table(title="Found 95 times in 100", title_justify="left")
    for heading in ("judge", "of those tried", "between them", "target", "met"):
        table.add_column(heading)
    every = {**told["smallest"]}
    every.setdefault(COUNTED, None)
    for who, one in every.items():
        target = told["targets"].get(who)
        wanted = "" if target is None else f"at most {100 * target:g} %"
        if one is None:
            table.add_row(who, NOT_HERE if who == COUNTED else "", "", wanted, "")
            continue
        step = "more" if one["step"] is None else f"{100 * one['step']:.2f} %"
        met = "" if target is None else _met(one["size"], target)
        table.add_row(who, step, one["text"], wanted, met)
    return table


def _met(size: float | None, target: float) -> str:
    return "yes" if size is not None and size <= target else "no"
