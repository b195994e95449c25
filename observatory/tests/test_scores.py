"""Scores count what they say they count, on made-up truths and answers."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import msgspec
import pytest
from explanations import CAUSE, explanation

from asv_explain.explanation import Interval
from observatory.injections.injection import Edit, Name
from observatory.studies.answers import (
    Answer,
    Role,
    Said,
    TrueEdit,
    Truth,
    answer_of_hook,
    described,
    kept_answer,
    kept_truth,
    true_edit,
)
from observatory.studies.scores import Score, by, class_of, score, scores, wrong

GUILTY, SECOND, OTHER = (Name("shop/core.py", name) for name in ("Shelf.find", "sort", "helper"))


def edit(name: Name, effect: float, role: Role = "slower", wide: float = 0.005) -> TrueEdit:
    return TrueEdit((name,), role, effect, effect - wide, effect + wide)


def truth(*edits: TrueEdit, size: float = 0.1, wide: float = 0.005) -> Truth:
    return Truth(size, size - wide, size + wide, edits or (edit(GUILTY, size),))


def said(name: Name, share: float, wide: float | None = None) -> Said:
    if wide is None:
        return Said(name.path, name.name, share)
    return Said(name.path, name.name, share, share - wide, share + wide)


def scored(answer: Answer, true: Truth | None = None) -> Score:
    return score("k", "shop", "own work", true or truth(), answer)


def slower(*causes: Said) -> Answer:
    return Answer("slower", causes)


def test_the_first_cause_is_right_or_not() -> None:
    """First, within three, and beyond."""
    others = [said(Name("shop/core.py", f"other{n}"), 0.1) for n in range(4)]
    for place in range(5):
        causes = [*others[:place], said(GUILTY, 0.1), *others[place:]]
        found = scored(slower(*causes))
        assert (found.first, found.three) == (place == 0, place < 3)
    assert not scored(slower(*others)).three
    assert not scored(slower()).first


def test_a_name_of_another_file_is_another_function() -> None:
    """Path and qualified name both count."""
    assert not scored(slower(Said("shop/other.py", "Shelf.find", 1.0))).first
    assert not scored(slower(Said("shop/core.py", "find", 1.0))).first


@pytest.mark.parametrize("verdict", ["same", "unknown", "faster"])
def test_without_the_verdict_nothing_is_right(verdict: str) -> None:
    """Causes under another verdict count for nothing, and stand apart from wrong ones."""
    found = scored(Answer(verdict, (said(GUILTY, 1.0, 0.1),)))
    assert not any((found.first, found.three, found.near))
    assert found.held is None
    counts = scores([found, scored(slower(said(GUILTY, 1.0, 0.1)))])
    assert (counts.answered.hits, counts.answered.trials) == (1, 2)
    assert (counts.first.hits, counts.first.trials) == (1, 2)
    assert (counts.first_answered.hits, counts.first_answered.trials) == (1, 1)
    assert (counts.held.hits, counts.held.trials) == (1, 1)


@pytest.mark.parametrize(
    ("share", "near"), [(0.79, False), (0.8, True), (1.0, True), (1.2, True), (1.21, False)]
)
def test_a_share_is_right_within_a_fifth_of_the_truth(share: float, near: bool) -> None:
    """Relative to the true share, on both sides, ends included."""
    assert scored(slower(said(GUILTY, share))).near is near


def test_true_shares_are_of_what_was_made_slower() -> None:
    """Speed-ups and innocent edits are left out, and a slower edit below nothing counts as none."""
    both = truth(
        edit(SECOND, 0.06),
        edit(GUILTY, 0.12),
        edit(OTHER, -0.1, "faster"),
        edit(Name("shop/x.py", "f"), 0.01, "innocent"),
    )
    assert [both.share(one) for one in both.slower] == [pytest.approx(2 / 3), pytest.approx(1 / 3)]
    alone = truth(edit(GUILTY, 0.12), edit(OTHER, -0.1, "faster"), size=0.02)
    assert alone.share(alone.slower[0]) == 1
    found = scored(slower(said(GUILTY, 0.6, 0.1)), both)
    assert found.true_share == pytest.approx(2 / 3)
    assert (found.near, found.held) == (True, True)
    none = truth(edit(GUILTY, 0.12), edit(SECOND, -0.001))
    assert [none.share(one) for one in none.slower] == [1, 0]


def test_of_two_slowdowns_the_dearer_one_stands_first() -> None:
    """The smaller is wrong in first place, unless measuring can't tell which is smaller."""
    answer = slower(said(SECOND, 0.6), said(GUILTY, 0.4))
    assert not scored(answer, truth(edit(GUILTY, 0.12), edit(SECOND, 0.06))).first
    assert scored(answer, truth(edit(GUILTY, 0.062), edit(SECOND, 0.06))).first
    assert scored(answer, truth(edit(GUILTY, 0.12), edit(SECOND, 0.06))).three


def test_an_innocent_or_faster_edit_is_never_right() -> None:
    """However near its figures are to those of the dearest."""
    roles: tuple[Role, ...] = ("innocent", "faster")
    for role in roles:
        true = truth(edit(GUILTY, 0.1), edit(OTHER, 0.1, role))
        assert not scored(slower(said(OTHER, 1.0)), true).three


@pytest.mark.parametrize(
    ("share", "wide", "held"),
    [(0.9, 0.1, True), (0.9, 0.09, False), (1.2, 0.1, False), (1.2, 0.3, True), (1.0, 0.0, True)],
)
def test_the_true_share_lies_in_the_interval_or_not(share: float, wide: float, held: bool) -> None:
    """Ends included, as sums in another order differ in their last digits."""
    assert scored(slower(said(GUILTY, share, wide))).held is held


def test_no_interval_no_trial() -> None:
    """Who states none is not scored; who states some but not the dearest edit's is wrong."""
    assert scored(slower(said(GUILTY, 1.0))).held is None
    assert scored(slower(said(OTHER, 1.0, 0.1))).held is False
    assert scores([scored(slower(said(GUILTY, 1.0)))]).held.trials == 0


def test_shares_among_several_changes_are_of_what_these_have() -> None:
    """Code that nobody changed is left out there, and a single change leaves no choice."""
    both = truth(edit(GUILTY, 0.06), edit(SECOND, 0.04))
    rest = Said("", "elsewhere", 0.2, 0.1, 0.3, change=False)
    found = scored(slower(said(GUILTY, 0.48, 0.04), said(SECOND, 0.32, 0.04), rest), both)
    assert (found.held, found.weighed, found.elsewhere) == (False, True, 0.2)
    assert found.half == pytest.approx(0.05)
    off = scored(slower(said(GUILTY, 0.32, 0.04), said(SECOND, 0.48, 0.04), rest), both)
    assert off.weighed is False
    missing = scored(slower(said(SECOND, 0.48, 0.04), said(OTHER, 0.32, 0.04), rest), both)
    assert (missing.weighed, missing.half) == (False, None)
    alone = scored(slower(said(GUILTY, 0.8, 0.04), rest))
    assert (alone.weighed, alone.half, alone.elsewhere) == (None, None, 0.2)
    counts = scores([found, off, missing, alone])
    assert (counts.weighed.hits, counts.weighed.trials) == (1, 3)
    assert counts.half == pytest.approx(0.05)
    assert counts.elsewhere == pytest.approx(0.2)


def test_one_edit_under_two_names_is_added_up() -> None:
    """Shares add up, and doubts by the root of the sum of squares."""
    true = truth(TrueEdit((GUILTY, SECOND), "slower", 0.1, 0.09, 0.11))
    answer = slower(said(SECOND, 0.5, 0.03), said(OTHER, 0.2, 0.1), said(GUILTY, 0.3, 0.04))
    found = answer.about((GUILTY, SECOND))
    assert found is not None
    assert [found.share, found.low, found.high] == pytest.approx([0.8, 0.75, 0.85])
    assert scored(answer, true).first
    assert scored(answer, true).held is False
    nested = dataclasses.replace(answer, nested=True).about((GUILTY, SECOND))
    assert nested == said(SECOND, 0.5, 0.03)
    unsure = slower(said(SECOND, 0.5), said(GUILTY, 0.3, 0.04)).about((GUILTY, SECOND))
    assert unsure is not None
    assert unsure.share == pytest.approx(0.8)
    assert unsure.low is None


@pytest.mark.parametrize(
    ("size", "expected"),
    [(0.001, 0.03), (0.038, 0.03), (0.039, 0.05), (0.07, 0.05), (0.071, 0.1), (0.16, 0.25)],
)
def test_classes_are_nearest_by_logarithm(size: float, expected: float) -> None:
    """The border between two classes is their geometric mean."""
    assert class_of(size) == expected


def test_no_slowdown_has_no_class() -> None:
    """What is faster in truth can't be scored as a slowdown."""
    with pytest.raises(ValueError, match="no slowdown"):
        class_of(-0.01)
    assert not truth(size=0.004).told_from_nothing
    assert truth(size=0.006).told_from_nothing


def test_scores_of_groups_add_up_to_those_of_all() -> None:
    """Each injection is in one group, and each wrong one is listed with what was said."""
    right, bad = scored(slower(said(GUILTY, 1.0))), scored(slower(said(OTHER, 1.0)))
    every = [right, dataclasses.replace(bad, kind="cache"), dataclasses.replace(bad, key="z")]
    groups = dict(by(every, lambda one: one.kind))
    assert list(groups) == ["cache", "own work"]
    assert sum(one.first.trials for one in groups.values()) == 3
    assert (groups["cache"].first.hits, groups["own work"].first.hits) == (0, 1)
    listed = wrong(every)
    assert [one["key"] for one in listed] == ["k", "z"]
    assert listed[0]["said"] == "shop/core.py: helper"
    assert listed[0]["true"] == "shop/core.py: Shelf.find"


def test_an_explanation_is_kept_and_scored_as_it_states() -> None:
    """Gains and the row of small ones are no causes; intervals are in the unit of shares."""
    cause = dataclasses.replace(
        CAUSE,
        path="shop/core.py",
        name="Shelf.find",
        kind="changed",
        amount=6.0,
        interval=Interval(5.0, 7.0),
        share=0.75,
    )
    gain = dataclasses.replace(cause, name="gain", amount=-3.0, interval=None, share=-0.375)
    small = dataclasses.replace(cause, name="2 smaller causes", kind="rest", amount=0.5, share=0.06)
    second = dataclasses.replace(cause, name="sort", amount=1.5, interval=None, share=0.1875)
    told = explanation(difference=5.0, residual=0.0, causes=(gain, small, second, cause))
    kept: dict[str, Any] = json.loads(json.dumps(described(told)))
    answer = answer_of_hook(kept)
    assert answer.verdict == "slower"
    assert answer.causes == (
        Said("shop/core.py", "Shelf.find", 0.75, 0.625, 0.875),
        Said("shop/core.py", "sort", 0.1875),
    )
    assert kept["causes"][0]["amount"] == -3.0
    assert kept["residual"] == 0.0


def test_truths_and_answers_outlive_json() -> None:
    """What a study keeps is read back the same; another form is refused."""
    true = truth(edit(GUILTY, 0.12), edit(OTHER, -0.1, "faster"))
    assert kept_truth(json.loads(msgspec.json.encode(true))) == true
    answer = slower(said(GUILTY, 1.0, 0.1), said(OTHER, 0.1))
    assert kept_answer(json.loads(msgspec.json.encode(answer))) == answer
    with pytest.raises(msgspec.ValidationError):
        kept_truth({"size": 0.1})


def test_a_true_edit_is_what_it_adds() -> None:
    """A ratio becomes a share of the time before."""
    found = true_edit(Edit((GUILTY,), {}), "slower", (1.25, 1.2, 1.3))
    assert [found.effect, found.low, found.high] == pytest.approx([0.25, 0.2, 0.3])
