"""One target under cProfile: python scripts/profile_entry.py [simple|heavy|stable] [ITERATIONS]."""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import pstats
import sys
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parents[1]
# Before anything installed, so that what is profiled is this checkout and nothing else.
sys.path[:0] = [str(ROOT), *map(str, sorted(ROOT.glob("packages/cascade-*/src")))]

from cascade.adapters.executors.local import LocalExecutor
from cascade.adapters.solvers.native import NativeSolver
from cascade.runtime import Engine, MessageBus
from cascade.spec import LazyResult
from observatory.benchmarks.tco_performance import (
    heavy_complex_countdown,
    noop,
    run_benchmark,
    simple_countdown,
    stable_complex_loop,
)

TARGETS = ("simple", "heavy", "stable")
TOP = 20


class OneLineParser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        """End with status 2."""
        self.exit(2, f"{self.prog}: {message}\n")


def target_name(text: str) -> str:
    """One of the targets, by name."""
    if text not in TARGETS:
        raise argparse.ArgumentTypeError(f"no target {text!r}; it is one of {', '.join(TARGETS)}")
    return text


def count(text: str) -> int:
    """A number of iterations, from 1 up."""
    if not (text.isascii() and text.isdigit() and int(text) >= 1):
        raise argparse.ArgumentTypeError(f"{text!r} is no count; it is a whole number from 1 up")
    return int(text)


def first_call(target: str, iterations: int) -> LazyResult[Any]:
    """The call that makes ``iterations`` tail calls of the target."""
    if target == "simple":
        return simple_countdown(iterations)
    chain = noop()
    for _ in range(10):
        chain = noop(chain)
    if target == "heavy":
        return heavy_complex_countdown(iterations, _dummy=chain)
    return stable_complex_loop([iterations], _dummy=chain)


async def profile(call: LazyResult[Any], iterations: int) -> tuple[cProfile.Profile, float]:
    """The profile of one run of ``call`` on a fresh engine, and the seconds it took profiled."""
    engine = Engine(solver=NativeSolver(), executor=LocalExecutor(), bus=MessageBus())
    profiler = cProfile.Profile()
    profiler.enable()
    try:
        seconds = await run_benchmark(engine, call, iterations)
    finally:
        profiler.disable()
    return profiler, seconds


def main() -> None:
    """Profile, print the tables, write the file."""
    parser = OneLineParser(description="Run one target under cProfile.")
    parser.add_argument("target", nargs="?", default="simple", type=target_name, metavar="TARGET")
    parser.add_argument("iterations", nargs="?", default=1000, type=count, metavar="ITERATIONS")
    arguments = parser.parse_args()
    target, iterations = arguments.target, arguments.iterations
    profiler, seconds = asyncio.run(profile(first_call(target, iterations), iterations))

    print(f"{target}, {iterations} iterations: {seconds:.3f} s under cProfile, which slows it down")
    statistics = pstats.Stats(profiler)
    # Cumulative time shows which policy is heavy, own time which low-level work is.
    statistics.sort_stats(pstats.SortKey.CUMULATIVE).print_stats(TOP)
    statistics.sort_stats(pstats.SortKey.TIME).print_stats(TOP)
    output = Path(f"profile_{target}_{iterations}.prof")
    try:
        statistics.dump_stats(output)
    except OSError as error:
        sys.exit(f"{parser.prog}: can't write {output}: {error.strerror}")
    print(f"wrote {output}; open it with: snakeviz {output}")


if __name__ == "__main__":
    main()
