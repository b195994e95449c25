"""What to explain: the upward steps in asv's recorded history, or all that matches on two commits.

A step from history is a `Rise` between two neighbouring levels that asv's own step detection finds
in one benchmark, parameter combination, environment and branch of one machine. Two things are added
because asv's detection, made for long histories, does not see what its user sees:

- In a series of fewer than `SHORT_HISTORY` measured commits it often merges everything into one
  level, so there two measured neighbours are also compared directly, each a level of its own. They
  count as a step if the test behind `asv compare` tells them apart.
- A level held by one measured commit (asv's `min_size` drops it once the value is back) counts by
  that same test: a regression fixed at once is a step, one noisy measurement is not.

Where asv recorded no statistics (`track_` benchmarks, `--quick` runs) the values alone decide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from asv import util  # type: ignore[import-untyped]
from asv.graph import Graph  # type: ignore[import-untyped]
from asv.plugins.regressions import _GraphDataFilter  # type: ignore[import-untyped]
from asv.repo import NoSuchNameError  # type: ignore[import-untyped]

from asv_explain.asv_side.benchmarks import load_benchmarks
from asv_explain.asv_side.history import (
    LeftOut,
    Point,
    collect,
    load_results,
    place,
    told_apart,
    valid,
)
from asv_explain.asv_side.project import (
    Project,
    ProjectError,
    environments,
    machine_name,
    one_line,
)
from asv_explain.asv_side.steps import Level, Rise, rises
from asv_explain.suspect import Suspect

__all__ = [
    "SHORT_HISTORY",
    "Selection",
    "Step",
    "select_between",
    "select_history",
    "smallest_factor",
]

SHORT_HISTORY = 20
"""Measured commits below which asv's step detection can't separate changes from noise."""


@dataclass(frozen=True, slots=True)
class Step:
    """One upward step in the recorded history.

    Attributes:
        suspect: What to measure; its commits are the last good and the first bad one.
        old: The level before, in `unit`.
        new: The level after, in `unit`.
        unit: asv's unit of the benchmark, such as "seconds" or "bytes".
        factor: The smallest ratio that counted, from asv.conf.json unless it was given.
        unmeasured: Commits in between that have no value, oldest first.
        count: Measured commits on the new level.
        fixed: Whether the value has come down to the old level since.
    """

    suspect: Suspect
    old: float
    new: float
    unit: str
    factor: float
    unmeasured: tuple[str, ...]
    count: int
    fixed: bool


@dataclass(frozen=True, slots=True)
class Selection:
    """The steps found, by benchmark and then by age, and what of the record could not be used."""

    steps: tuple[Step, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def suspects(self) -> tuple[Suspect, ...]:
        """What to measure."""
        return tuple(step.suspect for step in self.steps)


def select_history(
    project: Project,
    machine: str | None = None,
    env_specs: Sequence[str] = (),
    regexes: Sequence[str] = (),
    factor: float | None = None,
) -> Selection:
    """Return every upward step that asv's results of one machine hold, fixed since or not.

    `factor` replaces the thresholds of asv.conf.json. Raises ProjectError if there are no results,
    or machine, environment, regular expression or configuration are wrong.
    """
    odd: list[str] = []
    benchmarks = load_benchmarks(project, regexes, odd)
    name = machine_name(project, machine)
    reading = load_results(project, name)
    remedy = "run `asv run --bench just-discover` to list it anew"
    for each in odd:
        reading.left_out.append(LeftOut(each, "asv's list does not describe it", remedy))
    if env_specs:
        recorded = {str(result.env_name) for result in reading.results}
        others = [spec for spec in env_specs if spec not in recorded]
        wanted = set(env_specs)
        if others:
            wanted |= {env.name for env in environments(project, others)}
        reading.results[:] = [result for result in reading.results if result.env_name in wanted]
    if not reading.results:
        broken = f" ({len(reading.left_out)} unusable files)" if reading.left_out else ""
        chosen = f" for -E {' -E '.join(env_specs)}" if env_specs else ""
        raise ProjectError(
            f"asv has no results of machine {name}{chosen} in {project.results}{broken}; run "
            "`asv run` first, choose another machine with -m, or name two revisions."
        )
    history = place(project, reading)
    data = _GraphDataFilter(project.conf, history.repo, history.revisions)
    at = {revision: commit for commit, revision in history.revisions.items()}
    found: dict[Suspect, Step] = {}

    def asked(name: str) -> bool:
        chosen = not regexes or any(re.search(regex, name) for regex in regexes)
        return chosen and name not in odd

    collected = collect(benchmarks, history, reading, asked)
    for (bench, env, branch), series in sorted(collected.items()):
        selected = benchmarks.benchmark_selection[bench]
        for rise, index, counted in _steps(
            project, data, benchmarks[bench], branch, series, factor
        ):
            if selected is not None and index not in selected:
                continue
            suspect = Suspect(
                bench,
                index,
                _parameters(benchmarks[bench], index),
                env,
                name,
                at[rise.before],
                at[rise.after],
            )
            measured = {at[rev] for rev, of in series.items() if valid(of[index or 0])}
            # The same step seen from two branches is one step.
            found.setdefault(
                suspect,
                Step(
                    suspect,
                    rise.old,
                    rise.new,
                    str(benchmarks[bench].get("unit", "")),
                    counted,
                    _unmeasured(history.repo, suspect, measured),
                    rise.count,
                    rise.fixed,
                ),
            )
    return Selection(tuple(found.values()), tuple(reading.left_out))


def select_between(
    benchmarks: Any, machine: str, env_names: Sequence[str], before: str, after: str
) -> tuple[Suspect, ...]:
    """Return all that asv's Benchmarks has selected, for each environment, between two commits.

    `before` and `after` are full hashes; `benchmarks` comes from `select_benchmarks`, which applies
    the regular expressions, or from `load_benchmarks`.
    """
    return tuple(
        Suspect(name, index, _parameters(benchmark, index), env, machine, before, after)
        for env in env_names
        for name, benchmark in sorted(benchmarks.items())
        for index in benchmarks.benchmark_selection[name] or (None,)
    )


def smallest_factor(project: Project, suspect: Suspect) -> float:
    """Return the smallest ratio that counts for a benchmark, by asv.conf.json's thresholds.

    Raises ProjectError if a threshold is no number or its expression is broken.
    """
    data = _GraphDataFilter(project.conf, None, {})
    graph = Graph(suspect.benchmark, {})
    asked = _from_settings(project, data._get_threshold, graph, {}, _entry(suspect))
    return 1.0 + float(asked)


def _entry(suspect: Suspect) -> str:
    parameters = f"({', '.join(suspect.params)})" if suspect.param_index is not None else ""
    return suspect.benchmark + parameters


def _from_settings(project: Project, ask: Any, *arguments: Any) -> Any:
    """Ask asv for something that depends on the regular expressions of asv.conf.json."""
    try:
        return ask(*arguments)
    except (re.error, TypeError, AttributeError, util.UserError, NoSuchNameError) as error:
        raise ProjectError(
            f"regressions_thresholds or regressions_first_commits cannot be used "
            f"({one_line(error)}); mend {project.config}."
        ) from None


def _parameters(benchmark: Mapping[str, Any], index: int | None) -> tuple[str, ...]:
    if index is None:
        return ()
    found = []
    # The last parameter changes with every combination; those before it, once it is through.
    for values in reversed(benchmark["params"]):
        index, place = divmod(index, len(values))
        found.append(str(list(values)[place]))
    return tuple(reversed(found))


def _steps(
    project: Project,
    data: Any,
    benchmark: Mapping[str, Any],
    branch: str,
    series: Mapping[int, tuple[Point, ...]],
    factor: float | None,
) -> Iterator[tuple[Rise, int | None, float]]:
    """Yield the rises of one series, each with its parameter index and the factor that counted."""
    graph = Graph(benchmark["name"], {"branch": branch})
    for revision, of in series.items():
        values, weights = [point.value for point in of], [point.weight for point in of]
        if benchmark["params"]:
            graph.add_data_point(revision, values, weights)
        else:
            graph.add_data_point(revision, values[0], weights[0])
    if not any(valid(point) for of in series.values() for point in of):
        return
    for index, _, pieces, asked in _from_settings(
        project, lambda: list(data.get_graph_data(graph, benchmark))
    ):
        threshold = asked if factor is None else factor - 1.0
        known = {rev: of[index or 0] for rev, of in series.items() if valid(of[index or 0])}
        levels = [_level(known, piece) for piece in pieces]

        def differs(before: int, after: int, known: Mapping[int, Point] = known) -> bool:
            return told_apart(known[before], known[after])

        both = {(rise.before, rise.after): rise for rise in rises(levels, threshold, differs)}
        if len(known) < SHORT_HISTORY and levels:
            since = levels[0].first
            single = [
                Level(revision, revision, point.value or 0.0, 0.0, 1)
                for revision, point in sorted(known.items())
                if revision >= since
            ]
            for rise in rises(single, threshold, differs):
                both.setdefault((rise.before, rise.after), rise)
        for _, rise in sorted(both.items()):
            yield rise, index, 1.0 + threshold


def _level(known: Mapping[int, Point], piece: tuple[int, int, float, float, float]) -> Level:
    left, right, value, _, error = piece
    held = sum(left <= revision < right for revision in known)
    return Level(left, right - 1, value, error, held)


def _unmeasured(repo: Any, suspect: Suspect, measured: set[str]) -> tuple[str, ...]:
    spec = repo.get_range_spec(suspect.before, suspect.after)
    commits = repo.get_hashes_from_range(spec)
    return tuple(commit for commit in reversed(commits) if commit not in measured)
