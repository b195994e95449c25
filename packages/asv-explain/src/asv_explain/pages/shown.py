"""What a page shows of an explanation: every text and figure of it, ready to be set."""

from __future__ import annotations

from dataclasses import dataclass

from asv_explain.explanation import BYTES, SECONDS, Cause, CommitRef, Explanation, Place
from asv_explain.pages.assets import listed
from asv_explain.pages.code import Line, diff, sources
from asv_explain.pages.words import KINDS
from asv_explain.reports.costs import detail_lines, sampling_sentence, waiting
from asv_explain.reports.put_back import proof_short
from asv_explain.reports.text import amount, calls
from asv_explain.reports.uncertainty import cause_amount, share

__all__ = ["CauseView", "Measured", "Round", "Side", "cause_view", "measured", "noise"]


@dataclass(frozen=True, slots=True)
class Side:
    """The source of a cause on one side.

    Attributes:
        name: before or after.
        place: file and line; empty where it stands nowhere.
        lines: the source; empty where it was not kept.
        missing: what is said in place of the source.
    """

    name: str
    place: str
    lines: tuple[Line, ...]
    missing: str


@dataclass(frozen=True, slots=True)
class LineView:
    """A line that allocates, with what it holds on both sides."""

    text: str
    place: str
    via: str
    held: str
    blocks: str


@dataclass(frozen=True, slots=True)
class CauseView:
    """One row of the table of causes, and what it opens to.

    Attributes:
        name: its name.
        path: its file; empty for what stands in none.
        kind: how it changed, in a word.
        meaning: the same in words.
        account: how the cost arises.
        share: its share and the uncertainty of that.
        bar: the share in percent, as far as a bar can show it.
        amount: its part of the difference.
        noise: what is said where it can't be told from nothing; else empty.
        outcome: what putting it back says of it, in a word; empty where that was not tried.
        proof: the same in a few words.
        waiting: how much of it passed in waiting; empty where that is little.
        details: what of it lies in other functions.
        counts: calls or blocks, before and after.
        costs: the cost of a call or the size of a block, before and after.
        diff: the part of the diff.
        commits: who changed it.
        sides: its source before and after.
        lines: of memory, the lines that it allocates through.
    """

    name: str
    path: str
    kind: str
    meaning: str
    account: str
    share: str
    bar: str
    amount: str
    noise: str
    outcome: str
    proof: str
    waiting: str
    details: tuple[str, ...]
    counts: str
    costs: str
    diff: tuple[Line, ...]
    commits: tuple[CommitRef, ...]
    sides: tuple[Side, ...]
    lines: tuple[LineView, ...]

    @property
    def holds(self) -> str:
        """What the row opens to."""
        parts = ["lines"] if self.lines else []
        parts += ["diff"] if self.diff else []
        if self.commits:
            parts.append("commit" if len(self.commits) == 1 else f"{len(self.commits)} commits")
        parts += ["source"] if any(side.lines for side in self.sides) else []
        text = listed(parts)
        return text[:1].upper() + text[1:]


def cause_view(cause: Cause, explanation: Explanation) -> CauseView:
    """A cause as it is shown."""
    unit = explanation.unit
    counted = bool(cause.count_before or cause.count_after)
    before, after = sources(cause)
    sides = (
        Side("before", _place(cause.before), before, _missing(cause.before, "it is new")),
        Side("after", _place(cause.after), after, _missing(cause.after, "it is gone")),
    )
    told = share(cause, explanation.difference or 0.0)
    return CauseView(
        name=cause.name,
        path=cause.path,
        kind=cause.kind,
        meaning=KINDS.get(cause.kind, ""),
        account=cause.account,
        share=told.removesuffix(", within noise"),
        bar=f"{min(max(cause.share, 0.0), 1.0) * 100:.1f}",
        amount=cause_amount(cause, unit),
        noise=noise(cause),
        outcome="" if cause.proof is None else cause.proof.outcome.value,
        proof="" if cause.proof is None else proof_short(cause.proof),
        waiting=waiting(cause),
        details=detail_lines(cause),
        counts=f"{calls(cause.count_before)} → {calls(cause.count_after)}" if counted else "",
        costs=_costs(cause, unit) if counted else "",
        diff=diff(cause),
        commits=cause.commits,
        sides=sides if cause.before or cause.after else (),
        lines=tuple(
            LineView(
                text=line.text,
                place=_place(line.after or line.before),
                via=line.via,
                held=f"{amount(line.bytes_before, BYTES)} → {amount(line.bytes_after, BYTES)}",
                blocks=f"{line.blocks_before:,} → {line.blocks_after:,}",
            )
            for line in cause.lines
        ),
    )


def noise(cause: Cause) -> str:
    """What is said of a cause that can't be told from nothing; else empty."""
    return "within noise: it may be nothing at all" if cause.noise else ""


def _costs(cause: Cause, unit: str) -> str:
    return f"{amount(cause.price_before, unit)} → {amount(cause.price_after, unit)}"


def _place(place: Place | None) -> str:
    return "" if place is None else f"{place.file}:{place.line}"


def _missing(place: Place | None, why: str) -> str:
    return f"Not there: {why}." if place is None else "Its source was not kept."


@dataclass(frozen=True, slots=True)
class Round:
    """One pair of rounds, side by side."""

    number: int
    before: str
    after: str
    ratio: str


@dataclass(frozen=True, slots=True)
class Measured:
    """How it was measured.

    Attributes:
        rounds: the pairs of rounds.
        facts: of machine and interpreter, by name.
        sampling: what the times of functions come from, in one sentence; empty where none were.
        counted: how many calls were counted; empty where none were.
        threads: functions that other threads ran, with their file and their time before and after.
        tax: what coroutines cost that were plain calls; empty where nothing turned async.
    """

    rounds: tuple[Round, ...]
    facts: tuple[tuple[str, str], ...]
    sampling: str
    counted: str
    threads: tuple[tuple[str, str, str, str], ...]
    tax: str


def measured(explanation: Explanation) -> Measured:
    """How an explanation was measured."""
    unit = explanation.unit
    pairs = zip(*explanation.decisive, strict=False)
    return Measured(
        rounds=tuple(
            Round(
                number,
                amount(before, unit),
                amount(after, unit),
                f"{after / before:.3f}" if before > 0 else "",
            )
            for number, (before, after) in enumerate(pairs, start=1)
        ),
        facts=(
            ("Machine", explanation.machine),
            *(
                (_FACTS.get(name, name), _fact(name, value))
                for name, value in explanation.facts.items()
                if name != "machine"
            ),
            ("Environment", explanation.environment),
        ),
        sampling=sampling_sentence(explanation),
        counted=_counted(explanation),
        threads=tuple(
            (one.name, one.path, amount(one.seconds_before), amount(one.seconds_after))
            for one in explanation.threads
        ),
        tax=""
        if explanation.async_tax is None
        else amount(explanation.async_tax, SECONDS, sign=True),
    )


# What asv calls a fact of a machine, and what a reader does.
_FACTS = {
    "arch": "Architecture",
    "cpu": "Processor",
    "num_cpu": "Cores",
    "os": "System",
    "ram": "Memory",
    "python": "Python",
    "implementation": "Interpreter",
}


def _fact(name: str, value: str) -> str:
    # asv tells the memory of a machine in bytes, unless its owner wrote something else.
    ram = name == "ram" and value.isascii() and value.isdigit()
    return amount(int(value), BYTES) if ram else value


def _counted(explanation: Explanation) -> str:
    sides = (explanation.sampling_before, explanation.sampling_after)
    return " → ".join(calls(one.counted) for one in sides if one is not None)
