"""Tells samples in which a thread waited from those in which it ran.

py-spy's stacks bear no such mark; it either leaves threads that wait out or it does not. So one
process is sampled without them, and what its lines have fewer samples of than those of a process
with them was waiting, if it is by more than two standard errors of both counts. A line that both
waits and runs is split by its share, the same on every stack that ends in it: on which of them it
rather waited is not known. Nor is a wait told that is shorter than the sampler takes from looking
at a thread's state to stopping it, some 0.1 ms.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from asv_explain.profiles.profile import Seconds, sums_at
from asv_explain.profiles.stacks import SampledStacks

__all__ = ["parted"]

ERRORS = 2
"""By more than so many standard errors a line has to have fewer samples."""


def parted(
    stacks: SampledStacks, running: SampledStacks, scale: float
) -> tuple[SampledStacks, SampledStacks]:
    """Part stacks into those that waited and those that ran.

    Args:
        stacks: Stacks of threads, whether they waited or not.
        running: The same of another process of the same program, without threads that waited.
        scale: How many times as many samples were taken for ``stacks`` as for ``running``.

    Returns:
        The same stacks with the samples in which each waited, and with all others.
    """
    every = _by_line(stacks)
    others = dict(zip(running.frames, _by_line(running).tolist(), strict=True))
    ran = scale * np.array([others.get(one, 0.0) for one in stacks.frames])
    waited = every - ran > ERRORS * np.sqrt(every + scale * ran)
    share = np.divide(every - ran, every, out=np.zeros(len(every)), where=waited)
    waiting = np.rint(stacks.samples * share[stacks.frame])
    return replace(stacks, samples=waiting), replace(stacks, samples=stacks.samples - waiting)


def _by_line(stacks: SampledStacks) -> Seconds:
    """Samples by the innermost frame, with its line."""
    return sums_at(stacks.frame, stacks.samples.sum(axis=0), len(stacks.frames))
