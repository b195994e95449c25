"""What putting a cause's code back gave back, in the words that every report shows."""

from __future__ import annotations

from asv_explain.explanation import Explanation, Outcome, Proof, Refusal, Verdict
from asv_explain.reports.text import counted, plain

__all__ = ["proof_lines", "proof_short"]


def proof_short(proof: Proof) -> str:
    """The outcome in a few words, for the row of its cause."""
    if proof.outcome is Outcome.CANNOT:
        return "cannot be swapped"
    alone = "" if proof.scope == "alone" else ", not alone"
    back = "" if proof.share is None else f": {_share(proof)} back"
    return f"{proof.outcome.value}{alone}{back}"


def proof_lines(proof: Proof, explanation: Explanation) -> tuple[str, ...]:
    """The sentences that say what could not be put back and why, and what came back of the rest."""
    lines = [
        f"{'cannot be swapped alone' if number == 0 else f'nor {_with(one)}'}: {plain(one.reason)}"
        for number, one in enumerate(proof.refused)
    ]
    if proof.outcome is not Outcome.CANNOT:
        lines.append(_outcome(proof, explanation))
    return tuple(lines)


def _outcome(proof: Proof, explanation: Explanation) -> str:
    alone = proof.scope == "alone"
    how = "put back alone, it" if alone else f"put back {_with(proof)}, it"
    faster = explanation.verdict is Verdict.FASTER
    of = "costs {} of the gain again" if faster else "gives back {} of the slowdown"
    if proof.share is None:
        return f"{proof.outcome.value}: {how} can't be told from what was measured"
    inferred = f"{proof.inferred * 100:.0f} % inferred{'' if alone else ' for all of that'}"
    return f"{proof.outcome.value}: {how} {of.format(_share(proof))}; {inferred}"


def _share(proof: Proof) -> str:
    """The share that came back, with its interval."""
    text = f"{(proof.share or 0.0) * 100:.0f} %"
    if proof.interval is None:
        return text
    return f"{text} [{proof.interval.low * 100:.0f} to {proof.interval.high * 100:.0f}]"


def _with(one: Proof | Refusal) -> str:
    """What was put back besides the cause."""
    names = [plain(name) for name in one.names]
    many = counted(len(names), "function")
    if one.scope == "module":
        return f"with all of {names[0]}" if names else "with its module"
    if one.scope == "together":
        return f"with all that call each other in another way than before ({many})"
    file = names[0].partition(": ")[0] if names else "its module"
    return f"with all that changed in {file} ({many})"
