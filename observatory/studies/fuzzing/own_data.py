"""Parsers of what the hook itself writes: explanations, profiles, stacks, answers, markers."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from asv_explain.api import ExplainError, load
from asv_explain.asv_side.store import Entry
from asv_explain.changes.change import Change, Changes
from asv_explain.explanation import Explanation, ExplanationError, decode, encode
from asv_explain.measuring.process import read_answer
from asv_explain.measuring.rounds import (
    Round,
    RoundError,
    failure_from_answer,
    limits_from_answer,
    round_from_answer,
)
from asv_explain.pages.call_tree import difference_tree
from asv_explain.pages.downloads import downloads
from asv_explain.pages.listing import Row, listing
from asv_explain.pages.page import page
from asv_explain.profiles.merge import merge
from asv_explain.profiles.pair import decode_pair, encode_pair
from asv_explain.profiles.profile import profile_from_raw, profile_to_raw
from asv_explain.profiles.sampled import from_profiles, from_samples
from asv_explain.profiles.stacks import frames_from_raw, merged, read_collapsed, read_frame
from asv_explain.profiles.wire import WireError
from asv_explain.reports.markdown import to_markdown
from asv_explain.reports.paths import merge_paths
from asv_explain.reports.terminal import render
from asv_explain.values.memory import memory_causes
from asv_explain.values.trace import Trace, trace_from_raw
from observatory.studies.fuzzing import examples
from observatory.studies.fuzzing.parser import Parser, require, scratch

__all__ = ["OWN_DATA"]

# Sums of many floats differ by less than this share of them.
_ROUNDING = 1e-6

# Causes that a report shows.
_SHOWN = 8


def _explanation(data: bytes) -> object:
    """Decoded, shown in every report and on both kinds of pages, and encoded again."""
    told = decode(data)
    require(decode(encode(told)) == told, "an explanation is written as it was read")
    _shown(told)
    return told


def _shown(told: Explanation) -> None:
    require(bool(render(told, _SHOWN)), "the terminal has something to show")
    to_markdown([told])
    page(told, None, "name", downloads(told, None))
    listing([Row("name.html", told)], [])


def _export(data: bytes) -> object:
    path = scratch() / "export.json"
    path.write_bytes(data)
    found = load(path)
    require(all(isinstance(one, Explanation) for one in found), "an export holds explanations")
    return found


def _pair(data: bytes) -> object:
    """Decoded, its stacks and its tree made, and encoded again."""
    pair = decode_pair(data)
    again = encode_pair(pair)
    require(encode_pair(decode_pair(again)) == again, "profiles are written as they were read")
    for side in (pair.before, pair.after):
        paths = merge_paths([(side.stacks, range(len(side.profile.functions)))])
        told, own = float(paths.seconds[0].sum()), float(side.stacks.seconds.sum())
        require(math.isclose(told, own, rel_tol=_ROUNDING), "paths hold all seconds")
    tree = difference_tree(pair)
    for name, side in (("before", pair.before), ("after", pair.after)):
        total = sum(getattr(node, f"total_{name}") for node in tree)
        own = float(side.stacks.seconds.sum())
        require(math.isclose(total, own, rel_tol=_ROUNDING), "a tree holds all seconds")
    downloads(examples.told(), pair)
    return pair


def _object(data: bytes) -> Mapping[str, Any]:
    answer = read_answer(data)
    if not isinstance(answer, dict):
        raise WireError("answer", "expected an object")
    return answer


def _answer(data: bytes) -> object:
    """Read as the answer to each question that the harness is asked."""
    answer = _object(data)
    found: list[object] = []
    for read in (failure_from_answer, limits_from_answer):
        found += _unless_refused(read, answer)
    for mode in ("time", "sample", "value", "profile", "trace"):
        rounds = _unless_refused(round_from_answer, answer, mode)
        for one in rounds:
            _sound_round(one)
        found += rounds
    if not found:
        raise RoundError("no answer to anything")
    return found


def _unless_refused(read: Any, *arguments: Any) -> list[Any]:
    try:
        return [read(*arguments)]
    except RoundError:
        return []


def _sound_round(one: Round) -> None:
    for value in (one.wall, one.cpu, one.setup, one.delayed, *one.samples):
        fine = value is None or (math.isfinite(value) and value >= 0)
        require(fine, "a round's seconds are finite and at least 0")
    require(one.value is None or math.isfinite(one.value), "a value is finite")
    require(one.failure is not None or one.number >= 1, "a round holds a call")


def _profile(data: bytes) -> object:
    """Read, added to itself, and taken for the times of a side of which nothing was sampled."""
    raw = _object(data)
    profile = profile_from_raw(raw)
    again = profile_from_raw(profile_to_raw(profile))
    require(profile_to_raw(again) == profile_to_raw(profile), "a profile is written as it was read")
    frames_from_raw(raw, len(profile.functions))
    for name in ("own", "cumulative", "edge_own", "edge_cumulative"):
        seconds = getattr(profile, name)
        fine = bool(np.isfinite(seconds).all() and (seconds >= 0).all())
        require(fine, "a profile's seconds are finite and at least 0")
    whole = merge([profile, profile])[0]
    side = from_profiles(whole, [np.concatenate([whole.own, whole.edge_own])], 1.0)
    told = float(side.stacks().seconds.sum())
    require(math.isclose(told, 1.0, rel_tol=_ROUNDING), "stacks hold all seconds")
    return profile


def _collapsed(data: bytes) -> object:
    """Read as the stacks of two processes, and taken for a side's times."""
    text = data.decode("utf-8", "replace")
    stacks = merged([read_collapsed(text.split("\n"))] * 2)
    profile = profile_from_raw(examples.raw_profile())
    functions = dict.fromkeys(map(read_frame, stacks.frames), 0)
    side = from_samples(stacks, profile, functions, 1.0)
    told = float(side.stacks().seconds.sum())
    require(math.isclose(told, 1.0, rel_tol=_ROUNDING), "stacks hold all seconds")
    return stacks


def _trace(data: bytes) -> object:
    """Read, and compared with one that holds nothing."""
    trace = trace_from_raw(_object(data))
    require(trace.total >= 0, "a trace holds no less than nothing")
    nothing = Trace((), (), 0, 0, ())
    changes = Changes(
        (Change("function", "f", "a.py", "a.py", "a.py", "a.py", (1, 3), (1, 3), ("body",)),)
    )
    for causes in (
        memory_causes(nothing, trace, changes),
        memory_causes(trace, trace, changes),
    ):
        require(sum(one.size[1] for one in causes) == trace.total, "causes hold all bytes")
    return trace


class _NotWhole(Exception):
    """The marker of an installation that counts as none."""


def _marker(data: bytes) -> object:
    """Read as the marker of an installed commit."""
    entry = Entry(scratch(), "key")
    entry.folder.mkdir(parents=True, exist_ok=True)
    (entry.folder / "installed.json").write_bytes(data)
    marker = entry.marker()
    if marker is None:
        raise _NotWhole
    require(marker.size >= 0, "a size is at least 0")
    return marker


def _marker_seed() -> bytes:
    entry = Entry(scratch(), "key")
    return examples.marker(entry.folder)


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


_ANSWER_WORDS = (b'"error"', b'"wall"', b'"samples"', b'"trace"', b'"profile"', b'"imports"')

OWN_DATA = (
    Parser(
        "explanation",
        "a stored explanation, and every report and page of it",
        _explanation,
        (ExplanationError,),
        examples.explanations(),
        (b'"amount"', b'"residual"', b'"verdict"', b'"unknown"', b'"bisection"', b'"interval"'),
    ),
    Parser("export", "a file of --json", _export, (ExplainError,), examples.exports()),
    Parser(
        "profiles",
        "stored profiles, their stacks and call tree",
        _pair,
        (WireError,),
        examples.pairs(),
    ),
    Parser(
        "answer",
        "what the harness answers",
        _answer,
        (ValueError,),
        examples.answers(),
        _ANSWER_WORDS,
    ),
    Parser(
        "raw-profile",
        "a profile as the harness writes it, and times from it",
        _profile,
        (ValueError,),
        (_json(examples.raw_profile()),),
    ),
    Parser("trace", "a trace of memory, and its causes", _trace, (ValueError,), examples.traces()),
    Parser(
        "stacks",
        "sampled stacks in collapsed form",
        _collapsed,
        (ValueError,),
        (examples.collapsed(),),
        (b";", b" (", b":1)", b") 7\n"),
    ),
    Parser("marker", "an installed commit's marker", _marker, (_NotWhole,), (_marker_seed(),)),
)
"""All of them."""
