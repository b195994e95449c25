"""The profiler's cost is kept for a day, for one interpreter on one machine, and never trusted."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from world import COST

from asv_explain.measuring import calibrations
from asv_explain.measuring.calibrate import ProfilerCost
from asv_explain.measuring.calibrations import KEEP_SECONDS, Calibrations, machine

PYTHON = Path(sys.executable)


@dataclass
class Bench:
    """A machine on which calibrating is counted, and time is set."""

    folder: Path
    now: float = 1000.0
    said: str = "cpython 3.11.7"
    calibrated: int = 0
    asked: list[list[str]] = field(default_factory=list)

    def run(self, command: Sequence[str], timeout: float) -> str:
        """Answer what an interpreter says of itself."""
        self.asked.append(list(command))
        return f"{self.said}\n"

    def calibrate(self, python: Path, run: object) -> ProfilerCost:
        """Count."""
        self.calibrated += 1
        return COST

    def cost(self, python: Path = PYTHON, force: bool = False) -> ProfilerCost:
        """Ask as a call of the program of its own would."""
        return Calibrations(self.folder, force, self.run, lambda: self.now).cost(python)

    @property
    def file(self) -> Path:
        """The one file that is kept."""
        (path,) = self.folder.iterdir()
        return path


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A machine that has calibrated once."""
    bench = Bench(tmp_path / "calibrations")
    monkeypatch.setattr(calibrations, "calibrate", bench.calibrate)
    assert bench.cost() == COST
    return bench


def test_a_second_call_measures_nothing(bench: Bench) -> None:
    """Whatever environment links to the interpreter shares its cost, up to a day later."""
    link = bench.folder.parent / "python"
    link.symlink_to(PYTHON)
    bench.now += KEEP_SECONDS
    assert bench.cost() == bench.cost(link) == COST
    assert bench.calibrated == 1
    assert bench.asked[-1][0] == str(link)


def test_one_call_asks_once(bench: Bench) -> None:
    """Also by force, an interpreter is measured once a call."""
    costs = Calibrations(bench.folder, True, bench.run, lambda: bench.now)
    assert costs.cost(PYTHON) is costs.cost(PYTHON)
    assert bench.calibrated == 2
    assert len(bench.asked) == 2


def older(bench: Bench) -> None:
    bench.now += KEEP_SECONDS + 1


def younger(bench: Bench) -> None:
    bench.now -= 1


def updated(bench: Bench) -> None:
    bench.said = "cpython 3.11.8"


def cut_short(bench: Bench) -> None:
    bench.file.write_bytes(bench.file.read_bytes()[:-20])


def no_object(bench: Bench) -> None:
    bench.file.write_text("[]")


def nested(bench: Bench) -> None:
    bench.file.write_text("[" * 100_000)


def no_time(bench: Bench) -> None:
    changed(bench, "taken", None)


def not_a_number(bench: Bench) -> None:
    changed(bench, "taken", float("nan"))


def no_cost(bench: Bench) -> None:
    changed(bench, "cost", {"schema": 1})


def other_schema(bench: Bench) -> None:
    changed(bench, "schema", 2)


def other_machine(bench: Bench) -> None:
    changed(bench, "identity", ["another"])


def changed(bench: Bench, name: str, value: object) -> None:
    """Change one value in the file."""
    whole = json.loads(bench.file.read_text())
    bench.file.write_text(json.dumps(whole | {name: value}))


@pytest.mark.parametrize(
    "harm",
    [
        older,
        younger,
        updated,
        cut_short,
        no_object,
        nested,
        no_time,
        not_a_number,
        no_cost,
        other_schema,
        other_machine,
    ],
)
def test_what_can_not_be_trusted_is_measured_anew(
    bench: Bench, harm: Callable[[Bench], None]
) -> None:
    """Too old, from the future, of another interpreter or machine, or broken: and then kept."""
    harm(bench)
    assert bench.cost() == COST
    assert bench.calibrated == 2
    assert bench.cost() == COST
    assert bench.calibrated == 2


def test_force_measures_anew_and_keeps_that(bench: Bench) -> None:
    """The file is written again, whole."""
    bench.now += 5
    bench.cost(force=True)
    assert bench.calibrated == 2
    assert json.loads(bench.file.read_text())["taken"] == bench.now


def test_a_folder_that_can_not_be_written_is_done_without(bench: Bench) -> None:
    """The cost is known all the same."""
    bench.folder = bench.file
    assert bench.cost() == COST
    assert bench.calibrated == 2


def test_the_machine_is_told_by_its_boot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two boots are two machines; without Linux's file the rest must do."""
    found = []
    for boot in ("one", "two"):
        (tmp_path / boot).write_text(f"{boot}\n")
        monkeypatch.setattr(calibrations, "_BOOT", tmp_path / boot)
        found.append(machine())
    monkeypatch.setattr(calibrations, "_BOOT", tmp_path / "absent")
    assert [one[-1] for one in (*found, machine())] == ["one", "two", ""]
    assert len({one[:-1] for one in (*found, machine())}) == 1


def test_a_real_interpreter_says_what_it_is(tmp_path: Path) -> None:
    """What is kept names the interpreter's version."""
    Calibrations(tmp_path).cost(PYTHON)
    (path,) = tmp_path.iterdir()
    identity = json.loads(path.read_text())["identity"]
    assert identity[0] == str(PYTHON.resolve())
    assert identity[1].startswith(f"{sys.implementation.name} {sys.version_info[0]}.")
