"""What a study has measured stays, whatever stops it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from observatory.studies.records import Records, RecordsError


def test_a_stopped_study_goes_on_where_it_was(tmp_path: Path) -> None:
    """A second run finds the first one's trials and adds to them."""
    path = tmp_path / "deep" / "study.jsonl"
    first = Records(path, {"seed": 1})
    first.add("a", {"ratio": 1.5, "names": ("x", "y")})
    second = Records(path, {"seed": 1})
    assert "a" in second
    assert second["a"] == {"ratio": 1.5, "names": ["x", "y"]} == first["a"]
    second.add("b", {})
    assert list(Records(path, {"seed": 1})) == ["a", "b"]


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_a_line_cut_off_is_a_trial_not_made(tmp_path: Path, cut: int) -> None:
    """A kill in the middle of writing loses that trial alone."""
    path = tmp_path / "study.jsonl"
    records = Records(path, {})
    records.add("a", {"ratio": 1.5})
    records.add("b", {"ratio": 2.5})
    path.write_bytes(path.read_bytes()[:-cut])
    again = Records(path, {})
    assert list(again) == ["a"]
    again.add("b", {"ratio": 3.5})
    again.add("c", {})
    whole = Records(path, {})
    assert list(whole) == ["a", "b", "c"]
    assert whole["b"] == {"ratio": 3.5}


def test_a_cut_first_line_is_an_empty_study(tmp_path: Path) -> None:
    """Not even the settings need be whole."""
    path = tmp_path / "study.jsonl"
    path.write_bytes(b'{"sett')
    records = Records(path, {"seed": 2})
    assert not len(records)
    records.add("a", {})
    assert list(Records(path, {"seed": 2})) == ["a"]


def test_each_trial_keeps_where_it_was_made(tmp_path: Path) -> None:
    """Going on elsewhere, and printing again, don't change what is told of earlier trials."""
    path = tmp_path / "study.jsonl"
    Records(path, {}).add("a", {})
    for cpu, keys in (("fast", "bc"), ("slow", "d"), ("fast", "e")):
        records = Records(path, {}, {"cpu": cpu, "at": 1})
        for key in keys:
            records.add(key, {})
    there = [(None, 1), ({"cpu": "fast", "at": 1}, 3), ({"cpu": "slow", "at": 1}, 1)]
    assert records.places == there
    assert Records(path, {}, {"cpu": "new"}).places == there
    assert list(Records(path, {})) == ["a", "b", "c", "d", "e"]
    assert path.read_text(encoding="utf-8").count("place") == 3


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b'{"settings": {"seed": 2}}\n', "was made with seed 2, not with seed 1"),
        (b"[]\n", "holds no records"),
        (b"hello\n", "holds no records"),
        (b'{"settings": {"seed": 1}}\n{"key": 1}\n', "holds no records"),
    ],
)
def test_another_file_is_refused(tmp_path: Path, data: bytes, complaint: str) -> None:
    """Trials of another seed, or what is no study at all, are neither mixed in nor lost."""
    path = tmp_path / "study.jsonl"
    path.write_bytes(data)
    with pytest.raises(RecordsError, match=re.escape(complaint)):
        Records(path, {"seed": 1})
    assert path.read_bytes() == data


def test_a_trial_is_made_once(tmp_path: Path) -> None:
    """A second trial of one key is a mistake of the study."""
    records = Records(tmp_path / "study.jsonl", {})
    records.add("a", {})
    with pytest.raises(RecordsError, match="there already"):
        records.add("a", {})
