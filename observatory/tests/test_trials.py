"""What every study shares: its command line, its end, and its summary."""

from __future__ import annotations

import io
import json
import os
import signal
from pathlib import Path

import pytest
from rich.console import Console

from observatory.studies.rates import rate, rate_of
from observatory.studies.records import RecordsError
from observatory.studies.sheets import (
    Sheet,
    Target,
    kept_sheets,
    kept_targets,
    markdown,
    targets_sheet,
)
from observatory.studies.trials import (
    OUT,
    SEED,
    Asked,
    StudyError,
    command_line,
    read_summary,
    run_study,
    this_place,
    write_summary,
)


def asked(folder: Path) -> Asked:
    return Asked("cost", folder, 7, 3, sample=False)


def test_defaults_of_a_study_and_of_its_sample() -> None:
    """A sample is smaller and goes into a folder of its own."""
    whole, _ = command_line("cost", "", [], number=100, sample=2)
    assert whole == Asked("cost", OUT, SEED, 100, sample=False)
    sample, _ = command_line("cost", "", ["--sample"], number=100, sample=2)
    assert sample == Asked("cost", OUT / "sample", SEED, 2, sample=True)
    given = ["--sample", "--out", "x", "--seed", "3", "--number", "9", "--loud"]
    more, found = command_line(
        "cost",
        "",
        given,
        number=100,
        sample=2,
        add=lambda parser: parser.add_argument("--loud", action="store_true"),
    )
    assert more == Asked("cost", Path("x"), 3, 9, sample=True)
    assert found.loud


@pytest.mark.parametrize("number", ["0", "-1", "many"])
def test_no_number_is_refused(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Fewer than one trial can't be asked for."""
    with pytest.raises(SystemExit) as ended:
        command_line("cost", "", ["--number", number], number=100, sample=2)
    assert ended.value.code == 2
    assert "whole number from 1 up" in capsys.readouterr().err


def test_more_trials_go_on_and_another_seed_does_not(tmp_path: Path) -> None:
    """The number may grow between two calls; what else trials depend on may not change."""
    asked(tmp_path).records(budget=60.0).add("a", {})
    more = Asked("cost", tmp_path, 7, 300, sample=False)
    assert "a" in more.records(budget=60.0)
    with pytest.raises(RecordsError, match="seed 7"):
        Asked("cost", tmp_path, 8, 3, sample=False).records(budget=60.0)
    with pytest.raises(RecordsError, match=r"budget 60\.0"):
        more.records(budget=30.0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_is_told(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Both signals that ask a study to stop end it with the status of Ctrl-C."""
    assert run_study("cost", lambda: os.kill(os.getpid(), number)) == 130
    assert capsys.readouterr().err == "cost: stopped; the same command goes on from here\n"


def test_a_mistake_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A mistake says what to do, without a traceback; what is none is not hidden."""

    def mistaken(error: Exception) -> None:
        raise error

    assert run_study("cost", lambda: mistaken(StudyError("mend\nit"))) == 2
    assert capsys.readouterr().err == "cost: mend it\n"
    assert run_study("cost", lambda: mistaken(OSError("full")), (OSError,)) == 2
    with pytest.raises(ZeroDivisionError):
        run_study("cost", lambda: mistaken(ZeroDivisionError()))
    assert run_study("cost", lambda: None) == 0


def test_a_summary_is_read_as_it_was_written(tmp_path: Path) -> None:
    """It says what was asked, of which commit, and on what machine."""
    folder = tmp_path / "deep"
    assert read_summary(folder, "cost") is None
    records = asked(folder).records()
    records.add("a", {})
    path = write_summary(asked(folder), records, {"rate": 0.5})
    found = read_summary(folder, "cost")
    assert found is not None
    assert found == json.loads(path.read_text(encoding="utf-8"))
    assert (found["seed"], found["number"], found["figures"]) == (7, 3, {"rate": 0.5})
    (made,) = found["places"]
    assert (made["trials"], made["place"]) == (1, this_place())
    assert made["place"]["python"].startswith(("CPython 3", "PyPy 3"))
    assert made["place"]["cores"] >= 1


def test_tables_and_targets_outlive_the_summary(tmp_path: Path) -> None:
    """They are read back the same, for the terminal and for Markdown."""
    sheet = Sheet("By [size]", ("size", "first"), (("3 %", "1 | 2"), ("5 %", "[2]")), "All of it.")
    target = Target("first cause", "95 %", "90 %", met=False)
    write_summary(asked(tmp_path), asked(tmp_path).records(), {}, (sheet,), (target,))
    found = read_summary(tmp_path, "cost")
    assert found is not None
    assert kept_sheets(found) == (sheet,)
    assert kept_targets(found) == (target,)
    assert kept_sheets({}) == ()
    assert markdown(sheet) == (
        "| size | first |\n| --- | ---: |\n| 3 % | 1 \\| 2 |\n| 5 % | [2] |\n\nAll of it.\n"
    )
    console = Console(width=60, record=True, file=io.StringIO())
    console.print(sheet.table())
    assert "By [size]" in (text := console.export_text())
    assert "[2]" in text
    assert targets_sheet([target]).rows == (("first cause", "95 %", "90 %", "MISSED"),)
    with pytest.raises(ValueError, match="1 texts in a row of 2"):
        Sheet("", ("a", "b"), (("c",),))


@pytest.mark.parametrize("data", ["{", "[]", '{"study": "peers", "figures": {}}', '{"study": 1}'])
def test_another_file_is_no_summary(tmp_path: Path, data: str) -> None:
    """What is no summary of that study is refused by name."""
    (tmp_path / "cost.json").write_text(data, encoding="utf-8")
    with pytest.raises(StudyError, match=r"cost\.json"):
        read_summary(tmp_path, "cost")


def test_a_summary_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A folder in the way is named, not met with a traceback."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StudyError, match="choose another --out"):
        write_summary(asked(tmp_path / "file"), asked(tmp_path).records(), {})


def test_rates_have_the_interval_of_wilson() -> None:
    """As in Newcombe (Stat. Med. 17, 1998, p. 857), table I, method 3."""
    found = rate(81, 263)
    assert found.value == pytest.approx(81 / 263)
    assert found.low == pytest.approx(0.2553, abs=5e-5)
    assert found.high == pytest.approx(0.3662, abs=5e-5)
    assert str(found) == "30.8 % [25.5 to 36.6], 81 of 263"
    none = rate_of([])
    assert (none.value, none.low, str(none)) == (None, None, "none")
    assert rate_of([True, False, True]).hits == 2
    assert found.told()["trials"] == 263
    assert (found.brief, none.brief) == ("30.8 [26, 37]", "none")
    with pytest.raises(ValueError, match="5 of 4"):
        rate(5, 4)
