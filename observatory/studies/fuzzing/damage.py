"""Damages a valid input at random, where a fuzzer that knows bytes alone would get no further."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from typing import Any

__all__ = ["ODD", "damaged"]

ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2, 3, 2**31, 2**53, 2**63, 2**64, -(2**64), 10**30, 10**400),
    *(0.0, -0.0, 0.5, -0.5, 1e-320, 1e300, -1e300, float("nan"), float("inf"), -float("inf")),
    *("", "0", "\0", "\ud800", "\udcff", "../../etc/passwd", "/etc/passwd", "\n", "x" * 3000),
    *([], {}, [[]], [{}], {"": {}}, [0], [[0, 0]], ["a"], {"schema": 1}),
    *("failed", "time", "unknown", "slower", "same", [[[[[[[[[[[[]]]]]]]]]]]]),
)
"""What turns up in JSON where nobody thought of it."""

# So often a list is repeated, at most.
_TIMES = 9

# So many things are damaged at once, at most.
_MOST = 3

Place = tuple[Any, ...]


def damaged(data: bytes, draw: random.Random) -> bytes | None:
    """An input of which up to three parts are others, left out, repeated or copied from elsewhere.

    Args:
        data: JSON, or anything else.
        draw: what chance is drawn from.

    Returns:
        The JSON with the damage; None if the input is none.
    """
    try:
        value = json.loads(data)
        for _ in range(draw.randint(1, _MOST)):
            value = draw.choice(_WAYS)(value, draw)
        return json.dumps(value).encode()
    except (ValueError, OverflowError, RecursionError):
        return None


def _places(value: object, place: Place = ()) -> list[Place]:
    """The way to each part of a value."""
    found = [place]
    if isinstance(value, dict):
        for key, one in value.items():
            found += _places(one, (*place, key))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            found += _places(one, (*place, index))
    return found


def _part(value: Any, place: Place) -> Any:
    for key in place:
        value = value[key]
    return value


def _put(value: Any, place: Place, what: object) -> Any:
    if not place:
        return what
    changed = copy.copy(value)
    changed[place[0]] = _put(changed[place[0]], place[1:], what)
    return changed


def _replaced(value: Any, draw: random.Random) -> Any:
    return _put(value, draw.choice(_places(value)), draw.choice(ODD))


def _nudged(value: Any, draw: random.Random) -> Any:
    """A number a little or a lot larger, or of the other sign."""
    numbers = [one for one in _places(value) if type(_part(value, one)) in (int, float)]
    if not numbers:
        return _replaced(value, draw)
    place = draw.choice(numbers)
    number = _part(value, place)
    changes = (number + 1, number - 1, -number, number * 2, number * 10**20, number / 3)
    return _put(value, place, draw.choice(changes))


def _copied(value: Any, draw: random.Random) -> Any:
    places = _places(value)
    return _put(value, draw.choice(places), _part(value, draw.choice(places)))


def _left_out(value: Any, draw: random.Random) -> Any:
    places = _places(value)[1:]
    if not places:
        return value
    *above, last = draw.choice(places)
    held = copy.copy(_part(value, tuple(above)))
    del held[last]
    return _put(value, tuple(above), held)


def _repeated(value: Any, draw: random.Random) -> Any:
    """A list several times as long, or with parts in another order."""
    lists = [one for one in _places(value) if isinstance(_part(value, one), list)]
    if not lists:
        return _replaced(value, draw)
    place = draw.choice(lists)
    held = list(_part(value, place)) * draw.randint(1, _TIMES)
    draw.shuffle(held)
    return _put(value, place, held)


_WAYS: tuple[Callable[[Any, random.Random], Any], ...] = (
    *(_replaced, _replaced, _nudged, _nudged, _copied, _left_out, _repeated),
)
