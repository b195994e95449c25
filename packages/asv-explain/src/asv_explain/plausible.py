"""What no explanation can say, whoever wrote it: impossible figures, and paths that lead out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asv_explain.bisection import Bisection
    from asv_explain.explanation import (
        Cause,
        Detail,
        Explanation,
        Interval,
        LineCost,
        Place,
        Rounds,
        Sampling,
        ThreadCost,
    )
    from asv_explain.reversal import Proof, Reversal

__all__ = ["LARGEST_FIGURE", "MOST_LINES", "climbs", "implausible"]

LARGEST_FIGURE = 1e150
"""No figure lies further from 0: beyond, products of two of them are endless."""

LEAST_DIFFERENCE = 1e-150
"""No difference but 0 lies nearer to it: what is divided by less is endless."""

MOST_LINES = 1000
"""Lines of a source that is kept with a cause: comparing many more would take for ever. What is
written has fewer than half."""

Named = tuple[str, float | None]


def climbs(path: str) -> bool:
    """Whether a path, which should lie below a home, leads out of it or is none at all."""
    parts = path.replace("\\", "/").split("/")
    return "\0" in path or ".." in parts or path[:1] in ("/", "\\")


def implausible(told: Explanation) -> str | None:
    """Say where an explanation holds what can't be, in one line; None if it holds nothing of it.

    Args:
        told: an explanation whose fields are of the right types.
    """
    return next(_problems(told), None)


def _problems(told: Explanation) -> Iterator[str]:
    if told.kind == "unknown" and told.verdict.value != "unknown":
        yield f"it is {told.verdict.value}, of what is not known"
    if told.difference and abs(told.difference) < LEAST_DIFFERENCE:
        yield "difference is none that was measured"
    whole = [*_interval("interval", told.interval)]
    yield from _beyond(
        [("difference", told.difference), ("residual", told.residual)],
        [("async_tax", told.async_tax), ("ratio", told.ratio), *whole],
    )
    yield from _disordered("interval", told.interval)
    yield from _improbable(told.confidence)
    yield from _negative([("ratio", told.ratio), *whole])
    for side, rounds in (("before", told.rounds_before), ("after", told.rounds_after)):
        yield from _rounds(f"rounds_{side}", rounds, told.kind == "time")
    for number, cause in enumerate(told.causes):
        yield from _cause(f"causes[{number}]", cause)
    for number, call in enumerate(told.calls):
        where = f"calls[{number}]"
        counts = [("calls_before", call.calls_before), ("calls_after", call.calls_after)]
        yield from _within(where, _negative(counts), _beyond(counts))
        yield from _path(f"{where}.path", call.path)
    for name, sampling in (
        ("sampling_before", told.sampling_before),
        ("sampling_after", told.sampling_after),
    ):
        if sampling is not None:
            yield from _within(name, _sampling(sampling))
    for number, thread in enumerate(told.threads):
        where = f"threads[{number}]"
        spent = _seconds(thread)
        yield from _within(where, _negative(spent), _beyond(spent))
        yield from _path(f"{where}.path", thread.path)
    if told.bisection is not None:
        yield from _within("bisection", _bisection(told.bisection))
    if told.reversal is not None:
        yield from _within("reversal", _reversal(told.reversal))


def _cause(where: str, cause: Cause) -> Iterator[str]:
    counts: list[Named] = [
        ("count_before", cause.count_before),
        ("count_after", cause.count_after),
        ("price_before", cause.price_before),
        ("price_after", cause.price_after),
    ]
    rest: list[Named] = [
        ("amount", cause.amount),
        ("share", cause.share),
        ("waiting", cause.waiting),
    ]
    ends = _interval("interval", cause.interval)
    yield from _within(where, _negative(counts), _beyond(counts, rest, ends))
    yield from _within(where, _disordered("interval", cause.interval))
    yield from _path(f"{where}.path", cause.path)
    yield from _places(where, cause.before, cause.after)
    for name in ("source_before", "source_after"):
        if getattr(cause, name).count("\n") > MOST_LINES:
            yield f"{where}.{name} has more than {MOST_LINES} lines"
    for number, line in enumerate(cause.lines):
        held: list[Named] = [
            ("bytes_before", line.bytes_before),
            ("bytes_after", line.bytes_after),
            ("blocks_before", line.blocks_before),
            ("blocks_after", line.blocks_after),
        ]
        yield from _within(f"{where}.lines[{number}]", _negative(held), _beyond(held))
        yield from _places(f"{where}.lines[{number}]", line.before, line.after)
    for number, cost in enumerate(cause.line_costs):
        named: list[Named] = [*_seconds(cost), ("before", cost.before), ("after", cost.after)]
        yield from _within(f"{where}.line_costs[{number}]", _negative(named), _beyond(named))
    for number, detail in enumerate(cause.details):
        yield from _within(f"{where}.details[{number}]", _detail(detail))
    if cause.proof is not None:
        yield from _within(f"{where}.proof", _proof(cause.proof))


def _seconds(one: LineCost | ThreadCost) -> list[Named]:
    return [("seconds_before", one.seconds_before), ("seconds_after", one.seconds_after)]


def _detail(detail: Detail) -> Iterator[str]:
    counts: list[Named] = [
        ("calls_before", detail.calls_before),
        ("calls_after", detail.calls_after),
    ]
    yield from _negative(counts)
    yield from _beyond(counts, [("amount", detail.amount), ("share", detail.share)])
    yield from _path("path", detail.path)


def _sampling(sampling: Sampling) -> Iterator[str]:
    figures: list[Named] = [
        ("rounds", sampling.rounds),
        ("samples", sampling.samples),
        ("rate", sampling.rate),
        ("slowdown", sampling.slowdown),
        ("waiting", sampling.waiting),
        ("counted", sampling.counted),
    ]
    yield from _negative(figures)
    yield from _beyond(figures)


def _proof(proof: Proof) -> Iterator[str]:
    yield from _beyond([("share", proof.share)], _interval("interval", proof.interval))
    yield from _disordered("interval", proof.interval)


def _reversal(found: Reversal) -> Iterator[str]:
    counts: list[Named] = [
        ("candidates", found.candidates),
        ("trials", found.trials),
        ("seconds", found.seconds),
    ]
    yield from _negative(counts)
    yield from _improbable(found.confidence)
    shares = [
        ("", found.share, found.interval),
        ("whole_", found.whole, found.whole_interval),
        *((f"changes[{n}].", one.share, one.interval) for n, one in enumerate(found.changes)),
        *((f"others[{n}].", one.share, one.interval) for n, one in enumerate(found.others)),
    ]
    for where, share, interval in shares:
        named: list[Named] = [(f"{where}share", share)]
        yield from _beyond(counts, named, _interval(f"{where}interval", interval))
        yield from _disordered(f"{where}interval", interval)
    for number, change in enumerate(found.changes):
        yield from _path(f"changes[{number}].path", change.path)


def _bisection(search: Bisection) -> Iterator[str]:
    if not search.suspected or search.commits < 1:
        yield "suspected names no commit"
    figures: list[Named] = [("commits", search.commits), ("ratio", search.ratio)]
    figures += _interval("interval", search.interval)
    for number, one in enumerate(search.measured):
        figures += [(f"measured[{number}].ratio", one.ratio)]
        figures += _interval(f"measured[{number}].interval", one.interval)
        yield from _disordered(f"measured[{number}].interval", one.interval)
    shares: list[Named] = [("share", search.share)]
    shares += _interval("share_interval", search.share_interval)
    shares += [] if search.rest is None else [("rest.share", search.rest.share)]
    yield from _negative(figures)
    yield from _beyond(figures, shares)
    yield from _improbable(search.confidence)
    yield from _disordered("interval", search.interval)
    yield from _disordered("share_interval", search.share_interval)


def _rounds(where: str, rounds: Rounds, timed: bool) -> Iterator[str]:
    values = [(f"values[{number}]", value) for number, value in enumerate(rounds.values)]
    more: list[Named] = [(f"cpu[{number}]", value) for number, value in enumerate(rounds.cpu)]
    more += [(f"instructions[{number}]", one) for number, one in enumerate(rounds.instructions)]
    more += [(f"ratios[{number}]", one) for number, one in enumerate(rounds.ratios)]
    more += [(f"cpu_ratios[{number}]", one) for number, one in enumerate(rounds.cpu_ratios)]
    # A tracked value may lie below nothing; a time may not.
    yield from _within(where, _negative(values if timed else []), _negative(more))
    yield from _within(where, _beyond(values, more))


def _interval(name: str, found: Interval | None) -> list[Named]:
    return [] if found is None else [(f"{name}.low", found.low), (f"{name}.high", found.high)]


def _within(where: str, *problems: Iterable[str]) -> Iterator[str]:
    for every in problems:
        for one in every:
            yield f"{where}.{one}"


def _disordered(name: str, found: Interval | None) -> Iterator[str]:
    if found is not None and found.low > found.high:
        yield f"{name} ends before it begins"


def _improbable(confidence: float) -> Iterator[str]:
    if not 0 < confidence < 1:
        yield "confidence is no probability of an interval"


def _negative(figures: Iterable[Named]) -> Iterator[str]:
    for name, value in figures:
        if value is not None and value < 0:
            yield f"{name} is below 0"


def _beyond(*figures: Iterable[Named]) -> Iterator[str]:
    for every in figures:
        for name, value in every:
            # What is no number is in no order either.
            if value is not None and not abs(value) <= LARGEST_FIGURE:
                yield f"{name} is no figure that was measured"


def _places(where: str, *places: Place | None) -> Iterator[str]:
    for name, place in zip(("before", "after"), places, strict=True):
        if place is not None:
            yield from _path(f"{where}.{name}.file", place.file)
            if not 0 <= place.line <= LARGEST_FIGURE:
                yield f"{where}.{name}.line is no line"


def _path(where: str, path: str) -> Iterator[str]:
    if climbs(path):
        yield f"{where} leads out of its folder"
