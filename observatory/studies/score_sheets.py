"""The tables that scores are shown in, and the targets that they are held to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from observatory.studies.rates import Rate
from observatory.studies.scores import LARGE, Score, Scores, by, scores
from observatory.studies.sheets import Sheet, Target

__all__ = [
    "group_sheets",
    "score_targets",
    "size_name",
    "wrong_sheet",
]

HEADINGS = (
    "cases",
    "slower",
    "first",
    "first if slower",
    "in three",
    "share",
    "interval",
    "of several",
    "half width",
    "elsewhere",
)
"""Of the figures in a row of scores, as `NOTE` tells them."""

MEDIUM = 0.05
"""The class of size that has targets of its own below those of `LARGE`."""

# What is aimed at.
FIRST = {LARGE: 0.95, MEDIUM: 0.85}
THREE = {LARGE: 0.98, MEDIUM: 0.92}
HELD = (0.93, 0.97)

NOTE = (
    "Percent, with Wilson's 95 % interval. slower: said to be slower at all; what is not counts "
    "as not right in all but two of the other columns. first: the first cause is right; first "
    "if slower: of those said to be slower. in three: it is right within the first three. "
    "share: the stated share of the slowdown is within ±20 % of the truth. interval: the true "
    "share lies in the stated 95 % interval, of those said to be slower. elsewhere: the median "
    "share of code that did not change; it takes longer beside more work, as caches hold less "
    "of it by then, which the truth of an edit includes and its stated share of time does not. "
    "of several: as interval, but shares are of what all named changes have together, in so "
    "many cases that name more than one; half width: the median of theirs, in points. A single "
    "change has 100 % by construction."
)


def _row(found: Scores) -> tuple[str, ...]:
    """The figures of one row, under `HEADINGS`."""
    told = (found.answered, found.first, found.first_answered, found.three, found.near, found.held)
    several = f"{found.weighed.brief} of {found.weighed.trials}" if found.weighed.trials else "none"
    points = (_points(found.half), _points(found.elsewhere))
    return (str(found.first.trials), *(one.brief for one in told), several, *points)


def _points(share: float | None) -> str:
    return "none" if share is None else f"{100 * share:.1f}"


def group_sheets(found: Sequence[Score]) -> list[Sheet]:
    """The scores by size, by kind and by subject."""
    sizes = [(size_name(size), _row(one)) for size, one in by(found, _size)]
    large = [one for one in found if one.size_class >= LARGE]
    sizes += [
        (f"{size_name(LARGE)} and more", _row(scores(large))),
        ("all", _row(scores(found))),
    ]
    kinds = [(str(kind), _row(one)) for kind, one in by(found, lambda one: one.kind)]
    subjects = [(str(name), _row(one)) for name, one in by(found, lambda one: one.subject)]
    return [
        _sheet("Scores by size of the slowdown", "size", sizes, NOTE),
        _sheet("Scores by kind of change", "kind", kinds),
        _sheet("Scores by subject", "subject", subjects),
    ]


def wrong_sheet(found: Iterable[Score]) -> Sheet:
    """Every injection whose first cause is wrong."""
    rows = tuple(
        (
            one.key,
            f"{100 * one.size:.1f} %",
            one.verdict,
            one.said or "nothing",
            one.true,
            "yes" if one.three else "no",
        )
        for one in found
        if not one.first
    )
    headings = ("injection", "true size", "verdict", "said", "true", "within three")
    return Sheet("Those whose first cause is wrong", headings, rows)


def score_targets(found: Sequence[Score]) -> list[Target]:
    """The targets for the hook's answers."""
    groups: Mapping[float, tuple[str, Scores]] = {
        LARGE: (
            f"at {size_name(LARGE)} and more",
            scores(one for one in found if one.size_class >= LARGE),
        ),
        MEDIUM: (
            f"at {size_name(MEDIUM)}",
            scores(one for one in found if one.size_class == MEDIUM),
        ),
    }
    targets = []
    for size, (where, group) in groups.items():
        targets += [
            _at_least(f"first cause right {where}", group.first, FIRST[size]),
            _at_least(f"right within three {where}", group.three, THREE[size]),
        ]
    every = scores(found)
    low, high = HELD
    between = f"{100 * low:.0f} to {100 * high:.0f} %"
    for what, rate in (
        ("true share inside the 95 % interval", every.held),
        ("the same among several changes", every.weighed),
    ):
        met = None if rate.value is None else low <= rate.value <= high
        targets.append(Target(what, between, str(rate), met))
    return targets


def size_name(size: float) -> str:
    """A class of size in words."""
    return f"{100 * size:g} %"


def _at_least(what: str, found: Rate, wanted: float) -> Target:
    met = None if found.value is None else found.value >= wanted
    return Target(what, f"≥ {100 * wanted:g} %", str(found), met)


def _sheet(
    title: str, first: str, rows: Iterable[tuple[str, tuple[str, ...]]], note: str = ""
) -> Sheet:
    return Sheet(title, (first, *HEADINGS), tuple((name, *row) for name, row in rows), note)


def _size(one: Score) -> float:
    return one.size_class
