"""Memory by line and changed calls, from values to values."""

from __future__ import annotations

import dataclasses
import math
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recording import record

from asv_explain.changes.change import Change, Changes
from asv_explain.explanation import Explanation, LineChange, Place, Verdict, decode, encode
from asv_explain.measuring.confirm import MIN_PAIRS
from asv_explain.measuring.confirm_values import confirm_any, confirm_values
from asv_explain.measuring.rounds import Failure, Round, RoundError, Rounds, round_from_answer
from asv_explain.parts import unmeasured
from asv_explain.profiles.profile import profile_from_raw
from asv_explain.profiles.wire import WireError
from asv_explain.suspect import Suspect
from asv_explain.value_pipeline import explain_values
from asv_explain.values.calls import MOST_CALLS, call_changes
from asv_explain.values.line_match import match_lines
from asv_explain.values.memory import MemoryCause, describe, memory_causes
from asv_explain.values.trace import Function, Row, Trace, trace_from_raw

SUSPECT = Suspect("suite.peakmem_it", None, (), "env", "machine", "a" * 40, "b" * 40)

# --- lines ---

LINES = st.lists(st.sampled_from(["a = 1", "b = [0] * n", "return a", "", "for x in y:"]))


@given(LINES, LINES)
def test_each_line_has_one_partner_at_most(before: list[str], after: list[str]) -> None:
    """Pairs are one to one and within both versions."""
    pairs = match_lines(before, after)
    assert len(set(pairs.values())) == len(pairs)
    assert all(0 <= one < len(before) and 0 <= two < len(after) for one, two in pairs.items())


@given(st.lists(st.integers(0, 99).map(lambda n: f"x{n} = {n}"), unique=True), st.randoms())
def test_lines_in_any_other_order_are_never_new(lines: list[str], random: Any) -> None:
    """Moved lines find each other by their text, and indents play no part."""
    shuffled = list(lines)
    random.shuffle(shuffled)
    pairs = match_lines(lines, ["    " + one for one in shuffled])
    assert {lines[one]: shuffled[two] for one, two in pairs.items()} == {one: one for one in lines}


def test_an_edited_line_is_the_same_line() -> None:
    """The most alike of those that replace one another are paired; others are new or gone."""
    before = ["def f(n):", "    kept = [0] * n", "    return kept"]
    after = ["def f(n):", "    import math", "    kept = [0] * (2 * n)", "    return kept"]
    assert match_lines(before, after) == {0: 0, 1: 2, 2: 3}
    assert match_lines(["x = 1"], ["while True: pass"]) == {}


# --- causes ---


def function(
    name: str, path: str = "shop/core.py", line: int = 1, home: str = "site", *source: str
) -> Function:
    """A function with a source."""
    return Function(
        home, path, name, line, source or (f"def {name}():", "    a = []", "    b = []")
    )


HELPER, CALLER = function("helper"), function("caller", line=10)
BENCH = function("time_it", "benchmarks/suite.py", 1, "bench")
LIBRARY = Function("stdlib", "json/decoder.py", "", 0, ())


def trace(functions: tuple[Function, ...], *rows: tuple[int, tuple[tuple[int, int], ...]]) -> Trace:
    """A trace with one block for each row."""
    made = tuple(Row(size, 1, stack) for size, stack in rows)
    return Trace(functions, made, sum(row.size for row in made), 0, ())


def changed(name: str, first: int, **more: Any) -> Change:
    """A change of a function in one file."""
    values: dict[str, Any] = {
        "kind": "function",
        "name": name,
        "path_before": "shop/core.py",
        "path_after": "shop/core.py",
        "file_before": "shop/core.py",
        "file_after": "shop/core.py",
        "lines_before": (first, first + 2),
        "lines_after": (first, first + 2),
        "details": ("body",),
    }
    return Change(**{**values, **more})


def only(causes: tuple[MemoryCause, ...]) -> MemoryCause:
    """The one cause whose memory differs."""
    (one,) = [cause for cause in causes if cause.amount]
    return one


STACK = ((0, 2), (1, 11), (2, 2))
ALL = (HELPER, CALLER, BENCH)


def test_memory_belongs_to_the_nearest_caller_that_changed() -> None:
    """An unchanged helper's allocation is its changed caller's, at the line that called it."""
    sides = trace(ALL, (100, STACK)), trace(ALL, (300, STACK))
    one = only(memory_causes(*sides, Changes((changed("caller", 10),))))
    assert (one.name, one.kind, one.amount, one.size) == ("caller", "changed", 200, (100, 300))
    place = Place("shop/core.py", 11)
    assert one.lines == (LineChange("a = []", place, place, 100, 300, 1, 1, "helper"),)
    assert describe(one) == (
        "`caller` changed; its line 11, through `helper`, holds 200 bytes more"
    )


def test_without_changed_callers_memory_belongs_to_the_line_that_allocates() -> None:
    """The nearest code that is no library of Python's is named, and as unchanged."""
    stack = ((3, 40), *STACK)
    functions = (*ALL, LIBRARY)
    one = only(memory_causes(trace(functions), trace(functions, (80, stack)), Changes()))
    assert (one.name, one.kind) == ("helper", "unchanged")
    assert one.lines[0].via == "json/decoder.py"
    library = trace((LIBRARY,), (80, ((0, 40),)))
    assert only(memory_causes(trace(()), library, Changes())).name == "json/decoder.py"


def test_readers_of_a_changed_constant_are_what_it_changed() -> None:
    """A function that reads a changed name outside functions holds the memory."""
    module = changed(
        "<module>", 1, kind="module", readers=(("shop/core.py", "caller"),), lines_after=(90, 99)
    )
    sides = trace(ALL, (100, STACK)), trace(ALL, (300, STACK))
    one = only(memory_causes(*sides, Changes((module,))))
    assert (one.name, one.kind) == ("caller", "module")


def test_moved_code_is_neither_new_nor_gone() -> None:
    """To another line, into another file, with its file, or changed on the way."""
    below = dataclasses.replace(HELPER, line=50)
    elsewhere = dataclasses.replace(HELPER, path="shop/text.py")
    renamed = Changes(renames={"shop/core.py": "shop/text.py"})
    also = Changes((changed("helper", 1, path_after="shop/text.py", details=("moved", "body")),))
    before = trace((HELPER,), (100, ((0, 2),)))
    for function_after, changes in (
        (below, Changes()),
        (elsewhere, Changes()),
        (elsewhere, renamed),
        (elsewhere, also),
    ):
        line = function_after.line + 1
        (one,) = memory_causes(before, trace((function_after,), (130, ((0, line),))), changes)
        assert (one.size, len(one.lines)) == ((100, 130), 1)
        assert one.lines[0].after == Place(function_after.path, line)


def test_same_named_functions_are_told_apart_by_order() -> None:
    """The second of two keeps its lines, wherever both have moved to."""
    before = (function("f"), function("f", line=20))
    after = (function("f", line=5), function("f", line=30))
    sides = trace(before, (10, ((1, 21),))), trace(after, (30, ((1, 31),)))
    (one,) = memory_causes(*sides, Changes())
    assert one.lines[0].before == Place("shop/core.py", 21)
    assert one.lines[0].after == Place("shop/core.py", 31)


@st.composite
def traces(draw: st.DrawFn) -> Trace:
    """Traces of any stacks through a few functions."""
    frames = st.tuples(st.integers(0, 3), st.integers(0, 40))
    rows = draw(st.lists(st.tuples(st.integers(0, 10**9), st.lists(frames, max_size=4).map(tuple))))
    return trace((*ALL, LIBRARY), *rows)


@given(traces(), traces(), st.lists(st.sampled_from(["helper", "caller", "gone"]), unique=True))
def test_no_byte_is_lost_or_made_up(before: Trace, after: Trace, names: list[str]) -> None:
    """Causes, and the lines within each, add up to the difference of the totals."""
    changes = Changes(tuple(changed(name, 10 * (name == "caller") or 1) for name in names))
    causes = memory_causes(before, after, changes)
    assert sum(one.amount for one in causes) == after.total - before.total
    assert sum(one.size[0] for one in causes) == before.total
    blocks = sum(row.blocks for row in after.rows)
    assert sum(line.blocks_after for one in causes for line in one.lines) == blocks


# --- raw traces ---

RAW: dict[str, Any] = {
    "peak": 50,
    "rows": [[30, 2, [[0, 2]]]],
    "temporary": [10, [[0, 1]]],
    "origin": [[0, 1]],
    "functions": [
        {"home": "site", "path": "a.py", "name": "f", "line": 1, "source": ["def f():", " x"]}
    ],
}


def test_a_raw_trace_is_read() -> None:
    """What was freed again counts as one block of its line."""
    found = trace_from_raw(RAW)
    assert found.rows == (Row(30, 2, ((0, 2),)), Row(10, 1, ((0, 1),)))
    assert (found.total, found.temporary, found.peak) == (40, 10, 50)


@pytest.mark.parametrize(
    "broken",
    [
        {"peak": -1},
        {"peak": 1.5},
        {"rows": {}},
        {"rows": [[1, 1]]},
        {"rows": [[1, 1, [[1, 2]]]]},
        {"rows": [[1, 1, [[0]]]]},
        {"rows": [[1, True, []]]},
        {"temporary": [1]},
        {"origin": None},
        {"functions": [1]},
        {"functions": [{**RAW["functions"][0], "home": "moon"}]},
        {"functions": [{**RAW["functions"][0], "source": [1]}]},
    ],
)
def test_a_broken_trace_is_refused(broken: dict[str, Any]) -> None:
    """Nothing half read ever passes for a trace; what is missing is refused as well."""
    with pytest.raises(WireError):
        trace_from_raw({**RAW, **broken})
    with pytest.raises(WireError):
        trace_from_raw({name: value for name, value in RAW.items() if name not in broken})


# --- calls ---


def leaf() -> int:
    return 1


def test_changed_calls_are_told_per_call_of_the_benchmark() -> None:
    """Functions on both sides and on one; what is called as often as before is left out."""
    before = profile_from_raw(record(lambda: [leaf() for _ in range(3)], number=2))
    after = profile_from_raw(record(lambda: [leaf() + len("x") for _ in range(5)], number=2))
    found = {one.name: (one.calls_before, one.calls_after) for one in call_changes(before, after)}
    assert found["leaf"] == (3.0, 5.0)
    assert any("len" in name and calls == (0.0, 5.0) for name, calls in found.items())
    assert call_changes(before, before) == ()
    assert len(found) <= MOST_CALLS


# --- verdicts ---


def valued(value: float) -> Round:
    """A round with a value."""
    return Round("value", None, None, None, 1, 0.0, (), None, None, value=value)


def rounds(before: list[float], after: list[float], kind: str = "track") -> Rounds:
    """Rounds of values."""
    return Rounds(tuple(map(valued, before)), tuple(map(valued, after)), kind, "steps")


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        (100.0, 100.0, Verdict.SAME),
        (100.0, 104.0, Verdict.SAME),
        (100.0, 106.0, Verdict.SLOWER),
        (100.0, 90.0, Verdict.FASTER),
        (0.0, 0.0, Verdict.SAME),
        (0.0, 1e-9, Verdict.SLOWER),
        (0.0, -1.0, Verdict.FASTER),
        (-100.0, -104.0, Verdict.SAME),
        (-100.0, -90.0, Verdict.SLOWER),
        (-1.0, 1.0, Verdict.SLOWER),
    ],
)
def test_values_that_never_scatter_have_a_verdict(
    before: float, after: float, verdict: Verdict
) -> None:
    """A higher value is the worse one; from 0, and below it, differences decide."""
    answer = confirm_values(rounds([before] * MIN_PAIRS, [after] * MIN_PAIRS))
    assert answer.verdict is verdict
    assert answer.difference == pytest.approx(after - before, abs=0)
    assert (answer.ratio is None) is (min(before, after) <= 0)
    found = rounds([before] * MIN_PAIRS, [after] * MIN_PAIRS)
    assert confirm_any(found) == (verdict, answer.ratio, answer.reason)


def test_values_that_scatter_too_much_are_unknown() -> None:
    """An interval on both sides of the factor, and too few pairs, are no verdict."""
    wide = confirm_values(rounds([100.0, 120.0, 90.0, 110.0], [110.0, 100.0, 120.0, 95.0]))
    few = confirm_values(rounds([1.0] * 2, [2.0] * 2))
    assert {wide.verdict, few.verdict} == {Verdict.UNKNOWN}
    assert [one.kind for one in (*wide.caveats, *few.caveats)] == ["open", "few-rounds"]
    assert confirm_values(rounds([1.0], [2.0])).difference is None
    with pytest.raises(ValueError, match="factor"):
        confirm_values(rounds([1.0], [2.0]), 1.0)


@pytest.mark.parametrize(
    "answer",
    [{"value": None}, {"value": math.inf}, {"value": "1"}, {}],
)
def test_an_answer_without_a_value_is_refused(answer: dict[str, Any]) -> None:
    """And so is one without a trace where one was asked for."""
    with pytest.raises(RoundError):
        round_from_answer({"schema": 1, "error": None, **answer}, "value")
    with pytest.raises(RoundError):
        round_from_answer({"schema": 1, "error": None, **answer}, "trace")


# --- explanations ---


def explained(kind: str, *, failure: Failure | None = None) -> Explanation:
    """The explanation of values that doubled; nothing of git is asked for without causes."""
    found = rounds([50.0] * MIN_PAIRS, [100.0] * MIN_PAIRS, kind)
    if failure is not None:
        failed = Round("trace", None, None, None, 0, 0.0, (), None, failure)
        found = dataclasses.replace(found, before=(*found.before, failed))
    return explain_values(SUSPECT, found, Path("nowhere"), 1.05).explanation


def test_without_tracemalloc_the_cause_is_unknown_and_the_remedy_told() -> None:
    """The measured verdict stands, as it was measured; all of it is residual."""
    found = explained("peakmem", failure=Failure("untraceable", "no tracemalloc"))
    assert (found.verdict, found.causes, found.residual) == (Verdict.SLOWER, (), 50.0)
    (caveat,) = found.caveats
    assert "unknown" in caveat.text
    assert "CPython" in caveat.remedy


def test_a_tracked_value_says_plainly_that_it_cannot_be_attributed() -> None:
    """Also where profiling it failed."""
    found = explained("track", failure=Failure("timeout", "too late"))
    assert (found.causes, found.residual, found.unit) == ((), 50.0, "steps")
    assert [one.kind for one in found.caveats] == ["trace", "tracked"]


def test_what_could_not_be_loaded_is_of_no_kind() -> None:
    """Nobody knows what would have been measured, and no unit is made up."""
    found = unmeasured(SUSPECT, "it does not build", "mend it").explanation
    assert (found.kind, found.unit, found.verdict) == ("unknown", "", Verdict.UNKNOWN)
    assert decode(encode(found)) == found


def test_what_could_not_be_measured_is_unknown() -> None:
    """A failed value leaves nothing to explain."""
    failed = Round("value", None, None, None, 0, 0.0, (), None, Failure("failed", "no number"))
    found = explain_values(
        SUSPECT, Rounds((failed,), (), "track", "steps"), Path("nowhere"), 1.05
    ).explanation
    assert (found.verdict, found.difference, found.residual) == (Verdict.UNKNOWN, None, None)
    assert "no number" in found.caveats[0].text


@pytest.fixture
def repository(tmp_path: Path) -> tuple[Path, Suspect]:
    """Two commits, the later of which changed `shop.core.caller`."""

    def git(*words: str) -> str:
        identity = ("-c", "user.name=T", "-c", "user.email=t@example.org")
        done = subprocess.run(
            ["git", *identity, *words], cwd=tmp_path, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    git("init", "-q", "-b", "main")
    (tmp_path / "shop").mkdir()
    commits = []
    for count in ("n", "(2 * n)"):
        text = f"def caller(n):\n    kept = [0] * {count}\n    return kept\n"
        (tmp_path / "shop" / "core.py").write_text(text)
        git("add", "--all")
        git("commit", "-q", "-m", f"keep {count}")
        commits.append(git("rev-parse", "HEAD"))
    return tmp_path, dataclasses.replace(SUSPECT, before=commits[0], after=commits[1])


def raw(size: int, count: str, **more: Any) -> dict[str, Any]:
    """A raw trace of `caller` as the harness has it."""
    source = ["def caller(n):", f"    kept = [0] * {count}", "    return kept"]
    function = {"home": "site", "path": "shop/core.py", "name": "caller", "line": 1}
    return {
        "peak": size,
        "rows": [[size, 1, [[0, 2]]]],
        "temporary": [0, []],
        "origin": [[0, 2]],
        "functions": [{**function, "source": source}],
        **more,
    }


def told(
    repository: tuple[Path, Suspect], kind: str, before: dict[str, Any], after: dict[str, Any]
) -> Explanation:
    """The explanation of 1,000 bytes that became 2,000, with these traces."""
    found = rounds([1000.0] * MIN_PAIRS, [2000.0] * MIN_PAIRS, kind)
    traced = [
        Round("trace", None, None, None, 1, 0.0, (), None, None, trace=one)
        for one in (before, after)
    ]
    found = dataclasses.replace(
        found, before=(*found.before, traced[0]), after=(*found.after, traced[1]), unit="bytes"
    )
    return explain_values(repository[1], found, repository[0], 1.05).explanation


def test_a_cause_of_memory_points_at_line_and_commit(repository: tuple[Path, Suspect]) -> None:
    """What the traces explain is the function's, the rest is residual; together all of it."""
    found = told(repository, "peakmem", raw(950, "n"), raw(1930, "(2 * n)"))
    (cause,) = found.causes
    assert (cause.name, cause.amount, cause.share, found.residual) == ("caller", 980.0, 0.98, 20.0)
    assert cause.lines[0].text == "kept = [0] * (2 * n)"
    assert (cause.lines[0].bytes_before, cause.lines[0].bytes_after) == (950, 1930)
    assert [one.subject for one in cause.commits] == ["keep (2 * n)"]
    assert cause.count_after * cause.price_after == 1930
    assert found.caveats == ()


@pytest.mark.parametrize(
    ("kind", "before", "after", "caveat", "amounts"),
    [
        ("mem", raw(1000, "n"), raw(900, "(2 * n)"), "held", [1000.0]),
        ("peakmem", raw(1000, "n"), raw(1500, "(2 * n)"), "outside", [500.0]),
        ("peakmem", raw(1000, "n"), raw(2000, "(2 * n)", peak=0), "unstable", []),
        (
            "peakmem",
            raw(1000, "n"),
            raw(800, "(2 * n)", temporary=[1200, [[0, 2]]], peak=2000),
            "brief",
            [1000.0],
        ),
    ],
)
def test_what_weakens_a_trace_is_told_with_its_remedy(
    repository: tuple[Path, Suspect],
    kind: str,
    before: dict[str, Any],
    after: dict[str, Any],
    caveat: str,
    amounts: list[float],
) -> None:
    """Each weakness has its kind, and the sum stays whole."""
    found = told(repository, kind, before, after)
    assert [one.kind for one in found.caveats] == [caveat]
    assert all(one.remedy for one in found.caveats)
    assert [one.amount for one in found.causes] == amounts
