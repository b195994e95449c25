"""Any bytes, any JSON and any damaged input is either read soundly or refused as documented.

So many inputs are tried of each kind as ``ASV_EXPLAIN_TIMES`` says. The same parsers are fuzzed for
longer, led by what code is reached, by ``python -m observatory.studies.fuzzing``.
"""

from __future__ import annotations

import copy
import json
import warnings
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from survival.times import times

from observatory.studies.fuzzing.damage import ODD
from observatory.studies.fuzzing.parser import Parser, Unsound, require
from observatory.studies.fuzzing.parsers import PARSERS

quickly = settings(
    # Inputs of each kind for each parser.
    max_examples=times(30),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
every = pytest.mark.parametrize("parser", PARSERS.values(), ids=lambda one: one.name)

leaves = st.one_of(st.sampled_from(ODD), st.floats(), st.integers(), st.text(max_size=8))
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


def written(value: object) -> bytes:
    """JSON as another hand might write it, with what JSON doesn't have, and half characters."""
    return json.dumps(value).encode()


def places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to each part of a value."""
    found = [path]
    inner: list[tuple[Any, object]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    for key, one in inner:
        found += places(one, (*path, key))
    return found


def put(value: Any, path: tuple[Any, ...], what: object) -> Any:
    """A value with one part replaced."""
    if not path:
        return what
    changed = copy.copy(value)
    changed[path[0]] = put(changed[path[0]], path[1:], what)
    return changed


def left_out(value: Any, path: tuple[Any, ...]) -> Any:
    """A value without one part."""
    changed = copy.copy(value)
    if len(path) > 1:
        changed[path[0]] = left_out(changed[path[0]], path[1:])
    elif path:
        del changed[path[0]]
    return changed


def parts(value: Any, path: tuple[Any, ...]) -> Any:
    """The part to which a path leads."""
    return parts(value[path[0]], path[1:]) if path else value


@st.composite
def damaged(draw: st.DrawFn, seed: bytes) -> bytes:
    """A valid input in which up to three things are wrong: parts of its JSON, or of its bytes."""
    try:
        value = json.loads(seed)
    except ValueError:
        return draw(scratched(seed))
    for _ in range(draw(st.integers(1, 3))):
        ways = places(value)
        way = draw(st.sampled_from(ways))
        how = draw(st.sampled_from(("replace", "replace", "replace", "drop", "copy", "repeat")))
        if how == "replace":
            value = put(value, way, draw(values))
        elif how == "copy":
            value = put(value, way, parts(value, draw(st.sampled_from(ways))))
        elif how == "drop":
            value = left_out(value, way)
        elif isinstance(parts(value, way), list):
            value = put(value, way, parts(value, way) * draw(st.integers(2, 9)))
    text = written(value)
    return draw(scratched(text)) if draw(st.booleans()) and draw(st.booleans()) else text


@st.composite
def scratched(draw: st.DrawFn, data: bytes) -> bytes:
    """Bytes of which some are flipped, lost, doubled or foreign."""
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(data)))
        length = draw(st.sampled_from((0, 1, 1, 2, 8, 1000)))
        foreign = draw(
            st.one_of(
                st.binary(max_size=4),
                st.sampled_from(
                    (b"\0", b"\n", b"\x0c", b"\r", b"[", b"{", b'"', b"9" * 400, b"(" * 300)
                ),
                st.just(data[place : place + 40]),
            )
        )
        data = data[:place] + foreign + data[place + length :]
    return data


def tried(parser: Parser, data: bytes) -> bool:
    """Whether the bytes are read; what the parser must not raise passes through."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # Python's own word on an expression that may once mean something else.
        warnings.simplefilter("ignore", FutureWarning)
        return parser.tries(data)


@every
def test_valid_inputs_are_read(parser: Parser) -> None:
    """What is tried out does read what it is for, so that refusing all is not enough."""
    for seed in parser.seeds:
        assert tried(parser, seed), seed


@every
@quickly
@given(data=st.binary(max_size=200))
@example(data=b"")
@example(data=b"[" * 10_000)
@example(data=b"{" * 10_000)
@example(data=b'{"a":' * 10_000)
@example(data=b"(" * 10_000)
@example(data=b"-" * 10_000)
@example(data=b"9" * 10_000)
@example(data=b"\n" * 10_000)
@example(data=b"\xff\xfe\0")
@example(data=b"null")
@example(data=b"[]")
@example(data=b"{}")
@example(data=b'"' + b"x" * 10_000 + b'"')
def test_any_bytes(parser: Parser, data: bytes) -> None:
    """Whatever the bytes are, they are read soundly or refused."""
    tried(parser, data)


@every
@quickly
@given(value=values)
def test_any_json(parser: Parser, value: Any) -> None:
    """Whatever JSON it is, it is read soundly or refused."""
    tried(parser, written(value))


@every
@quickly
@given(data=st.data())
def test_damaged_inputs(parser: Parser, data: st.DataObject) -> None:
    """Whatever is wrong with a valid input, it is read soundly or refused."""
    tried(parser, data.draw(damaged(data.draw(st.sampled_from(parser.seeds)))))


def test_a_finding_passes_through() -> None:
    """An error that is not documented, and a promise that is broken, are findings."""

    def fails(data: bytes) -> None:
        require(data != b"unsound", "it is sound")
        raise KeyError(data)

    parser = Parser("p", "", fails, (ValueError,), ())
    with pytest.raises(KeyError):
        parser.tries(b"x")
    with pytest.raises(Unsound, match="it is sound"):
        parser.tries(b"unsound")
