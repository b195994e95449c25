"""One side as it is attributed: who ran, how often, and in which stacks the time went."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from asv_explain.profiles.profile import Indices, Profile, Seconds, sums_at
from asv_explain.profiles.stacks import Frame, SampledStacks, Stacks, read_frame
from asv_explain.profiles.wire import WireError

__all__ = ["SampledSide", "from_profiles", "from_samples", "functions_of"]


@dataclass(frozen=True, slots=True, eq=False)
class SampledSide:
    """One side of a comparison, in R rounds.

    Attributes:
        profile: The functions, and how often cProfile counted each and each call.
        parent: The node of the calling frame, -1 for the outermost (N,); parents come first.
        function: The frame's function, as an index into the profile's (N,).
        line: The line of it that runs, 0 where unknown (N,).
        weight: What each round holds of each node as the innermost frame (R, N): samples, or
            cProfile's seconds where no stacks were sampled.
        waiting: The part of ``weight`` that was waiting (R, N); None where that is not known.
        seconds: Seconds of one benchmark call, measured without a profiler.
        sampled: Whether ``weight`` is of samples, each drawn by chance.
    """

    profile: Profile
    parent: Indices
    function: Indices
    line: Indices
    weight: Seconds
    waiting: Seconds | None
    seconds: float
    sampled: bool = True

    @property
    def total(self) -> Seconds:
        """What each round holds in all (R,)."""
        total: Seconds = self.weight.sum(axis=1)
        return total

    @property
    def shares(self) -> Seconds:
        """The share of each round that each node has as the innermost frame (R, N)."""
        shares: Seconds = self.weight / np.maximum(self.total, np.finfo(float).tiny)[:, None]
        return shares

    def stacks(self) -> Stacks:
        """The stacks of all rounds together, each round of the same weight."""
        return Stacks(
            self.parent,
            self.function,
            self.line.astype(np.int64),
            np.rint(self.weight.sum(axis=0)).astype(np.int64) * self.sampled,
            self.shares.mean(axis=0) * self.seconds,
        )


def from_samples(
    stacks: SampledStacks,
    profile: Profile,
    functions: Mapping[Frame, int],
    seconds: float,
    *,
    waits: bool = False,
    imports: Sequence[Mapping[str, float]] = (),
) -> SampledSide:
    """A side of which stacks were sampled.

    Args:
        stacks: The samples of all rounds; with ``waits``, those of waiting follow as so many
            rounds more.
        profile: What cProfile counted.
        functions: The function of each frame, as an index into the profile's.
        seconds: Seconds of one benchmark call, measured without a profiler.
        waits: Whether the second half of the rounds holds the samples of waiting.
        imports: Of each round the own seconds of modules that were imported, as -X importtime
            told them: what all imports have of the samples is divided among modules by these.

    Raises:
        WireError: A frame belongs to no function, or a round holds no sample.
    """
    frames = [*map(read_frame, stacks.frames)]
    of_frame = functions_of(frames, functions)
    lines = np.array([one.line for one in frames], np.intp)
    parent = stacks.parent.astype(np.intp)
    weight = stacks.samples
    rounds = len(weight) // 2 if waits else len(weight)
    if not len(of_frame) or not weight[:rounds].sum(axis=1).all():
        raise WireError("stacks", "expected at least one sample in every round")
    function = _by_caller(profile, parent, of_frame[stacks.frame])
    if imports:
        weight[:rounds] = _by_import_times(weight[:rounds], parent, function, profile, imports)
    return SampledSide(
        profile,
        parent,
        function,
        lines[stacks.frame],
        weight[:rounds],
        weight[rounds:] if waits else None,
        seconds,
    )


def functions_of(frames: Iterable[Frame], functions: Mapping[Frame, int]) -> Indices:
    """The function of each frame.

    Raises:
        WireError: A frame belongs to none.
    """
    try:
        return np.array([functions[one] for one in frames], np.intp)
    except KeyError as error:
        raise WireError("frames", f"no function is known for {error.args[0]!r:.200}") from None


def _by_import_times(
    weight: Seconds,
    parent: Indices,
    function: Indices,
    profile: Profile,
    imports: Sequence[Mapping[str, float]],
) -> Seconds:
    """Each round's samples, with those of each module scaled to the time that its import took."""
    modules = [_module(one.path) if one.name == "<module>" else "" for one in profile.functions]
    of_node: list[str] = []
    for above, index in zip(parent.tolist(), function.tolist(), strict=True):
        of_node.append(modules[index] or (of_node[above] if above >= 0 else ""))
    names = {name: number for number, name in enumerate(dict.fromkeys(of_node))}
    group = np.array([names[one] for one in of_node], np.intp)
    scaled = weight.copy()
    for row, times in zip(scaled, imports, strict=True):
        sampled = sums_at(group, row, len(names))
        told = np.array([times.get(name, 0.0) for name in names])
        known = (told > 0) & (sampled > 0)
        if known.any():
            share = told[known] / told[known].sum() * sampled[known].sum()
            factor = np.ones(len(names))
            factor[known] = share / sampled[known]
            row *= factor[group]
    return scaled


def _module(path: str) -> str:
    """The name by which a file is imported."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _by_caller(profile: Profile, parent: Indices, function: Indices) -> Indices:
    """Tell generated functions of one name apart by who calls them: a sampler can't.

    Args:
        profile: What cProfile counted.
        parent: The node of each calling frame (N,).
        function: The function of each node, or one of the same name (N,).
    """
    alike: dict[tuple[str, str], set[int]] = {}
    for index, one in enumerate(profile.functions):
        if one.home == "generated":
            alike.setdefault((one.path, one.name), set()).add(index)
    several = {index: every for every in alike.values() if len(every) > 1 for index in every}
    if not several:
        return function
    into = np.isin(profile.callee, np.fromiter(several, np.intp))
    calls: dict[int, dict[int, int]] = {}
    for caller, callee, made in zip(
        profile.caller[into].tolist(),
        profile.callee[into].tolist(),
        profile.edge_calls[into].tolist(),
        strict=True,
    ):
        calls.setdefault(caller, {})[callee] = made
    result = function.copy()
    # Who calls it may be one of them itself; parents come first.
    for node in np.flatnonzero(np.isin(function, np.fromiter(several, np.intp))).tolist():
        made_by = calls.get(int(result[parent[node]]), {}) if parent[node] >= 0 else {}
        called = {one: made_by[one] for one in several[int(function[node])] if one in made_by}
        if called:
            result[node] = max(called, key=lambda one: (called[one], -one))
    return result


def from_profiles(whole: Profile, rounds: Sequence[Seconds], seconds: float) -> SampledSide:
    """A side of which no stacks could be sampled: stacks of two frames from cProfile's edges.

    A C function's time goes to its caller, where a sampler would find it, too. A round that saw no
    time pass is shared by calls.

    Args:
        whole: All rounds' profiles in one.
        rounds: For each round the seconds of each function itself and of each edge's callee itself,
            one after the other, in the order of ``whole``.
        seconds: Seconds of one benchmark call, measured without a profiler.

    Raises:
        WireError: No function was called.
    """
    size = len(whole.functions)
    if not whole.calls.any():
        raise WireError("functions", "expected at least one that was called")
    is_c = np.array([one.is_builtin for one in whole.functions], np.bool_)
    inner = ~is_c[whole.callee]
    own = np.array([one[:size] for one in rounds])
    edge = np.array([one[size:] for one in rounds])
    alone = np.where(is_c, 0.0, own)
    for row, on_edges in zip(alone, edge, strict=True):
        row -= np.bincount(whole.callee[inner], on_edges[inner], size)
        np.maximum(row, 0.0, out=row)
        row += np.bincount(whole.caller[~inner], on_edges[~inner], size)
        if not row.any() and not on_edges[inner].any():
            row += whole.calls
    return SampledSide(
        whole,
        np.concatenate([np.full(size, -1), whole.caller[inner]]).astype(np.intp),
        np.concatenate([np.arange(size), whole.callee[inner]]).astype(np.intp),
        np.zeros(size + int(inner.sum()), np.intp),
        np.concatenate([alone, edge[:, inner]], axis=1),
        None,
        seconds,
        sampled=False,
    )
