"""Both sides run at once and take their samples in turns, and whatever goes wrong, one by one."""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asv_explain.measuring import session
from asv_explain.measuring.harness import Turns
from asv_explain.measuring.measure import Plan, measure
from asv_explain.measuring.process import Asked, ProcessRunner
from asv_explain.measuring.rounds import LEAST_TURNS, Round, Rounds, in_turns
from asv_explain.suspect import Installed, Suspect

SUITE = """
import os
import signal
import stat

CALLS = []


def written(name):
    file = os.open(os.path.join(SHARED, name), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, SIDE.encode())
    os.close(file)


class Logged:
    number, repeat, warmup_time = 1, 6, 0.0

    def time_it(self):
        written("trace")


class Alone(Logged):
    def setup(self):
        # Whoever comes second raises.
        os.mkdir(os.path.join(SHARED, "held"))

    def teardown(self):
        os.rmdir(os.path.join(SHARED, "held"))


class Leaves(Logged):
    def time_it(self):
        written("trace")
        CALLS.append(1)
        if SIDE == "b" and len(CALLS) == 3:
            if not os.fork():
                signal.pause()
            os._exit(3)


class Closes(Logged):
    def time_it(self):
        written("trace")
        for one in os.listdir("/proc/self/fd"):
            try:
                if stat.S_ISFIFO(os.fstat(int(one)).st_mode):
                    os.close(int(one))
            except OSError:
                pass


class Hangs(Logged):
    timeout = 1.0

    def time_it(self):
        while SIDE == "b":
            pass


class Forks(Logged):
    def time_it(self):
        if os.fork():
            written("trace")
            os.wait()
"""

DAY = Suspect("suite.Logged.time_it", None, (), "env", "machine", "a" * 40, "b" * 40)


class Counting(ProcessRunner):
    """Counts how often two were run at once, and how often one was timed or profiled alone."""

    def __init__(self) -> None:
        super().__init__()
        self.at_once, self.alone = 0, 0

    def __call__(
        self, side: Installed, request: Mapping[str, Any], folder: Path, limit: float
    ) -> Mapping[str, Any]:
        """Run one."""
        self.alone += request["mode"] in ("time", "profile") and request["number"] > 0
        return super().__call__(side, request, folder, limit)

    def together(self, first: Asked, second: Asked) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Run two."""
        self.at_once += 1
        return super().together(first, second)


@pytest.fixture
def sides(tmp_path: Path) -> tuple[Installed, Installed]:
    """Two commits' benchmarks, which differ in the name of their side."""
    made = []
    for name in "ab":
        folder = tmp_path / name / "benchmarks"
        folder.mkdir(parents=True)
        (folder / "__init__.py").touch()
        (folder / "suite.py").write_text(f"SIDE, SHARED = {name!r}, {str(tmp_path)!r}\n{SUITE}")
        env = tmp_path / name / "env"
        made.append(Installed(name * 40, Path(sys.executable), folder, env, {}))
    return made[0], made[1]


def measured(
    sides: tuple[Installed, Installed], name: str, rounds: int = 2
) -> tuple[Rounds, Counting, str]:
    """The rounds of a benchmark, how they were run, and the trace that they left."""
    runner = Counting()
    suspect = Suspect(f"suite.{name}.time_it", None, (), "env", "machine", "a" * 40, "b" * 40)
    plan = Plan(rounds=rounds, profiled=frozenset(), seconds=30.0)
    found = measure(suspect, *sides, plan, runner, time.monotonic)
    trace = sides[0].env_dir.parents[1] / "trace"
    return found, runner, trace.read_text() if trace.exists() else ""


def test_samples_alternate(sides: tuple[Installed, Installed]) -> None:
    """Sample by sample; the next pair begins with the other side."""
    found, runner, trace = measured(sides, "Logged")
    assert (runner.at_once, runner.alone) == (2, 0)
    assert [len(one.samples) for one in (*found.before, *found.after)] == [6] * 4
    assert all(one.memory > 0 for one in found.before)
    # One process chooses the number of calls, by itself and with one sample.
    assert trace == "a" + "ab" * 6 + "ba" * 6


def test_what_can_only_run_alone_runs_alone(sides: tuple[Installed, Installed]) -> None:
    """Once it failed at once, no more than that is tried, and nothing of it is left."""
    found, runner, trace = measured(sides, "Alone")
    assert found.failure is None
    assert (runner.at_once, runner.alone) == (1, 4)
    assert len(found.before) == len(found.after) == 2
    assert trace.endswith("a" * 6 + "b" * 12 + "a" * 6)


def test_who_is_left_goes_on_by_itself(sides: tuple[Installed, Installed], tmp_path: Path) -> None:
    """A side that ends takes with it whatever could keep its pipe open."""
    runner = ProcessRunner()
    request = {
        "mode": "time",
        "benchmark": "suite.Leaves.time_it",
        "param_index": None,
        "number": 1,
        "samples": 20,
        "seconds": 5.0,
    }
    asked = [
        Asked(side, {**request, "benchmark_dir": str(side.benchmark_dir)}, tmp_path, 30.0)
        for side in sides
    ]
    begun = time.monotonic()
    first, second = runner.together(*asked)
    assert time.monotonic() - begun < 30.0
    assert first["error"] is None
    assert len(first["samples"]) == 6
    assert second["error"]["text"] == "the process ended without an answer, exit status 3"
    assert (tmp_path / "trace").read_text() == "ababab" + "a" * 3


def test_the_side_that_hangs_is_the_one_that_is_blamed(
    sides: tuple[Installed, Installed],
) -> None:
    """The other one only waited for it."""
    found, runner, _ = measured(sides, "Hangs")
    assert found.failure is not None
    assert (found.failure[0], found.failure[1].kind) == ("after", "timeout")
    assert runner.at_once == 1


@pytest.mark.parametrize("name", ["Closes", "Forks"])
def test_turns_are_not_for_benchmarks_to_break(
    sides: tuple[Installed, Installed], name: str
) -> None:
    """One that closes all pipes, or comes back from a fork, is measured all the same."""
    found, runner, trace = measured(sides, name, rounds=1)
    assert found.failure is None
    assert runner.at_once == 1
    assert [len(one.samples) for one in (*found.before, *found.after)] == [6, 6]
    assert trace.count("a") == 1 + trace.count("b")


def test_two_at_once_need_room(
    sides: tuple[Installed, Installed], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where memory would not do for two of them, there is one at a time."""
    monkeypatch.setattr(session, "available_memory", lambda: 1 << 20)
    found, runner, _ = measured(sides, "Logged")
    assert found.failure is None
    assert (runner.at_once, runner.alone) == (0, 4)
    monkeypatch.setattr(session, "available_memory", lambda: None)
    assert measured(sides, "Logged")[1].at_once == 2


def test_profiles_are_taken_in_turns(sides: tuple[Installed, Installed]) -> None:
    """So many samples on either side, each in the other's pauses."""
    runner = ProcessRunner()
    request = {
        "mode": "profile",
        "benchmark": DAY.benchmark,
        "param_index": None,
        "number": 1,
        "samples": 1,
        "seconds": 5.0,
        "batches": 4,
    }
    shared = sides[0].env_dir.parents[1]
    asked = [
        Asked(side, {**request, "benchmark_dir": str(side.benchmark_dir)}, shared, 30.0)
        for side in sides
    ]
    answers = runner.together(*asked)
    assert [one["profile"]["number"] for one in answers] == [4, 4]
    assert (shared / "trace").read_text().startswith("ab" * 4)


# --- who waits for whom ---


def pair() -> tuple[Turns, Turns, list[int]]:
    """Two that take turns within this process, and their pipes: read, write, read, write."""
    pipes = [*os.pipe(), *os.pipe()]
    return Turns((pipes[0], pipes[3])), Turns((pipes[2], pipes[1])), pipes


def test_whoever_is_told_goes_on() -> None:
    """One word lets the other take one sample; the last word lets it take all."""
    one, other, pipes = pair()
    try:
        other.give()
        one.wait()
        one.leave()
        for _ in range(3):
            other.wait()
            other.give()
        one.give()
        # Nobody tells whoever has left, nor does that one.
        for end in (pipes[0], pipes[2]):
            os.set_blocking(end, False)
            with pytest.raises(BlockingIOError):
                os.read(end, 1)
    finally:
        for end in pipes:
            os.close(end)


# --- what turns come to ---

SECONDS = st.floats(1e-6, 1e3)


def taken(samples: list[float], warmed: int = 0) -> Round:
    """A round of such samples, wall and CPU alike."""
    middle = statistics.median(samples)
    given = tuple(samples)
    return Round(
        "time", middle, middle, None, 1, 0.0, given, None, None, cpu_samples=given, warmed=warmed
    )


@given(st.lists(SECONDS, min_size=LEAST_TURNS, max_size=20), st.floats(0.5, 2.0))
def test_what_slows_both_samples_of_a_turn_is_no_difference(
    pauses: list[float], ratio: float
) -> None:
    """However the machine's speed changes from turn to turn, the ratio is that of the sides."""
    first, second = in_turns(taken(pauses), taken([ratio * one for one in pauses]))
    assert (second.ratio_wall, second.ratio_cpu) == pytest.approx((ratio, ratio))
    assert (first.ratio_wall, first.ratio_cpu) == pytest.approx((1 / ratio, 1 / ratio))


@given(st.lists(st.tuples(SECONDS, SECONDS, SECONDS, SECONDS), min_size=LEAST_TURNS, max_size=9))
def test_what_was_measured_stays_as_it_was(turns: list[tuple[float, float, float, float]]) -> None:
    """Times and samples are no less raw for the ratio that stands beside them."""
    sides = []
    for wall, cpu in ((0, 1), (2, 3)):
        walls, cpus = ([each[place] for each in turns] for place in (wall, cpu))
        sides.append(replace(taken(walls), cpu=min(cpus), cpu_samples=tuple(cpus)))
    found = in_turns(sides[0], sides[1])
    for before, after in zip(sides, found, strict=True):
        assert replace(after, ratio_wall=None, ratio_cpu=None) == before
    # Which side begins changes nothing.
    swapped = in_turns(sides[1], sides[0])[::-1]
    for one, other in zip(found, swapped, strict=True):
        assert one.ratio_wall == pytest.approx(other.ratio_wall)
        assert one.ratio_cpu == pytest.approx(other.ratio_cpu)


def test_one_disturbed_turn_moves_no_ratio() -> None:
    """The median leaves out what struck one sample of one side."""
    _, second = in_turns(taken([1.0, 1.0, 1.0, 1.0, 1.0]), taken([2.0, 2.0, 9.0, 2.0, 2.0]))
    assert second.ratio_wall == pytest.approx(2.0)


def test_turns_are_counted_from_the_first_one() -> None:
    """One more sample to warm up on a side moves its list by one."""
    speeds = [1.0, 5.0, 1.0, 2.0, 9.0, 3.0]
    first = taken(speeds[1:], warmed=1)
    second = taken([2 * one for one in speeds[3:]], warmed=3)
    assert in_turns(first, second)[1].ratio_wall == pytest.approx(2)


@pytest.mark.parametrize("samples", [[1.0, 2.0], [0.0, 1.0, 2.0, 3.0]])
def test_too_little_has_no_ratio(samples: list[float]) -> None:
    """Two turns, or a clock that saw nothing pass."""
    one, other = in_turns(taken(samples), taken(samples))
    assert (one, other) == (taken(samples), taken(samples))
    assert (one.ratio_wall, other.ratio_cpu) == (None, None)
