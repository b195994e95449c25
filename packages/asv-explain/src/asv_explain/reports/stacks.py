"""A call graph unfolded into stacks, for those who read stacks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from asv_explain.profiles.profile import Profile, Seconds

__all__ = ["SMALLEST", "Stack", "unfold"]

# A path that carries less than this share of the whole time is not followed further; what it
# carries goes to the function's other paths.
SMALLEST = 1e-4


@dataclass(frozen=True, slots=True)
class Stack:
    """Functions from the outermost in, by index in the profile, and the innermost's own seconds."""

    functions: tuple[int, ...]
    seconds: float


def unfold(
    profile: Profile, own: Seconds | None = None, smallest: float = SMALLEST
) -> tuple[Stack, ...]:
    """Stacks whose seconds add up, function by function, to each function's own time.

    cProfile records who called whom and not by which path, so paths are a reconstruction: a
    function's time divides among its callers as its edges say, and what it calls divides among its
    own paths in the same proportion. A function that is on the path already is not entered again.

    Args:
        profile: the call graph.
        own: seconds (N,) in each function itself, in place of those in the profile.
        smallest: share of the whole time below which a path is not followed.

    Returns:
        The stacks with seconds above 0, outermost functions first; a function that no path
        reaches is a stack of its own.
    """
    seconds = profile.own if own is None else own
    children = _children(profile)
    total = float(seconds.sum())
    found: list[tuple[tuple[int, ...], float]] = []
    reached = np.zeros(len(profile.functions))
    pending: list[tuple[tuple[int, ...], float]] = [
        ((root,), 1.0) for root in reversed(_roots(profile))
    ]
    while pending:
        path, share = pending.pop()
        here = path[-1]
        found.append((path, share))
        reached[here] += share
        for callee, spent in reversed(children[here]):
            whole = profile.cumulative[callee]
            # With no time at all to divide, nothing is followed: paths multiply without end.
            if callee not in path and min(whole, spent) > 0 and share * spent >= smallest * total:
                # Round a circle, edges may carry more than the function took.
                pending.append(((*path, callee), min(1.0, share * spent / float(whole))))
    # What was cut off, or went round a circle, is given to the paths there are.
    stacks = [
        Stack(path, float(seconds[path[-1]]) * share / float(reached[path[-1]]))
        for path, share in found
    ]
    stacks += [
        Stack((function,), float(seconds[function]))
        for function in np.flatnonzero(reached == 0).tolist()
    ]
    return tuple(stack for stack in stacks if stack.seconds > 0)


def _children(profile: Profile) -> list[list[tuple[int, float]]]:
    """For each function what it calls, with the seconds spent there."""
    children: list[list[tuple[int, float]]] = [[] for _ in profile.functions]
    edges = zip(
        profile.caller.tolist(),
        profile.callee.tolist(),
        profile.edge_cumulative.tolist(),
        strict=True,
    )
    for caller, callee, spent in edges:
        children[caller].append((callee, spent))
    return children


def _roots(profile: Profile) -> list[int]:
    """Functions nobody else called, or the one that took longest where all were called."""
    called = profile.callee[profile.caller != profile.callee]
    roots = np.setdiff1d(np.arange(len(profile.functions)), called)
    if len(roots) == 0 and len(profile.functions):
        return [int(np.argmax(profile.cumulative))]
    return [int(root) for root in roots]
