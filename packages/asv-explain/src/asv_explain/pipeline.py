"""The way of one suspect from measurement to explanation; every step but the first is pure."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from asv_explain import explanation as form
from asv_explain.attribution import blame as blaming
from asv_explain.attribution.decompose import Side, decompose, round_differences
from asv_explain.explanation import Caveat, Explanation, Interval
from asv_explain.measuring.calibrate import ProfilerCost
from asv_explain.measuring.confirm import Confirmation, Estimate, confirm
from asv_explain.measuring.rounds import Round, Rounds
from asv_explain.parts import (
    SMALLEST_SHARE,
    Explained,
    changes_between,
    identity,
    pointed,
    rest,
)
from asv_explain.profiles.collecting import without_collecting
from asv_explain.profiles.correct import CorrectedProfile, CorrectionError, correct
from asv_explain.profiles.match import match_profiles
from asv_explain.profiles.merge import merge
from asv_explain.profiles.profile import Profile, WireError, profile_from_raw
from asv_explain.suspect import Suspect

__all__ = ["explain"]


@dataclass(frozen=True, slots=True, eq=False)
class _Profiled:
    """One side's profiles: all rounds in one, and each by itself."""

    whole: Profile
    corrected: CorrectedProfile
    rounds: tuple[Side, ...]

    def side(self, measured: float) -> Side:
        corrected = self.corrected
        return Side(self.whole, corrected.own, measured, corrected.error)


@without_collecting()
def explain(
    suspect: Suspect, rounds: Rounds, cost: ProfilerCost, repository: Path, factor: float
) -> Explained:
    """Say which change made the suspect slower or faster, and how sure that is.

    Args:
        suspect: what was measured.
        rounds: what measuring yielded.
        cost: what the profiler costs on the interpreter that was measured.
        repository: the repository of both commits; only its history is read.
        factor: the smallest ratio that counts.

    Raises:
        WireError: a profile is not of the harness's form.
        GitError: git can't read one of the commits.
        ConservationError: a stage lost or made up time, which is a mistake of ours.
    """
    answer = confirm(rounds, factor)
    profiled = rounds.profiled
    if answer.seconds is None or rounds.failure is not None or not profiled.before:
        return Explained(_without_causes(suspect, rounds, answer))
    measured = _measured(rounds, answer)
    try:
        sides = [
            _profiled(side, cost, seconds, by_cpu=answer.clock == "cpu")
            for side, seconds in zip((profiled.before, profiled.after), measured, strict=True)
        ]
    except CorrectionError as error:
        doubt = Caveat("correction", str(error), "raise --budget")
        return Explained(_without_causes(suspect, rounds, answer, (doubt,)))
    before, after = sides
    functions = (*before.whole.functions, *after.whole.functions)
    paths = {function.path for function in functions if function.home == "site"}
    changes = changes_between(suspect, repository, paths)
    match = match_profiles(before.whole, after.whole, changes.renames)
    ends = (before.side(measured[0]), after.side(measured[1]))
    parts = decompose(*ends, match)
    pairs = list(zip(before.rounds, after.rounds, strict=False))
    by_round = round_differences(pairs, before.whole, after.whole, match)
    blamed = blaming.blame(*ends, match, parts, changes, by_round)
    causes = [_cause(suspect, repository, one) for one in blamed.causes if _tells(one, blamed)]
    small = [one.seconds for one in blamed.causes if not _tells(one, blamed)]
    if small:
        total = float(sum(small))
        share = total / blamed.measured if blamed.measured else 0.0
        causes.append(rest(len(small), total, share))
    explanation = Explanation(
        **_about(suspect, rounds, answer),
        difference=blamed.measured,
        causes=tuple(causes),
        residual=blamed.residual,
        async_tax=_tax(blamed),
        caveats=(*answer.caveats, *_doubts(before.corrected), *_doubts(after.corrected)),
    )
    return Explained(explanation, before.corrected, after.corrected)


def _measured(rounds: Rounds, answer: Confirmation) -> tuple[float, float]:
    """Seconds of a benchmark call on both sides, by the clock on which the verdict rests.

    The later side is the earlier one's median times the ratio, so that verdict and difference
    never disagree.
    """
    decisive = _decisive(answer)
    by_cpu = decisive is answer.cpu and answer.cpu is not None
    values = [one.cpu if by_cpu else one.wall for one in rounds.timed.before]
    before = statistics.median(value for value in values if value is not None)
    return before, before * (1.0 if decisive is None else decisive.ratio)


def _decisive(answer: Confirmation) -> Estimate | None:
    return answer.cpu if answer.clock == "cpu" else answer.wall


def _profiled(
    rounds: Sequence[Round], cost: ProfilerCost, seconds: float, *, by_cpu: bool
) -> _Profiled:
    """Read and correct one side's profiles; ``seconds`` is a benchmark call's, unprofiled."""
    profiles = [profile_from_raw(one.profile) for one in rounds if one.profile is not None]
    if not profiles:
        raise WireError("profile", "a round that profiled holds no profile")
    whole = merge(profiles)
    alone = []
    for one, profile in zip(rounds, profiles, strict=True):
        # A process differs from the next by its memory's layout: each closes on its own time.
        own_time = (one.cpu if by_cpu else one.wall) or seconds
        corrected = correct(profile, cost, own_time * profile.number)
        alone.append(Side(profile, corrected.own, own_time, corrected.error))
    times = [side.measured for side in alone]
    noise = float(np.std(times, ddof=1) / np.sqrt(len(times))) if len(times) > 1 else 0.0
    total = correct(whole, cost, seconds * whole.number, noise * whole.number)
    return _Profiled(whole, total, tuple(alone))


def _without_causes(
    suspect: Suspect, rounds: Rounds, answer: Confirmation, doubts: tuple[Caveat, ...] = ()
) -> Explanation:
    failure = rounds.failure
    about = _about(suspect, rounds, answer)
    if failure is not None and answer.seconds is not None:
        side, what = failure
        doubts = (
            *doubts,
            Caveat("profile", f"profiling failed {side}: {what.text}", "raise its timeout"),
        )
    difference = None
    if answer.seconds is not None:
        before, after = _measured(rounds, answer)
        difference = after - before
    return Explanation(
        **about,
        difference=difference,
        causes=(),
        residual=difference,
        async_tax=None,
        caveats=(*answer.caveats, *doubts),
    )


def _about(suspect: Suspect, rounds: Rounds, answer: Confirmation) -> dict[str, Any]:
    estimate = _decisive(answer)
    return {
        **identity(suspect, rounds.kind, rounds.unit),
        "verdict": answer.verdict,
        "ratio": None if estimate is None else estimate.ratio,
        "interval": None if estimate is None else estimate.interval,
        "rounds_before": _figures(rounds.timed.before),
        "rounds_after": _figures(rounds.timed.after),
    }


def _figures(rounds: Sequence[Round]) -> form.Rounds:
    good = [one for one in rounds if one.wall is not None]
    return form.Rounds(
        tuple(one.wall for one in good if one.wall is not None),
        tuple(one.cpu for one in good if one.cpu is not None),
        tuple(float(one.instructions) for one in good if one.instructions is not None),
    )


def _tells(cause: blaming.Cause, blamed: blaming.Blame) -> bool:
    return abs(cause.seconds) >= SMALLEST_SHARE * abs(blamed.measured)


def _cause(suspect: Suspect, repository: Path, cause: blaming.Cause) -> form.Cause:
    interval = None
    if cause.low is not None and cause.high is not None:
        # One round alone has an endless interval, which says no more than none.
        finite = np.isfinite([cause.low, cause.high]).all()
        interval = Interval(cause.low, cause.high) if finite else None
    return form.Cause(
        name=cause.name,
        path=cause.path,
        kind=cause.kind,
        account=blaming.describe(cause),
        amount=cause.seconds,
        interval=interval,
        share=cause.share,
        count_before=cause.calls_before,
        count_after=cause.calls_after,
        price_before=cause.price_before,
        price_after=cause.price_after,
        **pointed(suspect, repository, cause.change),
    )


def _tax(blamed: blaming.Blame) -> float | None:
    return blamed.tax.seconds if blamed.tax.functions else None


def _doubts(corrected: CorrectedProfile) -> list[Caveat]:
    return [
        Caveat(
            one.kind.name.lower().replace("_", "-"),
            f"{one.seconds * 1e6 / corrected.profile.number:.3g} µs a call are in doubt "
            f"({one.kind.name.lower().replace('_', ' ')})",
            one.kind.remedy,
        )
        for one in corrected.caveats
        if one.seconds > SMALLEST_SHARE * corrected.seconds
    ]
