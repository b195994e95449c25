"""How a search went, in the lines that every report shows."""

from __future__ import annotations

from asv_explain.bisection import Bisection, Skipped
from asv_explain.explanation import Explanation
from asv_explain.reports.text import plain
from asv_explain.reports.uncertainty import ratio

__all__ = ["SMALLEST_REST", "bisected"]

# Of the whole step, the share from which on another part of the range is worth a look of its own.
SMALLEST_REST = 0.1


def bisected(explanation: Explanation) -> tuple[str, ...]:
    """The lines that say where a step lies in a longer range; none where nothing was searched."""
    search = explanation.bisection
    if search is None:
        return ()
    whole = (explanation.before, explanation.after) == (search.before, search.after)
    lines = [
        f"bisected {search.commits} commits, {_range(search.before, search.after)}, "
        f"ratio {ratio(search.ratio, search.interval)} {search.verdict.value}: "
        f"{_found(search, spread=whole and len(search.suspected) < search.commits)}"
    ]
    if search.merged is not None:
        lines.append(
            f"{search.suspected[0][:8]} is a merge; asv explain {search.merged.before[:8]} "
            f"{search.merged.after[:8]} --bisect looks into what it merged"
        )
    if search.rest is not None and search.rest.share >= SMALLEST_REST:
        lines.append(
            f"of the rest, {_range(search.rest.before, search.rest.after)} "
            f"holds most: {_percent(search.rest.share)} of the step"
        )
    if search.measured:
        each = (
            f"{one.commit[:8]} {ratio(one.ratio, one.interval)} {one.verdict.value}"
            for one in search.measured
        )
        lines.append(f"measured against {search.before[:8]}: {'; '.join(each)}")
    lines += [f"skipped {_reason(one)}" for one in search.skipped]
    return tuple(lines)


def _found(search: Bisection, *, spread: bool) -> str:
    many = len(search.suspected)
    share = _percent(search.share)
    if search.share_interval is not None:
        low, high = search.share_interval.low, search.share_interval.high
        share += f" [{low * 100:.0f} to {high * 100:.0f}]"
    if many == 1:
        commit = search.suspected[0][:8]
        if spread:
            return (
                f"no commit is slower by itself; {commit} holds the largest step found, "
                f"{share} of the whole, and the whole range is explained here"
            )
        return f"{commit} holds {share} of the step"
    if many == search.commits:
        return "which of them holds the step can't be told"
    first, last = search.suspected[0][:8], search.suspected[-1][:8]
    return (
        f"one of {many} commits that can't be told apart, {first} to {last}, "
        f"holds the step, or they share it: {share} of the whole"
    )


def _reason(skipped: Skipped) -> str:
    """A commit and why it was skipped, the commit named once."""
    name, reason = skipped.commit[:8], plain(skipped.reason)
    return reason if reason.startswith(name) else f"{name}: {reason}"


def _range(before: str, after: str) -> str:
    return f"{before[:8]}..{after[:8]}"


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"
