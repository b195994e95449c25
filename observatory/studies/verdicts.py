"""What asv-explain and asv continuous say of the same pair of commits, one after the other."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from asv_explain.explanation import Explanation, Verdict
from observatory.injections.workbench import Workbench
from observatory.studies.asv_continuous import DEFAULT_FACTOR, continuous
from observatory.studies.trials import StudyError

__all__ = ["HOOK", "answers", "verdicts"]

HOOK = "asv-explain"
"""Whose verdicts are looked at; asv's own stand beside them."""


def verdicts(
    workbench: Workbench,
    before: str,
    after: str,
    benchmark: str,
    *,
    budget: float,
    factor: float,
) -> dict[str, Any]:
    """Ask both, and give what they say in a form for records.

    Args:
        workbench: where both commits are.
        before: the earlier commit.
        after: the later one.
        benchmark: asv's name of the benchmark.
        budget: seconds of measuring for asv-explain.
        factor: the smallest ratio that counts; asv is asked at its own default as well.
    """
    begun = time.monotonic()
    found = workbench.ask(before, after, benchmark, budget=budget, factor=factor).explanation
    hook = {**_told(found), "seconds": time.monotonic() - begun}
    try:
        said = asdict(continuous(workbench.project.config, before, after, benchmark, (factor,)))
    except StudyError as error:
        nothing = dict.fromkeys((DEFAULT_FACTOR, factor), Verdict.UNKNOWN.value)
        said = {"answers": nothing, "failure": str(error)}
    return {"hook": hook, "asv": said}


def _told(found: Explanation) -> dict[str, Any]:
    return {
        "verdict": found.verdict.value,
        "ratio": found.ratio,
        "interval": None if found.interval is None else [found.interval.low, found.interval.high],
        "caveats": [one.kind for one in found.caveats],
        "before": asdict(found.rounds_before),
        "after": asdict(found.rounds_after),
    }


def answers(trial: Mapping[str, Any]) -> dict[str, str]:
    """What each said in a trial, by who said it, in the words of `Verdict` and of `Answer`."""
    said = {HOOK: str(trial["hook"]["verdict"])}
    for factor, answer in trial["asv"]["answers"].items():
        own = float(factor) == DEFAULT_FACTOR
        said[f"asv continuous{'' if own else f' --factor {factor}'}"] = answer
    return said
