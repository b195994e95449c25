"""Programs made up with known times, and what a profiler that strays from its calibration sees."""

from __future__ import annotations

from dataclasses import dataclass, replace
from inspect import CO_COROUTINE

import numpy as np
from numpy.typing import NDArray

from asv_explain.changes.change import Change, Changes
from asv_explain.measuring.calibrate import Estimate, ProfilerCost
from asv_explain.profiles.doubt import (
    COMMON_STRAY,
    FUNCTION_COMMON_STRAY,
    FUNCTION_STRAY,
    STRAY,
)
from asv_explain.profiles.profile import Function, Profile, Seconds
from asv_explain.profiles.scales import added_costs

__all__ = ["COST", "ROUNDS", "Case", "simulate"]

FILE = "pkg/mod.py"
NANO = 1e-9
ROUNDS = 6
# What the rounds of one profile scatter by, as a share of each function's time.
SCATTER = 0.01

_Matrix = NDArray[np.float64]


def _estimate(value: float) -> Estimate:
    return Estimate(value * NANO, 0.0)


COST = ProfilerCost(
    callee_python=_estimate(32),
    caller_python=_estimate(100),
    callee_builtin=_estimate(35),
    caller_builtin=_estimate(70),
    callee_resumed=_estimate(44),
    caller_resumed=_estimate(50),
    callee_awaited=_estimate(30),
    caller_awaited=_estimate(90),
    callee_bit=_estimate(6),
    caller_bit=_estimate(20),
    bytecode=Estimate(0.55, 0.0),
    python="3.11.7",
    implementation="cpython",
)


@dataclass(frozen=True)
class Case:
    """A change with its truth: both sides as they are, and as they were profiled."""

    true: tuple[Profile, Profile]
    seen: tuple[tuple[Profile, ...], tuple[Profile, ...]]
    changes: Changes


def _functions(generator: np.random.Generator, size: int) -> list[Function]:
    """A benchmark, then functions of the site, coroutines and C functions."""
    functions = [Function("bench", "bench.py", "time_it", 1, 3, "time_it")]
    for index in range(1, size):
        kind = generator.choice(["python", "python", "coroutine", "builtin"])
        if kind == "builtin" and index > size // 2:
            functions.append(Function("builtin", "", f"builtins.f{index}", 0, 0, ""))
        else:
            flags = 3 | (CO_COROUTINE if kind == "coroutine" else 0)
            functions.append(Function("site", FILE, f"f{index}", index, flags, f"f{index}"))
    return functions


def _profile(functions: list[Function], rates: _Matrix, prices: Seconds) -> Profile:
    """The profile of a program: ``rates`` are calls of each function in one call of another."""
    size = len(functions)
    calls = np.zeros(size)
    calls[0] = 50
    for one in range(size):
        calls += calls[one] * rates[one]
    whole = prices.copy()
    for one in reversed(range(size)):
        whole[one] += rates[one] @ whole
    caller, callee = np.nonzero(rates * calls[:, None])
    made = calls[caller] * rates[caller, callee]
    return Profile(
        functions=tuple(functions),
        calls=calls.astype(np.int64),
        recursive=np.zeros(size, np.int64),
        own=calls * prices,
        cumulative=calls * whole,
        caller=caller,
        callee=callee,
        edge_calls=made.astype(np.int64),
        edge_own=made * prices[callee],
        edge_cumulative=made * whole[callee],
        number=1,
        seconds=float((calls * prices).sum()),
    )


def simulate(seed: int, *, alike: bool = True, size: int = 20) -> Case:
    """Make up a program, change it, and profile both sides with the same strays.

    Args:
        seed: Of everything.
        alike: Whether strays have parts in common, as the model has it; else each kind's and each
            function's are independent, of the same size.
        size: How many functions there are.
    """
    generator = np.random.default_rng(seed)
    functions = _functions(generator, size)
    builtin = np.array([one.is_builtin for one in functions])
    rates = np.triu(generator.integers(1, 5, (size, size)), 1).astype(np.float64)
    rates *= generator.random((size, size)) < 3 / size
    # Everything is called by something, and C functions call nothing.
    rates[0, rates.sum(axis=0) == 0] = 1
    rates[builtin] = 0
    rates[0, 0] = 0
    prices = generator.lognormal(np.log(150 * NANO), 0.8, size)
    after_rates, after_prices, after = rates.copy(), prices.copy(), list(functions)
    names = []
    for index in generator.choice(np.flatnonzero(~builtin)[1:], 3, replace=False).tolist():
        names.append(functions[index].name)
        kind = generator.integers(3)
        flags = functions[index].flags | (CO_COROUTINE if kind == 2 else 0)
        after[index] = replace(functions[index], fingerprint="changed", flags=flags)
        if kind == 0 or index == size - 1:
            after_prices[index] *= generator.uniform(1.5, 4)
        else:
            callee = int(generator.integers(index + 1, size))
            after_rates[index, callee] += generator.integers(1, 4)
    true = _profile(functions, rates, prices), _profile(after, after_rates, after_prices)
    ways = _strays(generator, size, alike=alike)
    speed = generator.normal(1, 0.1)
    seen = []
    for one in true:
        mine = speed * generator.normal(1, 0.02)
        rounds = [_seen(generator, one, ways, mine) for _ in range(ROUNDS)]
        seen.append(tuple(rounds))
    items = tuple(
        Change("function", name, FILE, FILE, FILE, FILE, (1, 2), (1, 2), ("body",))
        for name in names
    )
    return Case(true, (seen[0], seen[1]), Changes(items, {}, (), frozenset({FILE})))


def _strays(generator: np.random.Generator, size: int, *, alike: bool) -> _Matrix:
    """By what the cost of each kind strays in each function, as factors (N, K)."""
    scales, ones = np.array(STRAY), np.array(FUNCTION_STRAY)
    if alike:
        common = generator.normal(0, 1) * np.array(COMMON_STRAY)
        common = common + generator.normal(0, 1, (size, 1)) * np.array(FUNCTION_COMMON_STRAY)
    else:
        scales = np.hypot(scales, COMMON_STRAY)
        ones = np.hypot(ones, FUNCTION_COMMON_STRAY)
        common = np.zeros((size, len(scales)))
    own = generator.normal(0, 1, len(scales)) * scales
    own = own + generator.normal(0, 1, (size, len(scales))) * ones
    factors: _Matrix = np.maximum(1 + common + own, 0.1)
    return factors


def _seen(generator: np.random.Generator, true: Profile, ways: _Matrix, speed: float) -> Profile:
    """What the profiler shows of a run, in which everything is slower by some speed."""
    costs = added_costs(true, COST)
    # The stray is one of what is taken out, s / (1 + s), which strays less than the slowdown s.
    slowdown = COST.bytecode.value
    slow = slowdown * (1 + (ways[:, -1] - 1) * (1 + slowdown)) * (costs.slowdown > 0)
    slow = np.maximum(slow, 0.0)
    own = true.own * (1 + slow) + (costs.calls * ways).sum(axis=1)
    own = own * speed * generator.normal(1, SCATTER, len(own))
    each = own / np.maximum(true.calls, 1)
    # Cumulative times of calls, from the callees up: callers come first in the list.
    whole = each.copy()
    for one in reversed(range(len(own))):
        below = true.caller == one
        spent = true.edge_calls[below] @ whole[true.callee[below]]
        whole[one] += spent / max(float(true.calls[one]), 1.0)
    return replace(
        true,
        own=own,
        cumulative=whole * true.calls,
        edge_own=true.edge_calls * each[true.callee],
        edge_cumulative=true.edge_calls * whole[true.callee],
        seconds=float(own.sum()),
    )
