"""What is drawn is spread evenly, fresh for a fresh seed, and fitted by what is measured."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import pytest

from observatory.injections import fit
from observatory.injections.draw import SIZES, Draft, draft, parts_of
from observatory.injections.fit import TOLERANCE, Fitter
from observatory.injections.injection import Files
from observatory.injections.kinds.catalogue import KINDS, Role
from observatory.injections.plan import compose
from observatory.injections.truth import Ratio
from observatory.injections.workbench import Workbench
from observatory.studies import injected
from observatory.studies.injected import measured_truth
from observatory.tests.small_shop import COUNTS, FILES

SUBJECTS = {name: [f"bench_{name}.Some.time_{n}" for n in range(4)] for name in "abcdef"}
NUMBER = 180


def drafts(seed: int = 1, number: int = NUMBER) -> list[Draft]:
    """So many drafts."""
    return list(draft(seed, number, SUBJECTS))


def test_drafts_are_the_same_again_and_fresh_for_a_fresh_seed() -> None:
    """A seed gives one list, of which a smaller number is the beginning."""
    assert drafts() == drafts()
    assert drafts(number=50) == drafts()[:50]
    other = drafts(seed=2)
    assert not {one.key for one in drafts()} & {one.key for one in other}
    alike = sum(
        (one.kind, one.size, one.subject, one.benchmark)
        == (two.kind, two.size, two.subject, two.benchmark)
        for one, two in zip(drafts(), other, strict=True)
    )
    assert alike < NUMBER / 10


def test_drafts_are_spread_evenly() -> None:
    """Each kind has each size as often, and no subject or benchmark is much rarer than another."""
    found = drafts()
    assert len({one.key for one in found}) == NUMBER
    pairs = Counter((one.kind, one.size) for one in found)
    assert set(pairs) == {(kind, size) for kind in KINDS for size in SIZES}
    assert set(pairs.values()) == {2}
    subjects = Counter(one.subject for one in found)
    assert set(subjects) == set(SUBJECTS)
    assert max(subjects.values()) - min(subjects.values()) <= 2
    benchmarks = Counter(one.benchmark for one in found)
    assert len(benchmarks) == 24
    assert max(benchmarks.values()) - min(benchmarks.values()) <= 2
    by_kind = Counter((one.kind, one.subject) for one in found)
    assert len(by_kind) == len(KINDS) * len(SUBJECTS)
    # The first ones already have every kind and size.
    assert {one.kind for one in found[:18]} == set(KINDS)
    assert {one.size for one in found[:18]} == set(SIZES)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_finds_places_and_gives_edits(kind: str) -> None:
    """Parts are in functions of their own, and come to one edit each, with names and files."""
    one = Draft("1-0", "shop", "bench.Shop.time_day", kind, 0.25)
    parts = parts_of(one, FILES, COUNTS, 1e-4)
    assert [part.role for part in parts] == [share.role for share in KINDS[kind]]
    assert len({(part.place.path, part.place.name) for part in parts}) == len(parts)
    assert parts == parts_of(one, FILES, COUNTS, 1e-4)
    composed = compose(FILES, parts)
    for edit in composed.edits:
        assert edit.names
        assert edit.files
    for text in [*composed.before.values(), *composed.after.values()]:
        compile(text, "shop", "exec")


def test_another_attempt_may_be_made_elsewhere() -> None:
    """Where a change can't be fitted, other places are tried."""
    one = Draft("1-0", "shop", "bench.Shop.time_day", "own work added", 0.25)
    places = {parts_of(one, FILES, COUNTS, 1e-3, attempt)[0].place for attempt in range(12)}
    assert len(places) > 2


def test_a_size_that_no_place_allows_gives_nothing() -> None:
    """A tenth of a nanosecond a call is no change that code can make."""
    one = Draft("1-0", "shop", "bench.Shop.time_day", "an eager import", 0.03)
    assert parts_of(one, FILES, COUNTS, 1e-9) == ()


@dataclass
class MadeUp:
    """Stands for measuring: a thousandth of the benchmark's time for each step in the sources.

    Attributes:
        files: the package as released.
        asked: how often it was measured.
        elsewhere: calls that a change adds to a function that it does not touch.
        worth: what one step costs, as a share of the benchmark's time.
    """

    files: Files
    asked: int = 0
    elsewhere: int = 0
    worth: float = 0.001

    def compare(
        self,
        _: object,
        variants: Mapping[str, Files],
        __: str,
        ___: int,
        samples: int = 0,
    ) -> dict[str, Ratio]:
        """What variants cost by their text."""
        self.asked += 1
        took = {name: self._seconds({**self.files, **files}) for name, files in variants.items()}
        first = next(iter(took.values()))
        return {
            name: Ratio(one / first, one / first - 0.01, one / first + 0.01, one)
            for name, one in took.items()
        }

    def counts(self, _: object, files: Files, __: str) -> dict[tuple[str, str, int], int]:
        """Calls of the package's functions."""
        more = self.elsewhere if files else 0
        return {(name.path, name.name, 1): int(calls) + more for name, calls in COUNTS.items()}

    def _seconds(self, files: Files) -> float:
        steps = sum(int(n) for text in files.values() for n in re.findall(r"range\((\d+)\)", text))
        return 0.1 * (1 + self.worth * steps)


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> MadeUp:
    """The shop, measured by its text."""
    one = MadeUp(FILES)
    monkeypatch.setattr(fit, "compare", one.compare)
    monkeypatch.setattr(fit, "counts", one.counts)
    monkeypatch.setattr(injected, "compare", one.compare)
    return one


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "kind",
    [
        "own work added",
        "more iterations of a loop that calls",
        "a decorator that wraps",
    ],
)
def test_an_amount_is_found_by_measuring(made_up: MadeUp, kind: str, size: float) -> None:
    """Whatever the first guess was, the size is reached, and the injection says with what."""
    fitter = Fitter(cast("Workbench", made_up))
    drawn = Draft("1-0", "shop", "bench.Shop.time_day", kind, size)
    found = fitter.fit(drawn)
    assert found.reached, found
    assert found.injection is not None
    assert found.reason == ""
    assert abs(found.size / size - 1) <= TOLERANCE
    injection = found.injection
    assert (injection.key, injection.kind, injection.size) == ("1-0", kind, size)
    assert injection.amount == found.tried[-1].amount[0]
    assert len(injection.slower) == 1
    assert made_up.asked <= 5


def test_what_cannot_be_steered_says_so(made_up: MadeUp) -> None:
    """One step is too much already: the injection is there, with what it came to."""
    made_up.worth = 0.4
    drawn = Draft("1-0", "shop", "bench.Shop.time_day", "own work added", 0.03)
    found = Fitter(cast("Workbench", made_up)).fit(drawn)
    assert not found.reached
    assert found.injection is not None
    assert found.size == pytest.approx(0.4)
    assert found.reason == "it came to 40.0% instead of 3%"


def test_what_costs_nothing_is_no_injection(made_up: MadeUp) -> None:
    """Nothing came of it, at any of the places, and the reason is told."""
    made_up.worth = 0.0
    drawn = Draft("1-0", "shop", "bench.Shop.time_day", "own work added", 0.25)
    found = Fitter(cast("Workbench", made_up)).fit(drawn)
    assert (found.injection, found.reached) == (None, False)
    assert found.reason == "it costs nothing here"


def test_a_change_of_what_is_done_is_no_injection(made_up: MadeUp) -> None:
    """Where other functions are called more often than before, it is no slowdown of one."""
    made_up.elsewhere = 1
    drawn = Draft("1-0", "shop", "bench.Shop.time_day", "own work added", 0.25)
    found = Fitter(cast("Workbench", made_up)).fit(drawn)
    assert found.injection is None
    assert found.reason == "the benchmark does something else with it"


def in_loops(kind: str, size: float) -> Draft:
    """A draft of several changes, all of which stand in the text as loops."""
    loops = {"own work added", "more iterations of a loop that calls", "a local variable renamed"}
    every = (Draft(str(key), "shop", "bench.Shop.time_day", kind, size) for key in range(1000))
    return next(
        one for one in every if {part.kind for part in parts_of(one, FILES, COUNTS, 0.1)} <= loops
    )


@pytest.mark.parametrize("size", [0.05, 0.25, 1.0])
@pytest.mark.parametrize("kind", [kind for kind, recipe in KINDS.items() if len(recipe) > 1])
def test_several_changes_come_to_the_size_together(made_up: MadeUp, kind: str, size: float) -> None:
    """Of two slowdowns one is twice the other; a speed-up takes a part back; a third costs none."""
    made_up.worth = 0.0005
    workbench = cast("Workbench", made_up)
    found = Fitter(workbench).fit(in_loops(kind, size))
    assert found.injection is not None, found
    assert found.reached, found
    injection = found.injection
    truth, _ = measured_truth(workbench, injection, 6)
    slower = [one.effect for one in truth.slower]
    assert truth.size == pytest.approx(found.size)
    roles = [len(injection.slower), len(injection.faster), len(injection.innocent)]
    if roles == [2, 0, 0]:
        assert slower[0] / slower[1] == pytest.approx(2, rel=0.4)
        assert sum(slower) == pytest.approx(truth.size)
    elif roles == [1, 1, 0]:
        assert injection.faster[0].files
        assert slower[0] > truth.size
    else:
        assert roles == [1, 0, 1]
        assert injection.innocent[0].files
        assert slower == pytest.approx([truth.size])


def test_roles_are_all_used() -> None:
    """Kinds of several changes have slower, faster and innocent ones among them."""
    assert {share.role for recipe in KINDS.values() for share in recipe} == set(Role)
