"""What no changed code explains, given to the changed code that ran if nothing else can be it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from asv_explain.attribution.prepared import prepared_changes
from asv_explain.changes.change import ADDITIONS, Change, Changes
from asv_explain.profiles.profile import Profile, Seconds

__all__ = ["Leftover", "give_leftover", "other_suspects"]

# So many standard errors of itself may be an error of measuring; what is more is real.
ERRORS = 2.0

# What is for people alone, and what is run by tests alone, by their names.
_PROSE = frozenset({".md", ".rst"})
_UNUSED = frozenset({".github", "doc", "docs", "test", "tests"})


@dataclass(frozen=True, slots=True, eq=False)
class Leftover:
    """Differences of G groups of code, the leftover handed out; seconds per benchmark call.

    Attributes:
        totals: Of each group (G,).
        rounds: The same in each round (rounds, G).
        modes: What each mode of the doubts adds (M, G).
        given: What of ``totals`` was the leftover before (G,).
    """

    totals: Seconds
    rounds: Seconds
    modes: Seconds
    given: Seconds


def other_suspects(
    before: Profile, after: Profile, changes: Changes, named: Collection[Change]
) -> tuple[str, ...]:
    """What changed besides code that ran, and may make a benchmark slower.

    Data that setup made otherwise, modules and classes of which no reader ran but which may have
    been read on import, files that are not Python, and the interpreter. Left out is what can't be
    it: names that nobody knew before, prose, and tests.

    Args:
        before: What ran before.
        after: What ran after.
        changes: What changed in the sources.
        named: Changes that are causes already.
    """
    causes = {id(one) for one in named}
    result = [
        f"{one.path_after or one.path_before}: {one.name}, which setup runs"
        for one in prepared_changes(before, after, changes)
    ]
    result += [
        f"{one.path_after or one.path_before}: {one.name}"
        for one in changes.items
        if one.kind in ("module", "class", "unreadable")
        and id(one) not in causes
        and ADDITIONS not in one.details
    ]
    result += [name for name in changes.other_files if _may_matter(name)]
    if before.python != after.python:
        result.append(f"interpreter {before.python} → {after.python}")
    return tuple(result)


def _may_matter(file: str) -> bool:
    """Whether a file that is not the package's own Python may change what the package does."""
    path = PurePosixPath(file)
    if path.suffix in _PROSE or _UNUSED & set(path.parts[:-1]):
        return False
    # Python that is not part of a package is run by hand, but for what builds it.
    return path.suffix != ".py" or path.name == "setup.py"


def give_leftover(totals: Seconds, rounds: Seconds, modes: Seconds, leftover: int) -> Leftover:
    """Give what no changed code explains to the groups of changed code.

    Code that did not change and is called as often as before takes no more time of its own accord.
    Where nothing else changed, what it takes more is an error, or an effect of the changed code on
    caches and memory. As an error it was taken from the other groups, by how their errors go with
    its own: the leftover being known to be nothing, each moves by its regression on it, which is
    what conditioning a normal distribution comes to. Beyond `ERRORS` standard errors it is an
    effect, and goes by what each group cost in that direction; how it divides is then in doubt by
    the standard error of drawing one of them so.

    All that the groups hold is conserved.

    Args:
        totals: Of each group (G,), at least two.
        rounds: The same in each round (rounds, G).
        modes: Standard errors of what does not shrink with rounds (M, G).
        leftover: The group of what no changed code explains.
    """
    amount = float(totals[leftover])
    # Errors are followed up the call graph roughly. What is still on its way then goes to its top,
    # where the leftover is; each round adds up to what was measured, and each mode to nothing.
    rounds, modes = rounds.astype(np.float64), modes.astype(np.float64)
    rounds[:, leftover] += totals.sum() - rounds.sum(axis=1)
    modes[:, leftover] -= modes.sum(axis=1)
    others = np.arange(len(totals)) != leftover
    covariance = modes.T @ modes
    if len(rounds) > 1:
        off = rounds - rounds.mean(axis=0)
        covariance += off.T @ off / (len(rounds) - 1) / len(rounds)
    # As errors of the whole are nothing, these add up to the leftover's own variance.
    common = np.where(others, -covariance[leftover], 0.0)
    variance = float(common.sum())
    by_error, error = np.zeros(len(totals)), 0.0
    if amount and variance > 0:
        by_error = common / variance
        error = min(1.0, ERRORS * variance**0.5 / abs(amount))
    kept = totals + error * amount * by_error
    towards = np.where(others, np.maximum(np.sign(amount) * kept, 0.0), 0.0)
    if not towards.any():
        towards = others.astype(np.float64)
    by_cost = towards / towards.sum()
    weight = error * by_error + (1 - error) * by_cost
    given = weight * amount
    doubt = (1 - error) * amount * np.sqrt(by_cost * (1 - by_cost))
    moves = np.eye(len(totals)) + np.outer(np.arange(len(totals)) == leftover, weight)
    moves[leftover, leftover] = 0.0
    return Leftover(
        totals=totals @ moves,
        rounds=rounds @ moves,
        modes=np.vstack([modes @ moves, np.diag(doubt)[others]]),
        given=np.where(others, given, -amount),
    )
