"""Upward steps are found in asv's own records, and what cannot be used is named."""

from __future__ import annotations

import itertools
import json
import math
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from asv.benchmarks import Benchmarks  # type: ignore[import-untyped]
from asv.results import Results  # type: ignore[import-untyped]
from asv.runner import BenchmarkResult  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st
from world import PYTHON

from asv_explain.asv_side.benchmarks import load_benchmarks, select_benchmarks
from asv_explain.asv_side.project import (
    ProjectError,
    environments,
    load_project,
    machine_name,
)
from asv_explain.asv_side.select import (
    Selection,
    select_between,
    select_history,
    smallest_factor,
)
from asv_explain.asv_side.steps import Level, rises
from asv_explain.suspect import Suspect

ENVIRONMENT = "virtualenv-py3.11"
FLAT = "bench.time_flat"
PARAMS = "bench.time_params"
TRACK = "bench.track_size"

Value = float | None


def benchmark(name: str, params: Sequence[Sequence[str]] = (), **more: object) -> dict[str, Any]:
    """Describe a benchmark as asv's discovery does."""
    return {
        "name": name,
        "params": [list(values) for values in params],
        "param_names": [f"p{index}" for index in range(len(params))],
        "version": f"version of {name}",
        "unit": "seconds",
        "type": "time",
        **more,
    }


KNOWN = {
    FLAT: benchmark(FLAT),
    PARAMS: benchmark(PARAMS, [["1", "2"], ["'a'", "'b'"]]),
    TRACK: benchmark(TRACK, unit="unit", type="track"),
}


class Recorded:
    """A repository with a linear history, and results that asv itself wrote."""

    def __init__(self, folder: Path, commits: int) -> None:
        self.folder = folder
        self.config: dict[str, Any] = {
            "version": 1,
            "repo": ".",
            "branches": ["main"],
            "environment_type": "virtualenv",
            "pythons": [PYTHON],
            "results_dir": ".asv/results",
        }
        self.git("init", "-q", "-b", "main")
        for number in range(commits):
            self.git("commit", "-q", "--allow-empty", "-m", f"commit {number}")
        self.commits = self.git("rev-list", "--reverse", "HEAD").split()
        self.machine("vm")
        self.benchmarks(KNOWN)

    def git(self, *words: str) -> str:
        """Run git with a fixed identity."""
        identity = ("-c", "user.name=T", "-c", "user.email=t@example.org")
        return subprocess.run(
            ["git", *identity, *words],
            cwd=self.folder,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()

    @property
    def results(self) -> Path:
        """Asv's folder of results."""
        return self.folder / ".asv" / "results"

    def machine(self, name: str) -> None:
        """Write what asv says of a machine."""
        (self.results / name).mkdir(parents=True)
        said = json.dumps({"machine": name, "version": 1})
        (self.results / name / "machine.json").write_text(said)

    def benchmarks(self, known: Mapping[str, object]) -> None:
        """Write asv's list of benchmarks."""
        path = self.results / "benchmarks.json"
        path.write_text(json.dumps({**known, "version": Benchmarks.api_version}))

    def record(
        self,
        commit: int | str,
        values: Mapping[str, Sequence[Value]],
        spread: float | None = 0.01,
        environment: str = ENVIRONMENT,
        machine: str = "vm",
        version: str | None = None,
    ) -> None:
        """Have asv record values on a commit; `spread` is relative, None means without samples."""
        hash_ = commit if isinstance(commit, str) else self.commits[commit]
        results = Results(
            {"machine": machine, "python": "3.11"}, {}, hash_, 0, "3.11", environment, {}
        )
        for name, of in values.items():
            shown = dict(KNOWN[name])
            if version is not None:
                shown["version"] = version
            samples = [self._samples(value, spread) for value in of]
            numbers = [None if taken is None else 1 for taken in samples]
            measured = BenchmarkResult(list(of), samples, numbers, 0, "", None)
            results.add_result(shown, measured, record_samples=True)
        results.save(str(self.results))

    @staticmethod
    def _samples(value: Value, spread: float | None) -> list[float] | None:
        if value is None or math.isnan(value) or spread is None:
            return None
        return [value * (1 + spread * (index - 5) / 5) for index in range(11)]

    def select(self, *regexes: str, **more: Any) -> Selection:
        """Select from what has been recorded."""
        path = self.folder / "asv.conf.json"
        path.write_text(json.dumps(self.config))
        more.setdefault("machine", "vm")
        return select_history(load_project(path), regexes=regexes, **more)

    def positions(self, selection: Selection) -> list[tuple[str, int, int]]:
        """Return benchmark and positions of the commits before and after, for each step."""
        return [
            (s.benchmark, self.commits.index(s.before), self.commits.index(s.after))
            for s in selection.suspects
        ]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, so that nobody's asv machine or git settings are met."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    return tmp_path


@pytest.fixture
def recorded(home: Path) -> Recorded:
    """A project with twelve commits and no results."""
    folder = home / "project"
    folder.mkdir()
    return Recorded(folder, 12)


def test_step_in_a_long_history_with_its_range(home: Path) -> None:
    """Asv's detection places the step; commits without a value are named as lying in between."""
    folder = home / "long"
    folder.mkdir()
    recorded = Recorded(folder, 40)
    for number in set(range(40)) - {18, 19, 20}:
        noise = 1 + 0.01 * ((number * 7) % 5 - 2)
        recorded.record(number, {FLAT: [(1.0 if number < 20 else 1.5) * noise]})
    recorded.record(19, {FLAT: [None]})
    (step,) = recorded.select().steps
    before, after = step.suspect.before, step.suspect.after
    assert (before, after) == (recorded.commits[17], recorded.commits[21])
    assert step.unmeasured == tuple(recorded.commits[18:21])
    assert (step.old, step.new) == pytest.approx((1.0, 1.5), rel=0.03)
    assert (step.suspect.param_index, step.suspect.params) == (None, ())
    assert (step.suspect.environment, step.suspect.machine) == (ENVIRONMENT, "vm")
    assert (step.unit, step.factor, step.fixed, step.count) == ("seconds", 1.05, False, 19)


def test_one_noisy_measurement_in_a_long_history_is_no_step(home: Path) -> None:
    """A level of one commit counts if asv's own comparison tells it from the one before."""
    folder = home / "long"
    folder.mkdir()
    recorded = Recorded(folder, 40)
    for number in range(40):
        spike = number in {10, 30}
        value = 2.0 if spike else 1.0 + 0.002 * (number % 3)
        recorded.record(number, {FLAT: [value]}, spread=3.0 if number == 10 else 0.01)
    selection = recorded.select()
    assert recorded.positions(selection) == [(FLAT, 29, 30)]
    assert selection.steps[0].fixed


def test_short_history_shows_each_step_fixed_or_not(recorded: Recorded) -> None:
    """Where asv's detection merges a few points into one level, neighbours are compared."""
    for number, value in enumerate([1.0, 1.0, 1.01, 1.3, 2.5, 2.2, 2.4, 1.1, 1.0]):
        recorded.record(number, {FLAT: [value]})
    selection = recorded.select()
    assert recorded.positions(selection) == [(FLAT, 2, 3), (FLAT, 3, 4), (FLAT, 5, 6)]
    assert [step.fixed for step in selection.steps] == [True, True, True]


def test_last_commit_alone_is_a_step(recorded: Recorded) -> None:
    """The commit just measured is shown, even if it is the only one on its level."""
    for number in range(5):
        recorded.record(number, {FLAT: [1.0 if number < 4 else 1.2]})
    (step,) = recorded.select().steps
    assert (step.suspect.after, step.fixed, step.count) == (recorded.commits[4], False, 1)


def test_noise_within_intervals_is_no_step(recorded: Recorded) -> None:
    """Neighbours whose recorded samples overlap are not told apart, however far their medians."""
    for number, value in enumerate([1.0, 1.3, 0.9, 1.2, 1.0]):
        recorded.record(number, {FLAT: [value]}, spread=0.8)
    assert recorded.select().steps == ()


def test_without_statistics_values_decide(recorded: Recorded) -> None:
    """A track benchmark has no samples, and its step counts all the same."""
    for number, value in enumerate([10, 10, 12]):
        recorded.record(number, {TRACK: [value]}, spread=None)
    (step,) = recorded.select().steps
    assert (step.old, step.new, step.unit) == (10.0, 12.0, "unit")


def test_parameters_and_environments_are_series_of_their_own(recorded: Recorded) -> None:
    """One combination in one environment rises; the others, and other expressions, show nothing."""
    other = "virtualenv-py3.10"
    for number in range(4):
        up = 2.0 if number > 1 else 1.0
        recorded.record(number, {PARAMS: [1.0, 1.0, up, math.nan]})
        recorded.record(number, {PARAMS: [1.0] * 4, FLAT: [up]}, environment=other)
    assert [
        (s.benchmark, s.param_index, s.params, s.environment) for s in recorded.select().suspects
    ] == [
        (FLAT, None, (), other),
        (PARAMS, 2, ("2", "'a'"), ENVIRONMENT),
    ]
    assert len(recorded.select(r"time_params\(2, 'a'\)").steps) == 1
    assert recorded.select(r"time_params\(1").steps == ()
    chosen = recorded.select(env_specs=[other]).suspects
    assert [suspect.environment for suspect in chosen] == [other]


def test_thresholds_come_from_the_configuration_or_the_caller(recorded: Recorded) -> None:
    """asv.conf.json's threshold and first commit count; a factor given replaces the threshold."""
    for number in range(6):
        recorded.record(number, {FLAT: [1.0 if number < 3 else 1.2]})
    recorded.config["regressions_thresholds"] = {"bench.*": 0.3}
    assert recorded.select().steps == ()
    (step,) = recorded.select(factor=1.1).steps
    assert step.factor == pytest.approx(1.1)
    project = load_project(recorded.folder / "asv.conf.json")
    assert smallest_factor(project, step.suspect) == pytest.approx(1.3)
    recorded.config["regressions_thresholds"] = {}
    assert len(recorded.select().steps) == 1
    recorded.config["regressions_first_commits"] = {"bench.*": recorded.commits[3]}
    assert recorded.select().steps == ()
    recorded.config["regressions_first_commits"] = {"bench(": None}
    with pytest.raises(ProjectError, match="regressions_first_commits cannot be used"):
        recorded.select()


def test_unusable_results_are_named_and_the_rest_goes_on(recorded: Recorded) -> None:
    """Truncated, foreign, malformed and failed records are left out by name, one line each."""
    for number in range(6):
        recorded.record(number, {FLAT: [1.0 if number < 3 else 2.0]})
    recorded.record(6, {FLAT: [None]})
    recorded.record(7, {FLAT: [math.nan]})
    recorded.record(8, {FLAT: [2.0]}, version="an older one")
    recorded.record("f" * 40, {FLAT: [9.0]})
    folder = recorded.results / "vm"
    whole = (folder / f"{recorded.commits[5][:8]}-{ENVIRONMENT}.json").read_text()
    (folder / "truncated.json").write_text(whole[: len(whole) // 2])
    (folder / "foreign.json").write_text(whole.replace('"machine": "vm"', '"machine": "pc"'))
    (folder / "list.json").write_text("[]")
    (folder / "nothing.json").write_text("")
    broken = json.loads(whole)
    broken["results"][FLAT][0] = 3
    broken["commit_hash"] = recorded.commits[9]
    (folder / "scalar.json").write_text(json.dumps(broken))
    broken["commit_hash"] = None
    (folder / "unnamed.json").write_text(json.dumps(broken))
    selection = recorded.select()
    assert recorded.positions(selection) == [(FLAT, 2, 3)]
    named = {left.what for left in selection.left_out}
    assert named == {
        "commit ffffffff",
        f"{FLAT} in {ENVIRONMENT}",
        FLAT,
        f"{FLAT} on {recorded.commits[9][:8]}",
        *(
            f"result file vm/{name}.json"
            for name in ("truncated", "foreign", "list", "nothing", "unnamed")
        ),
    }
    assert all("\n" not in left.why and left.why and left.remedy for left in selection.left_out)


def test_side_branches_tags_and_missing_branches(recorded: Recorded) -> None:
    """A commit off the branches is named, unless a tag makes it count, as in asv's own pages."""
    recorded.git("checkout", "-q", "-b", "side")
    recorded.git("commit", "-q", "--allow-empty", "-m", "off main")
    side = recorded.git("rev-parse", "HEAD")
    for number in range(3):
        recorded.record(number, {FLAT: [1.0]})
    recorded.record(side, {FLAT: [3.0]})
    recorded.config["branches"] = ["main", "no-such-branch"]
    selection = recorded.select()
    assert selection.steps == ()
    assert {left.what for left in selection.left_out} == {
        f"commit {side[:8]}",
        "branch no-such-branch",
    }
    recorded.git("tag", "milestone", side)
    (suspect,) = recorded.select().suspects
    assert suspect.after == side
    recorded.config["branches"] = ["no-such-branch"]
    assert recorded.select().suspects == (suspect,)


def test_nothing_recorded_says_what_to_do(recorded: Recorded) -> None:
    """No results, no such machine, and no list of benchmarks are each one clear line."""
    with pytest.raises(ProjectError, match=r"no results of machine vm .*asv run"):
        recorded.select()
    with pytest.raises(ProjectError, match=r"knows no machine pc.* one of: vm"):
        recorded.select(machine="pc")
    (recorded.results / "benchmarks.json").write_text("{")
    with pytest.raises(ProjectError, match=r"benchmarks.json cannot be read"):
        recorded.select()
    (recorded.results / "benchmarks.json").write_text('{"version": 2, "x": {"name": "x"}}')
    with pytest.raises(ProjectError, match="list of benchmarks is not asv's"):
        recorded.select()
    (recorded.results / "benchmarks.json").unlink()
    with pytest.raises(ProjectError, match=r"recorded nothing.*asv run"):
        recorded.select()


def test_two_revisions_need_no_record(recorded: Recorded) -> None:
    """Everything that matches is a suspect in each environment, parameters included."""
    (recorded.folder / "asv.conf.json").write_text(json.dumps(recorded.config))
    project = load_project(recorded.folder / "asv.conf.json")
    names = ["one", "two"]
    every = select_between(select_benchmarks(project, list(KNOWN.values())), "vm", names, "a", "b")
    assert len(every) == 2 * (1 + 4 + 1)
    chosen = select_benchmarks(project, list(KNOWN.values()), [r"params\(1, 'b'", "flat"])
    assert select_between(chosen, "vm", ["one"], "a", "b") == (
        Suspect(FLAT, None, (), "one", "vm", "a", "b"),
        Suspect(PARAMS, 1, ("1", "'b'"), "one", "vm", "a", "b"),
    )
    with pytest.raises(ProjectError, match=r"-b time\(\( is no regular expression"):
        select_benchmarks(project, [], ["time(("])
    assert set(load_benchmarks(project, ["track"])) == {TRACK}
    assert environments(project)[0].name.startswith("virtualenv-py")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "cannot be read"),
        ("[]", "cannot be read|version"),
        ('{"repo": "."}', "version"),
        ('{"version": 1}', "repo"),
        ('{"version": 1, "repo": 3}', "repo is no text"),
        ('{"version": 1, "repo": "nowhere"}', "no folder"),
        ('{"version": 1, "repo": ".", "results_dir": null}', "results_dir is no text"),
        ('{"version": 1, "repo": ".", "plugins": [".no_such_plugin"]}', "cannot be imported"),
    ],
)
def test_broken_configuration_is_one_line(home: Path, text: str, reason: str) -> None:
    """Whatever is wrong with asv.conf.json, one line names it."""
    path = home / "asv.conf.json"
    path.write_text(text)
    with pytest.raises(ProjectError, match=reason) as caught:
        load_project(path)
    assert "\n" not in str(caught.value)


def test_configuration_is_found_in_the_current_folder(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None, one and two configuration files in the folder are told apart."""
    monkeypatch.chdir(home)
    with pytest.raises(ProjectError, match=r"there is no asv.conf.json"):
        load_project()
    with pytest.raises(ProjectError, match="not found"):
        load_project(home / "other.json")
    (home / "asv.conf.json").write_text('{"version": 1, "repo": ".", // here\n}')
    project = load_project()
    assert (project.root, project.checkout) == (home, home)
    assert project.results == home / "results"
    (home / "asv.conf.jsonc").write_text("{}")
    with pytest.raises(ProjectError, match="pass --config"):
        load_project()


def test_machine_is_known_without_asking_or_writing(home: Path) -> None:
    """The machine file is read as asv reads it, and never made."""
    (home / "asv.conf.json").write_text('{"version": 1, "repo": "."}')
    project = load_project(home / "asv.conf.json")
    host = os.uname().nodename
    file = home / ".asv-machine.json"
    assert machine_name(project) == host
    assert not file.exists()
    file.write_text(json.dumps({"version": 1, "named": {"machine": "named"}}))
    assert machine_name(project) == "named"
    assert machine_name(project, "named") == "named"
    with pytest.raises(ProjectError, match="one of: named"):
        machine_name(project, "other")
    file.write_text(json.dumps({"version": 1, "x": {"machine": "x"}, "y": {"machine": "y"}}))
    assert machine_name(project) == host
    for text, reason in (("{", "cannot be read"), ('{"version": 1, "x": {}}', "without a name")):
        file.write_text(text)
        with pytest.raises(ProjectError, match=reason):
            machine_name(project)


LEVELS = st.lists(
    st.tuples(st.integers(1, 1000), st.integers(0, 5), st.integers(1, 4)), min_size=1, max_size=12
).map(
    lambda drawn: [
        Level(10 * at, 10 * at + count - 1, float(value), float(error), count)
        for at, (value, error, count) in enumerate(drawn)
    ]
)


@given(LEVELS, st.sampled_from([0.0, 0.05, 0.5]))
def test_rises_are_ordered_and_past_their_margin(levels: list[Level], threshold: float) -> None:
    """Each rise goes up by more than the threshold, forward in time, and none overlaps another."""
    found = rises(levels, threshold, lambda before, after: True)
    for rise in found:
        assert rise.before < rise.after
        assert rise.new > rise.old * (1 + threshold)
    for earlier, later in itertools.pairwise(found):
        assert earlier.after <= later.before


@given(LEVELS, st.sampled_from([0.25, 4.0, 1024.0]))
def test_rises_do_not_depend_on_the_unit(levels: list[Level], scale: float) -> None:
    """Seconds or milliseconds, the same commits are named."""
    scaled = [
        Level(each.first, each.last, each.value * scale, each.error * scale, each.count)
        for each in levels
    ]
    at = [(rise.before, rise.after) for rise in rises(levels, 0.25, lambda *_: True)]
    assert at == [(rise.before, rise.after) for rise in rises(scaled, 0.25, lambda *_: True)]


@given(LEVELS)
def test_a_level_above_all_before_it_is_reached_by_some_rise(levels: list[Level]) -> None:
    """Whoever ends above the margin of the lowest level before has risen at least once."""
    exact = [Level(each.first, each.last, each.value, 0.0, each.count) for each in levels]
    lowest = min(each.value for each in exact)
    risen = exact[-1].value > lowest * 1.05 and exact[-1].value > exact[0].value * 1.05
    assert not risen or rises(exact, 0.05, lambda *_: True)


def test_creep_counts_from_where_it_began() -> None:
    """Levels that each rise by less than the threshold count together, from the lowest one on."""
    values = [1.03, 1.0, 1.03, 1.06, 1.07, 2.0]
    levels = [Level(10 * at, 10 * at + 4, value, 0.0, 5) for at, value in enumerate(values)]
    found = rises(levels, 0.05, lambda *_: False)
    assert [(rise.before, rise.after) for rise in found] == [(14, 30), (44, 50)]
    assert rises([], 0.05, lambda *_: True) == ()
