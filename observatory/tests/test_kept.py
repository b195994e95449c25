"""Injections are kept as lines, and made again whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observatory.injections.injection import Edit, Files, Injection, Name
from observatory.injections.kept import KeptError, injection_from, kept_form

RELEASED = {"shop/core.py": "a\nb\nc\n", "shop/shelf.py": "x\r\ny"}

TEXTS = st.lists(st.sampled_from(["a", "b", "c", "a\n", "b\n", "c\r\n", "d\x0c\n", ""])).map(
    "".join
)
TREES = st.dictionaries(st.sampled_from([*RELEASED, "shop/new.py"]), TEXTS)


def injection(before: Files, after: Files) -> Injection:
    edit = Edit((Name("shop/core.py", "find"),), after)
    return Injection("1-0", "shop", "own", "day.time", 0.1, 3, before, after, (edit,))


@given(TREES, TREES)
def test_what_was_kept_is_the_same_again(before: Files, after: Files) -> None:
    """To the letter, whatever ends the lines."""
    one = injection(before, after)
    assert injection_from(kept_form(one, RELEASED), RELEASED) == one


def test_what_is_of_another_release_is_refused() -> None:
    """Lines of one release are never put into another."""
    kept = kept_form(injection({}, {"shop/core.py": "a\nz\nc\n"}), RELEASED)
    assert [*map(tuple, kept["after"]["shop/core.py"]["changes"])] == [(1, 2, "z\n")]
    with pytest.raises(KeptError, match=r"shop/core\.py is of another release"):
        injection_from(kept, {**RELEASED, "shop/core.py": "a\nb\n"})
    with pytest.raises(KeptError, match="another form"):
        injection_from({"key": 1}, RELEASED)
