"""The way of one suspect from measurement to explanation; every step but the first is pure."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
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
from asv_explain.profiles.caveats import profile_caveats
from asv_explain.profiles.collecting import without_collecting
from asv_explain.profiles.correct import (
    CorrectedProfile,
    CorrectionError,
    correct_again,
    correct_both,
)
from asv_explain.profiles.match import match_profiles
from asv_explain.profiles.merge import merge
from asv_explain.profiles.pair import ProfilePair, ProfileSide
from asv_explain.profiles.profile import Profile, WireError, profile_from_raw, undelayed
from asv_explain.profiles.stacks import Stacks
from asv_explain.suspect import Suspect

__all__ = ["explain"]


# A round whose profiled region took longer than the quickest of its side by more than this share
# was disturbed: the profiler's cost is not the same in it. At least half of the rounds count.
DISTURBED = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class _Profiled:
    """One side's profiles: the rounds that count in one, each alone; how many there were."""

    whole: Profile
    rounds: tuple[Profile, ...]
    taken: int
    delayed: float


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
    first, second = (_profiled(one) for one in (profiled.before, profiled.after))
    whole = (first.whole, second.whole)
    functions = (*whole[0].functions, *whole[1].functions)
    paths = {function.path for function in functions if function.home == "site"}
    changes = changes_between(suspect, repository, paths)
    match = match_profiles(*whole, changes.renames)
    regions = (measured[0] * whole[0].number, measured[1] * whole[1].number)
    try:
        before, after = correct_both(whole, cost, regions, match)
    except CorrectionError as error:
        doubt = Caveat("correction", str(error), "raise --budget")
        return Explained(_without_causes(suspect, rounds, answer, (doubt,)))
    ends = (_side(before, measured[0]), _side(after, measured[1]))
    parts = decompose(*ends, match)
    alone = [
        [Side(one, correct_again(side, one, cost), seconds) for one in found.rounds]
        for side, found, seconds in zip((before, after), (first, second), measured, strict=True)
    ]
    by_round = round_differences(list(zip(*alone, strict=False)), *whole, match)
    left_out = [(one.taken - len(one.rounds), one.taken) for one in (first, second)]
    blamed = blaming.blame(*ends, match, parts, changes, by_round)
    causes = [_cause(suspect, repository, one) for one in blamed.causes if _tells(one, blamed)]
    small = [one for one in blamed.causes if not _tells(one, blamed)]
    if small:
        causes.append(
            rest(
                len(small),
                sum(one.seconds for one in small),
                sum(one.share for one in small),
                noise=all(one.noise for one in small),
            )
        )
    explanation = Explanation(
        **_about(suspect, rounds, answer),
        difference=blamed.measured,
        causes=tuple(causes),
        residual=blamed.residual,
        async_tax=_tax(blamed),
        caveats=(
            *answer.caveats,
            *profile_caveats(
                (before, after), blamed.measured, left_out, max(first.delayed, second.delayed)
            ),
        ),
        facts={"python": after.profile.python, "implementation": after.profile.implementation},
        sampling_before=_sampling(before, len(first.rounds)),
        sampling_after=_sampling(after, len(second.rounds)),
    )
    sides = [ProfileSide(one.profile, _stacks(one)) for one in (before, after)]
    both = (match.before >= 0) & (match.after >= 0)
    same = zip(match.before[both].tolist(), match.after[both].tolist(), strict=True)
    return Explained(explanation, ProfilePair(sides[0], sides[1], tuple(same)))


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


def _profiled(rounds: Sequence[Round]) -> _Profiled:
    """Read one side's profiles and leave out the disturbed ones."""
    read = [profile_from_raw(one.profile) for one in rounds if one.profile is not None]
    if not read:
        raise WireError("profile", "a round that profiled holds no profile")
    delayed = sum(one.delayed for one in read) / (sum(one.seconds for one in read) or 1.0)
    taken = [undelayed(one) for one in read]
    taken.sort(key=lambda one: float(one.own.sum()) / one.number)
    totals = [float(one.own.sum()) / one.number for one in taken]
    quiet = sum(total <= (1 + DISTURBED) * totals[0] for total in totals)
    profiles = tuple(taken[: max(quiet, (len(taken) + 1) // 2)])
    return _Profiled(merge(profiles), profiles, len(taken), delayed)


def _side(corrected: CorrectedProfile, measured: float) -> Side:
    return Side(corrected.profile, corrected.own, measured, corrected.doubt, corrected.edge_own)


def _sampling(corrected: CorrectedProfile, rounds: int) -> form.Sampling:
    profile = corrected.profile
    counted = float(profile.calls.sum()) / profile.number
    return form.Sampling("profile", rounds, 0, 0.0, 0.0, 0.0, counted)


def _stacks(corrected: CorrectedProfile) -> Stacks:
    """Each function's own seconds of one benchmark call, as a stack of its own."""
    size = len(corrected.own)
    nothing = np.zeros(size, np.int64)
    seconds = corrected.own / corrected.profile.number
    return Stacks(np.full(size, -1, np.intp), np.arange(size), nothing, nothing, seconds)


def _without_causes(
    suspect: Suspect, rounds: Rounds, answer: Confirmation, doubts: tuple[Caveat, ...] = ()
) -> Explanation:
    failure = rounds.failure
    about = _about(suspect, rounds, answer)
    if failure is not None and answer.seconds is not None:
        side, what = failure
        doubts = (
            *doubts,
            Caveat("profile", f"profiling failed {side}: {what.text}", _profile_remedy(what.kind)),
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


def _profile_remedy(kind: str) -> str:
    return "raise its timeout" if kind == "timeout" else "see that it runs under cProfile"


def _about(suspect: Suspect, rounds: Rounds, answer: Confirmation) -> dict[str, Any]:
    estimate = _decisive(answer)
    return {
        **identity(suspect, rounds.kind, rounds.unit),
        "verdict": answer.verdict,
        "ratio": None if estimate is None else estimate.ratio,
        "interval": None if estimate is None else estimate.interval,
        "confidence": answer.confidence,
        "rounds_before": _figures(rounds.timed.before),
        "rounds_after": _with_ratios(rounds.timed.after),
    }


def _figures(rounds: Sequence[Round]) -> form.Rounds:
    good = [one for one in rounds if one.wall is not None]
    return form.Rounds(
        tuple(one.wall for one in good if one.wall is not None),
        tuple(one.cpu for one in good if one.cpu is not None),
        tuple(float(one.instructions) for one in good if one.instructions is not None),
    )


def _with_ratios(rounds: Sequence[Round]) -> form.Rounds:
    """The figures of the later side, with what turns say of each pair, if any says something."""
    good = [one for one in rounds if one.wall is not None]
    wall = tuple(one.ratio_wall for one in good)
    cpu = tuple(one.ratio_cpu for one in good)
    return replace(
        _figures(rounds),
        ratios=wall if any(wall) else (),
        cpu_ratios=cpu if any(cpu) else (),
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
        noise=cause.noise,
    )


def _tax(blamed: blaming.Blame) -> float | None:
    return blamed.tax.seconds if blamed.tax.functions else None
