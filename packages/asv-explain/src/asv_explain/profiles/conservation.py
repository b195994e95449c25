"""What adds up in every profile that cProfile takes, and what of it doesn't in a given one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from asv_explain.profiles.profile import Profile

__all__ = ["ConservationError", "check_conservation", "conservation_problems"]

# Seconds are sums of many floats; what differs by less than this share of the total is rounding.
_ROUNDING = 1e-6


class ConservationError(ValueError):
    """Times or counts of a profile that don't add up.

    Attributes:
        problems: One line for each kind of thing that doesn't add up.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


def conservation_problems(profile: Profile) -> tuple[str, ...]:
    """Return one line for each kind of thing in a profile that doesn't add up.

    What cProfile promises: own times fit into the region, a function's own time into its
    cumulative, what its callers' edges hold into what it holds; and without recursion its
    cumulative time is its own plus that of its calls.
    """
    size = len(profile.functions)
    slack = _ROUNDING * max(profile.seconds, float(profile.own.sum()), 1e-9)
    problems = []
    if profile.own.sum() > profile.seconds + slack:
        problems.append(
            f"own times sum to {profile.own.sum():.9g} s, more than the region's "
            f"{profile.seconds:.9g} s"
        )
    calls_in = np.bincount(profile.callee, profile.edge_calls, size)
    own_in = np.bincount(profile.callee, profile.edge_own, size)
    below = profile.own + np.bincount(profile.caller, profile.edge_cumulative, size)
    once = profile.recursive == 0
    for bad, text in (
        (profile.own > profile.cumulative + slack, "more own than cumulative time"),
        (calls_in > profile.calls, "more calls on edges than in all"),
        (own_in > profile.own + slack, "more own time on edges than in all"),
        (
            once & (np.abs(below - profile.cumulative) > slack),
            "a cumulative time that is not its own plus that of its calls",
        ),
    ):
        if bad.any():
            first = profile.functions[int(np.argmax(bad))]
            problems.append(f"{int(bad.sum())} with {text}, first {first.name}")
    return tuple(problems)


def check_conservation(profile: Profile) -> None:
    """Refuse a profile whose times or counts don't add up.

    Raises:
        ConservationError: It holds what ``conservation_problems`` returns.
    """
    problems = conservation_problems(profile)
    if problems:
        raise ConservationError(problems)
