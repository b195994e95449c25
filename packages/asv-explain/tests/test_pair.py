"""Counts and stacks round-trip, and are refused by name where they are damaged."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from profile_pairs import PLAIN, pair_of, sides
from strategies import raw_profiles

from asv_explain.profiles.pair import ProfileSide, decode_pair, encode_pair
from asv_explain.profiles.wire import WireError


@given(sides(raw_profiles()), sides(raw_profiles()))
def test_a_pair_is_read_as_it_was_written(before: ProfileSide, after: ProfileSide) -> None:
    """Every column of the stacks, the counts, and who is who."""
    pair = pair_of(before, after)
    data = encode_pair(pair)
    found = decode_pair(data)
    assert encode_pair(found) == data
    assert found.same == pair.same
    for side, read in ((before, found.before), (after, found.after)):
        for name in ("parent", "function", "line", "samples", "seconds"):
            column = getattr(read.stacks, name)
            assert column.tolist() == getattr(side.stacks, name).tolist()
            assert column.dtype == getattr(side.stacks, name).dtype
            assert not column.flags.writeable


def damaged(**columns: Any) -> bytes:
    """A pair with other columns in the stacks of the side before."""
    raw = json.loads(encode_pair(pair_of(PLAIN, PLAIN)))
    raw["before"]["stacks"].update(columns)
    return json.dumps(raw).encode()


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"parent": [-1, 0, 2, 0, 3]}, r"parent\[2\]: expected an earlier node, or -1, got 2"),
        ({"parent": [-2, 0, 1, 0, 3]}, r"parent\[0\]: expected an earlier node, or -1, got -2"),
        ({"parent": [-1, 0, 1, 0]}, "expected 4 numbers"),
        ({"parent": 5}, "parent: expected a list"),
        ({"parent": [-1, 0, 0.5, 0, 3]}, r"parent\[2\]: expected a whole number"),
        ({"function": [0, 1, 2, 3, 4]}, r"function\[4\]: expected the index of one of 4 functions"),
        ({"function": [0, 1, -1, 3, 2]}, r"function\[2\]: expected the index"),
        ({"function": [0, 1, True, 3, 2]}, "function: expected 5 numbers"),
        ({"line": [0, 0, -1, 0, 0]}, r"line\[2\]: expected at least 0"),
        ({"samples": [0, 0, 1.5, 0, 0]}, r"samples\[2\]: expected a whole number"),
        ({"samples": [2**52] * 5}, r"samples: expected fewer than 2\*\*53 in all"),
        ({"samples": [10**400, 0, 0, 0, 0]}, r"samples: expected numbers below 2\*\*53"),
        ({"seconds": [0, 0, -1e-9, 0, 0]}, r"seconds\[2\]: expected at least 0"),
        ({"seconds": [0, 0, 1e300, 0, 0]}, r"seconds\[2\]: expected a number below 2\*\*53"),
        ({"seconds": [0, 0, "1", 0, 0]}, "seconds: expected 5 numbers"),
    ],
)
def test_damaged_stacks_are_refused_by_place(columns: dict[str, Any], problem: str) -> None:
    """What is wrong is told with the column and the row."""
    with pytest.raises(WireError, match=problem):
        decode_pair(damaged(**columns))


@pytest.mark.parametrize("part", ["profile", "stacks"])
def test_a_side_has_counts_and_stacks(part: str) -> None:
    """Neither is left out."""
    raw = json.loads(encode_pair(pair_of(PLAIN, PLAIN)))
    del raw["after"][part]
    with pytest.raises(WireError, match=f"after: expected an object with {part}"):
        decode_pair(json.dumps(raw).encode())


def test_an_earlier_form_is_refused() -> None:
    """Another schema is another form."""
    raw = json.loads(encode_pair(pair_of(PLAIN, PLAIN)))
    with pytest.raises(WireError, match="expected an object of schema 2"):
        decode_pair(json.dumps({**raw, "schema": 1}).encode())
