"""Explains one change from its samples in this process, and prints seconds and memory as JSON."""

from __future__ import annotations

import json
import resource
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter, process_time
from typing import Any
from unittest.mock import patch

import msgspec

from asv_explain import parts, pipeline
from asv_explain.attribution import blame
from asv_explain.changes.change import Change, Changes
from asv_explain.changes.evidence import Evidence
from asv_explain.explanation import Verdict, encode
from asv_explain.measuring.process import read_answer
from asv_explain.measuring.rounds import Round, Rounds, round_from_answer
from asv_explain.parts import Explained
from asv_explain.profiles.stacks import read_collapsed
from asv_explain.suspect import Suspect

__all__ = ["STAGES", "explain_once", "explained"]

# Pairs of timed rounds: enough for a verdict.
TIMED = 8

# Samples a second, as is told of the rounds.
RATE = 1000.0

STAGES = (
    ("stacks", pipeline, "merged"),
    ("stacks", pipeline, "from_samples"),
    ("profiles", pipeline, "merge"),
    ("match", pipeline, "match_profiles"),
    ("blame", blame, "blame"),
)
"""The stages that are told apart, and their functions where the pipeline looks them up."""


def explained(folder: Path, taken: defaultdict[str, float] | None = None) -> Explained:
    """Explain the change in a folder.

    The pipeline is the one that users run; only what reads git is answered from the folder.

    Args:
        folder: Where a change was made up.
        taken: Gets the CPU seconds of each stage.
    """
    taken = defaultdict(float) if taken is None else taken
    changes = msgspec.json.decode((folder / "changes.json").read_bytes(), type=Changes)
    begun = process_time()
    before, after = (tuple(_rounds(folder, side)) for side in ("before", "after"))
    rounds = Rounds(before, after)
    taken["read"] = process_time() - begun
    suspect = Suspect("made.up", None, (), "none", "none", "0" * 40, "1" * 40)
    with ExitStack() as stack:
        for stage, module, name in STAGES:
            timed = _timed(getattr(module, name), stage, taken)
            stack.enter_context(patch.object(module, name, timed))
        stack.enter_context(patch.object(parts, "read_changes", lambda *_: changes))
        stack.enter_context(patch.object(parts, "evidence", _evidence))
        return pipeline.explain(suspect, rounds, folder, 1.05)


def explain_once(folder: Path) -> dict[str, float]:
    """Explain the change in a folder.

    Returns:
        CPU seconds of each stage and in all ("cpu"), seconds by the clock ("wall"), and the
        process's peak memory in bytes ("memory").

    Raises:
        RuntimeError: The explanation does not say what was made up.
    """
    taken: defaultdict[str, float] = defaultdict(float)
    begun, started = process_time(), perf_counter()
    answer = explained(folder, taken).explanation
    encode(answer)
    taken["cpu"], taken["wall"] = process_time() - begun, perf_counter() - started
    if answer.verdict is not Verdict.SLOWER or not answer.causes:
        raise RuntimeError(f"{answer.verdict.value} with {len(answer.causes)} causes")
    # Kibibytes on Linux, bytes on macOS.
    unit = 1 if sys.platform == "darwin" else 1024
    taken["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return dict(taken)


def _rounds(folder: Path, side: str) -> Iterator[Round]:
    """Read one side's rounds, each as is done when its process has ended."""
    seconds: float = msgspec.json.decode((folder / "seconds.json").read_bytes())[side]
    for number in range(TIMED):
        yield round_from_answer(_answer(seconds * (1 + number * 1e-3)))
    for file in sorted(folder.glob(f"{side}-*.stacks")):
        stacks = read_collapsed(file.read_text(encoding="utf-8").split("\n"))
        yield round_from_answer({**_answer(seconds), "stacks": stacks, "rate": RATE}, "sample")
    for file in sorted(folder.glob(f"{side}-*.json")):
        profile = read_answer(file.read_bytes())
        yield round_from_answer({**_answer(seconds), "profile": profile}, "profile")


def _answer(seconds: float) -> dict[str, Any]:
    """What the harness answers beside stacks or a profile."""
    times = {"wall": seconds, "cpu": seconds, "samples": [seconds], "setup": 0.0, "delayed": 0.0}
    return {"schema": 1, **times, "number": 1, "instructions": None, "profile": None}


def _timed(function: Callable[..., Any], stage: str, taken: dict[str, float]) -> Callable[..., Any]:
    """Let a function add its seconds to its stage."""

    def run(*arguments: Any, **named: Any) -> Any:
        begun = process_time()
        try:
            return function(*arguments, **named)
        finally:
            taken[stage] += process_time() - begun

    return run


def _evidence(repository: Path, before: str, after: str, change: Change) -> Evidence:
    """What git would say of a change, were there a repository."""
    del repository, before, after
    return Evidence(f"@@ {change.name} @@", (), "", "")


if __name__ == "__main__":
    json.dump(explain_once(Path(sys.argv[1])), sys.stdout)
