"""The waterfall from the value before to the value after."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from asv_explain.explanation import Cause, Explanation, Interval
from asv_explain.pages.figures import (
    INK,
    LESS,
    MORE,
    PAPER,
    RESIDUAL,
    TOTAL,
    axis,
    directed,
    entities,
    layout,
    lines,
    signed,
    title,
)
from asv_explain.pages.views import legible
from asv_explain.reports.text import amount, counted, digits, scaled
from asv_explain.reports.uncertainty import cause_amount, share

__all__ = ["MOST_CAUSES", "waterfall"]

MOST_CAUSES = 12
"""So many causes have a bar of their own; the others are added up in one."""

BROKEN = 0.3
"""Where all that happens takes less than this part of the axis, the axis does not begin at 0."""

NOTHING = 1e-9
"""Of less than this part the numbers of an axis could not be told from each other."""


@dataclass(frozen=True, slots=True)
class _Bar:
    """One bar of the waterfall.

    Attributes:
        name: what it stands for.
        value: what is written beside it.
        base: where it begins.
        length: how far it goes from there; negative to the left.
        color: its colour.
        more: what is told beside the pointer.
        hatch: plotly's pattern, for what is not certain.
        interval: where it may end.
    """

    name: str
    value: str
    base: float
    length: float
    color: str
    more: str = ""
    hatch: str = ""
    interval: Interval | None = None


def waterfall(explanation: Explanation) -> dict[str, Any] | None:
    """From the value before to the value after: a bar a cause, and one for the residual.

    Returns:
        The figure; None where no cause is known.
    """
    bars = _bars(explanation)
    if not bars:
        return None
    unit = explanation.unit
    ends = [end for bar in bars for end in (bar.base, bar.base + bar.length)]
    steps = ends[2:-2]
    doubts = [
        (row, bar.base + bar.length, bar.interval)
        for row, bar in enumerate(bars)
        if bar.interval is not None
    ]
    low = min(*steps, *(interval.low for _, _, interval in doubts))
    most = max(*steps, *(interval.high for _, _, interval in doubts))
    start = min(0.0, low)
    if NOTHING * most < most - low < BROKEN * most and low > 0:
        start = max(0.0, low - (most - low))
    # Where all is 0, any axis will do.
    most = most if most > start else start + 1.0
    ticks = _ticks(start, most, unit)
    start = min(start, ticks[0][0])
    # The whole bars begin where the axis does, if that is above 0.
    foot = max(0.0, start)
    bars = [
        replace(bars[0], base=foot, length=bars[0].length - foot),
        *bars[1:-1],
        replace(bars[-1], base=foot, length=bars[-1].length - foot),
    ]
    rows = list(range(len(bars)))
    return {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "y": rows,
                "base": [bar.base for bar in bars],
                "x": [bar.length for bar in bars],
                "marker": {
                    "color": [bar.color for bar in bars],
                    # Without it the ends of a hatched bar could not be told.
                    "line": {"color": [bar.color for bar in bars], "width": 1},
                    "pattern": {"shape": [bar.hatch for bar in bars], "fgcolor": PAPER},
                },
                "width": 0.62,
                "customdata": [lines(bar.name, bar.value, bar.more) for bar in bars],
                "hovertemplate": "%{customdata}<extra></extra>",
            },
            {
                # A thin line leads from each bar's end to where the next one begins.
                "type": "scatter",
                "mode": "lines",
                "x": [x for bar in bars[:-1] for x in (bar.base + bar.length,) * 2 + (None,)],
                "y": [y for row in rows[:-1] for y in (row, row + 1, None)],
                "line": {"color": TOTAL, "width": 1, "dash": "dot"},
                "hoverinfo": "skip",
            },
            {
                # Where a bar may end; in a trace of its own, since not every bar has it.
                "type": "scatter",
                "mode": "markers",
                "x": [end for _, end, _ in doubts],
                "y": [row for row, _, _ in doubts],
                "marker": {"size": 1, "color": INK},
                "error_x": {
                    "type": "data",
                    "symmetric": False,
                    "array": [max(0.0, one.high - end) for _, end, one in doubts],
                    "arrayminus": [max(0.0, end - one.low) for _, end, one in doubts],
                    "color": INK,
                    "thickness": 1.2,
                    "width": 4,
                },
                "hoverinfo": "skip",
            },
        ],
        "layout": layout(
            height=30 * len(bars) + 60,
            margin={"l": 8, "r": 150, "t": 8, "b": 46},
            bargap=0.3,
            xaxis=axis(
                range=[start, most + 0.02 * (most - start)],
                tickvals=[tick for tick, _ in ticks],
                ticktext=[name for _, name in ticks],
                title=title(f"the axis begins at {ticks[0][1]}" if start > 0 else ""),
            ),
            yaxis=axis(
                range=[len(bars) - 0.4, -0.6],
                tickvals=rows,
                ticktext=[entities(bar.name) for bar in bars],
                automargin=True,
                showgrid=False,
            ),
            annotations=[
                {
                    "x": 1,
                    "xref": "paper",
                    "xanchor": "left",
                    "xshift": 10,
                    "y": row,
                    "yref": "y",
                    "text": entities(bar.value),
                    "showarrow": False,
                }
                for row, bar in enumerate(bars)
            ],
            meta="waterfall",
        ),
    }


def _bars(explanation: Explanation) -> list[_Bar]:
    """From the value before to the value after, the largest cause first."""
    sides = explanation.decisive
    difference, residual, unit = explanation.difference, explanation.residual, explanation.unit
    if difference is None or residual is None or not all(sides) or not explanation.causes:
        return []
    at = median(sides[0])
    bars = [_Bar("before", amount(at, unit), 0.0, at, TOTAL, explanation.before[:8])]
    causes = sorted(explanation.causes, key=lambda cause: -abs(cause.amount))
    if len(causes) > MOST_CAUSES + 1:
        causes, others = causes[:MOST_CAUSES], causes[MOST_CAUSES:]
    else:
        others = []
    for cause in causes:
        bars.append(_cause(cause, at, difference, unit))
        at += cause.amount
    rest = math.fsum(cause.amount for cause in others)
    sums = [_Bar("residual", "", 0.0, residual, RESIDUAL, "what no cause explains", "/")]
    if others:
        sums.insert(
            0, _Bar(counted(len(others), "more cause"), "", 0.0, rest, _color(rest), "added up")
        )
    for bar in sums:
        value = signed(bar.length, unit)
        if difference:
            # Rounding alone must not make a nothing of less than nothing.
            value += f", {round(bar.length / difference * 100) + 0.0:.0f} %"
        bars.append(replace(bar, value=value, base=at))
        at += bar.length
    told = explanation.after[:8]
    if explanation.ratio is not None:
        # Rounds are compared in pairs, so this may differ in a digit from the median of that side.
        told += f": before with the difference that the ratio, {digits(explanation.ratio)}, gives"
    bars.append(_Bar("after", amount(at, unit), 0.0, at, TOTAL, told))
    return bars


def _cause(cause: Cause, at: float, difference: float, unit: str) -> _Bar:
    interval = cause.interval
    if interval is not None:
        interval = Interval(at + interval.low, at + interval.high)
    return _Bar(
        legible(cause.name),
        f"{directed(cause.amount, cause_amount(cause, unit))}, {share(cause, difference)}",
        at,
        cause.amount,
        _color(cause.amount),
        legible(cause.account),
        "/" if cause.noise else "",
        interval,
    )


def _color(value: float) -> str:
    return MORE if value > 0 else LESS


def _ticks(low: float, high: float, unit: str) -> list[tuple[float, str]]:
    """Some round values from at most ``low`` to nearly ``high``, with their names for plotly.

    However close they are, no two have the same name.
    """
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(one * power for one in (1, 2, 5, 10) if one * power >= rough)
    scale, name = scaled(max(abs(low), abs(high)), unit)
    decimals = max(0, -math.floor(math.log10(step / scale) + 1e-9))
    values = [
        number * step for number in range(math.floor(low / step), math.floor(high / step) + 1)
    ]
    return [
        (value, entities(f"{value / scale:.{decimals}f} {name}") if value else "0")
        for value in values
    ]
