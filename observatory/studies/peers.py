"""What people do today, on the same injections: python -m observatory.studies.peers.

asv's own profile, pyinstrument and py-spy look at both sides of each injection of the accuracy
study, and the difference is sorted by own and by cumulative time. The scores are the hook's.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec

from observatory.injections.placing import PlacingError
from observatory.injections.subjects import SubjectError
from observatory.injections.workbench import Workbench, WorkbenchError
from observatory.studies.accuracy import accuracy_records, scored
from observatory.studies.answers import Answer, kept_answer
from observatory.studies.injected import Case, Stages, kept_injection, made_cases, make_trials
from observatory.studies.peer_profiles import ORDERS, Functions, PeerError, Seen, blamed
from observatory.studies.peer_runs import PEERS, SECONDS, Side
from observatory.studies.rates import Rate
from observatory.studies.records import Records
from observatory.studies.score_sheets import size_name
from observatory.studies.scores import LARGE, Score, Scores, score, scores
from observatory.studies.sheets import Sheet, Target, show, targets_sheet
from observatory.studies.trials import (
    Asked,
    command_line,
    run_study,
    write_summary,
)

__all__ = ["main"]

STUDY = "peers"

NUMBER = 1000
"""At most so many injections; there are as many as the accuracy study has made."""

SAMPLE = 2

HOOK = "asv-explain"

NOTE = (
    "Percent, with Wilson's 95 % interval: the first cause is right; it is right within the first "
    "three; the stated share of the slowdown is within ±20 % of the truth; the true share lies in "
    "the stated 95 % interval. A profiler states no verdict and no interval: whoever sorts two of "
    "its profiles is taken to know that the benchmark got slower, and asv-explain has nothing "
    "right where it does not say so."
)

ALL, PACKAGE = "all", "package"

READERS = {ALL: "", PACKAGE: ", package alone"}
"""Who reads a sorted profile: somebody who takes it as it is printed, and somebody who leaves out
all that is not of the package, as the commit can't have changed it; how the tables tell them."""

BEHIND = ("first", "three", "near")
"""The scores that every tool has."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the trials that are not there yet, print the tables, and return the exit status."""
    asked, _ = command_line(
        STUDY,
        "Have other profilers look at the injections of the accuracy study, which has to be made "
        "first with the same --out and --seed.",
        arguments,
        number=NUMBER,
        sample=SAMPLE,
        unit="injections",
    )
    return run_study(STUDY, lambda: _study(asked), (SubjectError, WorkbenchError))


def _study(asked: Asked) -> None:
    every = made_cases(asked, accuracy_records(asked))[: asked.number]
    records = asked.records(seconds=SECONDS)
    make_trials(asked, every, records, _trial)
    tools = _scored(every, records)
    sheets = [*_scores_sheets(tools), _sizes_sheet(tools), _failures_sheet(records)]
    targets = [_target(tools)]
    figures = {
        "tools": {name: scores(found).told() for name, found in tools.items()},
        "by_size": {
            name: {
                str(size): scores(one for one in found if one.size_class == size).told()
                for size in _sizes(found)
            }
            for name, found in tools.items()
        },
    }
    show([*sheets, targets_sheet(targets)])
    path = write_summary(asked, records, figures, sheets, targets)
    sys.stderr.write(f"written: {path}\n")


def _trial(case: Case, workbench: Workbench) -> dict[str, Any]:
    """Have every profiler look at both sides."""
    stages = Stages()
    answers: dict[str, Any] = {}
    failed: dict[str, str] = {}
    pair = workbench.pair(kept_injection(case.trial, workbench))
    try:
        with workbench.install(workbench.environment, pair) as installed:
            sides = [
                Side(one.python, Functions(workbench.tree(commit), one.benchmark_dir))
                for one, commit in zip(installed, pair, strict=True)
            ]
            paths = {path for side in sides for path in side.functions.files}
            for name, look in PEERS.items():
                try:
                    with stages.stage(name):
                        before, after = (look(side, case.benchmark, SECONDS) for side in sides)
                    answers[name] = _answers(before, after, paths)
                except PeerError as error:
                    failed[name] = str(error)
    except PlacingError as error:
        failed = dict.fromkeys(PEERS, str(error))
    return {"answers": answers, "failed": failed, "seconds": stages.seconds}


def _answers(before: Seen, after: Seen, paths: Collection[str]) -> dict[str, Any]:
    """Whom each reader blames by each way of sorting, and how long either side took in all."""
    told: dict[str, Any] = {"seconds": [before.whole, after.whole]}
    sides = {ALL: (before, after), PACKAGE: (before.within(paths), after.within(paths))}
    for reader, pair in sides.items():
        told[reader] = {order: msgspec.to_builtins(blamed(*pair, order)) for order in ORDERS}
    return told


def _scored(every: Sequence[Case], records: Records) -> Mapping[str, Sequence[Score]]:
    """The scores of each tool, the hook's first, all on the same injections.

    A tool that failed on an injection has nothing right of it.
    """
    there = [case for case in every if case.key in records]
    tools: dict[str, list[Score]] = {HOOK: [scored(case) for case in there]}
    for name, reader, order in itertools.product(PEERS, READERS, ORDERS):
        tools[f"{name}, by {order} time{READERS[reader]}"] = [
            score(
                case.key,
                case.subject,
                case.kind,
                case.truth,
                _answer(records[case.key]["answers"].get(name), reader, order),
            )
            for case in there
        ]
    return tools


def _answer(kept: Mapping[str, Any] | None, reader: str, order: str) -> Answer:
    """What a reader was told; nothing where the profiler failed."""
    return Answer("unknown", ()) if kept is None else kept_answer(kept[reader][order])


def _scores_sheets(tools: Mapping[str, Sequence[Score]]) -> list[Sheet]:
    """The scores of each tool on all injections, and on those that the hook calls slower."""
    called = {one.key for one in tools[HOOK] if one.verdict == "slower"}
    some = {name: [one for one in found if one.key in called] for name, found in tools.items()}
    return [
        _scores_sheet("All tools on the same injections", tools, NOTE),
        _scores_sheet(f"On those that {HOOK} says got slower", some),
    ]


def _scores_sheet(title: str, tools: Mapping[str, Sequence[Score]], note: str = "") -> Sheet:
    rows = []
    for name, found in tools.items():
        told = scores(found)
        figures = (told.first, told.three, told.near, told.held)
        rows.append((name, str(told.first.trials), *(one.brief for one in figures)))
    return Sheet(
        title, ("tool", "cases", "first", "in three", "share", "interval"), tuple(rows), note
    )


def _sizes_sheet(tools: Mapping[str, Sequence[Score]]) -> Sheet:
    """How often the first cause is right, by size."""
    sizes = _sizes(tools[HOOK])
    large = f"{size_name(LARGE)} and more"
    rows = []
    for name, found in tools.items():
        groups = [[one for one in found if one.size_class == size] for size in sizes]
        groups.append([one for one in found if one.size_class >= LARGE])
        rows.append((name, *(scores(group).first.brief for group in groups)))
    return Sheet(
        "First cause right, by size of the slowdown",
        ("tool", *(size_name(size) for size in sizes), large),
        tuple(rows),
    )


def _failures_sheet(records: Records) -> Sheet:
    rows = [
        (key, name, why) for key in records for name, why in sorted(records[key]["failed"].items())
    ]
    return Sheet("Where a profiler failed", ("injection", "tool", "why"), tuple(rows))


def _sizes(found: Sequence[Score]) -> list[float]:
    return sorted({one.size_class for one in found})


def _target(tools: Mapping[str, Sequence[Score]]) -> Target:
    """Every peer behind on every score that it has."""
    counted = {name: scores(found) for name, found in tools.items()}
    hook = counted.pop(HOOK)
    what, wanted = "every peer behind on every score", "all"
    if not hook.first.trials:
        return Target(what, wanted, "none", None)
    ahead = {
        name: [which for which in BEHIND if _hits(found, which) >= _hits(hook, which)]
        for name, found in counted.items()
    }
    told = "; ".join(f"{name}: {', '.join(which)}" for name, which in ahead.items() if which)
    if told:
        return Target(what, wanted, f"not behind: {told}", met=False)
    return Target(what, wanted, f"all behind in {', '.join(BEHIND)}", met=True)


def _hits(found: Scores, which: str) -> int:
    told: Rate = getattr(found, which)
    return told.hits


if __name__ == "__main__":
    sys.exit(main())
