"""What a long run costs per step, and what it leaves behind."""

from __future__ import annotations

import asyncio

from benchmarks import named
from cascade.runtime import Engine
from observatory.benchmarks.tco_performance import run_benchmark, simple_countdown


class _Size:
    """How many entries an engine keeps in one of its parts after one run of so many steps."""

    params = ([1_000, 10_000, 100_000],)
    param_names = ("steps",)
    part: str

    def setup(self, steps: int) -> None:
        self.engine = Engine()
        if not hasattr(self.engine, self.part):
            # To asv this means that there is nothing to measure, as nothing has failed.
            raise NotImplementedError(f"this commit's engine has no {self.part}")
        asyncio.run(run_benchmark(self.engine, simple_countdown, steps))

    def size(self) -> int:
        return len(getattr(self.engine, self.part))


class RegistrySize(_Size):
    """The registry of nodes."""

    part = "registry"

    @named("nodes in the registry after a simple_countdown")
    def track_nodes(self, steps: int) -> int:
        return self.size()


class PlanCacheSize(_Size):
    """The plan cache."""

    part = "plan_cache"

    @named("plans in the cache after a simple_countdown")
    def track_plans(self, steps: int) -> int:
        return self.size()


class Growth:
    """Whether a step gets dearer the longer the run, and whether memory grows with it."""

    params = ([1_000, 10_000, 100_000],)
    param_names = ("steps",)
    timeout = 300
    unit = "seconds"

    @named("a simple_countdown of so many steps, cold engine")
    def time_countdown(self, steps: int) -> None:
        asyncio.run(run_benchmark(Engine(), simple_countdown, steps))

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
