"""What an interval and a verdict are worth after measuring stopped at whichever look decided."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from asv_explain.explanation import Verdict
from asv_explain.measuring.confirm import CONFIDENCE, FACTOR, Confirmation, Estimate, confirm
from asv_explain.measuring.measure import LOOK_AT
from asv_explain.measuring.rounds import Round, Rounds

CASES = 2000
"""Made-up measurements of a kind, each of as many pairs of rounds as it takes."""

Logarithms: TypeAlias = NDArray[np.float64]
Scatter: TypeAlias = Callable[[np.random.Generator, int], Logarithms]


def quiet(random: np.random.Generator, count: int) -> Logarithms:
    """Rounds that scatter by 3 % each, as on a machine without neighbours."""
    return random.normal(0.0, 0.03, count)


def heavy(random: np.random.Generator, count: int) -> Logarithms:
    """Heavy tails: Student's t of two degrees of freedom, whose variance is endless."""
    return 0.015 * random.standard_t(2, count)


def disturbed(random: np.random.Generator, count: int) -> Logarithms:
    """One process in six is held up by a neighbour, by a third on average."""
    struck = random.random(count) < 1 / 6
    return random.normal(0.0, 0.02, count) + struck * random.exponential(0.3, count)


SCATTERS = (quiet, heavy, disturbed)


def taken(wall: float, cpu: float, turns: float | None) -> Round:
    """A round of a benchmark that computes throughout, other programs' disturbances aside."""
    delayed = max(wall - cpu, 0.0)
    return Round(
        "time", wall, cpu, None, 1, 0.0, (wall,), None, None, delayed=delayed, ratio_wall=turns
    )


def measured(
    random: np.random.Generator, scatter: Scatter, ratio: float, *, turns: bool
) -> Iterator[tuple[Round, Round]]:
    """As many pairs as are ever measured, of sides of which one takes so many times as long.

    Wall and CPU time scatter each by itself, so that the second clock is a second chance to err.
    Where samples were taken in turns, the pair's ratio is what scatters, and the times beside it
    drift with the machine.
    """
    count = LOOK_AT[-1]
    walls = np.exp([scatter(random, count) for _ in range(2)])
    cpus = np.exp([scatter(random, count) for _ in range(2)])
    close = ratio * walls[1] / walls[0]
    if turns:
        walls *= np.exp(np.cumsum(random.normal(0.0, 0.1, count)))
        walls[1] *= np.exp(random.normal(0.0, 0.3, count))
    before, after = (walls[0], cpus[0]), (ratio * walls[1], ratio * cpus[1])
    for first, second, one in zip(
        np.transpose(before).tolist(), np.transpose(after).tolist(), close.tolist(), strict=True
    ):
        yield taken(first[0], first[1], None), taken(second[0], second[1], one if turns else None)


def stopped(
    rounds: Iterator[tuple[Round, Round]], confidence: float = CONFIDENCE
) -> tuple[Confirmation, Estimate, int]:
    """The answer where measuring stops, what it rests on, and after how many pairs."""
    seen: list[tuple[Round, Round]] = []
    for pairs in LOOK_AT:
        seen += islice(rounds, pairs - len(seen))
        before, after = zip(*seen, strict=True)
        answer = confirm(Rounds(before, after), confidence=confidence)
        if answer.verdict is not Verdict.UNKNOWN:
            break
    told = answer.cpu if answer.clock == "cpu" else answer.wall
    assert told is not None
    return answer, told, pairs


@pytest.mark.parametrize("turns", [False, True])
@pytest.mark.parametrize("scatter", SCATTERS)
def test_the_final_interval_of_equal_sides_holds_1(scatter: Scatter, turns: bool) -> None:
    """In 95 of 100 cases or more, and as rarely there is a change where there is none."""
    random = np.random.default_rng([SCATTERS.index(scatter), turns])
    held = changed = early = 0
    for _ in range(CASES):
        answer, told, pairs = stopped(measured(random, scatter, 1.0, turns=turns))
        held += told.interval.low <= 1 <= told.interval.high
        changed += answer.verdict in (Verdict.SLOWER, Verdict.FASTER)
        early += pairs < LOOK_AT[-1]
    assert held >= 0.95 * CASES
    # The factor stands between equal sides and a verdict, too.
    assert changed <= 0.05 * 0.05 * CASES
    # Else the stopping would not have been tried.
    assert early >= 0.9 * CASES


def false_verdicts(scatter: Scatter, ratio: float, wrong: Verdict, confidence: float) -> float:
    """The share of made-up measurements of a ratio that end in the wrong verdict."""
    random = np.random.default_rng([7, SCATTERS.index(scatter)])
    answers = (
        stopped(measured(random, scatter, ratio, turns=False), confidence)[0].verdict
        for _ in range(CASES // 4)
    )
    return sum(one is wrong for one in answers) / (CASES // 4)


@pytest.mark.parametrize(
    ("scatter", "ratio", "wrong"),
    [
        (quiet, FACTOR, Verdict.SLOWER),
        (heavy, FACTOR, Verdict.SLOWER),
        (disturbed, FACTOR, Verdict.SLOWER),
        (quiet, FACTOR * (1 + 1e-9), Verdict.SAME),
        (quiet, 1 / FACTOR, Verdict.FASTER),
    ],
)
def test_at_the_limit_at_most_5_in_100_verdicts_are_false(
    scatter: Scatter, ratio: float, wrong: Verdict
) -> None:
    """Where a verdict is hardest, it errs no more often than is promised."""
    assert false_verdicts(scatter, ratio, wrong, CONFIDENCE) <= 0.05


def test_without_counting_looks_and_clocks_more_would_be() -> None:
    """An interval of 95 % at each of twelve tests misses more often: the test above can fail."""
    assert false_verdicts(quiet, FACTOR, Verdict.SLOWER, 0.95) > 0.05
