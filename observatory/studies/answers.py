"""What is true of an injection, what a tool said of it, and both as a study keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import msgspec

from asv_explain.explanation import Explanation
from observatory.injections.injection import Edit, Name

__all__ = [
    "NONE_OF_THE_NAMES",
    "Answer",
    "Said",
    "TrueEdit",
    "Truth",
    "answer_of_hook",
    "described",
    "kept_answer",
    "kept_truth",
    "true_edit",
]

Role = Literal["slower", "faster", "innocent"]

# The hook's row for causes too small to be told, which names nothing that one could look at.
NONE_OF_THE_NAMES = "rest"

# Its rows for time in code that no change explains.
NO_CHANGE = ("elsewhere", "unchanged")


@dataclass(frozen=True, slots=True)
class TrueEdit:
    """One edit of an injection, and what it costs when it alone is made.

    Attributes:
        names: all names under which it may rightly be told.
        role: what it was made for.
        effect: what it adds to the benchmark's time, as a share of the time before.
        low: the lower end of that figure's 95 % interval.
        high: the upper end.
    """

    names: tuple[Name, ...]
    role: Role
    effect: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Truth:
    """An injection as it was measured without the hook and without a profiler.

    Attributes:
        size: the slowdown of all edits together, as a share of the time before.
        low: the lower end of that figure's 95 % interval.
        high: the upper end.
        edits: what each edit costs alone.
    """

    size: float
    low: float
    high: float
    edits: tuple[TrueEdit, ...]

    @property
    def slower(self) -> tuple[TrueEdit, ...]:
        """The edits that slow the benchmark down, the dearest first."""
        slower = [edit for edit in self.edits if edit.role == "slower"]
        return tuple(sorted(slower, key=lambda edit: -edit.effect))

    @property
    def told_from_nothing(self) -> bool:
        """Whether the benchmark did get slower, as far as measuring can tell."""
        return self.low > 0

    def share(self, edit: TrueEdit) -> float:
        """What part of the slowdown an edit is, speed-ups left out.

        The effect of the edit alone over the sum of the effects of all edits that were made to
        slow the benchmark down, each alone. The only one has 1. What one edit measures below
        nothing counts as nothing.
        """
        whole = sum(max(0.0, one.effect) for one in self.slower)
        if len(self.slower) == 1 or not whole:
            return 1.0 if edit == self.slower[0] else 0.0
        return max(0.0, edit.effect) / whole


@dataclass(frozen=True, slots=True)
class Said:
    """A cause that a tool names.

    Attributes:
        path: its file below site-packages.
        name: its qualified name.
        share: of the slowdown, as the tool states it or as its figures give it.
        low: the lower end of the share's stated interval; None where none is stated.
        high: the upper end.
        change: whether it is a change, and not time in code that no change explains.
    """

    path: str
    name: str
    share: float
    low: float | None = None
    high: float | None = None
    change: bool = True

    @property
    def called(self) -> Name:
        """Its name as injections have it."""
        return Name(self.path, self.name)

    def scaled(self, by: float) -> Said:
        """The same with its share and interval in another unit."""
        low = None if self.low is None else self.low * by
        high = None if self.high is None else self.high * by
        return replace(self, share=self.share * by, low=low, high=high)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tool says of an injection.

    Attributes:
        verdict: "slower", "faster", "same" or "unknown"; a tool that gives none always has
            "slower", as whoever asks it knows that much.
        causes: what it blames for the slowdown, its first cause first; gains are left out.
        nested: whether a function's share holds those of the functions that it calls.
    """

    verdict: str
    causes: tuple[Said, ...]
    nested: bool = False

    @property
    def changes(self) -> Answer:
        """The same of changes alone, each a share of what all of them have together."""
        changes = [cause for cause in self.causes if cause.change]
        whole = sum(cause.share for cause in changes)
        return replace(self, causes=tuple(cause.scaled(1 / whole) for cause in changes))

    def about(self, names: Iterable[Name]) -> Said | None:
        """What is said of an edit under any of its names; None where nothing is.

        Shares under several names add up, unless they are nested: then the largest is that of all.
        Their intervals add up as those of independent errors, by the root of the sum of squares.
        """
        wanted = frozenset(names)
        found = [cause for cause in self.causes if cause.called in wanted]
        if len(found) < 2 or self.nested:
            return max(found, key=lambda cause: cause.share, default=None)
        share = sum(cause.share for cause in found)
        ends = [(c.share, c.low, c.high) for c in found]
        if any(low is None or high is None for _, low, high in ends):
            return Said(found[0].path, found[0].name, share)
        below = sum((share - (low or 0.0)) ** 2 for share, low, _ in ends) ** 0.5
        above = sum(((high or 0.0) - share) ** 2 for share, _, high in ends) ** 0.5
        return Said(found[0].path, found[0].name, share, share - below, share + above)


def described(explanation: Explanation) -> dict[str, Any]:
    """What of an explanation is kept, so that it can be scored again without measuring."""
    causes = [
        {
            "path": cause.path,
            "name": cause.name,
            "kind": cause.kind,
            "amount": cause.amount,
            "interval": _ends(cause.interval),
            "share": cause.share,
            "noise": cause.noise,
        }
        for cause in explanation.causes
    ]
    return {
        "verdict": explanation.verdict.value,
        "ratio": explanation.ratio,
        "interval": _ends(explanation.interval),
        "difference": explanation.difference,
        "residual": explanation.residual,
        "rounds": len(explanation.rounds_before.values),
        "causes": causes,
        "caveats": [caveat.kind for caveat in explanation.caveats],
    }


def answer_of_hook(kept: Mapping[str, Any]) -> Answer:
    """The hook's answer from what `described` keeps.

    A cause's stated interval is of its amount, given the measured difference, and the reports
    state it in the unit of the share: both ends times share over amount. That unit is all that
    went the benchmark's way, gains left out, which is what true shares are of.

    Causes are in the order of their amounts, the dearest first. Gains are no causes of a
    slowdown, and neither is the row of what is too small to be told.
    """
    causes = []
    for one in sorted(kept["causes"], key=lambda one: -one["amount"]):
        if one["amount"] <= 0 or one["kind"] == NONE_OF_THE_NAMES:
            continue
        unit = one["share"] / one["amount"]
        low, high = one["interval"] or (None, None)
        causes.append(
            Said(
                one["path"],
                one["name"],
                one["share"],
                None if low is None else low * unit,
                None if high is None else high * unit,
                change=one["kind"] not in NO_CHANGE,
            )
        )
    return Answer(kept["verdict"], tuple(causes))


def true_edit(edit: Edit, role: Role, ratio: tuple[float, float, float]) -> TrueEdit:
    """An edit with its time after over before when it alone is made: median, low and high."""
    effect, low, high = (one - 1.0 for one in ratio)
    return TrueEdit(edit.names, role, effect, low, high)


def kept_truth(kept: Mapping[str, Any]) -> Truth:
    """A truth from its JSON form.

    Raises:
        msgspec.ValidationError: it has another form.
    """
    return msgspec.convert(kept, Truth)


def kept_answer(kept: Mapping[str, Any]) -> Answer:
    """An answer from its JSON form.

    Raises:
        msgspec.ValidationError: it has another form.
    """
    return msgspec.convert(kept, Answer)


def _ends(interval: Any) -> Sequence[float] | None:
    return None if interval is None else (interval.low, interval.high)
