"""The way of a benchmark of memory, or of a tracked value, from measurement to explanation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from asv_explain import explanation as form
from asv_explain.explanation import CallChange, Caveat, Explanation
from asv_explain.measuring.confirm_values import ValueConfirmation, confirm_values
from asv_explain.measuring.rounds import Failure, Round, Rounds
from asv_explain.parts import (
    SMALLEST_SHARE,
    Explained,
    changes_between,
    identity,
    pointed,
    rest,
)
from asv_explain.suspect import Suspect
from asv_explain.values.calls import call_changes
from asv_explain.values.memory import MemoryCause, describe, memory_causes
from asv_explain.values.trace import Row, Trace, trace_from_raw

__all__ = ["explain_values"]

FREED = 0.5
"""Below this share of its value, an object's memory was not freed when the benchmark let it go:
something else holds it."""

OUTSIDE = 0.05
"""From this share of the difference on, a residual is worth a word."""


def explain_values(suspect: Suspect, rounds: Rounds, repository: Path, factor: float) -> Explained:
    """Say which lines hold more memory than before, or which calls a tracked value comes with.

    Args:
        suspect: what was measured.
        rounds: what measuring yielded, of another kind than time.
        repository: the repository of both commits; only its history is read.
        factor: the smallest ratio that counts.

    Raises:
        WireError: a trace is not of the harness's form.
        GitError: git can't read one of the commits.
        ConservationError: a stage lost or made up memory, which is a mistake of ours.
    """
    answer = confirm_values(rounds, factor)
    causes: Sequence[form.Cause] = ()
    calls: tuple[CallChange, ...] = ()
    caveats = list(answer.caveats)
    failed = rounds.traced.failure or rounds.profiled.failure
    if failed is not None:
        caveats.append(_untraced(*failed))
    elif rounds.kind == "track":
        calls = _calls(suspect, rounds, repository)
    elif rounds.traced.before and answer.difference is not None:
        causes, doubts = _causes(suspect, rounds, answer, repository)
        caveats += doubts
    if rounds.kind == "track" and answer.verdict in (form.Verdict.SLOWER, form.Verdict.FASTER):
        caveats.append(_TRACKED)
    residual = None
    if answer.difference is not None:
        residual = answer.difference - sum(one.amount for one in causes)
    return Explained(
        Explanation(
            **_about(suspect, rounds, answer),
            difference=answer.difference,
            causes=tuple(causes),
            residual=residual,
            async_tax=None,
            caveats=tuple(caveats),
            calls=calls,
        )
    )


_TRACKED = Caveat(
    "tracked",
    "a tracked value can't be attributed to code: only the benchmark knows how it arises",
    "look at what is called more or less often, or measure what is behind the value with a time_, "
    "mem_ or peakmem_ benchmark",
)


def _untraced(side: str, failure: Failure) -> Caveat:
    if failure.kind == "untraceable":
        text = f"what caused the difference is unknown: {failure.text}"
        return Caveat("untraceable", text, "choose an environment with CPython by -E")
    text = f"looking for the cause failed {side} the change: {failure.text}"
    if failure.kind == "timeout":
        return Caveat("trace", text, "raise the benchmark's timeout, as tracing takes longer")
    return Caveat("trace", text, "see that it runs under tracemalloc and sys.setprofile")


def _about(suspect: Suspect, rounds: Rounds, answer: ValueConfirmation) -> dict[str, Any]:
    ratio = answer.ratio
    return {
        **identity(suspect, rounds.kind, rounds.unit),
        "verdict": answer.verdict,
        "ratio": None if ratio is None else ratio.ratio,
        "interval": None if ratio is None else ratio.interval,
        "confidence": answer.confidence,
        "rounds_before": _figures(rounds.valued.before),
        "rounds_after": _figures(rounds.valued.after),
    }


def _figures(rounds: Sequence[Round]) -> form.Rounds:
    return form.Rounds(tuple(one.value for one in rounds if one.value is not None), (), ())


def _calls(suspect: Suspect, rounds: Rounds, repository: Path) -> tuple[CallChange, ...]:
    sides = [
        [one.profile for one in side if one.profile is not None]
        for side in (rounds.profiled.before, rounds.profiled.after)
    ]
    if not all(sides):
        return ()
    (before, *_), (after, *_) = sides
    functions = (*before.functions, *after.functions)
    paths = {function.path for function in functions if function.home == "site"}
    return call_changes(before, after, changes_between(suspect, repository, paths).renames)


def _causes(
    suspect: Suspect, rounds: Rounds, answer: ValueConfirmation, repository: Path
) -> tuple[list[form.Cause], list[Caveat]]:
    traces = [
        trace_from_raw(side[0].trace or {}) for side in (rounds.traced.before, rounds.traced.after)
    ]
    caveats = []
    difference = answer.difference or 0.0
    if rounds.kind == "mem":
        start = answer.before or 0.0
        values = (round(start), round(start + difference))
        pairs = list(zip(traces, values, strict=True))
        if any(trace.total < FREED * value for trace, value in pairs):
            traces = [_as_made(trace, value) for trace, value in pairs]
            caveats.append(_HELD)
    elif not all(trace.peak for trace in traces):
        return [], [_UNSTABLE]
    elif any(trace.temporary > OUTSIDE * trace.peak for trace in traces):
        caveats.append(_BRIEF)
    before, after = traces
    paths = {one.path for trace in traces for one in trace.functions if one.home == "site"}
    changes = changes_between(suspect, repository, paths)
    every = memory_causes(before, after, changes)
    told = [one for one in every if abs(one.amount) >= max(SMALLEST_SHARE * abs(difference), 1)]
    small = [one.amount for one in every if one.amount and one not in told]
    causes = [_cause(suspect, repository, one, difference) for one in told]
    if small:
        total = float(sum(small))
        causes.append(rest(len(small), total, total / difference if difference else 0.0))
    outside = difference - sum(one.amount for one in causes)
    if abs(outside) > OUTSIDE * abs(difference):
        caveats.append(_OUTSIDE)
    return causes, caveats


_HELD = Caveat(
    "held",
    "something else than the benchmark's result holds the object, so its memory counts as a whole "
    "at the line that made it",
    "let the benchmark make the object and hold it nowhere else",
)
_UNSTABLE = Caveat(
    "unstable",
    "the peak was not reached again when what is alive at it was to be recorded",
    "make the benchmark do the same in each process, such as by a fixed seed",
)
_BRIEF = Caveat(
    "brief",
    "some of the memory at the peak was freed again within one line or call, which it counts for",
    "split what that line does over several lines, if it is not plain which part takes the memory",
)
_OUTSIDE = Caveat(
    "outside",
    "the residual is memory that tracemalloc doesn't see: that of C libraries, the allocator's own "
    "need, and pages only partly in use",
    "compare peakmem_ with mem_ benchmarks of the objects concerned, or run memray --native",
)


def _as_made(trace: Trace, value: int) -> Trace:
    """The whole value as one block, of the line that made the object."""
    return Trace(trace.functions, (Row(value, 1, trace.origin),), trace.peak, 0, trace.origin)


def _cause(suspect: Suspect, repository: Path, cause: MemoryCause, difference: float) -> form.Cause:
    sizes, blocks = cause.size, cause.blocks
    return form.Cause(
        name=cause.name,
        path=cause.path,
        kind=cause.kind,
        account=describe(cause),
        amount=float(cause.amount),
        interval=None,
        share=cause.amount / difference if difference else 0.0,
        count_before=float(blocks[0]),
        count_after=float(blocks[1]),
        price_before=sizes[0] / blocks[0] if blocks[0] else 0.0,
        price_after=sizes[1] / blocks[1] if blocks[1] else 0.0,
        **pointed(suspect, repository, cause.change),
        lines=tuple(
            one
            for one in cause.lines
            if abs(one.bytes_after - one.bytes_before) >= SMALLEST_SHARE * abs(cause.amount)
        ),
    )
