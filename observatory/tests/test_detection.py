"""The study of detection grades slowdowns, asks about each size alike, and counts what is found."""

from __future__ import annotations

import ast
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from observatory.injections.kinds.kind import Place
from observatory.injections.truth import Ratio, TruthError
from observatory.studies import detection, graded
from observatory.studies.detection import SIZES, in_turn, main
from observatory.studies.detection_figures import COUNTED, figures, found_table, smallest_table
from observatory.studies.graded import Graded, Site, found_site, slowed
from observatory.studies.verdicts import HOOK

FILES = {
    "shop/cart.py": (
        'def total(prices):\n    """Add."""\n    return sum(map(float, prices))\n\n\n'
        "def price(one):\n    return float(one)\n"
    )
}


class Bench:
    """Stands for a workbench whose commits are named by what they hold."""

    base = "released"
    files = FILES

    def __init__(self, *_: Any, **__: Any) -> None:
        """Nothing is made."""

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is open."""

    def commit(self, files: dict[str, str], message: str) -> str:
        """A commit of these files."""
        return json.dumps(files) + message


def costs(step: float, calls: int) -> Any:
    """Stands for `compare`: so much for each step of work, at so many calls of a millisecond."""

    def compare(_: Bench, variants: Any, __: str, rounds: int) -> dict[str, Ratio]:
        assert rounds > 0
        found = {}
        for name, files in variants.items():
            text = files.get("shop/cart.py", "range(0)")
            amount = int(text.partition("range(")[2].partition(")")[0])
            ratio = 1 + step * amount * calls
            found[name] = Ratio(ratio, ratio - 1e-3, ratio + 1e-3, 1e-3)
        return found

    return compare


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str, int], int]:
    """A package of two functions, one of which is called too often for fine sizes."""
    found = {("shop/cart.py", "total", 1): 4, ("shop/cart.py", "price", 6): 500}
    monkeypatch.setattr(graded, "compare", costs(1e-5, 4))
    monkeypatch.setattr(graded, "counts", lambda *_: dict(found))
    return found


def test_work_is_put_where_it_can_be_steered(calls: dict[tuple[str, str, int], int]) -> None:
    """The function that is called most, but for those where the least work is too much."""
    bench: Any = Bench()
    site = found_site(bench, "suite.Shop.time_day", 3)
    assert site is not None
    assert site.place == Place("shop/cart.py", "total", 4.0)
    files = slowed(bench, site, 17)
    tree = ast.parse(files["shop/cart.py"])
    function = tree.body[0]
    assert isinstance(function, ast.FunctionDef)
    assert "range(17)" in ast.unparse(function)
    assert ast.unparse(tree.body[1]) == ast.unparse(ast.parse(FILES["shop/cart.py"]).body[1])


def test_no_place_is_no_site(
    calls: dict[tuple[str, str, int], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A benchmark that calls everything very often is left out."""
    monkeypatch.setattr(graded, "counts", lambda *_: {("shop/cart.py", "price", 6): 500})
    bench: Any = Bench()
    assert found_site(bench, "suite.Shop.time_day", 3) is None


def test_sizes_are_in_proportion_to_what_work_costs(
    calls: dict[tuple[str, str, int], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a step was guessed to cost, the amounts come to the sizes."""
    bench: Any = Bench()
    site = found_site(bench, "suite.Shop.time_day", 3)
    assert site is not None
    found = graded.graded(bench, site, (0.01, 0.05), 2)
    assert {size: one.amount for size, one in found.items()} == {0.01: 250, 0.05: 1250}
    for size, one in found.items():
        assert one.size == pytest.approx(size)
        assert one.seen == pytest.approx(size)
        assert one.low < one.size < one.high
    monkeypatch.setattr(graded, "compare", costs(-1e-6, 4))
    with pytest.raises(TruthError, match="does not get slower by work in total"):
        graded.graded(bench, site, (0.01,), 2)


def test_what_work_costs_is_measured_until_two_agree(
    calls: dict[tuple[str, str, int], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A first comparison on a machine three times as slow decides nothing."""
    bench: Any = Bench()
    site = found_site(bench, "suite.Shop.time_day", 3)
    assert site is not None
    prices = iter([costs(3e-5, 4), costs(1e-5, 4), costs(1e-5, 4), costs(3e-5, 4)])
    monkeypatch.setattr(graded, "compare", lambda *how: next(prices)(*how))
    found = graded.graded(bench, site, (0.01,), 2)
    assert found[0.01].amount == 250
    assert len([*prices]) == 1


def test_every_subject_has_a_turn_before_any_has_two() -> None:
    """Subjects take turns, each with its benchmarks in the order drawn."""
    every = [("a", "1"), ("a", "2"), ("b", "3"), ("a", "4"), ("c", "5"), ("b", "6")]
    assert [one for _, one in in_turn(every)] == ["1", "3", "5", "2", "6", "4"]


def trial(size: float, verdict: str, *, counted: bool = False) -> dict[str, Any]:
    """A trial in which asv says nothing, and instructions rise by the size."""
    values = [1000.0] * 6 if counted else []
    return {
        "size": size,
        "measured": size,
        "others": 0.5,
        "hook": {
            "verdict": verdict,
            "before": {"instructions": values},
            "after": {"instructions": [one * (1 + size) for one in values]},
        },
        "asv": {"answers": {"1.1": "neither", "1.01": "neither"}},
    }


def neither(_: Bench, before: str, after: str, names: Any, **how: Any) -> Any:
    """Stands for asv, which never says anything."""
    return {name: trial(0.0, "same")["asv"] for name in names}


def test_what_was_found_is_counted() -> None:
    """The smallest size is that of the curve; a slowdown of nothing is no slowdown to be found."""
    trials = [trial(0.0, "slower"), *(trial(0.01, "unknown") for _ in range(40))]
    trials += [trial(0.03, "slower") for _ in range(40)]
    told = figures(trials, 1.01, 1)
    assert told["sizes"]["0.0"]["found"][HOOK]["hits"] == 1
    assert told["sizes"]["0.01"]["found"][HOOK]["hits"] == 0
    assert told["sizes"]["0.03"]["found"][HOOK]["value"] == 1.0
    assert told["smallest"][HOOK]["step"] == 0.03
    assert told["smallest"]["asv continuous"]["size"] is None
    assert not told["instructions"]
    assert COUNTED not in told["smallest"]
    assert [table.row_count for table in (found_table(told), smallest_table(told))] == [12, 4]
    last = [list(column.cells)[-1] for column in smallest_table(told).columns]
    assert last[:2] == [COUNTED, "not available here"]


def test_instructions_judge_where_they_are_counted() -> None:
    """What time leaves open, instructions may tell."""
    told = figures([trial(0.01, "unknown", counted=True) for _ in range(40)], 1.01, 1)
    assert told["instructions"]
    assert told["sizes"]["0.01"]["found"][HOOK]["hits"] == 0
    assert told["sizes"]["0.01"]["found"][COUNTED]["hits"] == 40
    assert told["smallest"][COUNTED]["step"] == 0.01
    same = figures([trial(0.0, "same", counted=True)], 1.01, 1)
    assert same["sizes"]["0.0"]["found"][COUNTED]["hits"] == 0


def test_a_stopped_study_goes_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Sites and work are measured once for each benchmark, and no trial is made twice."""
    made: list[str] = []
    pairs: list[tuple[float, str]] = []

    def site(_: Bench, benchmark: str, __: int) -> Site | None:
        made.append(f"site {benchmark}")
        # The first has no place for work.
        return Site(benchmark, Place("p.py", "f", 1.0), 1e-3, "s") if len(made) > 1 else None

    def work(_: Bench, one: Site, sizes: Any, rounds: int) -> dict[float, Graded]:
        made.append(f"work {one.benchmark}")
        return {size: Graded(int(size * 1000), size, size, size, size) for size in sizes}

    def verdict(_: Bench, before: str, after: str, benchmark: str, **how: Any) -> Any:
        if len(pairs) == 9:
            pairs.append((0.0, "stop"))
            raise KeyboardInterrupt
        assert how["factor"] == 1.02
        pairs.append((float(after.partition("Slower by ")[2].rstrip("%") or 0), benchmark))
        return trial(0.0, "same")["hook"]

    monkeypatch.setattr(detection, "Workbench", Bench)
    monkeypatch.setattr(detection, "found_site", site)
    monkeypatch.setattr(detection, "graded", work)
    monkeypatch.setattr(detection, "slowed", lambda *_: {})
    monkeypatch.setattr(detection, "verdict", verdict)
    monkeypatch.setattr(detection, "beside", neither)
    monkeypatch.setattr(detection, "SELDOM", {})
    # As if everything were found, so that nothing is settled.
    monkeypatch.setattr(detection, "OFTEN", 0.0)
    words = ["--out", str(tmp_path), "--number", "2", "--factor", "1.02"]
    assert main([*words, "--sizes", "5", "0.5"]) == 0
    assert {size for size, _ in pairs} == {5.0, 0.5}
    assert main(words) == 130
    assert main(words) == 0
    asked = [one for one in pairs if one[1] != "stop"]
    assert len(asked) == len(set(asked)) == 2 * len(SIZES)
    assert len(made) == len(set(made)) == 5
    told = json.loads((tmp_path / "detection.json").read_bytes())
    assert told["figures"]["factor"] == 1.02
    assert list(told["figures"]["sizes"]) == [str(size) for size in SIZES]
    assert {one["found"][HOOK]["trials"] for one in told["figures"]["sizes"].values()} == {2}


def test_what_is_settled_is_asked_about_no_more(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A size missed too often, for the hook or for asv alone; one far off is asked about seldom."""
    asked: dict[str, list[float]] = {"hook": [], "asv": []}

    def work(_: Bench, one: Site, sizes: Any, rounds: int) -> dict[float, Graded]:
        return {size: Graded(int(size * 1000), size, size, size, size) for size in sizes}

    def size_of(after: str) -> float:
        return float(after.partition("Slower by ")[2].rstrip("%") or 0)

    def verdict(_: Bench, before: str, after: str, benchmark: str, **how: Any) -> Any:
        asked["hook"].append(size_of(after))
        return trial(0.0, "slower" if size_of(after) > 2 else "unknown")["hook"]

    def beside(_: Bench, before: str, after: str, names: Any, **how: Any) -> Any:
        asked["asv"].append(size_of(after))
        return neither(_, before, after, names)

    monkeypatch.setattr(detection, "Workbench", Bench)
    monkeypatch.setattr(
        detection, "found_site", lambda _, name, __: Site(name, Place("p.py", "f", 1.0), 1e-3, "s")
    )
    monkeypatch.setattr(detection, "graded", work)
    monkeypatch.setattr(detection, "slowed", lambda *_: {})
    monkeypatch.setattr(detection, "verdict", verdict)
    monkeypatch.setattr(detection, "beside", beside)
    assert main(["--out", str(tmp_path), "--number", "20"]) == 0
    hook, asv = (Counter(asked[who]) for who in ("hook", "asv"))
    # One of twenty may be missed, so that two settle it.
    assert (hook[1.0], hook[2.0], hook[3.0]) == (2, 2, 20)
    assert (asv[1.0], asv[2.0], asv[3.0]) == (2, 2, 2)
    assert (hook[0.0], hook[5.0]) == (4, 4)
    assert (asv[0.0], asv[5.0]) == (4, 2)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--sizes", "4"), "4 is none of 0, 0.5, 1, 1.5, 2, 3, 5"),
        (("--factor", "0.9"), "a number above 1"),
    ],
)
def test_what_can_not_be_tried_is_one_clear_line(
    words: tuple[str, ...], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A size that is not graded, and a factor that counts everything, are refused."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert complaint in capsys.readouterr().err.splitlines()[-1]
