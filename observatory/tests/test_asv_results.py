"""Result files are read whole or refused by name, and rows of `asv compare` are understood."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from observatory.explain.asv_results import (
    ComparedRow,
    ResultsError,
    State,
    parse_compare,
    read_result_file,
    read_results,
    read_units,
)

COMMIT = "0123456789abcdef0123456789abcdef01234567"
COLUMNS = [
    *("result", "params", "version", "started_at", "duration", "stats_ci_99_a", "stats_ci_99_b"),
    *("stats_q_25", "stats_q_75", "stats_number", "stats_repeat", "samples", "profile"),
]


def write(folder: Path, rows: dict[str, list[Any]], **changes: Any) -> Path:
    """Write a result file as asv 0.6 does, with changes at the top level."""
    data: dict[str, Any] = {
        "commit_hash": COMMIT,
        "env_name": "env",
        "result_columns": COLUMNS,
        "results": rows,
        "version": 2,
    }
    path = folder / "box" / f"{COMMIT[:8]}-env.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(data | changes), encoding="utf-8")
    return path


def test_values_failures_and_skips_are_told_apart(tmp_path: Path) -> None:
    """A number was measured, NaN is not applicable, and null failed with or without a start."""
    rows: dict[str, list[Any]] = {
        "a.good": [[2.0], [], "v1", 5000, 0.1, [1.5], [2.5], [1.9], [2.1], [1], [10]],
        "a.skipped": [[math.nan], [], "v1", 5000, 0.1],
        "a.failed": [None, [], "v1", 5000, 0.1],
        "a.not_started": [None, [], "v1", 5000],
    }
    write(tmp_path, rows)
    (result,) = read_results(tmp_path, "box", [COMMIT])

    good = result.measurements["a.good"]
    assert (good.state, good.value, good.low, good.high) == (State.MEASURED, 2.0, 1.5, 2.5)
    assert (good.samples, good.version, good.measured_at) == (10, "v1", 5.0)
    assert result.measurements["a.skipped"].state is State.NOT_APPLICABLE
    assert result.measurements["a.failed"].state is State.FAILED
    assert result.measurements["a.failed"].started
    assert not result.measurements["a.not_started"].started


def test_infinite_intervals_are_values(tmp_path: Path) -> None:
    """Too few samples make asv write an infinite interval, which JSON has no word for."""
    path = write(tmp_path, {"a": [[2.0], [], "v", 1, 1, [-math.inf], [math.inf]]})
    measurement = read_result_file(path, COMMIT).measurements["a"]
    assert (measurement.low, measurement.high) == (-math.inf, math.inf)


def test_parameter_combinations_have_names_of_their_own(tmp_path: Path) -> None:
    """Each combination gets the name asv prints, in the order of the product."""
    params = [["1", "2"], ["'x'"]]
    path = write(tmp_path, {"a.p": [[1.0, None], params, "v", 1, 1, None, None]})
    measurements = read_result_file(path, COMMIT).measurements
    assert list(measurements) == ["a.p(1, 'x')", "a.p(2, 'x')"]
    assert measurements["a.p(2, 'x')"].state is State.FAILED


def test_results_that_are_no_numbers_are_left_out(tmp_path: Path) -> None:
    """A tracking benchmark may return anything; what has no ratio is of no use here."""
    path = write(tmp_path, {"a.track": [["text"], []], "a.good": [[1.0], []]})
    assert list(read_result_file(path, COMMIT).measurements) == ["a.good"]


def test_commits_without_results_are_left_out(tmp_path: Path) -> None:
    """An unmeasured commit has no file, and a foreign file beside is not opened."""
    (tmp_path / "box").mkdir()
    (tmp_path / "box" / "machine.json").write_text("{", encoding="utf-8")
    assert read_results(tmp_path, "box", [COMMIT]) == ()
    assert read_results(tmp_path, "absent", [COMMIT]) == ()


def test_truncated_file_is_named(tmp_path: Path) -> None:
    """A file cut short by a crash is named, with what to do."""
    path = write(tmp_path, {"a": [[1.0], []]})
    path.write_text(path.read_text(encoding="utf-8")[:50], encoding="utf-8")
    with pytest.raises(ResultsError, match=r"01234567-env\.json .* delete it") as raised:
        read_result_file(path, COMMIT)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 1},
        {"results": []},
        {"results": {"a": [[1.0, 2.0], []]}},
        {"results": {"a": 1}},
        {"result_columns": ["params"]},
        {"results": {"a": [[1.0], "text"]}},
    ],
)
def test_foreign_formats_are_named(tmp_path: Path, changes: dict[str, Any]) -> None:
    """JSON that is no result file of this format is named rather than guessed at."""
    path = write(tmp_path, {"a": [[1.0], []]}, **changes)
    with pytest.raises(ResultsError, match=r"01234567-env\.json is not a whole result file"):
        read_result_file(path, COMMIT)


def test_file_of_another_commit_is_named(tmp_path: Path) -> None:
    """A name that begins alike does not make a file belong to the commit."""
    path = write(tmp_path, {}, commit_hash=COMMIT[:8] + "f" * 32)
    with pytest.raises(ResultsError, match="not about commit 01234567"):
        read_result_file(path, COMMIT)


def test_units_come_from_the_discovered_benchmarks(tmp_path: Path) -> None:
    """Units are known after a discovery, and absent before one."""
    assert read_units(tmp_path) == {}
    text = json.dumps({"a": {"unit": "bytes"}, "b": {}, "version": 2})
    (tmp_path / "benchmarks.json").write_text(text, encoding="utf-8")
    assert read_units(tmp_path) == {"a": "bytes", "b": "seconds"}


def test_rows_of_compare_are_read_from_all_tables() -> None:
    """Headings and rules are no rows, and a bar or a dash in a row does not confuse."""
    text = """
Benchmarks that have improved:

| Change   | Before [01234567] <v1> | After [89abcdef] <v2> |   Ratio | Benchmark (Parameter) |
|----------|------------------------|-----------------------|---------|-----------------------|
| -        | 2.00±0.1ms             | 1.00±0ms              |    0.5  | a.time_x('a|b')       |

Benchmarks that have got worse:

| Change   | Before [01234567] <v1> | After [89abcdef] <v2> | Ratio   | Benchmark (Parameter) |
|:---------|:-----------------------|:----------------------|:--------|:----------------------|
| !        | 1.00ms                 | failed                | n/a     | a.time_y              |
|          | 1.00ms                 | 1.20ms                | ~1.20   | a.time_z              |
"""
    assert parse_compare(text) == (
        ComparedRow("-", "2.00±0.1ms", "1.00±0ms", "0.5", "a.time_x('a|b')"),
        ComparedRow("!", "1.00ms", "failed", "n/a", "a.time_y"),
        ComparedRow("", "1.00ms", "1.20ms", "~1.20", "a.time_z"),
    )
    assert parse_compare("no table") == ()
