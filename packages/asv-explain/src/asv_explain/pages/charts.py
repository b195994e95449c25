"""The charts of a page as plotly figures: plain values that its script draws."""

from __future__ import annotations

from typing import Any

from asv_explain.explanation import Explanation
from asv_explain.pages.call_tree import difference_tree
from asv_explain.pages.figures import BAND, INK, LESS, PAPER, TOTAL, axis, entities, layout, title
from asv_explain.pages.icicle import icicle
from asv_explain.pages.views import VIEWS, Branch, branches, slices
from asv_explain.pages.waterfall import waterfall
from asv_explain.profiles.pair import ProfilePair
from asv_explain.reports import uncertainty
from asv_explain.reports.text import amount

__all__ = ["Branch", "entities", "icicles", "ratios", "tree_text", "waterfall"]


def ratios(explanation: Explanation) -> dict[str, Any] | None:
    """Each round's ratio as a dot, with the confidence interval as a band.

    Returns:
        The figure; None where there is no ratio.
    """
    unit = explanation.unit
    rounds = [
        (number, before, after)
        for number, (before, after) in enumerate(zip(*explanation.decisive, strict=False), start=1)
        if before > 0
    ]
    if explanation.ratio is None or not rounds:
        return None
    values = [after / before for _, before, after in rounds]
    ends = [1.0, explanation.ratio, *values]
    last = rounds[-1][0] + 0.5
    shapes: list[dict[str, Any]] = [
        _line(1.0, last, color=TOTAL, dash="dash"),
        _line(explanation.ratio, last, color=LESS, dash="solid"),
    ]
    interval = explanation.interval
    if interval is not None:
        ends += [interval.low, interval.high]
        band = {"type": "rect", "x0": 0.5, "x1": last, "y0": interval.low, "y1": interval.high}
        shapes.insert(0, {**band, "fillcolor": BAND, "line": {"width": 0}, "layer": "below"})
    room = 0.12 * (max(ends) - min(ends)) or 0.1
    told = uncertainty.ratio(explanation.ratio, interval, explanation.confidence)
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "markers",
                "x": [number for number, _, _ in rounds],
                "y": values,
                "marker": {"color": INK, "size": 8, "line": {"color": PAPER, "width": 1}},
                "customdata": [
                    f"round {number}<br>{entities(amount(before, unit))} → "
                    f"{entities(amount(after, unit))}<br>ratio {uncertainty.ratio(value, None)}"
                    for (number, before, after), value in zip(rounds, values, strict=True)
                ],
                "hovertemplate": "%{customdata}<extra></extra>",
            }
        ],
        "layout": layout(
            height=280,
            margin={"l": 56, "r": 16, "t": 48, "b": 46},
            shapes=shapes,
            xaxis=axis(
                range=[0.5, last],
                title=title("round"),
                tickformat="d",
                dtick=max(1, round(last / 10)),
                tick0=1,
                showgrid=False,
            ),
            yaxis=axis(
                range=[min(ends) - room, max(ends) + room],
                title=title("after ÷ before"),
                automargin=True,
            ),
            annotations=[
                {
                    "x": 0,
                    "xref": "paper",
                    "xanchor": "left",
                    "y": 1,
                    "yref": "paper",
                    "yanchor": "bottom",
                    "yshift": 6,
                    "align": "left",
                    "text": f"solid line and band: {told}<br>dashed line: 1, as before",
                    "showarrow": False,
                }
            ],
            meta="ratios",
        ),
    }


def icicles(pair: ProfilePair) -> dict[str, dict[str, Any]]:
    """The tree of calls in each view that holds anything: before, after and gone."""
    roots = difference_tree(pair)
    found = {view: slices(roots, view) for view in VIEWS}
    # One scale for all views, so that a colour means the same in each.
    every = [one for shown in found.values() for one in shown]
    most = max((abs(one.after - one.before) for one in every), default=0.0)
    return {view: icicle(shown, most, view) for view, shown in found.items() if shown}


def tree_text(pair: ProfilePair) -> tuple[Branch, ...]:
    """The largest branches of the tree of calls, for those who read it."""
    return branches(difference_tree(pair))


def _line(y: float, last: float, color: str, dash: str) -> dict[str, Any]:
    line = {"color": color, "width": 1.5, "dash": dash}
    return {"type": "line", "x0": 0.5, "x1": last, "y0": y, "y1": y, "line": line}
