"""Whether enough was sampled: how wide the largest causes' intervals would be by now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import stats  # type: ignore[import-untyped]

from asv_explain.attribution.cells import ENOUGH_SAMPLES, Drawing
from asv_explain.attribution.spread import CONFIDENCE, prior_of, settled_mean
from asv_explain.changes.change import Change
from asv_explain.changes.sources import read_changes
from asv_explain.measuring.confirm import confirm, standard_error
from asv_explain.measuring.rounds import Round, Rounds
from asv_explain.profiles.match import Flags
from asv_explain.profiles.profile import Indices, Seconds
from asv_explain.profiles.stacks import Frame, merged, read_frame
from asv_explain.suspect import Suspect

__all__ = ["HALF_WIDTH", "Enough"]

HALF_WIDTH = 0.04
"""Half the width, as a share of the difference, that the intervals of the larger causes are to
have: below a twentieth, which is the smallest share that they are to be told apart by."""

LARGE = 0.05
"""From this share on, a cause is one of the larger ones."""


@dataclass(frozen=True, slots=True)
class Enough:
    """Says what to measure next, from the time of the functions that changed and of what they call.

    What did not change counts only if it surely differs: else it is in no cause.

    Attributes:
        suspect: What is measured.
        repository: The repository of both commits; only its history is read.
        factor: The smallest ratio that counts.
    """

    suspect: Suspect
    repository: Path
    factor: float

    def __call__(self, rounds: Rounds) -> str:
        """Give "samples" or "time", whichever leaves more open, or "" if that is enough.

        Raises:
            GitError: git can't read one of the commits.
        """
        sampled = rounds.sampled
        if min(len(sampled.before), len(sampled.after)) < 2:
            return "samples"
        answer = confirm(rounds, self.factor)
        ratio = answer.cpu if answer.clock == "cpu" else answer.wall
        if ratio is None or ratio.ratio == 1.0:
            return "time"
        (before, after), drawn, told, changed, called = self._shares(sampled.before, sampled.after)
        count = min(len(before), len(after))
        rise = ratio.ratio - 1.0
        parts = (ratio.ratio * after[:count] - before[:count]) / rise
        chance = (np.square(ratio.ratio) * drawn[1] + drawn[0]) / rise**2
        variance, degrees = settled_mean(parts, chance, prior_of(parts[:, told], chance[told]))
        by_samples = stats.t.isf((1 - CONFIDENCE) / 2, degrees) * np.sqrt(variance)
        error, freedom = standard_error(ratio)
        middle = parts.mean(axis=0)
        moves = (after.mean(axis=0) - middle) / rise
        by_time = stats.t.isf((1 - CONFIDENCE) / 2, freedom) * np.abs(moves) * error
        both = np.hypot(by_samples, by_time)
        large = (changed | (called & (np.abs(middle) > both))) & (np.abs(middle) >= LARGE)
        both = both[large]
        if not (both > HALF_WIDTH).any():
            return ""
        worst = int(np.argmax(both))
        return "samples" if by_samples[large][worst] >= by_time[large][worst] else "time"

    def _shares(
        self, before: Sequence[Round], after: Sequence[Round]
    ) -> tuple[tuple[Seconds, ...], tuple[Seconds, ...], Flags, Flags, Flags]:
        """What samples say of changed functions themselves, of what is below each, and of the rest.

        Returns:
            Shares of each round (R, K) on both sides; the variance of the mean of these by the
            drawing of samples (K,) on both sides; which are of enough samples to tell by them how
            rounds scatter (K,); which are of changed functions themselves (K,), and which of what
            is below them (K,).
        """
        sides = [merged([one.stacks for one in side]) for side in (before, after)]
        frames = [[*map(read_frame, side.frames)] for side in sides]
        named = self._changed(*frames)
        order: dict[tuple[str, str, bool], int] = {}
        columns = []
        for side, known in zip(sides, frames, strict=True):
            names = [named.get(one, (one.file, one.name)) for one in known]
            itself = [order.setdefault((*name, True), len(order)) for name in names]
            below = [order.setdefault((*name, False), len(order)) for name in names]
            chosen = np.array([one in named for one in known], np.bool_)[side.frame]
            owner = _innermost(side.parent.astype(np.intp), chosen)
            inner = np.array(below, np.intp)[side.frame[owner]]
            own = np.array(itself, np.intp)[side.frame]
            columns.append(np.where((owner < 0) | chosen, own, inner))
        shares, drawn, seen = [], [], np.zeros(len(order))
        for side, column in zip(sides, columns, strict=True):
            total = np.maximum(side.samples.sum(axis=1), 1)
            found = np.array([np.bincount(column, row, len(order)) for row in side.samples])
            shares.append(found / total[:, None])
            scale = float((1.0 / total).mean()) / len(found)
            drawn.append(Drawing(shares[-1].mean(axis=0), scale, 1.0 / total.sum()).variance)
            seen += found.mean(axis=0)
        changed, called = np.zeros((2, len(order)), np.bool_)
        for name in set(named.values()):
            changed[order[(*name, True)]] = called[order[(*name, False)]] = True
        return tuple(shares), tuple(drawn), seen >= ENOUGH_SAMPLES, changed, called

    def _changed(
        self, before: Sequence[Frame], after: Sequence[Frame]
    ) -> dict[Frame, tuple[str, str]]:
        """Path and name of each frame's function, of those that changed.

        A file that both sides run, such as the benchmark's own, is no file of either commit.
        """
        common = {one.file for one in before} & {one.file for one in after}
        frames = [one for one in (*before, *after) if one.file not in common]
        tails = {one.file: _tails(one.file) for one in frames}
        known = {tail for every in tails.values() for tail in every}
        changes = read_changes(self.repository, self.suspect.before, self.suspect.after, known)
        names = {name for one in changes.items for name in _names(one)}
        found = {}
        for frame in frames:
            for tail in tails[frame.file]:
                if (tail, frame.name) in names:
                    found[frame] = (tail, frame.name)
                    break
        return found


def _innermost(parent: Indices, chosen: Flags) -> Indices:
    """Of each node the innermost that is chosen, at or above it; -1 where none is (N,)."""
    found = np.where(chosen | (parent < 0), np.arange(len(parent)), parent)
    while not np.array_equal(further := found[found], found):
        found = further
    return np.where(chosen[found], found, -1).astype(np.intp)


def _names(change: Change) -> list[tuple[str, str]]:
    paths = {change.path_before, change.path_after} - {None}
    return [(str(path), change.name) for path in paths] + list(change.readers)


def _tails(file: str) -> tuple[str, ...]:
    """What the file may be imported as: its path below each of its folders, the longest first."""
    parts = [one for one in Path(file).parts if one not in ("/", "\\")]
    for folder in ("site-packages", "dist-packages"):
        if folder in parts:
            return ("/".join(parts[parts.index(folder) + 1 :]),)
    return tuple("/".join(parts[start:]) for start in range(len(parts)))
