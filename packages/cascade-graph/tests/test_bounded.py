"""The bounded cache."""

from __future__ import annotations

import pytest

from cascade.graph import BoundedCache


def test_what_was_not_used_for_longest_makes_room() -> None:
    """A full cache keeps the values used last."""
    cache: BoundedCache[str, int] = BoundedCache(2)
    cache.put("a", 1)
    cache.put("b", 2)
    assert cache.get("a") == 1
    cache.put("c", 3)
    assert [cache.get(key) for key in "abc"] == [1, None, 3]
    assert (len(cache), cache.hits, cache.misses) == (2, 3, 1)


def test_capacity_zero_keeps_nothing() -> None:
    """A cache without room is always empty, and less than none is a mistake."""
    cache: BoundedCache[str, int] = BoundedCache(0)
    cache.put("a", 1)
    assert len(cache) == 0
    with pytest.raises(ValueError, match="0 values or more"):
        BoundedCache(-1)
