"""Work that a program could do without, as programmers write it: checks, notes, sums."""

from __future__ import annotations

import random
from collections.abc import Collection

from observatory.injections.kinds.module import free_name

__all__ = ["STEP_SECONDS", "drawn", "work"]

# About what one step of it costs, in seconds; a first guess that measuring corrects.
STEP_SECONDS = 5e-8

# Names that it uses, each followed by something else where the code around it has it already.
_NAMES = ("step", "made")

_WORKS = (
    # A checksum that nobody compares.
    ("{made} = 0", "for {step} in range({count}):", "    {made} = ({made} * 31 + {step}) % 65521"),
    # A line of a log that nobody writes.
    ('{made} = ""', "for {step} in range({count}):", '    {made} = f"{{{made}[-12:]}}{{{step}}}"'),
    # A check that nothing fails.
    (
        "for {step} in range({count}):",
        "    if {step} < 0:",
        '        raise ValueError(f"there is no place {{{step}}}")',
    ),
    # A trail that nobody follows.
    ("{made} = []", "for {step} in range({count}):", "    {made}.append({step})"),
    # A sum that nobody asks for, with a frame of its own.
    ("{made} = sum([{step} & 7 for {step} in range({count})])",),
    # Names looked up in a table that is thrown away.
    (
        "{made} = {{}}",
        "for {step} in range({count}):",
        "    {made}[{step} & 15] = {made}.get({step} & 7, 0) + 1",
    ),
)


def drawn(*seed: object) -> random.Random:
    """What draws lots, the same ones again for the same seed."""
    # Nothing here is a secret; being the same again is the point.
    return random.Random(" ".join(map(str, seed)))  # noqa: S311


def work(seed: str, count: str, taken: Collection[str] = ()) -> list[str]:
    """Lines that change nothing but how long it takes.

    Args:
        seed: chooses among a few sorts of work.
        count: how many steps of it, as Python writes it.
        taken: names that the code around it uses.
    """
    names = {name: free_name(name, taken) for name in _NAMES}
    chosen = drawn("work", seed).choice(_WORKS)
    return [line.format(count=count, **names) for line in chosen]
