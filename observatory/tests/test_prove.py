"""Proofs are held to what is true of the code that was put back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from explanations import CAUSE, explanation

from asv_explain.explanation import Explanation, Interval
from asv_explain.parts import Explained
from asv_explain.proof import Outcome, Proof, Refusal, Scope
from observatory.injections.injection import Files, Injection, Name
from observatory.injections.kept import kept_form
from observatory.studies import injected, prove
from observatory.studies.accuracy import accuracy_records
from observatory.studies.answers import TrueEdit, Truth, described
from observatory.studies.proofs import Proved, described_proofs, proofs
from observatory.studies.trials import Asked

PATH = "shop/core.py"

TRUTH = Truth(
    0.1,
    0.09,
    0.11,
    (
        TrueEdit((Name(PATH, "find"), Name(PATH, "bridge")), "slower", 0.12, 0.11, 0.13),
        TrueEdit((Name("shop/other.py", "sort"),), "slower", 0.03, 0.02, 0.04),
        TrueEdit((Name(PATH, "saved"),), "faster", -0.06, -0.07, -0.05),
        TrueEdit((Name(PATH, "idle"),), "innocent", 0.01, -0.01, 0.02),
    ),
)


def told(
    names: tuple[str, ...],
    outcome: Outcome = Outcome.PROVEN,
    interval: tuple[float, float] | None = None,
    scope: Scope = "alone",
    refused: tuple[Refusal, ...] = (),
) -> Explanation:
    """An explanation whose first cause was put back, and whose second was not."""
    ends = None if interval is None else Interval(*interval)
    proof = Proof(outcome, scope, names, "", 0.8, interval=ends, refused=refused)
    first = replace(CAUSE, path=PATH, name="find", proof=proof)
    return explanation(causes=(first, replace(CAUSE, amount=0.25)), residual=0.25)


def proved(*asked: Any, **more: Any) -> Proved:
    kept = json.loads(json.dumps(described_proofs(told(*asked, **more))))
    (only,) = proofs("k", TRUTH, kept)
    assert only.cause == f"{PATH}: find"
    return only


@pytest.mark.parametrize(
    ("names", "role", "share"),
    [
        ((f"{PATH}: find",), "guilty", 0.8),
        ((f"{PATH}: bridge", f"{PATH}: find"), "guilty", 0.8),
        (("shop/other.py: sort", f"{PATH}: find"), "guilty", 1.0),
        ((PATH,), "guilty", 0.8 - 0.4),
        (("shop/other.py",), "guilty", 0.2),
        ((f"{PATH}: saved",), "gain", -0.4),
        ((f"{PATH}: idle",), "innocent", 0.0),
        ((f"{PATH}: unknown", "shop/third.py"), "innocent", 0.0),
        (("other/core.py: find",), "innocent", 0.0),
    ],
)
def test_the_truth_is_of_all_that_was_put_back(
    names: tuple[str, ...], role: str, share: float
) -> None:
    """Shares of its slower edits, less what its faster ones save; each edit once."""
    found = proved(names)
    assert found.role == role
    assert found.true_share == pytest.approx(share)


@pytest.mark.parametrize(
    ("name", "outcome", "agrees"),
    [
        ("find", Outcome.PROVEN, True),
        ("find", Outcome.REFUTED, False),
        ("idle", Outcome.PROVEN, False),
        ("idle", Outcome.REFUTED, True),
        ("saved", Outcome.PROVEN, False),
        ("saved", Outcome.REFUTED, True),
        ("find", Outcome.OPEN, None),
        ("idle", Outcome.CANNOT, None),
    ],
)
def test_a_proof_agrees_or_not(name: str, outcome: Outcome, agrees: bool | None) -> None:
    """Guilty code is to be proven, other code refuted; the rest decides nothing."""
    assert proved((f"{PATH}: {name}",), outcome).agrees is agrees


@pytest.mark.parametrize(
    ("interval", "held"), [((0.7, 0.9), True), ((0.81, 0.9), False), (None, None)]
)
def test_the_true_share_came_back_or_not(
    interval: tuple[float, float] | None, held: bool | None
) -> None:
    """Without an interval there is nothing to hold it."""
    assert proved((f"{PATH}: find",), Outcome.PROVEN, interval).held is held


class _Bench:
    """A workbench that answers without measuring."""

    def __init__(self, answers: dict[str, Explanation]) -> None:
        self.answers = answers
        self.files: Files = {}
        self.asked: list[str] = []

    def __call__(self, folder: Path) -> _Bench:
        assert folder.name == "subjects"
        return self

    def __enter__(self) -> _Bench:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def of(self, subject: str) -> _Bench:
        return self

    def pair(self, one: Injection) -> tuple[str, str]:
        return "b", one.key

    def ask(self, before: str, after: str, benchmark: str, **how: Any) -> Explained:
        assert how["prove"] is True
        self.asked.append(after)
        return Explained(self.answers[after])

    def forget(self) -> None:
        """Nothing was kept."""


def test_a_study_asks_again_about_what_was_called_slower(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each proof is counted once, by what is true; the study goes on where it was."""
    asked = Asked(prove.STUDY, tmp_path, 7, 3, sample=False)
    records = accuracy_records(asked)
    refused = (Refusal("alone", (f"{PATH}: find",), f"`find` (in {PATH}) is awaited now"),)
    answers = {
        "right": told((f"{PATH}: find",), Outcome.PROVEN, (0.7, 0.9)),
        "wrong": told((f"{PATH}: idle",), Outcome.PROVEN, (0.5, 0.9)),
        "cannot": told((PATH,), Outcome.CANNOT, None, "module", refused),
        "same": explanation(),
    }
    truth = json.loads(json.dumps({"size": 0.1, "low": 0.09, "high": 0.11, "edits": []}))
    edits = [
        {
            "names": [{"path": one.path, "name": one.name} for one in edit.names],
            "role": edit.role,
            "effect": edit.effect,
            "low": edit.low,
            "high": edit.high,
        }
        for edit in TRUTH.edits
    ]
    for key in answers:
        injection = Injection(key, "shop", "own work", "day.time_day", 0.1, 1, {}, {}, ())
        answer = described(explanation())
        records.add(
            key,
            {
                "failed": "",
                "subject": "shop",
                "kind": "own work",
                "benchmark": "day.time_day",
                "injection": kept_form(injection, {}),
                "truth": {**truth, "edits": edits},
                "answer": {**answer, "verdict": "same" if key == "same" else "slower"},
            },
        )
    bench = _Bench(answers)
    monkeypatch.setattr(injected, "Workbenches", bench)
    command = ["--out", str(tmp_path), "--seed", "7", "--number"]
    assert prove.main([*command, "1"]) == 0
    assert prove.main([*command, "9"]) == 0
    assert bench.asked == ["right", "wrong", "cannot"]
    found = json.loads((tmp_path / "prove.json").read_text("utf-8"))
    figures = found["figures"]
    assert (figures["agrees"]["hits"], figures["agrees"]["trials"]) == (1, 2)
    assert figures["by_role"]["guilty"]["outcomes"] == {"proven": 1, "cannot": 1}
    assert figures["by_role"]["innocent"]["held"] == {
        **figures["by_role"]["innocent"]["agrees"],
    }
    sheets = {one["title"]: one["rows"] for one in found["sheets"]}
    assert sheets["Why a cause could not be put back alone"] == [["… … is awaited now", "1"]]
    assert [row[0] for row in sheets["Proofs that contradict the truth"]] == ["wrong"]


def test_without_injections_there_is_nothing_to_prove(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line says what to make first."""
    assert prove.main(["--out", str(tmp_path)]) == 2
    assert "accuracy first, with the same --out and --seed" in capsys.readouterr().err
