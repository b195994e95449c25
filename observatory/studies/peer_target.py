"""Calls one benchmark for some seconds: python peer_target.py FOLDER BENCHMARK SECONDS COUNT.

How often it was called goes into the file COUNT. With a fifth argument, a file, pyinstrument
samples the calls and its session goes there; a sixth names the folder that pyinstrument is in.
It runs in a benchmark's environment, and imports nothing of this repository.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from asv_runner.discovery import get_benchmark_from_name  # type: ignore[import-untyped]

__all__ = ["call_benchmark"]


def call_benchmark(function: Callable[[], Any], seconds: float) -> int:
    """Call it until the time is over, and say how often."""
    calls = 0
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        function()
        calls += 1
    return calls


def main(folder: str, name: str, seconds: str, count: str, *profiled: str) -> None:
    """Set the benchmark up as asv does, call it, and tear it down."""
    benchmark = get_benchmark_from_name(folder, name, extra_params={})
    benchmark.set_cache(None)
    benchmark.do_setup()
    if profiled:
        session, home = profiled
        # Last, so that everything else is found where it is without a profiler.
        sys.path.append(home)
        with importlib.import_module("pyinstrument").Profiler() as profiler:
            calls = call_benchmark(benchmark.func, float(seconds))
        profiler.last_session.save(session)
    else:
        calls = call_benchmark(benchmark.func, float(seconds))
    benchmark.do_teardown()
    Path(count).write_text(str(calls), encoding="ascii")


if __name__ == "__main__":
    main(*sys.argv[1:])
