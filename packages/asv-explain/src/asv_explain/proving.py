"""Puts the code of an explanation's first causes back, and measures what that gives back."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from asv_explain.changes.put_back import Candidate, Wanted, candidates
from asv_explain.changes.versions import Module, read_versions
from asv_explain.explanation import Cause, Caveat, Explanation, Interval, Verdict
from asv_explain.measuring.confirm import MIN_PAIRS
from asv_explain.measuring.give_back import give_back, judged
from asv_explain.measuring.measure import Plan
from asv_explain.measuring.process import Runner
from asv_explain.measuring.rounds import Rounds
from asv_explain.measuring.trial import StandIn, try_with
from asv_explain.parts import Explained
from asv_explain.proof import Outcome, Proof, Refusal
from asv_explain.suspect import Installed, Suspect

__all__ = ["MOST_PROVED", "Trials", "open_to_proof", "proved", "without_proof"]

MOST_PROVED = 3
"""So many causes are put back, the largest first."""

REFUTING_PAIRS = 2 * MIN_PAIRS
"""So many pairs are measured, if the budget allows, before a cause is refuted: that contradicts
what was measured before, which a machine that is disturbed for a moment does, too."""

UNPROVED = "unproved"
"""The kind of the caveat that says why nothing could be put back."""

# The kinds of causes that no code in the sources stands for.
_NO_CODE = frozenset({"elsewhere", "rest", "dependency", "unreadable", "unchanged"})

_LOCAL = ".<locals>."


def open_to_proof(explanation: Explanation) -> bool:
    """Whether there is something to prove that no earlier call told."""
    if explanation.verdict not in (Verdict.SLOWER, Verdict.FASTER):
        return False
    found = [cause.proof for cause in explanation.causes if cause.proof is not None]
    if any(one.outcome is Outcome.OPEN for one in found):
        return True
    return not found and all(one.kind != UNPROVED for one in explanation.caveats)


def without_proof(explained: Explained, reason: str, remedy: str) -> Explained:
    """The same, with a caveat that says why nothing was put back."""
    told = explained.explanation
    kept = tuple(one for one in told.caveats if one.kind != UNPROVED)
    caveats = (*kept, Caveat(UNPROVED, reason, remedy))
    return replace(explained, explanation=replace(told, caveats=caveats))


@dataclass(slots=True, eq=False)
class Trials:
    """Measures a commit with some of its code as it was before.

    Attributes:
        suspect: the benchmark, its parameters, and the commits that were explained.
        after: the later of them, installed.
        plan: how much to measure; its budget is that of all trials together.
        runner: runs one process.
        clock: gives seconds, from whenever.
        say: is told what is being done.
    """

    suspect: Suspect
    after: Installed
    plan: Plan
    runner: Runner
    clock: Callable[[], float]
    say: Callable[[str], None]
    _done: dict[tuple[tuple[str, str], ...], Rounds] = field(default_factory=dict)

    def run(
        self,
        candidate: Candidate,
        modules: Mapping[str, Module],
        budget: float,
        settled: Callable[[Rounds], bool],
    ) -> Rounds:
        """Measure with a candidate's code put back; what was measured already is not again."""
        texts = tuple(sorted(candidate.texts.items()))
        if texts not in self._done:
            self.say(f"putting back {_listed(candidate.names)}, about {budget:.0f} s at most")
            self._done[texts] = try_with(
                self.suspect,
                self.after,
                {
                    path: StandIn(after.text, text)
                    for path, text in candidate.texts.items()
                    if (after := modules[path].after) is not None
                },
                replace(self.plan, budget=budget),
                self.runner,
                self.clock,
                settled,
            )
        return self._done[texts]


def proved(explained: Explained, repository: Path, trials: Trials) -> Explained:
    """The same explanation, with what putting each of its first causes back gave back.

    Args:
        explained: what was explained, with its profiles if there are any.
        repository: the repository of both commits; only its history is read.
        trials: measures.

    Raises:
        GitError: git can't read one of the commits.
    """
    told = explained.explanation
    chosen = _chosen(told)
    if not chosen:
        return without_proof(
            explained,
            "no cause is code that could be put back",
            "read what else changed with git diff",
        )
    paths = {one.path for one in told.causes if one.path}
    if explained.profiles is not None:
        for side in (explained.profiles.before, explained.profiles.after):
            paths |= {one.path for one in side.profile.functions if one.home == "site"}
    modules = read_versions(repository, told.before, told.after, paths)
    end = trials.clock() + trials.plan.budget
    causes = list(told.causes)
    for left, number in zip(range(len(chosen), 0, -1), chosen, strict=True):
        share = max(end - trials.clock(), 0.0) / left
        proof = _Ladder(told, causes[number], modules, trials, share).climbed()
        causes[number] = replace(causes[number], proof=proof)
    return replace(explained, explanation=replace(told, causes=tuple(causes)))


def _chosen(explanation: Explanation) -> list[int]:
    """The first causes that went the benchmark's way and are code; noise if it is the first."""
    causes = explanation.causes
    code = [
        number
        for number, one in enumerate(causes)
        if one.kind not in _NO_CODE and one.share > 0 and (one.before or one.after)
    ]
    return [one for one in code if not causes[one].noise or one == code[0]][:MOST_PROVED]


@dataclass(slots=True, eq=False)
class _Ladder:
    """The ways to put one cause back, from the smallest up.

    Attributes:
        explanation: what was explained.
        cause: one of its causes.
        modules: all modules that changed.
        trials: measures.
        budget: seconds for all of them.
    """

    explanation: Explanation
    cause: Cause
    modules: Mapping[str, Module]
    trials: Trials
    budget: float

    def climbed(self) -> Proof:
        """What the first way that can be gone says of the cause."""
        refused: list[Refusal] = []
        end = self.trials.clock() + self.budget
        for one in candidates(self._wanted(), self.modules):
            reason = one.reason
            if not reason:
                left = max(end - self.trials.clock(), 0.0)
                rounds = self.trials.run(one, self.modules, left, partial(self._settled, one))
                reason = _failed(rounds, one)
                if not reason:
                    return self._measured(one, rounds, tuple(refused))
            refused.append(Refusal(one.scope, one.names, reason))
        last = refused[-1]
        return Proof(
            outcome=Outcome.CANNOT,
            scope=last.scope,
            names=last.names,
            reason=refused[0].reason,
            inferred=self.cause.share,
            refused=tuple(refused),
        )

    def _wanted(self) -> Wanted:
        cause = self.cause
        origin = cause.path
        if cause.before is not None and cause.after is not None:
            file = cause.before.file
            if file != cause.after.file:
                found = (path for path, one in self.modules.items() if one.file_before == file)
                origin = next(found, cause.path)
        return Wanted(
            name=cause.name,
            path=cause.path,
            origin=origin,
            line_before=None if cause.before is None else cause.before.line,
            line_after=None if cause.after is None else cause.after.line,
        )

    def _settled(self, candidate: Candidate, rounds: Rounds) -> bool:
        found = give_back(self.explanation, rounds, self._net(candidate))
        if found is None:
            return False
        outcome = judged(found.interval, self._net(candidate))
        if outcome is Outcome.REFUTED:
            return found.ratio.pairs >= REFUTING_PAIRS
        return outcome is Outcome.PROVEN

    def _measured(
        self, candidate: Candidate, rounds: Rounds, refused: tuple[Refusal, ...]
    ) -> Proof:
        found = give_back(self.explanation, rounds, self._net(candidate))
        inferred = self._inferred(candidate)
        if found is None:
            return Proof(
                Outcome.OPEN,
                candidate.scope,
                candidate.names,
                f"fewer than {MIN_PAIRS} pairs of rounds; give more time with --budget",
                inferred,
                refused=refused,
            )
        outcome = judged(found.interval, self._net(candidate))
        return Proof(
            outcome=outcome,
            scope=candidate.scope,
            names=candidate.names,
            reason=_REASONS[outcome],
            inferred=inferred,
            share=found.share * self._weight,
            interval=_finite(found.interval, self._weight),
            ratio=found.ratio.ratio,
            ratio_interval=_finite(found.ratio.interval, 1.0),
            pairs=found.ratio.pairs,
            refused=refused,
            confidence=found.ratio.confidence,
        )

    @property
    def _weight(self) -> float:
        """What turns a share of the difference into one of what causes' shares are of."""
        return (self.explanation.difference or 0.0) * self.cause.share / self.cause.amount

    def _net(self, candidate: Candidate) -> float:
        """What was inferred for a candidate, as a share of the difference."""
        return self._inferred(candidate) / self._weight

    def _inferred(self, candidate: Candidate) -> float:
        """The sum of the shares of all causes that are put back with a candidate, 1 at most.

        Where gains stand beside them, the shares of losses may add up to more.
        """
        whole = {name for name in candidate.names if ": " not in name}
        together = sum(
            one.share
            for one in self.explanation.causes
            if one is self.cause
            or one.path in whole
            or f"{one.path}: {one.name}".partition(_LOCAL)[0] in candidate.names
            or f"{one.path}: {one.name}" in candidate.names
        )
        return min(together, 1.0)


_REASONS = {
    Outcome.PROVEN: "all of the interval lies above half of what was inferred",
    Outcome.REFUTED: "all of the interval lies below half of what was inferred",
    Outcome.OPEN: "half of what was inferred lies within the interval; give more time with "
    "--budget",
}


def _finite(interval: Interval | None, scale: float) -> Interval | None:
    """The interval in another scale; None where it is endless, which says no more than none."""
    if interval is None or not math.isfinite(interval.high - interval.low):
        return None
    return Interval(interval.low * scale, interval.high * scale)


def _failed(rounds: Rounds, candidate: Candidate) -> str:
    """Why a candidate could not be measured; empty where it was."""
    if rounds.failure is None:
        return ""
    side, failure = rounds.failure
    if side == "before":
        return f"the later commit itself does not run from its source: {failure.text}"
    if failure.kind == "unswapped":
        return failure.text
    text = "the benchmark " + {
        "timeout": "takes too long with it",
        "skipped": "does not apply with it",
    }.get(failure.kind, "fails with it")
    text += f" ({failure.text})"
    return f"{candidate.hint}: {text}" if candidate.hint else text


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
