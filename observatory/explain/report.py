"""Timelines and comparisons as tables and sentences for the terminal."""

import re
from collections.abc import Sequence
from itertools import pairwise

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from observatory.explain.asv_results import ComparedRow, State
from observatory.explain.questions import Question
from observatory.explain.timeline import FACTOR, Failure, Point, Timeline, Verdict, find_losses

__all__ = [
    "LEGEND",
    "compared_rows",
    "describe_drift",
    "describe_failure",
    "describe_others",
    "describe_timeline",
    "format_value",
    "timeline_tables",
]

LEGEND = (
    "Time, then its ratio to the milestone before. slower, faster: by more than "
    f"{(FACTOR - 1) * 100:.0f} %, with 99 % intervals apart. unsure: by more, but the intervals "
    "meet. same: by less. differs: the benchmark itself changed. n/a: no value to compare."
)

_DRIFT_AFTER = 3600.0
"""Seconds between two measurements after which a drift of the machine is worth a warning."""

_CELL = 18
"""The columns of text that a time, a ratio and a verdict need side by side."""

_GAP = 2

_STYLES = {
    "slower": "red",
    "fails": "red",
    "failed": "red",
    "faster": "green",
    "mended": "green",
    "unsure": "yellow",
}
"""Colour repeats what a word beside it says, and never says it alone."""

_SIGNS = {"+": "slower", "-": "faster", "!": "fails", "*": "mended", "x": "differs"}
"""The marks of `asv compare` in words; without a mark the ratio tells."""

_SCALES = {
    "seconds": ((1, "s"), (1e-3, "ms"), (1e-6, "μs"), (1e-9, "ns")),
    "bytes": ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1, "B")),
}


def format_value(value: float, unit: str) -> str:
    """Write a value to three digits in its unit, scaled for seconds and bytes."""
    for scale, suffix in _SCALES.get(unit, ()):
        # Just below a scale, rounding to three digits would reach it.
        if abs(value) >= 0.9995 * scale:
            return f"{_three_digits(value / scale)}{suffix}"
    return f"{value:.3g}" if value else "0"


def timeline_tables(timelines: Sequence[Timeline], width: int) -> RenderableType:
    """Return tables with milestones as rows and benchmarks as columns, as many as fit the width."""
    tables: list[RenderableType] = []
    for environment in dict.fromkeys(timeline.environment for timeline in timelines):
        chosen = [timeline for timeline in timelines if timeline.environment == environment]
        slugs = max(len(point.milestone.slug) for point in chosen[0].points)
        first = min(max(slugs, len("milestone")), _CELL)
        fit = max(1, (width - first) // (_CELL + _GAP))
        tables += [
            _table(chosen[start : start + fit], environment, first)
            for start in range(0, len(chosen), fit)
        ]
    return Group(*tables)


def compared_rows(rows: Sequence[ComparedRow], headline: Sequence[str]) -> RenderableType:
    """Return the rows of `asv compare` for the headline benchmarks, and a count of the others."""
    shown = [row for row in rows if any(re.search(pattern, row.benchmark) for pattern in headline)]
    grid = Table.grid(padding=(0, _GAP, 0, 0))
    for justify in ("left", "left", "right", "right", "right"):
        grid.add_column(justify=justify, no_wrap=True)
    grid.add_column(overflow="fold")
    for row in shown:
        word = _compare_word(row)
        style = _STYLES.get(word, "")
        cells = (row.before, row.after, row.ratio, row.benchmark)
        grid.add_row(Text(row.mark), Text(word, style), *map(Text, cells))
    words = [_compare_word(row) for row in rows if row not in shown]
    if not words:
        return grid
    counts = ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(words))
    return Group(grid, Text(f"other benchmarks: {counts}"))


def describe_timeline(timeline: Timeline) -> str:
    """Say in a few sentences where a benchmark lost time and where it got it back."""
    measured = [(point, value) for point in timeline.points if (value := point.value) is not None]
    name = timeline.benchmark
    if not measured:
        return f"{name} was not measured at any milestone." + _gaps(timeline)
    (first, start), (last, end) = measured[0], measured[-1]
    text = f"{name} took {format_value(start, timeline.unit)} at {first.milestone.slug}"
    if timeline.unit != "seconds":
        text = text.replace(" took ", " was ", 1)
    if last is first:
        return f"{text}, the only milestone it was measured at." + _gaps(timeline)
    ratio = f" ({_three_digits(end / start)} times)" if start > 0 else ""
    text += f" and {format_value(end, timeline.unit)} at {last.milestone.slug}{ratio}."
    slower = _steps(timeline, Verdict.SLOWER)
    faster = _steps(timeline, Verdict.FASTER)
    steps = [
        f"{word} at {_listed(points)}"
        for word, points in (("slower", slower), ("faster", faster))
        if points
    ]
    text += f" It got {'; '.join(steps)}." if steps else " No step changed it beyond doubt."
    return text + _against_best(timeline) + _gaps(timeline)


def describe_drift(timelines: Sequence[Timeline]) -> str:
    """Name the neighbours that were measured long apart, or say nothing if there are none."""
    pairs = dict.fromkeys(
        f"{before.milestone.slug} and {after.milestone.slug}"
        for timeline in timelines
        for before, after in pairwise(timeline.points)
        if before.value is not None
        and after.value is not None
        and _seconds_apart(before, after) > _DRIFT_AFTER
    )
    if not pairs:
        return ""
    return (
        f"Measured more than {_DRIFT_AFTER / 3600:.0f} h apart: {'; '.join(pairs)}. The machine "
        "may have changed its speed meanwhile. `asv continuous --interleave-rounds BEFORE AFTER` "
        "measures two commits side by side."
    )


def describe_failure(failure: Failure) -> str:
    """Name the milestone and what failed there, in one line."""
    place = f"{failure.milestone.slug} ({failure.milestone.short}, {failure.environment})"
    if not failure.benchmarks:
        return f"{place}: nothing could be started; the project did not build or import there."
    return f"{place}: failed: {', '.join(failure.benchmarks)}."


def describe_others(question: Question) -> str:
    """Name the benchmarks that changed in a step and were not explained, and how to have that."""
    pair = f"{question.before.short} {question.after.short}"
    command = f"asv explain {pair} -b '{re.escape(question.others[0])}'"
    return f"Changed in this step, too: {', '.join(question.others)}. To explain one: {command}"


def _table(timelines: Sequence[Timeline], environment: str, first: int) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, _GAP - 1, 0, 0),  # the box adds an empty column of its own
        show_edge=False,
        title=f"Milestones in {environment}",
        title_justify="left",
        title_style="bold",
    )
    table.add_column("milestone", width=first, overflow="fold", vertical="bottom")
    for timeline in timelines:
        table.add_column(_folded(timeline.benchmark), width=_CELL, overflow="fold")
    for row in zip(*(timeline.points for timeline in timelines), strict=True):
        cells = (
            _cell(point, timeline.unit) for point, timeline in zip(row, timelines, strict=True)
        )
        table.add_row(Text(row[0].milestone.slug), *cells)
    return table


def _cell(point: Point, unit: str) -> Text:
    if point.measurement is not None and point.measurement.state is State.FAILED:
        return Text(f"{'failed':>6}", _STYLES["failed"])
    if point.value is None:
        return Text(f"{'n/a':>6}")
    text = Text(f"{format_value(point.value, unit):>6}")
    if point.change.verdict is Verdict.FIRST:
        return text
    ratio = "" if point.change.ratio is None else _three_digits(point.change.ratio)
    if len(ratio) > 4:
        ratio = ratio.removeprefix("0")  # .012 says as much in the room there is
    word = point.change.verdict.value
    return text.append(f" {ratio:>4} ").append(word, _STYLES.get(word, ""))


def _folded(name: str) -> Text:
    """Break a benchmark's name at its dots, and where that is not enough, at its words."""
    lines = [""]
    for part in re.findall(r"[^.]+\.?|\.", name):
        words = re.findall(r"[A-Z]?[^A-Z_]*_?", part) if len(part) > _CELL else [part]
        for word in filter(None, words):
            if lines[-1] and len(lines[-1]) + len(word) > _CELL:
                lines.append("")
            lines[-1] += word
    return Text("\n".join(lines))


def _compare_word(row: ComparedRow) -> str:
    if row.mark in _SIGNS:
        return _SIGNS[row.mark]
    if "failed" in (row.before, row.after):
        return "failed"
    if row.ratio == "n/a":
        return "n/a"
    return "unsure" if row.ratio.startswith("~") else "same"


def _steps(timeline: Timeline, verdict: Verdict) -> list[Point]:
    return [point for point in timeline.points if point.change.verdict is verdict]


def _listed(points: Sequence[Point]) -> str:
    words = [
        f"{point.milestone.slug} ({_three_digits(point.change.ratio or 0)} times)"
        for point in points
    ]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _against_best(timeline: Timeline) -> str:
    """Name the milestones that are slower than the best before them, and where that ended."""
    losses = find_losses(timeline)
    if not losses:
        return ""
    named = [
        f"{loss.point.milestone.slug} ({_three_digits(loss.change.ratio or 0)} times "
        f"{loss.best.milestone.slug})"
        for loss in losses
    ]
    text = f" Slower than the best before: {', '.join(named)}."
    rest = timeline.points[timeline.points.index(losses[-1].point) + 1 :]
    later = [point for point in rest if point.value is not None]
    if later:
        return f"{text} Won back at {later[0].milestone.slug}."
    return f"{text} {'It is unknown whether that was' if rest else 'That was not'} won back."


def _seconds_apart(before: Point, after: Point) -> float:
    if before.measurement is None or after.measurement is None:
        return 0.0
    earlier, later = before.measurement.measured_at, after.measurement.measured_at
    return 0.0 if earlier is None or later is None else abs(later - earlier)


def _gaps(timeline: Timeline) -> str:
    failed, absent = [], []
    for point in timeline.points:
        if point.measurement is not None and point.measurement.state is State.FAILED:
            failed.append(point.milestone.slug)
        elif point.value is None:
            absent.append(point.milestone.slug)
    text = f" It failed at {', '.join(failed)}." if failed else ""
    return text + (f" There is no value at {', '.join(absent)}." if absent else "")


def _three_digits(value: float) -> str:
    """Write a number to three digits without an exponent, a small one to two at the least."""
    size = abs(value)
    decimals = 3 if size < 0.0995 else 2 if size < 9.995 else 1 if size < 99.95 else 0
    return f"{value:.{decimals}f}"
