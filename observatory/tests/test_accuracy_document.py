"""The document says what the studies' summaries say, and nothing that was not measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from observatory.studies import accuracy_document
from observatory.studies.accuracy_document import STUDIES, document, main
from observatory.studies.sheets import Sheet, Target
from observatory.studies.trials import Asked, read_summary, write_summary

SHEET = Sheet("Scores by size", ("size", "first"), (("3 %", "87.5 [80, 92]"),), "Percent.")
EMPTY = Sheet("Where a profiler failed", ("injection", "why"), ())
MISSED = Target("first cause right at 5 %", "≥ 85 %", "81.0 %", met=False)
MET = Target("first cause right at 10 %", "≥ 95 %", "97.0 %", met=True)


def summary(folder: Path, study: str = "accuracy", *, sample: bool = False) -> dict[str, Any]:
    asked = Asked(study, folder, 7, 150, sample)
    write_summary(asked, {}, (SHEET, EMPTY), (MISSED, MET))
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


def test_targets_stand_beside_what_was_reached(tmp_path: Path) -> None:
    """All of all studies, those missed marked."""
    text = document({name: summary(tmp_path, name) for name in ("accuracy", "cost")})
    assert text.count("| first cause right at 5 % | ≥ 85 % | 81.0 % | MISSED |") == 2
    assert text.count("| first cause right at 10 % | ≥ 95 % | 97.0 % | met |") == 2


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
    summary(tmp_path / "whole", "cost", sample=True)
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
