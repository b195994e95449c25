"""What putting changes back gave back, in the words that every report shows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from asv_explain.explanation import (
    Change,
    Explanation,
    Interval,
    Outcome,
    Proof,
    PutBack,
    Reversal,
    Verdict,
)
from asv_explain.reports.text import counted, plain

__all__ = ["change_lines", "proof_short", "reversal_lines"]

ALL, NOTHING = 0.9, 0.1
"""From the one share on a set gives all back, up to the other nothing."""

WIDEST = 1e6
"""An interval wider than this says nothing."""

FIRST_NAMES = 3
"""So many names of a set are given."""


def proof_short(proof: Proof) -> str:
    """What came of putting a cause's code back, in a few words, for the row of the cause."""
    if proof.outcome is Outcome.CANNOT:
        return "can't be put back alone"
    others = len(proof.names) - 1
    along = f" with {counted(others, 'other')}" if others > 0 else ""
    back = "" if proof.share is None else f": {_share(proof.share, proof.interval)} back"
    return f"{proof.outcome.value}{along}{back}"


def reversal_lines(explanation: Explanation) -> tuple[str, ...]:
    """The sentences that say which changes give the difference back; none without trials."""
    found = explanation.reversal
    if found is None:
        return ()
    lines = [_found(found, explanation), *_interplay(found)]
    lines += [_other(one, found) for one in found.others]
    if found.whole is not None and found.whole < ALL and found.changes:
        whole = _share(found.whole, found.whole_interval)
        lines.append(
            f"all {found.candidates} changes together give back {whole}: the rest came with "
            "something else than the Python code that the benchmark imports"
        )
    if found.result == "other":
        lines.append("with that put back the benchmark returns another result")
    elif found.result == "same" and found.changes:
        lines.append("with that put back the benchmark returns the same result")
    if not found.complete:
        lines.append("time ran out: fewer changes may do; give more time with --budget")
    return tuple(lines)


def change_lines(explanation: Explanation) -> tuple[str, ...]:
    """A line for each change that gives the difference back, with the commit that brought it.

    Before those that can only go back together stands a line that says so.
    """
    found = explanation.reversal
    lines: list[str] = []
    if found is None:
        return ()
    groups = [[*one] for _, one in groupby(found.changes, key=lambda one: one.group)]
    for group in groups:
        first = group[0]
        alone = ""
        if len(groups) > 1 and first.share is not None:
            alone = f"{_share(first.share, first.interval)} alone"
        if len(group) > 1:
            tied = f"{len(group)} that call each other in another way now and go back together"
            lines.append(f"{tied}: {alone}" if alone else tied)
            alone = ""
        lines += [_change(one, alone) for one in group]
    return tuple(lines)


def _found(found: Reversal, explanation: Explanation) -> str:
    what = "gain" if explanation.verdict is Verdict.FASTER else "slowdown"
    if explanation.unit != "seconds":
        what = "difference"
    effort = f"{counted(found.trials, 'trial')} in {found.seconds:.0f} s"
    if not found.candidates:
        return "no Python code that the benchmark imports differs between the two commits"
    if not found.changes or found.share is None:
        together = "could not be put back together"
        if found.whole is not None:
            together = f"put back together give back {_share(found.whole, found.whole_interval)}"
        return f"no change gives the {what} back: all {found.candidates} {together} ({effort})"
    share = _share(found.share, found.interval)
    count = len(found.changes)
    verb = "gives" if count == 1 else "give"
    changes = f"{count} of {counted(found.candidates, 'change')}"
    return f"put back, {changes} {verb} back {share} of the {what} ({effort})"


def _interplay(found: Reversal) -> list[str]:
    """How the members of the set play together."""
    alone = [*{one.group: one.share for one in found.changes}.values()]
    if len(alone) < 2 or any(one is None for one in alone):
        return []
    if max(one or 0.0 for one in alone) > NOTHING:
        return []
    if len(alone) == 2:
        return ["neither alone gives anything back, both together do"]
    return ["none alone gives anything back, all together do"]


def _other(one: PutBack, found: Reversal) -> str:
    names, share = _names(one.names), _share(one.share, one.interval)
    if one.share < 0:
        more = _share(-one.share, Interval(-one.interval.high, -one.interval.low))
        return f"{names} is a gain: put back, it takes {more} more"
    if found.share is not None and one.share >= ALL * min(found.share, 1.0):
        return f"{names} by itself gives back as much, {share}: they only cost together"
    return f"{names} by itself gives back {share}"


def _change(one: Change, alone: str) -> str:
    parts = [f"{plain(one.path)}: {plain(one.name)}", *filter(None, [alone])]
    if one.commits:
        last = one.commits[-1]
        parts.append(f"{last.hash[:8]} {plain(last.subject)}")
    return "  ".join(parts)


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{plain(one.partition(': ')[2] or one)}`" for one in names[:FIRST_NAMES])
    more = len(names) - FIRST_NAMES
    return f"{shown} and {more} more" if more > 0 else shown


def _share(share: float, interval: Interval | None) -> str:
    """A share in percent, with its interval where that has limits."""
    text = f"{100 * share:.0f} %"
    if interval is None or interval.high - interval.low > WIDEST:
        return text
    return f"{text} [{100 * interval.low:.0f} to {100 * interval.high:.0f}]"
