"""The three countdown targets, cold and warm, and the bare loop beside them."""

from __future__ import annotations

import asyncio
import atexit
import functools
import statistics
from time import perf_counter
from typing import Any

from benchmarks import named
from cascade.runtime import Engine
from cascade.spec import Task
from observatory.benchmarks.tco_performance import (
    heavy_complex_countdown,
    imperative_countdown,
    run_benchmark,
    simple_countdown,
    stable_complex_loop,
)

# How many turns of the bare event loop are timed together.
TURNS = 1_000


@functools.cache
def warm(target: Task[Any], iterations: int) -> tuple[asyncio.Runner, Engine]:
    """An engine that has run the target once, and its event loop, for all samples of a process.

    To warm up an engine before each sample would take as long as the sample.
    """
    runner = asyncio.Runner()
    atexit.register(runner.close)
    engine = Engine()
    runner.run(run_benchmark(engine, target, iterations))
    return runner, engine


class _Countdown:
    """A target on an engine that has never seen it (cold), and on one that has (warm)."""

    target: Task[Any]
    iterations: int

    # asv calls setup before each sample: with one call in it, every cold sample is cold.
    number = 1
    repeat = (10, 40, 3.0)
    unit = "turns"

    def setup(self) -> None:
        self.runner, self.used = warm(self.target, self.iterations)
        self.fresh = Engine()

    def run(self, engine: Engine) -> float:
        return self.runner.run(run_benchmark(engine, self.target, self.iterations))

    def turns(self) -> float:
        """What a warm step costs in turns of the bare event loop, both timed in alternation.

        Commits are timed minutes apart, and machines drift; this quotient drifts far less.
        """
        quotients = []
        for _ in range(15):
            step = self.run(self.used) / self.iterations
            begun = perf_counter()
            self.runner.run(imperative_countdown(TURNS))
            quotients.append(step / ((perf_counter() - begun) / TURNS))
        return statistics.median(quotients)


class SimpleCountdown(_Countdown):
    """1,000 steps of one node each."""

    target = simple_countdown
    iterations = 1_000

    @named("simple_countdown, 1,000 steps, cold engine")
    def time_cold(self) -> None:
        self.run(self.fresh)

    @named("simple_countdown, 1,000 steps, warm engine")
    def time_warm(self) -> None:
        self.run(self.used)

    @named("a step of simple_countdown in turns of the bare event loop")
    def track_turns(self) -> float:
        return self.turns()


class HeavyComplexCountdown(_Countdown):
    """100 steps, each with a chain of eleven noops of its own."""

    target = heavy_complex_countdown
    iterations = 100

    @named("heavy_complex_countdown, 100 steps, cold engine")
    def time_cold(self) -> None:
        self.run(self.fresh)

    @named("heavy_complex_countdown, 100 steps, warm engine")
    def time_warm(self) -> None:
        self.run(self.used)

    @named("a step of heavy_complex_countdown in turns of the bare event loop")
    def track_turns(self) -> float:
        return self.turns()


class StableComplexLoop(_Countdown):
    """100 steps, all with one and the same chain of eleven noops."""

    target = stable_complex_loop
    iterations = 100

    @named("stable_complex_loop, 100 steps, cold engine")
    def time_cold(self) -> None:
        self.run(self.fresh)

    @named("stable_complex_loop, 100 steps, warm engine")
    def time_warm(self) -> None:
        self.run(self.used)

    @named("a step of stable_complex_loop in turns of the bare event loop")
    def track_turns(self) -> float:
        return self.turns()


class BareLoop:
    """What the event loop alone takes for 1,000 turns: the ground truth for the countdowns."""

    number = 1
    repeat = (10, 40, 3.0)

    def setup(self) -> None:
        self.runner = asyncio.Runner()

    def teardown(self) -> None:
        self.runner.close()

    @named("imperative_countdown, 1,000 turns of the bare event loop")
    def time_loop(self) -> None:
        self.runner.run(imperative_countdown(TURNS))
