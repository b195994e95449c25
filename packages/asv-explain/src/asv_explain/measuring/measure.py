"""Runs both sides of a suspect in turns, A B B A, until the answer is clear or time is spent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from asv_explain.explanation import Verdict
from asv_explain.measuring.confirm import LOOKS, MIN_PAIRS
from asv_explain.measuring.confirm_values import confirm_any
from asv_explain.measuring.process import Runner
from asv_explain.measuring.rounds import Rounds
from asv_explain.measuring.sampling import sample_both
from asv_explain.measuring.session import Plan, Session, Side, Stop
from asv_explain.scratch import roomy, scratch
from asv_explain.suspect import Installed, Suspect

__all__ = ["Plan", "measure", "sides_in", "take_turns"]

LOOK_AT = tuple(MIN_PAIRS * 2**look for look in range(LOOKS - 1))
"""After how many pairs measuring asks whether it may stop: seldom, as each look may err."""

TIMING_SHARE = 0.4
"""Of the budget, the part that timing may use up before anything is sampled."""

FIRST_LOOK_SHARE = 0.7
"""The same until there are pairs enough for any answer."""

SAMPLING_SHARE = 0.9
"""Of the budget, the part that timing and sampling may use up together, or profiling where nothing
can be sampled. What is left is for counting calls and for explaining."""

COUNTS = 2
"""Pairs of profiles that count calls: the second tells whether counts repeat."""


def _never_enough(rounds: Rounds) -> str:
    del rounds
    return "samples"


def _times_up(spent: Sequence[float], budget: float) -> bool:
    """Tell whether another pair, as long as the pairs so far, would overrun the budget.

    Args:
        spent: The clock at the start, and after each pair.
        budget: Seconds from the start.
    """
    pairs = len(spent) - 1
    elapsed = spent[-1] - spent[0]
    return pairs > 0 and elapsed + elapsed / pairs > budget


def measure(
    suspect: Suspect,
    before: Installed,
    after: Installed,
    plan: Plan,
    runner: Runner,
    clock: Callable[[], float],
    enough: Callable[[Rounds], str] = _never_enough,
) -> Rounds:
    """Measure both sides of a suspect.

    Each round is a process of its own. The sides take turns, A B B A: a process of each at once,
    sample by sample, where both can run at once, else one after the other. Timing ends when
    `confirm` has an answer, when its share of the budget is spent, or after the plan's rounds.
    Where the answer is worth explaining, sampling follows, and then profiling, at least one pair of
    each, in processes of their own. Where nothing can be sampled there are more profiles instead.
    The first failure ends it all: a benchmark that fails now and then has no time.

    Benchmarks of memory and of tracked values go the same way, one value to a process. What
    follows is a trace of memory by line, or for a tracked value one profile, on either side.

    Args:
        suspect: The benchmark and its parameters.
        before: The earlier commit, installed.
        after: The later commit, installed.
        plan: How much to measure.
        runner: Runs one process.
        clock: Gives seconds, from whenever.
        enough: Tells of the rounds so far whether more are wanted, as `sample_both` asks it.

    Returns:
        The rounds of both sides. What couldn't be measured is among them with its failure.

    Raises:
        ScratchError: There is no room for temporary files.
    """
    start = clock()
    with scratch() as folder:
        session = Session(suspect, sides_in(folder, (before, after), plan), plan, runner)
        try:
            session.prepare(session.before)
            session.prepare(session.after)
            if session.kind == "time":
                _time(session, plan, clock, start, enough)
            else:
                _values(session, plan, clock, start)
        except Stop:
            return session.rounds
        return session.rounds


def sides_in(folder: Path, installed: tuple[Installed, Installed], plan: Plan) -> tuple[Side, Side]:
    """Give each side a folder of its own in a folder.

    Raises:
        ScratchError: There is no room for them.
    """
    homes = [folder / name for name in ("before", "after")]
    with roomy(folder):
        for home in homes:
            home.mkdir()
    return (
        Side(installed[0], homes[0], plan.timeout),
        Side(installed[1], homes[1], plan.timeout),
    )


def _time(
    session: Session,
    plan: Plan,
    clock: Callable[[], float],
    start: float,
    enough: Callable[[Rounds], str],
) -> None:
    number = session.number()
    _take_turns(session, lambda sides: session.time(sides, number), plan, clock, start)
    if _verdict(session, plan) not in plan.profiled:
        return
    until = start + SAMPLING_SHARE * plan.budget
    if not session.unsampled:
        sample_both(session, number, plan, clock, until, enough)
    _profile(session, number, plan, clock, until)


def _values(session: Session, plan: Plan, clock: Callable[[], float], start: float) -> None:
    _take_turns(session, session.value, plan, clock, start)
    if _verdict(session, plan) not in plan.profiled:
        return
    if session.kind == "track":
        session.profile((session.before, session.after), number=1, batches=1)
    else:
        session.trace()


def _verdict(session: Session, plan: Plan) -> Verdict:
    return confirm_any(session.rounds, plan.factor)[0]


def _take_turns(
    session: Session,
    take: Callable[[tuple[Side, Side]], None],
    plan: Plan,
    clock: Callable[[], float],
    start: float,
) -> None:
    spent = clock() - start
    budget = TIMING_SHARE * plan.budget - spent

    def settled() -> bool:
        return _verdict(session, plan) is not Verdict.UNKNOWN

    first_look = FIRST_LOOK_SHARE * plan.budget - spent
    take_turns(session, take, plan.rounds, settled, clock, budget, first_look)


def take_turns(
    session: Session,
    take: Callable[[tuple[Side, Side]], None],
    rounds: int | None,
    settled: Callable[[], bool],
    clock: Callable[[], float],
    budget: float,
    first_look: float = 0.0,
) -> None:
    """Take pairs of rounds, in turns, until the answer is clear or the time is spent.

    Args:
        session: The course of measuring.
        take: Takes a round of each side, in the order given.
        rounds: So many pairs whatever else; None to stop by the others.
        settled: Tells whether the answer is clear; it is asked after some of the pairs alone.
        clock: Gives seconds, from whenever.
        budget: Seconds from this moment.
        first_look: The same until there are `MIN_PAIRS` pairs, if it is more.
    """
    spent = [clock()]
    most = LOOK_AT[-1] if rounds is None else rounds
    for pair in range(most):
        take(session.turns(pair))
        spent.append(clock())
        if rounds is not None:
            continue
        if pair + 1 in LOOK_AT and settled():
            return
        if _times_up(spent, max(budget, first_look) if pair + 1 < MIN_PAIRS else budget):
            return


def _profile(
    session: Session, number: int, plan: Plan, clock: Callable[[], float], until: float
) -> None:
    """Count calls, or measure by profiles where nothing could be sampled."""
    batches = session.batches(number)
    most = plan.profiles if plan.rounds is None else min(plan.profiles, plan.rounds)
    if not session.unsampled:
        most, until = COUNTS, clock() + (1 - SAMPLING_SHARE) * plan.budget
    start = clock()
    spent = [start]
    for pair in range(most):
        session.profile(session.turns(pair), number, batches)
        spent.append(clock())
        if plan.rounds is None and _times_up(spent, until - start):
            return
