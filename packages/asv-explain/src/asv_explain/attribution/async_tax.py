"""What functions cost more since they are coroutines: creating, resuming, turning the loop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from asv_explain.attribution.per_function import CallEdges, PerFunction
from asv_explain.profiles.match import Flags, Match
from asv_explain.profiles.profile import Function, Profile, Seconds

__all__ = ["AsyncCost", "AsyncTax", "async_tax", "loop_turns"]

# Coroutines that did not change and await one another, from one that did to the next.
_DEEPEST = 100

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


def async_tax(before: Profile, after: Profile, match: Match, each: PerFunction) -> AsyncTax:
    """Sum up what ``def`` turned ``async def`` costs, if anything was.

    Args:
        before: The profile before.
        after: The profile after.
        match: The pairs of their functions.
        each: What each of them took and how often it was called.
    """
    functions = []
    loop = 0.0
    resumptions = 0.0
    rows = zip(match.before.tolist(), match.after.tolist(), strict=True)
    for pair, (first, second) in enumerate(rows):
        function = after.functions[second] if second >= 0 else before.functions[first]
        if second >= 0 and function.is_coroutine:
            resumptions += float(each.calls_after[pair])
        if _is_loop(function):
            loop += float(each.difference[pair])
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
                    float(each.calls_before[pair]),
                    float(each.calls_after[pair]),
                    float(each.difference[pair]),
                )
            )
    functions.sort(key=lambda one: -one.seconds)
    if not functions:
        return AsyncTax((), 0.0, resumptions, 0.0)
    seconds = loop + float(np.sum([one.seconds for one in functions]))
    return AsyncTax(tuple(functions), loop, resumptions, seconds)


def loop_turns(
    before: Profile,
    after: Profile,
    match: Match,
    each: PerFunction,
    edges: CallEdges,
    keeps: Flags,
) -> tuple[Flags, Seconds]:
    """Which pairs are the event loop, and which changed coroutine has which share in its turns.

    The loop calls coroutines, so that no edge leads from its cost to them; but it turns as often
    as one of them suspends. Whatever awaits that one goes on as often as well, and is not what
    made the loop turn: so each changed coroutine has the resumptions that it added, less those
    that came along with a changed one below it. Where the loop turns less often, it is the
    resumptions that went away.

    Args:
        before: The profile before.
        after: The profile after.
        match: The pairs of their functions.
        each: What each of them took and how often it was called.
        edges: Who called whom.
        keeps: Which pairs changed (P,).
    """
    pairs = len(match)
    loop, woken = np.zeros(pairs, np.bool_), np.zeros(pairs, np.bool_)
    rows = zip(match.before.tolist(), match.after.tolist(), strict=True)
    for pair, (first, second) in enumerate(rows):
        sides = [after.functions[second]] if second >= 0 else []
        sides += [before.functions[first]] if first >= 0 else []
        loop[pair] = _is_loop(sides[0])
        woken[pair] = any(one.is_coroutine for one in sides)
    more = float((each.calls_after - each.calls_before)[loop].sum())
    sign = -1.0 if more < 0 else 1.0
    added = np.where(woken, np.maximum(sign * (each.calls_after - each.calls_before), 0.0), 0.0)
    taken = np.where(keeps, added, 0.0)
    own = np.maximum(taken - _from_below(edges, added, woken, keeps, sign), 0.0)
    # Where every changed coroutine goes on with one below it, as in a circle, nobody is first.
    shares = own if own.any() else taken
    every = float(shares.sum())
    return (loop, shares / every) if every else (np.zeros(pairs, np.bool_), shares)


def _from_below(
    edges: CallEdges, added: Seconds, woken: Flags, keeps: Flags, sign: float
) -> Seconds:
    """Resumptions of each pair that came along with those of a changed coroutine below it (P,)."""
    caller, callee = edges.caller, edges.callee
    along = np.maximum(sign * (edges.calls_after - edges.calls_before), 0.0)
    along = np.where(woken[caller] & woken[callee] & (caller != callee), along, 0.0)
    below = np.zeros(len(added))
    for _ in range(_DEEPEST):
        part = np.divide(below, added, out=np.zeros(len(added)), where=added > 0)
        part = np.where(keeps, 1.0, np.minimum(part, 1.0))
        found = np.bincount(caller, along * part[callee], len(added)).astype(np.float64)
        if np.array_equal(found, below):
            break
        below = found
    return below


def _is_loop(function: Function) -> bool:
    """Whether it is part of the event loop, or of what it needs."""
    if function.is_builtin:
        return function.name.startswith(_LOOP_BUILTINS)
    return function.home == "stdlib" and function.path.startswith(_LOOP_FILES)
