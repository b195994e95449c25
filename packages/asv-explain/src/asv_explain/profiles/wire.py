"""Plain JSON values checked at the boundary, with errors that say what is wrong and where."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["LARGEST", "WireError", "header", "item", "number", "refuse", "rows", "show", "table"]

LARGEST = 2**53
"""All numbers are below it. Counts travel through float64 arrays with the seconds beside them, and
would be rounded above; so many seconds are longer than anything has lasted, and sums of them stay
finite."""

_Table: TypeAlias = NDArray[np.float64]
_Mask: TypeAlias = NDArray[np.bool_]


class WireError(ValueError):
    """A raw profile that can't be read.

    Attributes:
        where: The place in the raw profile, such as ``functions[3].calls``.
        problem: What is wrong there, in one line.
    """

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"{where}: {problem}")
        self.where = where
        self.problem = problem


def item(row: Any, name: str, where: str) -> Any:
    """Return a field, or say which is missing."""
    try:
        return row[name]
    except KeyError:
        raise WireError(where, f"has no {name!r}") from None


def rows(raw: Mapping[str, Any], name: str) -> list[Any]:
    """Return a list field."""
    rows = item(raw, name, "profile")
    if not isinstance(rows, list):
        raise WireError(name, f"expected a list, got {show(rows)}")
    return rows


def header(raw: Any, schema: int, where: str) -> None:
    """Refuse what is not of this schema, or does not name its interpreter."""
    if not isinstance(raw, Mapping):
        raise WireError(where, f"expected an object, got {show(raw)}")
    if item(raw, "schema", where) != schema:
        raise WireError("schema", f"expected {schema}, got {show(raw['schema'])}")
    for name in ("python", "implementation"):
        if not isinstance(item(raw, name, where), str):
            raise WireError(name, f"expected a text, got {show(raw[name])}")


def number(row: Any, name: str, where: str) -> float:
    """Return a field that is a number of at least 0."""
    if not isinstance(row, Mapping):
        raise WireError(where, f"expected an object, got {show(row)}")
    value = item(row, name, where)
    if type(value) not in (int, float) or not 0 <= value < LARGEST:
        raise WireError(f"{where}.{name}", f"expected a number of at least 0, got {show(value)}")
    return float(value)


def table(rows: list[Any], columns: Sequence[str], whole: Sequence[str], where: str) -> _Table:
    """Return rows of numbers as one array; ``where`` has a place for the row and the column."""
    if not rows:
        return np.empty((0, len(columns)))
    # Looked at first: numpy makes a table of texts as wide as the longest, and numbers of some.
    if not (
        {*map(type, rows)} <= {list, tuple}
        and {*map(len, rows)} == {len(columns)}
        and {*map(type, chain.from_iterable(rows))} <= {int, float}
    ):
        raise _bad_row(rows, columns, where)
    try:
        table = np.fromiter(chain.from_iterable(rows), np.float64).reshape(len(rows), -1)
    except OverflowError:
        raise _bad_row(rows, columns, where) from None
    for column, name in enumerate(columns):
        values = table[:, column]
        place = where.format("{}", name)
        fine = (values >= 0) & (values < LARGEST)
        refuse(~fine, values, place, "expected a number of at least 0")
        if name in whole:
            fine = values == np.floor(values)
            refuse(~fine, values, place, "expected a whole number below 2**53")
    return table


def _bad_row(rows: list[Any], columns: Sequence[str], where: str) -> WireError:
    """Find the row that keeps a table from being one of numbers."""
    for index, row in enumerate(rows):
        if not isinstance(row, list | tuple) or len(row) != len(columns):
            text = f"expected {len(columns)} numbers, got {show(row)}"
            return WireError(where.split(".")[0].format(index), text)
        for name, value in zip(columns, row, strict=True):
            if type(value) not in (int, float) or not abs(value) < LARGEST:
                return WireError(where.format(index, name), f"expected a number, got {show(value)}")
    return WireError(where.split(".")[0].format(0), "expected rows of numbers")


def refuse(bad: _Mask, values: _Table, where: str, expected: str) -> None:
    """Raise for the first row that is bad."""
    if bad.any():
        row = int(np.argmax(bad))
        raise WireError(where.format(row), f"{expected}, got {values[row]:.15g}")


def show(value: Any) -> str:
    """Return a value as text that fits into one line."""
    # Of what is large or deep only the beginning is ever written out.
    text = _SHORT.repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 60
_SHORT.maxlevel = 3
