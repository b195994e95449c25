"""Whether a benchmark returns the same is told from digests of real processes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from asking import ask

SUITE = """
import dataclasses
import io
import threading


@dataclasses.dataclass
class Row:
    number: int
    names: set
    next: object = None


class Slotted:
    __slots__ = ("held", "left")

    def __init__(self, held):
        self.held = held


class Plain:
    pass


SHIFT = {shift}
ring = Row(1 + SHIFT, set())
ring.next = ring
GIVEN = {{
    "number": 1 + SHIFT,
    "text": "a" + "b" * SHIFT,
    "rows": [Row(1, {{"x", "y", "z"}}), Row(2 + SHIFT, set())],
    "ring": ring,
    "slots": Slotted((1.5 + SHIFT, None, b"b")),
    "function": (len, Row, range(3 + SHIFT)),
    "nothing": None,
    "plain": object(),
    "lock": threading.Lock(),
    "mixed": {{1, "a"}},
    "stream": [io.BytesIO(b"a" + b"b" * SHIFT)],
}}


def time_given(name):
    return GIVEN[name]


time_given.params = [list(GIVEN)]


class Suite:
    def setup(self):
        self.number = 1 + SHIFT

    def time_checked(self):
        pass

    def check_checked(self):
        return self.number

    def time_fails(self):
        raise OSError("closed")
"""

NAMES = [
    *("number", "text", "rows", "ring", "slots", "function", "nothing", "plain", "lock", "mixed"),
    "stream",
]


@pytest.fixture
def suites(tmp_path: Path) -> tuple[Path, Path]:
    """The same suite twice, the second with other values."""
    found = []
    for shift in (0, 1):
        home = tmp_path / f"shift{shift}" / "benchmarks"
        home.mkdir(parents=True)
        (home / "__init__.py").touch()
        (home / "suite.py").write_text(SUITE.format(shift=shift))
        found.append(home)
    return found[0], found[1]


def result(suite: Path, benchmark: str, param: int | None = None, seed: str = "0") -> Any:
    """The digest of what a benchmark returns."""
    environment = {"PYTHONHASHSEED": seed}
    answer = ask(
        suite, f"suite.{benchmark}", mode="result", param_index=param, environment=environment
    )
    assert answer["error"] is None, answer
    return answer["result"]


@pytest.mark.parametrize("name", NAMES)
def test_equal_results_have_equal_digests(suites: tuple[Path, Path], name: str) -> None:
    """Whatever the order of sets; what differs differs, and what can't be compared is none."""
    param = NAMES.index(name)
    first, again = (result(suites[0], "time_given", param, seed) for seed in "12")
    other = result(suites[1], "time_given", param)
    assert first == again
    if name in ("nothing", "plain", "lock", "mixed"):
        assert first is other is None
    else:
        assert None not in (first, other)
        assert first != other


def test_a_check_beside_the_benchmark_counts(suites: tuple[Path, Path]) -> None:
    """It has the same name but for its beginning, and sees what setup made."""
    digests = [result(suite, "Suite.time_checked") for suite in suites]
    assert None not in digests
    assert digests[0] != digests[1]


def test_a_benchmark_that_fails_has_no_result(suites: tuple[Path, Path]) -> None:
    answer = ask(suites[0], "suite.Suite.time_fails", mode="result")
    assert answer["error"]["text"] == "OSError: closed"
