"""The harness measures and profiles one real benchmark in a real process."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from asking import ask
from hypothesis import given
from hypothesis import strategies as st

from asv_explain.measuring import harness

SUITE = """
import asyncio
import os
import sys


class Prepared:
    def setup(self):
        from stock import Stock

        self.stock = Stock()

    def time_it(self):
        len(self.stock.items)


def time_plain():
    return sorted([str(number) for number in range(50)], key=lambda text: len(text))


def time_prints():
    print("{" * 10000)
    sys.stderr.write("}" * 10000)
    os.write(1, b"[" * 10000)


def time_raises():
    raise KeyError("no such thing")


def time_exits():
    sys.exit(3)


def time_dies():
    os._exit(7)


def track_value():
    return 3


def time_skipped():
    pass


def skip():
    raise NotImplementedError


time_skipped.setup = skip


def time_broken_setup():
    pass


def broken():
    raise ValueError("setup is broken")


time_broken_setup.setup = broken


class Params:
    params = [[10, 20], ["a", "b"]]
    number = 3
    warmup_time = 0
    log = []

    def setup(self, count, letter):
        self.log.append("setup")
        self.text = letter * count

    def time_text(self, count, letter):
        self.log.append("call")
        if self.text != "a" * 20:
            raise ValueError(self.text)
        helper()

    def teardown(self, count, letter):
        self.log.append("teardown")
        del self.text


def helper():
    return 1


class Log(Params):
    params = [[20], ["a"]]

    def teardown(self, count, letter):
        super().teardown(count, letter)
        with open("log", "w") as file:
            file.write(" ".join(self.log))


class Cached:
    def setup_cache(self):
        with open("left", "w") as file:
            file.write("by setup_cache")
        return {"size": 5}

    setup_cache.timeout = 33

    def time_cached(self, cache):
        if cache != {"size": 5} or not os.path.exists("left"):
            raise ValueError(cache)

    time_cached.timeout = 44


async def leaf():
    await asyncio.sleep(0)


async def numbers():
    for number in range(3):
        yield number


async def trunk():
    for _ in range(4):
        await leaf()
    async for _ in numbers():
        pass


def time_async():
    asyncio.run(trunk())


def generate():
    yield from range(3)


def time_generator():
    return list(generate())


class Clock:
    number = 1
    warmup_time = 0
    repeat = 2

    def __init__(self):
        self.now = 0.0

    def timer(self):
        self.now += 2.0
        return self.now

    def time_it(self):
        pass


def timeraw_import():
    return "import colorsys; colorsys.rgb_to_hsv(.1, .2, .3); print(1)", "start = 1"


def timeraw_fails():
    return "raise OSError('raw')"
"""


POOL = """
from concurrent.futures import ThreadPoolExecutor

pool = ThreadPoolExecutor(1)


def time_it():
    pool.submit(len, "abc").result()
"""

STOCK = """
def fill(count):
    return list(range(count))


class Stock:
    def __init__(self):
        self.items = fill(3)
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A benchmark package on disk."""
    folder = tmp_path / "checkout" / "benchmarks"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "suite.py").write_text(SUITE)
    return folder


def functions(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Give the profiled functions by name."""
    return {function["name"]: function for function in answer["profile"]["functions"]}


def edges(answer: dict[str, Any]) -> dict[tuple[str, str], int]:
    """Give the calls of each edge, by the names of its ends."""
    names = [function["name"] for function in answer["profile"]["functions"]]
    return {(names[a], names[b]): calls for a, b, calls, *_ in answer["profile"]["edges"]}


def test_a_plain_benchmark_has_a_wall_time_and_a_cpu_time(suite: Path) -> None:
    """Both clocks advance, asv's own loop chooses the number, and no profile is taken."""
    answer = ask(suite, "suite.time_plain")
    assert answer["error"] is None
    assert answer["wall"] > 0
    assert answer["cpu"] > 0
    assert answer["number"] > 1
    assert answer["delayed"] >= 0
    assert len(answer["samples"]) == 2
    assert answer["profile"] is None
    assert answer["instructions"] is None or answer["instructions"] > 0


def test_other_threads_and_imports_are_told(suite: Path) -> None:
    """Modules of the standard library are not listed, nor asv's own."""
    (suite / "pool.py").write_text(POOL)
    answer = ask(suite, "pool.time_it", imported=True)
    assert answer["threaded"]
    assert ["benchmarks/pool.py", str(suite / "pool.py")] in answer["imported"]
    names = {path.split("/")[0] for path, _ in answer["imported"]}
    assert not {"asv_runner", "json", "concurrent", "harness.py"} & names
    alone = ask(suite, "suite.time_plain")
    assert not alone["threaded"]
    assert "imported" not in alone


def test_the_number_of_calls_is_the_request_s(suite: Path) -> None:
    """A number in the request takes the place of asv's choice."""
    assert ask(suite, "suite.time_plain", number=17)["number"] == 17


def test_printing_does_no_harm(suite: Path) -> None:
    """The answer arrives whole, whatever the benchmark writes to whichever stream."""
    assert ask(suite, "suite.time_prints", number=2)["error"] is None


@pytest.mark.parametrize(
    ("benchmark", "kind", "text"),
    [
        ("suite.time_raises", "failed", "KeyError: 'no such thing'"),
        ("suite.time_exits", "failed", "SystemExit: 3"),
        ("suite.time_skipped", "skipped", "does not apply"),
        ("suite.time_broken_setup", "failed", "ValueError: setup is broken"),
        ("suite.time_absent", "failed", "suite.time_absent"),
        ("suite.track_value", "failed", "not a time_ or timeraw_ benchmark"),
        ("suite.timeraw_fails", "failed", "OSError: raw"),
    ],
)
def test_what_is_not_measured_says_why(suite: Path, benchmark: str, kind: str, text: str) -> None:
    """Each way to fail has its kind and the last line of its traceback."""
    answer = ask(suite, benchmark)
    assert answer["error"]["kind"] == kind
    assert text in answer["error"]["text"]
    assert answer["wall"] is None


def test_one_combination_of_parameters_is_chosen_by_index(suite: Path) -> None:
    """The third combination runs; the others would raise."""
    assert ask(suite, "suite.Params.time_text", param_index=2)["number"] == 3
    assert ask(suite, "suite.Params.time_text", param_index=0)["error"]["kind"] == "failed"


def test_setup_and_teardown_are_outside_the_region(suite: Path) -> None:
    """The profile holds the benchmark and its callee, as many calls as asked, and no setup."""
    answer = ask(suite, "suite.Params.time_text", "profile", param_index=2, batches=5)
    found = functions(answer)
    assert answer["profile"]["number"] == 15
    assert found["Params.time_text"]["calls"] == 15
    assert found["helper"]["calls"] == 15
    assert not {"Params.setup", "Params.teardown"} & set(found)


def test_setup_runs_before_every_call_of_a_sample(suite: Path) -> None:
    """With setup hooks each call finds its setup made anew, as in asv."""
    answer = ask(suite, "suite.Log.time_text", param_index=0)
    assert answer["error"] is None
    words = (suite.parent.parent / "cwd" / "log").read_text().split()
    assert words.count("call") == 6
    assert "call call" not in " ".join(words)


def test_setup_cache_runs_once_and_its_result_and_files_serve_later_processes(suite: Path) -> None:
    """The pickle lies in the current folder, and the limits are told beforehand."""
    found = ask(suite, "suite.Cached.time_cached", "inspect")
    assert (found["setup_cache"], found["setup_cache_timeout"], found["timeout"]) == (True, 33, 44)
    assert ask(suite, "suite.Cached.time_cached", "cache")["error"] is None
    assert ask(suite, "suite.Cached.time_cached", number=1)["error"] is None


def test_the_wall_clock_is_the_benchmark_s_own(suite: Path) -> None:
    """A benchmark with a timer is measured by it."""
    answer = ask(suite, "suite.Clock.time_it")
    assert answer["wall"] == 2.0
    assert answer["samples"] == [2.0, 2.0]


def test_a_profile_counts_calls_and_edges_exactly(suite: Path) -> None:
    """Calls scale with the number; nested functions and C functions have their names."""
    answer = ask(suite, "suite.time_plain", "profile", number=3, batches=2)
    found, calls = functions(answer), edges(answer)
    assert answer["profile"]["number"] == 6
    assert found["time_plain"]["calls"] == 6
    assert found["time_plain"]["home"] == "bench"
    assert found["time_plain"]["path"] == "benchmarks/suite.py"
    assert found["time_plain.<locals>.<lambda>"]["calls"] == 300
    assert found["builtins.len"]["home"] == "builtin"
    assert calls["time_plain.<locals>.<lambda>", "builtins.len"] == 300
    assert calls["builtins.sorted", "time_plain.<locals>.<lambda>"] == 300
    assert not any("_lsprof" in name for name in found)
    assert not any("harness" in function["path"] for function in found.values())


def test_a_profile_names_what_setup_runs(suite: Path) -> None:
    """Setup's own calls of packages are listed, and are not in the profile."""
    (suite.parent / "lib").mkdir()
    (suite.parent / "lib" / "stock.py").write_text(STOCK)
    where = {"PYTHONPATH": str(suite.parent / "lib")}
    answer = ask(suite, "suite.Prepared.time_it", "profile", where, number=1, batches=1)
    assert answer["profile"]["prepared"] == [["stock.py", "Stock.__init__"], ["stock.py", "fill"]]
    assert set(functions(answer)) == {"Prepared.time_it", "builtins.len"}
    assert ask(suite, "suite.time_plain", "profile", number=1)["profile"]["prepared"] == []


def test_coroutines_and_generators_keep_their_flags(suite: Path) -> None:
    """Flags tell coroutine, asynchronous generator and generator apart; resumptions are calls."""
    found = functions(ask(suite, "suite.time_async", "profile", number=1, batches=1))
    assert found["trunk"]["flags"] & inspect.CO_COROUTINE
    assert found["leaf"]["flags"] & inspect.CO_COROUTINE
    assert found["numbers"]["flags"] & inspect.CO_ASYNC_GENERATOR
    assert not found["time_async"]["flags"] & (inspect.CO_COROUTINE | inspect.CO_GENERATOR)
    assert found["leaf"]["calls"] == 8
    assert found["run"]["path"] == "asyncio/runners.py"
    assert found["run"]["home"] == "stdlib"
    plain = functions(ask(suite, "suite.time_generator", "profile", number=1, batches=1))
    assert plain["generate"]["flags"] & inspect.CO_GENERATOR


def test_a_raw_benchmark_is_timed_and_profiled_in_its_own_process(suite: Path) -> None:
    """Imports count, as the timed process has imported nothing; its start-up does not."""
    answer = ask(suite, "suite.timeraw_import", "profile")
    found = functions(answer)
    assert answer["number"] == 1
    assert 0 < answer["wall"] < answer["setup"]
    assert found["rgb_to_hsv"]["path"] == "colorsys.py"
    assert ("<module>", "colorsys.py") in {
        (function["name"], function["path"]) for function in answer["profile"]["functions"]
    }
    assert not any(function["path"] == "asv-explain" for function in found.values())


def test_other_kinds_of_benchmark_can_be_profiled(suite: Path) -> None:
    """A track_ benchmark has no time, but its calls can be counted."""
    answer = ask(suite, "suite.track_value", "profile", number=2, batches=3)
    assert functions(answer)["track_value"]["calls"] == 6


def test_copies_elsewhere_on_other_lines_have_the_same_fingerprints(
    suite: Path, tmp_path: Path
) -> None:
    """Neither the checkout's path nor the lines make a function another one."""
    moved = tmp_path / "other place" / "benchmarks"
    moved.mkdir(parents=True)
    (moved / "__init__.py").write_text("")
    (moved / "suite.py").write_text("# one\n" * 300 + SUITE)
    prints = []
    for folder in (suite, moved):
        answer = ask(folder, "suite.time_plain", "profile", number=1)
        found = [each for each in answer["profile"]["functions"] if each["home"] == "bench"]
        prints.append({each["name"]: (each["path"], each["fingerprint"]) for each in found})
    assert prints[0] == prints[1]
    assert "time_plain" in prints[0]


def code(source: str, name: str = "f") -> CodeType:
    """Compile a function's definition and give its code."""
    module = compile(source, "file", "exec")
    return next(c for c in module.co_consts if isinstance(c, CodeType) and c.co_name == name)


ORIGINAL = "def f(a, b=1):\n    return [a + b, 'x', {1, 2}]\n"


@pytest.mark.parametrize(
    "same",
    [
        "\n\n# a comment\n" + ORIGINAL,
        "def f(a, b=1):\n    'A docstring.'\n    return [a + b, 'x', {1, 2}]\n",
        "def f(a, b=2):\n    return [a + b,\n\n        'x', {1, 2}]\n",
    ],
)
def test_what_does_the_same_has_the_same_fingerprint(same: str) -> None:
    """Lines, comments, docstrings and defaults, which the definition holds, don't count."""
    assert harness.fingerprint(code(same)) == harness.fingerprint(code(ORIGINAL))


@pytest.mark.parametrize(
    "other",
    [
        ORIGINAL.replace("+", "-"),
        ORIGINAL.replace("'x'", "'y'"),
        ORIGINAL.replace("{1, 2}", "{1, 3}"),
        ORIGINAL.replace("{1, 2}", "{1, 2.0}"),
        ORIGINAL.replace("a +", "a() +"),
        ORIGINAL.replace("def", "async def"),
        ORIGINAL.replace("(a, b=1)", "(a, *, b=1)"),
        ORIGINAL.replace("'x'", "lambda: 1"),
        ORIGINAL.replace("'x'", "lambda: 2"),
    ],
)
def test_what_does_something_else_has_another_fingerprint(other: str) -> None:
    """Operators, constants of any kind, calls, signature and nested code count."""
    assert harness.fingerprint(code(other)) != harness.fingerprint(code(ORIGINAL))


def test_a_renamed_function_keeps_its_fingerprint() -> None:
    """The name is no part of what a function does, nor is it that of functions within it."""
    body = "(a):\n    def g(b):\n        return b\n    return g(a)\n"
    assert harness.fingerprint(code("def f" + body)) == harness.fingerprint(
        code("def h" + body, "h")
    )


def test_the_hash_seed_does_not_touch_fingerprints() -> None:
    """Sets of constants are digested in sorted order."""
    source = "def f(x):\n    return x in {'a', 'b', 'c', 'd', 'e', 'f'}\n"
    program = (
        f"import runpy\nh = runpy.run_path({harness.__file__!r})\nd = {{}}\n"
        f"exec({source!r}, d)\nprint(h['fingerprint'](d['f'].__code__))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(found) == 1


@given(st.integers(0, 200), st.text("abc_", min_size=1))
def test_fingerprints_depend_on_neither_line_nor_file(lines: int, filename: str) -> None:
    """Any offset and any file name give the same digest."""
    source = "class C:\n    def m(self):\n        return [x for x in self]\n"

    def digest(text: str, file: str) -> list[str]:
        module = compile(text, file, "exec")
        return [harness.fingerprint(c) for c in module.co_consts if isinstance(c, CodeType)]

    assert digest("\n" * lines + source, filename) == digest(source, "file")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("<built-in method builtins.len>", "builtins.len"),
        ("<method 'append' of 'list' objects>", "list.append"),
        ("<built-in method __new__ of type object at 0x7f7071d90b60>", "type.__new__"),
        ("<built-in method fromkeys>", "fromkeys"),
        ("<slot wrapper '__init__' of 'object' objects>", "object.__init__"),
        ("<built-in function len>", "builtins.len"),
    ],
)
def test_c_functions_have_names_without_addresses(text: str, name: str) -> None:
    """What the profiler writes becomes owner and name."""
    assert harness.builtin_name(text) == name


def test_homes_are_the_same_words_everywhere(tmp_path: Path) -> None:
    """Each kind of file has its home, and no path of this machine remains."""
    bench, source = tmp_path / "repo" / "benchmarks", tmp_path / "repo" / "src"
    for folder in (bench, source):
        folder.mkdir(parents=True)
    homes = harness.Homes(str(bench), [str(source)])
    library = tmp_path / "env" / "lib" / "python3.11" / "site-packages" / "pkg" / "mod.py"
    assert homes.locate(str(bench / "a.py")) == ("bench", "benchmarks/a.py")
    assert homes.locate(str(tmp_path / "repo" / "tools" / "b.py")) == ("bench", "tools/b.py")
    assert homes.locate(str(source / "pkg" / "mod.py")) == ("site", "pkg/mod.py")
    assert homes.locate(str(library)) == ("site", "pkg/mod.py")
    assert homes.locate(json.__file__) == ("stdlib", "json/__init__.py")
    assert homes.locate("<frozen importlib._bootstrap>") == ("stdlib", "importlib/_bootstrap.py")
    assert homes.locate("<string>") == ("generated", "string")
    assert homes.locate("</../../etc/passwd>") == ("generated", "etc/passwd")
    assert homes.locate(str(tmp_path / "elsewhere.py")) == ("other", "elsewhere.py")


def test_names_are_rebuilt_where_the_interpreter_has_none(tmp_path: Path) -> None:
    """Walking the file's code gives the names that Python 3.11 and later hold themselves."""
    file = tmp_path / "mod.py"
    file.write_text(
        "class A:\n    class B:\n        def m(self):\n            def n():\n"
        "                return lambda: 1\n            return n\n"
    )
    assert set(harness._names_in(str(file)).values()) == {
        "A",
        "A.B",
        "A.B.m",
        "A.B.m.<locals>.n",
        "A.B.m.<locals>.n.<locals>.<lambda>",
    }
    assert harness._names_in(str(tmp_path / "absent.py")) == {}
