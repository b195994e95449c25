"""Nothing is lost on the whole way from raw profiles to the explanation that JSON gives back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stack_texts import read_texts
from strategies import raw_profiles

from asv_explain import parts, pipeline
from asv_explain.changes.change import Change, Changes
from asv_explain.explanation import decode, encode
from asv_explain.measuring.rounds import Round, Rounds
from asv_explain.profiles.pair import decode_pair, encode_pair
from asv_explain.profiles.profile import profile_from_raw
from asv_explain.profiles.stacks import frames_from_raw
from asv_explain.suspect import Suspect

SUSPECT = Suspect("suite.time_it", None, (), "virtualenv", "box", "b" * 40, "a" * 40)
PAIRS = 8
FILES = ("a.py", "b/c.py")
NAMES = ("f0", "f1", "f2", "Class.method")


def timed(seconds: float) -> Round:
    return Round("time", seconds, seconds, None, 1, 0.0, (seconds,), None, None)


def profiled(raw: dict[str, Any], seconds: float) -> Round:
    profile = profile_from_raw(json.loads(json.dumps(raw)))
    frames = frames_from_raw(raw, len(profile.functions))
    return Round(
        "profile", seconds, seconds, None, 1, 0.0, (seconds,), profile, None, frames=frames
    )


def sampled(stacks: str, waits: str | None, threads: str) -> Round:
    one = Round("sample", 1.0, 1.0, None, 1, 0.0, (1.0,), None, None, rate=1e3)
    waited = None if waits is None else read_texts(waits)
    return replace(one, stacks=read_texts(stacks), waits=waited, threads=read_texts(threads))


@st.composite
def stacks(draw: st.DrawFn, frames: Sequence[str], least: int = 1) -> dict[str, int]:
    """Samples of some stacks of these frames, with recursion."""
    paths = st.lists(st.sampled_from(frames), min_size=1, max_size=5).map(";".join)
    return draw(st.dictionaries(paths, st.integers(1, 500), min_size=least, max_size=8))


def collapsed(samples: Mapping[str, int]) -> str:
    return "".join(f"{path} {count}\n" for path, count in samples.items())


def framed(raw: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """A profile that says of each of its functions which frame it is, at each of two lines."""
    found = []
    for index, one in enumerate(raw["functions"]):
        found += [[f"{one['name']}{index}", f"/x/{one['path']}", line, index] for line in (1, 2)]
    return {**raw, "frames": found}, [f"{name} ({file}:{line})" for name, file, line, _ in found]


@st.composite
def rounds(draw: st.DrawFn) -> Rounds:
    """Rounds of both sides that differ clearly, with one or several profiles, and stacks or not."""
    scatter = np.random.default_rng(1).normal(1, 1e-3, PAIRS).tolist()
    sides = []
    pairs, waiting = draw(st.integers(0, 5)), draw(st.booleans())
    for _ in range(2):
        seconds = draw(st.floats(1e-5, 1e-2))
        raws = draw(st.lists(raw_profiles(), min_size=1, max_size=3))
        taken = [timed(seconds * one) for one in scatter]
        raw, frames = framed(raws[0])
        for _ in range(pairs):
            samples = draw(stacks(frames))
            waits = {path: draw(st.integers(0, many)) for path, many in samples.items()}
            others = draw(stacks(frames, least=0))
            waited = collapsed(waits) if waiting else None
            taken.append(sampled(collapsed(samples), waited, collapsed(others)))
        taken += [profiled(one, seconds) for one in (raw, *raws[1:])]
        sides.append(tuple(taken))
    return Rounds(sides[0], sides[1])


@st.composite
def changes(draw: st.DrawFn) -> Changes:
    """Changes of some of the functions that the profiles may hold."""
    chosen = draw(st.lists(st.sampled_from([(f, n) for f in FILES for n in NAMES]), unique=True))
    items = tuple(
        Change("function", name, file, file, file, file, (1, 50), (1, 50), ("body",))
        for file, name in chosen
    )
    return Changes(items, {}, (), frozenset(FILES))


@given(rounds(), changes())
@settings(max_examples=60, deadline=None)
def test_from_raw_profiles_to_json_and_back(measured: Rounds, changed: Changes) -> None:
    """Causes and residual are the measured difference, also after a way through JSON."""
    with (
        mock.patch.object(parts, "read_changes", return_value=changed),
        mock.patch.object(parts, "evidence", return_value=None),
    ):
        explained = pipeline.explain(SUSPECT, measured, Path("nowhere"), 1.05)
    one = explained.explanation
    assert one.difference is not None
    assert one.residual is not None
    read = decode(encode(one))
    assert read == one
    total = sum(cause.amount for cause in read.causes) + one.residual
    scale = sum(abs(cause.amount) for cause in one.causes) + abs(one.residual)
    assert total == pytest.approx(one.difference, abs=1e-9 * max(scale, 1e-9))
    for cause in one.causes:
        if cause.interval is not None:
            assert cause.interval.low <= cause.amount <= cause.interval.high
    pair, closing = explained.profiles, one.sampling_after
    if pair is not None:
        assert closing is not None
        counted = float(pair.after.profile.calls.sum()) / pair.after.profile.number
        assert counted == pytest.approx(closing.counted)
        back = decode_pair(encode_pair(pair))
        assert encode_pair(back) == encode_pair(pair)
        for before, after in pair.same:
            assert pair.before.profile.functions[before].name
            assert pair.after.profile.functions[after].name
