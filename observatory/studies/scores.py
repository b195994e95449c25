"""How well an answer meets the truth, and how often: pure, from what was kept."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from observatory.studies.answers import Answer, Said, TrueEdit, Truth
from observatory.studies.rates import Rate, rate_of

__all__ = [
    "LARGE",
    "NEAR",
    "SIZES",
    "Score",
    "Scores",
    "by",
    "class_of",
    "score",
    "scores",
    "wrong",
]

SIZES = (0.03, 0.05, 0.1, 0.25, 1.0)
"""The classes of size; an injection is in the one that is nearest to its measured truth."""

LARGE = 0.1
"""From this class on a slowdown is one that nobody should miss, and has a target of its own."""

NEAR = 0.2
"""A share is right if it is off by at most this part of the true share."""

# So many causes are looked at by somebody in a hurry.
FEW = 3

# What two figures may differ by for having been added up in another order.
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Score:
    """How well one answer meets the truth of one injection.

    Attributes:
        key: the injection's.
        subject: the package.
        kind: what was done to it.
        size: the slowdown as measured, as a share of the time before.
        verdict: what the tool said; with anything but "slower" nothing of it is right.
        first: whether the first cause is the dearest edit, under one of its names.
        three: whether it is among the first three.
        near: whether the stated share of the dearest edit is right; not if none is stated.
        held: whether the true share lies in the stated interval; None where the tool states no
            interval for any cause, and not if the dearest edit isn't among its causes.
        weighed: whether the true share lies in the stated interval, with both as shares of what
            the named changes have together; None where the answer leaves that no choice, as it
            names the dearest edit alone or states no interval.
        half: half the width of that interval; None where there is none.
        elsewhere: the share of code that no change explains.
        said: the first cause.
        true: the names of the dearest edit.
        said_share: the share stated for the dearest edit; None if none is.
        true_share: its true share.
    """

    key: str
    subject: str
    kind: str
    size: float
    verdict: str
    first: bool
    three: bool
    near: bool
    held: bool | None
    weighed: bool | None
    half: float | None
    elsewhere: float
    said: str
    true: str
    said_share: float | None
    true_share: float

    @property
    def size_class(self) -> float:
        """The class of size that it is in."""
        return class_of(self.size)


@dataclass(frozen=True, slots=True)
class Scores:
    """How often answers meet the truth.

    Attributes:
        answered: how often the verdict is "slower".
        first: how often the first cause is right.
        three: how often a cause within the first three is.
        first_answered: the first, of those with the verdict "slower" alone.
        near: how often the share is within `NEAR` of the truth.
        held: how often the true share lies in the stated interval, where intervals are stated.
        weighed: the same of shares of what the named changes have, where there are several.
        half: the median of half the widths of those; None without any.
        elsewhere: the median share of code that no change explains; None without an answer.
    """

    answered: Rate
    first: Rate
    three: Rate
    first_answered: Rate
    near: Rate
    held: Rate
    weighed: Rate
    half: float | None
    elsewhere: float | None

    def told(self) -> dict[str, Any]:
        """The same for JSON."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {k: one.told() if isinstance(one, Rate) else one for k, one in values.items()}


def class_of(size: float) -> float:
    """The class of a measured slowdown: the nearest by the difference of logarithms.

    Raises:
        ValueError: it is no slowdown.
    """
    if not size > 0:
        raise ValueError(f"{size!r} is no slowdown")
    return min(SIZES, key=lambda one: abs(math.log(one / size)))


def score(key: str, subject: str, kind: str, truth: Truth, answer: Answer) -> Score:
    """Compare an answer with the truth.

    Where the intervals of two slower edits overlap, so that measuring can't tell which one is
    dearer, either may stand first; the share is that of the one that measured dearer.

    Raises:
        ValueError: the injection has no edit that makes it slower.
    """
    slower = truth.slower
    if not slower:
        raise ValueError(f"{key} has no edit that makes anything slower")
    dearest = slower[0]
    right = {name for edit in slower if _as_dear(edit, dearest) for name in edit.names}
    causes = answer.causes if answer.verdict == "slower" else ()
    counted = replace(answer, causes=causes)
    said = counted.about(dearest.names)
    share = truth.share(dearest)
    several = _states_intervals(causes) and _leaves_a_choice(counted, dearest)
    weighed = counted.changes.about(dearest.names) if several else None
    return Score(
        key=key,
        subject=subject,
        kind=kind,
        size=truth.size,
        verdict=answer.verdict,
        first=any(cause.called in right for cause in causes[:1]),
        three=any(cause.called in right for cause in causes[:FEW]),
        near=said is not None and abs(said.share - share) <= NEAR * share + ROUNDING,
        held=_held(share, said) if _states_intervals(causes) else None,
        weighed=_held(share, weighed) if several else None,
        half=_half(weighed),
        elsewhere=sum(cause.share for cause in causes if not cause.change),
        said=_shown(causes[0]) if causes else "",
        true=", ".join(f"{name.path}: {name.name}" for name in dearest.names),
        said_share=None if said is None else said.share,
        true_share=share,
    )


def scores(found: Iterable[Score]) -> Scores:
    """Count how often answers are right."""
    every = list(found)
    answered = [one for one in every if one.verdict == "slower"]
    return Scores(
        answered=rate_of(one.verdict == "slower" for one in every),
        first=rate_of(one.first for one in every),
        three=rate_of(one.three for one in every),
        first_answered=rate_of(one.first for one in answered),
        near=rate_of(one.near for one in every),
        held=rate_of(one.held for one in every if one.held is not None),
        weighed=rate_of(one.weighed for one in every if one.weighed is not None),
        half=_median(one.half for one in every if one.half is not None),
        elsewhere=_median(one.elsewhere for one in answered),
    )


def by(found: Iterable[Score], group: Callable[[Score], Any]) -> Iterator[tuple[Any, Scores]]:
    """The scores of each group, in the order of the groups' names."""
    for name, members in groupby(sorted(found, key=group), group):
        yield name, scores(members)


def wrong(found: Iterable[Score]) -> list[Mapping[str, Any]]:
    """Those whose first cause is wrong: what was said, and what is true."""
    return [
        {
            "key": one.key,
            "subject": one.subject,
            "kind": one.kind,
            "size": one.size,
            "verdict": one.verdict,
            "said": one.said,
            "true": one.true,
            "three": one.three,
        }
        for one in found
        if not one.first
    ]


def _as_dear(edit: TrueEdit, dearest: TrueEdit) -> bool:
    """Whether measuring leaves open that an edit is the dearest one."""
    return edit == dearest or edit.high >= dearest.low


def _held(share: float, said: Said | None) -> bool:
    if said is None or said.low is None or said.high is None:
        return False
    return said.low - ROUNDING <= share <= said.high + ROUNDING


def _leaves_a_choice(answer: Answer, dearest: TrueEdit) -> bool:
    """Whether more is named than the dearest edit, so that its share follows from figures."""
    return any(one.change and one.called not in dearest.names for one in answer.causes)


def _half(said: Said | None) -> float | None:
    """Half the width of a stated interval."""
    if said is None or said.low is None or said.high is None:
        return None
    return (said.high - said.low) / 2


def _median(values: Iterable[float]) -> float | None:
    every = list(values)
    return statistics.median(every) if every else None


def _states_intervals(causes: Sequence[Said]) -> bool:
    return any(cause.low is not None for cause in causes)


def _shown(cause: Said) -> str:
    return f"{cause.path}: {cause.name}" if cause.path else cause.name
