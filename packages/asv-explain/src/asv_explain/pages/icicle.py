"""The tree of calls as icicles: one for each view."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from asv_explain.pages.figures import (
    INK,
    MUCH_LESS,
    MUCH_MORE,
    PAPER,
    SAME,
    entities,
    layout,
    lines,
    signed,
)
from asv_explain.pages.views import Slice, View
from asv_explain.reports.text import amount, calls

__all__ = ["MOST_LEVELS", "icicle"]

MOST_LEVELS = 24
"""So many levels of calls are shown at once; a click on one shows those below."""


def icicle(shown: Sequence[Slice], most: float, view: View) -> dict[str, Any]:
    """A view as a figure.

    Args:
        shown: its slices, each after the one that holds it.
        most: the difference, in seconds, at which colours are strongest.
        view: which view it is.
    """
    levels = [0] * len(shown)
    for index, one in enumerate(shown):
        if one.parent is not None:
            levels[index] = levels[one.parent] + 1
    depth = min(MOST_LEVELS, max(levels) + 1)
    return {
        "data": [
            {
                "type": "icicle",
                "branchvalues": "total",
                "sort": False,
                "ids": [str(index) for index in range(len(shown))],
                "parents": ["" if one.parent is None else str(one.parent) for one in shown],
                "labels": [entities(one.name) for one in shown],
                "values": [one.width for one in shown],
                "text": [_change(one, view) for one in shown],
                "customdata": [_details(one) for one in shown],
                "texttemplate": "%{label}  %{text}",
                "hovertemplate": "%{label}<br>%{text}<br>%{customdata}<extra></extra>",
                "marker": {
                    "colors": [_strength(one.after - one.before, most) for one in shown],
                    "colorscale": [[0, MUCH_LESS], [0.5, SAME], [1, MUCH_MORE]],
                    "cmin": -1,
                    "cmax": 1,
                    "showscale": True,
                    "colorbar": {
                        "orientation": "h",
                        "thickness": 10,
                        "len": 1,
                        "y": 0,
                        "yanchor": "top",
                        "ypad": 8,
                        "outlinewidth": 0,
                        "tickvals": [0],
                        "ticktext": ["as before"],
                    },
                    "line": {"width": 1, "color": PAPER},
                },
                "textfont": {"color": INK, "size": 12},
                "textposition": "middle left",
                "tiling": {"orientation": "v", "pad": 0},
                "pathbar": {"visible": False},
                "maxdepth": depth,
                "root": {"color": "rgba(0,0,0,0)"},
            }
        ],
        "layout": layout(
            height=26 * depth + 62,
            margin={"l": 4, "r": 4, "t": 4, "b": 50},
            uniformtext={"minsize": 12, "mode": "hide"},
            annotations=[
                _note(x, side, f"{amount(sign * most, sign=True)}, {word}")
                for x, side, sign, word in ((0, "left", -1, "less"), (1, "right", 1, "more"))
            ],
            meta="icicle",
        ),
    }


def _strength(difference: float, most: float) -> float:
    """How strong a colour is, from -1 to 1: by the root, so that a tenth is still well seen."""
    return round(math.copysign(math.sqrt(abs(difference) / most), difference), 3) if most else 0.0


def _note(x: float, side: str, text: str) -> dict[str, Any]:
    """A text below the chart at one of its sides."""
    return {
        "x": x,
        "xref": "paper",
        "xanchor": side,
        "y": 0,
        "yref": "paper",
        "yanchor": "top",
        "yshift": -19,
        "text": entities(text),
        "showarrow": False,
        "font": {"size": 12},
    }


def _change(one: Slice, view: View) -> str:
    gone = f"{amount(one.gone)} gone, " if view == "gone" else ""
    return f"{gone}{amount(one.before)} → {amount(one.after)} ({signed(one.after - one.before)})"


def _details(one: Slice) -> str:
    """Where the function stands and how often it is called, as lines beside the pointer."""
    if one.calls_before is None or one.calls_after is None:
        return lines(one.place)
    return lines(one.place, f"calls in all {calls(one.calls_before)} → {calls(one.calls_after)}")
