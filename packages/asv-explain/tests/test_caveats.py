"""What is doubtful about a correction is said once, for both sides, and only where it matters."""

from __future__ import annotations

import dataclasses

import numpy as np
from simulation import COST, simulate

from asv_explain.profiles.caveats import profile_caveats
from asv_explain.profiles.correct import (
    Caveat,
    CaveatKind,
    CorrectedProfile,
    correct_again,
    correct_both,
)
from asv_explain.profiles.match import match_profiles
from asv_explain.profiles.scales import surprise


def corrected() -> tuple[CorrectedProfile, CorrectedProfile]:
    case = simulate(1)
    seen = case.seen[0][0], case.seen[1][0]
    times = float(case.true[0].own.sum()), float(case.true[1].own.sum())
    return correct_both(seen, COST, times, match_profiles(*seen))


def doubtful(kind: CaveatKind, seconds: float) -> tuple[CorrectedProfile, CorrectedProfile]:
    first, second = corrected()
    caveats = (Caveat(kind, seconds * first.profile.number),)
    return dataclasses.replace(first, caveats=caveats), dataclasses.replace(second, caveats=())


def test_both_sides_share_scales_and_close_by_speed() -> None:
    """The profiler costs the same on both sides, and each side sums to its unprofiled time."""
    first, second = corrected()
    assert first.scales == second.scales
    for side in (first, second):
        assert abs(float(side.own.sum()) - side.seconds) < 1e-9 * side.seconds
        again = correct_again(side, side.profile, COST)
        assert np.allclose(again, side.own, rtol=1e-6, atol=1e-12)


def test_what_did_not_change_is_charged_the_same() -> None:
    """A function that is called as before loses as much to the profiler as before."""
    case = simulate(3)
    one = case.seen[0][0]
    first, second = correct_both((one, one), COST, (1e-3, 1e-3), match_profiles(one, one))
    assert np.array_equal(first.own, second.own)


def test_calls_in_a_row_surprise_less() -> None:
    """A function called many times by one call of its caller is found sooner than a rare one."""
    profile = simulate(5).true[0]
    bits = surprise(profile)
    calls = np.maximum(profile.calls, 1)
    assert (bits >= 0).all()
    assert (bits <= np.log2(calls.sum() / calls) + 1e-9).all()


def test_small_doubts_are_not_told() -> None:
    """Seconds far below the difference need no words."""
    assert profile_caveats(doubtful(CaveatKind.CLAMPED, 1e-6), 1e-3) == ()


def test_a_doubt_names_its_side_and_amount() -> None:
    """Which side, how much, what it means, and what to do."""
    (told,) = profile_caveats(doubtful(CaveatKind.SCALE_AT_LIMIT, 5e-4), 1e-3)
    assert told.kind == "scale-at-limit"
    assert told.text.startswith("500 µs a call belong to no function")
    assert told.text.endswith("(before)")
    assert told.remedy


def test_disturbed_profiles_are_one_caveat() -> None:
    """Left-out profiles and other processes are told together, in numbers."""
    sides = doubtful(CaveatKind.CLAMPED, 0.0)
    assert profile_caveats(sides, 1e-3, [(2, 6), (1, 6)], 0.1) == ()
    (told,) = profile_caveats(sides, 1e-3, [(3, 6), (1, 6)], 0.5)
    assert told.text == (
        "profiling was disturbed: other processes had the processor for 50% of the time, "
        "4 of 12 profiles were left out"
    )


def test_a_profile_that_does_not_add_up_is_told() -> None:
    """What cProfile got wrong is named with its side."""
    first, second = doubtful(CaveatKind.CLAMPED, 0.0)
    broken = dataclasses.replace(first.profile, cumulative=first.profile.own / 2)
    (told,) = profile_caveats((dataclasses.replace(first, profile=broken), second), 1e-3)
    assert told.text.startswith("the profile before does not add up: ")
