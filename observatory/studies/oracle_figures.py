"""The result of the oracle study: how many true shares lie in the stated intervals."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from scipy.stats import norm  # type: ignore[import-untyped]

from observatory.studies.rates import CONFIDENCE, Rate, rate_of
from observatory.studies.sheets import Sheet, Target

__all__ = ["LEAST", "MOST", "Stated", "figures", "sheets", "stated", "targets"]

LEAST, MOST = 0.93, 0.97
"""Of the true shares, between so many shall lie in their intervals."""

_SIGMAS = float(norm.ppf(0.5 + CONFIDENCE / 2))
"""Standard errors that an interval reaches to each side."""

Trial = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stated:
    """A true share of a slowdown, and what was said of it.

    Attributes:
        true: the share.
        error: its own standard error; 0 where it was counted.
        share: as stated; None where the function isn't among the causes.
        low: lower end of the share's interval; None where none was stated.
        high: upper end.
        noise: whether it was said to be no more than noise.
    """

    true: float
    error: float
    share: float | None = None
    low: float | None = None
    high: float | None = None
    noise: bool = False

    @property
    def held(self) -> bool | None:
        """Whether the true share lies in the interval, widened by the true share's own error.

        None without an interval. The errors are independent, so their squares add up.
        """
        if self.share is None or self.low is None or self.high is None:
            return None
        reach = self.share - self.low if self.true < self.share else self.high - self.share
        return abs(self.true - self.share) <= math.hypot(max(reach, 0.0), _SIGMAS * self.error)

    @property
    def half_width(self) -> float | None:
        """Half the interval's width; None without one."""
        return None if self.low is None or self.high is None else (self.high - self.low) / 2


def stated(trial: Trial) -> list[Stated]:
    """What was said of each function whose true share of the slowdown is known.

    A cause's interval is of its amount; both ends times share over amount are those of the share.
    """
    causes = {one["name"]: one for one in trial["said"]["causes"]}
    found = []
    for name, (true, error) in trial["true"].items():
        cause = causes.get(name)
        if cause is None:
            found.append(Stated(true, error))
            continue
        low = high = None
        if cause["interval"] is not None and cause["amount"]:
            unit = cause["share"] / cause["amount"]
            low, high = (end * unit for end in cause["interval"])
        found.append(Stated(true, error, cause["share"], low, high, cause["noise"]))
    return found


def figures(trials: Sequence[Trial]) -> dict[str, Any]:
    """All figures, of each interpreter and, over all interpreters, of each kind of program."""
    return {
        "all": _counted(trials),
        "pythons": {
            python: _counted([one for one in trials if one["python"] == python])
            for python in sorted({one["python"] for one in trials}, key=_version)
        },
        "kinds": {
            kind: _counted([one for one in trials if one["program"]["kind"] == kind])
            for kind in dict.fromkeys(one["program"]["kind"] for one in trials)
        },
    }


def _version(python: str) -> tuple[int, ...]:
    return tuple(map(int, python.split(".")))


def _counted(trials: Sequence[Trial]) -> dict[str, Any]:
    """The figures of some trials."""
    slower = [one for one in trials if one["said"]["verdict"] == "slower"]
    every = [share for trial in slower for share in stated(trial)]
    off = [one.share - one.true for one in every if one.share is not None]
    held = [one.held for one in every if one.held is not None]
    return {
        "programs": len(trials),
        "slower": len(slower),
        "shares": len(every),
        "missing": sum(one.share is None for one in every),
        "without": sum(one.share is not None and one.held is None for one in every),
        "noise": sum(one.noise for one in every),
        "held": rate_of(held).told(),
        "half_width": _median(one.half_width for one in every),
        "off": _median(off),
        "off_by": _median(map(abs, off)),
        "first": rate_of(_first_named(one) for one in slower).told(),
    }


def _first_named(trial: Trial) -> bool:
    """Whether the first cause is the one with the largest true share, or as good as that."""
    true = {name: share for name, (share, _) in trial["true"].items()}
    causes = trial["said"]["causes"]
    return bool(causes) and true.get(causes[0]["name"]) == max(true.values())


def _median(values: Iterable[float | None]) -> float | None:
    known = [one for one in values if one is not None]
    return median(known) if known else None


HEADINGS = (
    "programs",
    "slower",
    "shares",
    "held, %",
    "half width",
    "error",
    "noise",
    "not named",
    "first right, %",
)


def sheets(found: Mapping[str, Any]) -> list[Sheet]:
    """A table by interpreter and one by kind of program."""
    note = (
        "Shares: of functions that got slower, in programs that were found slower. Held: so many "
        "true shares lie in the stated 95 % interval, in brackets the 95 % interval of that. Half "
        "width and error (between stated and true share): medians, in points of the slowdown."
    )
    every = ("all", found["all"])
    return [
        Sheet(title, (first, *HEADINGS), tuple(_row(*one) for one in [*rows.items(), every]), note)
        for title, first, rows in (
            ("True shares in stated intervals", "CPython", found["pythons"]),
            ("The same by kind of program", "kind", found["kinds"]),
        )
    ]


def _row(name: str, one: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        name,
        str(one["programs"]),
        str(one["slower"]),
        str(one["shares"]),
        _rate(one["held"]).brief,
        _points(one["half_width"]),
        _points(one["off_by"]),
        str(one["noise"]),
        str(one["missing"]),
        _rate(one["first"]).brief,
    )


def _rate(told: Mapping[str, Any]) -> Rate:
    return Rate(told["hits"], told["trials"], told["low"], told["high"])


def _points(share: float | None) -> str:
    return "none" if share is None else f"{100 * share:.1f}"


def targets(found: Mapping[str, Any]) -> list[Target]:
    """What was wanted on each interpreter, beside what was reached."""
    made = []
    for python, one in found["pythons"].items():
        held = _rate(one["held"])
        met = None if held.value is None else LEAST <= held.value <= MOST
        wanted = f"{100 * LEAST:g} to {100 * MOST:g} %"
        made.append(Target(f"true shares in their intervals, {python}", wanted, str(held), met))
    return made
