"""What both sides' corrected times may be wrong by, as modes that can cancel between the sides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from asv_explain.attribution.decompose import Side
from asv_explain.profiles.doubt import KINDS, Doubt
from asv_explain.profiles.match import Match
from asv_explain.profiles.profile import Seconds

__all__ = ["Doubts", "doubts"]

# Which part of a stray a side has by itself, as a share of its standard error; the rest of its
# variance is common to both sides. The same code runs the same instructions, but lies elsewhere in
# memory; code that changed keeps most of its instructions and calls, and calls of another kind are
# told apart by their kind already.
OWN_PART = 0.05
OWN_PART_CHANGED = 0.1
# Independent doubts are summed up with so many sets of random signs. The root of the mean of
# their squares is the standard error, itself right to 1 / sqrt(2 * 24): a seventh.
SIGN_SETS = 24
_SEED = 20_020

_Signs: TypeAlias = NDArray[np.int8]
# Errors need few digits, and there are many of them.
_Errors: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Doubts:
    """Errors that the sides' own times may have, in seconds per call of the benchmark.

    Each of the M modes is one standard error of something, with its sign on either side. Modes
    are independent: whatever is linear in the times has as its standard error the root of the sum
    of squares over what each mode does to it.

    Attributes:
        before: What each mode adds to each pair's time before (M, P).
        after: The same after (M, P).
    """

    before: _Errors
    after: _Errors


def doubts(before: Side, after: Side, match: Match) -> Doubts | None:
    """List the modes of two sides that were corrected; None where one was not.

    The first are the ways in which scales and speed stray, common to both sides; each counts by
    the difference of what closing leaves of it. The others are sums with random signs of all that
    is independent: each function's strays from the scales, common to both sides but for
    ``OWN_PART`` of them, so that only what changed of a matched pair's calls counts, and all of a
    new function's; each side's part of the scales; clamped and unexplained seconds.

    Args:
        before: One side.
        after: The other.
        match: The pairs of their functions.
    """
    if before.doubt is None or after.doubt is None:
        return None
    pairs = len(match)
    generator = np.random.default_rng(_SEED)
    common = [_signs(generator, pairs) for _ in range(1 + len(KINDS) + 1)]
    own_part = np.where(match.same_code, OWN_PART, OWN_PART_CHANGED)
    sides = (
        (before.doubt, match.pair_before, before.profile.number),
        (after.doubt, match.pair_after, after.profile.number),
    )
    strays = []
    for doubt, pair_of, number in sides:
        signs = [one[:, pair_of] for one in common]
        free = _independent(doubt, signs, own_part[pair_of], generator)
        strays.append(np.concatenate([doubt.ways.astype(np.float32), free]) / np.float32(number))
    off = np.stack([one.total(errors) for errors, (one, *_) in zip(strays, sides, strict=True)])
    modes = []
    for errors, (doubt, pair_of, number) in zip(strays, sides, strict=True):
        errors -= off.T @ doubt.closing.T.astype(np.float32)
        ends = _signs(generator, 1) * doubt.shared
        errors[-SIGN_SETS:] += ends.astype(np.float32) / np.float32(np.sqrt(SIGN_SETS) * number)
        mode = np.zeros((len(errors), pairs), np.float32)
        mode[:, pair_of] = errors
        modes.append(mode)
    return Doubts(modes[0], modes[1])


def _independent(
    doubt: Doubt,
    common: list[_Signs],
    own_part: Seconds,
    generator: np.random.Generator,
) -> _Errors:
    """Sums with random signs of one side's independent strays (SIGN_SETS, N)."""
    shared_part = np.sqrt(1 - np.square(own_part))
    ways = doubt.ways.astype(np.float32)
    errors: _Errors = _signs(generator, len(ways)).astype(np.float32) @ (
        ways * np.float32(OWN_PART)
    )
    for column, signs in zip((*doubt.of_functions, doubt.clamped), common, strict=True):
        if column.any():
            errors += signs * (column * shared_part).astype(np.float32)
            mine = _signs(generator, len(column))
            errors += mine * (column * own_part).astype(np.float32)
    errors /= np.float32(np.sqrt(SIGN_SETS))
    return errors


def _signs(generator: np.random.Generator, size: int) -> _Signs:
    """Random signs, as many sets as there are."""
    bits = np.frombuffer(generator.bytes(SIGN_SETS * (size // 8 + 1)), np.uint8)
    signs = np.unpackbits(bits.reshape(SIGN_SETS, -1), axis=1, count=size).astype(np.int8)
    return 1 - 2 * signs
