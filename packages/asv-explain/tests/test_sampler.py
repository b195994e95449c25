"""Stacks of real processes, read by a real py-spy: which count, and which are left out."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from stack_texts import read_texts, text_of

from asv_explain.measuring import process, sampler
from asv_explain.measuring.measure import Plan, measure
from asv_explain.measuring.process import ProcessRunner
from asv_explain.measuring.rounds import Rounds
from asv_explain.measuring.sampler import (
    LEAST_WEIGHT,
    STOP_FRAMES,
    due_while_running,
    find_sampler,
    timed_stacks,
    why_not,
)
from asv_explain.profiles.stacks import NO_STACKS
from asv_explain.suspect import Installed, Suspect

SUITE = """
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor


def work():
    total = 0
    for number in range(2_000):
        total += number
    return total


def a():
    return work()


def b():
    return work()


def prepare():
    return work()


def time_shares():
    a()
    b()
    b()
    b()


class Prepared:
    def setup(self):
        for _ in range(5):
            prepare()

    def time_it(self):
        a()
        b()
        b()
        b()

    def teardown(self):
        prepare()


class Params:
    params = [[1, 2]]
    number = 4

    def setup(self, times):
        prepare()

    def time_it(self, times):
        if times != 2:
            raise ValueError(times)
        b()


class Cached:
    def setup_cache(self):
        return {"times": 3}

    def time_it(self, cache):
        for _ in range(cache["times"]):
            b()


def time_sleeps():
    time.sleep(0.005)
    a()


def timeraw_import():
    return "import colorsys\\nimport slow", "import json"


def timeraw_fails():
    return "raise OSError('raw')"


class Threads:
    def setup(self):
        self.pool = ThreadPoolExecutor(2)
        self.pool.submit(a).result()

    def time_it(self):
        for _ in range(20):
            self.pool.submit(a).result()

    def teardown(self):
        self.pool.shutdown()


def time_raises():
    if a():
        raise KeyError("no such thing")


def time_dies():
    a()
    os.kill(os.getpid(), 11)


def time_hangs():
    with open(PIDS, "w") as file:
        file.write(str(os.getpid()))
    child = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    while True:
        pass


time_hangs.warmup_time = 0
"""

pytestmark = pytest.mark.skipif(find_sampler() is None, reason="needs py-spy")


def made(folder: Path, **variables: str) -> Installed:
    """A commit with the benchmarks."""
    benchmarks = folder / "benchmarks"
    benchmarks.mkdir(parents=True)
    (benchmarks / "__init__.py").touch()
    (benchmarks / "suite.py").write_text(f"PIDS = {str(folder / 'pids')!r}\n{SUITE}")
    return Installed("a" * 40, Path(sys.executable), benchmarks, folder / "env", variables)


def sampled(side: Installed, benchmark: str, limit: float = 60.0, **more: Any) -> Mapping[str, Any]:
    """What a sampled process answers."""
    request = {
        "mode": "sample",
        "benchmark_dir": str(side.benchmark_dir),
        "benchmark": f"suite.{benchmark}",
        "param_index": None,
        "number": 0,
        "samples": 1,
        "batches": 1,
        "seconds": 0.5,
        "rate": 500,
        "idle": False,
        **more,
    }
    folder = side.benchmark_dir.parent / "cwd"
    folder.mkdir(exist_ok=True)
    answer = ProcessRunner()(side, request, folder, limit)
    texts = {name: text_of(answer[name]) for name in ("stacks", "threads") if name in answer}
    return {**answer, **texts}


def by_function(stacks: str) -> Counter[str]:
    """Samples with a function on the stack, by its name without the place."""
    found: Counter[str] = Counter()
    for line in stacks.splitlines():
        path, _, count = line.rpartition(" ")
        for name in {frame.partition(" (")[0].rpartition(".")[2] for frame in path.split(";")}:
            found[name] += int(count)
    return found


def outermost(stacks: str) -> set[str]:
    """The names of the outermost frames."""
    return {line.partition(" (")[0] for line in stacks.splitlines()}


def able(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """An answer, unless this machine lets no process be sampled."""
    if (answer["error"] or {}).get("kind") == "unsampled":
        pytest.skip(answer["error"]["text"])
    return answer


def test_shares_are_those_of_the_calls(tmp_path: Path) -> None:
    """Of the same code under two names, the one called three times has three quarters."""
    answer = able(sampled(made(tmp_path), "time_shares", number=20, seconds=2.0))
    assert answer["error"] is None
    assert answer["wall"] > 0
    assert answer["cpu"] > 0
    assert answer["number"] == 20
    found = by_function(answer["stacks"])
    assert outermost(answer["stacks"]) == {"time_shares"}
    assert 0.6 < found["b"] / (found["a"] + found["b"]) < 0.9
    assert found["time_shares"] == sum(by_leaf(answer["stacks"]).values())


def by_leaf(stacks: str) -> Counter[str]:
    """Samples by the innermost frame."""
    found: Counter[str] = Counter()
    for line in stacks.splitlines():
        path, _, count = line.rpartition(" ")
        found[path.rpartition(";")[2]] += int(count)
    return found


@pytest.mark.parametrize(
    ("benchmark", "more"),
    [("Prepared.time_it", {}), ("Params.time_it", {"param_index": 1, "number": 4})],
)
def test_setup_is_in_no_stack(tmp_path: Path, benchmark: str, more: dict[str, Any]) -> None:
    """It runs before each sample, or before each call of one, and takes most of the time."""
    answer = able(sampled(made(tmp_path), benchmark, **more))
    assert answer["error"] is None
    assert answer["setup"] > 0
    found = by_function(answer["stacks"])
    assert found["b"] > 0
    assert not {"setup", "prepare", "teardown"} & set(found)
    assert outermost(answer["stacks"]) == {benchmark}


def test_the_cache_is_handed_over(tmp_path: Path) -> None:
    """The pickle lies in the folder of the process, as in other modes."""
    side = made(tmp_path)
    request = {"mode": "cache", "benchmark_dir": str(side.benchmark_dir), "param_index": None}
    folder = tmp_path / "cwd"
    folder.mkdir()
    asked = {**request, "benchmark": "suite.Cached.time_it"}
    assert ProcessRunner()(side, asked, folder, 60.0)["error"] is None
    answer = able(sampled(side, "Cached.time_it", number=5))
    assert answer["error"] is None
    assert by_function(answer["stacks"])["b"] > 0


def test_who_waits_is_sampled_only_when_asked_for(tmp_path: Path) -> None:
    """Of running threads alone, samples are shares of CPU time."""
    side = made(tmp_path)
    waiting = able(sampled(side, "time_sleeps", idle=True, seconds=1.0))
    running = sampled(side, "time_sleeps", idle=False, seconds=1.0)
    counts = []
    for answer in (waiting, running):
        leaves = by_leaf(answer["stacks"])
        counts.append(
            sum(each for frame, each in leaves.items() if frame.startswith("time_sleeps"))
        )
    assert counts[0] > 3 * counts[1]


def test_other_threads_are_sampled_apart(tmp_path: Path) -> None:
    """What a pool does for the benchmark is in its own stacks, from the thread's first frame on."""
    answer = able(sampled(made(tmp_path), "Threads.time_it", seconds=1.0))
    threads = by_function(answer["threads"])
    assert threads["a"] == threads["work"] > 0
    assert all("_bootstrap" in one for one in outermost(answer["threads"]))
    assert "a" not in by_function(answer["stacks"])


@pytest.mark.parametrize(
    ("benchmark", "kind", "text"),
    [
        ("time_raises", "failed", "KeyError: 'no such thing'"),
        ("time_dies", "failed", "killed by SIGSEGV"),
        ("time_absent", "failed", "time_absent"),
    ],
)
def test_what_fails_while_it_is_sampled_says_why(
    tmp_path: Path, benchmark: str, kind: str, text: str
) -> None:
    """As it would if nobody looked."""
    error = able(sampled(made(tmp_path), benchmark))["error"]
    assert error["kind"] == kind
    assert text in error["text"]


def test_a_benchmark_that_hangs_is_ended_with_its_sampler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is left of either, nor of what the benchmark started."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    side = made(tmp_path, ASV_EXPLAIN_TEST=str(tmp_path))
    answer = able(sampled(side, "time_hangs", limit=4.0))
    assert answer["error"]["kind"] == "timeout"
    assert not Path(f"/proc/{(tmp_path / 'pids').read_text()}").exists()
    assert not running_on(tmp_path)


def running_on(folder: Path) -> list[bytes]:
    """The processes that name a folder in their words or variables, but for this one."""
    found = []
    for one in Path("/proc").glob("[0-9]*"):
        try:
            words = (one / "cmdline").read_bytes() + (one / "environ").read_bytes()
        except OSError:
            continue
        if os.fsencode(folder) in words and int(one.name) != os.getpid():
            found.append(words)
    return found


def test_a_key_ends_the_sampler_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while the benchmark runs leaves no process behind."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    side = made(tmp_path, ASV_EXPLAIN_TEST=str(tmp_path))
    able(sampled(side, "time_shares"))
    seen: list[list[bytes]] = []

    def pressed(*about: Any) -> int | None:
        seen.append(running_on(tmp_path))
        raise KeyboardInterrupt

    monkeypatch.setattr(sampler, "_status", pressed)
    with pytest.raises(KeyboardInterrupt):
        sampled(side, "time_hangs")
    assert any(b"py-spy" in words for words in seen[0])
    assert not running_on(tmp_path)


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("echo 'Error: Permission denied (os error 13)'; exit 1", "ptrace is not permitted"),
        ("echo 'This program requires root on OSX.'; exit 1", "only as root"),
        ("echo 'Error: Failed to find python version from x'; exit 1", "does not know this"),
        ("exit 3", "it said nothing"),
    ],
)
@pytest.mark.parametrize("benchmark", ["time_shares", "timeraw_import"])
def test_a_sampler_that_can_not_read_says_why_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, reason: str, benchmark: str
) -> None:
    """No traceback, and the benchmark isn't blamed."""
    fake = tmp_path / "py-spy"
    fake.write_text(f"#!/bin/sh\n{program}\n")
    fake.chmod(0o755)
    monkeypatch.setattr(process, "find_sampler", lambda: fake)
    error = sampled(made(tmp_path / "a"), benchmark)["error"]
    assert error["kind"] == "unsampled"
    assert reason in error["text"]
    assert "\n" not in error["text"]


def test_without_a_sampler_nothing_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason is that it is missing."""
    monkeypatch.setattr(process, "find_sampler", lambda: None)
    error = sampled(made(tmp_path), "time_hangs")["error"]
    assert error == {"kind": "unsampled", "text": sampler.ABSENT}


def test_only_stacks_with_the_timed_call_count() -> None:
    """What is above it goes, stacks that become alike are one, and torn ones are no thread's."""
    text = (
        "<module> (/h.py:9);main (/h.py:5);_timed_calls (/h.py:3);f (/b.py:1);g (/b.py:2) 4\n"
        "<module> (/h.py:9);main (/h.py:6);_timed_calls (/h.py:3);f (/b.py:1);g (/b.py:2) 2\n"
        "<module> (/h.py:9);main (/h.py:5);_timed_calls (/h.py:3) 7\n"
        "<module> (/h.py:9);main (/h.py:5);_warm_up_calls (/h.py:3);f (/b.py:1) 5\n"
        "<module> (/h.py:9);main (/h.py:5);my_timed_calls (/h.py:3);f (/b.py:1) 5\n"
        "Thread._bootstrap (/threading.py:5);f (/b.py:7) 8\n"
        "Thread._bootstrap (/threading.py:5);_worker (/lib/concurrent/futures/thread.py:81) 9\n"
        "f (/b.py:1);g (/b.py:2) 1\n"
    )
    stacks, threads = timed_stacks(text, "/h.py")
    assert text_of(stacks) == "f (/b.py:1);g (/b.py:2) 6\n"
    assert text_of(threads) == "Thread._bootstrap (/threading.py:5);f (/b.py:7) 8\n"


def test_samples_that_fell_due_during_a_stop_are_left_out() -> None:
    """By their share, which is larger the longer it takes to read the stack."""
    frames = ";".join(f"g (b.py:{line})" for line in range(1, STOP_FRAMES + 2))
    stacks = read_texts(f"f (b.py:1) 600\n{frames} 400\n")
    weighted = due_while_running(stacks, 0.4)
    # The longer stack has almost twice as many frames to stop for as the shorter one.
    length = np.array([STOP_FRAMES + 1, 2 * STOP_FRAMES + 1])
    stopped = 0.4 * length / (0.6 * length[0] + 0.4 * length[1])
    found = [float(line.rpartition(" ")[2]) for line in text_of(weighted).splitlines()]
    assert sorted(found) == pytest.approx(sorted([600, 400] * (1 - stopped)), rel=1e-4)
    assert weighted.samples.sum() == pytest.approx(1000 * (1 - 0.4))
    assert due_while_running(stacks, 0.0).samples.sum() == 1000
    assert due_while_running(NO_STACKS, 0.4).samples.sum() == 0
    assert (due_while_running(stacks, 0.99).samples >= LEAST_WEIGHT * stacks.samples).all()


def test_a_long_reason_is_cut() -> None:
    """One sentence, however much is said."""
    assert len(why_not("Error: " + 5000 * "x")) < 300


def measured(sides: tuple[Installed, Installed], benchmark: str) -> Rounds:
    """The rounds of a benchmark that got slower by much."""
    suspect = Suspect(f"suite.{benchmark}", None, (), "env", "machine", "a" * 40, "b" * 40)
    plan = Plan(rounds=4, sampling=1.5)
    return measure(suspect, *sides, plan, ProcessRunner(), time.monotonic)


def test_both_sides_are_sampled_and_their_frames_described(tmp_path: Path) -> None:
    """Each frame of the stacks has its function in the profile, with its exact calls."""
    before, after = made(tmp_path / "a"), made(tmp_path / "b")
    suite = after.benchmark_dir / "suite.py"
    suite.write_text(suite.read_text().replace("2_000", "20_000"))
    found = measured((before, after), "time_shares")
    if found.unsampled:
        pytest.skip(found.unsampled)
    assert found.failure is None
    assert len(found.sampled.before) == len(found.sampled.after) == 4
    for side, rounds in ((before, found), (after, found)):
        file = str(side.benchmark_dir / "suite.py")
        one = (rounds.profiled.before if side is before else rounds.profiled.after)[0]
        stacks = (rounds.sampled.before if side is before else rounds.sampled.after)[0].stacks
        assert one.profile is not None
        names = {(frame.name, frame.file): index for frame, index in one.frames.items()}
        assert {one.partition(" (")[0] for one in stacks.frames} <= {name for name, _ in names}
        for name, share in (("a", 1), ("b", 3), ("work", 4)):
            index = names[name, file]
            assert one.profile.functions[index].name == name
            assert one.profile.calls[index] == share * one.profile.number
    assert ("benchmarks/suite.py", str(suite)) in found.timed.after[0].imported


SLOW = """
def busy(times):
    return sum(number * number for number in range(times))


busy(3_000_000)
"""


def test_a_statement_is_sampled_in_its_own_processes(tmp_path: Path) -> None:
    """Not before they are read, nor while they start or make ready; modules have their seconds."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "slow.py").write_text(SLOW)
    side = made(tmp_path / "a", PYTHONPATH=str(tmp_path / "lib"))
    answer = able(sampled(side, "timeraw_import", rate=200))
    assert answer["error"] is None
    assert answer["wall"] > 0
    assert outermost(answer["stacks"]) == {"inner"}
    found = by_function(answer["stacks"])
    assert found["busy"] > 0.5 * found["inner"]
    assert f"busy ({tmp_path}/lib/slow.py:3)" in frames(answer["stacks"])
    seconds = dict(answer["importtime"])
    assert {"colorsys", "slow"} <= set(seconds)
    assert "json" not in seconds
    assert seconds["slow"] > seconds["colorsys"]


def test_a_statement_that_fails_says_why(tmp_path: Path) -> None:
    """As in other modes."""
    error = able(sampled(made(tmp_path), "timeraw_fails"))["error"]
    assert error["kind"] == "failed"
    assert "OSError: raw" in error["text"]


def test_a_wait_is_told_from_computing(tmp_path: Path) -> None:
    """Of a benchmark that sleeps, the line that sleeps waits and the loop does not."""
    before, after = made(tmp_path / "a"), made(tmp_path / "b")
    suite = after.benchmark_dir / "suite.py"
    suite.write_text(suite.read_text().replace("sleep(0.005)", "sleep(0.02)"))
    found = measured((before, after), "time_sleeps")
    if found.unsampled:
        pytest.skip(found.unsampled)
    for one in (*found.sampled.before, *found.sampled.after):
        assert one.idle
        assert one.waits is not None
        waits = by_leaf(text_of(one.waits))
        ((frame, slept),) = waits.most_common(1)
        assert frame.startswith("time_sleeps (")
        assert slept > 0.5 * by_leaf(text_of(one.stacks))[frame]


def frames(stacks: str) -> set[str]:
    """All frames of collapsed stacks."""
    return {one for line in stacks.splitlines() for one in line.rpartition(" ")[0].split(";")}
