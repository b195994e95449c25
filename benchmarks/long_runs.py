"""What a long run costs per step, and what it leaves behind."""

from __future__ import annotations

import asyncio

from benchmarks import named
from cascade.runtime import Engine
from observatory.benchmarks.tco_performance import run_benchmark, simple_countdown


class Sizes:
    """How many nodes and plans an engine keeps after one run of so many steps."""

    params = ([1_000, 10_000, 100_000],)
    param_names = ("steps",)

    def setup(self, steps: int) -> None:
        self.engine = Engine()
        asyncio.run(run_benchmark(self.engine, simple_countdown, steps))

    @named("nodes in the registry after a simple_countdown")
    def track_registry_nodes(self, steps: int) -> int:
        if not hasattr(self.engine, "registry"):
            raise NotImplementedError("this commit's engine keeps no registry from step to step")
        return len(self.engine.registry)

    @named("plans in the cache after a simple_countdown")
    def track_cached_plans(self, steps: int) -> int:
        if not hasattr(self.engine, "plan_cache"):
            raise NotImplementedError("this commit's engine has no plan cache")
        return len(self.engine.plan_cache)


class Growth:
    """Whether a step gets dearer the longer the run, and whether memory grows with it."""

    params = ([1_000, 10_000, 100_000],)
    param_names = ("steps",)
    timeout = 300
    unit = "seconds"

    @named("a step of simple_countdown in a run of so many")
    def track_step(self, steps: int) -> float:
        seconds = [
            asyncio.run(run_benchmark(Engine(), simple_countdown, steps))
            for _ in range(max(1, 50_000 // steps))
        ]
        return min(seconds) / steps


class Memory:
    """Peak memory of one run; the second figure less the first is what a million steps leave."""

    params = ([1_000, 1_000_000],)
    param_names = ("steps",)
    timeout = 300

    @named("peak memory of a simple_countdown")
    def peakmem_countdown(self, steps: int) -> None:
        asyncio.run(run_benchmark(Engine(), simple_countdown, steps))
