"""The folder of a published dashboard is made from the store alone."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from explanations import explanation
from reading import HOSTILE, hostile, pair_of, read

from asv_explain.explanation import Explanation
from asv_explain.pages.site import page_name, site
from asv_explain.store import Store


def files_of(store: Store) -> dict[str, bytes]:
    """The site's files; none is written twice."""
    made = list(site(store))
    found = dict(made)
    assert len(found) == len(made)
    return found


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with two explanations, of which one has profiles."""
    found = Store(tmp_path / "explanations")
    found.put(explanation(), pair_of())
    found.put(hostile())
    return found


def test_every_explanation_has_a_page_and_its_downloads(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No program is run for it: the commits may be gone."""

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a program was started")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    found = files_of(store)
    pages = [name for name in found if name.endswith(".html") and name != "index.html"]
    assert len(pages) == 2
    for name in pages:
        one = read(found[name].decode())
        links = [link for link in one.all("a", "href") if "/" in link and link[0] != "."]
        beside = [*links, *one.all("script", "src"), *one.all("link", "href")]
        assert set(beside) <= set(found)
    assert sum(name.endswith(".prof") for name in found) == 2
    rows = [link for link in read(found["index.html"].decode()).all("a", "href") if link in pages]
    assert sorted(rows) == sorted(pages)


def test_the_index_says_what_there_is(store: Store) -> None:
    """A script finds the page of a benchmark, its parameters and its commits."""
    found = json.loads(files_of(store)["index.json"])
    one = next(entry for entry in found if entry["benchmark"] == "tco.Stable.time_warm")
    assert one == {
        "page": one["page"],
        "benchmark": "tco.Stable.time_warm",
        "params": ["10", "'deep'"],
        "environment": "virtualenv-py3.11",
        "machine": "box",
        "before": "b" * 40,
        "after": "a" * 40,
        "range": {"before": "b" * 40, "after": "a" * 40},
        "verdict": "slower",
        "ratio": 2.0,
        "headline": one["headline"],
    }
    assert one["headline"].startswith("tco.Stable.time_warm(10, 'deep') takes 2 times as long")
    other = next(entry for entry in found if entry is not one)
    assert other["benchmark"] == f"benchmark {HOSTILE}"


def test_the_site_is_the_same_each_time(store: Store) -> None:
    """The same store gives the same bytes."""
    assert files_of(store) == files_of(store)


def test_what_is_refused_is_named(store: Store) -> None:
    """Broken explanations and broken profiles don't stop the others."""
    (store.folder / "cut.json").write_text('{"schema": 3', encoding="utf-8")
    (store.folder / "old.json").write_text('{"schema": 1}', encoding="utf-8")
    (profiles,) = (store.folder / "profiles").iterdir()
    profiles.write_text("{", encoding="utf-8")
    found = files_of(store)
    text = read(found["index.html"].decode()).text
    for name in ("cut.json: ", "old.json: schema 1 where 6 is read", f"profiles/{profiles.name}: "):
        assert name in text
    assert not [name for name in found if name.endswith(".prof")]
    assert len(json.loads(found["index.json"])) == 2


@pytest.mark.parametrize(
    "stem",
    ["index", "page.css", "..", ".hidden", "a b", "é", "-" * 3, HOSTILE, "x" * 300, "a\udcff"],
)
def test_no_name_from_outside_is_part_of_a_path(stem: str) -> None:
    """Only what the store names itself is taken as it is."""
    name = page_name(stem)
    assert re.fullmatch(r"explanation-[0-9a-f]{12}", name)
    assert page_name(name) == name


def test_a_stored_name_stays(tmp_path: Path) -> None:
    """Links to a page hold as long as its explanation is kept."""

    def kept(found: Explanation) -> str:
        return Store(tmp_path).put(found).stem

    stem = kept(explanation())
    assert page_name(stem) == stem
    assert re.fullmatch(r"[A-Za-z0-9.-]+", page_name(kept(hostile())))


def test_an_empty_store_makes_a_list_that_says_so(tmp_path: Path) -> None:
    """Publishing before anything is explained is no mistake."""
    found = files_of(Store(tmp_path / "none"))
    assert json.loads(found["index.json"]) == []
    assert "Nothing is explained yet" in read(found["index.html"].decode()).text
