"""Raw profiles of functions that tests run in their own process."""

from __future__ import annotations

import cProfile
import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

__all__ = ["NOTHING", "framed", "record"]


NOTHING: dict[str, Any] = {
    "schema": 1,
    "python": "3.11.7",
    "implementation": "cpython",
    "number": 1,
    "seconds": 1.0,
    "functions": [],
    "edges": [],
}
"""A profile in which nothing was called."""


def record(run: Callable[[], object], number: int = 1) -> dict[str, Any]:
    """Call a function so many times under cProfile, and return the raw profile.

    Who the functions are is kept simple: all Python code is the benchmark's, in one file.
    """
    profiler = cProfile.Profile()
    start = time.perf_counter()
    profiler.enable()
    for _ in range(number):
        run()
    profiler.disable()
    seconds = time.perf_counter() - start
    entries = profiler.getstats()
    places = {entry.code: place for place, entry in enumerate(entries)}
    return {
        "schema": 1,
        "python": ".".join(map(str, sys.version_info[:3])),
        "implementation": sys.implementation.name,
        "number": number,
        "seconds": seconds,
        "functions": [_who(entry.code) | _times(entry) for entry in entries],
        "edges": [
            [caller, places[call.code], *_times(call).values()]
            for caller, entry in enumerate(entries)
            for call in entry.calls or ()
        ],
    }


def framed(raw: dict[str, Any], request: Mapping[str, Any]) -> dict[str, Any]:
    """The raw profile with the function of each frame that the request names, as the harness does.

    A function is known by its name; one that the profile lacks is added, without calls.
    """
    if "frames" not in request:
        return raw
    functions, found = list(raw["functions"]), []
    for name, file, line in json.loads(Path(request["frames"]).read_text(encoding="utf-8")):
        places = [place for place, one in enumerate(functions) if one["name"] == name]
        if not places:
            places = [len(functions)]
            who = {"home": "bench", "path": file, "name": name, "line": line, "flags": 0}
            counts = dict.fromkeys(("calls", "recursive", "own", "cumulative"), 0)
            functions.append({**who, "fingerprint": name, **counts})
        found.append([name, file, line, places[0]])
    return {**raw, "functions": functions, "frames": found}


def _who(code: Any) -> dict[str, Any]:
    """Who a function is."""
    if isinstance(code, str):
        who = {"home": "builtin", "path": "", "name": code, "line": 0, "flags": 0}
        return who | {"fingerprint": ""}
    return {
        "home": "bench",
        "path": "a.py",
        "name": code.co_name,
        "line": code.co_firstlineno,
        "flags": code.co_flags,
        "fingerprint": f"{hash(code.co_code) & 0xFFFF:x}",
    }


def _times(entry: Any) -> dict[str, float]:
    """What cProfile counted of a function, or of one function's calls of another."""
    return {
        "calls": entry.callcount,
        "recursive": entry.reccallcount,
        "own": entry.inlinetime,
        "cumulative": entry.totaltime,
    }
