"""Fuzzing's command: what it keeps, how it ends, and how it damages inputs; atheris made up."""

from __future__ import annotations

import importlib.util
import json
import random
from pathlib import Path

import pytest

from observatory.studies.fuzzing import command
from observatory.studies.fuzzing.damage import damaged
from observatory.studies.fuzzing.parser import Parser
from observatory.studies.fuzzing.parsers import PARSERS
from observatory.studies.fuzzing.run import Outcome, outcome_from_log

LOG = """INFO: Instrumenting asv_explain.store
#2\tINITED cov: 11 ft: 11 corp: 1/1b exec/s: 0 rss: 40Mb
#1024\tpulse  cov: 97 ft: 140 corp: 9/2Kb lim: 40 exec/s: 90 rss: 150Mb
Done 20480 runs in 41 second(s)
stat::number_of_executed_units: 20480
stat::average_exec_per_sec:     499
stat::slowest_unit_time_sec:    1
stat::peak_rss_mb:              151
"""


class Tried:
    """Stands in for atheris: every parser is given ten inputs, and some find something."""

    def __init__(self, found: str = "", stop: str = "", fail: str = "") -> None:
        self.parsers: list[str] = []
        self._found, self._stop, self._fail = found, stop, fail

    def __call__(self, parser: Parser, seconds: int, seed: int, findings: Path) -> Outcome:
        """Note the parser."""
        if parser.name == self._stop:
            raise KeyboardInterrupt
        self.parsers.append(parser.name)
        found = (f"{parser.name}-1.input",) if parser.name == self._found else ()
        inputs = 0 if parser.name == self._fail else 10
        return Outcome(parser.name, seconds, inputs, 5, 0, 100, found, "" if inputs else "no")


def test_every_parser_is_fuzzed_and_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One row and one record each, and nothing found is status 0."""
    tried = Tried()
    assert command.main(["--seconds", "7", "--out", str(tmp_path)], tried) == 0
    assert tried.parsers == list(PARSERS)
    summary = json.loads((tmp_path / "fuzzing.json").read_text())
    assert [one["parser"] for one in summary["parsers"]] == list(PARSERS)
    assert (summary["seconds"], summary["inputs"]) == (7, 10 * len(PARSERS))
    assert "findings" in capsys.readouterr().out


def test_a_finding_is_status_1_and_named(tmp_path: Path) -> None:
    """Each time that the same is asked, until it is fuzzed anew elsewhere."""
    for _ in range(2):
        assert command.main(["--out", str(tmp_path)], Tried(found="trace")) == 1
    summary = json.loads((tmp_path / "fuzzing.json").read_text())
    assert summary["findings"] == 1


def test_what_is_stopped_goes_on_where_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """130, and the next call fuzzes what is left; other seconds are refused, not mixed."""
    names = list(PARSERS)
    assert command.main(["--out", str(tmp_path)], Tried(stop=names[3])) == 130
    tried = Tried()
    assert command.main(["--out", str(tmp_path)], tried) == 0
    assert tried.parsers == names[3:]
    capsys.readouterr()
    assert command.main(["--out", str(tmp_path), "--seconds", "9"], Tried()) == 2
    assert capsys.readouterr().err.startswith("fuzzing: ")


def test_what_could_not_run_is_no_outcome(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A parser without a single input is a mistake, and is tried again by the next call."""
    assert command.main(["trace", "--out", str(tmp_path)], Tried(fail="trace")) == 2
    assert "trace was given no input (no)" in capsys.readouterr().err
    assert command.main(["trace", "--out", str(tmp_path)], Tried()) == 0


def test_without_atheris_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, and nothing is made."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert command.main(["--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    needed = Path(said.split("pip install -r ")[1].strip())
    assert (Path(command.__file__).parent / needed.name).read_text().endswith("atheris==3.0.0\n")
    assert not (tmp_path / "out").exists()


def test_libfuzzers_report_is_read() -> None:
    """Figures from its last lines; an end before its time is no clean outcome."""
    whole = outcome_from_log("trace", LOG, 0, [])
    assert (whole.seconds, whole.inputs, whole.edges) == (41, 20480, 97)
    assert (whole.slowest, whole.memory, whole.clean) == (1, 151, True)
    hung = LOG.partition("Done")[0] + "==1== ERROR: libFuzzer: timeout after 30 seconds\n"
    ended = outcome_from_log("trace", hung, 70, ["trace-timeout-1"])
    assert (ended.inputs, ended.clean) == (1024, False)
    assert ended.ended == "exit status 70: ==1== ERROR: libFuzzer: timeout after 30 seconds"
    assert not outcome_from_log("trace", "", 1, []).clean


def from_seed(data: bytes, seed: int) -> bytes | None:
    return damaged(data, random.Random(seed))  # noqa: S311


def test_damage_is_the_same_from_the_same_seed_and_reaches_every_part() -> None:
    """Damaged JSON stays JSON, and in time each name goes missing and each value changes."""
    whole = {"a": [1, 2.5, {"b": "c"}], "d": {"e": None}}
    data = json.dumps(whole).encode()
    found = [from_seed(data, seed) for seed in range(300)]
    assert found == [from_seed(data, seed) for seed in range(300)]
    values = [json.loads(one) for one in found if one is not None]
    assert len(values) > 290
    objects = [one for one in values if isinstance(one, dict)]
    assert {"a", "d"} - set.intersection(*(set(one) for one in objects)) == {"a", "d"}
    assert any(one.get("a", whole["a"]) != whole["a"] for one in objects)
    assert from_seed(b"no JSON", 1) is None
    assert from_seed(b"[" * 100_000, 1) is None
