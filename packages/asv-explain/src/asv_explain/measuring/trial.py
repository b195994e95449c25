"""Measures the later commit in turns with itself, once with some of its code as it was before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from asv_explain.measuring.measure import sides_in, take_turns
from asv_explain.measuring.process import Runner
from asv_explain.measuring.rounds import Rounds
from asv_explain.measuring.session import Plan, Session, Side, Stop
from asv_explain.scratch import roomy, scratch
from asv_explain.suspect import Installed, Suspect

__all__ = ["StandIn", "try_with"]


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
) -> Rounds:
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

    Returns:
        The rounds of the commit as it is, and beside them those with the other sources. What
        couldn't be measured is among them with its failure.
    """
    start = clock()
    with scratch() as folder:
        sides = sides_in(folder, (after, after), plan)
        for side, changed in zip(sides, (False, True), strict=True):
            side.stand_in = folder / f"{side.folder.name}.json"
            with roomy(folder):
                side.stand_in.write_text(_request(modules, changed=changed), encoding="utf-8")
        session = Session(suspect, sides, plan, runner)

        def take(sides: tuple[Side, Side]) -> None:
            session.time(sides, number)

        try:
            # Whether the code can stand at all is known soonest from the side that has it.
            session.prepare(session.after)
            session.prepare(session.before)
            number = session.number()
            budget = plan.budget - (clock() - start)
            take_turns(session, take, plan.rounds, lambda: settled(session.rounds), clock, budget)
        except Stop:
            return session.rounds
        return session.rounds


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
