"""The share that comes back has an interval that holds the truth, and is judged by it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from explanations import explanation
from hypothesis import given
from hypothesis import strategies as st

from asv_explain.explanation import Interval, Outcome
from asv_explain.explanation import Rounds as Figures
from asv_explain.measuring.confirm import CONFIDENCE, Estimate, estimate
from asv_explain.measuring.give_back import PROVEN_PART, give_back, judged, share_given_back
from asv_explain.measuring.measure import LOOK_AT
from asv_explain.measuring.rounds import Round, Rounds


def certain(ratio: float) -> Estimate:
    """A ratio without any doubt."""
    return Estimate(ratio, Interval(ratio, ratio), 4, 0.95)


@given(st.floats(1.01, 50) | st.floats(0.02, 0.99), st.floats(-1, 2))
def test_the_share_is_what_is_left_out(change: float, share: float) -> None:
    """Of a change without doubt, exactly the share that was taken back."""
    back = 1 - share * (1 - 1 / change)
    if back <= 0:
        return
    found, interval = share_given_back(certain(change), certain(back))
    assert found == pytest.approx(share, abs=1e-9)
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((share, share), abs=1e-9)


@given(
    st.floats(1.05, 20),
    st.floats(0.3, 1.2),
    st.floats(0, 0.04),
    st.floats(0, 0.2),
    st.floats(0, 0.2),
)
def test_doubt_of_either_ratio_widens_the_interval(
    change: float, back: float, doubt: float, more: float, trial: float
) -> None:
    """The share lies inside; what is less sure of either has no narrower interval."""

    def estimated(ratio: float, doubt: float) -> Estimate:
        low, high = ratio * math.exp(-doubt), ratio * math.exp(doubt)
        return Estimate(ratio, Interval(low, high), 4, 0.95)

    found, narrow = share_given_back(estimated(change, doubt), estimated(back, trial))
    _, wide = share_given_back(estimated(change, doubt + more), estimated(back, trial))
    assert narrow is not None
    assert narrow.low <= found <= narrow.high
    if wide is not None:
        assert wide.low <= narrow.low + 1e-9
        assert wide.high >= narrow.high - 1e-9


def test_a_change_that_may_be_none_has_no_share() -> None:
    """Nothing can be a share of what can't be told from nothing."""
    unsure = Estimate(1.1, Interval(0.9, 1.3), 4, 0.95)
    assert share_given_back(unsure, certain(0.95))[1] is None
    assert share_given_back(certain(1.0), certain(0.95)) == (0.0, None)


def test_intervals_of_two_confidences_make_none() -> None:
    """What is said to be of a confidence has to be of it."""
    with pytest.raises(ValueError, match=r"0\.95 and of 0\.9"):
        share_given_back(certain(1.5), replace(certain(0.8), confidence=0.9))


@pytest.mark.parametrize("change", [1.1, 1.5, 10.0, 0.5])
@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("scatter", [0.01, 0.1])
def test_the_interval_holds_the_truth(change: float, share: float, scatter: float) -> None:
    """In about 95 of 100 made-up cases, where the change itself can be told from none."""
    random = np.random.default_rng(round(change * 100 + share * 10))
    held = told = 0
    for _ in range(200):
        noise = np.exp(random.normal(0, scatter, (4, 8)))
        back = 1 - share * (1 - 1 / change)
        whole = estimate(noise[0].tolist(), (change * noise[1]).tolist(), 0.95)
        part = estimate(noise[2].tolist(), (back * noise[3]).tolist(), 0.95)
        assert whole is not None
        assert part is not None
        _, interval = share_given_back(whole, part)
        if interval is not None:
            told += 1
            held += interval.low <= share <= interval.high
    if told >= 150:
        assert held >= 0.9 * told
    else:
        assert (change, scatter) == (1.1, 0.1)


@pytest.mark.parametrize(
    ("low", "high", "outcome"),
    [
        (0.31, 0.9, Outcome.PROVEN),
        (0.29, 0.9, Outcome.OPEN),
        (-0.2, 0.29, Outcome.REFUTED),
        (-0.2, 0.31, Outcome.OPEN),
        (0.9, 1.4, Outcome.PROVEN),
        (float("nan"), float("nan"), Outcome.OPEN),
        (-math.inf, 0.2, Outcome.REFUTED),
    ],
)
def test_half_of_what_was_inferred_decides(low: float, high: float, outcome: Outcome) -> None:
    """Surely at least half proves, surely less refutes, and all else is open."""
    assert PROVEN_PART == 0.5
    assert judged(Interval(low, high), 0.6) is outcome
    assert judged(None, 0.6) is Outcome.OPEN


def rounds(values: list[float], cpu: float = 1.0) -> tuple[Round, ...]:
    """Rounds of these wall times, of which the process computed a share."""
    return tuple(Round("time", one, one * cpu, None, 1, 0.0, (one,), None, None) for one in values)


def test_a_trial_gives_back_what_it_takes_less() -> None:
    """From 1 s to 2 s and back to 1.5 s is half; too few pairs are none."""
    steady = [1.0, 1.001, 0.999, 1.0]
    found = explanation(
        rounds_before=Figures(tuple(steady), tuple(steady), ()),
        rounds_after=Figures(tuple(2 * one for one in steady), tuple(steady), ()),
    )
    doubled, half = [2 * one for one in steady], [1.5 * one for one in steady]
    trial = give_back(found, Rounds(rounds(doubled), rounds(half)), 0.5)
    assert trial is not None
    assert trial.share == pytest.approx(0.5, abs=1e-3)
    assert trial.ratio.ratio == pytest.approx(0.75, abs=1e-3)
    assert trial.interval is not None
    assert judged(trial.interval, 0.5) is Outcome.PROVEN
    assert give_back(found, Rounds(rounds(doubled[:3]), rounds(half[:3])), 0.5) is None


def test_the_ratios_of_turns_say_what_came_back() -> None:
    """The machine turned slower between both sides' rounds, which turns alone can tell."""
    steady, drifted = (1.0, 1.001, 0.999, 1.0), (3.0, 3.5, 2.9, 3.2)
    found = explanation(
        rounds_before=Figures(steady, steady, ()),
        rounds_after=Figures(drifted, drifted, (), (2.0, 2.001, 1.999, 2.0), (None,) * 4),
    )
    half = [replace(one, ratio_wall=0.75) for one in rounds([4.0, 4.1, 3.9, 4.0])]
    trial = give_back(found, Rounds(rounds(list(drifted)), tuple(half)), 0.5)
    assert trial is not None
    assert trial.share == pytest.approx(0.5, abs=1e-3)
    assert trial.ratio.ratio == pytest.approx(0.75)
    assert trial.ratio.confidence == CONFIDENCE


@pytest.mark.parametrize(("cpu", "outcome"), [(1.0, Outcome.PROVEN), (0.5, Outcome.OPEN)])
def test_cpu_time_decides_only_where_a_benchmark_computes(cpu: float, outcome: Outcome) -> None:
    """Wall time that scatters leaves it open, and CPU time tells unless it waits."""
    steady, wild = [1.0, 1.001, 0.999, 1.0], [1.0, 3.0, 0.5, 2.0]
    found = explanation(
        rounds_before=Figures(tuple(wild), tuple(steady), ()),
        rounds_after=Figures(tuple(wild[::-1]), tuple(2 * one for one in steady), ()),
    )

    def side(values: list[float]) -> tuple[Round, ...]:
        share = [one * cpu for one in values]
        pairs = zip(wild, share, strict=True)
        return tuple(
            Round("time", wall, one, None, 1, 0.0, (wall,), None, None, max(wall - one, 0) * cpu)
            for wall, one in pairs
        )

    trial = give_back(found, Rounds(side([2 * one for one in steady]), side(steady)), 1.0)
    assert trial is not None
    assert judged(trial.interval, 1.0) is outcome


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_what_came_back_is_judged_as_rarely_wrong_as_is_promised(share: float) -> None:
    """Also where trials stop at the look that decides, and a half, which is neither, is hardest."""
    change, cases, most = 1.2, 300, LOOK_AT[-1]
    random = np.random.default_rng(round(share * 10))
    back = 1 - share * (1 - 1 / change)
    held = told = 0
    outcomes = dict.fromkeys(Outcome, 0)
    for _ in range(cases):
        # Wall and CPU time of both sides, once for the change and once for the trial.
        change_times = np.exp(random.normal(0, 0.03, (2, 2, 16))) * [[[1.0]], [[change]]]
        trial_times = np.exp(random.normal(0, 0.03, (2, 2, most))) * [[[change]], [[change * back]]]
        figures = [Figures(tuple(wall), tuple(cpu), ()) for wall, cpu in change_times.tolist()]
        found = explanation(rounds_before=figures[0], rounds_after=figures[1])
        sides = [
            [
                Round("time", wall, cpu, None, 1, 0.0, (wall,), None, None, delayed=wall)
                for wall, cpu in zip(*side, strict=True)
            ]
            for side in trial_times.tolist()
        ]
        for pairs in LOOK_AT:
            trial = give_back(found, Rounds(tuple(sides[0][:pairs]), tuple(sides[1][:pairs])), 1.0)
            assert trial is not None
            outcome = judged(trial.interval, 1.0)
            if outcome is Outcome.PROVEN or (outcome is Outcome.REFUTED and pairs >= 8):
                break
        assert trial is not None
        outcomes[outcome] += 1
        if trial.interval is not None:
            told += 1
            held += trial.interval.low <= share <= trial.interval.high
    assert told >= 0.95 * cases
    assert held >= 0.95 * told
    right = {0.0: Outcome.REFUTED, 0.5: Outcome.OPEN, 1.0: Outcome.PROVEN}[share]
    assert outcomes[right] >= 0.95 * cases


def test_what_is_left_open_is_told_with_an_interval() -> None:
    """Where wall time can't tell the change itself from none, CPU time's share is told."""
    steady, wild = [1.0, 1.001, 0.999, 1.0], [1.0, 3.0, 0.5, 2.0]
    found = explanation(
        rounds_before=Figures(tuple(wild), tuple(steady), ()),
        rounds_after=Figures(tuple(wild[::-1]), tuple(2 * one for one in steady), ()),
    )
    computing = Rounds(rounds([2.0, 2.2, 1.8, 2.0]), rounds([1.4, 1.9, 1.1, 1.6]))
    trial = give_back(found, computing, 0.5)
    assert trial is not None
    assert trial.interval is not None
    assert judged(trial.interval, 0.5) is Outcome.OPEN
