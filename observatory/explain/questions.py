"""Which steps the profile hook is asked about, and which of them it could not measure."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from observatory.explain.milestones import Milestone
from observatory.explain.timeline import Loss, Timeline, Verdict, find_losses, selects

__all__ = ["AnswersError", "Question", "find_questions", "read_unmeasured"]

_STEPS = (Verdict.SLOWER, Verdict.FASTER)


class AnswersError(Exception):
    """The hook's answers can't be read; the text says why, in one line."""


@dataclass(frozen=True, slots=True)
class Question:
    """Two milestones, and a benchmark that changed from the one to the other.

    Attributes:
        before: The earlier milestone.
        after: The later one.
        benchmark: The benchmark to explain the step in.
        others: Further benchmarks that changed there.
    """

    before: Milestone
    after: Milestone
    benchmark: str
    others: tuple[str, ...] = ()

    def arguments(self, answers: Path, budget: float) -> list[str]:
        """What the hook is called with, to leave its answers in a file as well."""
        wanted = f"--bench=^{re.escape(self.benchmark)}$"
        how = [f"--budget={budget:g}", f"--json={answers}"]
        return [self.before.commit, self.after.commit, wanted, *how]


def find_questions(timelines: Sequence[Timeline], headline: Sequence[str]) -> tuple[Question, ...]:
    """Return every loss against the best before it, and its end, in milestones' order.

    A step mostly has the same causes in each benchmark that it changes, so it is explained in one
    of them: that which the first of the headline patterns names.

    The end is asked about from the best before the loss, where it is any slower than that: asv,
    which times one commit after the other, can't see small rests. A milestone that merely stays at
    a level lost earlier is not asked about.
    """
    asked: dict[tuple[int, int], tuple[Milestone, Milestone, dict[str, None]]] = {}
    for timeline in timelines:
        milestones = [point.milestone for point in timeline.points]
        for before, after in _steps(timeline):
            key = milestones.index(after), milestones.index(before)
            pair = asked.setdefault(key, (before, after, {}))
            pair[2][timeline.benchmark] = None
    return tuple(
        Question(before, after, *_first_named(names, headline))
        for _, (before, after, names) in sorted(asked.items())
    )


def _first_named(names: Iterable[str], headline: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """The benchmark that the first pattern names, and the others, in the patterns' order."""
    first, *others = sorted(
        names, key=lambda name: ([not selects([one], name) for one in headline], name)
    )
    return first, tuple(others)


def read_unmeasured(answers: Path) -> tuple[str, ...]:
    """Return the benchmarks, parameters included, that the hook could not measure on both sides.

    One that it measured and could not tell from the threshold is no failure; the hook says so.

    Raises AnswersError if the file is missing or not of the hook's form.
    """
    try:
        found = json.loads(answers.read_text(encoding="utf-8"))
        return tuple(
            one["benchmark"] + (f"({', '.join(one['params'])})" if one["params"] else "")
            for one in found
            if one["verdict"] == "unknown" and one["ratio"] is None
        )
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise AnswersError(f"its answers can't be read ({error!r})") from None


def _steps(timeline: Timeline) -> Iterator[tuple[Milestone, Milestone]]:
    measured = [point for point in timeline.points if point.value is not None]
    lost: Loss | None = None
    losses = {loss.point.milestone: loss for loss in find_losses(timeline)}
    for point in measured:
        loss = losses.get(point.milestone)
        stays = lost is not None and loss is not None and lost.best == loss.best
        if loss is not None and (not stays or point.change.verdict in _STEPS):
            yield loss.best.milestone, point.milestone
        if loss is None and lost is not None and (point.value or 0.0) > (lost.best.value or 0.0):
            yield lost.best.milestone, point.milestone
        lost = loss
