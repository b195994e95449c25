"""What fuzzing found, each by the smallest input that did it."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import tracemalloc
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from published import BENCHMARK, MACHINE, Published
from world import World, exported, made

from asv_explain import ExplainError, explain
from asv_explain.asv_side.benchmarks import MOST_COMBINATIONS, load_benchmarks, select_benchmarks
from asv_explain.asv_side.discover import read_descriptions
from asv_explain.asv_side.project import (
    ProjectError,
    load_project,
    machine_facts,
)
from asv_explain.asv_side.select import select_between, select_history
from asv_explain.changes.change import Change
from asv_explain.changes.evidence import cut_out, evidence
from asv_explain.changes.git import GitError, read_changed, read_contents, read_tree
from asv_explain.changes.scopes import FunctionScope, read_source
from asv_explain.changes.sources import function_pairs
from asv_explain.explanation import ExplanationError, Kind, Verdict, decode, encode
from asv_explain.measuring.process import read_answer
from asv_explain.measuring.rounds import RoundError, round_from_answer
from asv_explain.pages.downloads import downloads
from asv_explain.pages.page import page
from asv_explain.pages.traveling import traveling_page
from asv_explain.plausible import MOST_LINES
from asv_explain.profiles.pair import decode_pair
from asv_explain.profiles.profile import profile_from_raw
from asv_explain.profiles.sampled import from_profiles
from asv_explain.profiles.wire import WireError, show
from asv_explain.reports.markdown import to_markdown
from asv_explain.reports.terminal import render
from observatory.studies.fuzzing import examples

TIMED: dict[str, Any] = json.loads(examples.answers()[0])

# Bytes that reading a hostile input may take besides the input.
LITTLE = 20_000_000

FORM_FEED = "def one():\n    return 1\n\n\x0c\n\ndef two():\n    return {}\n"


def test_a_form_feed_breaks_no_line(world: World) -> None:
    """GNU-style sources hold one between functions; diff, lines and source are right below it."""
    (world.root / "feed.py").write_text(FORM_FEED.format(2), encoding="utf-8")
    before = world.commit("feed", 0.01)
    (world.root / "feed.py").write_text(FORM_FEED.format(3) + "\x0c\n", encoding="utf-8")
    after = world.commit("fed", 0.01)
    change = Change(
        *("function", "two", "feed.py", "feed.py", "feed.py", "feed.py", (6, 7), (6, 7)), ("body",)
    )
    found = evidence(world.root, before, after, change)
    assert found.source_after == "def two():\n    return 3"
    assert found.hunk.split("\n")[1:] == [
        *(" \x0c", " ", " def two():", "-    return 2", "+    return 3"),
        "+\x0c",
    ]
    assert cut_out(b"@@ -1 +1,2 @@\n-\x0c\n+a\n+\x0c\n", Change("", "", None, None, None, None))


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A repository with one commit, of which installing and measuring are made up."""
    return made(tmp_path, monkeypatch)


def test_one_long_text_among_numbers_takes_no_memory() -> None:
    """A table of texts would be as wide in every cell as its longest."""
    raw = {**examples.raw_profile(), "edges": [[0, 0, 1, 0, 0.0, 0.0]] * 5000}
    raw["edges"][7] = [0, 0, 1, 0, 0.0, "x" * 1_000_000]
    tracemalloc.start()
    try:
        with pytest.raises(WireError, match=r"edges\[7\]\.cumulative: expected a number, got 'xx"):
            profile_from_raw(raw)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < LITTLE


@pytest.mark.parametrize("value", [True, "1", None, [1]])
def test_what_numpy_takes_for_a_number_is_refused(value: object) -> None:
    """Numpy reads texts and truth values as numbers, which no harness writes for one."""
    raw = {**examples.raw_profile(), "edges": [[0, 0, 1, 0, 0.0, value]]}
    with pytest.raises(WireError, match="expected a number"):
        profile_from_raw(raw)


def test_what_is_shown_of_a_value_is_short_however_deep_it_is() -> None:
    """Writing it out would take all the stack that is left, or all the memory."""
    deep: list[Any] = []
    for _ in range(sys.getrecursionlimit() * 2):
        deep = [deep]
    assert len(show(deep)) <= 60
    assert len(show(["x" * 100] * 1000)) <= 60


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("seconds", [10**400], "expected numbers below|expected .* numbers"),
        ("seconds", [1e300], "expected a number below"),
        ("same", [[0, 0], [0, 0]], "each function once"),
    ],
)
def test_stored_profiles_are_sound(field: str, value: Any, reason: str) -> None:
    """Endless figures and a function that is the same as two are refused."""
    raw = json.loads(examples.pairs()[0])
    if field == "seconds":
        stacks = raw["before"]["stacks"]
        stacks["seconds"] = value * len(stacks["seconds"])
    else:
        raw["same"] = value
    with pytest.raises(WireError, match=reason):
        decode_pair(json.dumps(raw).encode())


@pytest.mark.parametrize(
    "changes",
    [
        {"error": {"kind": ["failed"], "text": ""}},
        {"error": "failed"},
        {"samples": ["1"]},
        {"samples": [float("nan")]},
        {"samples": [-1.0]},
        {"samples": [10**400]},
        {"wall": -1e-3},
        {"wall": 10**400},
        {"wall": True},
        {"number": True},
        {"number": 2**60},
        {"instructions": -1},
        {"instructions": True},
    ],
)
def test_an_answer_that_cannot_be_is_refused(changes: Mapping[str, Any]) -> None:
    """Each was an error of another kind, or a round with such figures."""
    assert round_from_answer(TIMED).number == TIMED["number"]
    with pytest.raises(RoundError):
        round_from_answer({**TIMED, **changes})


@pytest.mark.parametrize(
    "trace",
    [{"imports": 3}, {"imports": [1]}, {"peak": "9"}, {"temporary": [-1]}, {"temporary": [[]]}],
)
def test_a_trace_that_cannot_be_is_refused(trace: Mapping[str, Any]) -> None:
    """The next trace depends on these figures before the whole is read."""
    raw = {**json.loads(examples.traces()[0]), **trace}
    with pytest.raises(RoundError):
        round_from_answer({"schema": 1, "trace": raw}, "trace")


def test_answers_are_read_as_python_writes_them() -> None:
    """What is no number stays none, half a character becomes a question mark, depth is refused."""
    assert str(read_answer(b'{"wall": NaN}')) == "{'wall': nan}"
    assert read_answer(b'{"path": "a\\udcff.py"}') == {"path": "a?.py"}
    with pytest.raises(ValueError, match="nested too deeply"):
        read_answer(b"[" * 100_000)
    with pytest.raises(ValueError, match="Expecting property name"):
        read_answer(b"{'a': 1}")


@pytest.mark.parametrize(
    "answer",
    [
        {"schema": 1, "kind": ["time"], "unit": "seconds"},
        {"schema": 1, "unit": 5},
        {"schema": 1, "timeout": "soon"},
        {"schema": 1, "error": {"kind": "failed"}},
        {"schema": 1, "error": 7},
        {"schema": "1"},
    ],
)
def test_a_benchmark_that_says_nonsense_of_itself_is_unknown(
    world: World, monkeypatch: pytest.MonkeyPatch, answer: Mapping[str, Any]
) -> None:
    """What is read before measuring is checked like what is measured."""
    world.commit("after", 0.020)
    monkeypatch.setattr(world, "_run", lambda *_: answer)
    (found,) = exported(world, "base", "after")
    assert found["verdict"] == Verdict.UNKNOWN.value
    assert found["caveats"]


@pytest.mark.parametrize("data", [b"7", b"{}", b"[7]", b"[" * 50_000, b"", b"null"])
def test_what_is_no_list_of_benchmarks_is_refused(data: bytes) -> None:
    """A number was no list that could be gone through, and a dictionary gave its keys."""
    with pytest.raises(ValueError, match=r"no list|too deeply|Expecting"):
        read_descriptions(data)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """A project with recorded results, which no test changes for good."""
    return Published.make(tmp_path_factory.mktemp("project"), params=[["1", "2"], ["a", "b", "c"]])


def test_combinations_of_parameters_do_not_multiply_without_end(project: Published) -> None:
    """Asv would go through all of them before anything else is said."""
    opened = load_project(project.root / "asv.conf.json")
    # The second number is beyond what a float holds.
    for params in ([["1", "2"] * 50] * 8, [["1", "2"]] * 1100):
        description = {"name": "f", "params": params, "version": "1"}
        with pytest.raises(ProjectError, match=f"f has more than {MOST_COMBINATIONS} comb"):
            select_benchmarks(opened, [description])


def test_parameters_are_numbered_as_asv_does(project: Published) -> None:
    """Found by their number alone, as going through all for each took the square of them."""
    found = load_benchmarks(load_project(project.root / "asv.conf.json"))
    suspects = select_between(found, MACHINE, ["env"], "b", "a")
    assert [one.params for one in suspects] == [
        *(("1", "a"), ("1", "b"), ("1", "c"), ("2", "a"), ("2", "b"), ("2", "c"))
    ]
    assert [one.param_index for one in suspects] == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("text", ["null", "[" * 50_000, "[]", '{"version": "x"}', "7"])
def test_damaged_files_of_asv_are_one_line(
    project: Published, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """Its machine, its benchmarks and its settings."""
    monkeypatch.setenv("HOME", str(project.root))
    opened = load_project(project.root / "asv.conf.json")
    results = project.root / ".asv" / "results"
    for path in (results / "benchmarks.json", results / MACHINE / "machine.json"):
        before = path.read_bytes()
        path.write_text(text)
        try:
            if path.name == "machine.json":
                assert machine_facts(opened, MACHINE) == {}
            else:
                with pytest.raises(ProjectError, match=r"benchmarks\.json cannot be read"):
                    load_benchmarks(opened)
        finally:
            path.write_bytes(before)
    other = project.root / "other.conf.json"
    other.write_text(text)
    with pytest.raises(ProjectError) as told:
        load_project(other)
    assert "\n" not in str(told.value)


def test_a_repository_of_endless_name_is_no_folder(project: Published) -> None:
    """The system says of such a path not that it isn't there, but that it is too long."""
    other = project.root / "endless.conf.json"
    other.write_text(json.dumps({"version": 1, "repo": "x" * 3000}))
    with pytest.raises(ProjectError, match=r"repo is x{80}, which is no folder; mend") as told:
        load_project(other)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("key", ["benchmark_dir", "results_dir", "env_dir", "html_dir"])
def test_a_folder_of_endless_name_is_named(project: Published, key: str) -> None:
    """It is met when the settings are read, not when something is to be written there."""
    other = project.root / "endless.conf.json"
    other.write_text(json.dumps({"version": 1, "repo": ".", key: "x" * 300}))
    with pytest.raises(ProjectError, match=f"{key} is x+, too long for a folder's name"):
        load_project(other)


def test_damaged_results_are_left_out_by_name(project: Published) -> None:
    """Depth, endless integers and a pipe; the others still show the step."""
    folder = project.root / ".asv" / "results" / MACHINE
    good = (folder / f"{project.commits[0][:8]}-virtualenv-py3.11.json").read_text()
    bad = {
        "deep.json": "[" * 50_000,
        "long.json": good.replace("1.0", "9" * 400, 1),
        "empty.json": "",
    }
    for name, text in bad.items():
        (folder / name).write_text(text)
    os.mkfifo(folder / "pipe.json")
    try:
        found = select_history(load_project(project.root / "asv.conf.json"), MACHINE)
    finally:
        for name in (*bad, "pipe.json"):
            (folder / name).unlink()
    assert {step.suspect.benchmark for step in found.steps} == {BENCHMARK}
    said = " ".join(f"{one.what}: {one.why}" for one in found.left_out)
    for name in ("deep.json", "empty.json", "pipe.json: it is no file"):
        assert name in said


def test_an_edge_that_holds_more_than_its_function_holds_all_of_it() -> None:
    """Of next to no time, what is left of the function is nothing, and not less."""
    raw = examples.raw_profile()
    raw["functions"][raw["edges"][0][1]]["own"] = 1e-320
    profile = profile_from_raw(raw)
    assert profile.edge_own[0] > profile.own[profile.callee[0]]
    seconds = np.concatenate([profile.own, profile.edge_own])
    side = from_profiles(profile, [seconds], float(profile.own.sum()))
    assert np.isfinite(side.shares).all()
    assert (side.weight >= 0).all()


@pytest.mark.parametrize("value", ["9" * 5000, 10**5000], ids=["text", "integer"])
def test_a_count_of_thousands_of_digits_is_no_count(value: Any) -> None:
    """Python reads and writes no such integers, on the command line or in a call."""
    with pytest.raises(ExplainError):
        explain(rounds=value)


def test_an_expression_nested_beyond_measure_is_one_mistake() -> None:
    """Python's own compiler of expressions gives up on it."""
    with pytest.raises(ExplainError, match="no regular expression"):
        explain(benchmarks=["(" * 3000 + ")" * 3000])


def test_sources_warn_nobody() -> None:
    """What Python would warn of in a commit's source is not for whoever asks why it got slower."""
    found = read_source(b'def f():\n    return "\\d" is 1\n')
    assert list(found.functions) == ["f"]


@pytest.mark.parametrize(
    ("read", "output"),
    [
        (read_tree, b"100644 blob\tname\x00"),
        (read_tree, b"100644 blob abc\x00"),
        (read_changed, b"R100\x00one\x00"),
        (read_changed, b"\x00name\x00"),
        (lambda output: read_contents(output, ["a"]), b"a blob 9\nabc\n"),
        (lambda output: read_contents(output, ["a"]), b"a blob -1\nabc\n"),
        (lambda output: read_contents(output, ["a"]), b""),
    ],
)
def test_lists_that_are_cut_short_are_named(read: Any, output: bytes) -> None:
    """Git that is killed in the middle has said half of it."""
    with pytest.raises(GitError, match=r"git (ls-tree|diff|cat-file): "):
        read(output)


BODIES = ("return 1", "return 2", "pass", "return 3")


@given(st.lists(st.sampled_from(BODIES), max_size=7), st.lists(st.sampled_from(BODIES), max_size=7))
def test_functions_of_one_name_pair_as_by_looking_at_each(
    ours: list[str], theirs: list[str]
) -> None:
    """Counting digests takes no square of them, and gives what comparing each to each does."""
    before, after = (
        dict(read_source("".join(f"def f():\n    {body}\n" for body in side).encode()).functions)
        for side in (ours, theirs)
    )
    assert list(function_pairs(before, after)) == list(
        slowly(before.get("f", ()), after.get("f", ()))
    )


def slowly(
    before: Sequence[FunctionScope], after: Sequence[FunctionScope]
) -> list[tuple[FunctionScope | None, FunctionScope | None]]:
    """Each function before taken out together with the first one after that does the same."""
    ours, theirs = list(before), list(after)
    for one in list(ours):
        same = next((other for other in theirs if other.digest == one.digest), None)
        if same is not None:
            ours.remove(one)
            theirs.remove(same)
    size = max(len(ours), len(theirs))
    return [
        (ours[place] if place < len(ours) else None, theirs[place] if place < len(theirs) else None)
        for place in range(size)
    ]


NO_RATIO = {"ratio": None, "interval": None}


@pytest.mark.parametrize("kind", ["time", "mem", "peakmem", "track", "unknown"])
@pytest.mark.parametrize("verdict", Verdict)
def test_whatever_is_read_can_be_shown(kind: Kind, verdict: Verdict) -> None:
    """Every kind with every verdict and figures at the edge: refused, or shown by every report."""
    told = examples.told()
    parts = sum(one.amount for one in told.causes)
    edges: list[dict[str, Any]] = [
        *({}, NO_RATIO, {"ratio": 1e150}, {"ratio": 1e-300}, {"ratio": 0.0}),
        *({"difference": at, "residual": at - parts} for at in (0.0, 1e-320, 1e-100, -1e-100)),
    ]
    shown = 0
    for changes in edges:
        one = dataclasses.replace(told, kind=kind, verdict=verdict, **changes)
        try:
            read = decode(encode(one))
        except ExplanationError:
            continue
        shown += 1
        assert render(read, 8)
        assert to_markdown([read])
        assert page(read, None, "name", downloads(read, None))
        assert traveling_page([(read, None)])
    nothing = kind == "unknown" and verdict is not Verdict.UNKNOWN
    assert shown == (0 if nothing else len(edges) - 1)


def test_sources_that_would_be_compared_for_ever_are_refused() -> None:
    """A page compares both sides line by line; what the hook writes has 400 of them."""
    (cause, *rest) = examples.told().causes
    for lines, fine in ((400, True), (MOST_LINES + 1, False)):
        long = dataclasses.replace(cause, source_after="pass\n" * lines)
        data = encode(examples.told(causes=(long, *rest)))
        if fine:
            assert decode(data).causes[0] == long
        else:
            with pytest.raises(ExplanationError, match=r"causes\[0\].source_after has more than"):
                decode(data)


@pytest.mark.parametrize("changes", [{"suspected": []}, {"commits": 0}])
def test_a_search_that_ended_nowhere_is_refused(changes: Mapping[str, Any]) -> None:
    """Reports name the first and the last commit that it suspects."""
    raw = json.loads(examples.explanations()[-1])
    assert decode(json.dumps(raw).encode()).bisection is not None
    raw["bisection"] |= changes
    with pytest.raises(ExplanationError, match=r"bisection\.suspected names no commit"):
        decode(json.dumps(raw).encode())
