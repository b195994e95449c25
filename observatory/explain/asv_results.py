"""asv's result files and the rows of `asv compare`, read into values without importing asv."""

import itertools
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import Any

__all__ = [
    "ComparedRow",
    "Measurement",
    "ResultFile",
    "ResultsError",
    "State",
    "parse_compare",
    "read_result_file",
    "read_results",
    "read_units",
]

_API_VERSION = 2
"""The format of result files and benchmarks.json that asv 0.6 writes."""

_NUMBERS = (int, float, type(None))


class ResultsError(Exception):
    """A file of asv's cannot be used; the text names it and says what to do, in one line."""


class State(Enum):
    """How a benchmark ended: with a value, in failure, or set aside as not applicable."""

    MEASURED = "measured"
    FAILED = "failed"
    NOT_APPLICABLE = "n/a"


@dataclass(frozen=True, slots=True)
class Measurement:
    """One benchmark with one set of parameters at one commit.

    `value`, `low` and `high` (asv's 99 % interval) are in the benchmark's unit, seconds for
    timings. `samples` is how many samples made the value. `started` is false where the benchmark
    could not even be started, as after a failed build. `measured_at` is in seconds since 1970.
    """

    state: State
    value: float = math.nan
    low: float | None = None
    high: float | None = None
    samples: int | None = None
    version: str | None = None
    started: bool = True
    measured_at: float | None = None


@dataclass(frozen=True, slots=True)
class ResultFile:
    """All that asv stored for one commit in one environment, by benchmark name."""

    path: Path
    commit: str
    environment: str
    measurements: Mapping[str, Measurement]


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """One row of `asv compare`: its mark (one of `+ - ! * x` or empty) and the texts beside it."""

    mark: str
    before: str
    after: str
    ratio: str
    benchmark: str


def read_results(results: Path, machine: str, commits: Iterable[str]) -> tuple[ResultFile, ...]:
    """Return the stored results of some commits on one machine; commits without any are left out.

    Raises ResultsError for a file of those commits that cannot be used.
    """
    folder = results / machine
    return tuple(
        read_result_file(path, commit)
        for commit in commits
        for path in sorted(folder.glob(f"{commit[:8]}-*.json"))
    )


def read_result_file(path: Path, commit: str) -> ResultFile:
    """Return what one result file says about one commit.

    Raises ResultsError if the file is truncated, of another format, or of another commit.
    """
    data = _load(path)
    if data.get("commit_hash") != commit:
        raise ResultsError(f"{path} is not about commit {commit[:8]}; move the file away.")
    try:
        columns = [str(column) for column in data["result_columns"]]
        measurements: dict[str, Measurement] = {}
        for name, row in data["results"].items():
            # asv cuts empty values off the end of a row.
            fields = dict(zip(columns, row, strict=False))
            measurements.update(_unrolled(name, fields))
        environment = str(data["env_name"])
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise _unusable(path, f"{type(error).__name__}: {error}") from None
    return ResultFile(path, commit, environment, MappingProxyType(measurements))


def read_units(results: Path) -> Mapping[str, str]:
    """Return the unit of each benchmark asv last discovered; empty before the first discovery.

    Raises ResultsError if benchmarks.json is truncated or of another format.
    """
    path = results / "benchmarks.json"
    if not path.exists():
        return MappingProxyType({})
    return MappingProxyType(
        {
            name: str(benchmark.get("unit", "seconds"))
            for name, benchmark in _load(path).items()
            if isinstance(benchmark, dict)
        }
    )


def parse_compare(text: str) -> tuple[ComparedRow, ...]:
    """Return the rows of all tables that `asv compare` printed, with or without --split."""
    rows: list[ComparedRow] = []
    for line in text.splitlines():
        # The name comes last and may hold a bar itself.
        cells = [cell.strip() for cell in line.strip().removesuffix("|").split("|", 5)[1:]]
        rule = all(set(cell) <= set("-:") for cell in cells)
        if len(cells) == 5 and cells[0] != "Change" and not rule:
            rows.append(ComparedRow(*cells))
    return tuple(rows)


def _load(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _unusable(path, str(error)) from None
    if not isinstance(data, dict):
        raise _unusable(path, "no JSON object")
    if data.get("version") != _API_VERSION:
        raise _unusable(path, f"format {data.get('version')!r} where {_API_VERSION} is read")
    return data


def _unusable(path: Path, reason: str) -> ResultsError:
    reason = re.sub(r"\s+", " ", reason)
    return ResultsError(
        f"{path} is not a whole result file of asv ({reason}); "
        "delete it, and the next run measures it anew."
    )


def _unrolled(name: str, fields: Mapping[str, Any]) -> dict[str, Measurement]:
    """Give each parameter combination its own name, in the way asv prints it."""
    parameters = fields["params"] or []
    if not isinstance(parameters, list):
        raise TypeError(f"params of {name} is no list")
    names = [
        f"{name}({', '.join(map(str, combination))})" if combination else name
        for combination in itertools.product(*parameters)
    ]
    result = fields["result"]
    if isinstance(result, list) and not all(isinstance(value, _NUMBERS) for value in result):
        return {}  # asv stores whatever a tracking benchmark returns; only numbers have ratios
    values = _per_combination(result, len(names))
    lows = _per_combination(fields.get("stats_ci_99_a"), len(names))
    highs = _per_combination(fields.get("stats_ci_99_b"), len(names))
    repeats = _per_combination(fields.get("stats_repeat"), len(names))
    version, started_at = fields.get("version"), fields.get("started_at")
    return {
        unrolled: Measurement(
            state=_state(value),
            value=math.nan if value is None else value,
            low=low,
            high=high,
            samples=None if repeat is None else int(repeat),
            version=None if version is None else str(version),
            started=fields.get("duration") is not None,
            measured_at=None if started_at is None else float(started_at) / 1000,
        )
        for unrolled, value, low, high, repeat in zip(
            names, values, lows, highs, repeats, strict=True
        )
    }


def _per_combination(column: object, count: int) -> Sequence[float | None]:
    if column is None:
        return [None] * count
    if not isinstance(column, list) or len(column) != count:
        raise ValueError(f"a column holds {column!r} where {count} values belong")
    return [None if value is None else float(value) for value in column]


def _state(value: float | None) -> State:
    if value is None:
        return State.FAILED
    return State.NOT_APPLICABLE if math.isnan(value) else State.MEASURED
