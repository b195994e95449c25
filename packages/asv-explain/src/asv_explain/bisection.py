"""How bisecting a range of commits went, as it stands in an explanation and its JSON."""

from __future__ import annotations

from dataclasses import dataclass

from asv_explain.verdict import Interval, Verdict

__all__ = ["Bisection", "Compared", "Merged", "Skipped", "Subrange"]


@dataclass(frozen=True, slots=True)
class Compared:
    """One commit of the range, measured against the range's first.

    Attributes:
        commit: Full hash.
        ratio: Its time over that of the range's first commit.
        interval: The same with its uncertainty.
        verdict: Slower, faster, same or unknown, by the factor that counts for the benchmark.
    """

    commit: str
    ratio: float
    interval: Interval
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Skipped:
    """One commit of the range that told nothing, and why."""

    commit: str
    reason: str


@dataclass(frozen=True, slots=True)
class Subrange:
    """A part of the range and its share of the whole step, in logarithms of ratios."""

    before: str
    after: str
    share: float


@dataclass(frozen=True, slots=True)
class Merged:
    """The commits that a merge brought in: from where they left the line to their last one."""

    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Bisection:
    """The search for the commit that holds the step from one commit to another.

    Attributes:
        before: Full hash of the range's first commit, the side to which all is compared.
        after: Full hash of its last one.
        commits: How many commits the range holds, by first parents, ``before`` left out.
        verdict: What was measured of the whole range.
        ratio: Of the whole range, ``after`` over ``before``.
        interval: The same with its uncertainty.
        confidence: Of this interval and of each of ``measured``, by itself. Each is also one to
            stop at: all looks at one measurement hold together in 95 % of cases.
        measured: The commits in between that were measured, oldest first.
        skipped: Those that could not be measured, or not clearly, in the order of trying.
        suspected: The commits of which one holds the step, oldest first: one if it was found,
            several if the others can't be told apart.
        merged: Where the one that was found is a merge: what it merged.
        share: The step of those suspected over that of the whole range, both as logarithms of
            ratios, which add up over commits.
        share_interval: The same with its uncertainty, as if both steps erred in opposite ways, so
            that what it may miss is at most twice what ``confidence`` leaves; None where the step
            of those suspected could not be measured by itself.
        rest: Of the other parts of the range that were measured, the one that rose most; None if
            nothing else rose.
    """

    before: str
    after: str
    commits: int
    verdict: Verdict
    ratio: float
    interval: Interval
    measured: tuple[Compared, ...]
    skipped: tuple[Skipped, ...]
    suspected: tuple[str, ...]
    merged: Merged | None
    share: float
    share_interval: Interval | None
    rest: Subrange | None
    confidence: float = 0.95
