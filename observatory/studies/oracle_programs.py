"""Programs whose costs are set by what they do: the same work, so often in each function.

All functions of a program do units of the same work, each written out under its own name. What a
function adds to the time is then in proportion to the units that were added to it, whatever one of
them takes, and its share of the slowdown follows by counting. Only functions of a mixed program do
different work each; what that takes is timed (`oracle_timing`).
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["FILE", "KINDS", "MIXED", "NAMES", "Program", "counted_shares", "drawn", "source"]

FILE = "oracle_program/__init__.py"
"""The file of every program, below site-packages."""

NAMES = ("red", "green", "blue", "white", "black", "amber")

MIXED = "mixed"
"""The kind of program whose functions do different work each."""

FEWEST = 3
"""Functions of a program; at least two of them get slower."""

LEAST, MOST = 0.08, 0.8
"""A program gets slower by a factor between, evenly drawn on a logarithmic scale."""

_HEAD = """\
import threading
import time

DESCENDING = list(range(120, 0, -1))


def increased(number):
    return number + 1


def numbers(count):
    number = 0
    while number < count:
        yield number
        number += 1


async def awaited(number):
    return number + 1


def work(units):
    total = 0
    for step in range(units):
        for number in range(300):
            total += number * step % 7
    return total
"""


# Without an event loop: to make one and to close it takes longer after more work, as caches hold
# less of it by then, and would be a part of the slowdown that no unit stands for.
_DRIVEN = """\
def main():
    try:
        every().send(None)
    except StopIteration:
        pass
"""


@dataclass(frozen=True, slots=True)
class _Kind:
    """Work of one kind.

    Attributes:
        text: a function that does so many units of it.
        units: what functions have before: the fewest and the most.
    """

    text: str
    units: tuple[int, int] = (20, 80)


_WORK: Mapping[str, _Kind] = {
    "loops": _Kind("""
def {name}():
    total = 0
    for step in range({units}):
        for number in range(150):
            total += number * step % 7
    return total
"""),
    "calls": _Kind("""
def {name}():
    total = 0
    for step in range({units}):
        for number in range(100):
            total = increased(total)
    return total
"""),
    "generators": _Kind("""
def {name}():
    total = 0
    for step in range({units}):
        for number in numbers(100):
            total += number
    return total
"""),
    # A leaf for each unit, and one call less that only halves: both in proportion, but for one.
    "recursion": _Kind(
        """
def {name}(units={units}):
    if units > 1:
        return {name}(units // 2) + {name}(units - units // 2)
    total = 0
    for number in range(100):
        total += number
    return total
"""
    ),
    "C calls": _Kind("""
def {name}():
    for step in range({units}):
        sum(range(200))
        sorted(DESCENDING)
"""),
    "waits": _Kind(
        """
def {name}():
    for step in range({units}):
        time.sleep(0.0005)
""",
        (4, 12),
    ),
    "coroutines": _Kind("""
async def {name}():
    total = 0
    for step in range({units}):
        for number in range(60):
            total = await awaited(total)
    return total
"""),
    # What starting a thread takes is no part of the units.
    "threads": _Kind(
        """
def {name}():
    thread = threading.Thread(target=work, args=({units},))
    thread.start()
    thread.join()
""",
        (40, 160),
    ),
}

_ALIKE = ("loops", "calls", "generators", "recursion", "C calls")
"""What functions of a mixed program do: work that takes CPU time in the calling thread."""

KINDS = (*_WORK, MIXED)
"""All kinds of programs."""


@dataclass(frozen=True, slots=True)
class Program:
    """Two versions of a program.

    Attributes:
        kind: one of `KINDS`.
        works: what each function does, in the order in which they are called.
        before: units of it in each, before.
        after: the same after.
    """

    kind: str
    works: Mapping[str, str]
    before: Mapping[str, int]
    after: Mapping[str, int]

    @property
    def slower(self) -> tuple[str, ...]:
        """The functions that do more than before."""
        return tuple(name for name in self.works if self.after[name] > self.before[name])


def drawn(kind: str, seed: str) -> Program:
    """Draw a program: how many functions, what each does, and what is added where.

    Args:
        kind: one of `KINDS`.
        seed: all is drawn from it.
    """
    chance = random.Random(f"{kind} {seed}")  # noqa: S311
    names = NAMES[: chance.randint(FEWEST, len(NAMES))]
    works = {name: chance.choice(_ALIKE) if kind == MIXED else kind for name in names}
    before = {name: chance.randint(*_WORK[works[name]].units) for name in names}
    slower = sorted(chance.sample(names, chance.randint(2, len(names))), key=names.index)
    wanted = math.exp(chance.uniform(math.log(LEAST), math.log(MOST))) * sum(before.values())
    # All ways to divide it are as likely; a unit at least goes to each.
    parts = [chance.expovariate(1.0) for _ in slower]
    added = {
        name: max(1, round(wanted * part / sum(parts)))
        for name, part in zip(slower, parts, strict=True)
    }
    return Program(kind, works, before, {one: before[one] + added.get(one, 0) for one in names})


def source(program: Program, units: Mapping[str, int]) -> str:
    """The program's text.

    Args:
        program: which one.
        units: of each function, such as its ``before``.
    """
    texts = [
        _WORK[work].text.format(name=name, units=units[name])
        for name, work in program.works.items()
    ]
    if program.kind == "coroutines":
        calls = "".join(f"    await {name}()\n" for name in program.works)
        main = f"async def every():\n{calls}\n\n{_DRIVEN}"
    else:
        main = "def main():\n" + "".join(f"    {name}()\n" for name in program.works)
    return "\n".join([_HEAD, *texts, f"\n{main}"])


def counted_shares(program: Program) -> dict[str, float]:
    """Each slower function's share of the slowdown: its added units over all of them.

    Raises:
        ValueError: the functions do different work, so that their units are no measure.
    """
    if program.kind == MIXED:
        raise ValueError("units of different work can't be added up")
    added = {name: program.after[name] - program.before[name] for name in program.slower}
    return {name: units / sum(added.values()) for name, units in added.items()}
