"""The search finds the set that matters in made-up worlds, and asks little for it."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asv_explain.trials.sets import ENOUGH, LEAST, Effect, Found, Goal, Spent, Unit, search

Set = frozenset[int]


@dataclass
class World:
    """Says what a set gives back, and keeps what it was asked.

    Attributes:
        share: what comes back with a set put back.
        runs: whether a set runs at all.
        error: standard error of one round; 0 where all is known exactly.
        rounds: so many are measured at most, in all.
        seed: errors are drawn from it.
    """

    share: Callable[[Set], float]
    runs: Callable[[Set], bool] = lambda _: True
    error: float = 0.0
    rounds: int = 10**9
    seed: int = 0
    asked: list[Set] = field(default_factory=list)
    taken: dict[Set, list[float]] = field(default_factory=dict)

    def __call__(self, units: Set, goal: Goal) -> Effect:
        """Measure, round by round, until the goal is reached."""
        assert units
        self.asked.append(units)
        if not self.runs(units):
            return Effect(0.0, 0.0, 0.0, "does not run")
        true = self.share(units)
        if not self.error:
            return Effect(true, true, true)
        chance = random.Random(f"{self.seed} {sorted(units)} {len(self.asked)}")  # noqa: S311
        values = self.taken.setdefault(units, [])
        while True:
            if self.rounds <= 0:
                raise Spent
            self.rounds -= 4
            values += [chance.gauss(true, self.error) for _ in range(4)]
            mean, half = sum(values) / len(values), 3 * self.error / math.sqrt(len(values))
            effect = Effect(mean, mean - half, mean + half)
            if goal.reached(effect):
                return effect


def alike(number: int, module: str = "m.py") -> list[Unit]:
    """So many units of one module, of which nothing is known."""
    return [Unit(module) for _ in range(number)]


def in_modules(number: int, each: int) -> list[Unit]:
    """So many modules with so many units each."""
    return [Unit(f"m{one}.py") for one in range(number) for _ in range(each)]


def of(*units: int) -> Set:
    """A set."""
    return frozenset(units)


def test_nothing_to_put_back_is_no_set() -> None:
    found = search([], World(lambda _: 1.0))
    assert found == Found(of(), None, None, {}, (), True, ())


def test_the_only_unit_is_measured_once() -> None:
    world = World(lambda _: 1.0)
    found = search(alike(1), world)
    assert found.units == of(0)
    assert found.effect == found.whole == Effect(1.0, 1.0, 1.0)
    assert world.asked == [of(0)]


@pytest.mark.parametrize("guilty", [0, 7, 150, 299])
def test_one_among_three_hundred_takes_some_twenty_trials(guilty: int) -> None:
    world = World(lambda units: float(guilty in units))
    found = search(in_modules(30, 10), world)
    assert found.units == of(guilty)
    assert found.complete
    assert len(world.asked) <= 1 + 2 * math.ceil(math.log2(300)) + 1


def test_the_likeliest_is_tried_first() -> None:
    units = [Unit("m.py", 0.01) for _ in range(20)]
    units[13] = Unit("m.py", 0.8)
    world = World(lambda units: float(13 in units))
    assert search(units, world).units == of(13)
    assert world.asked == [of(*range(20)), of(13), frozenset(range(20)) - of(13)]


def test_modules_are_parted_before_what_is_in_them() -> None:
    world = World(lambda units: float(17 in units))
    search(in_modules(4, 5), world)
    whole = [of(*range(at, at + 5)) for at in range(0, 20, 5)]
    for asked in world.asked[1:4]:
        assert all(module <= asked or not module & asked for module in whole)


def test_two_parts_of_a_loss_are_found_with_what_each_gives_back() -> None:
    parts = {3: 0.6, 11: 0.4}
    found = search(alike(16), World(lambda units: sum(parts.get(one, 0.0) for one in units)))
    assert found.units == of(3, 11)
    assert {one: effect.share for one, effect in found.alone.items()} == parts
    assert found.others == ()


def test_ten_small_parts_are_all_found() -> None:
    guilty = {2 * one: 0.1 for one in range(10)}
    world = World(lambda units: sum(guilty.get(one, 0.0) for one in units))
    found = search(alike(40), world)
    # One of them may stay: nine tenths are enough.
    assert found.units <= guilty.keys()
    assert len(found.units) >= 9


def test_a_part_too_small_to_be_missed_on_the_way_is_found_at_the_end() -> None:
    parts = {5: 0.8, 9: 0.2}
    found = search(alike(16), World(lambda units: sum(parts.get(one, 0.0) for one in units)))
    assert found.units == of(5, 9)


def test_two_that_each_are_enough_have_to_go_back_together() -> None:
    found = search(alike(16), World(lambda units: float({2, 12} <= units)))
    assert found.units == of(2, 12)
    assert [effect.share for effect in found.alone.values()] == [0.0, 0.0]


def test_two_that_only_cost_together_are_alternatives() -> None:
    found = search(alike(16), World(lambda units: float(bool({2, 12} & units))))
    assert found.units in (of(2), of(12))
    assert [(units, effect.share) for units, effect in found.others] == [
        (of(2, 12) - found.units, 1.0)
    ]


def test_a_gain_beside_a_loss_is_found_by_itself() -> None:
    parts = {4: 1.5, 9: -0.5}
    found = search(alike(16), World(lambda units: sum(parts.get(one, 0.0) for one in units)))
    assert found.units == of(4)
    assert found.effect == Effect(1.5, 1.5, 1.5)
    assert [(units, effect.share) for units, effect in found.others] == [(of(9), -0.5)]


def test_what_is_named_and_gives_nothing_back_is_measured_to_say_so() -> None:
    units = alike(8)
    units[6] = Unit("m.py", 0.9, named=True)
    found = search(units, World(lambda units: float(1 in units)))
    assert found.units == of(1)
    assert found.alone[6].share == 0.0


def test_what_no_code_gives_back_is_searched_for_no_further() -> None:
    world = World(lambda _: 0.03)
    found = search(alike(16), world)
    assert found.units == of()
    assert found.whole == Effect(0.03, 0.03, 0.03)
    assert world.asked == [of(*range(16))]


def test_where_all_code_gives_back_half_the_set_gives_that_back() -> None:
    found = search(alike(16), World(lambda units: 0.5 * (7 in units)))
    assert found.units == of(7)
    assert found.effect is not None
    assert found.effect.share == 0.5


def test_a_unit_that_needs_another_takes_it_along() -> None:
    world = World(lambda units: float(3 in units), lambda units: (3 in units) <= (14 in units))
    found = search(alike(16), world)
    assert found.units == of(3, 14)
    assert {reason for _, reason in found.failures} == {"does not run"}


def test_it_goes_on_where_all_together_do_not_run() -> None:
    found = search(alike(8), World(lambda units: float(3 in units), lambda units: 6 not in units))
    assert found.whole is None
    assert found.units == of(3)


def test_without_anything_that_runs_nothing_is_found() -> None:
    found = search(alike(4), World(lambda _: 1.0, lambda _: False))
    assert found.units == of()
    assert found.effect is None


def test_out_of_time_the_best_set_so_far_is_told() -> None:
    world = World(lambda units: float(9 in units), error=0.02, rounds=12)
    found = search(alike(64), world)
    assert not found.complete
    assert 9 in found.units
    assert len(found.units) < 64
    assert found.effect is not None


@pytest.mark.parametrize("seed", range(40))
def test_noise_leads_to_the_same_set(seed: int) -> None:
    parts = {3: 0.65, 20: 0.35}
    world = World(lambda units: sum(parts.get(one, 0.0) for one in units), error=0.3, seed=seed)
    assert search(in_modules(6, 5), world).units == of(3, 20)


needs = st.lists(st.frozensets(st.integers(0, 11), min_size=1, max_size=4), min_size=1, max_size=3)


@given(needs, st.lists(st.integers(0, 2), min_size=12, max_size=12))
def test_no_member_can_be_left_out(ways: list[Set], modules: list[int]) -> None:
    """Whatever sets give all back, one of them is found, with nothing else."""
    world = World(lambda units: float(any(way <= units for way in ways)))
    found = search([Unit(f"m{one}.py") for one in modules], world)
    minimal = [way for way in ways if not any(other < way for other in ways)]
    assert found.units in minimal


@given(st.dictionaries(st.integers(0, 11), st.floats(0.0, 1.0), min_size=1))
def test_what_is_found_is_enough_and_nothing_large_is_left_beside_it(
    weights: dict[int, float],
) -> None:
    total = sum(weights.values())
    if not total:
        return
    parts = {one: weight / total for one, weight in weights.items()}
    found = search(alike(12), World(lambda units: sum(parts.get(one, 0.0) for one in units)))
    assert sum(parts.get(one, 0.0) for one in found.units) >= ENOUGH - 1e-9
    smallest = min(parts.get(one, 0.0) for one in found.units)
    assert sum(parts.get(one, 0.0) for one in found.units) - smallest < ENOUGH + 1e-9
    assert pytest.approx(1 - ENOUGH) == LEAST
