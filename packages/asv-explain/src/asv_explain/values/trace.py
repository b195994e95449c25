"""What a traced process held, line by line, read from what the harness printed and validated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from asv_explain.profiles.profile import HOMES
from asv_explain.profiles.wire import LARGEST, WireError, item, show

__all__ = ["Function", "Row", "Stack", "Trace", "trace_from_raw"]

Stack: TypeAlias = tuple[tuple[int, int], ...]
"""Index of the function and line of each frame, the most recent first."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function, class body or module on one side.

    Attributes:
        home: Where its file lives, one of the homes that profiles have.
        path: File below its home.
        name: Qualified name, ``<module>`` outside functions, ``""`` where it isn't known.
        line: First line, 0 where it isn't known.
        source: Its lines; empty where they can't be read, and for Python's own library.
    """

    home: str
    path: str
    name: str
    line: int
    source: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """Memory that was allocated by one chain of calls: bytes, blocks, and the chain."""

    size: int
    blocks: int
    stack: Stack


@dataclass(frozen=True, slots=True)
class Trace:
    """What one process held.

    Attributes:
        functions: The functions of all stacks.
        rows: What was alive; what was freed again within a line counts as one block of that line.
        peak: Bytes of the highest traced memory, of which the rows are what could be looked at.
        temporary: Bytes among the rows that had been freed again when they were looked at.
        origin: Who made the object of a mem_ benchmark; empty if nobody that was traced.
    """

    functions: tuple[Function, ...]
    rows: tuple[Row, ...]
    peak: int
    temporary: int
    origin: Stack

    @property
    def total(self) -> int:
        """Bytes of all rows."""
        return sum(row.size for row in self.rows)


def trace_from_raw(raw: Mapping[str, Any]) -> Trace:
    """Read a raw trace, as the harness prints it.

    Raises:
        WireError: Something is missing, of the wrong type, or impossible; it says what and where.
    """
    functions = tuple(
        _function(row, f"functions[{index}]") for index, row in enumerate(_list(raw, "functions"))
    )
    rows = [_row(row, f"rows[{index}]", functions) for index, row in enumerate(_list(raw, "rows"))]
    temporary = _list(raw, "temporary")
    if len(temporary) != 2:
        raise WireError("temporary", f"expected bytes and a stack, got {show(temporary)}")
    freed = _count(temporary[0], "temporary[0]")
    if freed:
        rows.append(Row(freed, 1, _stack(temporary[1], "temporary[1]", functions)))
    return Trace(
        functions,
        tuple(rows),
        _count(item(raw, "peak", "trace"), "peak"),
        freed,
        _stack(item(raw, "origin", "trace"), "origin", functions),
    )


def _list(raw: Mapping[str, Any], name: str) -> list[Any]:
    found = item(raw, name, "trace")
    if not isinstance(found, list):
        raise WireError(name, f"expected a list, got {show(found)}")
    return found


def _count(value: Any, where: str) -> int:
    if type(value) is not int or not 0 <= value < LARGEST:
        raise WireError(where, f"expected a whole number of at least 0, got {show(value)}")
    return value


def _function(row: Any, where: str) -> Function:
    if not isinstance(row, Mapping):
        raise WireError(where, f"expected an object, got {show(row)}")
    texts = {name: item(row, name, where) for name in ("home", "path", "name")}
    source = item(row, "source", where)
    if not isinstance(source, list) or not all(
        isinstance(text, str) for text in (*texts.values(), *source)
    ):
        raise WireError(where, f"expected texts, got {show(row)}")
    if texts["home"] not in HOMES:
        raise WireError(f"{where}.home", f"expected a home, got {show(texts['home'])}")
    line = _count(item(row, "line", where), f"{where}.line")
    return Function(**texts, line=line, source=tuple(source))


def _row(row: Any, where: str, functions: Sequence[Function]) -> Row:
    if not isinstance(row, list) or len(row) != 3:
        raise WireError(where, f"expected bytes, blocks and a stack, got {show(row)}")
    size, blocks = _count(row[0], f"{where}[0]"), _count(row[1], f"{where}[1]")
    return Row(size, blocks, _stack(row[2], f"{where}[2]", functions))


def _stack(frames: Any, where: str, functions: Sequence[Function]) -> Stack:
    if not isinstance(frames, list):
        raise WireError(where, f"expected a list, got {show(frames)}")
    stack = []
    for frame in frames:
        if not isinstance(frame, list) or len(frame) != 2:
            raise WireError(where, f"expected a function and a line, got {show(frame)}")
        function, line = _count(frame[0], where), _count(frame[1], where)
        if function >= len(functions):
            raise WireError(where, f"expected one of {len(functions)} functions, got {function}")
        stack.append((function, line))
    return tuple(stack)
