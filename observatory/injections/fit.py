"""Finds by measuring how much of a change it takes to slow a benchmark down as far as wanted."""

from __future__ import annotations

import ast
import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from observatory.injections.draw import Draft, parts_of
from observatory.injections.injection import Files, Injection, Name
from observatory.injections.kinds.catalogue import Role
from observatory.injections.kinds.kind import Counts, hot
from observatory.injections.placing import PlacingError
from observatory.injections.plan import Composed, Part, compose
from observatory.injections.steering import STRETCH, is_steered, scaled, steered, stretched
from observatory.injections.truth import TruthError, compare, counts
from observatory.injections.workbench import Workbench

__all__ = ["TOLERANCE", "Fitted", "Fitter", "Tried"]

TOLERANCE = 0.25
"""How far from the size that was wanted an injection may be, as a share of it."""

# Rounds of a comparison, and samples in each of its processes: enough to find an amount by; what
# an injection costs in truth is measured again with more.
_ROUNDS = 2
_SAMPLES = 10
# How often other places are tried where a change does not run or costs nothing.
_ATTEMPTS = 3
# Seconds after which nothing more is measured for one injection.
_LIMIT = 12.0
# What costs less than this where it should cost that much is not run here, or hardly.
_SEEN = 0.05
# How often an amount is checked and corrected.
_CHECKS = 3
# What costs less than this share of the benchmark's time costs nothing that can be told from noise.
_NOTHING = 0.004


@dataclass(frozen=True, slots=True)
class Tried:
    """What was measured on the way.

    Attributes:
        amount: how much of each change.
        size: what they were seen to cost, as shares of the benchmark's time.
    """

    amount: tuple[int, ...]
    size: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Fitted:
    """What came of a draft.

    Attributes:
        injection: what was made of it, None where nothing could be.
        size: the slowdown as last measured.
        reached: whether that is within the tolerance of the size that was wanted.
        tried: what was measured on the way.
        reason: why it is not reached, empty where it is.
    """

    injection: Injection | None
    size: float
    reached: bool
    tried: tuple[Tried, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class _Known:
    """A benchmark of the package as released: its calls, and seconds of one call of it."""

    calls: Counts
    seconds: float


class Fitter:
    """Makes injections of drafts of one subject; what it has seen of a benchmark it keeps.

    Args:
        workbench: the subject's.
    """

    def __init__(self, workbench: Workbench) -> None:
        self._workbench = workbench
        self._known: dict[str, _Known] = {}

    def fit(self, draft: Draft) -> Fitted:
        """Make an injection of a draft.

        Args:
            draft: what is to be made.

        Raises:
            TruthError: the benchmark does not run on the package as released.
        """
        known = self._of(draft.benchmark)
        until = time.monotonic() + _LIMIT
        tried: list[Tried] = []
        reason = "there is no place for it"
        best: Fitted | None = None
        for attempt in range(_ATTEMPTS):
            parts = parts_of(draft, self._workbench.files, known.calls, known.seconds, attempt)
            if not parts or (attempt and time.monotonic() > until):
                break
            try:
                found = self._fit(draft, parts, known, tried, until)
            except (TruthError, PlacingError) as error:
                reason = str(error)
                continue
            if isinstance(found, str):
                reason = found
                continue
            if best is None or _miss(found, draft) < _miss(best, draft):
                best = found
            if found.reached:
                break
        return best or Fitted(None, 0.0, False, tuple(tried), reason)

    def _of(self, benchmark: str) -> _Known:
        if benchmark not in self._known:
            seconds = compare(
                self._workbench, {"released": {}}, benchmark, _ROUNDS, samples=_SAMPLES
            )
            calls = self._counts({}, benchmark)
            self._known[benchmark] = _Known(calls, seconds["released"].seconds)
        return self._known[benchmark]

    def _counts(self, files: Files, benchmark: str) -> Counts:
        """Calls of each function that has its name for itself."""
        found = counts(self._workbench, files, benchmark)
        times = Counter((path, name) for path, name, _ in found)
        return {
            Name(path, name): float(calls)
            for (path, name, _), calls in found.items()
            if times[path, name] == 1
        }

    def _fit(
        self,
        draft: Draft,
        parts: tuple[Part, ...],
        known: _Known,
        tried: list[Tried],
        until: float,
    ) -> Fitted | str:
        """Find the amounts at these places, or say why there are none."""
        files = self._workbench.files
        composed = compose(files, parts)
        named = {name for edit in composed.edits for name in edit.names}
        if not self._does_the_same(composed, named, known, draft.benchmark):
            return "the benchmark does something else with it"
        points = self._points(draft, parts, tried)
        if any(far < _SEEN for _, (_, far) in points.values()):
            return "it costs nothing here"
        parts = steered(draft.size, parts, points)
        for _ in range(_CHECKS):
            composed = compose(files, parts)
            got = self._compare(
                draft.benchmark, {"before": composed.before, "after": composed.after}
            )["after"]
            tried.append(Tried(tuple(part.amount for part in parts), (got,)))
            reached = abs(got / draft.size - 1) <= TOLERANCE
            if reached or time.monotonic() > until:
                break
            if len(points) == 1:
                points[0].append((parts[0].amount, got))
                again = steered(draft.size, parts, points)
            else:
                factor = min(max(draft.size / max(got, _NOTHING), 1 / STRETCH), STRETCH)
                again = tuple(scaled(part, factor) for part in parts)
            if again == parts:
                break
            parts = again
        if got <= _NOTHING:
            return "it costs too little to be measured"
        reason = "" if reached else f"it came to {got:.1%} instead of {draft.size:.0%}"
        return Fitted(_injection(draft, parts, composed), got, reached, tuple(tried), reason)

    def _does_the_same(
        self, composed: Composed, named: set[Name], known: _Known, benchmark: str
    ) -> bool:
        """Whether functions that were not changed are called as often as they were.

        A benchmark has no result to compare, but what it does shows in what it calls. Calls of
        coroutines are left out: they are resumptions, as many as the event loop needs turns.
        """
        after = self._counts(composed.after, benchmark)
        before = self._counts(composed.before, benchmark) if composed.before else known.calls
        plain = {
            Name(path, function.name)
            for path, _, function, _ in hot(self._workbench.files, known.calls)
            if isinstance(function.node, ast.FunctionDef)
        }
        same = (plain - named) & before.keys()
        return all(before[one] == after.get(one) for one in same)

    def _points(
        self, draft: Draft, parts: tuple[Part, ...], tried: list[Tried]
    ) -> dict[int, list[tuple[int, float]]]:
        """What two amounts of each change cost, as shares of what the benchmark takes without any.

        What is to get faster is measured the other way round, as the slowdown that it takes back.
        """
        slowed = tuple(
            replace(one, role=Role.SLOWER) if one.role is Role.FASTER else one for one in parts
        )
        near = compose(self._workbench.files, slowed)
        variants = {"before": near.before}
        far = {n: stretched(one, draft.size) for n, one in enumerate(slowed) if is_steered(one)}
        for number, part in far.items():
            ahead = (*slowed[:number], part, *slowed[number + 1 :])
            variants[f"near {number}"] = near.alone[number]
            variants[f"far {number}"] = compose(self._workbench.files, ahead).alone[number]
        cost = self._compare(draft.benchmark, variants)
        points = {
            number: [
                (slowed[number].amount, cost[f"near {number}"]),
                (part.amount, cost[f"far {number}"]),
            ]
            for number, part in far.items()
        }
        tried += [Tried((at,), (size,)) for one in points.values() for at, size in one]
        return points

    def _compare(self, benchmark: str, variants: Mapping[str, Files]) -> dict[str, float]:
        """What each variant costs more than the first, as a share of that."""
        found = compare(self._workbench, variants, benchmark, _ROUNDS, samples=_SAMPLES)
        return {name: ratio.median - 1 for name, ratio in found.items()}


def _miss(fitted: Fitted, draft: Draft) -> float:
    """How far off an injection is, as a logarithm: half as large is as bad as twice."""
    return abs(math.log(fitted.size / draft.size))


def _injection(draft: Draft, parts: Sequence[Part], composed: Composed) -> Injection:
    """The injection that the parts come to."""
    edits = {
        role: tuple(
            edit for part, edit in zip(parts, composed.edits, strict=True) if part.role is role
        )
        for role in Role
    }
    return Injection(
        key=draft.key,
        subject=draft.subject,
        kind=draft.kind,
        benchmark=draft.benchmark,
        size=draft.size,
        amount=parts[0].amount,
        before=composed.before,
        after=composed.after,
        slower=edits[Role.SLOWER],
        faster=edits[Role.FASTER],
        innocent=edits[Role.INNOCENT],
    )
