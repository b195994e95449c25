"""What asking takes, from trials to tables: seconds and memory by stage, and as changes grow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from rich.table import Table

from observatory.studies import explaining
from observatory.studies.one_cost import STAGES

__all__ = ["TARGET_SECONDS", "figures", "growth_table", "stages_table", "whole_table"]

TARGET_SECONDS = 60.0
"""So long measuring and explaining one benchmark may take at the default budget."""


def figures(trials: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What trials come to: medians of seconds, and the largest memory.

    Args:
        trials: as the study keeps them, of pairs and of changes that are made up.
    """
    pairs: dict[str, list[Mapping[str, Any]]] = {}
    grown = []
    for one in trials:
        if "pair" in one:
            pairs.setdefault(one["pair"], []).append(one)
        else:
            grown.append(_grown(one))
    told = {name: _pair(every) for name, every in pairs.items()}
    return {"pairs": told, "grown": grown, "target_seconds": TARGET_SECONDS}


def _pair(every: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    hooks = [one["hook"] for one in every]
    stages = {}
    for stage in STAGES:
        taken = [one["stages"][stage] for one in hooks]
        stages[stage] = {
            "seconds": median(one["seconds"] for one in taken),
            "memory": _largest(one[side] for one in taken for side in ("own", "children")),
        }
    aside = [one["seconds"] - one["stages"]["installing"]["seconds"] for one in hooks]
    return {
        "benchmark": every[0]["benchmark"],
        "trials": len(every),
        "verdicts": [one["verdict"] for one in hooks],
        "stages": stages,
        "whole": {"median": median(aside), "longest": max(aside)},
        "asv": {
            "first": median(one["asv"]["seconds"] for one in every),
            "again": median(one["asv_again"]["seconds"] for one in every),
            "memory": _largest(one[run]["memory"] for one in every for run in ("asv", "asv_again")),
        },
    }


def _grown(one: Mapping[str, Any]) -> dict[str, Any]:
    taken = one["taken"]
    return {
        **one["made"],
        "seconds": median(each["wall"] for each in taken),
        "memory": _largest(each["memory"] for each in taken),
        "stages": {
            stage: median(each[stage] for each in taken)
            for stage in explaining.STAGES
            if stage in taken[0]
        },
    }


def _largest(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def stages_table(told: Mapping[str, Any], what: str) -> Table:
    """Seconds or memory of each stage, one row for each pair.

    Args:
        told: the figures.
        what: "seconds", or "memory": of the largest process of a stage, in MB.
    """
    title = "Seconds by stage, medians" if what == "seconds" else "MB of the largest process"
    table = Table(title=f"{title}, of one benchmark", title_justify="left")
    table.add_column("pair")
    for stage in STAGES:
        table.add_column(stage, justify="right")
    write = _seconds if what == "seconds" else _megabytes
    for name, one in told["pairs"].items():
        table.add_row(name, *(write(one["stages"][stage][what]) for stage in STAGES))
    return table


def whole_table(told: Mapping[str, Any]) -> Table:
    """All that is no installing beside the target, and what asv continuous takes."""
    most = told["target_seconds"]
    table = Table(
        title=f"Seconds without installing (target: at most {most:g}), and asv continuous",
        title_justify="left",
    )
    table.add_column("pair")
    for heading in ("hook", "longest", "met", "MB"):
        table.add_column(heading, justify="right")
    for heading in ("asv", "environment kept", "MB"):
        table.add_column(heading, justify="right")
    table.add_column("verdict")
    for name, one in told["pairs"].items():
        asv = one["asv"]
        largest = _largest(stage["memory"] for stage in one["stages"].values())
        table.add_row(
            name,
            _seconds(one["whole"]["median"]),
            _seconds(one["whole"]["longest"]),
            "yes" if one["whole"]["longest"] <= most else "no",
            _megabytes(largest),
            _seconds(asv["first"]),
            _seconds(asv["again"]),
            _megabytes(asv["memory"]),
            ", ".join(sorted(set(one["verdicts"]))),
        )
    return table


def growth_table(told: Mapping[str, Any]) -> Table:
    """What explaining takes as functions and stacks grow, from samples to JSON."""
    table = Table(title="Explaining a change that is made up, medians", title_justify="left")
    for heading in ("functions", "stacks", "rounds", "seconds", "MB", *explaining.STAGES[:-1]):
        table.add_column(heading, justify="right")
    for one in told["grown"]:
        table.add_row(
            *(f"{one[key]:,}" for key in ("functions", "stacks", "rounds")),
            f"{one['seconds']:.2f}",
            _megabytes(one["memory"]),
            *(f"{one['stages'].get(stage, 0.0):.2f}" for stage in explaining.STAGES[:-1]),
        )
    return table


def _seconds(value: float) -> str:
    return f"{value:.1f}"


def _megabytes(value: float | None) -> str:
    return "not told" if value is None else f"{value / 1e6:,.0f}"
