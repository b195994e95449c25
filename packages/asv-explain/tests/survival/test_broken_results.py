"""asv's results in any state: what can't be used is named, the rest explained, no file touched."""

from __future__ import annotations

import json
import math
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from asv.benchmarks import Benchmarks  # type: ignore[import-untyped]
from asv.results import Results  # type: ignore[import-untyped]
from asv.runner import BenchmarkResult  # type: ignore[import-untyped]
from survival.project import describe
from world import PYTHON, World, made, run

MACHINE = "vm"
ENVIRONMENT = f"virtualenv-py{PYTHON}"
DAY = "suite.time_day"
"""The benchmark whose step is explained, whatever becomes of the others."""

SIZES = "suite.time_sizes"
"""One with three parameters."""

VALUES = (1.0, 1.0, 1.0, 2.0, 2.0, 2.0)
"""What is recorded, commit by commit: one step, in the middle."""

Harm = Callable[[dict[str, Any]], None]


class Recorded:
    """A world in which asv has recorded six commits."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.results = world.root / ".asv" / "results"
        self.aside = world.root.parent / "aside"
        (self.results / MACHINE).mkdir(parents=True)
        self.write("machine.json", {"machine": MACHINE, "cpu": "a fast one", "version": 1})
        self.known = {DAY: describe(DAY), SIZES: describe(SIZES, params=[["1", "2", "3"]])}
        self.list_benchmarks(self.known)
        self.commits = [world.commit(f"c{number}", value) for number, value in enumerate(VALUES)]
        for number, value in enumerate(VALUES):
            self.record(number, {DAY: [value], SIZES: [1.0, 1.0, 1.0]})

    def write(self, name: str, content: object) -> None:
        """Write a file of the machine's folder."""
        (self.results / MACHINE / name).write_text(json.dumps(content), encoding="utf-8")

    def list_benchmarks(self, known: Mapping[str, object]) -> None:
        """Write asv's list of benchmarks."""
        text = json.dumps({**known, "version": Benchmarks.api_version})
        (self.results / "benchmarks.json").write_text(text, encoding="utf-8")

    def record(self, number: int, values: Mapping[str, Sequence[float | None]]) -> None:
        """Have asv keep values of a commit."""
        params = {"machine": MACHINE, "python": PYTHON}
        results = Results(params, {}, self.commits[number], number, PYTHON, ENVIRONMENT, {})
        for name, of in values.items():
            # As `asv run --quick` leaves them: values alone decide.
            taken = BenchmarkResult(list(of), [None] * len(of), [None] * len(of), 0, "", None)
            results.add_result(self.known.get(name, describe(name)), taken)
        results.save(str(self.results))

    def file(self, number: int) -> Path:
        """The file of a commit's results."""
        return self.results / MACHINE / f"{self.commits[number][:8]}-{ENVIRONMENT}.json"

    def state(self) -> dict[str, bytes | None]:
        """Every file of asv's, as it is."""
        paths = sorted(self.results.rglob("*"))
        return {str(path): path.read_bytes() if path.is_file() else None for path in paths}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """Six commits and one step; measuring is made up."""
    with pytest.MonkeyPatch.context() as patch:
        one = Recorded(made(tmp_path_factory.mktemp("world"), patch))
        shutil.copytree(one.results, one.aside)
        yield one


@pytest.fixture
def recorded(whole: Recorded) -> Recorded:
    """The same again, with nothing explained and asv's files as asv wrote them."""
    shutil.rmtree(whole.world.root / ".asv")
    shutil.copytree(whole.aside, whole.results)
    return whole


def explained(recorded: Recorded, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Explain the record; the step is, asv's files stay. Returns what was said to be left out."""
    before = recorded.state()
    capsys.readouterr()
    file = recorded.world.root.parent / "out.json"
    assert run(recorded.world, "-m", MACHINE, "--json", str(file)) == 0
    assert recorded.state() == before
    told = capsys.readouterr().err
    found = json.loads(file.read_text(encoding="utf-8"))
    steps = [(one["benchmark"], one["before"], one["after"], one["verdict"]) for one in found]
    assert steps == [(DAY, recorded.commits[2], recorded.commits[3], "slower")]
    return [line for line in told.splitlines() if line.startswith("left out: ")]


def test_a_whole_record_leaves_nothing_out(
    recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    """What follows is the faults' doing."""
    assert explained(recorded, capsys) == []


BROKEN: dict[str, Callable[[str], str | bytes]] = {
    "truncated": lambda text: text[: len(text) // 2],
    "empty": lambda text: "",
    "half written": lambda text: text[:-3],
    "no text": lambda text: b"\xff\xfe\x00" + text.encode(),
    "zeros": lambda text: bytes(len(text)),
    "another's": lambda text: "<html></html>",
    "a list": lambda text: "[]",
    "null": lambda text: "null",
    "of an older asv": lambda text: re.sub(r'"version": \d+', '"version": 0', text),
    "of a newer asv": lambda text: re.sub(r'"version": \d+', '"version": 99', text),
    "of no asv": lambda text: re.sub(r'"version": \d+', '"versoin": 2', text),
    "of a version in words": lambda text: re.sub(r'"version": \d+', '"version": "two"', text),
}
"""What becomes of a file's text, whichever file it is."""


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_file_of_results_is_named(
    recorded: Recorded, capsys: pytest.CaptureFixture[str], fault: str
) -> None:
    """One line each, for a file before the step and for one behind it."""
    for number in (0, 5):
        harmed = BROKEN[fault](recorded.file(number).read_text(encoding="utf-8"))
        data = harmed.encode() if isinstance(harmed, str) else harmed
        recorded.file(number).write_bytes(data)
    left = explained(recorded, capsys)
    assert len(left) == 2
    for number in (0, 5):
        assert sum(f"{MACHINE}/{recorded.file(number).name}" in line for line in left) == 1


def drop(name: str) -> Harm:
    """Take a key away."""
    return lambda whole: whole.pop(name)


def put(name: str, value: object) -> Harm:
    """Give a key another value."""
    return lambda whole: whole.update({name: value})


def day(value: object) -> Harm:
    """Have something else recorded of the benchmark."""
    return lambda whole: whole["results"][DAY].__setitem__(0, value)


FILE, VALUE, RECORD = "result file ", f"{DAY} in {ENVIRONMENT}", f"{DAY} on "

ODD: dict[str, tuple[Harm, str]] = {
    **{f"no {name}": (drop(name), FILE) for name in ("params", "commit_hash", "env_name", "date")},
    **{f"no {name}": (drop(name), FILE) for name in ("results", "result_columns", "python")},
    "results null": (put("results", None), FILE),
    "results a list": (put("results", []), FILE),
    "no commit": (put("commit_hash", None), FILE),
    "no text as environment": (put("env_name", 3), FILE),
    "unknown columns": (put("result_columns", ["result", "params", "colour"]), FILE),
    "of another machine": (put("params", {"machine": "pc"}), FILE),
    "of no commit there is": (put("commit_hash", "f" * 40), "commit ffffffff"),
    "NaN": (day([math.nan]), VALUE),
    "infinite": (day([math.inf]), VALUE),
    "null": (day(None), VALUE),
    "null in a list": (day([None]), VALUE),
    "in words": (day(["fast"]), VALUE),
    "a number": (day(3), RECORD),
    "an object": (day({"value": 3}), VALUE),
}
"""What becomes of one file, and what is said to be left out."""


@pytest.mark.parametrize("fault", ODD)
def test_odd_results_are_named(
    recorded: Recorded, capsys: pytest.CaptureFixture[str], fault: str
) -> None:
    """The file, the benchmark on that commit, or its value is left out, and nothing besides."""
    harm, what = ODD[fault]
    whole = json.loads(recorded.file(5).read_text(encoding="utf-8"))
    harm(whole)
    recorded.file(5).write_text(json.dumps(whole), encoding="utf-8")
    left = explained(recorded, capsys)
    assert len(left) == 1, left
    assert left[0].startswith(f"left out: {what}")


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_machine_file_is_named(
    recorded: Recorded, capsys: pytest.CaptureFixture[str], fault: str
) -> None:
    """What the machine is like stays untold; all that was measured on it is used."""
    path = recorded.results / MACHINE / "machine.json"
    harmed = BROKEN[fault](path.read_text(encoding="utf-8"))
    path.write_bytes(harmed.encode() if isinstance(harmed, str) else harmed)
    left = explained(recorded, capsys)
    assert [f"{MACHINE}/machine.json" in line for line in left] == [True]


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_list_of_benchmarks_is_one_line(
    recorded: Recorded, capsys: pytest.CaptureFixture[str], fault: str
) -> None:
    """Without it nothing recorded can be told what it is of; two revisions need no record."""
    path = recorded.results / "benchmarks.json"
    harmed = BROKEN[fault](path.read_text(encoding="utf-8"))
    path.write_bytes(harmed.encode() if isinstance(harmed, str) else harmed)
    before = recorded.state()
    capsys.readouterr()
    assert run(recorded.world, "-m", MACHINE) == 1
    told = capsys.readouterr().err
    assert "benchmarks.json" in told
    assert "asv run --bench just-discover" in told or "asv update" in told
    assert told.count("\n") == 1
    assert run(recorded.world, "c2", "c3", "-m", MACHINE) == 0
    assert recorded.state() == before


@pytest.mark.parametrize("missing", ["name", "params", "version", "unit", None])
def test_a_benchmark_that_is_listed_oddly_is_named(
    recorded: Recorded, capsys: pytest.CaptureFixture[str], missing: str | None
) -> None:
    """The others are explained."""
    odd: object = None
    if missing is not None:
        odd = {key: value for key, value in recorded.known[SIZES].items() if key != missing}
    recorded.list_benchmarks({DAY: recorded.known[DAY], SIZES: odd})
    left = explained(recorded, capsys)
    assert [line for line in left if SIZES in line] == left


def test_skipped_and_failed_parameters_are_named_and_the_others_used(
    recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    """NaN is asv's word for skipped, null for failed; a step of the third parameter is found."""
    for number, value in enumerate(VALUES):
        recorded.record(number, {DAY: [1.0], SIZES: [math.nan, None, value]})
    file = recorded.world.root.parent / "out.json"
    assert run(recorded.world, "-m", MACHINE, "--json", str(file)) == 0
    told = capsys.readouterr().err
    assert f"left out: {SIZES} in {ENVIRONMENT}: 12 recorded values are missing" in told
    (found,) = json.loads(file.read_text(encoding="utf-8"))
    assert (found["benchmark"], found["params"]) == (SIZES, ["3"])


def test_renamed_gone_changed_and_new_benchmarks_are_named(
    recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    """A new name has no past, an old one no present, and another version can't be compared."""
    for number, value in enumerate(VALUES):
        renamed = "suite.time_old_name" if number < 3 else "suite.time_new_name"
        values = {DAY: [value], renamed: [1.0], "suite.time_gone": [1.0]}
        if number == 5:
            values["suite.time_new"] = [1.0]
        recorded.record(number, {**values, SIZES: [1.0, 1.0, 1.0]})
    listed = ("suite.time_new_name", "suite.time_new")
    changed = {**recorded.known[SIZES], "version": "changed"}
    recorded.list_benchmarks(
        {**recorded.known, SIZES: changed, **{name: describe(name) for name in listed}}
    )
    left = explained(recorded, capsys)
    assert sorted(line.removeprefix("left out: ").split(":")[0] for line in left) == sorted(
        ["suite.time_old_name", "suite.time_gone", SIZES, f"suite.time_new in {ENVIRONMENT}"]
    )
