"""Valid inputs from which fuzzing starts, made by the code that writes such data."""

from __future__ import annotations

import cProfile
import dataclasses
import json
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from asv_explain.bisection import Bisection, Compared, Merged, Skipped, Subrange
from asv_explain.explanation import (
    CallChange,
    Cause,
    Caveat,
    CommitRef,
    Detail,
    Explanation,
    Interval,
    LineChange,
    LineCost,
    Place,
    Rounds,
    Sampling,
    ThreadCost,
    Verdict,
    encode,
)
from asv_explain.measuring import harness
from asv_explain.profiles.match import match_profiles
from asv_explain.profiles.pair import ProfilePair, ProfileSide, encode_pair
from asv_explain.profiles.profile import profile_from_raw
from asv_explain.profiles.stacks import Stacks

__all__ = [
    "answers",
    "collapsed",
    "explanations",
    "exports",
    "marker",
    "pairs",
    "raw_profile",
    "told",
    "traces",
]

_BEFORE, _AFTER = "b" * 40, "a" * 40


def _cause(**changes: Any) -> Cause:
    cause = Cause(
        name="Shelf.find",
        path="shop/shelf.py",
        kind="changed",
        account="each call takes longer",
        amount=0.5,
        interval=Interval(0.4, 0.6),
        share=0.5,
        count_before=12,
        count_after=12.5,
        price_before=1e-6,
        price_after=2e-6,
        before=Place("src/shop/shelf.py", 15),
        after=Place("src/shop/shelf.py", 17),
        hunk="@@ -15,2 +17,2 @@\n def find(self):\n-    return 1\n+    return 2\n",
        commits=(CommitRef(_AFTER, "Ann", "2026-11-21T20:00:00+00:00", "feat: x"),),
        line_costs=(
            LineCost("return 1", 16, None, 0.1, 0.0),
            LineCost("return 2", None, 18, 0.0, 0.6),
        ),
        details=(Detail("Shelf.help", "shop/shelf.py", "new", 0.2, 0.2, 0.0, 3.0),),
        waiting=0.1,
        source_before="def find(self):\n    return 1\n",
        source_after="def find(self):\n    return 2\n",
    )
    return dataclasses.replace(cause, **changes)


def told(**changes: Any) -> Explanation:
    """An explanation of a benchmark of time, with some values changed."""
    sampled = Sampling("samples", 8, 12_345, 1000.0, 1.04, 0.1, 678.0)
    values: dict[str, Any] = {
        "benchmark": "shelf.Lookup.time_has",
        "params": ("10", "'deep'"),
        "environment": "virtualenv-py3.11",
        "machine": "box",
        "kind": "time",
        "unit": "seconds",
        "before": _BEFORE,
        "after": _AFTER,
        "verdict": Verdict.SLOWER,
        "ratio": 2.0,
        "interval": Interval(1.9, 2.1),
        "difference": 1.0,
        "causes": (_cause(), _cause(name="Shelf.new", before=None, amount=0.25, noise=True)),
        "residual": 0.25,
        "async_tax": 0.4,
        "caveats": (Caveat("few-rounds", "only 2 rounds", "raise --budget"),),
        "rounds_before": Rounds((1.0, 1.1), (1.0, 1.0), (5e8, 5e8)),
        "rounds_after": Rounds((2.0, 2.1), (2.0, 2.0), (9e8, 9e8)),
        "commit_before": CommitRef(_BEFORE, "Ann", "2026-11-20T20:00:00+00:00", "fix: y"),
        "commit_after": CommitRef(_AFTER, "Ann", "2026-11-21T20:00:00+00:00", "feat: x"),
        "facts": {"cpu": "a processor", "ram": "16384", "python": "3.11.7"},
        "confidence": 0.992,
        "sampling_before": sampled,
        "sampling_after": sampled,
        "threads": (ThreadCost("Shelf.sweep", "shop/shelf.py", 0.1, 0.2),),
    }
    return Explanation(**{**values, **changes})


def _of_memory() -> Explanation:
    line = LineChange(
        "self.rows = list(rows)", None, Place("src/shop/shelf.py", 18), 0, 4096, 0, 2, "list"
    )
    cause = _cause(amount=4096.0, interval=None, lines=(line,), share=1.0)
    return told(
        kind="peakmem",
        unit="bytes",
        difference=4096.0,
        residual=0.0,
        causes=(cause,),
        async_tax=None,
        sampling_before=None,
        sampling_after=None,
        threads=(),
        rounds_before=Rounds((8192.0,), (), ()),
        rounds_after=Rounds((12288.0,), (), ()),
    )


def _tracked() -> Explanation:
    call = CallChange("Shelf.find", "shop/shelf.py", 1.0, 2.5)
    return told(kind="track", unit="rows", causes=(), residual=1.0, calls=(call,), async_tax=None)


def _unmeasured() -> Explanation:
    nothing = dict.fromkeys(("ratio", "interval", "difference", "residual", "async_tax"))
    empty = Rounds((), (), ())
    return told(
        kind="unknown", verdict=Verdict.UNKNOWN, causes=(), rounds_before=empty,
        rounds_after=empty, **nothing,
    )  # fmt: skip


def _narrowed() -> Explanation:
    search = Bisection(
        before="1" * 40,
        after="2" * 40,
        commits=9,
        verdict=Verdict.SLOWER,
        ratio=2.0,
        interval=Interval(1.9, 2.1),
        measured=(Compared(_AFTER, 1.9, Interval(1.8, 2.0), Verdict.SLOWER),),
        skipped=(Skipped("3" * 40, "it does not build"),),
        suspected=(_AFTER,),
        merged=Merged(_BEFORE, "4" * 40),
        share=0.9,
        share_interval=Interval(0.8, 1.0),
        rest=Subrange("1" * 40, _BEFORE, 0.1),
    )
    return told(bisection=search)


@cache
def explanations() -> tuple[bytes, ...]:
    """One of each kind."""
    every = (told(), _of_memory(), _tracked(), _unmeasured(), _narrowed())
    return tuple(encode(one) for one in every)


@cache
def exports() -> tuple[bytes, ...]:
    """One explanation, and a list of all."""
    every = explanations()
    return (every[0], b"[" + b",\n".join(every[:3]) + b"]", b"[]")


def _work(depth: int) -> int:
    return sorted(range(depth))[-1] + (_work(depth - 1) if depth > 1 else 0)


@cache
def raw_profile() -> dict[str, Any]:
    """What the harness writes of a small recursive program."""
    profiler = cProfile.Profile()
    start = time.perf_counter()
    profiler.enable()
    _work(4)
    profiler.disable()
    seconds = time.perf_counter() - start
    folder = str(Path(__file__).parent)
    raw = harness.describe(profiler.getstats(), harness.Homes(folder, [folder]), 1, seconds)
    return {**raw, "prepared": [["shop/shelf.py", "Shelf.__init__"]]}


def _stacks(seconds: float) -> Stacks:
    """A function that calls itself at one line and another one at two."""
    samples = np.array([1, 2, 4, 8, 16])
    return Stacks(
        np.array([-1, 0, 1, 1, -1]),
        np.array([0, 0, 1, 1, 1]),
        np.array([3, 4, 7, 8, 0]),
        samples,
        samples * seconds,
    )


@cache
def pairs() -> tuple[bytes, ...]:
    """A profile as both sides, one of them twice as fast."""
    profile = profile_from_raw(raw_profile())
    whole, half = (ProfileSide(profile, _stacks(seconds)) for seconds in (1e-6, 5e-7))
    match = match_profiles(profile, profile)
    same = tuple(zip(match.before.tolist(), match.after.tolist(), strict=True))
    return (encode_pair(ProfilePair(whole, half, same)),)


def _raw_trace() -> dict[str, Any]:
    source = ["def stock():\n", "    return [0] * 512\n"]
    function = {"home": "site", "path": "a.py", "name": "f", "line": 1, "source": source}
    library = {"home": "stdlib", "path": "json/__init__.py", "name": "loads", "line": 9}
    return {
        "functions": [function, {**library, "source": []}],
        "rows": [[4096, 1, [[0, 2]]], [512, 3, [[1, 12], [0, 1]]], [64, 1, []]],
        "temporary": [128, [[0, 1]]],
        "peak": 4800,
        "origin": [[0, 2]],
        "imports": [1024, 2048],
    }


@cache
def traces() -> tuple[bytes, ...]:
    """What the harness writes of a process that holds a few blocks."""
    return (json.dumps(_raw_trace()).encode(),)


@cache
def answers() -> tuple[bytes, ...]:
    """An answer to each question that the harness is asked, and one of failure."""
    timed = {
        "schema": 1,
        "wall": 1e-3,
        "cpu": 1e-3,
        "instructions": 1_000_000,
        "number": 10,
        "setup": 0.0,
        "delayed": 0.0,
        "samples": [1e-3, 1.1e-3],
        "profile": None,
        "error": None,
    }
    limits = {"setup_cache": True, "timeout": 7.0, "setup_cache_timeout": None, "error": None}
    every: tuple[dict[str, Any], ...] = (
        timed,
        {**timed, "profile": raw_profile()},
        {"schema": 1, "value": 4096.0, "error": None},
        {"schema": 1, "trace": _raw_trace(), "error": None},
        {"schema": 1, **limits, "kind": "peakmem", "unit": "bytes"},
        {"schema": 1, "error": {"kind": "failed", "text": "OSError: closed"}},
        {**timed, "wall": float("nan")},
    )
    return tuple(json.dumps(one).encode() for one in every)


def collapsed() -> bytes:
    """Stacks of which one is in another, with frames that have no line, or no file."""
    lines = (
        "time_has (shelf.py:12);Shelf.find (shop/shelf.py:17) 120",
        "time_has (shelf.py:12);Shelf.find (shop/shelf.py:17);Shelf.find (shop/shelf.py:18) 7",
        "time_has (shelf.py:13);<listcomp> (shop/shelf.py) 1",
        "[kernel] 2",
    )
    return "".join(f"{line}\n" for line in lines).encode()


def marker(folder: Path) -> bytes:
    """The marker of a whole installation in a folder."""
    said = {
        "schema": 1,
        "commit": _AFTER,
        "environment": "virtualenv-py3.11",
        "python": sys.executable,
        "env_dir": str(folder / "env"),
        "env_vars": {"PATH": "/usr/bin"},
        "size": 12_000_000,
    }
    return json.dumps(said).encode()
