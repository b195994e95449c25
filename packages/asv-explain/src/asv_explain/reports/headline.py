"""What happened in one sentence, and how much of it the causes explain."""

from __future__ import annotations

from asv_explain.explanation import Cause, Explanation, Outcome, Verdict
from asv_explain.reports.text import amount, counted, digits, plain, title, verdict
from asv_explain.reports.uncertainty import part

__all__ = ["ALL_OF_IT", "explained", "first_cause", "given_back", "given_share", "headline"]

ALL_OF_IT = 0.995
"""A share from here on is rounded to the whole."""

# The kinds of causes that are not of changed code, and so explain nothing.
_NO_CHANGE = ("elsewhere", "unchanged")

# The kinds that say least of why: they are named first only where nothing else can be.
_LAST = ("elsewhere", "rest")

_SAME = {
    "time": "takes the same time",
    "mem": "takes the same memory",
    "peakmem": "takes the same memory",
    "track": "gives the same value",
}
_TIMES = {
    "time": "it takes {} times as long",
    "mem": "it takes {} times as much memory",
    "peakmem": "it takes {} times as much memory",
    "track": "its value is {} times as high",
}


def first_cause(explanation: Explanation) -> Cause | None:
    """The largest cause that can be told from noise; None where there is none.

    What went the benchmark's way and is a piece of code comes before what is not.
    """
    sure = [one for one in explanation.causes if not one.noise]
    return min(sure, key=lambda one: (one.share < 0, one.kind in _LAST), default=None)


def headline(explanation: Explanation) -> str:
    """What happened in one sentence, as one would tell a colleague."""
    name = title(explanation)
    between = f"between {explanation.before[:8]} and {explanation.after[:8]}"
    if explanation.verdict is Verdict.UNKNOWN:
        how = "measured" if explanation.ratio is None else "told from what was measured"
        return f"Whether {name} changed {between} could not be {how}."
    if explanation.verdict is Verdict.SAME:
        return f"{name} {_SAME[explanation.kind]} {between}."
    text = f"{name} got {verdict(explanation)} {between}"
    if explanation.ratio is not None:
        text += ": " + _TIMES[explanation.kind].format(digits(explanation.ratio, 2))
    back = given_back(explanation)
    if back:
        return f"{text}, and {back} undoes {given_share(explanation)} of that."
    if explanation.causes and explanation.difference:
        first = first_cause(explanation)
        if first is None:
            return text + ", but no cause can be told from noise."
        whole = first.interval is None and first.share >= ALL_OF_IT
        of = "that" if whole else f"{part(first, explanation.difference)} of that"
        text += f", and {plain(first.name)} accounts for {of}"
    return text + "."


def given_back(explanation: Explanation) -> str:
    """The changes that give the difference back, where they say more than the first cause does.

    That is where there is one change alone, or where what was inferred names no change, or one that
    was refuted. Empty elsewhere.
    """
    found = explanation.reversal
    if found is None or not found.changes or found.share is None:
        return ""
    first = first_cause(explanation)
    named = first is not None and first.kind not in _NO_CHANGE
    refuted = (
        first is not None and first.proof is not None and (first.proof.outcome is Outcome.REFUTED)
    )
    if len(found.changes) > 1 and named and not refuted:
        return ""
    more = len(found.changes) - 1
    others = f" and {counted(more, 'other change')}" if more else ""
    return f"putting {plain(found.changes[0].name)}{others} back"


def given_share(explanation: Explanation) -> str:
    """How much that is, in percent."""
    found = explanation.reversal
    return f"{100 * (found.share or 0.0):.0f} %" if found is not None else ""


def explained(explanation: Explanation) -> str:
    """How much of the difference the causes explain, and what is left."""
    if not explanation.difference or explanation.residual is None:
        return "no difference to explain"
    unit = explanation.unit
    if explanation.kind == "track":
        return f"{amount(explanation.difference, unit, sign=True)}, which can't be attributed"
    whole = explanation.difference
    unchanged = sum(one.amount for one in explanation.causes if one.kind in _NO_CHANGE)
    # Rounding alone must not make a nothing of less than nothing.
    residual = round(explanation.residual / whole * 100) + 0.0
    elsewhere = round(unchanged / whole * 100) + 0.0
    text = f"explained {100 - residual - elsewhere:.0f} % of {amount(whole, unit, sign=True)}, "
    if elsewhere:
        text += f"{elsewhere:.0f} % in code that no change explains, "
    return text + f"residual {residual:.0f} % ({amount(explanation.residual, unit, sign=True)})"
