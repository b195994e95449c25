"""What all figures of a page have in common: colours, texts, axes."""

from __future__ import annotations

import textwrap
from typing import Any

from asv_explain.explanation import SECONDS
from asv_explain.reports.text import amount

__all__ = [
    "BAND",
    "FAINT",
    "INK",
    "LESS",
    "MORE",
    "MUCH_LESS",
    "MUCH_MORE",
    "PAPER",
    "RESIDUAL",
    "SAME",
    "TOTAL",
    "axis",
    "directed",
    "entities",
    "layout",
    "lines",
    "signed",
    "title",
]

# The page's script knows these colours by their values, and puts those for a dark page in their
# place. Orange and blue are told apart with every kind of colour blindness.
MORE = "#d9730d"
LESS = "#2a78c2"
# Text stands on these, so they are light enough for it.
MUCH_MORE = "#f2a65a"
MUCH_LESS = "#86b9e8"
SAME = "#f1f1ef"
TOTAL = "#6b7280"
RESIDUAL = "#a8adb5"
INK = "#1f2328"
FAINT = "#d5d9de"
PAPER = "#ffffff"
BAND = "#d7e6f5"

# So many characters stand in one line of what is shown beside the pointer: a telephone's width.
_HOVER_WIDTH = 48

_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def entities(text: str) -> str:
    """The text as plotly shows it unchanged: to it ``<b>`` and the like are markup."""
    return text.translate(_ENTITIES)


def signed(value: float, unit: str = SECONDS) -> str:
    """A difference with its sign and direction, or that there is none worth a figure."""
    text = amount(value, unit, sign=True)
    return "= 0" if text == amount(0.0, unit, sign=True) else directed(value, text)


def directed(value: float, text: str) -> str:
    """A difference as text, with its direction."""
    return f"{'▲' if value > 0 else '▼'} {text}" if value else "= 0"


def lines(*texts: str) -> str:
    """Texts in lines that fit beside the pointer."""
    return "<br>".join(entities(line) for one in texts for line in _wrapped(one))


def _wrapped(text: str) -> list[str]:
    # Most fit into one line, and a page has thousands of them.
    short = len(text) <= _HOVER_WIDTH and text.isprintable()
    return [text] if short and text else textwrap.wrap(text, _HOVER_WIDTH)


def title(text: str) -> dict[str, Any]:
    """An axis' title; the text is plotly's, so without markup in it."""
    return {"text": text, "standoff": 8, "font": {"size": 13}}


def axis(**changes: Any) -> dict[str, Any]:
    """An axis that stays as it is, whatever is done with the pointer."""
    return {
        "fixedrange": True,
        "zeroline": False,
        "gridcolor": FAINT,
        "linecolor": FAINT,
        "ticks": "",
        "tickangle": 0,
        **changes,
    }


def layout(**changes: Any) -> dict[str, Any]:
    """A layout in the page's font and on its own ground."""
    return {
        "font": {"family": "system-ui, sans-serif", "size": 13, "color": INK},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "showlegend": False,
        # A finger that moves over a chart scrolls the page.
        "dragmode": False,
        "hoverlabel": {
            "align": "left",
            "bgcolor": PAPER,
            "bordercolor": TOTAL,
            "font": {"color": INK},
        },
        **changes,
    }
