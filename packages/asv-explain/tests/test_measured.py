"""What a set gives back has an interval that holds the truth, on made-up rounds."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from explanations import explanation
from hypothesis import given
from hypothesis import strategies as st

from asv_explain.explanation import Interval
from asv_explain.measuring.confirm import CONFIDENCE, estimate
from asv_explain.measuring.rounds import Failure, Round, Rounds
from asv_explain.trials.measured import LARGEST, effect_of, with_error
from asv_explain.trials.sets import Effect

STEADY = [1.0, 1.001, 0.999, 1.0]


def timed(values: list[float], cpu: float = 1.0) -> tuple[Round, ...]:
    """Rounds of these wall times, of which the process computed a share."""
    return tuple(Round("time", one, one * cpu, None, 1, 0.0, (one,), None, None) for one in values)


def valued(values: list[float]) -> tuple[Round, ...]:
    """Rounds of these values."""
    return tuple(
        Round("value", None, None, None, 1, 0.0, (), None, None, value=one) for one in values
    )


def certain(ratio: float, kind: str = "time") -> dict[str, object]:
    """A change without any doubt."""
    return {"ratio": ratio, "interval": Interval(ratio, ratio), "kind": kind}


def test_a_trial_gives_back_what_it_takes_less() -> None:
    """From 1 s to 2 s and back to 1.5 s is half; too few pairs are none, and a failure is one."""
    doubled, half = [2 * one for one in STEADY], [1.5 * one for one in STEADY]
    found = effect_of(Rounds(timed(doubled), timed(half)), 2.0)
    assert found is not None
    assert found.share == pytest.approx(0.5, abs=1e-3)
    assert found.low < 0.5 < found.high
    assert effect_of(Rounds(timed(doubled[:3]), timed(half[:3])), 2.0) is None
    failed = Round("time", None, None, None, 0, 0.0, (), None, Failure("failed", "KeyError"))
    assert effect_of(Rounds(timed(doubled), (failed,)), 2.0) == Effect(0, 0, 0, "KeyError")
    late = effect_of(Rounds((failed,), timed(half)), 2.0)
    assert late is not None
    assert late.failure == "the later commit itself does not run from its source: KeyError"


def test_values_give_back_what_they_are_less() -> None:
    """From 100 bytes to 300 and back to 150 is three quarters, without any scatter for certain."""
    rounds = Rounds(valued([300.0] * 4), valued([150.0] * 4), "mem", "bytes")
    assert effect_of(rounds, 200.0) == Effect(0.75, 0.75, 0.75)
    assert effect_of(rounds, -200.0) == Effect(-0.75, -0.75, -0.75)


def test_the_clock_that_scatters_less_counts_where_it_may() -> None:
    """CPU time only where the benchmark computes throughout."""
    wall = [2.0, 2.6, 1.8, 2.1]
    after = tuple(replace(one, cpu=2.0) for one in timed([2.0] * 4))
    trial = tuple(replace(one, cpu=1.9 - n / 1000) for n, one in enumerate(timed(wall)))
    found = effect_of(Rounds(after, trial), 2.0)
    assert found is not None
    assert found.share == pytest.approx(0.1, abs=0.01)
    waits = tuple(replace(one, cpu=0.1) for one in after)
    other = effect_of(Rounds(waits, trial), 2.0)
    assert other is not None
    assert other.high - other.low > found.high - found.low


def test_each_time_a_set_is_asked_about_costs_certainty() -> None:
    rounds = Rounds(timed([2 * one for one in STEADY]), timed([1.5, 1.51, 1.49, 1.5]))
    once, twice = (effect_of(rounds, 2.0, asked) for asked in (1, 2))
    assert once is not None
    assert twice is not None
    assert twice.high - twice.low > once.high - once.low


@given(st.floats(1.01, 50) | st.floats(0.02, 0.99), st.floats(-1, 2), st.floats(0, 0.3))
def test_a_certain_difference_adds_no_error(ratio: float, share: float, half: float) -> None:
    effect = Effect(share, share - half, share + half)
    found = with_error(effect, explanation(**certain(ratio)))
    assert (found.low, found.high) == pytest.approx((effect.low, effect.high), abs=1e-9)


@given(st.floats(1.05, 20), st.floats(0.1, 1.2), st.floats(0, 0.04), st.floats(0, 0.2))
def test_doubt_of_the_difference_widens_the_interval(
    ratio: float, share: float, doubt: float, more: float
) -> None:
    effect = Effect(share, share - 0.05, share + 0.05)

    def told(doubt: float) -> Effect:
        ends = Interval(ratio * math.exp(-doubt), ratio * math.exp(doubt))
        return with_error(effect, explanation(ratio=ratio, interval=ends))

    narrow, wide = told(doubt), told(doubt + more)
    assert wide.low <= narrow.low + 1e-9 <= share + 1e-9
    assert wide.high >= narrow.high - 1e-9 >= share - 1e-9


def test_a_change_that_may_be_none_has_no_share() -> None:
    """Nothing can be a share of what can't be told from nothing."""
    unsure = explanation(ratio=1.1, interval=Interval(0.9, 1.3))
    found = with_error(Effect(0.5, 0.4, 0.6), unsure)
    assert (found.low, found.high) == (-LARGEST, LARGEST)


@pytest.mark.parametrize("change", [1.1, 1.5, 10.0, 0.5])
@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_the_interval_holds_the_truth(change: float, share: float) -> None:
    """In 95 of 100 made-up cases and more, as each interval allows for all looks at its rounds."""
    random = np.random.default_rng(round(change * 100 + share * 10))
    held = 0
    for _ in range(200):
        noise = np.exp(random.normal(0, 0.01, (4, 8)))
        back = 1 - share * (1 - 1 / change)
        whole = estimate(noise[0].tolist(), (change * noise[1]).tolist(), CONFIDENCE)
        assert whole is not None
        trial = Rounds(timed(noise[2].tolist()), timed((back * noise[3]).tolist()))
        effect = effect_of(trial, whole.ratio)
        assert effect is not None
        found = with_error(effect, explanation(ratio=whole.ratio, interval=whole.interval))
        held += found.low <= share <= found.high
    assert held >= 190
