"""The verdict over paired rounds, from made-up rounds."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats  # type: ignore[import-untyped]

from asv_explain.explanation import Verdict
from asv_explain.measuring.confirm import (
    CONFIDENCE,
    FACTOR,
    MIN_PAIRS,
    Confirmation,
    confirm,
    estimate,
)
from asv_explain.measuring.rounds import Failure, Round, RoundError, Rounds, round_from_answer

OPPOSITE = {
    Verdict.SLOWER: Verdict.FASTER,
    Verdict.FASTER: Verdict.SLOWER,
    Verdict.SAME: Verdict.SAME,
    Verdict.UNKNOWN: Verdict.UNKNOWN,
}

SECONDS = st.floats(1e-6, 1e3)
PAIRS = st.lists(st.tuples(SECONDS, SECONDS), min_size=MIN_PAIRS, max_size=30)
FAILED = Round("time", None, None, None, 0, 0.0, (), None, Failure("failed", "ValueError: no"))


def timed(wall: float, cpu: float | None = None, instructions: int | None = None) -> Round:
    """Make a round that took so long."""
    worked = wall if cpu is None else cpu
    return Round("time", wall, worked, instructions, 1, 0.0, (wall,), None, None)


def rounds(before: list[float], after: list[float]) -> Rounds:
    """Make rounds of a benchmark that computes throughout."""
    return Rounds(tuple(map(timed, before)), tuple(map(timed, after)))


def kinds(answer: Confirmation) -> set[str]:
    """Give the kinds of an answer's caveats."""
    return {caveat.kind for caveat in answer.caveats}


def scattered(center: float, count: int, seed: int, spread: float = 0.01) -> list[float]:
    """Give values that scatter around a center as real times do."""
    noise = np.random.default_rng(seed).normal(0.0, spread, count)
    return [float(value) for value in center * np.exp(noise)]


def near_a_limit(answer: Confirmation) -> bool:
    """Tell whether rounding alone might turn the verdict."""
    limits = (math.log(FACTOR), -math.log(FACTOR))
    return any(
        abs(math.log(bound) - limit) < 1e-9
        for ratio in (answer.wall, answer.cpu)
        if ratio is not None
        for bound in (ratio.interval.low, ratio.interval.high)
        if 0 < bound < math.inf
        for limit in limits
    )


@pytest.mark.parametrize(
    ("ratio", "verdict"),
    [(1.2, Verdict.SLOWER), (0.8, Verdict.FASTER), (1.0, Verdict.SAME), (1.05, Verdict.UNKNOWN)],
)
def test_the_four_answers(ratio: float, verdict: Verdict) -> None:
    """Clear changes and their absence are told; a ratio at the factor itself is left open."""
    answer = confirm(rounds(scattered(1.0, 12, 1), scattered(ratio, 12, 2)))
    assert answer.verdict is verdict
    assert answer.wall is not None
    assert answer.wall.interval.low <= answer.wall.ratio <= answer.wall.interval.high


@given(PAIRS)
def test_swapping_the_sides_inverts_the_answer(pairs: list[tuple[float, float]]) -> None:
    """Slower becomes faster, and the ratio and its interval their inverses."""
    before, after = [a for a, _ in pairs], [b for _, b in pairs]
    there, back = confirm(rounds(before, after)), confirm(rounds(after, before))
    assume(not near_a_limit(there))
    assert there.wall is not None
    assert back.wall is not None
    assert back.verdict is OPPOSITE[there.verdict]
    assert math.log(back.wall.ratio) == pytest.approx(-math.log(there.wall.ratio), abs=1e-9)
    if there.wall.interval.high < math.inf and there.wall.interval.low > 0:
        low, high = math.log(there.wall.interval.low), math.log(there.wall.interval.high)
        assert math.log(back.wall.interval.high) == pytest.approx(-low, abs=1e-8)
        assert math.log(back.wall.interval.low) == pytest.approx(-high, abs=1e-8)


@given(PAIRS, st.floats(1e-3, 1e3))
def test_scaling_both_sides_changes_nothing(pairs: list[tuple[float, float]], by: float) -> None:
    """A machine that is slower by any factor gives the same verdict and ratio."""
    before, after = [a for a, _ in pairs], [b for _, b in pairs]
    plain = confirm(rounds(before, after))
    scaled = confirm(rounds([a * by for a in before], [b * by for b in after]))
    assume(not near_a_limit(plain))
    assert scaled.verdict is plain.verdict
    assert plain.wall is not None
    assert scaled.wall is not None
    assert scaled.wall.ratio == pytest.approx(plain.wall.ratio)


@given(st.lists(SECONDS, max_size=30))
def test_identical_sides_are_never_slower_or_faster(values: list[float]) -> None:
    """They are the same, or unknown from too few rounds."""
    verdict = confirm(rounds(values, values)).verdict
    assert verdict is (Verdict.SAME if len(values) >= MIN_PAIRS else Verdict.UNKNOWN)


@given(st.lists(st.tuples(SECONDS, SECONDS), max_size=MIN_PAIRS - 1))
def test_too_few_rounds_are_unknown(pairs: list[tuple[float, float]]) -> None:
    """Below the least number of pairs there is no verdict, however clear they look."""
    answer = confirm(rounds([a for a, _ in pairs], [b for _, b in pairs]))
    assert answer.verdict is Verdict.UNKNOWN
    assert answer.caveats
    assert all(caveat.remedy for caveat in answer.caveats)


@given(st.permutations(range(8)), st.integers(0, 1000))
def test_the_order_of_pairs_does_not_matter(order: list[int], seed: int) -> None:
    """Any permutation of the pairs gives the same ratio."""
    before, after = scattered(1.0, 8, seed), scattered(1.1, 8, seed + 1)
    mixed = estimate([before[i] for i in order], [after[i] for i in order])
    plain = estimate(before, after)
    assert mixed is not None
    assert plain is not None
    assert mixed.ratio == pytest.approx(plain.ratio)


def test_the_interval_is_that_of_tukey_and_mclaughlin() -> None:
    """SciPy's trimmed mean and winsorized standard error give the same interval."""
    before, after = scattered(1.0, 20, 3), scattered(1.1, 20, 4)
    logs = np.log(after) - np.log(before)
    center = float(stats.mstats.trimmed_mean(logs, limits=(0.2, 0.2)))
    error = float(stats.mstats.trimmed_stde(logs, limits=(0.2, 0.2)))
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, 11)) * error
    found = estimate(before, after)
    assert found is not None
    assert math.log(found.ratio) == pytest.approx(center)
    assert math.log(found.interval.high) == pytest.approx(center + half, rel=1e-2)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    """Of many made-up measurements, at most about the stated share misses the true ratio."""
    missed = 0
    for seed in range(1000):
        found = estimate(
            scattered(1.0, 8, 2 * seed), scattered(1.1, 8, 2 * seed + 1), confidence=0.9
        )
        assert found is not None
        missed += not found.interval.low <= 1.1 <= found.interval.high
    assert 60 <= missed <= 140


def test_one_disturbed_process_changes_nothing() -> None:
    """A round that took ten times as long is left out of both mean and scatter."""
    before, after = scattered(1.0, 10, 5), scattered(1.2, 10, 6)
    before[3] *= 10
    assert confirm(rounds(before, after)).verdict is Verdict.SLOWER


@pytest.mark.parametrize("side", ["before", "after"])
def test_a_failure_on_either_side_is_unknown(side: str) -> None:
    """However good the other rounds are, a benchmark that failed has no verdict but that."""
    good = rounds([1.0] * 8, [1.0] * 8)
    spoiled = {side: (*getattr(good, side)[:-1], FAILED)}
    bad = Rounds(spoiled.get("before", good.before), spoiled.get("after", good.after))
    answer = confirm(bad)
    assert answer.verdict is Verdict.UNKNOWN
    assert answer.wall is None
    assert side in answer.reason
    assert "ValueError: no" in answer.reason


def test_a_failed_profile_leaves_the_times_their_verdict() -> None:
    """Profiling comes after timing, and says nothing against it."""
    good = rounds([1.0] * 8, [1.5] * 8)
    failed = replace(FAILED, mode="profile")
    answer = confirm(Rounds((*good.before, failed), good.after))
    assert answer.verdict is Verdict.SLOWER


def test_waiting_and_computing_are_told_apart() -> None:
    """Where only wall time rose the difference is waiting; where both rose it is computing."""
    before = tuple(timed(value, 0.5) for value in scattered(1.0, 10, 7))
    waits = tuple(timed(value, 0.5) for value in scattered(1.5, 10, 8))
    works = tuple(timed(value, value - 0.5) for value in scattered(1.5, 10, 9))
    both = tuple(timed(value, value / 2) for value in scattered(1.5, 10, 9))
    assert confirm(Rounds(before, waits)).kind == "waiting"
    assert confirm(Rounds(before, works)).kind == "computing"
    assert confirm(Rounds(before, both)).kind == "both"
    assert confirm(Rounds(before, before)).kind == ""


def test_cpu_time_decides_where_other_programs_disturb_a_computing_benchmark() -> None:
    """Wall times too scattered for a verdict give way to CPU times, which say so in a caveat."""
    noise = np.random.default_rng(1).choice([0.0, 0.0, 0.0, 0.6, 2.0], 24)
    worked = [scattered(1.0, 12, 10), scattered(1.1, 12, 11)]
    before = tuple(timed(c + w, c) for c, w in zip(worked[0], noise[:12], strict=True))
    after = tuple(timed(c + w, c) for c, w in zip(worked[1], noise[12:], strict=True))
    answer = confirm(Rounds(before, after))
    assert answer.verdict is Verdict.SLOWER
    assert answer.clock == "cpu"
    assert "noisy" in kinds(answer)


def test_time_that_other_processes_took_is_not_waiting() -> None:
    """A benchmark pushed off its processor for half of the time still computes throughout."""
    before = tuple(replace(timed(v, v / 2), delayed=v / 2) for v in scattered(1.0, 10, 16))
    after = tuple(replace(timed(v, v / 2), delayed=v / 2) for v in scattered(1.5, 10, 17))
    assert confirm(Rounds(before, after)).kind == "computing"


def test_cpu_time_does_not_decide_for_a_benchmark_that_waits() -> None:
    """Equal CPU times don't make a benchmark the same whose waiting can't be told."""
    before = tuple(timed(value, 0.1) for value in scattered(1.0, 8, 12, spread=0.5))
    after = tuple(timed(value, 0.1) for value in scattered(1.0, 8, 13, spread=0.5))
    assert confirm(Rounds(before, after)).verdict is Verdict.UNKNOWN


def test_instructions_are_compared_where_both_sides_count_them() -> None:
    """Counts on one side only give no ratio; equal counts beside unequal times are a caveat."""
    before = tuple(timed(value, None, 1000) for value in scattered(1.0, 8, 14))
    after = tuple(timed(value, None, 1000) for value in scattered(1.5, 8, 15))
    more = tuple(timed(value, None, 1500) for value in scattered(1.5, 8, 15))
    uncounted = rounds([1.0] * 8, scattered(1.5, 8, 15)).after
    same, risen = confirm(Rounds(before, after)), confirm(Rounds(before, more))
    assert "same-instructions" in kinds(same)
    assert risen.instructions is not None
    assert risen.instructions.ratio == pytest.approx(1.5)
    assert "same-instructions" not in kinds(risen)
    lacking = confirm(Rounds(before, uncounted))
    assert lacking.instructions is None
    assert lacking.caveats == ()


@pytest.mark.parametrize(("count", "told"), [(1000, True), (1010, True), (1030, False)])
def test_too_few_instructions_are_told_only_where_they_explain_little(
    count: int, told: bool
) -> None:
    """Of 8 % more time, 3 % more instructions are no small part, though below the factor."""
    before = tuple(timed(value, None, 1000) for value in scattered(1.0, 8, 18, spread=0.002))
    after = tuple(timed(value, None, count) for value in scattered(1.08, 8, 19, spread=0.002))
    answer = confirm(Rounds(before, after))
    assert answer.verdict is Verdict.SLOWER
    assert ("same-instructions" in kinds(answer)) is told


def test_the_ratio_of_turns_goes_before_that_of_the_times() -> None:
    """Where one pair took no turns, its times are its ratio; the times themselves stay."""
    before = [1.0, 1.0, 1.0, 2.0]
    after = tuple(
        replace(timed(9.0), ratio_wall=1.2, ratio_cpu=1.3) if value == 1.0 else timed(2.4)
        for value in before
    )
    answer = confirm(Rounds(tuple(map(timed, before)), after))
    assert answer.wall is not None
    assert answer.cpu is not None
    assert answer.wall.ratio == pytest.approx(1.2)
    assert answer.wall.pairs == 4
    assert answer.cpu.interval.low < 1.2 < answer.cpu.interval.high
    assert answer.cpu.ratio == pytest.approx((1.3**3 * 1.2) ** 0.25)


def test_two_clocks_at_seven_looks_are_fourteen_tests() -> None:
    """Every estimate says of which confidence its interval is."""
    assert pytest.approx(0.05 / 14) == 1 - CONFIDENCE
    answer = confirm(rounds([1.0] * 8, [1.0] * 8))
    assert answer.wall is not None
    assert answer.cpu is not None
    assert answer.confidence == answer.wall.confidence == answer.cpu.confidence == CONFIDENCE
    other = confirm(rounds([1.0] * 8, [1.0] * 8), confidence=0.9)
    assert other.wall is not None
    assert other.confidence == other.wall.confidence == 0.9
    assert confirm(rounds([], [])).confidence == CONFIDENCE


def test_samples_too_short_for_the_clock_are_named() -> None:
    """A sample of a microsecond carries the clocks' own cost."""
    assert "coarse-clock" in kinds(confirm(rounds([1e-6] * 6, [1e-6] * 6)))
    assert "coarse-clock" not in kinds(confirm(rounds([1e-2] * 6, [1e-2] * 6)))


@pytest.mark.parametrize("factor", [1.0, 0.9, math.inf, math.nan])
def test_a_factor_of_one_or_less_is_refused(factor: float) -> None:
    """No measurement shows that two sides are exactly the same."""
    with pytest.raises(ValueError, match="factor"):
        confirm(rounds([1.0] * 8, [1.0] * 8), factor)


ANSWER = {
    "schema": 1,
    "wall": 0.5,
    "cpu": 0.4,
    "instructions": None,
    "number": 2,
    "setup": 0.0,
    "delayed": 0.1,
    "samples": [0.5, 0.6],
    "profile": None,
    "error": None,
}


def test_a_round_is_read_from_the_harness_s_answer() -> None:
    """Times, number and samples come over, and so does an error."""
    found = round_from_answer(ANSWER)
    assert found.delayed == 0.1
    assert (found.wall, found.cpu, found.number, found.samples) == (0.5, 0.4, 2, (0.5, 0.6))
    error = {"schema": 1, "error": {"kind": "timeout", "text": "late"}}
    assert round_from_answer(error).failure == Failure("timeout", "late")


@pytest.mark.parametrize(
    "broken",
    [
        {"schema": 2},
        {"wall": None},
        {"wall": math.nan},
        {"cpu": "fast"},
        {"delayed": None},
        {"number": 0},
        {"samples": []},
        {"instructions": 1.5},
        {"profile": {}},
        {"stacks": "f (a.py:1) 3"},
        {"error": {"kind": "odd"}},
        {"error": "odd"},
    ],
)
def test_an_answer_that_is_no_round_is_refused(broken: dict[str, object]) -> None:
    """Nothing half read ever passes for a measurement."""
    with pytest.raises(RoundError):
        round_from_answer({**ANSWER, **broken})


def test_a_profile_that_cannot_be_read_is_no_round() -> None:
    """What is wrong with it is told."""
    with pytest.raises(RoundError, match="its profile can't be read: profile: has no 'python'"):
        round_from_answer({**ANSWER, "profile": {"schema": 1}}, "profile")
