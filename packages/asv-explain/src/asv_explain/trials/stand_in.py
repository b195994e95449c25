"""Measures the later commit in turns with itself, once with some of its code as it was before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from asv_explain.measuring.measure import sides_in, take_turns
from asv_explain.measuring.process import Runner
from asv_explain.measuring.rounds import Rounds
from asv_explain.measuring.session import Plan, Prepared, Session, Side, Stop
from asv_explain.reversal import Result
from asv_explain.scratch import roomy, scratch
from asv_explain.suspect import Installed, Suspect

__all__ = ["StandIn", "imported_by", "same_result", "try_with"]


@dataclass(frozen=True, slots=True)
class StandIn:
    """A module's source as it is installed, and the one that is to run in its place."""

    installed: str
    text: str


def try_with(
    suspect: Suspect,
    after: Installed,
    modules: Mapping[str, StandIn],
    plan: Plan,
    runner: Runner,
    clock: Callable[[], float],
    settled: Callable[[Rounds], bool],
    known: Prepared | None = None,
) -> tuple[Rounds, Prepared | None]:
    """Measure the later commit with other sources in some modules against itself.

    Both sides import the modules from a text, so that all that differs is what the text says. No
    file of the commit is changed.

    Args:
        suspect: The benchmark and its parameters.
        after: The later commit, installed.
        modules: The modules by their import paths, the one that must be imported first.
        plan: How much to measure; of it, the budget is for timing alone.
        runner: Runs one process.
        clock: Gives seconds, from whenever.
        settled: Tells of the rounds so far whether they are enough.
        known: What an earlier call gave beside its rounds, so that it need not be learnt again.

    Returns:
        The rounds of the commit as it is, and beside them those with the other sources, with what
        couldn't be measured and its failure among them; and what a later call may be given.
    """
    start = clock()
    with scratch() as folder:
        session = _session(folder, suspect, after, modules, plan, runner)

        def take(sides: tuple[Side, Side]) -> None:
            if session.kind == "time":
                session.time(sides, number)
            else:
                session.value(sides)

        try:
            if known is None:
                # Whether the code can stand at all is known soonest from the side that has it.
                session.prepare(session.after)
                session.prepare(session.before)
                number = session.number() if session.kind == "time" else 1
                known = session.prepared(number)
            else:
                session.take_over(known)
                number = known.number
            budget = plan.budget - (clock() - start)
            take_turns(session, take, plan.rounds, lambda: settled(session.rounds), clock, budget)
        except Stop:
            return session.rounds, known
        return session.rounds, known


def same_result(
    suspect: Suspect,
    after: Installed,
    modules: Mapping[str, StandIn],
    plan: Plan,
    runner: Runner,
) -> Result:
    """Whether the later commit returns the same with other sources in some modules.

    Args:
        suspect: The benchmark and its parameters.
        after: The later commit, installed.
        modules: The modules by their import paths.
        plan: Whose timeout counts.
        runner: Runs one process.

    Returns:
        "unknown" also where the later commit returns something else each time.
    """
    with scratch() as folder:
        session = _session(folder, suspect, after, modules, plan, runner)
        try:
            for side in (session.before, session.after):
                session.prepare(side)
        except Stop:
            return "unknown"
        first, second = (session.result(session.before) for _ in range(2))
        if first is None or first != second:
            return "unknown"
        return "same" if session.result(session.after) == first else "other"


def _session(
    folder: Path,
    suspect: Suspect,
    after: Installed,
    modules: Mapping[str, StandIn],
    plan: Plan,
    runner: Runner,
) -> Session:
    """Both sides in a folder: the commit as it is, and beside it with the other sources."""
    sides = sides_in(folder, (after, after), plan)
    for side, changed in zip(sides, (False, True), strict=True):
        side.stand_in = folder / f"{side.folder.name}.json"
        with roomy(folder):
            side.stand_in.write_text(_request(modules, changed=changed), encoding="utf-8")
    return Session(suspect, sides, plan, runner)


def _request(modules: Mapping[str, StandIn], *, changed: bool) -> str:
    """What the harness reads of one side's sources."""
    listed = [
        {
            "path": path,
            "text": one.text if changed else one.installed,
            "digest": hashlib.blake2b(one.installed.encode("utf-8", "surrogatepass")).hexdigest(),
        }
        for path, one in modules.items()
    ]
    return json.dumps({"strict": changed, "modules": listed})


def imported_by(
    suspect: Suspect, installed: Installed, plan: Plan, runner: Runner
) -> frozenset[str] | None:
    """Paths below their homes of the modules that a benchmark's process imports.

    None where that can't be told: the benchmark fails, or its statements run in other processes.
    """
    with scratch() as folder:
        sides = sides_in(folder, (installed, installed), plan)
        session = Session(suspect, sides, plan, runner)
        try:
            session.prepare(session.before)
            found = session.imported()
        except Stop:
            return None
        return None if session.raw else frozenset(path for path, _ in found)
