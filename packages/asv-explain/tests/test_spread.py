"""Intervals hold what they say, and of what is told from noise little is noise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats  # type: ignore[import-untyped]

from asv_explain.attribution.spread import (
    NO_PRIOR,
    Prior,
    discoveries,
    p_values,
    prior_of,
    settled_mean,
    spread_of,
)


@pytest.mark.parametrize("rounds", [4, 8, 12])
@pytest.mark.parametrize(("common", "freedom"), [(0.0, 1.0), (0.5, 7.0), (3.0, 20.0)])
def test_intervals_hold_the_truth(rounds: int, common: float, freedom: float) -> None:
    """Of 95 % intervals 93 to 97 in 100 do, whichever error is the larger one."""
    generator = np.random.default_rng([rounds, int(10 * common)])
    cases, truth = 4000, 5.0
    # The error in common is itself an estimate of so many degrees of freedom.
    estimated = common * np.sqrt(generator.chisquare(freedom, cases) / freedom)
    drawn = (
        truth + generator.normal(0, 1.0, (rounds, cases)) + generator.normal(0, 1, cases) * common
    )
    spread = spread_of(drawn, estimated, freedom, np.zeros(cases), NO_PRIOR)
    inside = (np.abs(drawn.mean(axis=0) - truth) <= spread.half).mean()
    assert 0.93 <= inside <= 0.97


def test_two_rounds_are_told_from_by_their_own_scatter_alone() -> None:
    """Without an error in common the interval is Student's, and exact for two rounds, too."""
    generator = np.random.default_rng(1)
    drawn = generator.normal(0, 1.0, (2, 8000))
    spread = spread_of(drawn, np.zeros(8000), 1.0, np.zeros(8000), NO_PRIOR)
    assert 0.94 <= (np.abs(drawn.mean(axis=0)) <= spread.half).mean() <= 0.96


def test_noise_is_told_from_differences() -> None:
    """Among a thousand columns of noise and ten real ones, the real ones are found."""
    generator = np.random.default_rng(5)
    rounds = generator.normal(0, 1.0, (10, 1010))
    rounds[:, :10] += 20
    spread = spread_of(rounds, np.zeros(1010), 1.0, np.zeros(1010), NO_PRIOR)
    assert not spread.noise[:10].any()
    assert spread.noise[10:].mean() > 0.99
    assert (np.abs(rounds.mean(axis=0)) > spread.half)[:10].all()


def test_one_round_says_nothing_of_noise() -> None:
    """A single round has a value but no interval."""
    spread = spread_of(np.array([[1.0, 2.0]]), np.zeros(2), 1.0, np.ones(2), Prior())
    assert spread.noise.all()
    assert np.isinf(spread.half).all()


def test_an_error_in_common_does_not_shrink() -> None:
    """Rounds that agree to the last digit can't beat what they have in common."""
    rounds = np.full((10, 1), 1.0)
    assert not spread_of(rounds, np.zeros(1), 1.0, np.zeros(1), NO_PRIOR).noise[0]
    spread = spread_of(rounds, np.array([2.0]), 30.0, np.zeros(1), NO_PRIOR)
    assert spread.noise[0]
    assert spread.half[0] == pytest.approx(2.042 * 2.0, rel=1e-3)


def test_discoveries_are_rarely_false() -> None:
    """Of all that is found, on average at most 5 % is not there; what is clear is found."""
    generator = np.random.default_rng(3)
    false = []
    for _ in range(400):
        values = generator.random(100)
        values[:20] = generator.random(20) * 1e-4
        found = discoveries(values)
        assert found[:20].all()
        false.append(found[20:].sum() / found.sum())
    assert 0.02 <= np.mean(false) <= 0.05


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([], []),
        ([0.05], [True]),
        ([0.06], [False]),
        ([0.04, 0.05], [True, True]),
        ([0.9, 0.01, 0.03], [False, True, True]),
        ([0.9, 0.018, 0.04], [False, False, False]),
    ],
)
def test_steps_of_discovery(values: list[float], found: list[bool]) -> None:
    """The n-th smallest p value has to be below n times 5 % over their number, or a larger one."""
    assert discoveries(np.array(values)).tolist() == found


@pytest.mark.parametrize("rounds", [4, 8])
@pytest.mark.parametrize(("ratio", "freedom"), [(1.0, np.inf), (2.0, np.inf), (1.5, 8.0)])
def test_columns_tell_each_other_how_rounds_scatter(
    rounds: int, ratio: float, freedom: float
) -> None:
    """Intervals still hold the truth in 95 of 100 cases, and are narrower than Student's."""
    generator = np.random.default_rng([rounds, int(10 * ratio)])
    drawn = generator.uniform(0.5, 4.0, 4000)
    spread = 1.0 if np.isinf(freedom) else freedom / generator.chisquare(freedom, 4000)
    taken = generator.normal(0, 1.0, (rounds, 4000)) * np.sqrt(rounds * drawn * ratio * spread)
    prior = prior_of(taken, drawn)
    assert prior.ratio == pytest.approx(ratio, rel=0.1)
    assert prior.freedom > 20 if np.isinf(freedom) else 5 < prior.freedom < 14
    found = spread_of(taken, np.zeros(4000), 1.0, drawn, prior)
    inside = (np.abs(taken.mean(axis=0)) <= found.half).mean()
    # Nothing is surer than its drawing allows, which makes some intervals too wide.
    assert 0.93 <= inside <= 0.98
    student = spread_of(taken, np.zeros(4000), 1.0, np.zeros(4000), NO_PRIOR)
    assert np.median(found.half / student.half) < 0.95
    values = p_values(taken, drawn, prior)
    for part in (0.05, 0.2, 0.5):
        assert (values < part).mean() == pytest.approx(part, abs=0.03)


def test_what_scatters_less_than_its_drawing_is_not_taken_for_surer() -> None:
    """Samples are drawn at least; rounds that agree by luck don't make that go away."""
    taken, drawn = np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([1.0, 1.0])
    variance, _ = settled_mean(taken, drawn, NO_PRIOR)
    assert variance.tolist() == [1.0, 1.0]
    assert p_values(taken, drawn, Prior(1.0, 99.0)).tolist() == pytest.approx(
        [2 * stats.t.sf(1.0, 100), 1.0]
    )


@pytest.mark.parametrize("rounds", [np.zeros((1, 9)), np.zeros((4, 9)), np.ones((4, 1))])
def test_too_little_is_no_prior(rounds: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> None:
    """One round, columns that never vary, and a single column say nothing of others."""
    assert prior_of(rounds, np.ones(rounds.shape[1])) == NO_PRIOR
