"""Explanations as Markdown that GitHub renders, for a pull request's summary."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from asv_explain.explanation import Cause, Explanation, Verdict
from asv_explain.reports.bisected import bisected
from asv_explain.reports.costs import (
    costed_hunk,
    detail_lines,
    sampling_sentence,
    waiting,
)
from asv_explain.reports.headline import explained, first_cause, headline
from asv_explain.reports.markup import clipped, code_block, escaped, folded, table
from asv_explain.reports.put_back import change_lines, proof_short, reversal_lines
from asv_explain.reports.text import (
    amount,
    calls,
    counted,
    detail,
    medians,
    overall,
    place,
    title,
    verdict,
)
from asv_explain.reports.uncertainty import cause_amount, ratio, share

__all__ = ["LIMIT", "to_markdown"]

LIMIT = 65_000
"""Characters in all: a comment takes 65,536, and a step's summary far more (1 MiB)."""

FIRST_CAUSES = 10
"""So many causes of an explanation are shown, the rest in one sum."""

FIRST_HUNKS = 3
"""So many of them with their diffs."""

HUNK_LINES = 60
"""So many lines of a diff are shown; the pull request has all of it."""

PATCH_LINES = 200
"""The same of a patch, which --patch writes as a whole."""

FIRST_THREADS = 10
"""So many functions of other threads are shown."""

FIRST_COMMITS = 3
"""So many commits of a cause are named, the rest counted."""

# What the sentences at the end may take, which tell of what did not fit.
_SENTENCES = 400

# What somebody has to look at comes first.
_ORDER = (Verdict.SLOWER, Verdict.UNKNOWN, Verdict.FASTER, Verdict.SAME)

_HEADINGS = ("verdict", "benchmark", "ratio", "first cause")


def to_markdown(explanations: Sequence[Explanation]) -> str:
    """A table of verdicts, then each change with its causes, folded; at most ``LIMIT`` characters.

    Where nothing got slower, and all could be measured, it is one line. Where not all has room,
    diffs are left out first, then benchmarks that stayed the same, then causes, then verdicts; the
    ones last in order first. What of an explanation is not there is said.
    """
    if not explanations:
        return "There was nothing to explain.\n"
    ordered = sorted(explanations, key=_rank)
    if not any(overall(one) in (Verdict.SLOWER, Verdict.UNKNOWN) for one in ordered):
        return _nothing_slower(ordered)
    several = len({one.environment for one in ordered}) > 1
    same = [one for one in ordered if overall(one) is Verdict.SAME]
    changed = ordered[: len(ordered) - len(same)]

    room = LIMIT - _SENTENCES
    rows = _fitting(table(_HEADINGS, (_verdict(one, several) for one in changed)), 2 * room // 5)
    room -= _length(rows) + 1
    details = _fitting([_details(one, hunks=False) for one in changed], room)
    room -= _length(details)
    for number, one in enumerate(changed[: len(details)]):
        whole = _details(one, hunks=True)
        more = len(whole) - len(details[number])
        if more <= room:
            details[number] = whole
            room -= more
    rest = _unchanged(same, several, room)
    # The heading of the table is two lines.
    left = _left(changed, len(rows) - 2, len(details))
    return "\n".join([*rows, "", *details, rest, *left]).rstrip("\n") + "\n"


def _rank(explanation: Explanation) -> tuple[int, float]:
    """Slower first, and of these the largest step."""
    factor = explanation.ratio or 1.0
    size = abs(math.log(factor)) if factor > 0 else 0.0
    return _ORDER.index(overall(explanation)), -size


def _nothing_slower(explanations: Sequence[Explanation]) -> str:
    count = len(explanations)
    faster = sum(overall(one) is Verdict.FASTER for one in explanations)
    also = f", {faster} of them faster" if faster else ""
    return f"Nothing got slower: {count} benchmark{'' if count == 1 else 's'} measured{also}.\n"


def _left(changed: Sequence[Explanation], rows: int, details: int) -> Iterator[str]:
    """Say what did not fit."""
    if rows < len(changed):
        yield f"{len(changed) - rows} more verdicts did not fit here.\n"
    if details < len(changed):
        yield f"{counted(len(changed) - details, 'more explanation')} did not fit here.\n"


def _length(lines: Iterable[str]) -> int:
    """Characters of lines, each with its end."""
    return sum(len(line) + 1 for line in lines)


def _fitting(parts: Sequence[str], room: int) -> list[str]:
    """As many parts as there is room for."""
    taken: list[str] = []
    for part in parts:
        room -= len(part) + 1
        if room < 0:
            break
        taken.append(part)
    return taken


def _verdict(explanation: Explanation, several: bool) -> tuple[str, ...]:
    """The row of one explanation; what was bisected counts as a whole."""
    search = explanation.bisection
    told = (explanation.ratio, explanation.interval, explanation.confidence)
    if search is not None:
        told = (search.ratio, search.interval, 0.95)
    name = escaped(clipped(title(explanation)))
    environment = f"<br>{escaped(clipped(explanation.environment))}" if several else ""
    return (
        verdict(explanation, overall(explanation)),
        name + environment,
        escaped(ratio(*told)),
        escaped(_first(explanation)),
    )


def _first(explanation: Explanation) -> str:
    """The first cause that can be told from noise, with its share."""
    first = first_cause(explanation)
    if first is None:
        return "none above noise" if explanation.causes else ""
    text = f"{clipped(first.name)}, {share(first, explanation.difference or 0.0)}"
    return text if first.proof is None else f"{text}, {proof_short(first.proof)}"


def _unchanged(same: Sequence[Explanation], several: bool, room: int) -> str:
    """What stayed the same, folded; the number of it alone where there is no room for more."""
    if not same:
        return ""
    count = f"{len(same)} stayed the same"
    frame = folded(count, [])
    rows = table(_HEADINGS[:3], (_verdict(one, several)[:3] for one in same))
    fit = _fitting(rows, room - _length(frame))
    return "\n".join(folded(count, fit)) if len(fit) == len(rows) else f"{count}.\n"


def _details(explanation: Explanation, *, hunks: bool) -> str:
    lines: list[str] = []
    for line in bisected(explanation):
        lines += [escaped(clipped(line, 1_000)), ""]
    for line in reversal_lines(explanation):
        lines += [escaped(clipped(line, 1_000)), ""]
    members = [f"- {escaped(clipped(line, 1_000))}" for line in change_lines(explanation)]
    lines += [*members, *[""] * bool(members)]
    unit = explanation.unit
    times = medians(explanation)
    if times:
        whole = "" if explanation.difference is None else f", {explained(explanation)}"
        lines += [escaped(times + whole), ""]
    first, more = explanation.causes[:FIRST_CAUSES], explanation.causes[FIRST_CAUSES:]
    if first:
        difference = explanation.difference or 0.0
        rows = (_cause(cause, difference, unit) for cause in first)
        lines += [*table(("cause", "share", "made of", "commits"), rows), ""]
        details = [
            f"- {escaped(clipped(cause.name))}: {escaped(clipped(text))}"
            for cause in first
            for text in detail_lines(cause)
        ]
        lines += [*details, *[""] * bool(details)]
    if more:
        rest = amount(sum(cause.amount for cause in more), unit, sign=True)
        lines += [escaped(f"{counted(len(more), 'more cause')}: {rest}"), ""]
    if explanation.calls:
        rows = (
            (
                escaped(clipped(one.name)),
                f"{escaped(calls(one.calls_before))} → {escaped(calls(one.calls_after))}",
            )
            for one in explanation.calls
        )
        lines += [*table(("called more or less often", "calls"), rows), ""]
    if explanation.threads:
        spent = (
            (
                escaped(clipped(one.name)),
                f"{escaped(amount(one.seconds_before))} → {escaped(amount(one.seconds_after))}",
            )
            for one in explanation.threads[:FIRST_THREADS]
        )
        lines += [*table(("other threads", "time of a call"), spent), ""]
    for cause in first[:FIRST_HUNKS] if hunks else ():
        if cause.hunk:
            name = f"diff of {escaped(clipped(cause.name))}"
            lines += folded(name, code_block(_hunk(cause), "diff", HUNK_LINES))
    if explanation.reversal is not None and explanation.reversal.patch:
        name = "patch that puts the changes back"
        lines += folded(name, code_block(explanation.reversal.patch, "diff", PATCH_LINES))
    sampled = sampling_sentence(explanation)
    lines += [f"- measured: {escaped(sampled)}"] if sampled else []
    lines += [
        f"- caveat: {escaped(clipped(f'{one.text}; {one.remedy}', 1_000))}"
        for one in explanation.caveats
    ]
    return "\n".join(folded(escaped(clipped(headline(explanation), 500)), lines))


def _hunk(cause: Cause) -> str:
    """A cause's diff, with a column of costs behind the signs where any line has one."""
    lines = costed_hunk(cause)
    if not any(one.cost for one in lines):
        return cause.hunk
    width = max(len(one.cost) for one in lines)
    return "\n".join(
        one.text
        if one.text[:1] in ("@", "\\")
        else f"{one.text[:1] or ' '}{one.cost:>{width}} │ {one.text[1:]}"
        for one in lines
    )


def _cause(cause: Cause, difference: float, unit: str) -> tuple[str, ...]:
    line = cause.lines[0] if cause.lines else None
    where = None if line is None else line.after or line.before
    of_line = f", line {where.line}: {line.text}" if line is not None and where is not None else ""
    commits = [f"{one.hash[:8]} {clipped(one.subject)}" for one in cause.commits[:FIRST_COMMITS]]
    if len(cause.commits) > FIRST_COMMITS:
        commits.append(f"and {len(cause.commits) - FIRST_COMMITS} more")
    stands = place(cause)
    parts = [share(cause, difference), cause_amount(cause, unit)]
    parts += [*filter(None, [waiting(cause)])]
    parts += [] if cause.proof is None else [proof_short(cause.proof)]
    return (
        escaped(clipped(cause.name)) + (f"<br>{escaped(clipped(stands))}" if stands else ""),
        "<br>".join(escaped(one) for one in parts),
        escaped(clipped(detail(cause, unit) + of_line)),
        "<br>".join(escaped(one) for one in commits),
    )
