"""Which functions are called more or less often than before, for values nothing can attribute."""

from __future__ import annotations

from collections.abc import Mapping

from asv_explain.explanation import CallChange
from asv_explain.profiles.match import match_profiles
from asv_explain.profiles.profile import Profile

__all__ = ["MOST_CALLS", "call_changes"]

MOST_CALLS = 20
"""So many functions are told, those whose calls changed most: a value has few that matter."""


def call_changes(
    before: Profile, after: Profile, renames: Mapping[str, str] | None = None
) -> tuple[CallChange, ...]:
    """Compare how often each function is called in one call of the benchmark.

    Args:
        before: The profile before.
        after: The profile after.
        renames: Paths before to paths after, for renamed files.

    Returns:
        The functions whose calls differ, the largest difference first, at most `MOST_CALLS`.
    """
    match = match_profiles(before, after, renames)
    found = []
    for first, second in zip(match.before.tolist(), match.after.tolist(), strict=True):
        function = after.functions[second] if second >= 0 else before.functions[first]
        ours = float(before.calls[first]) / before.number if first >= 0 else 0.0
        theirs = float(after.calls[second]) / after.number if second >= 0 else 0.0
        if ours != theirs:
            found.append(CallChange(function.name, function.path, ours, theirs))
    found.sort(key=lambda one: (-abs(one.calls_after - one.calls_before), one.path, one.name))
    return tuple(found[:MOST_CALLS])
