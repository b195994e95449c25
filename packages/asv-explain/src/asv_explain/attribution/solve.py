"""Solving for all that ever reaches each node of a graph that hands on shares of what it gets."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]
from scipy.sparse import linalg  # type: ignore[import-untyped]

from asv_explain.profiles.profile import Seconds

__all__ = ["Narrow", "solve", "solve_roughly"]

# Errors need few digits, and there are many of them.
Narrow: TypeAlias = NDArray[np.float32]
# Seconds still on their way, as a share of all, at which the solution is good enough.
TOLERANCE = 1e-12
# Steps up the graph before the general solver takes over: deep stacks are rarely deeper.
STEPS = 200
# The same for errors, of which two digits are enough.
ROUGH_TOLERANCE = 1e-2
ROUGH_STEPS = 40
# After how many steps it is asked whether they are enough.
ROUGH_LOOK = 5


def solve(matrix: sparse.csr_array, source: Seconds) -> Seconds:
    """Solve x = source + matrix x: all that ever reaches each node, on its way or to stay."""
    size = matrix.shape[0]
    moving = np.zeros(size)
    moving[: len(source)] = source
    limit = TOLERANCE * float(np.abs(source).sum())
    arrived = moving.copy()
    for _ in range(STEPS):
        moving = matrix @ moving
        arrived += moving
        if np.abs(moving).sum() <= limit:
            return arrived
    system = sparse.eye_array(size, format="csr") - matrix
    return arrived + _onward(system, matrix @ moving, limit)


def solve_roughly(matrix: sparse.csr_array, source: Narrow) -> Narrow:
    """Solve the same for many columns, each to about a hundredth of its sum.

    What is still on its way in the end circles at an even rate, and is summed up as such.
    """
    columns = source.shape[1]
    arrived = np.zeros((matrix.shape[0], columns), np.float32)
    arrived[: len(source)] = source
    narrow = matrix.astype(np.float32)
    moving = arrived.copy()
    amount = _amount(moving)
    limit = ROUGH_TOLERANCE * amount
    for step in range(1, ROUGH_STEPS + 1):
        moving = narrow @ moving
        arrived += moving
        if step % ROUGH_LOOK == 0:
            before, amount = amount, _amount(moving)
            if (amount <= limit).all():
                return arrived
    rate = np.divide(amount, before, out=np.zeros(columns, np.float32), where=before > 0)
    rate = np.minimum(rate ** np.float32(1 / ROUGH_LOOK), np.float32(1 - 1 / STEPS))
    arrived += moving * (rate / (1 - rate))
    return arrived


def _amount(moving: Narrow) -> Narrow:
    """Seconds on their way in each column."""
    amount: Narrow = np.abs(moving).sum(axis=0)
    return amount


def _onward(system: sparse.csr_array, moving: Seconds, limit: float) -> Seconds:
    """Solve for what is still on its way, by iteration where that gets there."""
    found, failed = linalg.gmres(system, moving, rtol=0.0, atol=limit, restart=40, maxiter=10)
    if failed:
        found = linalg.spsolve(system.tocsc(), moving)
    return np.asarray(found, np.float64)
