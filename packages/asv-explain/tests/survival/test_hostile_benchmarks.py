"""Benchmarks that do what none should: each is told by itself, and all others are explained."""

from __future__ import annotations

import os
import resource
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from small_project import CORE, GOOD, SmallProject, gone, slower, state
from survival.times import TIMES, drawn, times

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="needs Linux's /proc"
)


@dataclass(frozen=True)
class Hostile:
    """A benchmark, and what is to be said of it.

    Attributes:
        name: Of its function, behind its kind.
        body: What it does, line by line.
        reason: A part of the reason why it was not measured; "" where it is measured.
        around: What stands behind the function, such as its timeout.
        kind: What asv knows it by.
    """

    name: str
    body: str
    reason: str = ""
    around: str = ""
    kind: str = "time"

    @property
    def source(self) -> str:
        """The benchmark as it stands in its module."""
        lines = "\n".join(f"    {line}" for line in self.body.strip().splitlines())
        return f"def {self.kind}_{self.name}():\n{lines}\n\n\n{self.around}\n\n\n"

    @property
    def whole(self) -> str:
        """The benchmark's name as asv has it."""
        return f"hostile.{self.kind}_{self.name}"


START = """
import atexit, cProfile, ctypes, gc, json, os, resource, shutil, signal, subprocess, sys
import threading, time, tracemalloc

from shop.core import day, deep, shelf

NOTES = os.environ["NOTES"]


def answer():
    return json.loads(sys.argv[1])["output"]


def note(process):
    with open(os.path.join(NOTES, str(process)), "w"):
        pass


def spin():
    while True:
        pass


"""
HANGS = "time_{0}.timeout = 0.5"
MISPLACED = "wrote where only the answer belongs"

STEADY = "def time_steady():\n    sum(range(10_000))\n"

ENDS = (
    Hostile("raises", "raise RuntimeError('out of stock')", "failed: RuntimeError: out of stock"),
    Hostile("raises_nonsense", "raise ValueError('\\x1b[2J\\n[bold]\\udcff' * 999)", "ValueError"),
    Hostile("raises_late", "class Odd(Exception):\n    __str__ = sys.exit\nraise Odd", "failed: "),
    Hostile("exits", "sys.exit(3)", "failed: SystemExit: 3"),
    Hostile("exits_at_once", "os._exit(0)", "ended without an answer, exit status 0"),
    Hostile("aborts", "os.abort()", "killed by SIGABRT"),
    Hostile("crashes", "ctypes.string_at(0)", "killed by SIGSEGV"),
    Hostile("kills_its_group", "os.killpg(0, signal.SIGKILL)", "killed by SIGKILL"),
    Hostile("kills_its_parent", "os.kill(os.getppid(), signal.SIGKILL)\nspin()", "killed by"),
    Hostile("hangs", "spin()", "timeout: no answer after 0.5 seconds", HANGS.format("hangs")),
    Hostile(
        "is_deaf",
        "for one in range(1, 32):\n"
        "    if one not in (signal.SIGKILL, signal.SIGSTOP):\n"
        "        signal.signal(one, signal.SIG_IGN)\n"
        "while True:\n"
        "    try:\n"
        "        spin()\n"
        "    except BaseException:\n"
        "        pass",
        "timeout: no answer after 0.5 seconds",
        HANGS.format("is_deaf"),
    ),
    Hostile(
        "stops",
        "os.kill(os.getpid(), signal.SIGSTOP)",
        "timeout: no answer",
        HANGS.format("stops"),
    ),
    Hostile(
        "hangs_with_family",
        "for kept in ({}, os.environ):\n"
        "    note(subprocess.Popen(['/bin/sleep', '99'], start_new_session=True, env=kept).pid)\n"
        "if not os.fork():\n"
        "    os.setsid()\n"
        "    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "    note(os.getpid())\n"
        "spin()",
        "timeout: no answer",
        "time_hangs_with_family.timeout = 3.0",
    ),
    Hostile(
        "runs_out", "bytearray(4 * 2**30)", "failed: MemoryError", "time_runs_out.setup = tight"
    ),
    Hostile(
        "is_killed_when_it_grows",
        "held = bytearray(2**26)\nos.kill(os.getpid(), signal.SIGKILL)",
        "killed by SIGKILL",
    ),
    Hostile("recurses_without_end", "deep(10**9)", "failed: RecursionError"),
    Hostile(
        "overflows_the_stack",
        "sys.setrecursionlimit(10**9)\n"
        "class Odd:\n"
        "    def __getattr__(self, name):\n"
        "        return getattr(self, name + '_')\n"
        "Odd().name",
        "failed: ",
    ),
    Hostile(
        "writes_garbage",
        "open(answer(), 'wb').write(bytes(range(256)) * 99)\nos._exit(0)",
        MISPLACED,
    ),
    Hostile(
        "writes_deep_garbage", "open(answer(), 'w').write('[' * 10**6)\nos._exit(0)", MISPLACED
    ),
    Hostile("makes_a_pipe", "os.mkfifo(answer())\nos._exit(0)", MISPLACED),
    Hostile("makes_a_folder", "os.mkdir(answer())", MISPLACED),
    Hostile("makes_a_link", "os.symlink('/dev/zero', answer())\nos._exit(0)", MISPLACED),
    Hostile(
        "makes_a_huge_file",
        "open(answer(), 'w').truncate(2**40)\nos._exit(0)",
        MISPLACED,
    ),
    Hostile("answers_a_list", "open(answer(), 'w').write('[]')\nos._exit(0)", "no JSON object"),
    Hostile(
        "answers_falsely",
        "open(answer(), 'w').write('{\"schema\": 1, \"error\": {}}')\nos._exit(0)",
        "unknown error: {}",
    ),
    Hostile(
        "prints_and_raises",
        "return RAW",
        "KeyError: 'raw'",
        "RAW = 'import os; [os.write(2, bytes(2**20)) for _ in [0] * 256]; raise KeyError(`raw`)'\n"
        "RAW = RAW.replace('`', '\"')",
        "timeraw",
    ),
    Hostile(
        "limits_files", "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))", "without an answer"
    ),
)

TIGHT = """
def tight():
    resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))


"""

ENDURED = (
    Hostile(
        "prints_a_gigabyte",
        "for descriptor in (1, 2):\n"
        "    if os.readlink(f'/proc/self/fd/{descriptor}') != '/dev/null':\n"
        "        raise ValueError('somebody would have to keep this')\n"
        "    for _ in range(512):\n"
        "        os.write(descriptor, PAGE)\n"
        "sys.stdout.write('x' * 2**20)",
        around="PAGE = b'x' * 2**20",
    ),
    Hostile(
        "moves_away",
        "folder = os.getcwd()\nos.chdir('/')\nshutil.rmtree(folder, ignore_errors=True)\n"
        "os.environ.clear()\nos.closerange(0, 3)",
    ),
    Hostile(
        "watches_itself",
        "sys.setprofile(lambda *_: None)\nsys.settrace(lambda *_: None)\n"
        "threading.setprofile(lambda *_: None)\nthreading.settrace(lambda *_: None)",
    ),
    Hostile(
        "replaces_what_measures",
        "time.perf_counter = time.process_time = time.time = lambda: 0.0\n"
        "json.dump = json.dumps = gc.disable = gc.enable = gc.isenabled = None\n"
        "os.replace = os._exit = sys.exit = None",
    ),
    Hostile(
        "leaves_much_running",
        "threading.Thread(target=spin).start()\n"
        "atexit.register(spin)\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "signal.signal(signal.SIGALRM, signal.SIG_IGN)\n"
        "for kept in ({}, os.environ):\n"
        "    talks = ['/bin/sh', '-c', 'while :; do echo talk; echo talk >&2; done']\n"
        "    note(subprocess.Popen(talks, start_new_session=True, env=kept).pid)\n"
        "if not os.fork():\n"
        "    os.setsid()\n"
        "    if os.fork():\n"
        "        os._exit(0)\n"
        "    note(os.getpid())\n"
        "    spin()",
    ),
    Hostile("comes_back_twice", "os.fork()"),
    Hostile(
        "needs_four_gigabytes",
        "held = bytearray(4 * 2**30)\n"
        "if 'ASV_EXPLAIN_TIMES' in os.environ:\n"
        "    for place in range(0, len(held), 4096):\n"
        "        held[place] = 1",
    ),
)
ONCE = "time_{0}.number = time_{0}.repeat = 1\ntime_{0}.warmup_time = 0\n"

FORMS = (
    Hostile("profiles_itself", "cProfile.Profile().runcall(day)\nday()"),
    Hostile(
        "recurses_deep",
        "limit = sys.getrecursionlimit()\n"
        "sys.setrecursionlimit(20_000)\n"
        "deep(10_000)\n"
        "sys.setrecursionlimit(limit)",
    ),
    Hostile("unwatches", "sys.setprofile(None)\nsys.settrace(None)\nshelf()", kind="peakmem"),
    Hostile("stops_the_trace", "tracemalloc.stop()\nshelf()", kind="peakmem"),
)

DEEP = """

def deep(number):
    return price(number % 8) + deep(number - 1) if number else 0


def shelf():
    return bytearray(len(range(1)) * 2**23)
"""


def suite(every: Sequence[Hostile]) -> str:
    """The module of these benchmarks."""
    return START + TIGHT + "".join(one.source for one in every)


def reasons(one: dict[str, Any]) -> list[str]:
    """Why a benchmark was not measured."""
    return [caveat["text"] for caveat in one["caveats"] if caveat["kind"] == "unmeasured"]


AGAIN = pytest.mark.parametrize("turn", range(times(1)))
"""Once; as often as the variable says where all is tried in full."""


def ends(turn: int) -> list[Hostile]:
    """All where all is tried in full; else half of them, and those that start processes."""
    if TIMES in os.environ:
        return list(ENDS)
    half = drawn("ends", turn).sample(ENDS, len(ENDS) // 2)
    return [one for one in ENDS if one in half or "note(" in one.body]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallProject:
    """A project that has no benchmarks as yet."""
    return SmallProject(tmp_path, monkeypatch)


def commits(project: SmallProject, benchmarks: dict[str, str]) -> tuple[str, str]:
    """Two commits, the later of which is slower, with these benchmarks."""
    before = project.start(benchmarks, CORE + DEEP)
    return before, project.commit({"shop/core.py": slower(CORE + DEEP)})


@AGAIN
def test_what_ends_badly_is_unknown_and_all_others_are_explained(
    project: SmallProject, capsys: pytest.CaptureFixture[str], turn: int
) -> None:
    """Each has one reason, in the words of what happened; what stands around them is explained."""
    bad = ends(turn)
    every = {"a_good.py": GOOD, "hostile.py": suite(bad), "z_good.py": STEADY}
    pair = commits(project, every)
    before = state(project.root)
    found = project.explained(*pair, "--rounds", "4", "--gate", status=3)
    told = capsys.readouterr()
    assert found.keys() == {
        "a_good.time_day",
        "z_good.time_steady",
        *(one.whole for one in bad),
    }
    for one in bad:
        explanation = found[one.whole]
        assert explanation["verdict"] == "unknown", one.name
        (reason,) = reasons(explanation)
        assert one.reason in reason, one.name
    assert "\x1b[2J" not in told.out
    assert "Traceback" not in told.err
    assert found["a_good.time_day"]["verdict"] == "slower"
    assert found["a_good.time_day"]["causes"][0]["name"] == "price"
    assert "range(8)" in found["a_good.time_day"]["causes"][0]["hunk"]
    assert reasons(found["z_good.time_steady"]) == []
    assert len(found["z_good.time_steady"]["rounds_after"]["values"]) == 4
    family = [int(path.name) for path in project.notes.iterdir()]
    assert len(family) == 3
    assert all(map(gone, family))
    project.nothing_left()
    assert state(project.root) == before


def test_the_gate_tells_that_a_benchmark_could_not_be_measured(project: SmallProject) -> None:
    """Where nothing got slower, what could not be measured is the answer."""
    before = project.start({"hostile.py": "import os\n\n\ndef time_exits():\n    os._exit(0)\n"})
    after = project.commit({"notes.txt": "nothing that runs"})
    found = project.explained(before, after, "--gate", status=4)
    assert [one["verdict"] for one in found.values()] == ["unknown"]
    project.nothing_left()


@AGAIN
def test_what_meddles_is_measured_all_the_same(project: SmallProject, turn: int) -> None:
    """What a benchmark prints, leaves, replaces or throws away changes nothing but its own time."""
    meddling = suite(ENDURED) + "".join(ONCE.format(one.name) for one in ENDURED)
    pair = commits(project, {"hostile.py": meddling})
    before, held = state(project.root), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = project.explained(*pair, "--rounds", "2")
    for one in ENDURED:
        explanation = found[one.whole]
        assert reasons(explanation) == [], one.name
        for side in ("before", "after"):
            assert len(explanation[f"rounds_{side}"]["values"]) == 2
    # Of the gigabytes that were printed nothing came here; the margin is what explaining takes.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - held < 200 * 1024
    family = [int(path.name) for path in project.notes.iterdir()]
    # Two in each of five processes; whether the third had time to write its number is chance.
    assert len(family) >= 10
    assert all(map(gone, family))
    project.nothing_left()
    assert state(project.root) == before


def test_what_takes_the_place_of_profiler_or_trace_gives_no_false_cause(
    project: SmallProject,
) -> None:
    """Deep recursion is explained; of what profiles or traces itself the verdict alone is told."""
    pair = commits(project, {"hostile.py": suite(FORMS)})
    found = project.explained(*pair, "--rounds", "4", "--gate", status=3)
    profiling, recursing, *tracing = (found[one.whole] for one in FORMS)
    assert {one["verdict"] for one in found.values()} == {"slower"}
    assert recursing["causes"][0]["name"] == "price"
    for one, kind in ((profiling, "profile"), *((each, "trace") for each in tracing)):
        (doubt,) = [caveat["text"] for caveat in one["caveats"] if caveat["kind"] == kind]
        assert "the benchmark" in doubt
        assert "place" in doubt
        assert one["causes"] == []
        assert one["residual"] == one["difference"] > 0
    project.nothing_left()


def test_imports_that_misbehave_end_with_the_listing(project: SmallProject) -> None:
    """What a module prints, starts or leaves running when it is imported outlives nothing."""
    rude = (
        "import atexit, os, subprocess, sys, threading\n"
        "print('x' * 2**20)\n"
        "for _ in range(64):\n"
        "    os.write(2, b'x' * 2**20)\n"
        "def spin():\n"
        "    while True:\n"
        "        pass\n"
        "atexit.register(spin)\n"
        "subprocess.Popen(['/bin/sleep', '99'], start_new_session=True)\n"
        "threading.Thread(target=spin).start()\n"
        "def time_rude():\n"
        "    raise KeyError('rude')\n"
    )
    pair = commits(project, {"rude.py": rude})
    found = project.explained(*pair)
    assert reasons(found["rude.time_rude"]) == [
        "could not be measured before the change: failed: KeyError: 'rude'"
    ]
    project.nothing_left()
