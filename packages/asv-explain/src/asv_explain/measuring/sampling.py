"""The course of sampling both sides of a suspect: how long, how often, and until when."""

from __future__ import annotations

import statistics
from collections.abc import Callable

from asv_explain.measuring.confirm import MIN_PAIRS, computes
from asv_explain.measuring.rounds import Rounds
from asv_explain.measuring.session import Plan, Session

__all__ = ["DEAR_RATE", "LOWEST_RATE", "MORE_TIMED", "RATE", "sample_both"]

RATE = 500
"""Samples a second to begin with. py-spy stops the process for some 0.3 to 0.5 ms for each, after
which its caches are colder: that slows down code that needs much of them more than a small loop."""

SURE_STEP = 0.125
"""A change by more, as a share of the time, needs fewer samples, so that fewer are taken a second:
they disturb less."""

DEAR_RATE = 250
"""The same for a timeraw benchmark, as most of them import, and stacks of imports are deep; and for
one with several threads, all of which are stopped, and hand the interpreter's lock on late."""

SAMPLES = 200
"""So many are taken in a process at least, if `RATE` allows it: a process that is short, as there
is little time, is to see a fast benchmark, too."""

LOWEST_RATE = 125
"""The rate below which py-spy is not asked to go, however far it is behind."""

MOST_STOPPED = 0.5
"""From this share of the time on that the process is stopped, half as many samples are taken. So
many a second as it is stopped for half of its time by are the most that fall due while it runs."""

SHORTEST = 0.2
"""Seconds of calls in a sampled process at least."""

STARTING = 1.0
"""Seconds that a process is thought to take beside its calls until one has shown it."""

SMALL_STEP = 0.25
"""A change by more, as a share of the time, stands out in fewer samples: the interval of a cause's
share is as wide as that of the samples over this, and samples are drawn with the root of their
number."""

LEAST_PART = 0.25
"""A round is no shorter for that than by this: small causes of a large change need samples, too,
and starting a process takes as long."""

FEWEST = 4
"""As many samples of the clocks should fit into a sampled process; where a call takes long, fewer
calls make one."""

MORE_TIMED = 4
"""Pairs that are timed where it is the time that is less certain than the shares."""


def sample_both(
    session: Session,
    number: int,
    plan: Plan,
    clock: Callable[[], float],
    until: float,
    enough: Callable[[Rounds], str],
) -> None:
    """Take pairs of sampled rounds, and more timed ones where they are wanted.

    The sides run strictly one after the other: two samplers at once disturb each other. Pairs go
    on until there are enough, until the time is spent, or until there are as many as the plan
    asks for; there is one at least. Where nothing can be sampled, it ends at once.

    Where both sides compute throughout in one thread, only threads that run are sampled, and
    samples are shares of CPU time; else all are, and one more process of each side tells which of
    them waited. Threads that end with the call that began them show in samples alone: once any
    were seen, what was sampled is taken anew, as with them.

    Args:
        session: The course of measuring, timed.
        number: Calls of the benchmark in one sample of the clocks.
        plan: How much to measure.
        clock: Gives seconds, from whenever.
        until: The clock's time at which to end.
        enough: Is asked after each pair from the `MIN_PAIRS`-th on, and answers "" where there are
            enough, "samples" for another pair or "time" for `MORE_TIMED` more timed pairs.
    """
    timed = session.rounds.timed
    threaded = any(one.threaded for one in (*timed.before, *timed.after))
    idle = threaded or not (computes(timed.before) and computes(timed.after))
    least = plan.rounds or MIN_PAIRS
    step = _step(timed)
    most = DEAR_RATE if session.raw or threaded else RATE
    beside, timed_pairs = STARTING, len(timed.before)
    longest = plan.sampling * max(LEAST_PART, min(1.0, (SMALL_STEP / step) ** 2))

    def fitting(pairs: int) -> tuple[int, float]:
        """Calls in a sample, and seconds in a process, such that so many pairs fit."""
        fits = (until - clock()) / (2 * max(pairs, 1)) - beside
        seconds = max(SHORTEST, min(longest, fits))
        return max(1, min(number, int(seconds / (FEWEST * _longest(timed))))), seconds

    def rate(seconds: float) -> int:
        """Samples a second for a process of such a length."""
        if session.raw or threaded:
            return most
        return min(most, round(max(RATE * SURE_STEP / step, SAMPLES / seconds, LOWEST_RATE)))

    def room(pairs: int) -> bool:
        """Tell whether one more of so many pairs fits."""
        return clock() + 2 * (fitting(pairs)[1] + beside) <= until

    pair, learnt = 0, not idle
    while plan.rounds is None or pair < plan.rounds:
        start = clock()
        calls, seconds = fitting(least - pair + (not learnt))
        if learnt:
            turns = session.turns(pair)
            stopped = session.sample(turns, calls, seconds, rate(seconds), idle=idle)
        else:
            stopped = session.learn_running(calls, seconds, rate(seconds))
        if session.unsampled:
            return
        if not threaded and session.saw_threads:
            session.forget_samples()
            threaded = idle = True
            pair, learnt, most = 0, False, min(most, DEAR_RATE)
            continue
        if not learnt:
            learnt, most = True, _slower(most, rate(seconds), stopped)
            continue
        pair += 1
        most = _slower(most, rate(seconds), stopped)
        beside = max((clock() - start) / 2 - seconds, 0.0)
        if plan.rounds is not None:
            continue
        wanted = enough(session.rounds) if pair >= MIN_PAIRS else "samples"
        if not wanted or not room(least - pair):
            return
        if wanted == "time":
            for _ in range(MORE_TIMED):
                session.time(session.turns(timed_pairs), number)
                timed_pairs += 1
            if not room(least - pair):
                return


def _step(timed: Rounds) -> float:
    """By how much of the shorter side's time both sides differ, roughly; above 0."""
    sides = [
        statistics.median(one.wall or 0.0 for one in side) for side in (timed.before, timed.after)
    ]
    return max((max(sides) - min(sides)) / max(min(sides), 1e-12), 1e-3)


def _longest(timed: Rounds) -> float:
    """Wall seconds of a call on the slower side, above 0."""
    sides = (timed.before, timed.after)
    return max(1e-9, *(statistics.median(one.wall or 0.0 for one in side) for side in sides))


def _slower(most: int, rate: int, stopped: float) -> int:
    """The highest rate for the rounds that follow one of a rate."""
    return max(rate // 2, LOWEST_RATE) if stopped > MOST_STOPPED else most
