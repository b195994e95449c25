"""The page of one explanation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from asv_explain.explanation import BYTES, Explanation, Verdict
from asv_explain.pages import charts
from asv_explain.pages.assets import LINKED, render
from asv_explain.pages.code import Line, patch
from asv_explain.pages.downloads import Download
from asv_explain.pages.shown import CauseView, Measured, cause_view, measured
from asv_explain.pages.views import Branch
from asv_explain.pages.words import SIGNS, ratio, sentence
from asv_explain.profiles.pair import ProfilePair
from asv_explain.reports.bisected import bisected
from asv_explain.reports.headline import explained
from asv_explain.reports.put_back import change_lines, reversal_lines
from asv_explain.reports.text import amount, calls, medians, title, verdict

__all__ = ["Chart", "Offer", "charts_of", "page", "view"]

_MEASURES = {
    "time": "Time of a benchmark call",
    "mem": "Size of the object",
    "peakmem": "Peak memory of the process",
    "track": "Tracked value",
}
# Of bytes, and else: what is counted, what one of it costs, and what a share is of.
_COUNTS = {
    True: ("Blocks", "Mean block", "Shares are of the whole difference."),
    False: (
        "Calls",
        "Cost per call",
        "Shares are of all that went the benchmark's way, with 95 % intervals.",
    ),
}


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart's place in the page.

    Attributes:
        id: that of its data.
        figure: the chart as plotly takes it.
        view: of a call tree, which one; else empty.
    """

    id: str
    figure: dict[str, Any]
    view: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """A download as the page offers it: by ``href``, or as data with an ``id`` in the page."""

    label: str
    about: str
    name: str
    size: str
    href: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class BranchView:
    """A branch of the call tree as text."""

    name: str
    told: str
    children: tuple[BranchView, ...]


@dataclass(frozen=True, slots=True)
class View:
    """All that the templates show of an explanation, by the names that they use.

    Attributes:
        prefix: what the ids in the page begin with.
        left_out: what is not in the page for want of room.
        late: whether charts and their controls come into the page when it is opened.
    """

    explanation: Explanation
    prefix: str
    title: str
    sentence: str
    state: str
    verdict: str
    sign: str
    unknown: bool
    measure: str
    values: str
    ratio: str
    bisected: tuple[str, ...]
    reversal: tuple[str, ...]
    changes: tuple[str, ...]
    patch: tuple[Line, ...]
    explained: str
    charts: tuple[Chart, ...]
    waterfall: Chart | None
    ratios: Chart | None
    tree: tuple[Chart, ...]
    branches: tuple[BranchView, ...]
    no_tree: str
    sampled: bool
    causes: tuple[CauseView, ...]
    count_name: str
    cost_name: str
    shares: str
    calls: tuple[tuple[str, str, str, str], ...]
    residual: str
    residual_share: str
    measured: Measured
    downloads: tuple[Offer, ...]
    left_out: str
    late: bool


def charts_of(
    explanation: Explanation, pair: ProfilePair | None, prefix: str = ""
) -> tuple[Chart, ...]:
    """The charts of a page, their data's ids beginning with ``prefix``."""
    figures = {
        "waterfall": charts.waterfall(explanation),
        "ratios": charts.ratios(explanation),
    }
    trees = {} if pair is None else charts.icicles(pair)
    return (
        *(Chart(prefix + id_, one) for id_, one in figures.items() if one is not None),
        *(Chart(f"{prefix}icicle-{name}", one, name) for name, one in trees.items()),
    )


def page(
    explanation: Explanation, pair: ProfilePair | None, name: str, files: Sequence[Download]
) -> str:
    """The page, which links to files beside it.

    Args:
        explanation: what it is about.
        pair: the profiles behind it; None where there are none.
        name: the page's name, without its ending; the downloads are in a folder of that name.
        files: the downloads.
    """
    offers = [
        Offer(
            one.label,
            one.about,
            f"{name}-{one.file}",
            amount(len(one.data), BYTES),
            href=f"{name}/{one.file}",
        )
        for one in files
    ]
    shown = view(explanation, pair, charts_of(explanation, pair), offers)
    return render("page.html", policy=LINKED, current=False, view=shown)


def view(
    explanation: Explanation,
    pair: ProfilePair | None,
    drawn: Sequence[Chart],
    offers: Sequence[Offer],
    prefix: str = "",
    *,
    late: bool = False,
) -> View:
    """What the templates show of an explanation.

    Args:
        explanation: what is shown.
        pair: the profiles behind it; None where there are none.
        drawn: the charts to draw.
        offers: the downloads.
        prefix: what the ids in the page begin with.
        late: whether charts and their controls come into the page when it is opened.
    """
    samplings = (explanation.sampling_before, explanation.sampling_after)
    figures = {one.id.removeprefix(prefix): one for one in drawn}
    count_name, cost_name, shares = _COUNTS[explanation.unit == BYTES]
    return View(
        explanation=explanation,
        prefix=prefix,
        title=title(explanation),
        sentence=sentence(explanation),
        state=explanation.verdict.value,
        verdict=verdict(explanation),
        sign=SIGNS[explanation.verdict],
        unknown=explanation.verdict is Verdict.UNKNOWN,
        measure=_MEASURES.get(explanation.kind, ""),
        values=medians(explanation),
        ratio=ratio(explanation),
        bisected=tuple(_upper(line) for line in bisected(explanation)),
        reversal=tuple(_upper(line) for line in reversal_lines(explanation)),
        changes=change_lines(explanation),
        patch=() if explanation.reversal is None else patch(explanation.reversal.patch),
        explained=_upper(explained(explanation)),
        charts=tuple(drawn),
        waterfall=figures.get("waterfall"),
        ratios=figures.get("ratios"),
        tree=tuple(one for one in drawn if one.view),
        branches=() if pair is None else _branches(charts.tree_text(pair)),
        no_tree=_no_tree(explanation) if pair is None else "",
        sampled=any(one is not None and one.samples > 0 for one in samplings),
        causes=tuple(cause_view(one, explanation) for one in explanation.causes),
        count_name=count_name,
        cost_name=cost_name,
        shares=shares,
        calls=tuple(
            (one.name, one.path, calls(one.calls_before), calls(one.calls_after))
            for one in explanation.calls
        ),
        residual=amount(explanation.residual or 0.0, explanation.unit, sign=True),
        residual_share=_residual_share(explanation),
        measured=measured(explanation),
        downloads=tuple(offers),
        left_out="",
        late=late,
    )


def _upper(text: str) -> str:
    """The text as a sentence begins, unless it begins with a name."""
    return text[:1].upper() + text[1:]


def _residual_share(explanation: Explanation) -> str:
    if not explanation.difference or explanation.residual is None:
        return ""
    # Rounding alone must not make a nothing of less than nothing.
    return f"{round(explanation.residual / explanation.difference * 100) + 0:.0f} %"


def _no_tree(explanation: Explanation) -> str:
    """Why there is no call tree; empty where nobody would look for one."""
    if explanation.sampling_after is not None:
        return (
            "The stacks and counts behind this explanation are lost or can't be read, so that "
            "there is no call tree and nothing of it to download. asv explain --force measures "
            "them again."
        )
    if explanation.kind in ("mem", "peakmem") and explanation.causes:
        return (
            "Memory is traced line by line and not sampled, so that there is no call tree; the "
            "causes open to the lines that allocate."
        )
    if explanation.kind == "time" and explanation.verdict is Verdict.SAME:
        return "What takes the same time is not sampled, so that there is no call tree."
    if explanation.kind == "time":
        return "Nothing was sampled, so that there is no call tree; the caveats say why."
    return ""


def _branches(found: Sequence[Branch]) -> tuple[BranchView, ...]:
    return tuple(
        BranchView(
            one.name,
            f"{amount(one.before)} → {amount(one.after)}, {amount(one.difference, sign=True)}",
            _branches(one.children),
        )
        for one in found
    )
