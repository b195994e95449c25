"""A profile in the formats of other tools: pstats, speedscope, folded stacks."""

from __future__ import annotations

import json
import marshal
from collections.abc import Sequence
from typing import Any

from asv_explain.profiles.profile import Function, Profile
from asv_explain.reports.stacks import Stack

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
    # Written for others to read: nothing here ever reads marshalled data back.
    return marshal.dumps(stats)


def to_folded(profile: Profile, stacks: Sequence[Stack]) -> str:
    """One line a stack, as flamegraph.pl reads it: names joined by ``;``, then nanoseconds."""
    names = [_plain(_shown(function)).replace(";", ",") for function in profile.functions]
    lines = [
        f"{';'.join(names[index] for index in stack.functions)} {round(stack.seconds * 1e9)}\n"
        for stack in stacks
    ]
    return "".join(lines)


def to_speedscope(profile: Profile, stacks: Sequence[Stack], name: str) -> str:
    """A file of speedscope's own format, with one sampled profile in seconds."""
    frames = [
        {
            "name": function.name,
            "file": f"{function.home}/{function.path}".rstrip("/"),
            "line": function.line,
        }
        for function in profile.functions
    ]
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
                "endValue": sum(stack.seconds for stack in stacks),
                "samples": [list(stack.functions) for stack in stacks],
                "weights": [stack.seconds for stack in stacks],
            }
        ],
    }
    return json.dumps(document)


def _label(function: Function) -> _Label:
    if function.is_builtin:
        return ("~", 0, f"<{function.name}>")
    return (f"{function.home}/{function.path}", function.line, function.name)


def _shown(function: Function) -> str:
    return function.name if function.is_builtin else f"{function.name} ({function.path})"


def _plain(text: str) -> str:
    """The text without line breaks and control characters, which no line of text may hold."""
    return "".join(character if character.isprintable() else "?" for character in text)
