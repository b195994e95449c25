"""What is said of each cause's error is true, for made-up programs of which the truth is known."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from simulation import COST, simulate

from asv_explain.attribution.blame import Blame, blame
from asv_explain.attribution.decompose import Side, decompose, round_differences
from asv_explain.attribution.doubts import OWN_PART, doubts
from asv_explain.profiles.correct import correct_again, correct_both
from asv_explain.profiles.match import match_profiles
from asv_explain.profiles.merge import merge

CASES = 200


class Told(NamedTuple):
    """What was said of one cause, in shares of the whole difference, and what is true."""

    true: float
    said: float
    half: float
    noise: bool

    @property
    def holds(self) -> bool:
        """Whether the truth lies in the interval."""
        return abs(self.said - self.true) <= self.half


def explained(seed: int, *, alike: bool) -> tuple[Blame, Blame]:
    """A simulated change as its true times explain it, and as the pipeline does."""
    case = simulate(seed, alike=alike)
    before, after = (Side(one, one.own, float(one.own.sum())) for one in case.true)
    match = match_profiles(before.profile, after.profile)
    true = blame(before, after, match, decompose(before, after, match), case.changes)
    wholes = merge(case.seen[0]), merge(case.seen[1])
    times = [side.measured for side in (before, after)]
    number = wholes[0].number
    match = match_profiles(*wholes)
    corrected = correct_both(wholes, COST, (times[0] * number, times[1] * number), match)
    ends = [
        Side(one.profile, one.own, time, one.doubt, one.edge_own)
        for one, time in zip(corrected, times, strict=True)
    ]
    rounds = [
        [Side(one, correct_again(side, one, COST), time) for one in seen]
        for side, seen, time in zip(corrected, case.seen, times, strict=True)
    ]
    parts = decompose(ends[0], ends[1], match)
    by_round = round_differences(list(zip(*rounds, strict=True)), *wholes, match)
    return true, blame(ends[0], ends[1], match, parts, case.changes, by_round)


def told(*, alike: bool) -> list[Told]:
    """All causes of all cases that are at least a fiftieth of their difference, or said to be."""
    found = []
    for seed in range(CASES):
        true, said = explained(seed, alike=alike)
        truth = {one.name: one.seconds for one in true.causes}
        whole = abs(true.measured)
        for one in said.causes:
            actual = truth.get(one.name, 0.0)
            if one.high is None or max(abs(actual), abs(one.seconds)) < whole / 50:
                continue
            half = (one.high - one.seconds) / whole
            found.append(Told(actual / whole, one.seconds / whole, half, one.noise))
    return found


@pytest.mark.parametrize("alike", [True, False], ids=["as modelled", "independent strays"])
def test_intervals_hold_what_is_true(alike: bool) -> None:
    """In about 95 % of cases the truth lies in the interval, and the interval says something."""
    found = told(alike=alike)
    assert len(found) > CASES
    assert np.mean([one.holds for one in found]) >= 0.9
    middling = [one.half for one in found if 0.1 <= one.true <= 0.3]
    assert len(middling) > 20
    assert np.median(middling) < 0.15
    large = [one for one in found if one.true >= 0.3]
    assert np.mean([one.noise for one in large]) < 0.2


def _sides(seed: int, after: int) -> tuple[Side, Side]:
    """The side before of a case, and either side of it (0 or 1), corrected together."""
    case = simulate(seed)
    seen = case.seen[0][0], case.seen[after][0]
    times = float(case.true[0].own.sum()), float(case.true[after].own.sum())
    first, second = correct_both(seen, COST, times, match_profiles(*seen))
    return (
        Side(first.profile, first.own, times[0], first.doubt, first.edge_own),
        Side(second.profile, second.own, times[1], second.doubt, second.edge_own),
    )


def test_what_is_wrong_with_both_sides_alike_cancels() -> None:
    """Of two sides that ran the same, only the small part that each has of its own is in doubt."""
    before, after = _sides(1, after=0)
    found = doubts(before, after, match_profiles(before.profile, after.profile))
    assert found is not None
    alone = np.sqrt(np.square(found.after).sum())
    together = np.sqrt(np.square(found.after - found.before).sum())
    assert 0 < together < 2 * OWN_PART * alone


def test_closing_leaves_no_error_in_the_total() -> None:
    """Whatever strays, each side still sums to its unprofiled time, which no mode changes."""
    before, after = _sides(2, after=1)
    found = doubts(before, after, match_profiles(before.profile, after.profile))
    assert found is not None
    for side, modes in ((before, found.before), (after, found.after)):
        assert np.abs(modes).max() > 0
        moved = modes[:, side.own > 0] if len(side.own) == modes.shape[1] else modes
        assert np.abs(moved.sum(axis=1)).max() < 1e-3 * side.measured


def test_sides_without_a_correction_have_no_doubt() -> None:
    """Times from which nothing was taken out are as they are."""
    profile = simulate(1).true[0]
    side = Side(profile, profile.own, 1.0)
    assert doubts(side, side, match_profiles(profile, profile)) is None
