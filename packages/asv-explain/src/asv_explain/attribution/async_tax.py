"""What functions cost more since they are coroutines: creating, resuming, turning the loop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from asv_explain.attribution.decompose import Decomposition
from asv_explain.profiles.match import Flags, Match
from asv_explain.profiles.profile import Function, Profile, Seconds

__all__ = ["AsyncCost", "AsyncTax", "async_tax", "loop_turns"]

_LOOP_FILES = ("asyncio/", "selectors.py", "contextvars.py")
_LOOP_BUILTINS = (
    "_asyncio.",
    "select.",
    "coroutine.",
    "Context.run",
    "async_generator",
    "_socket.",
)


@dataclass(frozen=True, slots=True)
class AsyncCost:
    """A function that became a coroutine; values are per call of the benchmark.

    Attributes:
        path: Its file.
        name: Its qualified name.
        calls: Its calls before.
        resumptions: How often it is started or goes on after.
        seconds: Own seconds after - before: resuming it, creating those that it awaits, and
            whatever else changed in it.
    """

    path: str
    name: str
    calls: float
    resumptions: float
    seconds: float


@dataclass(frozen=True, slots=True)
class AsyncTax:
    """The price of coroutines, in seconds per call of the benchmark.

    Attributes:
        functions: The functions that became coroutines, the dearest first.
        loop: Difference of the event loop and what it calls in C.
        resumptions: How often coroutines are started or go on after, of all there are.
        seconds: All of it in one figure; an upper bound where bodies changed as well.
    """

    functions: tuple[AsyncCost, ...]
    loop: float
    resumptions: float
    seconds: float


def async_tax(before: Profile, after: Profile, match: Match, parts: Decomposition) -> AsyncTax:
    """Sum up what ``def`` turned ``async def`` costs, if anything was.

    Args:
        before: The profile before.
        after: The profile after.
        match: The pairs of their functions.
        parts: Their differences.
    """
    functions = []
    loop = 0.0
    resumptions = 0.0
    rows = zip(match.before.tolist(), match.after.tolist(), strict=True)
    for pair, (first, second) in enumerate(rows):
        function = after.functions[second] if second >= 0 else before.functions[first]
        if second >= 0 and function.is_coroutine:
            resumptions += float(parts.calls_after[pair])
        if _is_loop(function):
            loop += float(parts.difference[pair])
        elif (
            first >= 0
            and second >= 0
            and function.is_coroutine
            and not before.functions[first].is_coroutine
        ):
            functions.append(
                AsyncCost(
                    function.path,
                    function.name,
                    float(parts.calls_before[pair]),
                    float(parts.calls_after[pair]),
                    float(parts.difference[pair]),
                )
            )
    functions.sort(key=lambda one: -one.seconds)
    if not functions:
        return AsyncTax((), 0.0, resumptions, 0.0)
    seconds = loop + float(np.sum([one.seconds for one in functions]))
    return AsyncTax(tuple(functions), loop, resumptions, seconds)


def loop_turns(
    before: Profile, after: Profile, match: Match, parts: Decomposition, keeps: Flags
) -> tuple[Flags, Seconds]:
    """Which pairs are the event loop, and which changed coroutine has which share in its turns.

    The loop calls coroutines, so that no edge leads from its cost to them; but it turns as often
    as they go on. The shares are those of the resumptions that each of them added.

    Args:
        before: The profile before.
        after: The profile after.
        match: The pairs of their functions.
        parts: Their differences.
        keeps: Which pairs changed (P,).
    """
    loop, added = np.zeros(len(match), np.bool_), np.zeros(len(match))
    rows = zip(match.before.tolist(), match.after.tolist(), strict=True)
    for pair, (first, second) in enumerate(rows):
        function = after.functions[second] if second >= 0 else before.functions[first]
        loop[pair] = _is_loop(function)
        if keeps[pair] and function.is_coroutine:
            more = float(parts.calls_after[pair] - parts.calls_before[pair])
            added[pair] = max(more, 0.0)
    every = float(added.sum())
    return (loop, added / every) if every else (np.zeros(len(match), np.bool_), added)


def _is_loop(function: Function) -> bool:
    """Whether it is part of the event loop, or of what it needs."""
    if function.is_builtin:
        return function.name.startswith(_LOOP_BUILTINS)
    return function.home == "stdlib" and function.path.startswith(_LOOP_FILES)
