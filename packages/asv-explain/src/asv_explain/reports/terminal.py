"""An explanation as it is shown in a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from asv_explain.explanation import (
    SECONDS,
    CallChange,
    Cause,
    Explanation,
    LineChange,
    Verdict,
)
from asv_explain.reports import text as words
from asv_explain.reports.bisected import bisected
from asv_explain.reports.costs import (
    FIRST_LINES,
    dearest,
    detail_lines,
    line_cost,
    sampling_sentence,
    thread_line,
    waiting,
)
from asv_explain.reports.headline import explained, headline
from asv_explain.reports.put_back import change_lines, proof_short, reversal_lines
from asv_explain.reports.text import (
    amount,
    calls,
    counted,
    medians,
    place,
    plain,
    shortened,
    title,
)
from asv_explain.reports.uncertainty import cause_amount, ratio, share

__all__ = ["render"]

FIRST_THREADS = 5
"""So many functions of other threads are shown."""

LINE_WIDTH = 40
"""So many characters of a line's text are shown, which leaves room in 80 columns."""

_STYLES = {
    Verdict.SLOWER: "bold red",
    Verdict.FASTER: "bold green",
    Verdict.SAME: "bold",
    Verdict.UNKNOWN: "bold yellow",
}


def render(explanation: Explanation, causes: int = 8) -> RenderableType:
    """The whole explanation, at most 80 columns wide where names allow it.

    Args:
        explanation: what to show.
        causes: how many causes are shown; the others are counted.
    """
    unit = explanation.unit
    verdict = Text(words.verdict(explanation), _STYLES[explanation.verdict])
    parts: list[RenderableType] = [
        Text.assemble((title(explanation), "bold"), f"  ({plain(explanation.environment)})"),
        Text.assemble(
            f"{explanation.before[:8]} → {explanation.after[:8]}  {_times(explanation)}  ", verdict
        ),
        Text(f"ratio {_ratio(explanation)}"),
        Text(headline(explanation)),
        *(Text(line) for line in bisected(explanation)),
        *(Text(line) for line in reversal_lines(explanation)),
        *(Padding(Text(line), (0, 0, 0, 2)) for line in change_lines(explanation)),
    ]
    for number, cause in enumerate(explanation.causes[:causes], start=1):
        parts.append(Padding(_cause(number, cause, explanation), (1, 0, 0, 0)))
    left = explanation.causes[causes:]
    if left:
        rest = sum(cause.amount for cause in left)
        parts.append(Text(f"\n{counted(len(left), 'more cause')}: {amount(rest, unit, sign=True)}"))
    if explanation.difference is not None:
        parts.append(Text("\n" + explained(explanation)))
    if explanation.calls:
        parts.append(Text("functions called more or less often:"))
        parts += [Text(f"  {_calls(change)}") for change in explanation.calls[:causes]]
    if explanation.threads:
        parts.append(Text("other threads:"))
        parts += [Text(f"  {thread_line(one)}") for one in explanation.threads[:FIRST_THREADS]]
    sampled = sampling_sentence(explanation)
    if sampled:
        parts.append(Text(f"measured: {sampled}"))
    if explanation.async_tax is not None:
        parts.append(Text(f"async tax: {amount(explanation.async_tax, SECONDS, sign=True)}"))
    parts += [
        Text(f"caveat: {plain(caveat.text)}; {plain(caveat.remedy)}")
        for caveat in explanation.caveats
    ]
    return Group(*parts)


def _ratio(explanation: Explanation) -> str:
    return ratio(explanation.ratio, explanation.interval, explanation.confidence)


def _times(explanation: Explanation) -> str:
    return medians(explanation) or ("no times" if explanation.kind == "time" else "no values")


def _calls(change: CallChange) -> str:
    where = f" ({plain(change.path)})" if change.path else ""
    counts = f"{calls(change.calls_before)} → {calls(change.calls_after)}"
    return f"{plain(change.name)}{where}: {counts} calls"


def _line(line: LineChange, unit: str) -> str:
    """A line with what it holds; the text is cut to leave room for that."""
    where = line.after or line.before
    number = f"line {where.line}: " if where is not None else ""
    text = plain(line.text)
    shown = shortened(text, LINE_WIDTH)
    via = f" in {plain(line.via)}" if line.via else ""
    held = f"{amount(line.bytes_before, unit)} → {amount(line.bytes_after, unit)}"
    return f"{number}{shown}{via}  {held}"


def _cause(number: int, cause: Cause, explanation: Explanation) -> RenderableType:
    difference, unit = explanation.difference or 0.0, explanation.unit
    amounts = (cause_amount(cause, unit), waiting(cause))
    grid = Table.grid(padding=(0, 1))
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(
        f"{number}.",
        Text.assemble(
            (plain(cause.name), "bold"),
            f"  {share(cause, difference)}  {', '.join(filter(None, amounts))}",
        ),
    )
    grid.add_row("", Text(plain(cause.account)))
    grid.add_row("", Text(words.detail(cause, unit)))
    if cause.proof is not None:
        grid.add_row("", Text(f"put back: {proof_short(cause.proof)}"))
    for line in cause.lines[:FIRST_LINES]:
        grid.add_row("", Text(_line(line, unit)))
    for cost in dearest(cause):
        grid.add_row("", Text(line_cost(cost, LINE_WIDTH)))
    for text in detail_lines(cause):
        grid.add_row("", Padding(Text(text), (0, 0, 0, 2)))
    stands = place(cause)
    if stands:
        grid.add_row("", Text(stands))
    for commit in cause.commits:
        grid.add_row("", Text(f"{commit.hash[:8]} {plain(commit.subject)}"))
    return grid
