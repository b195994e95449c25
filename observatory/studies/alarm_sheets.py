"""Tables and targets of the studies of verdicts and of cost, from the figures that they leave."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from observatory.studies.cost_figures import growth_table, stages_table, whole_table
from observatory.studies.detection_figures import found_table, smallest_table
from observatory.studies.rates import rate
from observatory.studies.sheets import Sheet, Target, sheet_of
from observatory.studies.verdicts import HOOK

__all__ = ["SHEETS", "Told", "cost", "detection", "false_alarms"]

Told: TypeAlias = tuple[Sequence[Sheet], Sequence[Target]]

ANSWERS = ("slower", "faster", "same", "neither", "unknown")
"""What judges say; asv continuous says neither where it says nothing."""


def false_alarms(figures: Mapping[str, Any]) -> Told:
    """What was said where nothing changed, and each alarm."""
    rows, alarms, targets = [], [], []
    for condition, found in figures.items():
        for who, one in found["judges"].items():
            said = one["answers"]
            of = rate(one["alarms"]["hits"], one["alarms"]["trials"])
            rows.append((condition, who, *(str(said.get(word, 0)) for word in ANSWERS), str(of)))
            if who == HOOK:
                wanted = f"≤ {100 * found['target']:g} %"
                met = None if of.value is None else of.value <= found["target"]
                targets.append(Target(f"false alarms, {condition}", wanted, str(of), met))
        alarms += [
            (condition, one["judge"], one["benchmark"], one["answer"]) for one in found["alarms"]
        ]
    headings = ("condition", "judge", *ANSWERS, "alarms")
    sheets = [
        Sheet("The same code on both sides", headings, tuple(rows)),
        Sheet("Each alarm", ("condition", "judge", "benchmark", "said"), tuple(alarms)),
    ]
    return sheets, targets


def detection(figures: Mapping[str, Any]) -> Told:
    """How often each size was found, and the smallest that is found 95 times in 100."""
    targets = []
    for who, wanted in figures["targets"].items():
        found = figures["smallest"].get(who)
        size = None if found is None else found["size"]
        met = None if found is None else size is not None and size <= wanted
        reached = "not measured" if found is None else str(found["text"])
        what = f"slowdown found 95 times in 100 by {who}"
        targets.append(Target(what, f"≤ {100 * wanted:g} %", reached, met))
    return [sheet_of(found_table(figures)), sheet_of(smallest_table(figures))], targets


def cost(figures: Mapping[str, Any]) -> Told:
    """What each stage takes, all of it beside asv continuous, and as changes grow."""
    longest = [one["whole"]["longest"] for one in figures["pairs"].values()]
    most = figures["target_seconds"]
    target = Target(
        "seconds for one benchmark at the default budget, environments aside",
        f"≤ {most:g} s",
        f"at most {max(longest):.1f} s of {len(longest)} benchmarks" if longest else "none",
        max(longest) <= most if longest else None,
    )
    tables = (
        whole_table(figures),
        stages_table(figures, "seconds"),
        stages_table(figures, "memory"),
        growth_table(figures),
    )
    return [sheet_of(table) for table in tables], [target]


SHEETS: Mapping[str, Callable[[Mapping[str, Any]], Told]] = {
    "false_alarms": false_alarms,
    "detection": detection,
    "cost": cost,
}
"""By the study whose figures they read."""
