"""What putting a cause's code back gave back, as it stands in an explanation and its JSON."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal, TypeAlias

from asv_explain.verdict import Interval

__all__ = ["Outcome", "Proof", "Refusal", "Scope"]

Scope: TypeAlias = Literal["alone", "set", "together", "module"]
"""What is put back: the cause alone, all functions that changed in its module, those of several
modules that call each other in another way than before, or its module as a whole."""


class Outcome(Enum):
    """What putting code back says of a cause that was inferred.

    It is open where the measurement scatters too much to tell, and "cannot" where nothing that
    holds the cause could be put back.
    """

    PROVEN = "proven"
    REFUTED = "refuted"
    OPEN = "open"
    CANNOT = "cannot"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that could not be put back, and why.

    Attributes:
        scope: what it was: the cause alone, or what holds it.
        names: the code, each piece as its file and its qualified name; empty where it was not even
            clear which code that would be.
        reason: why it can't stand in the later commit.
    """

    scope: Scope
    names: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What the later commit gave back with a cause's code as it was before.

    Shares are of what the cause's own share is of, so that both stand side by side.

    Attributes:
        outcome: proven, refuted, open or cannot.
        scope: what was put back; where nothing could be, what was tried last.
        names: the code that was put back, each piece as its file and its qualified name.
        reason: one sentence that says why it came out like this.
        inferred: the share inferred for all that was put back: the cause's own, and those of
            other causes among it; 1 at most.
        share: the share that came back; None where nothing could be put back.
        interval: the same with its uncertainty, that of the measured difference included.
        ratio: time of the later commit with the code put back over its time without.
        ratio_interval: the same with its uncertainty.
        confidence: of ``ratio_interval``, and about that of ``interval``.
        pairs: how many pairs of rounds it comes from.
        refused: what could not be put back before that, the smallest first.
    """

    outcome: Outcome
    scope: Scope
    names: tuple[str, ...]
    reason: str
    inferred: float
    share: float | None = None
    interval: Interval | None = None
    ratio: float | None = None
    ratio_interval: Interval | None = None
    pairs: int = 0
    refused: tuple[Refusal, ...] = ()
    confidence: float = 0.95
