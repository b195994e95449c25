"""The harness says the same of the same benchmark on every interpreter it is made for."""

from __future__ import annotations

import ast
import ctypes
import hashlib
import json
import os
import platform
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from inspect import CO_COROUTINE, CO_GENERATOR
from pathlib import Path
from typing import Any

import asv_runner  # type: ignore[import-untyped]
import pytest
from interpreters import REQUIRED, interpreter

from asv_explain.measuring import harness
from asv_explain.measuring.process import ProcessRunner
from asv_explain.measuring.rounds import round_from_answer
from asv_explain.profiles.conservation import conservation_problems
from asv_explain.profiles.profile import profile_from_raw
from asv_explain.profiles.stacks import SampledStacks, read_frame
from asv_explain.suspect import Installed

OLDEST = (3, 9)

KNOWN = (*(f"python3.{minor}" for minor in (9, 10, 12, 13, 14, 15)), "pypy3")

LIBRARY = """
import json


class Basket:
    class Item:
        def price(self):
            return 3

    def __init__(self, count):
        self.items = [self.Item() for _ in range(count)]

    def total(self):
        def discount(price):
            return price - 1

        return sum(discount(item.price()) for item in self.items)


def fold(depth):
    return len(str(depth)) + (fold(depth - 1) if depth else 0)


def several(count):
    for number in range(count):
        yield number


async def leaf():
    return 1


async def trunk():
    return await leaf() + await leaf()


def drive():
    waiting = trunk()
    try:
        waiting.send(None)
    except StopIteration as end:
        return end.value


def work():
    for _ in range(4):
        Basket(5).total()
    fold(6)
    list(several(3))
    drive()
    sorted(range(8), key=lambda number: -number)
    json.dumps({"key": [1, 2]})
"""

SUITE = """
import library


class Shop:
    params = [[1, 2], ["a", "b"]]

    def setup(self, count, letter):
        self.count = count

    def time_work(self, count, letter):
        if (count, letter) != (2, "a"):
            raise ValueError(letter)
        library.work()


class Cached:
    def setup_cache(self):
        return {"size": 5}

    setup_cache.timeout = 33

    def time_cached(self, cache):
        if cache != {"size": 5}:
            raise ValueError(cache)


def timeraw_import():
    return "import library; library.drive()"


def time_nothing():
    pass


def time_fails():
    raise KeyError("no such thing")
"""

# Calls in one call of Shop.time_work, by qualified name.
CALLS = {
    "work": 1,
    "Basket.__init__": 4,
    "Basket.total": 4,
    "Basket.total.<locals>.discount": 20,
    "Basket.Item.price": 20,
    "fold": 7,
    "drive": 1,
    "trunk": 1,
    "leaf": 2,
    "work.<locals>.<lambda>": 8,
    "dumps": 1,
}


ALONE = {"param_index": None}

FOUND = [name for name in KNOWN if name not in REQUIRED and interpreter(name)]


@pytest.fixture(scope="module", params=[sys.executable, *REQUIRED, *FOUND])
def python(request: pytest.FixtureRequest) -> str:
    """Each interpreter in turn; one that is required fails where it is missing."""
    found = interpreter(request.param)
    assert found is not None, f"{request.param} is required and does not start: install it"
    return found


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A benchmark package, the library it measures, and asv_runner, which is Python alone."""
    root = tmp_path_factory.mktemp("suite")
    packages = root / "site-packages"
    shutil.copytree(
        Path(asv_runner.__file__).parent,
        packages / "asv_runner",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    (packages / "library.py").write_text(LIBRARY)
    (root / "benchmarks").mkdir()
    (root / "benchmarks" / "__init__.py").touch()
    (root / "benchmarks" / "suite.py").write_text(SUITE)
    return root


def ask(python: str, suite: Path, benchmark: str, mode: str, **more: object) -> dict[str, Any]:
    """Run the harness in a process of its own, on an interpreter that has asv_runner alone."""
    output = suite / "answer.json"
    output.unlink(missing_ok=True)
    request = {
        "mode": mode,
        "benchmark_dir": str(suite / "benchmarks"),
        "benchmark": f"suite.{benchmark}",
        "param_index": None,
        "output": str(output),
        "cpu": None,
        "number": 0,
        "samples": 2,
        "seconds": 0.05,
        "batches": 1,
        **more,
    }
    done = subprocess.run(
        [python, harness.__file__, json.dumps(request)],
        cwd=suite,
        env={
            "PATH": os.defpath,
            "PYTHONPATH": str(suite / "site-packages"),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(output.read_text())
    return answer


def by_name(answer: Mapping[str, Any], home: str) -> dict[str, dict[str, Any]]:
    """The profiled functions of one home by name."""
    functions = answer["profile"]["functions"]
    return {one["name"]: one for one in functions if one["home"] == home}


def test_limits_are_read(python: str, suite: Path) -> None:
    """Inspecting tells of setup_cache and its limit, and what it returned serves what follows."""
    found = ask(python, suite, "Cached.time_cached", "inspect")
    assert (found["setup_cache"], found["setup_cache_timeout"]) == (True, 33)
    assert ask(python, suite, "Cached.time_cached", "cache")["error"] is None
    assert ask(python, suite, "Cached.time_cached", "time", number=1)["error"] is None


def test_a_round_can_be_read(python: str, suite: Path) -> None:
    """Timing gives a round that has a time for each sample, of the combination asked for."""
    answer = ask(python, suite, "Shop.time_work", "time", param_index=2, number=2)
    taken = round_from_answer(answer)
    assert taken.failure is None
    assert (taken.number, len(taken.samples)) == (2, 2)
    assert all(sample > 0 for sample in taken.samples)


def test_a_failure_is_told(python: str, suite: Path) -> None:
    """The last line of the traceback arrives, on any interpreter."""
    error = ask(python, suite, "time_fails", "time")["error"]
    assert error == {"kind": "failed", "text": "KeyError: 'no such thing'"}


def test_a_profile_has_names_homes_and_exact_calls(python: str, suite: Path) -> None:
    """Qualified names and counts are those of the source, wherever the interpreter keeps them."""
    answer = ask(python, suite, "Shop.time_work", "profile", param_index=2, number=3, batches=2)
    assert answer["error"] is None
    assert answer["profile"]["number"] == 6
    found = by_name(answer, "site") | by_name(answer, "stdlib")
    assert {name: found[name]["calls"] / 6 for name in CALLS} == CALLS
    assert {found[name]["path"] for name in CALLS if name != "dumps"} == {"library.py"}
    assert found["dumps"]["path"] == "json/__init__.py"
    assert found["fold"]["recursive"] == 6 * 6
    assert by_name(answer, "bench")["Shop.time_work"]["path"] == "benchmarks/suite.py"
    assert by_name(answer, "builtin")["builtins.len"]["calls"] >= 6 * 7
    assert found["trunk"]["flags"] & CO_COROUTINE
    assert found["several"]["flags"] & CO_GENERATOR
    assert "Shop.setup" not in by_name(answer, "bench")
    names = [one["name"] for one in answer["profile"]["functions"]]
    assert not any("harness" in one["path"] for one in answer["profile"]["functions"]), names


def test_a_profile_conserves_time(python: str, suite: Path) -> None:
    """What the profiler promises holds: own times fit into the region, edges into functions."""
    answer = ask(python, suite, "Shop.time_work", "profile", param_index=2, number=3, batches=2)
    profile = profile_from_raw(answer["profile"])
    assert conservation_problems(profile) == ()
    assert 0 < profile.own.sum() <= profile.seconds
    names = [one.name for one in profile.functions]
    ends = zip(profile.caller.tolist(), profile.callee.tolist(), strict=True)
    calls = dict(zip(ends, profile.edge_calls.tolist(), strict=True))
    assert calls[names.index("Basket.total.<locals>.<genexpr>"), names.index("Basket.Item.price")]


def test_a_raw_benchmark_is_profiled_in_its_own_process(python: str, suite: Path) -> None:
    """The module that it imports is in the profile with what it ran."""
    answer = ask(python, suite, "timeraw_import", "profile")
    assert answer["error"] is None
    assert {"<module>", "Basket", "drive", "leaf"} <= set(by_name(answer, "site"))
    assert by_name(answer, "site")["<module>"]["path"] == "library.py"


def test_a_benchmark_is_called_to_be_sampled(python: str, suite: Path) -> None:
    """For as long as asked for, and with the times of its calls, on interpreters of any kind."""
    answer = ask(python, suite, "Shop.time_work", "sample", param_index=2, number=2)
    taken = round_from_answer(answer, "sample")
    assert taken.failure is None
    assert taken.number == 2
    assert all(sample > 0 for sample in taken.samples)


def test_the_functions_of_sampled_frames_are_found(python: str, suite: Path) -> None:
    """By the line where names are short, and from the file where the profiler saw nothing."""
    library = suite / "site-packages" / "library.py"
    # What a sampler reads from the interpreter: qualified names are in code from 3.11 on.
    program = "import sys; print(hasattr(sys._getframe().f_code, 'co_qualname'))"
    told = subprocess.run([python, "-c", program], capture_output=True, text=True, check=True)
    short = told.stdout.strip() == "False"
    wanted = {
        "Basket.Item.price": ("price", "            return 3"),
        "Basket.total.<locals>.discount": ("discount", "            return price - 1"),
        "fold": ("fold", "    return len(str(depth))"),
        "several": ("several", "        yield number"),
    }
    lines = LIBRARY.splitlines()
    places = {
        name: (bare, 1 + next(at for at, line in enumerate(lines) if line.startswith(text)))
        for name, (bare, text) in wanted.items()
    }
    frames: list[tuple[str, str, int]] = [
        (bare if short else name, str(library), line) for name, (bare, line) in places.items()
    ]
    frames.append(("gone", "<string>", 1))
    file = suite / "frames.json"
    file.write_text(json.dumps(frames))
    how = {"param_index": 2, "number": 1, "frames": str(file)}
    for benchmark, called in (("Shop.time_work", True), ("time_nothing", False)):
        answer = ask(python, suite, benchmark, "profile", **how if called else {**how, **ALONE})
        functions = answer["profile"]["functions"]
        found = answer["profile"]["frames"]
        assert [tuple(each[:3]) for each in found] == frames
        names = [functions[index]["name"] for *_, index in found]
        # Where the profiler saw nothing, only code that is compiled again tells longer names.
        assert names == [*places, "gone"]
        assert [functions[index]["calls"] > 0 for *_, index in found] == [called] * 4 + [False]
        assert functions[found[0][3]]["fingerprint"]
        assert (functions[found[-1][3]]["home"], functions[found[-1][3]]["path"]) == (
            "generated",
            "string",
        )
        profile_from_raw({**answer["profile"], "frames": None})


@pytest.mark.parametrize("benchmark", ["Shop.time_work", "timeraw_import"])
def test_stacks_are_read_on_every_version_of_cpython(
    python: str, suite: Path, tmp_path: Path, benchmark: str
) -> None:
    """With the names and lines that a profile of the same interpreter has."""
    variables = {"PYTHONPATH": str(suite / "site-packages"), "PYTHONDONTWRITEBYTECODE": "1"}
    side = Installed("a" * 40, Path(python), suite / "benchmarks", tmp_path / "env", variables)
    request = {
        "mode": "sample",
        "benchmark_dir": str(suite / "benchmarks"),
        "benchmark": f"suite.{benchmark}",
        "param_index": 2 if benchmark.startswith("Shop") else None,
        "number": 50,
        "samples": 1,
        "batches": 1,
        "seconds": 0.5,
        "rate": 500,
        "idle": False,
    }
    if "pypy" in python:
        pytest.skip("py-spy reads CPython alone")
    answer = ProcessRunner()(side, request, tmp_path, 60.0)
    if (answer["error"] or {}).get("kind") == "unsampled":
        pytest.skip(answer["error"]["text"])
    assert answer["error"] is None
    if benchmark == "timeraw_import":
        assert "library" in dict(answer["importtime"])
        return
    profile = ask(
        python,
        suite,
        benchmark,
        "profile",
        param_index=2,
        frames=str(written(tmp_path / "frames.json", answer["stacks"])),
    )["profile"]
    paths = {profile["functions"][index]["path"] for *_, index in profile["frames"]}
    assert "library.py" in paths
    for name, file, _, index in profile["frames"]:
        function = profile["functions"][index]
        assert name.rpartition(".")[2] == function["name"].rpartition(".")[2]
        if file.endswith("library.py"):
            assert function["calls"] > 0


def written(file: Path, stacks: SampledStacks) -> Path:
    """The frames of stacks, in a file."""
    file.write_text(json.dumps([*map(read_frame, stacks.frames)]))
    return file


@pytest.mark.parametrize(("benchmark", "index"), [("Shop.time_work", 2), ("timeraw_import", None)])
def test_another_source_stands_in_for_a_file(
    python: str, suite: Path, benchmark: str, index: int | None
) -> None:
    """The module is imported from that source on any interpreter, in raw processes as well."""
    file = suite / "stand_in.json"
    digest = hashlib.blake2b(LIBRARY.encode()).hexdigest()
    listed = {"path": "library.py", "text": "raise OSError('other')\n", "digest": digest}
    file.write_text(json.dumps({"strict": True, "modules": [listed]}))
    answer = ask(python, suite, benchmark, "time", param_index=index, stand_in=str(file))
    assert answer["error"] == {"kind": "failed", "text": "OSError: other"} or (
        answer["error"]["text"] == "RuntimeError: OSError: other"
    )


def test_the_harness_is_python_of_the_oldest_version() -> None:
    """It parses as that version's grammar; Debian's pypy3, of that version, has its library."""
    source = Path(harness.__file__).read_text(encoding="utf-8")
    assert ast.parse(source, feature_version=OLDEST).body


@pytest.mark.parametrize(
    "later",
    ["match x:\n    case 1:\n        pass\n", "try:\n    pass\nexcept* OSError:\n    pass\n"],
)
def test_later_grammar_would_be_found(later: str) -> None:
    """The parser refuses what the oldest version doesn't know."""
    with pytest.raises(SyntaxError):
        ast.parse(later, feature_version=OLDEST)


class Kernel:
    """Stands in for perf_event_open: hands out a descriptor, and what is read from it."""

    def __init__(self, descriptor: int, *readings: tuple[int, int, int]) -> None:
        self.descriptor = descriptor
        self.readings = list(readings)
        self.asked: list[tuple[Any, ...]] = []

    def syscall(self, number: int, attributes: Any, *rest: int) -> int:
        """Take note of what was asked for."""
        self.asked.append((number, ctypes.string_at(attributes, 112), *rest))
        return self.descriptor

    def read(self, descriptor: int, size: int) -> bytes:
        """Give the next reading: the count, and the times enabled and running."""
        assert (descriptor, size) == (self.descriptor, 24)
        return struct.pack("<QQQ", *self.readings.pop(0))


def counter(
    kernel: Kernel, patch: pytest.MonkeyPatch, machine: str = "x86_64", system: str = "linux"
) -> Callable[[], int | None]:
    """The harness's counter of instructions, on a machine with that kernel."""
    patch.setattr(ctypes, "CDLL", lambda name: kernel)
    patch.setattr(os, "read", kernel.read)
    patch.setattr(platform, "machine", lambda: machine)
    patch.setattr(sys, "platform", system)
    return harness.instruction_counter()


@pytest.mark.parametrize(("machine", "number"), [("x86_64", 298), ("aarch64", 241)])
def test_instructions_are_counted_where_the_kernel_allows(
    monkeypatch: pytest.MonkeyPatch, machine: str, number: int
) -> None:
    """One hardware counter of this process's user instructions and its threads', read twice."""
    kernel = Kernel(7, (1_000, 50, 50), (4_500, 90, 90))
    with monkeypatch.context() as patch:
        read = counter(kernel, patch, machine)
        assert (read(), read()) == (1_000, 4_500)
    ((asked, attributes, *rest),) = kernel.asked
    assert (asked, rest) == (number, [0, -1, -1, 8])
    kind, size, config, period, sample, form, flags = struct.unpack_from("<IIQQQQQ", attributes)
    assert (kind, size, config, period, sample) == (0, 112, 1, 0, 0)
    assert form == 3  # PERF_FORMAT_TOTAL_TIME_ENABLED and PERF_FORMAT_TOTAL_TIME_RUNNING
    assert flags == 1 << 1 | 1 << 5 | 1 << 6  # inherit, exclude_kernel, exclude_hv


def test_a_counter_that_was_shared_counts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the processor ran other counters in between, the count would be an estimate."""
    with monkeypatch.context() as patch:
        assert counter(Kernel(7, (1_000, 50, 49)), patch)() is None


@pytest.mark.parametrize(
    ("descriptor", "machine", "system"),
    [(-1, "x86_64", "linux"), (7, "riscv64", "linux"), (7, "x86_64", "darwin")],
)
def test_where_instructions_cannot_be_counted_there_is_none(
    monkeypatch: pytest.MonkeyPatch, descriptor: int, machine: str, system: str
) -> None:
    """A refusal, an unknown processor and another system all give None, without an error."""
    with monkeypatch.context() as patch:
        assert counter(Kernel(descriptor), patch, machine, system)() is None


def test_a_round_tells_the_instructions_of_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """Readings before and after the calls of a sample are subtracted."""
    kernel = Kernel(7, (1_000, 50, 50), (1_600, 90, 90), (2_000, 99, 99), (2_900, 99, 99))
    with monkeypatch.context() as patch:
        read = counter(kernel, patch)
        meter = harness.Meter(
            lambda: None, (), lambda: None, time.perf_counter, read, harness.Turns(None)
        )
        meter.timeit(3)
        meter.timeit(3)
    assert [instructions for _, _, instructions, _ in meter.readings] == [600, 900]
