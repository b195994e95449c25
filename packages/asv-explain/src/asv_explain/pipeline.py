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
from asv_explain.attribution.causes import Cause, describe
from asv_explain.explanation import Caveat, Explanation, Interval, Verdict
from asv_explain.imports import foreign_code
from asv_explain.line_costs import line_costs
from asv_explain.measuring.confirm import Confirmation, Estimate, confirm, standard_error
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
from asv_explain.profiles.match import Match, match_profiles
from asv_explain.profiles.merge import merge
from asv_explain.profiles.pair import ProfilePair, ProfileSide
from asv_explain.profiles.profile import Indices, Profile, Seconds, sums_at
from asv_explain.profiles.sampled import SampledSide, from_profiles, from_samples, functions_of
from asv_explain.profiles.stacks import Frame, merged, read_frame
from asv_explain.suspect import Suspect
from asv_explain.threads import Ran, thread_costs

__all__ = ["explain"]


@dataclass(frozen=True, slots=True, eq=False)
class _Counted:
    """One side's profiles in one, and which function each sampled frame is."""

    whole: Profile
    rounds: tuple[Profile, ...]
    places: tuple[Indices, ...]
    frames: dict[Frame, int]


@without_collecting()
def explain(suspect: Suspect, rounds: Rounds, repository: Path, factor: float) -> Explained:
    """Say which change made the suspect slower or faster, and how sure that is.

    Args:
        suspect: what was measured.
        rounds: what measuring yielded.
        repository: the repository of both commits; only its history is read.
        factor: the smallest ratio that counts.

    Raises:
        WireError: a sampled frame is of no function that was counted, or nothing was sampled.
        GitError: git can't read one of the commits.
        ConservationError: a stage lost or made up time, which is a mistake of ours.
    """
    answer = confirm(rounds, factor)
    foreign = _foreign(suspect, rounds, repository)
    if foreign is not None:
        caveats = (*answer.caveats, foreign)
        unknown = replace(answer, verdict=Verdict.UNKNOWN, caveats=caveats)
        return Explained(_without_causes(suspect, rounds, unknown))
    if answer.seconds is None or rounds.failure is not None or not rounds.profiled.before:
        return Explained(_without_causes(suspect, rounds, answer))
    times = _measured(rounds, answer)
    counted = tuple(_counted(one) for one in (rounds.profiled.before, rounds.profiled.after))
    # The n-th rounds of both sides are a pair; what one side has more of has none.
    sampled = min(len(rounds.sampled.before), len(rounds.sampled.after))
    profiled = min(len(one.rounds) for one in counted)
    before, after = (
        _side(one, taken[:sampled], profiled, seconds)
        for one, taken, seconds in zip(
            counted, (rounds.sampled.before, rounds.sampled.after), times, strict=True
        )
    )
    functions = (*before.profile.functions, *after.profile.functions)
    paths = {function.path for function in functions if function.home == "site"}
    made = (*before.profile.generators.values(), *after.profile.generators.values())
    paths |= {path for frames in made for path, _, _ in frames}
    changes = changes_between(suspect, repository, paths)
    match = match_profiles(before.profile, after.profile, changes.renames)
    blamed = blaming.blame(before, after, match, changes, _error(_decisive(answer)))
    causes = [
        _cause(suspect, repository, one, blamed) for one in blamed.causes if _tells(one, blamed)
    ]
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
        async_tax=blamed.tax.seconds if blamed.tax.functions else None,
        caveats=(*answer.caveats, *_caveats(rounds, counted, causes)),
        facts={"python": after.profile.python, "implementation": after.profile.implementation},
        sampling_before=_sampling(rounds.timed.before, rounds.sampled.before, before, counted[0]),
        sampling_after=_sampling(rounds.timed.after, rounds.sampled.after, after, counted[1]),
        threads=_threads(rounds, counted, (before, after), match),
    )
    both = (match.before >= 0) & (match.after >= 0)
    same = zip(match.before[both].tolist(), match.after[both].tolist(), strict=True)
    sides = [ProfileSide(one.profile, one.stacks()) for one in (before, after)]
    return Explained(explanation, ProfilePair(sides[0], sides[1], tuple(same)))


def _foreign(suspect: Suspect, rounds: Rounds, repository: Path) -> Caveat | None:
    """Whether something else than the two commits was measured."""
    sides = (rounds.timed.before, rounds.timed.after)
    before, after = (next((one.imported for one in side if one.imported), ()) for side in sides)
    return foreign_code(suspect, repository, before, after)


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


def _error(estimate: Estimate | None) -> blaming.RatioError:
    """How sure the ratio is, from its interval."""
    if estimate is None:
        return blaming.RatioError()
    return blaming.RatioError(*standard_error(estimate))


def _counted(rounds: Sequence[Round]) -> _Counted:
    """Put one side's profiles together, which say how often what was called."""
    profiles = tuple(one.profile for one in rounds if one.profile is not None)
    whole, every = merge(profiles)
    frames: dict[Frame, int] = {}
    # What the first says of a frame counts.
    for one, places in [*zip(rounds, every, strict=True)][::-1]:
        frames.update(zip(one.frames, places[[*one.frames.values()]].tolist(), strict=True))
    return _Counted(whole, profiles, every, frames)


def _side(
    counted: _Counted, sampled: Sequence[Round], profiled: int, seconds: float
) -> SampledSide:
    """One side's times: of sampled stacks, or where there are none of so many profiles."""
    if not sampled:
        taken = zip(counted.rounds[:profiled], counted.places[:profiled], strict=True)
        rows = [_in_order(one, counted.whole, where) for one, where in taken]
        return from_profiles(counted.whole, rows, seconds)
    waits = [one.waits for one in sampled if one.waits is not None]
    if len(waits) < len(sampled):
        waits = []
    imports = [dict(one.importtime) for one in sampled if one.importtime]
    return from_samples(
        merged([*(one.stacks for one in sampled), *waits]),
        counted.whole,
        counted.frames,
        seconds,
        waits=bool(waits),
        imports=imports if len(imports) == len(sampled) else (),
    )


def _in_order(one: Profile, whole: Profile, places: Indices) -> Seconds:
    """A round's own seconds of functions and edges, in the order of all rounds together."""
    size = len(whole.functions)
    own = np.zeros(size)
    np.add.at(own, places, one.own)
    edges = np.zeros(len(whole.caller))
    keys = whole.caller * np.int64(size) + whole.callee
    order = np.argsort(keys, kind="stable")
    mine = places[one.caller] * np.int64(size) + places[one.callee]
    np.add.at(edges, order[np.searchsorted(keys[order], mine)], one.edge_own)
    return np.concatenate([own, edges])


def _sampling(
    timed: Sequence[Round], sampled: Sequence[Round], side: SampledSide, counted: _Counted
) -> form.Sampling:
    """What the side's times come from."""
    profile = counted.whole
    calls = float(profile.calls.sum()) / profile.number
    if not sampled:
        return form.Sampling("profile", len(counted.rounds), 0, 0.0, 0.0, 0.0, calls)
    usual = statistics.median(one.cpu or 0.0 for one in timed)
    slowed = statistics.median(one.cpu or 0.0 for one in sampled)
    waiting = 0.0
    if side.waiting is not None:
        waiting = float(side.waiting.sum() / side.weight.sum())
    return form.Sampling(
        method="samples",
        rounds=len(sampled),
        samples=int(side.stacks().samples.sum()),
        rate=statistics.median(one.rate for one in sampled),
        slowdown=slowed / usual if usual else 0.0,
        waiting=waiting,
        counted=calls,
    )


def _threads(
    rounds: Rounds, counted: Sequence[_Counted], sides: Sequence[SampledSide], match: Match
) -> tuple[form.ThreadCost, ...]:
    """What other threads ran meanwhile."""
    ran = []
    sampled = (rounds.sampled.before, rounds.sampled.after)
    for taken, known, side in zip(sampled, counted, sides, strict=True):
        seconds = np.zeros(len(side.profile.functions))
        for one in (each.threads for each in taken):
            functions = functions_of(map(read_frame, one.frames), known.frames)[one.frame]
            seconds += sums_at(functions, one.samples.sum(axis=0), len(seconds))
        ran.append(Ran(side.profile, seconds * side.seconds / max(float(side.total.sum()), 1.0)))
    return thread_costs(ran[0], ran[1], match)


def _caveats(
    rounds: Rounds, counted: Sequence[_Counted], causes: Sequence[form.Cause]
) -> list[Caveat]:
    """What bears on the causes."""
    found = []
    if not rounds.sampled.before:
        text = f"times are cProfile's, which distorts them: {rounds.unsampled or 'no stacks'}"
        found.append(Caveat("profile", text, _SAMPLED_REMEDY))
    unsteady = {name for one in counted for name in _unsteady(one)}
    named = [one.name for one in causes if one.name in unsteady]
    if named:
        text = f"calls of {', '.join(named[:3])} differ from process to process; their mean counts"
        remedy = "let the benchmark do the same in each process, such as by a fixed seed"
        found.append(Caveat("counts", text, remedy))
    return found


_SAMPLED_REMEDY = "take their order, not their size, or measure where py-spy may read processes"


def _unsteady(counted: _Counted) -> set[str]:
    """Functions that one process called more often than another in as many benchmark calls."""
    if len(counted.rounds) < 2:
        return set()
    whole = counted.whole
    rates = []
    for one, where in zip(counted.rounds, counted.places, strict=True):
        calls = np.zeros(len(whole.functions))
        np.add.at(calls, where, one.calls)
        rates.append(calls / one.number)
    differs = np.ptp(np.array(rates), axis=0) > 0
    return {whole.functions[index].name for index in np.flatnonzero(differs).tolist()}


def _without_causes(suspect: Suspect, rounds: Rounds, answer: Confirmation) -> Explanation:
    failure = rounds.failure
    doubts: tuple[Caveat, ...] = ()
    if failure is not None and answer.seconds is not None:
        side, what = failure
        text = f"looking for the cause failed {side} the change: {what.text}"
        remedy = (
            "raise its timeout" if what.kind == "timeout" else "see that it runs under cProfile"
        )
        doubts = (Caveat("profile", text, remedy),)
    difference = None
    if answer.seconds is not None:
        before, after = _measured(rounds, answer)
        difference = after - before
    return Explanation(
        **_about(suspect, rounds, answer),
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


def _tells(cause: Cause, blamed: blaming.Blame) -> bool:
    return abs(cause.seconds) >= SMALLEST_SHARE * abs(blamed.measured)


def _cause(suspect: Suspect, repository: Path, cause: Cause, blamed: blaming.Blame) -> form.Cause:
    # One round alone has an endless interval, which says no more than none.
    interval = None
    if np.isfinite(cause.half):
        interval = Interval(cause.seconds - cause.half, cause.seconds + cause.half)
    stands = pointed(suspect, repository, cause.change)
    return form.Cause(
        name=cause.name,
        path=cause.path,
        kind=cause.kind,
        account=describe(cause),
        amount=cause.seconds,
        interval=interval,
        share=cause.share,
        count_before=cause.calls_before,
        count_after=cause.calls_after,
        price_before=cause.cost_before,
        price_after=cause.cost_after,
        **stands,
        noise=cause.noise,
        line_costs=line_costs(cause, stands["source_before"], stands["source_after"]),
        details=cause.details,
        waiting=cause.waiting,
    )
