"""What cProfile costs this interpreter: runs small loops plain and profiled, writes JSON.

It is started as a file by whichever interpreter is to be measured, so it needs the standard
library of Python 3.9 alone, and nothing of this package.
"""

from __future__ import annotations

import collections
import contextlib
import cProfile
import gc
import json
import platform
import random
import sys
import time
from typing import Any, Callable, NamedTuple  # noqa: UP035, Python 3.9 and PyPy evaluate these

ROUNDS = 9
# Repeats of each loop: some milliseconds a time, far above any clock's resolution.
REPEATS = 10_000
# A clock this fine tells a loop's duration to a thousandth.
FINE_SECONDS = 1e-6
# So many functions called in random order: 0, 4 and 8 bits tell which of them is next.
SPREADS = (1, 16, 256)


class Loop(NamedTuple):
    """One thing to measure: what runs, whose own time to pick out, and how many calls it makes."""

    run: Callable[[], Any]
    callee: str
    calls: int


class _Holder:
    """Something with an attribute to read and write."""

    value = 0


def _once(function: Callable[[], Any]) -> None:
    for _ in range(REPEATS):
        function()


def _thrice(function: Callable[[], Any]) -> None:
    for _ in range(REPEATS // 3):
        function()
        function()
        function()


def _empty() -> None:
    pass


def _len_once() -> None:
    values: list[int] = []
    for _ in range(REPEATS):
        len(values)


def _len_thrice() -> None:
    values: list[int] = []
    for _ in range(REPEATS // 3):
        len(values)
        len(values)
        len(values)


def _yielding() -> Any:
    for index in range(REPEATS):  # noqa: UP028, the point is to yield from this frame
        yield index


def _consume() -> None:
    # C code resumes it, so that no Python code of the consumer's own is slowed besides.
    collections.deque(_yielding(), 0)


async def _finish() -> None:
    pass


async def _await_once() -> None:
    for _ in range(REPEATS):
        await _finish()


async def _await_thrice() -> None:
    for _ in range(REPEATS // 3):
        await _finish()
        await _finish()
        await _finish()


def _drive(function: Callable[[], Any]) -> None:
    """Run a coroutine that never waits."""
    with contextlib.suppress(StopIteration):
        function().send(None)


def _arithmetic() -> int:
    total = 0
    for index in range(2 * REPEATS):
        total += index & 7
    return total


def _attributes() -> int:
    holder = _Holder()
    for _ in range(REPEATS):
        holder.value = holder.value + 1
    return holder.value


def _items() -> int:
    values = list(range(64))
    places = dict.fromkeys(range(64), 1)
    total = 0
    for index in range(REPEATS):
        total += values[index & 63] + places[index & 63]
    return total


def _branches() -> int:
    total = 0
    for index in range(REPEATS):
        if index % 3 == 0 and index is not None:
            total = total + 1
        elif index > 5:
            total = total - 1
    return total


def _containers() -> int:
    last: Any = ()
    for index in range(REPEATS):
        last = {"a": index, "b": [index, last is None]}
    return len(last)


def _texts() -> str:
    text = ""
    for index in range(REPEATS):
        text = f"{index}:{text[:4]}"
    return text


def _spread(count: int) -> Callable[[], None]:
    """Return a loop that calls ``count`` distinct empty functions in random order."""
    space: dict[str, Any] = {}
    source = "".join(f"def _spread_{index}(): pass\n" for index in range(count))
    exec(source, space)  # noqa: S102, the text is the line above
    functions = [space[f"_spread_{index}"] for index in range(count)]
    order = random.Random(count).choices(functions, k=REPEATS)  # noqa: S311, no secret

    def run() -> None:
        for function in order:
            function()

    return run


def _loops() -> dict[str, Loop]:
    loops = {
        "python_once": Loop(lambda: _once(_empty), "_empty", REPEATS),
        "python_thrice": Loop(lambda: _thrice(_empty), "_empty", REPEATS // 3 * 3),
        "builtin_once": Loop(_len_once, "len", REPEATS),
        "builtin_thrice": Loop(_len_thrice, "len", REPEATS // 3 * 3),
        "resumed": Loop(_consume, "_yielding", REPEATS),
        "awaited_once": Loop(lambda: _drive(_await_once), "_finish", REPEATS),
        "awaited_thrice": Loop(lambda: _drive(_await_thrice), "_finish", REPEATS // 3 * 3),
    }
    for count in SPREADS:
        loops[f"spread_{count}"] = Loop(_spread(count), "_spread_", REPEATS)
    for body in (_arithmetic, _attributes, _items, _branches, _containers, _texts):
        loops[f"bytecode{body.__name__}"] = Loop(body, "", 0)
    return loops


def _own(profiler: cProfile.Profile, callee: str) -> float:
    """Seconds of the functions whose name starts with (or, in C, holds) the callee's."""
    total = 0.0
    for entry in profiler.getstats():
        code = entry.code
        named = callee in code if isinstance(code, str) else code.co_name.startswith(callee)
        if callee and named:
            total += entry.inlinetime
    return total


def _clock() -> Callable[[], float]:
    """Return the clock of this process alone where it is fine enough, else the wall's."""
    fine = time.get_clock_info("process_time").resolution <= FINE_SECONDS
    return time.process_time if fine else time.perf_counter


def _measure(loop: Loop, clock: Callable[[], float]) -> dict[str, float]:
    """Run a loop once plain and once profiled."""
    start = clock()
    loop.run()
    plain = clock() - start
    profiler = cProfile.Profile()
    start = clock()
    profiler.enable()
    loop.run()
    profiler.disable()
    profiled = clock() - start
    own = _own(profiler, loop.callee)
    return {"calls": loop.calls, "plain": plain, "profiled": profiled, "own": own}


def _main() -> None:
    loops = _loops()
    clock = _clock()
    for loop in loops.values():
        _measure(loop, clock)
    gc.disable()
    rounds = [{name: _measure(loop, clock) for name, loop in loops.items()} for _ in range(ROUNDS)]
    answer = {
        "schema": 1,
        "python": platform.python_version(),
        "implementation": sys.implementation.name,
        "rounds": rounds,
    }
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    _main()
