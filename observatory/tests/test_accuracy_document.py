"""The document says what the studies' summaries say, and nothing that was not measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from observatory.studies import accuracy_document
from observatory.studies.accuracy_document import STUDIES, document, main
from observatory.studies.alarm_sheets import cost, detection, false_alarms
from observatory.studies.detection_figures import TARGETS as DETECTED
from observatory.studies.one_cost import STAGES
from observatory.studies.rates import rate
from observatory.studies.sheets import Sheet, Target
from observatory.studies.trials import Asked, read_summary, write_summary

SHEET = Sheet("Scores by size", ("size", "first"), (("3 %", "87.5 [80, 92]"),), "Percent.")
EMPTY = Sheet("Where a profiler failed", ("injection", "why"), ())
MISSED = Target("first cause right at 5 %", "≥ 85 %", "81.0 %", met=False)
MET = Target("first cause right at 10 %", "≥ 95 %", "97.0 %", met=True)


def summary(folder: Path, study: str = "accuracy", *, sample: bool = False) -> dict[str, Any]:
    asked = Asked(study, folder, 7, 150, sample)
    write_summary(asked, asked.records(), {}, (SHEET, EMPTY), (MISSED, MET))
    found = read_summary(folder, study)
    assert found is not None
    return found


def test_each_figure_stands_below_its_command(tmp_path: Path) -> None:
    """The command is the one that made it; tables without rows are left out."""
    text = document({"accuracy": summary(tmp_path)})
    command = "    .venv/bin/python -m observatory.studies.accuracy --seed 7 --number 150\n"
    before, found, after = text.partition(command)
    assert found
    assert "87.5" not in before
    assert (
        "### Scores by size\n\n| size | first |\n| --- | ---: |\n| 3 % | 87.5 [80, 92] |\n" in after
    )
    assert "Where a profiler failed" not in text


def test_where_it_was_measured_stands_below_the_command(tmp_path: Path) -> None:
    """Each machine and commit with its trials, whatever machine prints them."""
    place = {
        "cpu": "Slow",
        "cores": 1,
        "system": "Linux 6",
        "python": "CPython 3.11.7",
        "day": "2026-01-02",
        "commit": None,
    }
    found = summary(tmp_path)
    found["places"] = [{"trials": 9, "place": place}]
    told = "Slow, 1 core, Linux 6, CPython 3.11.7, 2026-01-02, outside of git"
    assert f"--number 150\n\n{told}.\n" in document({"accuracy": found})
    found["places"] += [
        {"trials": 1, "place": {**place, "cpu": "Fast", "cores": 2, "commit": "0123456789"}},
        {"trials": 4, "place": None},
    ]
    text = document({"accuracy": found})
    assert f"\n\n- 9 trials: {told}\n- 1 trial: Fast, 2 cores, " in text
    assert "commit 01234567\n- 4 trials: it was not noted where\n" in text


def test_targets_stand_beside_what_was_reached(tmp_path: Path) -> None:
    """All of all studies, those missed marked."""
    text = document({name: summary(tmp_path, name) for name in ("accuracy", "peers")})
    assert text.count("| first cause right at 5 % | ≥ 85 % | 81.0 % | MISSED |") == 2
    assert text.count("| first cause right at 10 % | ≥ 95 % | 97.0 % | met |") == 2


def test_false_alarms_are_told_with_their_targets() -> None:
    """Each judge has a row, the hook a target in each condition, each alarm a row."""
    alarm = {
        "benchmark": "day.time_day",
        "judge": "asv continuous, factor 1.05",
        "answer": "faster",
    }
    judges = {
        "asv-explain": {"answers": {"same": 198, "slower": 2}, "alarms": rate(2, 200).told()},
        alarm["judge"]: {"answers": {"neither": 199, "faster": 1}, "alarms": rate(1, 200).told()},
    }
    figures = {
        "quiet": {"judges": judges, "target": 0.01, "alarms": [alarm]},
        "loaded": {"judges": {}, "target": 0.02, "alarms": []},
    }
    (table, alarms), targets = false_alarms(figures)
    assert table.rows[0][:7] == ("quiet", "asv-explain", "2", "0", "198", "0", "0")
    assert table.rows[1][2:7] == ("0", "1", "0", "199", "0")
    assert alarms.rows == (("quiet", alarm["judge"], "day.time_day", "faster"),)
    assert targets == [
        Target("false alarms, quiet", "≤ 1 %", "1.0 % [0.3 to 3.6], 2 of 200", met=True)
    ]


@pytest.mark.parametrize(("size", "met"), [(0.029, True), (0.031, False), (None, False)])
def test_the_smallest_slowdown_has_its_target(size: float | None, met: bool) -> None:
    """What could not be counted is not measured, and so neither met nor missed."""
    found = {"step": 0.03, "size": size, "low": 0.02, "high": 0.04, "text": "as it is"}
    counts = {"asv-explain": rate(19, 20).told()}
    figures = {
        "factor": 1.02,
        "sizes": {"0.03": {"measured": [0.03, 0.029, 0.031], "found": counts}},
        "smallest": {"asv-explain": found},
        "targets": dict(DETECTED),
    }
    sheets, targets = detection(figures)
    assert [one.met for one in targets] == [met, None]
    assert [one.reached for one in targets] == ["as it is", "not measured"]
    assert any("95.0 %" in cell for row in sheets[0].rows for cell in row)
    assert sheets[1].rows[0][:3] == ("asv-explain", "3.00 %", "as it is")


@pytest.mark.parametrize(("longest", "met"), [(59.0, True), (61.0, False)])
def test_the_longest_benchmark_has_its_target(longest: float, met: bool) -> None:
    """Of all pairs, the one that took longest."""
    stage = {"seconds": 1.0, "memory": 2e6}
    pair = {
        "stages": dict.fromkeys(STAGES, stage),
        "whole": {"median": 20.0, "longest": longest},
        "asv": {"first": 30.0, "again": 20.0, "memory": 3e6},
        "verdicts": ["slower"],
    }
    quick = {**pair, "whole": {"median": 1.0, "longest": 2.0}}
    figures = {"pairs": {"a": quick, "b": pair}, "grown": [], "target_seconds": 60.0}
    sheets, (target,) = cost(figures)
    assert (target.reached, target.met) == (f"at most {longest:.1f} s of 2 benchmarks", met)
    assert [row[0] for row in sheets[0].rows] == ["a", "b"]
    none = {**figures, "pairs": {}}
    assert cost(none)[1][0].met is None


def test_what_was_not_measured_is_said(tmp_path: Path) -> None:
    """Each study has its section, whether it was made or not."""
    text = document({"accuracy": summary(tmp_path)})
    assert text.count("\nNot measured.\n") == len(STUDIES) - 1
    assert all(f"## {study.title}\n" in text for study in STUDIES)


def test_a_sample_never_goes_into_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It stands beside its JSON; the full study goes into docs."""
    docs = tmp_path / "docs" / "accuracy.md"
    monkeypatch.setattr(accuracy_document, "DOCUMENT", docs)
    summary(tmp_path / "sample", sample=True)
    assert main([str(tmp_path / "sample")]) == 0
    assert not docs.exists()
    assert "--sample\n" in (tmp_path / "sample" / "accuracy.md").read_text(encoding="utf-8")
    summary(tmp_path / "whole")
    assert main([str(tmp_path / "whole")]) == 0
    assert docs.read_text(encoding="utf-8").startswith("# How often it is right")
    assert str(docs) in capsys.readouterr().out
    # One of them being a sample is enough.
    summary(tmp_path / "whole", "peers", sample=True)
    docs.unlink()
    assert main([str(tmp_path / "whole")]) == 0
    assert not docs.exists()


def test_mistakes_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No study, a summary of another form, and a place that can't be written."""
    assert main([str(tmp_path)]) == 2
    assert "there is no study in" in capsys.readouterr().err
    found = summary(tmp_path)
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert main([str(tmp_path), "--to", str(tmp_path / "file" / "x.md")]) == 2
    assert "choose another --to" in capsys.readouterr().err
    text = (tmp_path / "accuracy.json").read_text(encoding="utf-8")
    broken = text.replace('"title"', '"tittle"')
    assert broken != text
    (tmp_path / "accuracy.json").write_text(broken, encoding="utf-8")
    assert main([str(tmp_path)]) == 2
    assert "of another form" in capsys.readouterr().err
    assert found["figures"] == {}
