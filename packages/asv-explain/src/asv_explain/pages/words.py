"""The sentences of a page, as one would tell a colleague."""

from __future__ import annotations

from asv_explain.explanation import CommitRef, Explanation, Verdict
from asv_explain.reports.headline import ALL_OF_IT, first_cause, given_back, given_share
from asv_explain.reports.text import amount, digits, plain, shortened, title
from asv_explain.reports.uncertainty import confidence_text, decimals_of, part

__all__ = [
    "KINDS",
    "SIGNS",
    "between",
    "ratio",
    "sentence",
]

LONGEST_SUBJECT = 60
"""So many characters of a commit's subject are shown in a sentence."""

TWICE = 2.0
"""From this ratio on a change is told as times, below in percent."""

SIGNS = {
    Verdict.SLOWER: "▲",
    Verdict.FASTER: "▼",
    Verdict.SAME: "=",
    Verdict.UNKNOWN: "?",
}
"""A sign beside each verdict, for those who don't see its colour."""

KINDS = {
    "changed": "",
    "new": "",
    "gone": "",
    "moved": "it moved, and changed besides",
    "async": "def became async def",
    "module": "code outside functions",
    "class": "a class's own code",
    "data": "runs in setup and makes what the benchmark uses",
    "dependency": "in another distribution, which changed",
    "unreadable": "in a file that is no Python on one side",
    "unchanged": "it holds more, though nothing on the way to it changed",
    "elsewhere": "no change explains it",
    "rest": "all that is too small to tell apart",
}
"""What the kind of a cause means, where its name does not say so itself."""

# How the first cause changed, as the end of a sentence.
_WHICH = {
    "changed": ", which changed",
    "new": ", which is new",
    "gone": ", which is gone",
    "moved": ", which moved and changed",
    "async": ", which became async",
    "data": ", which setup runs and which changed",
    "dependency": ", which another distribution changed",
    "unchanged": ", which did not change itself",
}

_MORE = {"time": "longer", "mem": "more memory", "peakmem": "more memory"}
_LESS = {"time": "less time", "mem": "less memory", "peakmem": "less memory"}
_TIMES = {"time": "as long", "mem": "as much memory", "peakmem": "as much memory"}


def sentence(explanation: Explanation) -> str:
    """What happened, how surely, between which commits, and what most of it comes from."""
    name = title(explanation)
    span = f"from {_told(explanation, after=False)} to {_told(explanation, after=True)}"
    if explanation.verdict is Verdict.UNKNOWN:
        how = "measured" if explanation.ratio is None else "told from what was measured"
        return f"Whether {name} changed {span} could not be {how}."
    sure = _sure(explanation)
    if explanation.verdict is Verdict.SAME:
        what = "gives the same value" if explanation.kind == "track" else "takes as much as before"
        return f"{name} {what}{sure} {span}."
    return f"{name} {_change(explanation)}{sure} {span}{_largest(explanation)}."


def _told(explanation: Explanation, *, after: bool) -> str:
    commit = explanation.commit_after if after else explanation.commit_before
    short = (explanation.after if after else explanation.before)[:8]
    return plain(short) if commit is None else f"“{_subject(commit)}” ({plain(short)})"


def _subject(commit: CommitRef) -> str:
    return shortened(plain(commit.subject), LONGEST_SUBJECT)


def _change(explanation: Explanation) -> str:
    value, kind = explanation.ratio, explanation.kind
    rose = explanation.verdict is Verdict.SLOWER
    if value is None:
        by = amount(abs(explanation.difference or 0.0), explanation.unit)
        return f"{_moved(rose)} by {by}"
    percent = _percent(abs(value - 1))
    if kind == "track":
        return f"rose to {value:.3g} times" if value >= TWICE else f"{_moved(rose)} by {percent}"
    if not rose:
        return f"takes {percent} {_LESS[kind]}"
    if value >= TWICE:
        return f"takes {value:.3g} times {_TIMES[kind]}"
    if kind == "time":
        return f"got {percent} slower"
    return f"takes {percent} {_MORE[kind]}"


def _moved(rose: bool) -> str:
    return "rose" if rose else "fell"


def _sure(explanation: Explanation) -> str:
    if explanation.ratio is None:
        return ""
    told = ratio(explanation)
    if explanation.verdict is Verdict.SLOWER and explanation.ratio >= TWICE:
        # The sentence says how many times already.
        told = told.partition(", ")[2]
    return f" ({told})" if told else ""


def ratio(explanation: Explanation) -> str:
    """The ratio and its interval in words."""
    if explanation.ratio is None:
        return "not measured"
    span = explanation.interval
    decimals = decimals_of(span)
    text = f"{digits(explanation.ratio, decimals)} times"
    if span is None:
        return text
    sure = confidence_text(explanation.confidence)
    ends = f"{digits(span.low, decimals)} to {digits(span.high, decimals)}"
    return f"{text}, {sure} interval {ends}"


def _percent(part: float) -> str:
    return f"{part * 100:.1f} %" if part < 0.0995 else f"{part * 100:.0f} %"


def _largest(explanation: Explanation) -> str:
    if explanation.kind == "track":
        return "; what causes it can't be told from the value alone"
    back = given_back(explanation)
    if back:
        return f"; {back} undoes {given_share(explanation)} of that"
    if not explanation.causes:
        return ""
    cause = first_cause(explanation)
    if cause is None:
        return "; no cause can be told from noise"
    whole = cause.interval is None and cause.share >= ALL_OF_IT
    much = "all of it" if whole else part(cause, explanation.difference or 0.0)
    if cause.kind == "elsewhere":
        return f"; {much} met no changed code"
    if not whole:
        largest = cause is max(explanation.causes, key=lambda one: one.share)
        much = f"the largest part, {much}," if largest else much
    return f"; {much} comes from {plain(cause.name)}{_WHICH.get(cause.kind, '')}"


def between(explanation: Explanation) -> str:
    """The two commits, short."""
    return plain(f"{explanation.before[:8]} → {explanation.after[:8]}")
