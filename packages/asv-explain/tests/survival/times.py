"""How often a fault is tried, and the seed from which its moments are drawn."""

from __future__ import annotations

import os
import random
import secrets
import sys

__all__ = ["drawn", "times"]

TIMES = "ASV_EXPLAIN_TIMES"
"""The variable that asks for so many tries of each fault instead of a few."""

SEED = "ASV_EXPLAIN_SEED"
"""The variable that repeats a seed that was printed."""

_SEED = os.environ.get(SEED) or str(secrets.randbits(32))


def times(few: int) -> int:
    """How often to try: what the variable asks for, or a few times."""
    return int(os.environ.get(TIMES) or few)


def drawn(*what: object) -> random.Random:
    """What draws for one try, from the seed of this run, which is printed."""
    name = "-".join(map(str, (_SEED, *what)))
    sys.stdout.write(f"drawn from {name}; {SEED}={_SEED} repeats it\n")
    return random.Random(name)  # noqa: S311 - nothing secret is drawn
