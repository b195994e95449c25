"""Explanations as Markdown that GitHub renders, for a pull request's summary."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from asv_explain.explanation import Cause, Explanation, Verdict
from asv_explain.reports.bisected import bisected
from asv_explain.reports.text import (
    amount,
    calls,
    detail,
    explained,
    headline,
    plain,
    ratio,
    share,
    title,
    verdict,
)

__all__ = ["LIMIT", "to_markdown"]

# Characters that GitHub takes in one summary or comment.
LIMIT = 65_000

# Everything that Markdown or HTML could take for more than text.
_SPECIAL = str.maketrans(
    {character: f"&#{ord(character)};" for character in "&<>`*_[]()#|~!\\@:$-+={}\"'"}
)


def to_markdown(explanations: Sequence[Explanation]) -> str:
    """Verdicts first, then the causes of each change, details folded; at most ``LIMIT`` characters.

    Details that don't fit are left out, the last first, and it is said how many.
    """
    changed = [one for one in explanations if one.verdict is not Verdict.SAME]
    if not any(one.verdict in (Verdict.SLOWER, Verdict.UNKNOWN) for one in explanations):
        faster = sum(one.verdict is Verdict.FASTER for one in explanations)
        also = f", {faster} of them faster" if faster else ""
        return f"Nothing got slower: {len(explanations)} benchmarks measured{also}.\n"
    rows = [
        f"| {_text(title(one))} | {verdict(one)} | {_text(ratio(one.ratio, one.interval))} "
        f"| {_text(one.causes[0].name) if one.causes else ''} |"
        for one in explanations
    ]
    head = "| benchmark | verdict | ratio | first cause |\n| --- | --- | --- | --- |\n"
    room = LIMIT - len(head) - 200
    table, left_rows = _fitting([row + "\n" for row in rows], room)
    details, left = _fitting([_details(one) for one in changed], room - len(table))
    text = head + table + "\n" + details
    if left_rows or left:
        text += f"\n{max(left_rows, left)} more explanations did not fit here.\n"
    return text


def _fitting(parts: Sequence[str], room: int) -> tuple[str, int]:
    """As many parts as there is room for, and how many are left."""
    taken: list[str] = []
    for number, part in enumerate(parts):
        room -= len(part)
        if room < 0:
            return "".join(taken), len(parts) - number
        taken.append(part)
    return "".join(taken), 0


def _details(explanation: Explanation) -> str:
    lines = ["<details>", f"<summary>{_text(headline(explanation))}</summary>", ""]
    for line in bisected(explanation):
        lines += [_text(line), ""]
    unit = explanation.unit
    sides = (explanation.rounds_before.values, explanation.rounds_after.values)
    if all(sides):
        times = " → ".join(amount(median(side), unit) for side in sides)
        lines += [f"{_text(times)}, {_text(explained(explanation))}", ""]
    if explanation.causes:
        lines += ["| cause | share | made of | commit |", "| --- |" + " --- |" * 3]
        lines += [_row(cause, explanation.difference or 0.0, unit) for cause in explanation.causes]
        lines.append("")
    if explanation.calls:
        lines += ["| called more or less often | calls |", "| --- | --- |"]
        lines += [
            f"| {_text(one.name)} | {_text(calls(one.calls_before))} → "
            f"{_text(calls(one.calls_after))} |"
            for one in explanation.calls
        ]
        lines.append("")
    lines += [f"Caveat: {_text(one.text)}; {_text(one.remedy)}" for one in explanation.caveats]
    return "\n".join([*lines, "</details>", "", ""])


def _row(cause: Cause, difference: float, unit: str) -> str:
    first = cause.lines[0] if cause.lines else None
    place = None if first is None else first.after or first.before
    line = f", line {place.line}: {first.text}" if first is not None and place is not None else ""
    cells = (
        cause.name,
        share(cause, difference),
        detail(cause, unit) + line,
        ", ".join(f"{commit.hash[:8]} {commit.subject}" for commit in cause.commits),
    )
    return f"| {' | '.join(_text(cell) for cell in cells)} |"


def _text(text: str) -> str:
    """The text as text, whatever it holds."""
    return plain(text).translate(_SPECIAL)
