"""What asv-explain and asv continuous say of the same pair of commits, one after the other."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from asv_explain.explanation import Verdict
from asv_explain.measuring.confirm import Confirmation, confirm
from asv_explain.measuring.rounds import Round, Rounds
from observatory.injections.workbench import Workbench
from observatory.studies.asv_continuous import DEFAULT_FACTOR, continuous_of
from observatory.studies.trials import StudyError

__all__ = ["HOOK", "answers", "beside", "verdict"]

HOOK = "asv-explain"
"""Whose verdicts are looked at; asv's own stand beside them."""


def verdict(
    workbench: Workbench, before: str, after: str, benchmark: str, *, budget: float, factor: float
) -> dict[str, Any]:
    """Ask asv-explain for its verdict, and give what it says in a form for records.

    Args:
        workbench: where both commits are.
        before: the earlier commit.
        after: the later one.
        benchmark: asv's name of the benchmark.
        budget: seconds of measuring.
        factor: the smallest ratio that counts.
    """
    begun = time.monotonic()
    rounds = workbench.judge(before, after, benchmark, budget=budget, factor=factor)
    return {**_told(rounds, confirm(rounds, factor)), "seconds": time.monotonic() - begun}


def beside(
    workbench: Workbench, before: str, after: str, benchmarks: Sequence[str], *, factor: float
) -> dict[str, dict[str, Any]]:
    """Ask asv continuous about the same pair, and give what it says by benchmark.

    Args:
        workbench: where both commits are.
        before: the earlier commit.
        after: the later one.
        benchmarks: asv's names of the benchmarks, measured in one call.
        factor: the smallest ratio that counts; asv is asked at its own default as well.
    """
    try:
        said = continuous_of(workbench.project.config, before, after, benchmarks, (factor,))
        return {one: asdict(what) for one, what in said.items()}
    except StudyError as error:
        nothing = dict.fromkeys((DEFAULT_FACTOR, factor), Verdict.UNKNOWN.value)
        return {one: {"answers": nothing, "failure": str(error)} for one in benchmarks}


def _told(rounds: Rounds, found: Confirmation) -> dict[str, Any]:
    decisive = found.cpu if found.clock == "cpu" else found.wall
    return {
        "verdict": found.verdict.value,
        "ratio": None if decisive is None else decisive.ratio,
        "interval": decisive and [decisive.interval.low, decisive.interval.high],
        "caveats": [one.kind for one in found.caveats],
        "before": _side(rounds.timed.before),
        "after": _side(rounds.timed.after),
    }


def _side(rounds: Sequence[Round]) -> dict[str, Any]:
    good = [one for one in rounds if one.wall is not None]
    return {
        "values": [one.wall for one in good],
        "cpu": [one.cpu for one in good],
        "instructions": [one.instructions for one in good if one.instructions is not None],
    }


def answers(trial: Mapping[str, Any]) -> dict[str, str]:
    """What each said in a trial, by who said it, in the words of `Verdict` and of `Answer`."""
    said = {HOOK: str(trial["hook"]["verdict"])}
    for factor, answer in trial["asv"]["answers"].items():
        own = float(factor) == DEFAULT_FACTOR
        said[f"asv continuous{'' if own else f' --factor {factor}'}"] = answer
    return said
