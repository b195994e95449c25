"""What a proof of the hook's says, beside what is true of the code that it put back: pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from asv_explain.explanation import Explanation
from asv_explain.proof import Proof
from observatory.studies.answers import TrueEdit, Truth

__all__ = ["ROLES", "Proved", "Role", "described_proofs", "proofs"]

Role = Literal["guilty", "gain", "innocent"]
"""What is true of the code that was put back: edits that slow the benchmark down are among it; or
only such as speed it up; or neither."""

ROLES: tuple[Role, ...] = ("guilty", "gain", "innocent")

# What agrees with the truth, and what contradicts it; all else decides nothing.
RIGHT: Mapping[Role, str] = {"guilty": "proven", "gain": "refuted", "innocent": "refuted"}
WRONG: Mapping[Role, str] = {"guilty": "refuted", "gain": "proven", "innocent": "proven"}


@dataclass(frozen=True, slots=True)
class Proved:
    """A proof beside the truth.

    Attributes:
        key: the injection's.
        cause: the cause that was to be proven.
        role: what is true of the code that was put back.
        outcome: proven, refuted, open or cannot.
        scope: how much was put back.
        true_share: the share of the slowdown that this code is in truth.
        held: whether that lies in the interval of the share that came back; None where there is
            no interval.
        reasons: why smaller pieces could not be put back.
    """

    key: str
    cause: str
    role: Role
    outcome: str
    scope: str
    true_share: float
    held: bool | None
    reasons: tuple[str, ...]

    @property
    def agrees(self) -> bool | None:
        """Whether it says what is true; None where it decides nothing."""
        if self.outcome == RIGHT[self.role]:
            return True
        return False if self.outcome == WRONG[self.role] else None


def described_proofs(explanation: Explanation) -> list[dict[str, Any]]:
    """The causes of an explanation that were put back, with their proofs."""
    return [
        {
            "path": cause.path,
            "name": cause.name,
            "share": cause.share,
            "noise": cause.noise,
            "proof": msgspec.to_builtins(cause.proof),
        }
        for cause in explanation.causes
        if cause.proof is not None
    ]


def proofs(key: str, truth: Truth, kept: Iterable[Mapping[str, Any]]) -> Iterator[Proved]:
    """Compare proofs with the truth.

    The share that comes back is of all that made the benchmark slower, as causes' shares are. So
    the true share of the code that was put back is the sum of the shares of its slower edits, less
    what its faster ones save: their effects, each alone, over the sum of those of all slower edits.

    Args:
        key: the injection's.
        truth: what was measured.
        kept: what `described_proofs` keeps.

    Raises:
        msgspec.ValidationError: it has another form.
    """
    for one in kept:
        proof = msgspec.convert(one["proof"], Proof)
        put_back = [edit for edit in truth.edits if _is_among(edit, proof.names)]
        share = sum(_share(truth, edit) for edit in put_back)
        roles = {edit.role for edit in put_back}
        role: Role = "innocent"
        if "slower" in roles:
            role = "guilty"
        elif "faster" in roles:
            role = "gain"
        held = None
        if proof.interval is not None:
            held = proof.interval.low <= share <= proof.interval.high
        yield Proved(
            key=key,
            cause=f"{one['path']}: {one['name']}",
            role=role,
            outcome=proof.outcome.value,
            scope=proof.scope,
            true_share=share,
            held=held,
            reasons=tuple(refusal.reason for refusal in proof.refused),
        )


def _is_among(edit: TrueEdit, names: Iterable[str]) -> bool:
    """Whether an edit is in code that a proof lists, by function or by whole module."""
    told = {*names}
    return any({one.path, f"{one.path}: {one.name}"} & told for one in edit.names)


def _share(truth: Truth, edit: TrueEdit) -> float:
    if edit.role == "slower":
        return truth.share(edit)
    whole = sum(max(0.0, one.effect) for one in truth.slower)
    return min(0.0, edit.effect) / whole if edit.role == "faster" and whole else 0.0
