"""The studies of accuracy and peers go on where they were, and count what they kept."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from explanations import CAUSE, explanation, unknown

from asv_explain.parts import Explained
from asv_explain.profiles.conservation import ConservationError
from observatory.injections.draw import Draft
from observatory.injections.fit import Fitted
from observatory.injections.injection import Edit, Files, Injection, Name
from observatory.injections.truth import Ratio, TruthError
from observatory.studies import accuracy, injected, peers
from observatory.studies.injected import cases, measured_truth
from observatory.studies.peer_profiles import PeerError, Seen
from observatory.studies.peer_runs import SECONDS
from observatory.studies.trials import Asked, StudyError

PATH = "shop/core.py"
GUILTY, OTHER, SMALLER = (Name(PATH, name) for name in ("Shelf.find", "helper", "sort"))


def injection(key: str) -> Injection:
    """Two slower edits, of which the second is dearer, and one that costs nothing."""
    trees = [{PATH: text} for text in ("small", "large", "innocent")]
    return Injection(
        key=key,
        subject="shop",
        kind="two at once",
        benchmark="day.time_day",
        size=0.1,
        amount=3,
        before={},
        after={PATH: "all"},
        slower=(Edit((SMALLER,), trees[0]), Edit((GUILTY,), trees[1])),
        innocent=(Edit((OTHER,), trees[2]),),
    )


# What each tree costs.
RATIOS = {"all": 1.10, "small": 1.02, "large": 1.08, "innocent": 1.0}


class _Bench:
    """A workbench that answers without measuring."""

    environment = "py"

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.files: Files = {PATH: "released"}

    def pair(self, one: Injection) -> tuple[str, str]:
        return "b", one.key

    def tree(self, commit: str) -> Files:
        return {PATH: f"# {commit}\n"}

    @contextmanager
    def install(self, name: str, commits: tuple[str, str]) -> Iterator[list[Any]]:
        assert name == "py"
        yield [SimpleNamespace(python=Path(one), benchmark_dir=Path()) for one in commits]

    def ask(self, before: str, after: str, benchmark: str, **how: Any) -> Explained:
        assert (before, benchmark) == ("b", "day.time_day")
        assert how["factor"] == accuracy.FACTOR
        self.asked.append(after)
        if after.endswith("0001"):
            return Explained(unknown())
        if after.endswith("0005"):
            raise ConservationError("a second was lost")
        named = GUILTY if after.endswith("0000") else OTHER
        cause = replace(
            CAUSE, path=named.path, name=named.name, amount=0.8, share=0.8, interval=None
        )
        return Explained(explanation(causes=(cause,), residual=0.2))

    def forget(self) -> None:
        """Nothing was kept."""


class _Fakes:
    """What the studies find in place of real packages."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bench = _Bench()
        self.looked: list[str] = []
        self.measured: list[str] = []
        for module in (accuracy, injected):
            monkeypatch.setattr(module, "Workbenches", lambda _: self)
        monkeypatch.setattr(accuracy, "draft", self.draft)
        monkeypatch.setattr(accuracy, "Fitter", lambda _: self)
        monkeypatch.setattr(injected, "compare", self.compare)
        monkeypatch.setattr(peers, "PEERS", {"asv profile": self.look, "py-spy": self.fail})

    def __enter__(self) -> _Fakes:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def of(self, subject: str) -> _Bench:
        assert subject == "shop"
        return self.bench

    def draft(self, seed: int, number: int, subjects: Mapping[str, Any]) -> Iterator[Draft]:
        assert "cascade" in subjects
        for index in range(number):
            yield Draft(f"{seed}-{index:04}", "shop", "day.time_day", "two at once", 0.1)

    def fit(self, one: Draft) -> Fitted:
        if one.key.endswith("0002"):
            return Fitted(None, 0.0, False, (), "there is no place for it")
        return Fitted(injection(one.key), 0.1, True, (), "")

    def compare(
        self, _: _Bench, variants: Mapping[str, Files], benchmark: str, rounds: int
    ) -> dict[str, Ratio]:
        assert next(iter(variants)) == "before"
        self.measured.append(benchmark)
        if benchmark == "day.time_night":
            raise TruthError("day.time_night does not run")
        ratios = {name: RATIOS.get(files.get(PATH, ""), 1.0) for name, files in variants.items()}
        wide = 0.002 if rounds > 0 else 0.0
        return {name: Ratio(one, one - wide, one + wide, 0.01) for name, one in ratios.items()}

    def look(self, side: Any, benchmark: str, seconds: float) -> Seen:
        assert (benchmark, seconds) == ("day.time_day", SECONDS)
        commit = str(side.python)
        self.looked.append(commit)
        later = commit != "b"
        library = Name("~", "len")
        own = {GUILTY: 1.0 + later, library: 1.0 + 2 * later}
        return Seen(own, {GUILTY: 1.0 + later, OTHER: 2.0 + later}, 2.0 + later)

    def fail(self, side: Any, benchmark: str, seconds: float) -> Seen:
        raise PeerError("py-spy may not look into processes")


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> _Fakes:
    return _Fakes(monkeypatch)


def run(module: Any, folder: Path, number: int) -> dict[str, Any]:
    assert module.main(["--out", str(folder), "--seed", "7", "--number", str(number)]) == 0
    found: dict[str, Any] = json.loads((folder / f"{module.STUDY}.json").read_text("utf-8"))
    return found


def test_the_truth_is_of_all_and_of_each_alone(fakes: _Fakes) -> None:
    """Every edit is measured against the earlier side, innocent ones too."""
    truth, seconds = measured_truth(fakes.bench, injection("k"), 6)  # type: ignore[arg-type]
    assert seconds == 0.01
    assert [truth.size, truth.low, truth.high] == pytest.approx([0.1, 0.098, 0.102])
    assert [(one.role, one.names[0]) for one in truth.edits] == [
        ("slower", SMALLER),
        ("slower", GUILTY),
        ("innocent", OTHER),
    ]
    assert [one.effect for one in truth.edits] == pytest.approx([0.02, 0.08, 0.0])
    assert truth.share(truth.slower[0]) == pytest.approx(0.8)


def test_the_only_edit_is_not_measured_twice(fakes: _Fakes) -> None:
    """What is the whole later side has its figures."""
    alone = Edit((GUILTY,), {PATH: "all"})
    one = replace(injection("k"), slower=(alone,), innocent=())
    truth, _ = measured_truth(fakes.bench, one, 6)  # type: ignore[arg-type]
    assert [edit.effect for edit in truth.edits] == pytest.approx([0.1])


def test_scores_are_of_what_could_be_measured(fakes: _Fakes, tmp_path: Path) -> None:
    """Right, unknown, not made, wrong: each is counted once."""
    found = run(accuracy, tmp_path, 5)
    figures = found["figures"]
    assert (figures["all"]["first"]["hits"], figures["all"]["first"]["trials"]) == (1, 4)
    assert figures["all"]["answered"]["hits"] == 3
    assert figures["all"]["near"]["hits"] == 1
    assert figures["failed"] == {"7-0002": "there is no place for it"}
    assert [one["key"] for one in figures["wrong"]] == ["7-0001", "7-0003", "7-0004"]
    assert figures["wrong"][1]["said"] == f"{PATH}: helper"
    assert figures["wrong"][1]["true"] == f"{PATH}: Shelf.find"
    assert set(figures["by_size"]) == {"0.1"}
    assert (tmp_path / "explanations" / "7-0000.json").is_file()


def test_a_hook_that_breaks_down_is_not_right(fakes: _Fakes, tmp_path: Path) -> None:
    """The study goes on, and the injection counts."""
    figures = run(accuracy, tmp_path, 7)["figures"]
    assert figures["all"]["first"]["trials"] == 6
    assert [one["verdict"] for one in figures["wrong"] if one["key"] == "7-0005"] == ["unknown"]
    assert fakes.bench.asked[-2:] == ["7-0005", "7-0006"]


def test_a_study_goes_on_where_it_was(fakes: _Fakes, tmp_path: Path) -> None:
    """More injections are asked for later; those that are there are not made again."""
    run(accuracy, tmp_path, 2)
    assert fakes.bench.asked == ["7-0000", "7-0001"]
    run(accuracy, tmp_path, 4)
    assert fakes.bench.asked == ["7-0000", "7-0001", "7-0003"]
    run(peers, tmp_path, 1)
    run(peers, tmp_path, 1)
    assert fakes.looked == ["b", "7-0000"]


def test_the_hook_alone_is_asked_anew(fakes: _Fakes, tmp_path: Path) -> None:
    """Truths of an earlier study are taken over, and what could not be made stays so."""
    first, second = tmp_path / "first", tmp_path / "second"
    run(accuracy, first, 3)
    measured = len(fakes.measured)
    command = ["--out", str(second), "--seed", "7", "--number", "3", "--truths", str(first)]
    assert accuracy.main(command) == 0
    assert len(fakes.measured) == measured
    assert fakes.bench.asked == ["7-0000", "7-0001"] * 2
    told = [json.loads((one / "accuracy.json").read_text("utf-8")) for one in (first, second)]
    assert told[0]["figures"]["all"] == told[1]["figures"]["all"]
    assert told[1]["figures"]["failed"] == {"7-0002": "there is no place for it"}
    other = [*command[:3], "8", *command[4:]]
    assert accuracy.main(other) == 2


def test_what_is_no_slowdown_stands_apart(
    fakes: _Fakes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its interval holds nothing, so no answer about it is right or wrong."""
    monkeypatch.setitem(RATIOS, "all", 1.001)
    figures = run(accuracy, tmp_path, 1)["figures"]
    assert figures["not_told_from_nothing"] == ["7-0000"]
    assert figures["all"]["first"]["trials"] == 0
    assert figures["wrong"] == []
    assert run(peers, tmp_path, 1)["targets"][0]["met"] is None
    assert fakes.looked == []


def test_peers_have_the_same_scores_on_the_same_injections(fakes: _Fakes, tmp_path: Path) -> None:
    """One row each; a profiler that failed has nothing right; the hook's row is its own."""
    whole = run(accuracy, tmp_path, 5)["figures"]["all"]
    found = run(peers, tmp_path, 5)
    tools = found["figures"]["tools"]
    assert tools["asv-explain"] == whole
    own, cumulative = tools["asv profile, by own time"], tools["asv profile, by cumulative time"]
    assert (own["first"]["hits"], own["near"]["hits"], own["held"]["trials"]) == (0, 0, 0)
    assert own["three"]["hits"] == 4
    # Who leaves out the library sees the right one first.
    assert tools["asv profile, by own time, package alone"]["first"]["hits"] == 4
    assert cumulative["first"]["hits"] == 4
    assert tools["py-spy, by own time"]["first"]["hits"] == 0
    (target,) = found["targets"]
    assert target["met"] is False
    assert "asv profile, by own time, package alone: first, three" in target["reached"]
    assert "near" not in target["reached"]
    failures = next(one for one in found["sheets"] if one["title"] == "Where a profiler failed")
    assert len(failures["rows"]) == 4


def test_peers_need_the_injections(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without them, one line says what to make first."""
    assert peers.main(["--out", str(tmp_path), "--seed", "7"]) == 2
    assert "accuracy first, with the same --out and --seed" in capsys.readouterr().err


def test_trials_of_another_form_are_refused(tmp_path: Path) -> None:
    """A truth that was written by something else is not guessed at."""
    records = Asked("accuracy", tmp_path, 7, 1, sample=False).records()
    told = {"failed": "", "truth": {"size": "large"}, "subject": "", "kind": "", "benchmark": ""}
    records.add("k", told)
    with pytest.raises(StudyError, match="trial k is of another form"):
        cases(records)


def test_a_sample_takes_large_slowdowns(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The real draw has some among the first few."""
    made: list[float] = []

    def stop(_: Asked, one: Draft, *__: object) -> dict[str, Any]:
        made.append(one.size)
        return {"failed": "not tried", "seconds": {}, "kind": "", "wanted": 0.0, "benchmark": ""}

    monkeypatch.setattr(accuracy, "_trial", stop)
    assert accuracy.main(["--sample", "--out", str(tmp_path)]) == 0
    assert len(made) == accuracy.SAMPLE
    assert min(made) >= accuracy.SAMPLE_SIZE
