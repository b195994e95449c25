"""Times the targets in this process, on whichever engine is importable, and prints JSON."""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
from time import perf_counter

from cascade.runtime import Engine
from observatory.benchmarks.tco_performance import (
    heavy_complex_countdown,
    imperative_countdown,
    run_benchmark,
    simple_countdown,
    stable_complex_loop,
)

__all__ = ["STEPS", "time_steps"]

# Each target with so many steps that one run takes some hundredths of a second.
STEPS = {simple_countdown: 3_000, heavy_complex_countdown: 300, stable_complex_loop: 300}

# How many turns of the bare event loop are timed together.
TURNS = 3_000


async def time_steps(runs: int) -> dict[str, float]:
    """Median seconds a step of each target, and a turn of the bare loop, over ``runs`` runs each.

    The engine is warm: each target runs once before. Targets take turns, so that what disturbs the
    machine for a while disturbs all of them.
    """
    engine = Engine()
    samples: dict[str, list[float]] = {}
    for run in range(-1, runs):
        for target, steps in STEPS.items():
            seconds = await run_benchmark(engine, target, steps) / steps
            if run >= 0:
                samples.setdefault(target.name, []).append(seconds)
        begun = perf_counter()
        await imperative_countdown(TURNS)
        if run >= 0:
            turn = (perf_counter() - begun) / TURNS
            samples.setdefault("imperative_countdown", []).append(turn)
    return {name: statistics.median(seconds) for name, seconds in samples.items()}


if __name__ == "__main__":
    json.dump(asyncio.run(time_steps(int(sys.argv[1]))), sys.stdout)
