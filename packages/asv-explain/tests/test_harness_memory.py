"""The harness takes values of memory and tracked ones, and traces memory by line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from asking import ask

from asv_explain.values.trace import Trace, trace_from_raw

SUITE = """
import functools
import os

COUNT = 100_000


def mem_list():
    kept = []
    for number in range(COUNT):
        kept.append(number)
    return kept


class Held:
    def setup(self):
        self.kept = list(range(COUNT))

    def mem_held(self):
        return self.kept

    def peakmem_setup(self):
        return None


def helper(count):
    return bytearray(count)


def peakmem_helper():
    kept = helper(8_000_000)
    return len(kept)


def peakmem_freed():
    brief = [None] * 1_000_000
    brief = None
    return brief


def peakmem_nothing():
    return None


def peakmem_raises():
    raise KeyError("no such thing")


def track_value():
    return 3


track_value.unit = "steps"


def track_text():
    return "3"


def track_none():
    return None


def track_nan():
    return float("nan")


def track_inf():
    return float("inf")


def track_dies():
    os.kill(os.getpid(), 11)


def track_params(number):
    return number


track_params.params = [1, 2]
track_params.skip_params = [(2,)]


@functools.lru_cache
def once():
    return 1


def track_once():
    return once.__wrapped__() if once.cache_info().misses else once() + helper_once()


def helper_once():
    return 1


def time_it():
    pass
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A benchmark package on disk."""
    folder = tmp_path / "checkout" / "benchmarks"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "suite.py").write_text(SUITE)
    return folder


def traced(suite: Path, benchmark: str, **more: Any) -> Trace:
    """Trace a benchmark's memory."""
    answer = ask(suite, f"suite.{benchmark}", "trace", **more)
    assert answer["error"] is None
    return trace_from_raw(answer["trace"])


def by_line(trace: Trace) -> dict[tuple[str, str], int]:
    """Bytes by the name and text of the innermost line of the suite."""
    found: dict[tuple[str, str], int] = {}
    for row in trace.rows:
        for index, line in row.stack:
            function = trace.functions[index]
            if function.path == "benchmarks/suite.py":
                text = function.source[line - max(function.line, 1)].strip()
                found[function.name, text] = found.get((function.name, text), 0) + row.size
                break
    return found


@pytest.mark.parametrize(
    ("benchmark", "kind", "unit"),
    [
        ("mem_list", "mem", "bytes"),
        ("peakmem_nothing", "peakmem", "bytes"),
        ("track_value", "track", "steps"),
        ("time_it", "time", "seconds"),
    ],
)
def test_kind_and_unit_are_told(suite: Path, benchmark: str, kind: str, unit: str) -> None:
    """What asv measures is known before anything is measured."""
    found = ask(suite, f"suite.{benchmark}", "inspect")
    assert (found["kind"], found["unit"]) == (kind, unit)


def test_values_are_asv_s_own(suite: Path) -> None:
    """The size of the object, the process's peak, and the number returned."""
    size = sys.getsizeof([])
    held = ask(suite, "suite.mem_list", "value")["value"]
    assert 100_000 * 8 <= held - size <= 1.2 * 100_000 * 8
    nothing = ask(suite, "suite.peakmem_nothing", "value")["value"]
    helped = ask(suite, "suite.peakmem_helper", "value")["value"]
    assert helped - nothing == pytest.approx(8_000_000, rel=0.2)
    assert ask(suite, "suite.track_value", "value")["value"] == 3.0


def test_a_peak_is_the_process_s_own(suite: Path) -> None:
    """Linux counts the starter's peak for a program it starts; that of this one is not met."""
    large = bytearray(b"x") * 400_000_000
    value = ask(suite, "suite.peakmem_nothing", "value")["value"]
    assert 1_000_000 < value < len(large) / 2


@pytest.mark.parametrize(
    ("benchmark", "kind", "text"),
    [
        ("track_text", "failed", "no number"),
        ("track_none", "failed", "no number"),
        ("track_nan", "skipped", "does not apply"),
        ("track_inf", "failed", "can't be compared"),
        ("peakmem_raises", "failed", "KeyError: 'no such thing'"),
    ],
)
def test_what_is_no_value_says_why(suite: Path, benchmark: str, kind: str, text: str) -> None:
    """Nothing that can't be compared ever passes for a value."""
    error = ask(suite, f"suite.{benchmark}", "value")["error"]
    assert error["kind"] == kind
    assert text in error["text"]


def test_a_process_that_dies_ends_as_it_died(suite: Path) -> None:
    """The fork's signal is the process's."""
    with pytest.raises(subprocess.CalledProcessError) as caught:
        ask(suite, "suite.track_dies", "value")
    assert caught.value.returncode == -11


def test_combinations_that_are_left_out_are_skipped(suite: Path) -> None:
    """skip_params is honoured as in asv."""
    assert ask(suite, "suite.track_params", "value", param_index=0)["value"] == 1.0
    skipped = ask(suite, "suite.track_params", "value", param_index=1)
    assert skipped["error"]["kind"] == "skipped"


def test_an_object_s_memory_is_that_of_the_lines_that_fill_it(suite: Path) -> None:
    """The line that appends holds the list's array; numbers that a copy shares don't count."""
    trace = traced(suite, "mem_list")
    value = ask(suite, "suite.mem_list", "value")["value"]
    assert trace.total == pytest.approx(value, rel=0.01)
    held = by_line(trace)
    assert held["mem_list", "kept.append(number)"] > 0.99 * trace.total


def test_an_object_that_something_else_holds_knows_who_made_it(suite: Path) -> None:
    """Its memory is not freed, and its origin is the line in setup."""
    trace = traced(suite, "Held.mem_held")
    assert trace.total < 10_000
    names = [trace.functions[index].name for index, _ in trace.origin]
    assert names[0] == "Held.setup"


def test_a_peak_in_setup_is_found(suite: Path) -> None:
    """Asv's peak holds what setup allocates, and so does the trace."""
    peak = traced(suite, "Held.peakmem_setup").peak
    trace = traced(suite, "Held.peakmem_setup", peak=peak)
    assert trace.total == pytest.approx(peak, rel=0.05)
    assert by_line(trace)["Held.setup", "self.kept = list(range(COUNT))"] > 3_000_000


def test_imports_can_stand_in_one_row(suite: Path) -> None:
    """Traced from their end on, with what they hold added, the whole peak is the same."""
    learned = ask(suite, "suite.peakmem_helper", "trace", frames=1)["trace"]
    left, most = learned["imports"]
    assert 0 < left <= most < learned["peak"]
    peak = learned["peak"] - left
    trace = traced(suite, "peakmem_helper", peak=peak, late=True, loaded=left)
    assert trace.peak == pytest.approx(learned["peak"], rel=0.01)
    assert trace.total == pytest.approx(learned["peak"], rel=0.01)
    assert [row.size for row in trace.rows if not row.stack] == [left]


def test_a_peak_names_the_line_and_its_callers(suite: Path) -> None:
    """The helper's line is the innermost, the benchmark's stands outside it."""
    peak = traced(suite, "peakmem_helper").peak
    trace = traced(suite, "peakmem_helper", peak=peak)
    row = max(trace.rows, key=lambda row: row.size)
    named = [(trace.functions[index].name, line) for index, line in row.stack]
    assert [name for name, _ in named[:2]] == ["helper", "peakmem_helper"]
    assert row.size == pytest.approx(8_000_000, rel=0.001)
    assert trace.temporary < 10_000


def test_memory_freed_before_the_next_call_is_found_at_each_line(suite: Path) -> None:
    """Looking at calls tells the function; looking at lines tells the line."""
    peak = traced(suite, "peakmem_freed").peak
    coarse = traced(suite, "peakmem_freed", peak=peak)
    assert coarse.temporary >= 8_000_000
    fine = traced(suite, "peakmem_freed", peak=peak, lines=True)
    assert fine.temporary < 10_000
    assert by_line(fine)["peakmem_freed", "brief = [None] * 1_000_000"] >= 8_000_000
    for trace in (coarse, fine):
        assert trace.total == pytest.approx(peak, rel=0.05)


def test_the_first_call_of_a_tracked_benchmark_is_profiled(suite: Path) -> None:
    """Caches are as empty as they are when asv takes the value."""
    answer = ask(suite, "suite.track_once", "profile", number=1, batches=1)
    calls = {each["name"]: each["calls"] for each in answer["profile"]["functions"]}
    assert calls["helper_once"] == 1


def test_without_tracemalloc_nothing_is_traced(suite: Path, tmp_path: Path) -> None:
    """As on PyPy, where the module can't be imported: its own kind of failure."""
    (tmp_path / "blocked").mkdir()
    (tmp_path / "blocked" / "tracemalloc.py").write_text("raise ImportError('not here')\n")
    environment = {"PYTHONPATH": str(tmp_path / "blocked")}
    answer = ask(suite, "suite.mem_list", "trace", environment)
    assert answer["error"] == {
        "kind": "untraceable",
        "text": "this interpreter has no tracemalloc",
    }
    assert ask(suite, "suite.mem_list", "value", environment)["error"] is None
