"""Counts and stacks in the formats of other tools: pstats, speedscope, folded stacks."""

from __future__ import annotations

import json
import marshal
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from asv_explain.profiles.pair import ProfileSide
from asv_explain.profiles.profile import Function, Indices, Profile
from asv_explain.reports.paths import merge_paths

__all__ = ["to_folded", "to_pstats", "to_speedscope"]

_Label = tuple[str, int, str]


def to_pstats(profile: Profile) -> bytes:
    """The profile as ``pstats.Stats`` and snakeviz read it from a ``.prof`` file.

    Functions that share file, line and name there, as pstats can't tell them apart, are added up.
    """
    labels = [_label(function) for function in profile.functions]
    stats: dict[_Label, tuple[int, int, float, float, dict[_Label, tuple[Any, ...]]]] = {}
    rows = zip(
        labels,
        profile.calls.tolist(),
        profile.recursive.tolist(),
        profile.own.tolist(),
        profile.cumulative.tolist(),
        strict=True,
    )
    for label, calls, recursive, own, cumulative in rows:
        old = stats.get(label, (0, 0, 0.0, 0.0, {}))
        stats[label] = (
            old[0] + calls - recursive,
            old[1] + calls,
            old[2] + own,
            old[3] + cumulative,
            old[4],
        )
    edges = zip(
        profile.caller.tolist(),
        profile.callee.tolist(),
        profile.edge_calls.tolist(),
        profile.edge_recursive.tolist(),
        profile.edge_own.tolist(),
        profile.edge_cumulative.tolist(),
        strict=True,
    )
    for caller, callee, calls, recursive, own, cumulative in edges:
        callers = stats[labels[callee]][4]
        row = (calls, calls - recursive, own, cumulative)
        old_row = callers.get(labels[caller], (0, 0, 0.0, 0.0))
        callers[labels[caller]] = tuple(a + b for a, b in zip(old_row, row, strict=True))
    # Written for others to read: nothing here ever reads marshalled data back. The last version
    # without references, which depend on who else holds an object.
    return marshal.dumps(stats, 2)


def to_folded(side: ProfileSide) -> str:
    """One line a stack, as flamegraph.pl reads it: names joined by ``;``, then nanoseconds."""
    functions = side.profile.functions
    names = [_plain(_shown(function)).replace(";", ",") for function in functions]
    found = merge_paths([(side.stacks, range(len(functions)))])
    (seconds,) = found.seconds
    return "".join(
        f"{';'.join([names[index] for index in stack])} {round(weight * 1e9)}\n"
        for stack, weight in _stacks(found.parent, found.function.tolist(), seconds.tolist())
    )


def to_speedscope(side: ProfileSide, name: str) -> str:
    """A file of speedscope's own format: one sampled profile in seconds, a frame for each line."""
    stacks, functions = side.stacks, side.profile.functions
    lines = np.stack([stacks.function, stacks.line], axis=1)
    different, frame = np.unique(lines, axis=0, return_inverse=True)
    frames = [
        {
            "name": functions[index].name,
            "file": f"{functions[index].home}/{functions[index].path}".rstrip("/"),
            "line": line or functions[index].line,
        }
        for index, line in different.tolist()
    ]
    found = [*_stacks(stacks.parent, frame.reshape(-1).tolist(), stacks.seconds.tolist())]
    document = {
        "$schema": "https://www.speedscope.app/file-format-schema.json",
        "exporter": "asv-explain",
        "name": name,
        "activeProfileIndex": 0,
        "shared": {"frames": frames},
        "profiles": [
            {
                "type": "sampled",
                "name": name,
                "unit": "seconds",
                "startValue": 0,
                "endValue": float(stacks.seconds.sum()),
                "samples": [stack for stack, _ in found],
                "weights": [weight for _, weight in found],
            }
        ],
    }
    return json.dumps(document)


def _stacks(
    parent: Indices, own: Sequence[int], seconds: Sequence[float]
) -> Iterator[tuple[list[int], float]]:
    """Each stack that took time: what ``own`` says of its nodes from the outermost in; seconds."""
    above = parent.tolist()
    for index, weight in enumerate(seconds):
        if weight > 0:
            stack = []
            node = index
            while node >= 0:
                stack.append(own[node])
                node = above[node]
            yield stack[::-1], weight


def _label(function: Function) -> _Label:
    if function.is_builtin:
        return ("~", 0, f"<{function.name}>")
    return (f"{function.home}/{function.path}", function.line, function.name)


def _shown(function: Function) -> str:
    return function.name if function.is_builtin else f"{function.name} ({function.path})"


def _plain(text: str) -> str:
    """The text without line breaks and control characters, which no line of text may hold."""
    return "".join(character if character.isprintable() else "?" for character in text)
