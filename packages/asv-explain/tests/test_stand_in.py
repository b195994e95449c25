"""The harness imports modules from other sources than their files have, in real processes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from asking import ask
from two_versions import modules

from asv_explain.trials.pieces import pieces_of, put_back

# What each version gives; nothing of it takes any time.
BEFORE = """
import functools


def doubled(function):
    @functools.wraps(function)
    def wrapper(row):
        return 2 * function(row)

    return wrapper


def plain(row, more=1):
    return row + more


@doubled
def decorated(row):
    return row + 1


def numbers():
    yield 1


def outer():
    shift = 1

    def inner():
        return shift

    return inner()


class Till:
    coins = 1

    def method(self):
        return 1

    @staticmethod
    def static():
        return 1

    @classmethod
    def of_class(cls):
        return 1

    @property
    def value(self):
        return 1


TABLE = {"plain": plain}


def told():
    till = Till()
    values = [plain(0), decorated(0) // 2, next(numbers()), outer(), TABLE["plain"](0)]
    return values + [till.method(), Till.static(), Till.of_class(), till.value, Till.coins]
"""
AFTER = (
    BEFORE.replace("more=1", "more=2").replace("row + 1", "row + 2").replace("yield 1", "yield 2")
)
AFTER = AFTER.replace("shift = 1", "shift = 2").replace("return 1", "return 2")
AFTER = AFTER.replace("coins = 1", "coins = 2")

SUITE = """
import asyncio

import library


def time_tells():
    with open("told", "w") as file:
        file.write(repr(library.told()))


def time_waits():
    asyncio.run(library.waits())


def timeraw_tells():
    return '''
        import library
        with open("told", "w") as file:
            file.write(repr(library.told()))
    '''


timeraw_tells.repeat = 1
time_tells.number = time_waits.number = timeraw_tells.number = 1
"""

ASYNC = """
async def get():
    return 1


async def waits():
    return get()
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A suite that tells what the library's functions give, and the later library installed."""
    root = tmp_path / "root"
    (root / "benchmarks").mkdir(parents=True)
    (root / "benchmarks" / "__init__.py").touch()
    (root / "benchmarks" / "suite.py").write_text(SUITE)
    (root / "site").mkdir()
    (root / "site" / "library.py").write_text(AFTER)
    return root / "benchmarks"


def stood_in(suite: Path, text: str, benchmark: str = "time_tells", **more: Any) -> dict[str, Any]:
    """What the harness answers with another source in place of the library's."""
    listed = {"path": "library.py", "text": text, "digest": digest(AFTER), **more}
    file = suite.parent / "stand_in.json"
    file.write_text(json.dumps({"strict": True, "modules": [listed]}))
    path = {"PYTHONPATH": str(suite.parent / "site")}
    return ask(suite, f"suite.{benchmark}", environment=path, stand_in=str(file), number=1)


def digest(text: str) -> str:
    """The digest of a text, as the harness makes it."""
    return hashlib.blake2b(text.encode()).hexdigest()


def told(suite: Path) -> list[int]:
    """What the library's functions gave in the last process."""
    found: list[int] = json.loads((suite.parent.parent / "cwd" / "told").read_text())
    return found


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("plain", {0, 4}),
        ("decorated", {1}),
        ("numbers", {2}),
        ("outer", {3}),
        ("Till.static", {6}),
        ("Till.value", {8}),
        ("class Till: coins", {9}),
    ],
)
def test_one_function_runs_as_it_was(suite: Path, name: str, changed: set[int]) -> None:
    """What holds it already holds the earlier one; everything else is the later one's."""
    found = modules(library=(BEFORE, AFTER))
    piece = next(one for one in pieces_of(found["library.py"]) if one.name == name)
    answer = stood_in(suite, put_back([piece], found)["library.py"])
    assert answer["error"] is None
    assert {index for index, value in enumerate(told(suite)) if value == 1} == changed
    assert (suite.parent / "site" / "library.py").read_text() == AFTER


def test_without_another_source_the_file_is_imported(suite: Path) -> None:
    """A side that imports the text of its own file gives what the file does."""
    assert stood_in(suite, AFTER)["error"] is None
    assert set(told(suite)) == {2}


def test_a_raw_benchmark_imports_it_in_its_own_process(suite: Path) -> None:
    """Its statement runs in another process, which knows of the source as well."""
    answer = stood_in(suite, BEFORE, "timeraw_tells")
    assert answer["error"] is None
    assert set(told(suite)) == {1}


@pytest.mark.parametrize(
    ("text", "benchmark", "kind", "reason"),
    [
        (BEFORE + "raise OSError('closed')\n", "time_tells", "failed", "OSError: closed"),
        ("match = (\n", "time_tells", "unswapped", "can't read it"),
        (AFTER + ASYNC, "time_waits", "unswapped", "get is called and never awaited"),
        (AFTER + ASYNC.replace("return get", "return await get"), "time_waits", None, ""),
    ],
)
def test_what_does_not_work_is_told(
    suite: Path, text: str, benchmark: str, kind: str | None, reason: str
) -> None:
    """What raises, what is no Python, and what would silently run nothing at all."""
    error = stood_in(suite, text, benchmark)["error"]
    assert (error and error["kind"]) == kind
    assert reason in (error["text"] if error else "")


def test_a_file_that_is_not_the_one_in_git_is_left_alone(suite: Path) -> None:
    """A build may make another file of it, for which the source would be wrong."""
    error = stood_in(suite, BEFORE, digest=digest("other"))["error"]
    assert error["kind"] == "unswapped"
    assert "installed in another form than in git" in error["text"]


def test_a_module_that_is_never_imported_proves_nothing(suite: Path) -> None:
    """What did not run from the source was not put back."""
    (suite.parent / "site" / "unused.py").write_text(AFTER)
    error = stood_in(suite, BEFORE, path="unused.py")["error"]
    assert error["kind"] == "unswapped"
    assert "not imported" in error["text"]


def test_line_ends_and_encodings_are_no_difference(suite: Path) -> None:
    """A checkout may have other line ends than git keeps."""
    (suite.parent / "site" / "library.py").write_bytes(AFTER.replace("\n", "\r\n").encode())
    assert stood_in(suite, BEFORE)["error"] is None
    assert set(told(suite)) == {1}
