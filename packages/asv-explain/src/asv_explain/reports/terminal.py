"""An explanation as it is shown in a terminal."""

from __future__ import annotations

from statistics import median

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from asv_explain.explanation import Cause, Explanation, Place, Verdict
from asv_explain.reports.bisected import bisected
from asv_explain.reports.text import calls, explained, headline, plain, ratio, seconds, share, title

__all__ = ["render"]

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
    verdict = Text(explanation.verdict.value, _STYLES[explanation.verdict])
    parts: list[RenderableType] = [
        Text.assemble((title(explanation), "bold"), f"  ({plain(explanation.environment)})"),
        Text.assemble(
            f"{explanation.before[:8]} → {explanation.after[:8]}  ",
            _times(explanation),
            f"  ratio {ratio(explanation.ratio, explanation.interval)}  ",
            verdict,
        ),
        Text(headline(explanation)),
        *(Text(line) for line in bisected(explanation)),
    ]
    difference = explanation.difference or 0.0
    for number, cause in enumerate(explanation.causes[:causes], start=1):
        parts.append(Padding(_cause(number, cause, difference), (1, 0, 0, 0)))
    left = explanation.causes[causes:]
    if left:
        rest = sum(cause.seconds for cause in left)
        parts.append(Text(f"\n{len(left)} more causes: {seconds(rest, sign=True)}"))
    if explanation.difference is not None:
        parts.append(Text("\n" + explained(explanation)))
    if explanation.async_tax is not None:
        parts.append(Text(f"async tax: {seconds(explanation.async_tax, sign=True)}"))
    parts += [
        Text(f"caveat: {plain(caveat.text)}; {plain(caveat.remedy)}")
        for caveat in explanation.caveats
    ]
    return Group(*parts)


def _times(explanation: Explanation) -> str:
    sides = (explanation.rounds_before.wall, explanation.rounds_after.wall)
    if not all(sides):
        return "no times"
    return " → ".join(seconds(median(side)) for side in sides)


def _cause(number: int, cause: Cause, difference: float) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(
        f"{number}.",
        Text.assemble(
            (plain(cause.name), "bold"),
            f"  {share(cause, difference)}  {seconds(cause.seconds, sign=True)}",
        ),
    )
    grid.add_row("", Text(plain(cause.account)))
    grid.add_row(
        "",
        Text(
            f"calls {calls(cause.calls_before)} → {calls(cause.calls_after)}, "
            f"price {seconds(cause.price_before)} → {seconds(cause.price_after)}, "
            f"{plain(cause.kind)}"
        ),
    )
    place = _where(cause.before, cause.after)
    if place:
        grid.add_row("", Text(place))
    for commit in cause.commits:
        grid.add_row("", Text(f"{commit.hash[:8]} {plain(commit.subject)}"))
    return grid


def _where(before: Place | None, after: Place | None) -> str:
    if after is not None:
        moved = before is not None and before.file != after.file
        origin = f" (was {plain(before.file)}:{before.line})" if moved and before else ""
        return f"{plain(after.file)}:{after.line}{origin}"
    return f"{plain(before.file)}:{before.line}, gone" if before is not None else ""
