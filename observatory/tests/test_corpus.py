"""Cases can be read and run, and answers are judged by what their maintainers say."""

from __future__ import annotations

import ast
import dataclasses
from pathlib import Path

import pytest
from explanations import CAUSE, explanation

from asv_explain.explanation import Cause, Interval, Verdict
from asv_explain.reversal import Change, Reversal
from observatory.corpus.case import Case, CorpusError, read_cases
from observatory.studies.corpus import Judged, judged

CASE = Case(
    package="shop",
    before="1",
    after="2",
    requirements=(),
    benchmark="Suite.time_day",
    source="",
    guilty=("shop.core:Shelf.find", "shop:<module>", "shop.core:Row"),
    also_right=("shop.core:wrapper",),
    symptoms=(),
    why="",
    report="",
)


def cause(path: str, name: str, share: float, kind: str = "changed", noise: bool = False) -> Cause:
    return dataclasses.replace(
        CAUSE,
        path=path,
        name=name,
        kind=kind,
        amount=10 * share,
        interval=Interval(9 * share, 11 * share),
        share=share,
        noise=noise,
    )


def said(*causes: Cause, verdict: Verdict = Verdict.SLOWER, **more: object) -> Judged:
    difference = sum(one.amount for one in causes)
    told = explanation(
        verdict=verdict, difference=difference, causes=causes, residual=0.0, ratio=1.5, **more
    )
    return judged(CASE, told)


@pytest.mark.parametrize("case", read_cases(), ids=lambda one: one.name)
def test_a_case_says_what_it_must(case: Case) -> None:
    """Its benchmark is in its source, its names are those of functions, its truth has a source."""
    holder, method = case.benchmark.split(".")
    (found,) = (
        one
        for one in ast.parse(case.source).body
        if isinstance(one, ast.ClassDef) and one.name == holder
    )
    assert method in {one.name for one in found.body if isinstance(one, ast.FunctionDef)}
    assert case.guilty
    assert case.before != case.after
    assert all(name.count(":") == 1 for name in (*case.guilty, *case.also_right))
    assert len(case.why.strip()) > 50
    assert case.report.strip()


def test_the_first_change_decides() -> None:
    """What no change explains stands aside, and noise is no name."""
    found = said(
        cause("", "elsewhere", 0.5, "elsewhere"),
        cause("shop/core.py", "Shelf.find", 0.3),
        cause("shop/__init__.py", "<module>", 0.1),
        cause("shop/core.py", "class Row", 0.1, noise=True),
    )
    assert (found.first, found.right) == ("shop.core:Shelf.find", True)
    assert (found.named, found.guilty, found.elsewhere, found.put_back) == (2, 3, 0.5, None)
    assert said(cause("shop/core.py", "wrapper", 1.0)).right
    assert not said(cause("shop/core.py", "other", 0.6), cause("shop/core.py", "Row", 0.4)).right
    assert not said(cause("", "elsewhere", 1.0, "elsewhere")).right


def test_a_set_that_is_put_back_is_judged_by_its_members() -> None:
    """It holds a guilty function, or it doesn't."""

    def put_back(name: str) -> bool | None:
        change = Change(name, "shop/core.py", "function", 1.0, None, (), 0)
        reversal = Reversal((change,), 1.0, None, 1.0, None, (), 1, 1, 1.0, True, (), "unknown")
        return said(cause("", "elsewhere", 1.0, "elsewhere"), reversal=reversal).put_back

    assert put_back("class Row: __slots__") is True
    assert put_back("other") is False


def test_a_case_that_can_not_be_read_is_named(tmp_path: Path) -> None:
    """By its file, or among those that there are."""
    with pytest.raises(CorpusError, match=r"no case nothing; the cases are .*dacite_1_7"):
        read_cases(["nothing"])
    (tmp_path / "half.toml").write_text('package = "shop"\n')
    with pytest.raises(CorpusError, match=r"half\.toml can't be read"):
        read_cases(folder=tmp_path)
