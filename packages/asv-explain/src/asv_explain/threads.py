"""What other threads ran while the timed call was on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from asv_explain.explanation import ThreadCost
from asv_explain.profiles.match import Match
from asv_explain.profiles.profile import Profile, Seconds

__all__ = ["Ran", "thread_costs"]

MOST_LISTED = 20
"""So many functions are listed, those of which the seconds changed most."""


@dataclass(frozen=True, slots=True, eq=False)
class Ran:
    """What other threads ran on one side.

    Attributes:
        profile: The functions, N of them.
        seconds: Seconds of each itself, of one benchmark call (N,).
    """

    profile: Profile
    seconds: Seconds


def thread_costs(before: Ran, after: Ran, match: Match) -> tuple[ThreadCost, ...]:
    """Both sides' seconds of each function that other threads ran, the largest change first."""
    sides = [
        np.bincount(pair_of, one.seconds, len(match))
        for one, pair_of in ((before, match.pair_before), (after, match.pair_after))
    ]
    difference = np.abs(sides[1] - sides[0])
    order = np.lexsort((-np.maximum(sides[0], sides[1]), -difference))
    found = []
    for pair in order[:MOST_LISTED].tolist():
        if not sides[0][pair] and not sides[1][pair]:
            continue
        index = int(match.after[pair])
        function = (
            after.profile.functions[index]
            if index >= 0
            else before.profile.functions[int(match.before[pair])]
        )
        seconds = float(sides[0][pair]), float(sides[1][pair])
        found.append(ThreadCost(function.name, function.path, *seconds))
    return tuple(found)
