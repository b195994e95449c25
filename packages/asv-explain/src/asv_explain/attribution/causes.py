"""What a cause of a difference is, and how it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from asv_explain.changes.change import Change
from asv_explain.explanation import Detail

__all__ = ["DATA", "ELSEWHERE", "Cause", "describe", "share_of"]

ELSEWHERE = "elsewhere"
"""The name and kind of what no changed code explains."""

DATA = "data"
"""The kind of what runs in setup alone and makes data that is dearer to use."""

_BECAME = {
    "new": "is new",
    "gone": "is gone",
    "moved": "moved and changed",
    "async": "became async def",
    "dependency": "changed in a dependency",
    "unreadable": "is in a file that can't be read",
}


@dataclass(frozen=True, slots=True)
class Cause:
    """Something that changed, and what it cost; seconds and calls per call of the benchmark.

    Attributes:
        kind: ``changed``, ``new``, ``gone``, ``moved``, ``async`` (``def`` turned ``async def``),
            ``module``, ``class``, ``dependency``, ``unreadable``, ``data`` for what setup runs and
            the benchmark uses, or ``elsewhere`` for what is below no changed code.
        home: Where its function is, ``""`` for ``elsewhere``.
        path: Its file, after where there are two.
        name: Qualified name, ``<module>``, ``class Foo`` or ``elsewhere``.
        seconds: What it cost; negative for what it saved.
        half: Half the width of its 95 % interval; endless from one round alone.
        noise: Whether it can't be told from nothing.
        share: Of all seconds that went the benchmark's way, gains left out: never above 1.
        own: The part of ``seconds`` in its own code.
        waiting: The part of ``seconds`` that was waiting.
        calls_before: Its calls before.
        calls_after: Its calls after.
        cost_before: Own seconds of one call before.
        cost_after: Own seconds of one call after.
        details: What of it lies in other functions, the largest first.
        change: The change in the sources, where there is one.
        lines_before: Seconds at each of its lines before, with what they call.
        lines_after: The same after.
        candidates: For ``elsewhere``, what else changed and might be it.
    """

    kind: str
    home: str
    path: str
    name: str
    seconds: float
    half: float
    noise: bool
    share: float
    own: float
    waiting: float
    calls_before: float
    calls_after: float
    cost_before: float
    cost_after: float
    details: tuple[Detail, ...]
    change: Change | None
    lines_before: Mapping[int, float] = field(default_factory=dict)
    lines_after: Mapping[int, float] = field(default_factory=dict)
    candidates: tuple[str, ...] = ()


def share_of(seconds: float, whole: float) -> float:
    """Seconds as a share, 0 where there is nothing to share."""
    return seconds / whole if whole else 0.0


def describe(cause: Cause) -> str:
    """One sentence on a cause: what changed, and how that costs what it costs."""
    if cause.kind == ELSEWHERE:
        if not cause.candidates:
            more = "more" if cause.seconds > 0 else "less"
            return (
                f"unchanged code takes {abs(cause.share):.0%} {more}, and nothing else changed "
                "that could matter: a side effect, such as of colder caches"
            )
        candidates = ", ".join(cause.candidates[:3])
        return f"no changed function explains {abs(cause.share):.0%}; candidates: {candidates}"
    verb = "cost" if cause.seconds > 0 else "saved"
    first = cause.details[0] if cause.details else None
    if cause.kind == DATA:
        user = f"`{first.name}`" if first is not None else "the benchmark"
        return (
            f"`{cause.name}` changed, which setup runs; {user} with what it makes {verb} "
            f"{abs(cause.share):.0%}"
        )
    start = f"`{cause.name}` {_BECAME.get(cause.kind, 'changed')}"
    outside = cause.kind in ("module", "class")
    if outside and (cause.calls_before or cause.calls_after):
        return f"{start}; running it on import {verb} {abs(cause.share):.0%}"
    if first is None or abs(first.amount) <= abs(cause.own):
        if outside:
            return f"{start}; what reads it {verb} {abs(cause.share):.0%}"
        whole = cause.seconds / cause.share if cause.share else 0.0
        verb = "cost" if cause.own > 0 else "saved"
        return f"{start}; its own code {verb} {abs(share_of(cause.own, whole)):.0%}"
    return f"{start}; {_told(first, cause)} {abs(first.share):.0%}"


def _told(first: Detail, cause: Cause) -> str:
    """How the largest detail of a cause costs, up to its verb."""
    verb = "cost" if first.amount > 0 else "saved"
    more = first.calls_after - first.calls_before
    if first.kind in ("new", "gone"):
        return f"its {first.kind} helper `{first.name}` {verb}"
    if first.kind == "event loop":
        turns = f"{'more' if more > 0 else 'fewer'} {'turn' if abs(more) == 1 else 'turns'}"
        return f"its {abs(more):,.4g} {turns} of the event loop {verb}"
    # What unchanged code in between calls is known by shares alone.
    if first.kind == "calls" and more and more == round(more):
        calls = f"{'new' if more > 0 else 'fewer'} {'call' if abs(more) == 1 else 'calls'}"
        return f"its {abs(more):,.4g} {calls} of `{first.name}` {verb}"
    if first.kind == "reader":
        return f"`{first.name}`, which reads it, {verb}"
    if first.kind == "caller":
        return f"the lines of `{first.name}` that call it {verb}"
    if first.kind == "generated":
        return f"`{first.name}`, which it generates, {verb}"
    return f"calls of `{first.name}` {verb}"
