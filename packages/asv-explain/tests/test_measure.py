"""The course of measuring, with a made-up runner and clock, and with real processes."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from recording import NOTHING
from stack_texts import read_texts

from asv_explain.explanation import Verdict
from asv_explain.measuring.confirm import MIN_PAIRS, confirm
from asv_explain.measuring.measure import LOOK_AT, Plan, measure
from asv_explain.measuring.process import ProcessRunner, environment
from asv_explain.measuring.rounds import Rounds
from asv_explain.measuring.sampling import (
    DEAR_RATE,
    LEAST_PART,
    LOWEST_RATE,
    MORE_TIMED,
    RATE,
    SAMPLES,
)
from asv_explain.measuring.session import SAMPLER_SLOWDOWN
from asv_explain.profiles.stacks import NO_STACKS, SampledStacks
from asv_explain.suspect import Installed, Suspect

STACKS = read_texts("time_it (suite.py:3) 9\n")
SUSPECT = Suspect("suite.time_it", None, (), "env", "machine", "a" * 40, "b" * 40)


def installed(commit: str, folder: Path, **env: str) -> Installed:
    """Make a side that runs on this interpreter."""
    return Installed(commit * 40, Path(sys.executable), folder / "benchmarks", folder / "env", env)


@dataclass
class Fake:
    """A runner whose answers are made up, and a clock that its processes move on."""

    walls: Mapping[str, float]
    cost: float = 1.0
    slowdown: float = 1.0
    setup: float = 0.0
    cached: bool = False
    fails: tuple[str, str, str] | None = None
    unsampled: str = ""
    implementation: str = "cpython"
    stop: float = 0.1
    keeps_up: bool = True
    threaded: bool = False
    others: SampledStacks = NO_STACKS
    now: float = 100.0
    asked: list[tuple[str, str, Mapping[str, Any], Path, float]] = field(default_factory=list)

    def __call__(
        self, side: Installed, request: Mapping[str, Any], folder: Path, limit: float
    ) -> Mapping[str, Any]:
        """Answer as a benchmark of the given wall time would."""
        name, mode = side.commit[0], str(request["mode"])
        self.asked.append((name, mode, request, folder, limit))
        self.now += self.cost * (self.slowdown if mode == "profile" else 1.0)
        if self.fails is not None and self.fails[:2] == (name, mode):
            return {"schema": 1, "error": {"kind": self.fails[2], "text": "why"}}
        if mode == "inspect":
            limits = {"timeout": 7.0, "setup_cache_timeout": 9.0}
            about = {"setup_cache": self.cached, "implementation": self.implementation}
            return {"schema": 1, **about, **limits, "error": None}
        if mode == "sample" and self.unsampled:
            return {"schema": 1, "error": {"kind": "unsampled", "text": self.unsampled}}
        if mode == "cache":
            return {"schema": 1, "error": None}
        wall = cpu = self.walls[name] * (1 + len(self.asked) % 7 * 1e-3)
        sampled: dict[str, Any] = {}
        if mode == "sample":
            wall /= 1 - self.stop
            self.now += request["seconds"]
            sampled = {"stacks": STACKS, "threads": self.others, "kept_up": self.keeps_up}
        return {
            "schema": 1,
            **sampled,
            "threaded": self.threaded,
            "wall": wall,
            "cpu": cpu,
            "instructions": None,
            "number": request["number"] or 25,
            "setup": self.setup,
            "delayed": 0.0,
            "samples": [wall],
            "profile": NOTHING if mode == "profile" else None,
            "error": None,
        }

    def clock(self) -> float:
        """Give the time that processes have taken so far."""
        return self.now

    def order(self, mode: str) -> str:
        """Give the sides of the processes of one mode, in the order of running."""
        return "".join(name for name, asked, *_ in self.asked if asked == mode)

    def requests(self, mode: str) -> list[Mapping[str, Any]]:
        """Give the requests of one mode."""
        return [request for _, asked, request, *_ in self.asked if asked == mode]


def run(
    fake: Fake, tmp_path: Path, plan: Plan, enough: Callable[[Rounds], str] | None = None
) -> Any:
    """Measure with a made-up runner."""
    sides = installed("a", tmp_path), installed("b", tmp_path)
    if enough is None:
        return measure(SUSPECT, *sides, plan, fake, fake.clock)
    return measure(SUSPECT, *sides, plan, fake, fake.clock, enough)


def test_sides_take_turns_a_b_b_a(tmp_path: Path) -> None:
    """After the process that chooses the number, each pair turns the order of the last round."""
    fake = Fake({"a": 1.0, "b": 1.0})
    found = run(fake, tmp_path, Plan(rounds=4))
    assert fake.order("inspect") == "ab"
    assert fake.order("time") == "a" + "abba" * 2
    assert len(found.timed.before) == len(found.timed.after) == 4
    assert fake.order("profile") == ""


def test_both_sides_make_the_same_number_of_calls(tmp_path: Path) -> None:
    """The number is chosen once, on the side before."""
    fake = Fake({"a": 1e-3, "b": 2e-3})
    run(fake, tmp_path, Plan(rounds=4))
    first, *others = [request["number"] for request in fake.requests("time")]
    assert first == 0
    assert set(others) == {25}
    assert {request["number"] for request in fake.requests("profile")} == {25}
    assert len({request["batches"] for request in fake.requests("profile")}) == 1


def test_timing_ends_when_the_answer_is_clear(tmp_path: Path) -> None:
    """The first look that is clear is the last."""
    fake = Fake({"a": 1.0, "b": 1.0}, cost=0.01)
    found = run(fake, tmp_path, Plan())
    assert len(found.timed.before) == LOOK_AT[0] == MIN_PAIRS
    assert confirm(found).verdict is Verdict.SAME


def test_timing_ends_when_its_budget_is_spent(tmp_path: Path) -> None:
    """A ratio at the factor itself never gets clear: the budget ends it, and is kept."""
    fake = Fake({"a": 1.0, "b": 1.05}, cost=1.0)
    found = run(fake, tmp_path, Plan(budget=40.0))
    assert confirm(found).verdict is Verdict.UNKNOWN
    assert fake.now - 100.0 <= 40.0
    assert len(found.timed.before) > MIN_PAIRS


def test_a_slow_benchmark_within_a_small_budget_is_unknown(tmp_path: Path) -> None:
    """One pair at least is measured, which is too little for a verdict."""
    fake = Fake({"a": 10.0, "b": 20.0}, cost=25.0)
    found = run(fake, tmp_path, Plan(budget=60.0))
    assert len(found.timed.before) == 1
    assert confirm(found).verdict is Verdict.UNKNOWN


SHORT_RATE = round(SAMPLES / (LEAST_PART * Plan().sampling))
"""What a process that is as short as can be needs for samples enough."""


def sampled(fake: Fake) -> list[Mapping[str, Any]]:
    """The requests of sampled processes, without those of the clocks."""
    return fake.requests("sample")


def test_a_change_is_sampled_in_turns_and_then_counted_twice(tmp_path: Path) -> None:
    """Each of them is a process of its own, and the n-th of both sides are a pair."""
    fake = Fake({"a": 1.0, "b": 1.5}, cost=0.1)
    found = run(fake, tmp_path, Plan(rounds=5))
    assert fake.order("sample") == "abbaabbaab"
    assert fake.order("profile") == "abba"
    for rounds in (found.sampled.before, found.sampled.after):
        assert all(one.stacks.frames == STACKS.frames for one in rounds)
        assert all(one.rate == SHORT_RATE and not one.idle for one in rounds)
    assert found.unsampled == ""
    assert all(each.profile is not None for each in found.profiled.before)
    assert all(each.profile is None and each.stacks is NO_STACKS for each in found.timed.before)


def test_the_sides_of_a_pair_have_the_same_hash_seed(tmp_path: Path) -> None:
    """Each pair has another one, whether it is timed, sampled or counted."""
    fake = Fake({"a": 1.0, "b": 1.5}, cost=0.1)
    run(fake, tmp_path, Plan(rounds=4))
    for mode, pairs in (("sample", 4), ("profile", 2)):
        seeds = [one["hash_seed"] for one in fake.requests(mode)]
        assert seeds == [seed for pair in range(pairs) for seed in (pair, pair)]
    # The first timed process chooses the number of calls.
    assert [one["hash_seed"] for one in fake.requests("time")[1:]] == [0, 0, 1, 1, 2, 2, 3, 3]


def test_sampling_goes_on_until_it_is_enough(tmp_path: Path) -> None:
    """It is asked from the fourth pair on; more timed pairs are taken where they are wanted."""
    fake = Fake({"a": 1.0, "b": 1.5}, cost=0.1)
    answers = iter(["samples", "time", "samples", ""])
    seen: list[tuple[int, int]] = []

    def enough(rounds: Rounds) -> str:
        seen.append((len(rounds.sampled.before), len(rounds.timed.before)))
        return next(answers)

    run(fake, tmp_path, Plan(budget=600.0), enough)
    assert seen == [(4, 4), (5, 4), (6, 4 + MORE_TIMED), (7, 4 + MORE_TIMED)]


@pytest.mark.parametrize("budget", [8.0, 20.0, 60.0, 600.0])
def test_sampling_ends_a_tenth_of_the_budget_before_its_end(tmp_path: Path, budget: float) -> None:
    """At least four pairs fit; the calls of each are shorter where time is short."""
    fake = Fake({"a": 1.0, "b": 1.2}, cost=0.1)
    found = run(fake, tmp_path, Plan(budget=budget))
    assert len(found.sampled.before) >= (4 if budget > 8 else 2)
    assert fake.now - 100.0 <= 0.9 * budget + 0.5
    assert fake.order("profile") == "abba"
    assert sampled(fake)[0]["seconds"] == Plan().sampling or budget < 600


def test_one_pair_is_sampled_and_counted_even_when_the_budget_is_spent(tmp_path: Path) -> None:
    """A verdict without any stack could not be explained."""
    fake = Fake({"a": 1.0, "b": 1.5}, cost=4.0, slowdown=10.0)
    run(fake, tmp_path, Plan(budget=64.0))
    assert fake.order("time") == "a" + "abba" * 2
    assert fake.order("sample") == "ab"
    assert fake.order("profile") == "ab"


@pytest.mark.parametrize(("stop", "keeps_up"), [(0.7, True), (0.1, False)])
def test_a_sampler_that_stops_too_much_is_asked_for_less(
    tmp_path: Path, stop: float, keeps_up: bool
) -> None:
    """From the next pair on, on both sides, down to a rate that any sampler keeps up with."""
    fake = Fake({"a": 1.0, "b": 1.1}, cost=0.1, stop=stop, keeps_up=keeps_up)
    found = run(fake, tmp_path, Plan(rounds=4))
    for rounds in (found.sampled.before, found.sampled.after):
        assert [one.rate for one in rounds] == [500, 250, LOWEST_RATE, LOWEST_RATE]


@pytest.mark.parametrize(
    ("ratio", "rate"), [(1.1, RATE), (1.25, RATE / 2), (1.5, SHORT_RATE), (9.0, SHORT_RATE)]
)
def test_larger_changes_are_sampled_more_seldom(tmp_path: Path, ratio: float, rate: float) -> None:
    """Fewer samples tell them, and disturb less."""
    found = run(Fake({"a": 1.0, "b": ratio}, cost=0.1), tmp_path, Plan(rounds=4))
    assert [one.rate for one in found.sampled.after] == pytest.approx([rate] * 4, rel=0.02)


def test_what_waits_is_sampled_while_it_waits(tmp_path: Path) -> None:
    """Where a side does not compute throughout, idle threads count on both."""
    fake = Fake({"a": 1.0, "b": 1.5}, cost=0.1)
    answer = fake.__call__

    def waits(
        side: Installed, request: Mapping[str, Any], folder: Path, limit: float
    ) -> Mapping[str, Any]:
        found = dict(answer(side, request, folder, limit))
        if side.commit[0] == "b" and "cpu" in found:
            found["cpu"] /= 3
        return found

    sides = installed("a", tmp_path), installed("b", tmp_path)
    found = measure(SUSPECT, *sides, Plan(rounds=4), waits, fake.clock)
    assert [one["idle"] for one in sampled(fake)] == [False] * 2 + [True] * 8
    assert [one.idle for one in found.sampled.before] == [True] * 4


def test_what_has_several_threads_is_sampled_at_a_lower_rate(tmp_path: Path) -> None:
    """And while it waits, as it may wait for the others."""
    fake = Fake({"a": 1.0, "b": 1.1}, cost=0.1, threaded=True)
    run(fake, tmp_path, Plan(rounds=4))
    assert {(one["rate"], one["idle"]) for one in sampled(fake)[2:]} == {(DEAR_RATE, True)}


@pytest.mark.parametrize("others", [NO_STACKS, STACKS])
def test_threads_that_end_with_their_call_are_seen_in_samples(
    tmp_path: Path, others: SampledStacks
) -> None:
    """What was sampled before that is left out, and sampled anew."""
    fake = Fake({"a": 1.0, "b": 1.1}, cost=0.1, others=others)
    found = run(fake, tmp_path, Plan(rounds=4))
    kinds = [(one["rate"], one["idle"]) for one in sampled(fake)]
    seen = bool(others.frames)
    alone = 2 if seen else 8
    assert kinds[:alone] == [(RATE, False)] * alone
    assert kinds[alone:] == ([(DEAR_RATE, False)] * 2 + [(DEAR_RATE, True)] * 8 if seen else [])
    assert [one.idle for one in found.sampled.after] == [seen] * 4


@pytest.mark.parametrize(("wall", "number"), [(1e-3, 25), (0.05, 17), (2.0, 1)])
def test_where_calls_take_long_fewer_make_a_sample(
    tmp_path: Path, wall: float, number: int
) -> None:
    """A process ends soon after it has called for long enough."""
    fake = Fake({"a": wall / 1.2, "b": wall}, cost=0.1)
    run(fake, tmp_path, Plan(rounds=4, sampling=3.5))
    assert {one["number"] for one in sampled(fake)} == {number}
    assert {one["number"] for one in fake.requests("profile")} == {25}


@pytest.mark.parametrize(("ratio", "seconds"), [(1.25, 3.5), (1.4, 3.5 * 0.39), (60.0, 3.5 / 4)])
def test_larger_changes_are_sampled_for_a_shorter_time(
    tmp_path: Path, ratio: float, seconds: float
) -> None:
    """Twice the change stands out in a quarter of the samples; no round is shorter than that."""
    fake = Fake({"a": 1.0, "b": ratio}, cost=0.1)
    run(fake, tmp_path, Plan(rounds=4, sampling=3.5))
    assert [one["seconds"] for one in sampled(fake)] == pytest.approx([seconds] * 8, rel=0.05)


@pytest.mark.parametrize("implementation", ["cpython", "pypy"])
def test_where_nothing_can_be_sampled_more_is_profiled(tmp_path: Path, implementation: str) -> None:
    """The rounds say why, and none of those that were sampled is left."""
    fake = Fake({"a": 1.0, "b": 1.5}, cost=0.1, unsampled="it is forbidden")
    fake.implementation = implementation
    found = run(fake, tmp_path, Plan(profiles=3))
    assert found.failure is None
    assert fake.order("sample") == ("a" if implementation == "cpython" else "")
    assert found.unsampled == (
        "it is forbidden"
        if implementation == "cpython"
        else "py-spy reads CPython alone, and this is pypy"
    )
    assert found.sampled.before == found.sampled.after == ()
    assert fake.order("profile") == "abbaab"


def test_no_more_is_profiled_than_timed(tmp_path: Path) -> None:
    """Whoever asks for few rounds is in a hurry."""
    fake = Fake({"a": 1.0, "b": 1.5}, cost=0.1, unsampled="it is forbidden")
    found = run(fake, tmp_path, Plan(rounds=4))
    assert (len(found.timed.before), len(found.profiled.before)) == (4, 4)


def test_profiling_leaves_time_for_explaining(tmp_path: Path) -> None:
    """The last pair that is begun ends a tenth of the budget before its end."""
    fake = Fake({"a": 1.0, "b": 1.5}, cost=1.0, unsampled="it is forbidden")
    run(fake, tmp_path, Plan(budget=40.0, profiles=100))
    assert 36.0 - 2 * 2.0 < fake.now - 100.0 <= 36.0
    assert len(fake.order("profile")) > 2


@pytest.mark.parametrize(
    ("before", "after", "setup", "batches"),
    [
        (6e-3, 9e-3, 0.0, 1),
        (6e-5, 9e-5, 0.0, 100),
        (1e-9, 2e-9, 0.0, 1000),
        (4e-5, 8e-5, 0.5, 3),
        (4e-5, 4e-2, 0.0, 1),
        (9.0, 10.0, 9.0, 1),
    ],
)
def test_profiles_cover_enough_but_not_too_much(
    tmp_path: Path, before: float, after: float, setup: float, batches: int
) -> None:
    """The quicker side's region is long enough, the slower side's with its setups not too long."""
    fake = Fake({"a": before, "b": after}, cost=0.01, setup=setup)
    run(fake, tmp_path, Plan(profiles=1))
    assert {request["batches"] for request in fake.requests("profile")} == {batches}


def test_setup_cache_runs_once_on_each_side_in_the_folder_of_its_rounds(tmp_path: Path) -> None:
    """Its folder is that of all later processes of the side, and of that side alone."""
    fake = Fake({"a": 1.0, "b": 1.0}, cached=True)
    run(fake, tmp_path, Plan(rounds=2))
    assert fake.order("cache") == "ab"
    folders = {
        name: {folder for side, mode, _, folder, _ in fake.asked if side == name and mode == "time"}
        for name in "ab"
    }
    caches = {name: folder for name, mode, _, folder, _ in fake.asked if mode == "cache"}
    assert folders == {name: {folder} for name, folder in caches.items()}
    assert caches["a"] != caches["b"]
    assert {limit for _, mode, _, _, limit in fake.asked if mode == "cache"} == {9.0}


def test_without_setup_cache_each_process_has_an_empty_folder(tmp_path: Path) -> None:
    """Nothing that one round leaves behind is found by the next."""
    fake = Fake({"a": 1.0, "b": 1.0})
    run(fake, tmp_path, Plan(rounds=2))
    folders = [folder for *_, folder, _ in fake.asked]
    assert len(set(folders)) == len(folders)
    assert not any(folder.exists() for folder in folders)


def test_limits_are_the_benchmark_s_and_wider_under_the_profiler(tmp_path: Path) -> None:
    """The timeout that the benchmark sets holds; profiling slows it down."""
    fake = Fake({"a": 1.0, "b": 2.0})
    run(fake, tmp_path, Plan(timeout=50.0))
    limits = {mode: limit for _, mode, _, _, limit in fake.asked}
    assert limits == {
        "inspect": 50.0,
        "time": 7.0,
        "sample": SAMPLER_SLOWDOWN * 7.0 + sampled(fake)[-1]["seconds"],
        "profile": 70.0,
    }


@pytest.mark.parametrize("kind", ["failed", "timeout", "skipped"])
@pytest.mark.parametrize("side", ["a", "b"])
@pytest.mark.parametrize("mode", ["inspect", "cache", "time"])
def test_the_first_failure_ends_it(tmp_path: Path, side: str, mode: str, kind: str) -> None:
    """It stands among its side's rounds, and nothing runs after it."""
    fake = Fake({"a": 1.0, "b": 1.0}, cached=True, fails=(side, mode, kind))
    found = run(fake, tmp_path, Plan())
    assert found.failure is not None
    assert found.failure[0] == {"a": "before", "b": "after"}[side]
    assert found.failure[1].kind == kind
    assert fake.asked[-1][:2] == (side, mode)
    assert confirm(found).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("mode", ["sample", "profile"])
def test_a_failing_profile_leaves_the_times(tmp_path: Path, mode: str) -> None:
    """The verdict stands; that no profile was had is said beside it."""
    fake = Fake({"a": 1.0, "b": 1.5}, cost=0.1, fails=("b", mode, "timeout"))
    found = run(fake, tmp_path, Plan())
    assert confirm(found).verdict is Verdict.SLOWER
    assert found.failure is not None
    assert found.failure[1].kind == "timeout"


def test_imports_are_asked_for_once_on_each_side(tmp_path: Path) -> None:
    """In the first timed round; the process that only chooses the number doesn't count."""
    fake = Fake({"a": 1.0, "b": 1.0}, cost=0.1)
    run(fake, tmp_path, Plan(rounds=3))
    asked = [one.get("imported", False) for one in fake.requests("time")]
    assert asked == [True, True, True, False, False, False, False]


def test_the_environment_is_clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python's variables of the caller don't reach the benchmark, those of asv's matrix do."""
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    monkeypatch.setenv("PYTHONOPTIMIZE", "2")
    found = environment(installed("a", tmp_path, MATRIX="1", PYTHONHASHSEED="random"))
    assert "PYTHONPATH" not in found
    assert "PYTHONOPTIMIZE" not in found
    assert found["PYTHONHASHSEED"] == "random"
    assert environment(installed("a", tmp_path), 7)["PYTHONHASHSEED"] == "7"
    assert found["MATRIX"] == "1"
    assert found["PYTHONPYCACHEPREFIX"].startswith(str(tmp_path / "env"))
    monkeypatch.setenv("ASV_PYTHONPATH", "/wanted")
    assert environment(installed("a", tmp_path))["PYTHONPATH"] == "/wanted"


SUITE = """
import os
import subprocess
import sys


def time_it():
    return sum(range(LOOPS))


def time_prints():
    print("{" * 100000)


def time_hangs():
    child = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    with open(PIDS, "w") as file:
        file.write(f"{os.getpid()} {child.pid}")
    while True:
        pass


time_hangs.timeout = 5.0


def time_dies():
    os.kill(os.getpid(), 11)
"""


@pytest.fixture
def sides(tmp_path: Path) -> tuple[Installed, Installed]:
    """Two commits' benchmarks, the later of which does four times as much."""
    made = []
    for commit, loops in (("a", 20_000), ("b", 80_000)):
        folder = tmp_path / commit / "benchmarks"
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text("")
        pids = str(tmp_path / "pids")
        (folder / "suite.py").write_text(f"LOOPS = {loops}\nPIDS = {pids!r}\n{SUITE}")
        made.append(installed(commit, tmp_path / commit))
    return made[0], made[1]


def test_real_processes_find_a_real_change(sides: tuple[Installed, Installed]) -> None:
    """Four times the work is slower, counted on both sides, and leaves no bytecode behind."""
    plan = Plan(rounds=4, sampling=0.2)
    found = measure(SUSPECT, *sides, plan, ProcessRunner(), time.monotonic)
    answer = confirm(found)
    assert found.failure is None
    assert answer.verdict is Verdict.SLOWER
    assert answer.kind in ("computing", "both")
    for rounds in (found.profiled.before, found.profiled.after):
        assert len(rounds) == 2
        for profile in (each.profile for each in rounds):
            assert profile is not None
            names = [each.name for each in profile.functions]
            calls = dict(zip(names, profile.calls.tolist(), strict=True))
            assert calls["time_it"] == calls["builtins.sum"] == profile.number
    for rounds in (found.sampled.before, found.sampled.after):
        assert len(rounds) == (0 if found.unsampled else 4)
        assert all(each.stacks.frames[0].startswith("time_it (") for each in rounds)
    assert not list(sides[0].benchmark_dir.rglob("*.pyc"))


def gone(pid: int) -> bool:
    """Tell whether a process has ended: no longer there, or a zombie nobody has collected yet."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == "Z"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's /proc")
def test_a_hanging_benchmark_is_killed_with_all_it_started(
    sides: tuple[Installed, Installed], tmp_path: Path
) -> None:
    """After its timeout neither the process nor its child is left."""
    suspect = Suspect("suite.time_hangs", None, (), "env", "machine", "a" * 40, "b" * 40)
    found = measure(suspect, *sides, Plan(), ProcessRunner(), time.monotonic)
    assert found.failure is not None
    assert found.failure[1].kind == "timeout"
    deadline = time.monotonic() + 30
    for pid in map(int, (tmp_path / "pids").read_text().split()):
        while not gone(pid) and time.monotonic() < deadline:
            os.sched_yield()
        assert gone(pid)


@pytest.mark.parametrize(
    ("benchmark", "kind", "text"),
    [
        ("suite.time_dies", "failed", signal.Signals(11).name),
        ("suite.time_absent", "failed", "time_absent"),
    ],
)
def test_a_process_that_dies_says_how(
    sides: tuple[Installed, Installed], benchmark: str, kind: str, text: str
) -> None:
    """A crash of the interpreter and a benchmark that isn't there are failures with a text."""
    suspect = Suspect(benchmark, None, (), "env", "machine", "a" * 40, "b" * 40)
    found = measure(suspect, *sides, Plan(), ProcessRunner(), time.monotonic)
    assert found.failure is not None
    assert found.failure[1].kind == kind
    assert text in found.failure[1].text


def test_an_absent_interpreter_is_a_failure(tmp_path: Path) -> None:
    """It names the interpreter and never raises."""
    side = Installed("a" * 40, tmp_path / "python", tmp_path, tmp_path, {})
    answer = ProcessRunner()(side, {}, tmp_path, 1.0)
    assert answer["error"]["kind"] == "failed"
    assert "does not start" in answer["error"]["text"]


def test_a_benchmark_that_prints_is_measured(sides: tuple[Installed, Installed]) -> None:
    """What it prints goes nowhere and disturbs nothing."""
    suspect = Suspect("suite.time_prints", None, (), "env", "machine", "a" * 40, "b" * 40)
    found = measure(suspect, *sides, Plan(rounds=1), ProcessRunner(), time.monotonic)
    assert found.failure is None
