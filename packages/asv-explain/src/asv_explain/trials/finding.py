"""The way from an explanation to the changes that, put back, give the difference back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from asv_explain.changes.change import Change as Changed
from asv_explain.changes.evidence import commits_of
from asv_explain.changes.versions import Module, read_versions
from asv_explain.commit_ref import CommitRef
from asv_explain.explanation import Cause, Explanation, Interval, Verdict
from asv_explain.reversal import Change, Outcome, Proof, PutBack, Refusal, Reversal
from asv_explain.trials.measured import Bench, Lab, with_error
from asv_explain.trials.patch import patch_of
from asv_explain.trials.pieces import Piece, pieces_of, tied
from asv_explain.trials.sets import LEAST, Effect, Found, Set, Unit, search
from asv_explain.trials.stand_in import imported_by

__all__ = ["LARGE_PART", "Lab", "asks_for_trials", "reverse", "units_of"]

LARGE_PART = 0.2
"""From this share of the difference on, what no change explains is worth asking the machine."""

# The kinds of causes that no change stands behind.
_UNEXPLAINED = frozenset({"elsewhere", "unchanged"})

_WORD = re.compile(r"[^\W\d]\w*")

MOST_REFUSALS = 20
"""So many sets that could not be put back are told, the smallest first."""


@dataclass(frozen=True, slots=True, eq=False)
class _Course:
    """A search that came to its end.

    Attributes:
        told: what was explained.
        lab: what the trials were made with.
        found: what the search came to.
        units: the pieces of each unit.
        modules: the modules that they are of.
    """

    told: Explanation
    lab: Lab
    found: Found
    units: Sequence[Sequence[Piece]]
    modules: Mapping[str, Module]

    def names(self, units: Iterable[int]) -> tuple[str, ...]:
        """Every piece of some units, as its file and its name."""
        return tuple(piece.title for one in sorted(units) for piece in self.units[one])


def asks_for_trials(told: Explanation, *, wanted: bool) -> bool:
    """Whether changes are to be put back.

    Args:
        told: what was explained.
        wanted: whether the user asks for it; else a large part that no change explains does.
    """
    if told.verdict not in (Verdict.SLOWER, Verdict.FASTER) or told.kind == "track":
        return False
    if told.reversal is not None:
        return wanted and not told.reversal.complete
    unexplained = (one.share for one in told.causes if one.kind in _UNEXPLAINED and not one.noise)
    return wanted or sum(unexplained) >= LARGE_PART


def reverse(told: Explanation, ran: Iterable[str], lab: Lab) -> Explanation:
    """The same explanation with the smallest set of changes that gives the difference back.

    Args:
        told: of a benchmark that got slower or faster, with the difference.
        ran: import paths of modules that are known to have run.
        lab: what the trials are made with.

    Raises:
        GitError: git can't read one of the commits.
        ValueError: there is no difference to give back.
    """
    change = told.ratio if told.kind == "time" else told.difference
    if not change or (told.kind == "time" and change == 1.0):
        raise ValueError("nothing differs")
    start = lab.clock()
    imported = imported_by(lab.suspect, lab.after, lab.plan, lab.runner)
    every = read_versions(lab.repository, told.before, told.after, {*(imported or ()), *ran})
    modules = {path: one for path, one in every.items() if imported is None or path in imported}
    pieces = [piece for module in modules.values() for piece in pieces_of(module)]
    units = [tuple(pieces[place] for place in sorted(group)) for group in tied(pieces)]
    bench = Bench(lab, units, modules, change)
    found = _with_errors(search(units_of(units, told, modules), bench), told)
    course = _Course(told, lab, found, units, modules)
    put = [piece for one in found.units for piece in units[one]]
    result = bench.result(put) if put else "unknown"
    reversal = replace(
        _reversal(course),
        trials=len(bench.rounds),
        seconds=lab.clock() - start,
        result=result,
    )
    causes = tuple(replace(cause, proof=_proof(course, cause)) for cause in told.causes)
    return replace(told, causes=causes, reversal=reversal)


def _with_errors(found: Found, told: Explanation) -> Found:
    """The same with intervals that hold the error of the difference, too."""

    def one(effect: Effect | None) -> Effect | None:
        return None if effect is None else with_error(effect, told)

    return replace(
        found,
        effect=one(found.effect),
        whole=one(found.whole),
        alone={place: with_error(effect, told) for place, effect in found.alone.items()},
        others=tuple((units, with_error(effect, told)) for units, effect in found.others),
    )


def units_of(
    groups: Sequence[Sequence[Piece]], told: Explanation, modules: Mapping[str, Module]
) -> list[Unit]:
    """Units for a search, weighted by what was inferred.

    A cause's share is the weight of its code. The share of what lies *elsewhere* is that of the
    changes which name the classes and functions that the time is in: such a change may make,
    configure or generate them. What is left of the difference is the weight of all changes
    together, each alike.
    """
    weights = [0.0] * len(groups)
    named = [False] * len(groups)
    words = [_words(group, modules) for group in groups]
    for cause in told.causes:
        if cause.kind in _UNEXPLAINED:
            _weigh_mentions(cause, words, weights)
            continue
        mine = _units_of(cause, groups)
        for place in mine:
            weights[place] += max(cause.share, 0.0) / len(mine)
            named[place] = named[place] or not cause.noise
    left = max(1.0 - sum(weights), 1.0 / (len(groups) + 1)) / max(len(groups), 1)
    return [
        Unit(group[0].module, weight + left, name)
        for group, weight, name in zip(groups, weights, named, strict=True)
    ]


def _weigh_mentions(cause: Cause, words: Sequence[frozenset[str]], weights: list[float]) -> None:
    """Add the share of each function that takes longer to the changes that name it or its class."""
    whole = sum(max(one.share, 0.0) for one in cause.details)
    for detail in cause.details:
        parts = [part for part in detail.name.split(".") if not part.startswith(("<", "__"))]
        mine = [place for place, one in enumerate(words) if not one.isdisjoint(parts)]
        for place in mine:
            part = max(detail.share, 0.0) / whole if whole else 0.0
            weights[place] += max(cause.share, 0.0) * part / len(mine)


def _words(group: Sequence[Piece], modules: Mapping[str, Module]) -> frozenset[str]:
    """All names in a unit's code, before and after."""
    words: set[str] = set()
    for one in group:
        after = modules[one.module].after
        lines = [] if after is None else after.text.split("\n")[one.edit.first - 1 : one.edit.last]
        for line in (*lines, *one.edit.lines):
            words.update(_WORD.findall(line))
    return frozenset(words)


def _units_of(cause: Cause, groups: Sequence[Sequence[Piece]]) -> list[int]:
    """The units that hold a cause's own code."""
    name = cause.name.partition(".<locals>.")[0]
    return [
        place
        for place, group in enumerate(groups)
        if any(
            one.module == cause.path and one.name.partition(": ")[0] in (cause.name, name)
            for one in group
        )
    ]


def _proof(course: _Course, cause: Cause) -> Proof | None:
    """What putting a cause's code back says of it; None where that was not tried."""
    mine = _units_of(cause, course.units)
    if len(mine) != 1:
        return None
    alone = frozenset(mine)
    names = course.names(alone)
    effect = course.found.alone.get(mine[0])
    if course.found.units == alone:
        effect = course.found.effect
    if effect is None:
        reason = dict(course.found.failures).get(alone)
        return None if reason is None else Proof(Outcome.CANNOT, names=names, reason=reason)
    outcome = Outcome.OPEN
    if effect.low > 0:
        outcome = Outcome.PROVEN
    elif effect.high < max(LEAST, cause.share / 2):
        outcome = Outcome.REFUTED
    return Proof(outcome, effect.share, Interval(effect.low, effect.high), names)


def _reversal(course: _Course) -> Reversal:
    found = course.found
    refused = sorted(found.failures, key=lambda one: len(one[0]))
    placed = [(one, piece) for one in sorted(found.units) for piece in course.units[one]]
    patch = patch_of(
        (piece for _, piece in placed), course.modules, course.lab.repository, course.told.after
    )
    return Reversal(
        changes=tuple(_change(course, *one) for one in placed),
        share=None if found.effect is None else found.effect.share,
        interval=_interval(found.effect),
        whole=None if found.whole is None else found.whole.share,
        whole_interval=_interval(found.whole),
        others=tuple(_put_back(course, *one) for one in found.others),
        candidates=sum(map(len, course.units)),
        trials=0,
        seconds=0.0,
        complete=found.complete,
        refusals=tuple(
            Refusal(course.names(units), reason) for units, reason in refused[:MOST_REFUSALS]
        ),
        patch=patch,
    )


def _change(course: _Course, unit: int, piece: Piece) -> Change:
    """A member of the set that was found."""
    effect = course.found.alone.get(unit)
    if course.found.units == {unit}:
        effect = course.found.effect
    return Change(
        piece.name,
        piece.module,
        piece.kind,
        None if effect is None else effect.share,
        _interval(effect),
        _commits(course, piece),
        unit,
    )


def _put_back(course: _Course, units: Set, effect: Effect) -> PutBack:
    return PutBack(course.names(units), effect.share, Interval(effect.low, effect.high))


def _interval(effect: Effect | None) -> Interval | None:
    return None if effect is None else Interval(effect.low, effect.high)


def _commits(course: _Course, piece: Piece) -> tuple[CommitRef, ...]:
    """The commits of the range that touched a piece, oldest first."""
    module = course.modules[piece.module]
    told = course.told
    last = max(piece.edit.last, piece.edit.first)
    changed = Changed(
        kind="function",
        name=piece.name,
        path_before=piece.module,
        path_after=piece.module,
        file_before=module.file_before,
        file_after=module.file_after,
        lines_after=(piece.edit.first, last),
    )
    found = commits_of(course.lab.repository, told.before, told.after, changed)
    return tuple(CommitRef(one.commit, one.author, one.date, one.subject) for one in found[::-1])
