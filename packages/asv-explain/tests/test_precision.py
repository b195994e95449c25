"""What to measure next, and what is told of how an answer was come by."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
from call_graphs import FILE, changed, side
from stack_texts import read_texts

from asv_explain import parts, pipeline, precision
from asv_explain.changes.change import Changes
from asv_explain.explanation import Caveat, Explanation, Verdict
from asv_explain.measuring.rounds import Round, Rounds
from asv_explain.precision import Enough
from asv_explain.profiles.profile import profile_from_raw, profile_to_raw
from asv_explain.profiles.stacks import frames_from_raw
from asv_explain.suspect import Suspect

SUSPECT = Suspect("suite.time_it", None, (), "virtualenv", "box", "b" * 40, "a" * 40)


def timed(seconds: float, scatter: float, count: int) -> tuple[Round, ...]:
    factors = np.random.default_rng(4).normal(1.0, scatter, count)
    one = Round("time", 1.0, 1.0, None, 1, 0.0, (1.0,), None, None)
    return tuple(replace(one, wall=seconds * each, cpu=seconds * each) for each in factors.tolist())


def sampled(
    environment: str, shares: list[float], below: str = "", total: int = 10_000
) -> tuple[Round, ...]:
    """Rounds of which so much is in the changed function `f`, and the rest in its caller.

    Args:
        environment: Where the file of `f` is.
        shares: Of each round, what is in `f`.
        below: What `f` calls, in which all of this is.
        total: The samples of a round.
    """
    one = Round("sample", 1.0, 1.0, None, 1, 0.0, (1.0,), None, None, rate=1000.0)
    texts = [
        f"t (bench.py:1) {total - round(total * share)}\n"
        f"t (bench.py:1);f (/{environment}/{FILE}:2){below} {round(total * share)}\n"
        for share in shares
    ]
    return tuple(replace(one, stacks=read_texts(text)) for text in texts)


def asked(before: tuple[Round, ...], after: tuple[Round, ...]) -> str:
    with mock.patch.object(precision, "read_changes", return_value=changed("f")):
        return Enough(SUSPECT, Path("nowhere"), 1.05)(Rounds(before, after))


@pytest.mark.parametrize("pairs", [0, 1])
def test_one_pair_of_samples_is_never_enough(pairs: int) -> None:
    """It has no scatter."""
    before, after = sampled("old", [0.1] * pairs), sampled("new", [0.5] * pairs)
    assert asked(timed(1.0, 1e-4, 8) + before, timed(1.8, 1e-4, 8) + after) == "samples"


def test_rounds_that_agree_are_enough() -> None:
    """Half the width of the larger causes' intervals is below what is wanted."""
    before, after = (
        sampled("old", [0.10, 0.101, 0.10, 0.101]),
        sampled("new", [0.50, 0.501, 0.501, 0.50]),
    )
    assert asked(timed(1.0, 1e-4, 8) + before, timed(1.8, 1e-4, 8) + after) == ""


def test_shares_that_scatter_want_more_samples() -> None:
    """The time is known well, the function's share is not."""
    before, after = (
        sampled("old", [0.10, 0.15, 0.05, 0.12]),
        sampled("new", [0.50, 0.40, 0.60, 0.45]),
    )
    assert asked(timed(1.0, 1e-4, 8) + before, timed(1.8, 1e-4, 8) + after) == "samples"


@pytest.mark.parametrize(("scatter", "wanted"), [(0.001, ""), (0.08, "samples")])
def test_what_changed_code_calls_counts_where_it_surely_differs(
    scatter: float, wanted: str
) -> None:
    """A cause whose time is all in code that did not change is to be known as well."""
    shares = [0.5, 0.5 + scatter, 0.5 - scatter, 0.5]
    before = sampled("old", [0.1] * 4, ";g (lib.py:3)")
    after = sampled("new", shares, ";g (lib.py:3)")
    assert asked(timed(1.0, 1e-4, 8) + before, timed(1.8, 1e-4, 8) + after) == wanted


def test_what_might_not_differ_is_not_asked_for() -> None:
    """The same unchanged code, called as often, is in no cause while it is within noise."""
    calls = ";g (lib.py:3)"
    before = sampled("old", [0.3, 0.34, 0.26, 0.31], calls)
    after = sampled("new", [0.3, 0.26, 0.36, 0.29], calls)
    assert asked(timed(1.0, 1e-4, 8) + before, timed(1.1, 1e-4, 8) + after) == ""


def test_files_of_neither_commit_did_not_change() -> None:
    """The benchmark's own file is the same one on both sides, whatever its name is in git."""
    before = sampled("same", [0.3, 0.34, 0.26, 0.31])
    after = sampled("same", [0.3, 0.26, 0.36, 0.29])
    assert asked(timed(1.0, 1e-4, 8) + before, timed(1.1, 1e-4, 8) + after) == ""


def test_times_that_scatter_want_more_timing() -> None:
    """Shares are known well; how much the step is decides what they are of."""
    before, after = (
        sampled("old", [0.10, 0.101, 0.10, 0.101]),
        sampled("new", [0.30, 0.301, 0.301, 0.30]),
    )
    assert asked(timed(1.0, 0.05, 8) + before, timed(1.2, 0.06, 8)[::-1] + after) == "time"


def raw_of(calls: int, frames: bool = True) -> dict[str, Any]:
    """What the harness writes of a benchmark `t` that calls `f` so often."""
    one = side({"t": (1, 1.0), "f": (calls, 1.0)}, [("t", "f", calls, 1.0)])
    raw = profile_to_raw(one.profile)
    found = [["t", "bench.py", 1, 0], ["f", f"/env/{FILE}", 2, 1]]
    made: dict[str, Any] = json.loads(json.dumps(raw | ({"frames": found} if frames else {})))
    return made


def explained(
    before: tuple[Round, ...], after: tuple[Round, ...], unsampled: str = ""
) -> Explanation:
    one = Changes(changed("f").items, {}, (), frozenset({FILE}))
    with (
        mock.patch.object(parts, "read_changes", return_value=one),
        mock.patch.object(parts, "evidence", return_value=None),
    ):
        rounds = Rounds(before, after, unsampled=unsampled)
        return pipeline.explain(SUSPECT, rounds, Path("nowhere"), 1.05).explanation


def profiled(raw: dict[str, Any]) -> Round:
    profile = profile_from_raw(raw)
    frames = frames_from_raw(raw, len(profile.functions))
    return Round("profile", 1.0, 1.0, None, 1, 0.0, (1.0,), profile, None, frames=frames)


TIMES = timed(1.0, 1e-4, 8), timed(1.8, 1e-4, 8)
SAMPLES = (
    sampled("env", [0.10, 0.101, 0.10, 0.101]),
    sampled("env", [0.50, 0.501, 0.501, 0.50]),
)


def test_samples_are_told_with_what_they_are_of() -> None:
    """The first cause's time is that of its samples; nothing is doubted that needs none."""
    counts = (profiled(raw_of(3)), profiled(raw_of(3)))
    found = explained(TIMES[0] + SAMPLES[0] + counts, TIMES[1] + SAMPLES[1] + counts)
    assert found.verdict is Verdict.SLOWER
    first = found.causes[0]
    assert first.name == "f"
    assert first.amount == pytest.approx(0.8005, abs=0.01)
    assert found.sampling_after is not None
    assert (found.sampling_after.method, found.sampling_after.rounds) == ("samples", 4)
    assert found.sampling_after.samples == 40_000
    assert not [one for one in found.caveats if one.kind in ("profile", "counts")]


def test_counts_that_differ_from_process_to_process_are_said() -> None:
    """The mean counts, and which functions they are of is told."""
    counts = (profiled(raw_of(3)), profiled(raw_of(4)))
    found = explained(TIMES[0] + SAMPLES[0] + counts, TIMES[1] + SAMPLES[1] + counts)
    (caveat,) = (one for one in found.caveats if one.kind == "counts")
    assert "calls of f differ from process to process" in caveat.text
    assert found.causes[0].count_before == 3.5


def test_times_of_a_profiler_are_said_with_the_reason() -> None:
    """Why nothing was sampled stands beside what to do about it."""
    counts = (profiled(raw_of(3, frames=False)),)
    found = explained(TIMES[0] + counts, TIMES[1] + counts, "py-spy may not read processes")
    (caveat,) = (one for one in found.caveats if one.kind == "profile")
    assert "py-spy may not read processes" in caveat.text
    assert caveat.remedy
    assert found.sampling_before is not None
    assert found.sampling_before.method == "profile"
    # One round has no interval.
    assert {one.interval for one in found.causes} == {None}


def test_other_code_than_the_commits_is_unknown() -> None:
    """Whatever was measured, no cause is named."""
    counts = (profiled(raw_of(3)),)
    caveat = Caveat("other-code", "`x` was imported from elsewhere", "mend it")
    with mock.patch.object(pipeline, "foreign_code", return_value=caveat):
        found = explained(TIMES[0] + SAMPLES[0] + counts, TIMES[1] + SAMPLES[1] + counts)
    assert found.verdict is Verdict.UNKNOWN
    assert found.causes == ()
    assert caveat in found.caveats
