"""Each kind of change is one that Python takes, that a program does not notice, and that costs."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from asv_explain.changes.sources import read_changes
from observatory.injections.injection import Files, Name
from observatory.injections.kinds.catalogue import KINDS, Role, kind_named
from observatory.injections.kinds.innocent import RenamedLocal
from observatory.injections.kinds.kind import Kind, Place
from observatory.injections.plan import Composed, Part, compose
from observatory.tests.small_shop import COUNTS, FILES

LINES = ["tea and cups", "a pot", "3 spoons; no forks", ""]
SINGLE = [share.kinds[0] for (share, *more) in KINDS.values() if not more]


@dataclass(frozen=True)
class Ran:
    """What a day in the shop came to, and what it took.

    Attributes:
        result: what it returned.
        steps: bytecode instructions in the shop's files.
        calls: calls of functions in them, by name.
        shop: its modules.
    """

    result: Any
    steps: int
    calls: Mapping[str, int]
    shop: Mapping[str, Any]


def run(files: Files, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Ran:
    """Run a day in a shop of these files, twice; the second run is counted."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    steps = 0
    calls: dict[str, int] = {}

    def traced(frame: FrameType, event: str, _: object) -> Any:
        nonlocal steps
        if not frame.f_code.co_filename.startswith(str(folder)):
            return None
        frame.f_trace_opcodes = True
        if event == "call":
            calls[frame.f_code.co_qualname] = calls.get(frame.f_code.co_qualname, 0) + 1
        steps += event == "opcode"
        return traced

    with monkeypatch.context() as patch:
        # Other tests have shops of their own.
        for name in [*filter(_of_shop, sys.modules)]:
            patch.delitem(sys.modules, name)
        patch.syspath_prepend(folder)
        patch.setattr(sys, "dont_write_bytecode", True)
        try:
            day = importlib.import_module("shop").day
            day(LINES)
            sys.settrace(traced)
            try:
                result = day(LINES)
            finally:
                sys.settrace(None)
        finally:
            shop = {name: sys.modules.pop(name) for name in [*sys.modules] if _of_shop(name)}
    return Ran(result, steps, calls, shop)


def _of_shop(name: str) -> bool:
    return name.partition(".")[0] == "shop"


def every_place(kind: Kind) -> Iterator[Place]:
    """All places that a kind finds in the shop."""
    places = kind.places(FILES, COUNTS)
    assert places
    assert len(set(places)) == len(places)
    yield from places


def part(kind: Kind, place: Place, amount: int, seed: str = "a", role: Role = Role.SLOWER) -> Part:
    """One change of the shop."""
    return Part(kind.name, place, role, 1.0, seed, amount)


def trees(composed: Composed) -> tuple[Files, Files]:
    """The whole shop before and after."""
    return {**FILES, **composed.before}, {**FILES, **composed.after}


def searched(kind: Kind, ran: Ran) -> int:
    """What C code walks over where bytecode does not tell: tables, texts, words, characters."""
    stems = {"a copy added": "_MARKS", "a linear search for a set": "_WORDS"}
    stems["a regular expression made dearer"] = "_SAMPLE"
    stem = stems.get(kind.name, "-")
    tables = [
        value
        for module in ran.shop.values()
        for name, value in vars(module).items()
        if name.startswith(stem)
    ]
    # A pattern of the package grows by how far it looks ahead.
    ahead: int = ran.shop["shop.words"].WORD.pattern.count("{0,30}")
    return sum(len(one) for one in tables) + 1000 * ahead


@pytest.mark.parametrize("name", SINGLE)
def test_a_change_is_not_noticed_and_costs_more_by_its_amount(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At every place both sides run to the same result, and more of it is more work."""
    kind = kind_named(name)
    plain = run(FILES, tmp_path / "released", monkeypatch)
    few, many = kind.price.lowest + 1, 30
    for number, place in enumerate(every_place(kind)):
        seed = str(number)
        folders = [tmp_path / f"{number}-{side}" for side in ("before", "few", "many")]
        before, after = trees(compose(FILES, [part(kind, place, few, seed)]))
        less = run(after, folders[1], monkeypatch)
        _, after = trees(compose(FILES, [part(kind, place, many, seed)]))
        more = run(after, folders[2], monkeypatch)
        base = run(before, folders[0], monkeypatch)
        assert plain.result == base.result == less.result == more.result, place
        assert base.steps < less.steps < more.steps or searched(kind, less) < searched(
            kind, more
        ), place


@pytest.mark.parametrize("name", SINGLE)
def test_names_are_those_of_the_hook(name: str, tmp_path: Path) -> None:
    """What the hook reads as changed is named and nothing else, readers of constants beside."""
    kind = kind_named(name)
    history = History(tmp_path)
    # One of each sort in each file; their names are made alike.
    sorts = {(one.path, one.detail): one for one in every_place(kind)}
    for number, place in enumerate(sorts.values()):
        composed = compose(FILES, [part(kind, place, 3, str(number))])
        (edit,) = composed.edits
        found, readers = history.changed(*trees(composed))
        assert found, place
        assert found <= set(edit.names), (place, found, edit.names)
        assert edit.names[0] in found or edit.names[1] in found, place
        assert not readers or readers & set(edit.names), (place, readers)


class History:
    """A repository with a commit for each tree of the shop."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._commits: dict[str, str] = {}
        root.mkdir(exist_ok=True)
        self._git("init", "-q")

    def changed(self, before: Files, after: Files) -> tuple[set[Name], set[Name]]:
        """What the hook says has changed, and functions that read what changed and is none."""
        commits = [self._commit(files) for files in (before, after)]
        changes = read_changes(self._root, commits[0], commits[1], [*before, *after])
        found, readers = set[Name](), set[Name]()
        for one in changes.items:
            # An import that came, or went along with what it was for, costs no call anything.
            if one.kind in ("module", "class") and not one.readers:
                continue
            # What a coroutine's bridge or a decorator brings along is named where it stands.
            found.add(Name(one.path_after or one.path_before or "", one.name))
            readers |= {Name(*reader) for reader in one.readers}
        return found, readers

    def _commit(self, files: Files) -> str:
        key = repr(sorted(files.items()))
        if key not in self._commits:
            rows, paths = list[str](), list[str]()
            for number, (path, text) in enumerate(sorted(files.items()), start=1):
                rows.append(f"blob\nmark :{number}\ndata {len(text)}\n{text}\n")
                paths.append(f"M 100644 :{number} {path}\n")
            who = "committer Ann <ann@example.org> 1700000000 +0000"
            rows.append(f"commit refs/heads/at{len(self._commits)}\n{who}\ndata 4\nshop\n")
            self._git("fast-import", "--quiet", given="".join(rows + paths))
            self._commits[key] = self._git("rev-parse", f"at{len(self._commits)}")
        return self._commits[key]

    def _git(self, *words: str, given: str = "") -> str:
        done = subprocess.run(
            ["git", *words], cwd=self._root, input=given.encode(), capture_output=True, check=True
        )
        return done.stdout.decode().strip()


def test_all_kinds_of_the_issue_are_there() -> None:
    """Eighteen kinds, fifteen of them of one change."""
    assert len(KINDS) == 18
    assert len(SINGLE) == 15


def test_two_changes_can_be_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each edit's files hold that edit alone, and together they make the later side."""
    first, second = kind_named("own work added"), kind_named("a cache removed")
    places = [Place("shop/words.py", "weigh", 8), Place("shop/words.py", "words", 4)]
    composed = compose(FILES, [part(first, places[0], 20), part(second, places[1], 40)])
    before, after = trees(composed)
    base = run(before, tmp_path / "before", monkeypatch)
    whole = run(after, tmp_path / "after", monkeypatch)
    alone = [
        run({**before, **edit.files}, tmp_path / str(number), monkeypatch)
        for number, edit in enumerate(composed.edits)
    ]
    assert base.result == whole.result == alone[0].result == alone[1].result
    extra = [one.steps - base.steps for one in alone]
    assert all(one > 0 for one in extra)
    assert whole.steps - base.steps == sum(extra)
    assert composed.edits[0].names == (Name("shop/words.py", "weigh"),)
    assert composed.edits[1].names == (Name("shop/words.py", "_rank_words"),)


def test_what_gets_faster_is_written_the_other_way_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The earlier side has the work that the later one lacks."""
    kind = kind_named("own work added")
    one = part(kind, Place("shop/words.py", "weigh", 8), 20, role=Role.FASTER)
    composed = compose(FILES, [one])
    before, after = trees(composed)
    assert after == FILES
    base = run(before, tmp_path / "before", monkeypatch)
    assert base.steps > run(after, tmp_path / "after", monkeypatch).steps


def test_an_innocent_change_changes_code_and_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hook sees a change; the same instructions run."""
    kind = RenamedLocal()
    history = History(tmp_path / "history")
    places = [one for one in every_place(kind) if one.name in ("weigh", "Till.ring", "day")]
    assert len(places) == 3
    for number, place in enumerate(places):
        composed = compose(FILES, [part(kind, place, 1, role=Role.INNOCENT)])
        before, after = trees(composed)
        base = run(before, tmp_path / f"{number}a", monkeypatch)
        changed = run(after, tmp_path / f"{number}b", monkeypatch)
        assert (base.result, base.steps) == (changed.result, changed.steps)
        assert history.changed(before, after)[0] == {Name(place.path, place.name)}


def test_a_place_is_written_alike_each_time() -> None:
    """The same seed gives the same text; another seed gives other work at some place."""
    kind = kind_named("own work added")
    place = Place("shop/words.py", "weigh", 8)
    texts = {
        seed: kind.write(FILES, place, 5, seed, after=True)["shop/words.py"] for seed in "abcdefgh"
    }
    again = kind.write(FILES, place, 5, "a", after=True)["shop/words.py"]
    assert texts["a"] == again
    assert len(set(texts.values())) > 1


def test_all_else_stays_as_released() -> None:
    """Taking out the added lines gives the released file, comments and spacing included."""
    kind = kind_named("own work added")
    after = kind.write(FILES, Place("shop/till.py", "Drawer.put", 4), 5, "a", after=True)
    rest = after["shop/till.py"].splitlines()
    for line in FILES["shop/till.py"].splitlines():
        assert line in rest
        rest.remove(line)
    assert rest
    assert all(line.startswith("        ") for line in rest)
