"""Explanations round-trip, conserve, and are refused by name where they are damaged."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from explanations import CAUSE, explanation
from hypothesis import given
from hypothesis import strategies as st

from asv_explain.explanation import (
    SCHEMA,
    Explanation,
    ExplanationError,
    Verdict,
    decode,
    encode,
)
from asv_explain.schema import json_schema
from asv_explain.store import LARGEST, Kept, Refused, Store, StoreError

texts = st.text(max_size=20)
# No clock tells less than a nanosecond, and what is nearer to nothing is refused as unmeasured.
numbers = st.floats(-1e6, 1e6).map(lambda value: round(value, 9))


@st.composite
def explanations(draw: st.DrawFn) -> Explanation:
    """Explanations of any content that add up."""
    seconds = draw(st.lists(numbers, max_size=4))
    residual = draw(numbers)
    return explanation(
        benchmark=draw(texts),
        params=tuple(draw(st.lists(texts, max_size=3))),
        verdict=draw(st.sampled_from(Verdict)),
        causes=tuple(
            dataclasses.replace(CAUSE, name=draw(texts), hunk=draw(texts), amount=one)
            for one in seconds
        ),
        residual=residual,
        difference=sum(seconds) + residual,
    )


@given(explanations())
def test_json_round_trip(one: Explanation) -> None:
    """What is written is read back equal, whatever text it holds."""
    assert decode(encode(one)) == one


def test_nothing_of_the_difference_may_be_lost() -> None:
    """Causes and residual that don't add up are no explanation."""
    with pytest.raises(ExplanationError, match=r"add up to 0\.5"):
        explanation(residual=0.0)


def test_without_a_measurement_there_is_only_unknown() -> None:
    """*Same* is an answer, and needs a measurement as any other."""
    gone = {"difference": None, "residual": None, "ratio": None, "interval": None, "causes": ()}
    assert explanation(verdict=Verdict.UNKNOWN, **gone).verdict is Verdict.UNKNOWN
    with pytest.raises(ExplanationError, match="only 'unknown'"):
        explanation(verdict=Verdict.SAME, **gone)


def altered(**changes: Any) -> bytes:
    """The JSON of an explanation, altered by another hand."""
    return json.dumps({**json.loads(encode(explanation())), **changes}).encode()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "truncated"),
        (encode(explanation())[:200], "truncated"),
        (b"[1, 2]", "Expected `object`"),
        (b"\xff\xfe", "JSON"),
        (altered(schema=1), "schema 1 where 6 is read"),
        (altered(verdict="better"), "Invalid enum value"),
        (altered(ratio="2"), "Expected `float | null`"),
        (altered(residual=0.9), "add up"),
        (altered(causes=[{"name": "f"}]), "missing required field"),
        (b"[" * 100_000, "Expected `object`"),
        (b'{"schema": 2, "benchmark": ' + b"[" * 100_000, "recursion|Expected `str`|truncated"),
    ],
)
def test_damage_is_named(data: bytes, reason: str) -> None:
    """Truncated, altered, of another schema: each is refused with what is wrong."""
    with pytest.raises(ExplanationError, match=reason):
        decode(data)


def test_store_keeps_one_explanation_for_each_question(tmp_path: Path) -> None:
    """The same question asked again is answered from the store; the newest answer counts."""
    store = Store(tmp_path / "explanations")
    assert list(store) == []
    assert store.get(explanation()) is None
    store.put(explanation())
    newer = explanation(ratio=3.0)
    store.put(newer)
    other = explanation(params=("20",))
    store.put(other)
    assert store.get(explanation()) == Kept(store.path(newer), newer)
    assert store.get(other) == Kept(store.path(other), other)
    assert len(list(store)) == 2
    assert not list(store.folder.glob("*.part"))


def test_an_explanation_of_another_schema_is_measured_again(tmp_path: Path) -> None:
    """It answers nothing, says why, and gives way to the next answer."""
    store = Store(tmp_path)
    path = store.put(explanation())
    path.write_bytes(altered(schema=1))
    assert store.get(explanation()) == Refused(path, f"schema 1 where {SCHEMA} is read")
    store.put(explanation())
    assert store.get(explanation()) == Kept(path, explanation())


def test_the_documented_schema_is_that_of_the_types() -> None:
    """`python -m asv_explain.schema` gives the file in docs, in which every field is described."""
    written = Path(__file__).parents[1] / "docs" / "explanation-schema.json"
    assert written.read_bytes() == json_schema(), "python -m asv_explain.schema > " + str(written)
    document = json.loads(json_schema())
    forms = ("Explanation", "Cause", "LineChange", "CallChange", "Rounds", "Proof", "Reversal")
    for name in (*forms, "Change", "LineCost", "Detail", "ThreadCost", "Sampling"):
        properties = document["$defs"][name]["properties"]
        assert [field for field, about in properties.items() if not about["description"]] == []
    assert document["$defs"]["Explanation"]["properties"]["schema"]["const"] == SCHEMA


def test_the_documented_example_is_an_explanation() -> None:
    """What the page for readers shows is read as it stands."""
    page = (Path(__file__).parents[1] / "docs" / "explanation.md").read_text(encoding="utf-8")
    example = page.partition("```json\n")[2].partition("```")[0]
    found = decode(example.encode())
    assert found.causes
    assert json.loads(encode(found)) == json.loads(example)


def test_no_text_climbs_out_of_the_folder(tmp_path: Path) -> None:
    """Whatever a benchmark is called, its file is in the store."""
    store = Store(tmp_path / "explanations")
    for name in ("../../etc/passwd", "/", "..", "a/b\\c", "\0", "x" * 5_000):
        path = store.put(explanation(benchmark=name))
        assert path.parent == store.folder
        assert path.resolve().parent == store.folder.resolve()


def test_damaged_files_are_refused_by_name_and_the_rest_served(tmp_path: Path) -> None:
    """One bad file doesn't hide the others."""
    store = Store(tmp_path)
    good = store.put(explanation())
    (tmp_path / "a.json").write_bytes(good.read_bytes()[:-20])
    with (tmp_path / "b.json").open("wb") as file:
        file.truncate(LARGEST + 1)
    (tmp_path / "c.json").mkdir()
    found = list(store)
    refused = {one.path.name: one.reason for one in found if isinstance(one, Refused)}
    assert sorted(refused) == ["a.json", "b.json", "c.json"]
    assert refused["b.json"] == f"{LARGEST + 1} bytes, more than the {LARGEST} that are read"
    assert [one for one in found if isinstance(one, Kept)] == [Kept(good, explanation())]


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    """What stands in the way is named."""
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"can't write .*; make room or make it writable"):
        Store(tmp_path / "file" / "explanations").put(explanation())
