"""Changes that act through objects and data are found by putting them back, in real processes."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from explanations import CAUSE
from shop_repository import edited
from world import World, made

from asv_explain.explanation import Cause, Explanation, Outcome, Place, Reversal
from asv_explain.measuring.measure import measure
from asv_explain.measuring.process import ProcessRunner
from asv_explain.measuring.session import Plan
from asv_explain.pipeline import explain
from asv_explain.suspect import Installed, Suspect
from asv_explain.trials.finding import Lab, reverse
from asv_explain.value_pipeline import explain_values

pytestmark = pytest.mark.measures

LIBRARY = '''
import contextlib
import dataclasses
import re

import other
from library import innocent

PATTERN = re.compile("(?:aab)+c")
TEMPLATE = """
def made(rows):
    return [row for row in rows]
"""
exec(TEMPLATE)


class Store:
    def __init__(self):
        self.box = other.Box(checked=False)

    def read(self, rows):
        return [self.box.get(row) for row in rows]


@dataclasses.dataclass
class Row:
    number: int
    name: str


class Held:
    __slots__ = ("number", "name")

    def __init__(self, number, name):
        self.number = number
        self.name = name


class Span:
    def __enter__(self):
        return 1

    def __exit__(self, *error):
        pass


class Base:
    @property
    def shape(self):
        return 1


class Till(Base):
    def told(self):
        return self.shape


def scan(rows, depth=2):
    found = 0
    for _ in range(depth):
        for row in rows:
            found += row
    return found


def spans(rows):
    for row in rows:
        with Span():
            pass


def prepare():
    return set(range(600))


def held(count):
    return [Held(number, None) for number in range(count)]
'''

INNOCENT = "".join(
    f"def f{number}(row):\n    moved = row + {number}\n    return moved\n\n\n"
    for number in range(20)
)
TIDIED = "".join(f"def f{number}(row):\n    return row + {number}\n\n\n" for number in range(20))
EVERY = "def every(row):\n" + "".join(f"    f{number}(row)\n" for number in range(20))

OTHER = """
class Box:
    def __init__(self, checked):
        self.checked = checked

    def get(self, row):
        if self.checked:
            for number in range(40):
                row = row or number
        return row
"""

SUITE = """
import library
from library import innocent

ROWS = list(range(300))
TEXT = "aab" * 12 + "d"


class Suite:
    def setup(self):
        self.data = library.prepare()
        self.store, self.till = library.Store(), library.Till()

    def time_store(self):
        innocent.every(1)
        return self.store.read(ROWS)

    def time_rows(self):
        innocent.every(1)
        for number in ROWS:
            library.Row(number, "")

    def time_made(self):
        innocent.every(1)
        return library.made(ROWS)

    def time_spans(self):
        innocent.every(1)
        library.spans(ROWS)

    def time_shape(self):
        innocent.every(1)
        for _ in ROWS:
            self.till.told()

    def time_pattern(self):
        innocent.every(1)
        for _ in range(20):
            library.PATTERN.search(TEXT)

    def time_scan(self):
        innocent.every(1)
        return library.scan(ROWS)

    def time_data(self):
        innocent.every(1)
        return [row in self.data for row in ROWS]

    def mem_held(self):
        innocent.every(1)
        return library.Held(1, None)

    def peakmem_held(self):
        innocent.every(1)
        return library.held(400_000)


for name in dir(Suite):
    if name.startswith("time_"):
        getattr(Suite, name).sample_time = 0.004
        getattr(Suite, name).repeat = 7
        getattr(Suite, name).warmup_time = 0.01
"""


@dataclass(frozen=True)
class Known:
    """A change of the library, the name of what has to go back, and the benchmark that tells."""

    edit: tuple[str, str]
    name: str
    benchmark: str


KNOWN = {
    "a flag that a constructor passes to another package": Known(
        ("checked=False", "checked=True"), "Store.__init__", "time_store"
    ),
    "an option of a dataclass": Known(
        ("dataclasses.dataclass\n", "dataclasses.dataclass(frozen=True)\n"),
        "class Row",
        "time_rows",
    ),
    "a template of generated code": Known(
        ("[row for row in rows]", "[max(row, row, row) for row in rows]"),
        *("<module>: TEMPLATE", "time_made"),
    ),
    "a class with __enter__ that became a generator": Known(
        (
            LIBRARY[LIBRARY.index("class Span") : LIBRARY.index("class Base")],
            "@contextlib.contextmanager\ndef Span():\n    yield 1\n\n\n",
        ),
        *("Span", "time_spans"),
    ),
    "a property of a base class": Known(
        ("        return 1\n\n\nclass Till", "        return sum(range(30))\n\n\nclass Till"),
        *("Base.shape", "time_shape"),
    ),
    "a pattern that unchanged code reads": Known(
        ('"(?:aab)+c"', '"(?:a*b)+c"'), "<module>: PATTERN", "time_pattern"
    ),
    "a default": Known(("depth=2", "depth=9"), "scan", "time_scan"),
    "data that setup builds": Known(
        ("set(range(600))", "list(range(600))"), "prepare", "time_data"
    ),
    "no __slots__, by the size of the objects": Known(
        ('    __slots__ = ("number", "name")\n\n', ""), "class Held: __slots__", "mem_held"
    ),
    "no __slots__, by the peak of memory": Known(
        ('    __slots__ = ("number", "name")\n\n', ""), "class Held: __slots__", "peakmem_held"
    ),
}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A repository with a suite, and another package beside it."""
    world = made(tmp_path, monkeypatch)
    (world.root / "benchmarks" / "suite.py").write_text(SUITE, encoding="utf-8")
    (tmp_path / "other.py").write_text(OTHER, encoding="utf-8")
    return world


def asked(
    world: World,
    benchmark: str,
    *versions: Mapping[str, str],
    blamed: Sequence[Cause] = (),
) -> Explanation:
    """Measure two versions of the library, and put back what changed.

    Args:
        world: the repository, in which each version is a commit.
        benchmark: which one.
        versions: the files of the library, the first and the last of which are measured.
        blamed: causes to which half of the difference each is attributed.
    """
    sides = []
    for number, files in enumerate(versions):
        shutil.rmtree(world.root / "library", ignore_errors=True)
        (world.root / "library").mkdir()
        for file, text in files.items():
            (world.root / "library" / file).write_text(text, encoding="utf-8")
        name = f"version {number}"
        world.git("add", "--all")
        world.git("commit", "--quiet", "--message", name)
        world.known(name, 0.0)
        if number not in (0, len(versions) - 1):
            continue
        home = world.root.parent / str(number)
        shutil.copytree(world.root / "library", home / "library")
        path = {"PYTHONPATH": f"{home}:{world.root.parent}"}
        suite = world.root / "benchmarks"
        sides.append(
            Installed(world.commits[name], Path(sys.executable), suite, home / ".asv", path)
        )
    before, after = sides
    suspect = Suspect(
        f"suite.Suite.{benchmark}", None, (), "env", "box", before.commit, after.commit
    )
    plan, runner, clock = Plan(budget=60, profiled=frozenset()), ProcessRunner(), time.monotonic
    rounds = measure(suspect, before, after, plan, runner, clock)
    how = explain if rounds.kind == "time" else explain_values
    told = how(suspect, rounds, world.root, 1.05).explanation
    assert told.ratio is not None, told
    assert told.ratio > 1.05
    if blamed:
        half = (told.difference or 0.0) / 2
        causes = tuple(replace(one, amount=half, interval=None) for one in blamed)
        told = replace(told, causes=causes, residual=0.0)
    # A machine that is busy with other things takes some times as long.
    lab = Lab(world.root, suspect, after, replace(plan, budget=300.0), runner, clock, print)
    return reverse(told, ["library/__init__.py"], lab)


def found(told: Explanation) -> Reversal:
    """What was found."""
    assert told.reversal is not None
    return told.reversal


@pytest.mark.parametrize("tidied", [False, True], ids=["alone", "beside twenty others"])
@pytest.mark.parametrize("case", KNOWN)
def test_the_change_that_costs_is_found_and_nothing_else(
    world: World, case: str, tidied: bool
) -> None:
    known = KNOWN[case]
    before = {"__init__.py": LIBRARY, "innocent.py": INNOCENT + EVERY}
    after = {
        "__init__.py": edited(LIBRARY, known.edit),
        "innocent.py": (TIDIED if tidied else INNOCENT) + EVERY,
    }
    told = found(asked(world, known.benchmark, before, after))
    names = [(one.path, one.name) for one in told.changes]
    assert names == [("library/__init__.py", known.name)], told
    assert told.candidates == (21 if tidied else 1)
    assert told.share is not None
    assert told.interval is not None
    assert told.interval.high >= 0.9
    subprocess.run(["git", "apply", "-"], cwd=world.root, input=told.patch, check=True, text=True)
    text = (world.root / "library" / "__init__.py").read_text()
    assert ast.dump(ast.parse(text)) == ast.dump(ast.parse(LIBRARY))


def test_two_that_each_are_enough_go_back_together(world: World) -> None:
    """Either list alone is as slow to search as both: as a set, only both are quick."""
    before = LIBRARY.replace("def prepare():\n    return set(range(600))", TWICE)
    after = edited(before, ("kind=set", "kind=list"), ("found = set(", "found = list("))
    told = found(asked(world, "time_data", library(before), library(after)))
    assert [one.name for one in told.changes] == ["made_of", "prepare"]
    assert [abs(one.share or 0.0) < 0.5 for one in told.changes] == [True, True]
    assert told.share is not None
    assert told.share > 0.75


TWICE = """def made_of(rows, kind=set):
    return rows if type(rows) is list else kind(rows)


def prepare():
    found = set(range(600))
    return made_of(found)"""


def library(text: str) -> dict[str, str]:
    """A library of that text."""
    return {"__init__.py": text, "innocent.py": INNOCENT + EVERY}


def test_two_that_only_cost_together_are_alternatives(world: World) -> None:
    """A longer loop is run only where a switch is on: either one back is enough."""
    before = LIBRARY.replace(SCAN, SWITCHED)
    after = edited(before, ("SWITCH = False", "SWITCH = True"), ("range(3)", "range(30)"))
    told = found(asked(world, "time_scan", library(before), library(after)))
    names = {"<module>: SWITCH", "longer"}
    assert {one.name for one in told.changes} < names
    (other,) = told.others
    assert {told.changes[0].name, other.names[0].partition(": ")[2]} == names
    assert other.share > 0.75


SCAN = LIBRARY[LIBRARY.index("def scan(") : LIBRARY.index("def spans(")]
SWITCHED = """SWITCH = False


def longer(rows):
    for _ in range(3):
        sum(rows)


def scan(rows):
    if SWITCH:
        longer(rows)
    return sum(rows) + sum(rows)


"""


def test_a_gain_beside_a_loss_is_told_as_one(world: World) -> None:
    """What got quicker takes more when it goes back."""
    before = LIBRARY.replace(SCAN, BOTH)
    after = edited(before, ("range(5)", "range(40)"), ("range(15)", "range(2)"))
    told = found(asked(world, "time_scan", library(before), library(after)))
    assert [one.name for one in told.changes] == ["dearer"]
    assert told.share is not None
    assert told.share > 1.1
    (gain,) = told.others
    assert gain.names == ("library/__init__.py: cheaper",)
    assert gain.share < -0.1


BOTH = """def dearer(rows):
    for _ in range(5):
        sum(rows)


def cheaper(rows):
    for _ in range(15):
        sum(rows)


def scan(rows):
    dearer(rows)
    cheaper(rows)


"""


def test_a_cause_that_was_blamed_wrongly_is_refuted(world: World) -> None:
    """Both changed, and one of them costs nothing: what was inferred does not stand."""
    before = LIBRARY.replace(SCAN, BOTH)
    after = edited(before, ("range(5)", "range(40)"), ("for _ in range(15)", "for n in range(15)"))
    place = Place("library/__init__.py", 1)
    blamed = [
        replace(
            CAUSE, name=name, path=place.file, kind="changed", share=0.5, before=place, after=place
        )
        for name in ("dearer", "cheaper")
    ]
    told = asked(world, "time_scan", library(before), library(after), blamed=blamed)
    assert [one.name for one in found(told).changes] == ["dearer"]
    proofs = {one.name: one.proof for one in told.causes}
    assert {name: one and one.outcome for name, one in proofs.items()} == {
        "dearer": Outcome.PROVEN,
        "cheaper": Outcome.REFUTED,
    }


MODULES, FUNCTIONS, COMMITS = 30, 10, 100
GUILTY = (17, 4)


def range_of_commits() -> list[dict[str, str]]:
    """A library of 300 functions that all change in 100 commits, one of them for the worse."""
    bodies = {
        (module, number): f"    found = row + {number}\n    return found\n"
        for module in range(MODULES)
        for number in range(FUNCTIONS)
    }
    places = [*bodies]
    versions = [bodies]
    for commit in range(COMMITS):
        changed = {
            one: f"    return row + {one[1]}\n" for one in places[3 * commit : 3 * commit + 3]
        }
        if GUILTY in changed:
            changed[GUILTY] = f"    sum(range(20_000))\n{changed[GUILTY]}"
        versions.append({**versions[-1], **changed})
    calls = "".join(f"    module{module}.f{number}(1)\n" for module, number in places)
    imports = "".join(f"from library import module{module}\n" for module in range(MODULES))
    head = f"from library import innocent\n{imports}\n\ndef scan(rows):\n{calls}\n\n"
    head += "class Store:\n    pass\n\n\nclass Till:\n    pass\n\n\ndef prepare():\n    return 1\n"
    found = []
    for version in versions:
        files = {"__init__.py": head, "innocent.py": INNOCENT + EVERY}
        for module in range(MODULES):
            functions = [
                f"def f{number}(row):\n{version[module, number]}" for number in range(FUNCTIONS)
            ]
            files[f"module{module}.py"] = "\n\n".join(functions)
        found.append(files)
    return found


def test_one_of_three_hundred_changes_is_found_with_its_commit(world: World) -> None:
    """In few trials, whichever of a hundred commits brought it."""
    told = found(asked(world, "time_scan", *range_of_commits()))
    assert [(one.path, one.name) for one in told.changes] == [("library/module17.py", "f4")]
    assert told.candidates == MODULES * FUNCTIONS
    assert told.trials <= 24
    number = 1 + (GUILTY[0] * FUNCTIONS + GUILTY[1]) // 3
    assert [one.subject for one in told.changes[0].commits] == [f"version {number}"]
