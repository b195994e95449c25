"""How much of a change it takes to reach a size, by what other amounts of it were seen to cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from observatory.injections.kinds.catalogue import Role, kind_named
from observatory.injections.plan import Part

__all__ = ["STRETCH", "is_steered", "scaled", "steered", "stretched"]

# How much steeper or flatter than the line through nothing a line may be to be believed.
_BEND = 2.0
STRETCH = 4
"""How many times what was guessed is measured at least."""

# What the larger amount should cost at least, as a share of the benchmark's time: small sizes
# drown in noise, large ones do not.
_CLEAR = 0.2


def is_steered(part: Part) -> bool:
    """Whether more of a change costs more; an innocent one costs nothing."""
    return part.role is not Role.INNOCENT


def stretched(part: Part, size: float) -> Part:
    """The same change, dear enough to be seen."""
    factor = max(STRETCH, _CLEAR / (abs(part.size) * size))
    return _limited(part, (part.amount + 1) * factor)


def steered(
    size: float, parts: tuple[Part, ...], points: Mapping[int, Sequence[tuple[int, float]]]
) -> tuple[Part, ...]:
    """The changes with the amounts that should come to the size that is wanted.

    With a speed-up of F beside it, a slowdown of S comes to (1 + S) / (1 + F) - 1.

    Args:
        size: the slowdown that is wanted.
        parts: the changes.
        points: amounts of each that is steered, and what they cost; one of more than nothing of
            an amount above 0 among them.
    """
    gain = sum(-part.size * size for part in parts if part.role is Role.FASTER)
    found = []
    for number, part in enumerate(parts):
        wanted = abs(part.size) * size
        if part.role is Role.SLOWER:
            wanted += gain * size
        more = number in points
        found.append(_limited(part, _on_line(points[number], wanted)) if more else part)
    return tuple(found)


def _on_line(points: Sequence[tuple[int, float]], wanted: float) -> float:
    """The amount at which the line nearest to what was measured reaches a cost.

    Noise may make the line fall or cut the axis far from where it should; then it is the one
    through nothing and the largest measurement, which is told from noise most surely.
    """
    amounts = np.array([amount for amount, _ in points], float)
    costs = np.array([cost for _, cost in points])
    most = max((cost, amount) for amount, cost in points if amount)
    through_nothing = most[0] / most[1]
    slope = intercept = 0.0
    if len(set(amounts)) > 1:
        # Noise is the benchmark's own, and grows with what is added.
        weights = 1 / (1 + np.maximum(costs, 0))
        slope, intercept = (float(one) for one in np.polyfit(amounts, costs, 1, w=weights))
    if not through_nothing / _BEND <= slope <= through_nothing * _BEND:
        return wanted / through_nothing
    return (wanted - intercept) / slope


def scaled(part: Part, factor: float) -> Part:
    """The same change with so many times its amount."""
    return _limited(part, part.amount * factor) if is_steered(part) else part


def _limited(part: Part, amount: float) -> Part:
    """The same change with another amount, as far as the kind goes."""
    price = kind_named(part.kind).price
    return replace(part, amount=min(max(round(amount), price.lowest), price.most))
