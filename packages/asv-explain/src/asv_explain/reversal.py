"""What putting changes back gave back, as it stands in an explanation and its JSON."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal, TypeAlias

from asv_explain.commit_ref import CommitRef
from asv_explain.verdict import Interval

__all__ = ["Change", "Outcome", "Proof", "PutBack", "Refusal", "Result", "Reversal"]

Result: TypeAlias = Literal["same", "other", "unknown"]
"""Whether the benchmark returns the same with changes put back; unknown where it returns nothing
that can be compared."""


class Outcome(Enum):
    """What putting a cause's code back says of it.

    It is open where the measurement scatters too much to tell, and "cannot" where the code can't
    stand in the later commit as it was.
    """

    PROVEN = "proven"
    REFUTED = "refuted"
    OPEN = "open"
    CANNOT = "cannot"


@dataclass(frozen=True, slots=True)
class Proof:
    """What came back with a cause's own code put back, and all else left as it is.

    Attributes:
        outcome: proven, refuted, open or cannot.
        share: of the difference, what came back; None where nothing could be measured.
        interval: the same with its uncertainty; None without a share.
        names: what had to go back with it, each piece as its file and its qualified name.
        reason: why it could not be put back; else empty.
    """

    outcome: Outcome
    share: float | None = None
    interval: Interval | None = None
    names: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """A change that was put back.

    Attributes:
        name: qualified name of a function or class; of a statement, what it stands in and the names
            that it binds.
        path: import path of its module.
        kind: ``function``, ``new``, ``gone``, ``definition``, ``class`` or ``statement``.
        share: of the difference, what its group gives back by itself; None where that was not
            measured.
        interval: the same with its uncertainty; None without a share.
        commits: the commits of the range that touched it, oldest first.
        group: changes of one number can only go back together, as they are functions that call each
            other in another way than before.
    """

    name: str
    path: str
    kind: str
    share: float | None
    interval: Interval | None
    commits: tuple[CommitRef, ...]
    group: int


@dataclass(frozen=True, slots=True)
class PutBack:
    """A set of changes, and what comes back with it put back.

    Attributes:
        names: each change as its file and its name.
        share: of the difference, what comes back; below 0 where more is lost.
        interval: the same with its uncertainty.
    """

    names: tuple[str, ...]
    share: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Refusal:
    """A set of changes that could not be put back, and why."""

    names: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Reversal:
    """The smallest set of changes found that, put back, gives the difference back.

    Shares are of the difference between the two commits.

    Attributes:
        changes: the set; empty where none gives enough back.
        share: what it gives back; None without a set.
        interval: the same with its uncertainty, and that of the difference itself.
        whole: what all changes together give back; None where they could not be measured.
        whole_interval: the same with its uncertainty.
        others: further sets that give back a part by themselves. What is below 0 is a gain, whose
            loss `changes` more than makes up for.
        candidates: how many changes there were to choose from.
        trials: how many sets were measured.
        seconds: how long that took.
        complete: whether the search came to its end; else a smaller set may do.
        refusals: sets that could not be put back.
        result: whether the benchmark returns the same with the set put back.
        patch: a unified diff against the later commit that puts the set back.
        confidence: of each interval.
    """

    changes: tuple[Change, ...]
    share: float | None
    interval: Interval | None
    whole: float | None
    whole_interval: Interval | None
    others: tuple[PutBack, ...]
    candidates: int
    trials: int
    seconds: float
    complete: bool
    refusals: tuple[Refusal, ...]
    result: Result = "unknown"
    patch: str = ""
    confidence: float = 0.95
