"""asv's recorded results, read one file at a time; what cannot be used is named and left out."""

from __future__ import annotations

import itertools
import math
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from asv import util  # type: ignore[import-untyped]
from asv._stats import get_weight, is_different  # type: ignore[import-untyped]
from asv.machine import Machine  # type: ignore[import-untyped]
from asv.repo import NoSuchNameError  # type: ignore[import-untyped]
from asv.results import Results  # type: ignore[import-untyped]

from asv_explain.asv_side.project import Project, one_line
from asv_explain.asv_side.revisions import repository

__all__ = [
    "History",
    "LeftOut",
    "Point",
    "Reading",
    "collect",
    "load_results",
    "place",
    "points",
    "told_apart",
    "valid",
]

_BROKEN = (
    *(util.UserError, OSError, ValueError, TypeError, KeyError, IndexError, AttributeError),
    *(ArithmeticError, RecursionError),
)
"""What asv raises on a result file that was cut short or mended by hand."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something recorded that could not be used: what, why, and what would help."""

    what: str
    why: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Point:
    """One benchmark with one parameter combination on one commit, as asv recorded it.

    Attributes:
        value: In the benchmark's unit; None if it failed, NaN if it was skipped.
        weight: asv's weight of the value, in one over that unit, or None.
        stats: asv's statistics of the samples; empty if it kept none.
        samples: The samples themselves, if asv was told to record them.
    """

    value: float | None
    weight: float | None
    stats: Mapping[str, float]
    samples: Sequence[float] | None


@dataclass(slots=True)
class Reading:
    """What reading a machine's results gave: asv's Results, and all that was left out."""

    results: list[Any] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


def load_results(project: Project, machine: str) -> Reading:
    """Read every result file of one machine; none of them can make the rest unreadable."""
    reading = Reading()
    for path in sorted((project.results / machine).glob("*.json")):
        if path.name == "machine.json":
            _check_machine(path, reading)
            continue
        if not path.is_file():
            remedy = "move it away"
            reading.left_out.append(LeftOut(f"result file {_shown(path)}", "it is no file", remedy))
            continue
        try:
            result = Results.load(str(path), machine_name=machine)
            usable = isinstance(result.commit_hash, str) and isinstance(result.env_name, str)
            why = "" if usable else "it names no commit or environment"
        except _BROKEN as error:
            why = one_line(error) or type(error).__name__
        if why:
            remedy = "remove the file and run asv on that commit again"
            reading.left_out.append(LeftOut(f"result file {_shown(path)}", why, remedy))
        else:
            reading.results.append(result)
    return reading


def _check_machine(path: Path, reading: Reading) -> None:
    """Name the file that says what a machine is like, if it can't be read."""
    try:
        util.load_json(str(path), api_version=Machine.api_version)
    except _BROKEN as error:
        why = one_line(error) or type(error).__name__
        remedy = "remove the file and run asv on that machine again"
        reading.left_out.append(LeftOut(f"machine file {_shown(path)}", why, remedy))


def _shown(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def points(result: Any, benchmark: Mapping[str, Any]) -> tuple[Point, ...]:
    """Return what one result file says of a benchmark, one point per parameter combination.

    Raises ValueError if asv's record of it is malformed.
    """
    name, params = benchmark["name"], benchmark["params"]
    try:
        values = result.get_result_value(name, params)
        stats = result.get_result_stats(name, params)
        samples = result.get_result_samples(name, params)
    except _BROKEN as error:
        raise ValueError(one_line(repr(error))) from None
    return tuple(
        Point(_number(value), _weight(of), _stats(of), _samples(taken))
        for value, of, taken in itertools.zip_longest(values, stats, samples)
    )


def told_apart(before: Point, after: Point) -> bool:
    """Ask the test behind `asv compare`; without statistics, the values alone must do."""
    bounds = ("ci_99_a", "ci_99_b")
    if not all(
        math.isfinite(p.stats.get(key, math.inf)) for p in (before, after) for key in bounds
    ):
        return True
    return bool(is_different(before.samples, after.samples, before.stats, after.stats))


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    # Compared first, as an endless integer is no float; what was skipped is no number, and stays.
    beyond = abs(value) > sys.float_info.max
    return None if beyond else float(value)


def _stats(stats: object) -> dict[str, float]:
    if not isinstance(stats, dict):
        return {}
    numbers = {key: _number(value) for key, value in stats.items()}
    return {key: value for key, value in numbers.items() if value is not None}


def _weight(stats: object) -> float | None:
    return _number(get_weight(_stats(stats)))


def _samples(samples: object) -> list[float] | None:
    if not isinstance(samples, list):
        return None
    numbers = [_number(sample) for sample in samples]
    known = [number for number in numbers if number is not None]
    return known if known and len(known) == len(numbers) else None


@dataclass(frozen=True, slots=True)
class History:
    """The commits of the record: their positions, and the branches each belongs to."""

    repo: Any
    revisions: Mapping[str, int]
    branches: Mapping[str, frozenset[str]]


def place(project: Project, reading: Reading) -> History:
    """Return where the recorded commits lie, as in `asv publish`: by branch, tags being on all."""
    repo = repository(project)
    commits = {result.commit_hash for result in reading.results}
    revisions = repo.get_revisions(commits)
    branches: dict[str, frozenset[str]] = {}
    for branch in project.conf.branches:
        try:
            branches[repo.get_branch_name(branch)] = frozenset(repo.get_branch_commits(branch))
        except (util.ProcessError, NoSuchNameError):
            shown = repo.get_branch_name(branch)
            remedy = "name a branch that is there in `branches` of asv.conf.json"
            reading.left_out.append(LeftOut(f"branch {shown}", "there is none", remedy))
    on_some = frozenset[str]().union(*branches.values())
    tagged = frozenset(repo.get_tags().values()) - on_some
    branches = {name: members | tagged for name, members in branches.items()}
    if not branches:
        branches = {"": frozenset(commits)}
        on_some = branches[""]
    for commit in sorted(commits):
        if commit not in revisions:
            why, remedy = "the repository has no such commit", "fetch it, or remove its results"
        elif commit not in on_some | tagged:
            why, remedy = "it is on no configured branch", "add its branch to asv.conf.json"
        else:
            continue
        reading.left_out.append(LeftOut(f"commit {commit[:8]}", why, remedy))
    return History(repo, revisions, branches)


_Key = tuple[str, str, str]


def collect(
    benchmarks: Any,
    history: History,
    reading: Reading,
    wanted: Callable[[str], bool] = lambda name: True,
) -> dict[_Key, dict[int, tuple[Point, ...]]]:
    """Return points by position, for each benchmark, environment and branch.

    Of what has been recorded and is not listed, the names that are `wanted` are told.
    """
    found: dict[_Key, dict[int, tuple[Point, ...]]] = {}
    gaps: Counter[tuple[str, str]] = Counter()
    older: Counter[str] = Counter()
    unlisted: Counter[str] = Counter()
    for result in reading.results:
        revision = history.revisions.get(result.commit_hash)
        if revision is None:
            continue
        comparable = result.get_result_keys(benchmarks)
        every = set(result.get_all_result_keys())
        older.update(key for key in every if key in benchmarks)
        older.subtract(comparable)
        unlisted.update(every - benchmarks.benchmark_selection.keys())
        for name in comparable:
            try:
                of = points(result, benchmarks[name])
            except ValueError as error:
                what = f"{name} on {result.commit_hash[:8]}"
                remedy = "run asv on that commit again"
                reading.left_out.append(LeftOut(what, f"its record is broken ({error})", remedy))
                continue
            gaps[name, result.env_name] += sum(not valid(point) for point in of)
            for branch, members in history.branches.items():
                if result.commit_hash in members:
                    found.setdefault((name, result.env_name, branch), {})[revision] = of
    for (name, env), count in sorted((+gaps).items()):
        why = f"{count} recorded values are missing, as it failed or was skipped there"
        reading.left_out.append(LeftOut(f"{name} in {env}", why, "run asv on those commits again"))
    for name, count in sorted((+older).items()):
        why = f"{count} results are of another version of the benchmark"
        reading.left_out.append(LeftOut(name, why, "run asv on those commits again"))
    for name, count in sorted(unlisted.items()):
        if wanted(name):
            why = f"{count} results are of a benchmark that asv does not list, or no longer"
            remedy = "under a new name, run asv on those commits again"
            reading.left_out.append(LeftOut(name, why, remedy))
    for name, env in sorted(_alone(found)):
        if (name, env) not in +gaps and name not in +older:
            why, remedy = "one commit alone has a value", "run asv on a commit before that one"
            reading.left_out.append(LeftOut(f"{name} in {env}", why, remedy))
    return found


def _alone(found: Mapping[_Key, Mapping[int, object]]) -> set[tuple[str, str]]:
    """Benchmarks with a value on one commit where others have several, by environment."""
    most: Counter[tuple[str, str]] = Counter()
    for (name, env, _), series in found.items():
        most[name, env] = max(most[name, env], len(series))
    compared = {env for (_, env), count in most.items() if count > 1}
    return {(name, env) for (name, env), count in most.items() if count == 1 and env in compared}


def valid(point: Point) -> bool:
    """Tell whether there is a value at all: it neither failed nor was skipped."""
    return point.value is not None and not math.isnan(point.value)
