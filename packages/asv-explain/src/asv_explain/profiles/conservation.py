"""What has to add up: a profile as it was taken, its sum with others, and a difference's parts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from asv_explain.profiles.profile import Profile, Seconds

__all__ = ["ConservationError", "check_conserved", "check_merged", "conservation_problems"]

# Seconds are sums of many floats; what differs by less than this share of the total is rounding.
_ROUNDING = 1e-6
# Rounding of a few hundred thousand additions stays far below this share of what was added.
_SUM_ROUNDING = 1e-9

_COUNTS = ("calls", "recursive", "edge_calls", "edge_recursive")
_SECONDS = ("own", "cumulative", "edge_own", "edge_cumulative")


class ConservationError(ValueError):
    """Times or counts that don't add up, or aren't finite numbers; the text says which."""


def check_conserved(parts: Seconds, residual: float, measured: float, scale: float) -> None:
    """Check that parts and residual are what was measured.

    Args:
        parts: Seconds.
        residual: Seconds in no part.
        measured: Seconds they should add up to.
        scale: Seconds that were added and subtracted on the way, which bounds the rounding.

    Raises:
        ConservationError: They aren't, or something isn't a finite number.
    """
    total = float(parts.sum()) + residual
    allowed = _SUM_ROUNDING * max(scale, abs(measured))
    if not abs(total - measured) <= allowed:
        raise ConservationError(
            f"attributed differences and residual are {total:.9g} s, "
            f"but {measured:.9g} s were measured"
        )


def check_merged(parts: Sequence[Profile], whole: Profile) -> None:
    """Check that a profile holds all that its parts hold, and no more.

    Raises:
        ConservationError: Counts or seconds of functions or edges were lost or made up.
    """
    for name in _COUNTS + _SECONDS:
        held = float(getattr(whole, name).sum())
        given = sum(float(getattr(one, name).sum()) for one in parts)
        if not abs(held - given) <= (0.0 if name in _COUNTS else _SUM_ROUNDING * given):
            raise ConservationError(f"{name} of the parts are {given:.9g}, of their sum {held:.9g}")


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
