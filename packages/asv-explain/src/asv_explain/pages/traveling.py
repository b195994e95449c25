"""The page that travels: explanations in one file that holds all it needs."""

from __future__ import annotations

import base64
import gzip
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from markupsafe import Markup

from asv_explain.explanation import BYTES, Explanation
from asv_explain.pages.assets import json_block, listed, policy, render, script_hash, static
from asv_explain.pages.downloads import Download, downloads
from asv_explain.pages.listing import Row, row_views
from asv_explain.pages.page import Chart, Offer, View, charts_of, view
from asv_explain.profiles.pair import ProfilePair
from asv_explain.reports.text import amount, title

__all__ = ["LIMIT", "traveling_page"]

LIMIT = 6_000_000
"""Bytes that the file has at most."""

# Bytes kept free for what is said of what was left out.
_RESERVE = 50_000

Subject: TypeAlias = tuple[Explanation, ProfilePair | None]


@dataclass(frozen=True, slots=True)
class _Block:
    """Data in the page by its name: gzip in base64, unpacked when it is needed."""

    id: str
    packed: str


@dataclass(slots=True)
class _Section:
    """One explanation of the page, as much of it as there is room for."""

    number: int
    explanation: Explanation
    view: View
    charts: list[tuple[Chart, _Block]]
    files: list[tuple[Download, _Block]]
    left_out: list[str] = field(default_factory=list)
    whole: bool = True

    def shown(self) -> View:
        """What is shown of it."""
        offers = tuple(
            Offer(
                one.label,
                one.about,
                f"{self.number}-{one.file}",
                amount(len(one.data), BYTES),
                id=block.id,
            )
            for one, block in self.files
        )
        tree = tuple(one for one, _ in self.charts if one.view)
        return replace(self.view, tree=tree, downloads=offers, left_out=listed(self.left_out))


def traveling_page(found: Sequence[Subject]) -> str:
    """One HTML file with all explanations, of at most ``LIMIT`` bytes, that loads nothing.

    What does not fit is left out and named where it would be: downloads first, then call trees,
    each time the largest, and at last whole explanations, from the end of the list.

    Args:
        found: explanations, each with the profiles behind it, or None.
    """
    rows = row_views(Row(str(place), one[0]) for place, one in enumerate(found))
    order = [int(row.href) for row in rows]
    sections = [
        _section(number, *found[place], late=len(found) > 1)
        for number, place in enumerate(order, start=1)
    ]
    scripts = {name: static(name) for name in ("charts.js", "traveling.js")}
    plotly = _packed("plotly", static("plotly.min.js").encode())
    text = _page(sections, scripts, plotly)
    room = LIMIT - _RESERVE
    if _size(text) > room:
        _shrink(sections, _size(text) - room)
        text = _page(sections, scripts, plotly)
    if _size(text) <= LIMIT:
        return text

    def first(count: int) -> str:
        """The page with only so many of the explanations, and the others in the list alone."""
        for section in sections:
            section.whole = section.number <= count
        return _page(sections, scripts, plotly)

    counts = range(len(sections) + 1)
    return first(bisect_right(counts, LIMIT, key=lambda count: _size(first(count))) - 1)


def _size(text: str) -> int:
    return len(text.encode())


def _section(
    number: int, explanation: Explanation, pair: ProfilePair | None, *, late: bool
) -> _Section:
    prefix = f"e{number}-"
    drawn = charts_of(explanation, pair, prefix)
    return _Section(
        number,
        explanation,
        view(explanation, pair, drawn, (), prefix, late=late),
        [(one, _packed(one.id, json_block(one.figure).encode())) for one in drawn],
        [(one, _packed(prefix + one.file, one.data)) for one in downloads(explanation, pair)],
    )


def _packed(name: str, data: bytes) -> _Block:
    # Without the time of packing, the same explanations give the same file.
    packed = gzip.compress(data, mtime=0)
    return _Block(name, base64.b64encode(packed).decode())


def _shrink(sections: Sequence[_Section], excess: int) -> None:
    """Leave out downloads and then call trees, the largest first, until enough is gone."""
    offered = sorted(
        ((section, one) for section in sections for one in section.files),
        key=lambda one: -len(one[1][1].packed),
    )
    for section, file in offered:
        if excess <= 0:
            return
        section.files.remove(file)
        section.left_out.append(f"{file[0].file} ({amount(len(file[0].data), BYTES)})")
        excess -= len(file[1].packed)
    drawn = sorted(
        ((section, one) for section in sections for one in section.charts if one[0].view),
        key=lambda one: -len(one[1][1].packed),
    )
    for section, chart in drawn:
        if excess <= 0:
            return
        section.charts.remove(chart)
        section.left_out.append(f"the chart of the call tree, {chart[0].view}")
        excess -= len(chart[1].packed)


def _page(sections: Sequence[_Section], scripts: dict[str, str], plotly: _Block) -> str:
    views = [one.shown() for one in sections if one.whole]
    kept = {one.number for one in sections if one.whole}
    blocks = [plotly]
    blocks += [block for one in sections if one.whole for _, block in (*one.charts, *one.files)]
    sources = " ".join(script_hash(text) for text in (static("plotly.min.js"), *scripts.values()))
    rows = row_views(Row("", one.explanation) for one in sections)
    left = len(sections) - len(views)
    count = Counter(one.verdict for one in rows)
    return render(
        "traveling.html",
        policy=policy(sources, "'unsafe-inline'"),
        current=False,
        style=Markup(static("page.css")),  # noqa: S704
        scripts={name: Markup(text) for name, text in scripts.items()},  # noqa: S704
        name=title(sections[0].explanation) if len(sections) == 1 else "",
        told=listed([f"{number} {name}" for name, number in count.items()]),
        rows=list(zip(rows, [one.number in kept for one in sections], strict=True)),
        views=views,
        left=left,
        blocks=blocks,
    )
