"""A corrected profile closes on the unprofiled time, and gives back what the profiler added."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from recording import record
from strategies import costs, raw_profiles

from asv_explain.measuring.calibrate import Estimate, ProfilerCost
from asv_explain.profiles.correct import (
    CaveatKind,
    CorrectedProfile,
    CorrectionError,
    check_closure,
    correct,
)
from asv_explain.profiles.profile import Function, Profile, profile_from_raw
from asv_explain.profiles.scales import GREATEST_SCALE, LEAST_SCALE

NANO = 1e-9
SECONDS = st.floats(1e-6, 1e-1, allow_subnormal=False)


def cost(bit: float = 0.0, bytecode: float = 0.0, error: float = 0.0) -> ProfilerCost:
    """Return a cost in nanoseconds a call: 30 in the callee, 90 in the caller."""
    callee, caller = Estimate(30 * NANO, error), Estimate(90 * NANO, error)
    return ProfilerCost(
        callee_python=callee,
        caller_python=caller,
        callee_builtin=callee,
        caller_builtin=caller,
        callee_resumed=callee,
        caller_resumed=caller,
        callee_awaited=callee,
        caller_awaited=caller,
        callee_bit=Estimate(bit / 4 * NANO, 0.0),
        caller_bit=Estimate(bit * 3 / 4 * NANO, 0.0),
        bytecode=Estimate(bytecode, 0.0),
        python="3.11.7",
        implementation="cpython",
    )


# Seconds that the three functions of ``calling`` truly take, and calls of the cheap one.
OUTER, CHEAP, SLOW = 1e-3, 2e-3, 5e-3
CALLS = 20_000


def calling(scale: float = 1.0, bit: float = 0.0, home: str = "site", flags: int = 3) -> Profile:
    """Return what a profiler of these costs shows: outer calls cheap often, and slow once."""
    calls = np.array([1, CALLS, 1])
    bits = np.log2(calls.sum() / calls)
    per_callee = 30 + bit / 4 * bits
    per_caller = 90 + bit * 3 / 4 * bits
    own = np.array([OUTER, CHEAP, SLOW]) + scale * NANO * calls * per_callee
    own[0] += scale * NANO * (calls[1] * per_caller[1] + per_caller[2])
    names = ("outer", "cheap", "slow")
    functions = tuple(
        Function(home if name == "cheap" else "site", "a.py", name, 1, flags, name)
        for name in names
    )
    return Profile(
        functions=functions,
        calls=calls,
        recursive=np.zeros(3, np.int64),
        own=own,
        cumulative=np.array([own.sum(), own[1], own[2]]),
        caller=np.array([0, 0]),
        callee=np.array([1, 2]),
        edge_calls=calls[1:],
        edge_own=own[1:],
        edge_cumulative=own[1:],
        number=1,
        seconds=float(own.sum()),
    )


def conserves(corrected: CorrectedProfile) -> bool:
    """Tell whether own times and what is unexplained sum to the unprofiled time."""
    total = math.fsum(corrected.own) + corrected.unexplained
    return math.isclose(total, corrected.seconds, rel_tol=1e-9)


@given(raw_profiles(), costs(), SECONDS, st.floats(0, 1e-3))
def test_always_conserves(
    raw: dict[str, Any], price: ProfilerCost, seconds: float, noise: float
) -> None:
    """Whatever the profile, the cost and the time: it adds up, and no time is negative."""
    corrected = correct(profile_from_raw(raw), price, seconds, noise)
    assert conserves(corrected)
    for values in (corrected.own, corrected.error, corrected.edge_own):
        assert (values >= 0).all()
        assert np.isfinite(values).all()
        assert not values.flags.writeable
    assert all(LEAST_SCALE <= one <= GREATEST_SCALE for one in corrected.scales.values())


@given(raw_profiles(), costs(), SECONDS)
def test_never_gives_time_to_a_function(
    raw: dict[str, Any], price: ProfilerCost, seconds: float
) -> None:
    """The profiler only ever adds time, so no function has more when corrected."""
    corrected = correct(profile_from_raw(raw), price, seconds)
    assert (corrected.own <= corrected.profile.own).all()


@given(raw_profiles(), costs(), SECONDS)
def test_silence_about_the_gap_means_there_is_none(
    raw: dict[str, Any], price: ProfilerCost, seconds: float
) -> None:
    """What is left unexplained always comes with a caveat that holds its size."""
    corrected = correct(profile_from_raw(raw), price, seconds)
    kinds = {caveat.kind: caveat for caveat in corrected.caveats}
    if CaveatKind.SCALE_AT_LIMIT in kinds:
        gap = kinds[CaveatKind.SCALE_AT_LIMIT].seconds
        assert gap == pytest.approx(abs(corrected.unexplained))
    else:
        scope = max(seconds, float(corrected.profile.own.sum()))
        assert abs(corrected.unexplained) <= 1e-9 * scope


@given(raw_profiles(), costs(), SECONDS)
def test_edges_hold_the_same_share(
    raw: dict[str, Any], price: ProfilerCost, seconds: float
) -> None:
    """A function's edges hold the same share of its own time as before the correction."""
    corrected = correct(profile_from_raw(raw), price, seconds)
    profile, size = corrected.profile, len(corrected.own)
    before = np.bincount(profile.callee, profile.edge_own, size)
    after = np.bincount(profile.callee, corrected.edge_own, size)
    expected = np.where(profile.own > 0, before / np.where(profile.own > 0, profile.own, 1), 0)
    assert after == pytest.approx(corrected.own * expected, abs=1e-15)


@given(raw_profiles(), costs(), SECONDS, st.floats(0.01, 100))
def test_units_do_not_matter(
    raw: dict[str, Any], price: ProfilerCost, seconds: float, factor: float
) -> None:
    """A clock that counts in other units gives the same result in these units."""
    scaled = raw | {
        "seconds": raw["seconds"] * factor,
        "functions": [
            one | {"own": one["own"] * factor, "cumulative": one["cumulative"] * factor}
            for one in raw["functions"]
        ],
        "edges": [[*edge[:4], edge[4] * factor, edge[5] * factor] for edge in raw["edges"]],
    }
    dearer = {
        name: Estimate(getattr(price, name).value * factor, getattr(price, name).error * factor)
        for name in ProfilerCost.__slots__
        if name.startswith(("callee", "caller"))
    }
    other = ProfilerCost(
        **dearer, bytecode=price.bytecode, python=price.python, implementation="cpython"
    )
    one = correct(profile_from_raw(raw), price, seconds)
    two = correct(profile_from_raw(scaled), other, seconds * factor)
    assert two.own / factor == pytest.approx(one.own, rel=1e-6, abs=1e-9 * seconds)


@pytest.mark.parametrize(
    ("home", "flags"), [("site", 3), ("builtin", 0), ("site", 0x83), ("site", 0x23)]
)
@pytest.mark.parametrize("bit", [0.0, 25.0])
def test_gives_back_what_was_added(bit: float, home: str, flags: int) -> None:
    """Of a profile made with the calibrated costs, the true times are left."""
    profile = calling(bit=bit, home=home, flags=flags)
    corrected = correct(profile, cost(bit), OUTER + CHEAP + SLOW)
    assert corrected.own == pytest.approx([OUTER, CHEAP, SLOW], rel=1e-6)
    assert corrected.edge_own == pytest.approx([CHEAP, SLOW], rel=1e-6)
    assert list(corrected.scales.values()) == pytest.approx([1] * 6, abs=1e-3)
    assert corrected.caveats == ()


@pytest.mark.parametrize("scale", [0.5, 1.7, 3.0])
def test_finds_how_much_dearer_the_calls_were(scale: float) -> None:
    """Where each call cost more or less than calibrated, the scale says how much."""
    corrected = correct(calling(scale), cost(), OUTER + CHEAP + SLOW)
    assert corrected.scales["python"] == pytest.approx(scale)
    assert corrected.own == pytest.approx([OUTER, CHEAP, SLOW], rel=1e-6)
    assert corrected.caveats == ()


def test_rare_functions_cost_more() -> None:
    """The bits of a rare function are charged to it and its caller, not to the common one."""
    profile = calling()
    plain, surprised = (correct(profile, cost(bit), OUTER + CHEAP + SLOW) for bit in (0.0, 1000.0))
    assert surprised.own[2] < plain.own[2]


def test_slower_bytecode_is_taken_from_python_alone() -> None:
    """A slowdown of Python code leaves the time of C functions as it was."""
    profile = calling(scale=0.0, home="builtin")
    free = cost(bytecode=0.5)
    nothing = {
        name: Estimate(0.0, 0.0)
        for name in ProfilerCost.__slots__
        if name.startswith(("callee", "caller"))
    }
    free = ProfilerCost(
        **nothing, bytecode=free.bytecode, python="3.11.7", implementation="cpython"
    )
    seconds = (OUTER + SLOW) / 1.5 + CHEAP
    corrected = correct(profile, free, seconds)
    assert corrected.own == pytest.approx([OUTER / 1.5, CHEAP, SLOW / 1.5])


def test_what_scales_can_not_reach_is_unexplained() -> None:
    """A profile far slower than its calls can explain keeps the rest in sight and in doubt."""
    seconds = (OUTER + CHEAP + SLOW) / 100
    corrected = correct(calling(), cost(), seconds)
    assert corrected.scales["python"] == GREATEST_SCALE
    assert corrected.unexplained < 0
    assert corrected.caveats[-1].kind is CaveatKind.SCALE_AT_LIMIT
    assert corrected.error.sum() >= abs(corrected.unexplained)
    assert conserves(corrected)


def test_more_time_without_the_profiler_is_noise() -> None:
    """Where the unprofiled run was slower, the least is taken off and the reader is told."""
    profile = calling()
    corrected = correct(profile, cost(), 2 * float(profile.own.sum()))
    assert corrected.scales["python"] == LEAST_SCALE
    assert corrected.unexplained > 0
    kinds = [caveat.kind for caveat in corrected.caveats]
    assert kinds == [CaveatKind.SCALE_AT_LIMIT, CaveatKind.NOT_SLOWED]
    assert all(kind.remedy for kind in kinds)


def test_times_that_would_be_negative_are_clamped_and_told() -> None:
    """A function that took less than its calls cost has nothing left, and a caveat says so."""
    profile = calling()
    own = profile.own.copy()
    own[1] = CALLS * 1 * NANO
    bare = Profile(
        functions=profile.functions,
        calls=profile.calls,
        recursive=profile.recursive,
        own=own,
        cumulative=own,
        caller=profile.caller,
        callee=profile.callee,
        edge_calls=profile.edge_calls,
        edge_own=own[1:],
        edge_cumulative=own[1:],
        number=1,
        seconds=float(own.sum()),
    )
    corrected = correct(bare, cost(), OUTER + SLOW)
    (caveat,) = corrected.caveats
    assert caveat.kind is CaveatKind.CLAMPED
    assert caveat.functions == (1,)
    assert corrected.own[1] == 0
    assert caveat.seconds == pytest.approx(CALLS * (30 * corrected.scales["python"] - 1) * NANO)
    assert corrected.error[1] >= caveat.seconds
    assert conserves(corrected)


def test_noise_is_not_met_by_stretching() -> None:
    """A gap within the noise of the total is left over, and the scales stay near 1."""
    seconds = OUTER + CHEAP + SLOW
    gap = 1e-3
    exact = correct(calling(), cost(), seconds - gap)
    noisy = correct(calling(), cost(), seconds - gap, noise=gap)
    assert 1 < noisy.scales["python"] < exact.scales["python"]
    assert noisy.unexplained == pytest.approx(-gap, rel=0.5)
    assert noisy.caveats == ()


def test_doubtful_costs_give_doubtful_times() -> None:
    """A function that is mostly calls is less certain than one that is none."""
    corrected = correct(calling(), cost(), OUTER + CHEAP + SLOW)
    relative = corrected.error / corrected.own
    assert relative[0] > relative[2]
    assert relative[1] > relative[2]


async def countdown(number: int) -> int:
    """Await itself, so that one resumption runs through many coroutines."""
    return 0 if number == 0 else await countdown(number - 1)


@pytest.mark.parametrize(
    "run",
    [
        lambda: json.dumps([{"a": [1, 2.5, None]}] * 20, indent=1),
        lambda: re.sub(r"\d+", lambda found: found.group() + "!", "a1b22" * 50),
        lambda: asyncio.run(countdown(50)),
        lambda: sorted(range(99), key=lambda value: -value),
    ],
    ids=["json", "regular expression", "coroutines", "sort key"],
)
def test_real_profiles_are_corrected(run: Callable[[], object]) -> None:
    """What cProfile takes of real code is corrected, and loses time but none below nothing."""
    profile = profile_from_raw(record(run, 3))
    corrected = correct(profile, cost(bit=25.0, bytecode=0.5), float(profile.own.sum()) / 2)
    assert conserves(corrected)
    assert (corrected.own <= profile.own).all()
    assert corrected.own.sum() < profile.own.sum()


@pytest.mark.parametrize("seconds", [0.0, -1.0, math.nan, math.inf])
def test_refuses_what_is_no_time(seconds: float) -> None:
    """Without an unprofiled time there is nothing to close on."""
    with pytest.raises(CorrectionError, match="unprofiled time"):
        correct(calling(), cost(), seconds)
    with pytest.raises(CorrectionError, match="noise"):
        correct(calling(), cost(), 1.0, noise=-1.0)


def test_a_result_that_does_not_close_is_refused() -> None:
    """Time that is lost, or negative, is found out."""
    corrected = correct(calling(), cost(), OUTER + CHEAP + SLOW)
    check_closure(corrected)
    with pytest.raises(CorrectionError, match="sum to"):
        check_closure(dataclasses.replace(corrected, unexplained=1e-3))
    with pytest.raises(CorrectionError, match="own holds"):
        check_closure(dataclasses.replace(corrected, own=-corrected.own))


def test_an_empty_profile_explains_nothing() -> None:
    """A profile without functions leaves the whole time unexplained."""
    empty = {
        "schema": 1,
        "python": "3.11.7",
        "implementation": "cpython",
        "number": 1,
        "seconds": 0.0,
        "functions": [],
        "edges": [],
    }
    corrected = correct(profile_from_raw(empty), cost(), 1.0)
    assert corrected.unexplained == 1.0
    assert CaveatKind.SCALE_AT_LIMIT in {caveat.kind for caveat in corrected.caveats}


def test_takes_a_profile_of_the_largest_size() -> None:
    """Fifty thousand functions and half a million edges pass through, and close."""
    functions, edges = 50_000, 500_000
    random = np.random.default_rng(1)
    caller, callee = random.integers(0, functions, (2, edges))
    edge_calls = random.integers(1, 100, edges)
    calls = np.maximum(np.bincount(callee, edge_calls, functions), 1).astype(int)
    own = calls * 300 * NANO
    raw = {
        "schema": 1,
        "python": "3.11.7",
        "implementation": "cpython",
        "number": 1,
        "seconds": float(own.sum()),
        "functions": [
            {
                "home": "site",
                "path": "a.py",
                "name": f"f{index}",
                "line": index,
                "flags": 3,
                "fingerprint": f"{index:x}",
                "calls": count,
                "recursive": 0,
                "own": seconds,
                "cumulative": seconds,
            }
            for index, (count, seconds) in enumerate(zip(calls.tolist(), own.tolist(), strict=True))
        ],
        "edges": [
            [source, target, count, 0, count * 300 * NANO, count * 300 * NANO]
            for source, target, count in zip(
                caller.tolist(), callee.tolist(), edge_calls.tolist(), strict=True
            )
        ],
    }
    corrected = correct(profile_from_raw(raw), cost(), float(own.sum()) / 1.6)
    assert abs(corrected.unexplained) < 1e-9 * corrected.seconds
