"""Runs one benchmark in a process of its own: `python -S truth_script.py REQUEST`, a JSON object.

It needs the standard library alone and answers in lines of JSON. The request's keys: folder
(packages and benchmarks), module, holder and method (the benchmark), mode ("count", or "time": then
each line that comes in asks for one sample), and number (calls in one sample,
0: as many as take ten milliseconds).
"""

# ruff: noqa: T201
# Printing is how it answers.
from __future__ import annotations

import cProfile
import gc
import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from types import CodeType
from typing import Any

__all__ = ["main"]

SAMPLE_SECONDS = 0.01
"""What a sample takes where its calls are counted out; asv chooses alike."""

WARM_SECONDS = 0.1
"""How long calls are made before any is timed, so that CPython has specialised its code."""

WARM_CALLS = 3
"""So many calls are made before whatever they take."""


def _warm(call: Callable[[], object]) -> float:
    """Call for a while; seconds of the quickest call."""
    quickest = spent = 0.0
    calls = 0
    while calls < WARM_CALLS or spent < WARM_SECONDS:
        begun = time.process_time()
        call()
        took = time.process_time() - begun
        spent += took
        quickest = min(quickest, took) if calls else took
        calls += 1
    return quickest


def _sample(prepare: Callable[[], object], call: Callable[[], object], number: int) -> float:
    """CPU seconds of a call, on average over one sample, set up anew and without collections."""
    prepare()
    gc.collect()
    gc.disable()
    try:
        begun = time.process_time()
        for _ in range(number):
            call()
        return (time.process_time() - begun) / number
    finally:
        gc.enable()


def _serve(prepare: Callable[[], object], call: Callable[[], object], number: int) -> None:
    """Take a sample for each line that comes in; the first answer is the number of calls."""
    quickest = _warm(call)
    number = number or max(1, round(SAMPLE_SECONDS / max(quickest, 1e-6)))
    _answer({"number": number})
    for _ in sys.stdin:
        _answer({"seconds": _sample(prepare, call, number)})


def _count(call: Callable[[], object], folder: str) -> dict[str, Any]:
    """Calls of each Python function below the folder; a generator counts as often as it goes on."""
    profiler = cProfile.Profile()
    profiler.runcall(call)
    rows = []
    for entry in profiler.getstats():
        code = entry.code
        if isinstance(code, CodeType) and code.co_filename.startswith(folder + os.sep):
            path = os.path.relpath(code.co_filename, folder).replace(os.sep, "/")
            rows.append([path, code.co_qualname, code.co_firstlineno, entry.callcount])
    return {"calls": rows}


def _answer(value: dict[str, Any]) -> None:
    print(json.dumps(value), flush=True)


def main(words: list[str]) -> None:
    """Answer the request."""
    asked = json.loads(words[1])
    # In place of this file's own folder.
    sys.path[0] = asked["folder"]
    holder = getattr(importlib.import_module(asked["module"]), asked["holder"])()
    prepare = getattr(holder, "setup", lambda: None)
    call = getattr(holder, asked["method"])
    prepare()
    if asked["mode"] == "time":
        _serve(prepare, call, asked["number"])
    else:
        # What is made at the first call and kept for later ones is no part of it.
        call()
        _answer(_count(call, asked["folder"]))


if __name__ == "__main__":
    main(sys.argv)
