"""The list of all explanations."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from asv_explain.explanation import Explanation, Verdict
from asv_explain.pages.assets import LINKED, listed, render
from asv_explain.pages.words import SIGNS, between
from asv_explain.reports.headline import first_cause
from asv_explain.reports.text import digits, medians, title, verdict
from asv_explain.reports.uncertainty import decimals_of, interval_text, share

__all__ = ["Row", "RowView", "listing", "row_views"]

_ORDER = (Verdict.SLOWER, Verdict.UNKNOWN, Verdict.FASTER, Verdict.SAME)

# The columns by the names that list.js knows, as they are shown; figures stand to the right.
_COLUMNS = (
    ("benchmark", "Benchmark", ""),
    ("values", "Before → after", "figure"),
    ("ratio", "Ratio, 95 % interval", "figure"),
    ("verdict", "Verdict", ""),
    ("cause", "First cause", ""),
    ("commit", "Commit", ""),
    ("machine", "Measured on", ""),
)


@dataclass(frozen=True, slots=True)
class Row:
    """An explanation and where its page is."""

    href: str
    explanation: Explanation


@dataclass(frozen=True, slots=True)
class RowView:
    """A row as it is shown; what begins with ``order`` sorts its column."""

    href: str
    title: str
    values: str
    ratio: str
    interval: str
    state: str
    verdict: str
    sign: str
    cause: str
    share: str
    subject: str
    between: str
    date: str
    machine: str
    environment: str
    order_values: str
    order_ratio: str
    order_verdict: str
    order_commit: str


def row_views(rows: Iterable[Row]) -> tuple[RowView, ...]:
    """The rows, what got slower by most first."""
    return tuple(_row(one) for one in sorted(rows, key=_rank))


def _rank(row: Row) -> tuple[int, float, str, str]:
    explanation = row.explanation
    # What rose from nothing has no ratio, and is the largest rise there is.
    ratio = math.inf if explanation.ratio is None else explanation.ratio
    return (_ORDER.index(explanation.verdict), -ratio, explanation.benchmark, row.href)


def _row(row: Row) -> RowView:
    explanation = row.explanation
    cause = first_cause(explanation)
    commit = explanation.commit_after
    after = explanation.decisive[1]
    ratio = explanation.ratio
    date = "" if commit is None else commit.date
    return RowView(
        href=row.href,
        title=title(explanation),
        values=medians(explanation),
        ratio="" if ratio is None else digits(ratio, decimals_of(explanation.interval)),
        interval=interval_text(explanation.interval, explanation.confidence),
        state=explanation.verdict.value,
        verdict=verdict(explanation),
        sign=SIGNS[explanation.verdict],
        cause=_none(explanation) if cause is None else cause.name,
        share="" if cause is None else share(cause, explanation.difference or 0.0),
        subject="" if commit is None else commit.subject,
        between=between(explanation),
        date=date,
        machine=explanation.machine,
        environment=explanation.environment,
        order_values=repr(median(after)) if after else "",
        order_ratio="" if ratio is None else repr(ratio),
        order_verdict=str(_ORDER.index(explanation.verdict)),
        order_commit=date or explanation.after,
    )


def _none(explanation: Explanation) -> str:
    """What stands in place of a first cause."""
    return "none above noise" if explanation.causes else ""


def listing(rows: Sequence[Row], refused: Sequence[str]) -> str:
    """The page that lists all explanations.

    Args:
        rows: the explanations.
        refused: files that are none, each with why.
    """
    shown = row_views(rows)
    return render(
        "list.html",
        policy=LINKED,
        told=_told(shown),
        verdicts=list(dict.fromkeys(one.verdict for one in shown)),
        columns=_COLUMNS,
        all=shown,
        refused=refused,
    )


def _told(rows: Sequence[RowView]) -> str:
    """How many there are of what."""
    if not rows:
        return "Nothing is explained yet; asv explain does it, and asv publish puts it here."
    count = Counter(one.verdict for one in rows)
    each = listed([f"{number} {name}" for name, number in count.items()])
    steps = "step" if len(rows) == 1 else "steps"
    return f"{len(rows)} {steps} between commits, measured again and explained: {each}."
