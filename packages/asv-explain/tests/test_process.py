"""What the harness wrote is read whole, or refused as a whole."""

from __future__ import annotations

import gc
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import raw_profiles

from asv_explain.measuring.process import read_answer


@given(raw_profiles())
def test_profiles_are_read_as_they_were_written(raw: dict[str, Any]) -> None:
    """Every number comes back to the last digit, whichever program wrote it."""
    assert read_answer(json.dumps(raw).encode()) == raw


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_infinities_are_read(value: float) -> None:
    """A benchmark's own clock may tell any time; what to make of it is decided later."""
    assert read_answer(json.dumps({"wall": value}).encode()) == {"wall": value}


@given(st.sampled_from([b"", b"{", b'{"wall": 1', b"\xff\xfe", b"[1] 2"]), st.booleans())
def test_what_is_no_json_is_refused(data: bytes, collecting: bool) -> None:
    """Whatever was cut short is a ValueError, and garbage is collected as before."""
    before = gc.isenabled()
    try:
        (gc.enable if collecting else gc.disable)()
        with pytest.raises((json.JSONDecodeError, UnicodeDecodeError)):
            read_answer(data)
        assert gc.isenabled() is collecting
    finally:
        (gc.enable if before else gc.disable)()
