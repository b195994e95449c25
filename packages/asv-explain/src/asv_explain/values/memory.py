"""From two traces to causes in order: the changed code, and its lines, that allocate more."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from asv_explain.attribution.guilty import holder
from asv_explain.changes.change import Change, Changes
from asv_explain.explanation import LineChange, Place
from asv_explain.profiles.conservation import ConservationError
from asv_explain.values.line_match import match_lines
from asv_explain.values.trace import Function, Row, Trace

__all__ = ["MemoryCause", "describe", "memory_causes"]

UNCHANGED = "unchanged"
"""The kind of what allocates more although neither it nor a caller of it changed."""

IMPORTS = "<imports>"
"""The name of what was there before the benchmark's setup began."""

_Key = tuple[str, str, str, int]
_Part = tuple[int, str]
_LineKey = tuple[bool, int]


@dataclass(frozen=True, slots=True)
class MemoryCause:
    """A piece of code, and what is alive on both sides that was allocated through it.

    Attributes:
        name: Qualified name; the file, where that isn't known.
        path: File below its home, after if it is there.
        kind: ``changed``, ``new``, ``gone``, ``moved``, ``class``, ``module`` or ``unchanged``.
        change: The change behind it; None where its code didn't change.
        lines: All lines it allocates through, the largest change first.
    """

    name: str
    path: str
    kind: str
    change: Change | None
    lines: tuple[LineChange, ...]

    @property
    def size(self) -> tuple[int, int]:
        """Bytes before and after."""
        return sum(one.bytes_before for one in self.lines), sum(
            one.bytes_after for one in self.lines
        )

    @property
    def blocks(self) -> tuple[int, int]:
        """Blocks before and after."""
        return sum(one.blocks_before for one in self.lines), sum(
            one.blocks_after for one in self.lines
        )

    @property
    def amount(self) -> int:
        """Bytes after - before."""
        before, after = self.size
        return after - before


def memory_causes(before: Trace, after: Trace, changes: Changes) -> tuple[MemoryCause, ...]:
    """Say which code holds more, or less, than before.

    What a chain of calls allocated belongs to the nearest of its functions that changed, or that
    reads something outside functions that did, else to the nearest that is no library of Python's.
    Functions of both sides are the same by path and name, or where they moved; lines as
    `match_lines` pairs them.

    Args:
        before: What was alive before.
        after: The same after.
        changes: What changed in the sources.

    Returns:
        The causes, the largest first (for a gain, what saved most); they add up to the difference
        of the traces' totals.

    Raises:
        ConservationError: They don't add up, which is a mistake of ours.
    """
    sides = (_Side(before, changes, is_after=False), _Side(after, changes, is_after=True))
    partner = _partners(*sides, changes)
    found: dict[_Key, _Cause] = {}
    for side, trace in zip(sides, (before, after), strict=True):
        for row in trace.rows:
            depth = side.owner(row)
            index, line = row.stack[depth] if row.stack else (None, 0)
            function = None if index is None else trace.functions[index]
            key = ("", "", "", 0) if index is None else side.keys[index]
            key = key if side.is_after else partner.get(key, key)
            cause = found.setdefault(key, _Cause())
            via = _shown(trace.functions[row.stack[0][0]]) if depth else ""
            cause.take(row, function, side.change(function), line, via, is_after=side.is_after)
    causes = [made for cause in found.values() for made in cause.made()]
    difference = after.total - before.total
    if sum(cause.amount for cause in causes) != difference:
        total = sum(cause.amount for cause in causes)
        raise ConservationError([f"causes hold {total} bytes more, not {difference}"])
    sign = -1 if difference < 0 else 1
    return tuple(sorted(causes, key=lambda one: -sign * one.amount))


def describe(cause: MemoryCause) -> str:
    """One sentence on a cause: what changed, and which line of it holds how much more."""
    state = {UNCHANGED: "did not change", "new": "is new", "gone": "is gone"}
    start = f"`{cause.name}` {state.get(cause.kind, 'changed')}"
    first = cause.lines[0]
    change = first.bytes_after - first.bytes_before
    place = first.after or first.before
    where = f"its line {place.line}" if place is not None and place.line else "it"
    via = f", through `{first.via}`," if first.via else ""
    return f"{start}; {where}{via} holds {abs(change):,} bytes {'more' if change > 0 else 'less'}"


def _keys(functions: Sequence[Function]) -> list[_Key]:
    """What functions are known by on either side; same-named ones are told apart by order."""
    keys: list[_Key] = [("", "", "", 0)] * len(functions)
    seen: Counter[tuple[str, str, str]] = Counter()
    for index in sorted(range(len(functions)), key=lambda index: functions[index].line):
        one = functions[index]
        named = (one.home, one.path, one.name)
        keys[index] = (*named, seen[named])
        seen[named] += 1
    return keys


def _shown(function: Function) -> str:
    return function.name or function.path


class _Side:
    """Finds out which functions of one side changed."""

    def __init__(self, trace: Trace, changes: Changes, *, is_after: bool) -> None:
        self.is_after = is_after
        self.functions = trace.functions
        self.keys = _keys(trace.functions)
        self._changes: defaultdict[tuple[str, str], list[Change]] = defaultdict(list)
        self._readers = {reader: one for one in changes.items for reader in one.readers}
        for one in changes.items:
            path = one.path_after if is_after else one.path_before
            if path is not None and (one.lines_after if is_after else one.lines_before):
                self._changes[path, one.name.removeprefix("class ")].append(one)

    def change(self, function: Function | None) -> Change | None:
        """The change of a function, the one on its lines where several have its name."""
        if function is None or function.home != "site":
            return None
        options = self._changes.get((function.path, holder(function.name) or function.name), [])
        for one in options:
            span = one.lines_after if self.is_after else one.lines_before
            if span is not None and span[0] <= function.line <= span[1]:
                return one
        if options:
            return options[0]
        return self._readers.get((function.path, function.name))

    def owner(self, row: Row) -> int:
        """The depth in a row's stack of the function to which it belongs."""
        functions = [self.functions[index] for index, _ in row.stack]
        for depth, function in enumerate(functions):
            if self.change(function) is not None:
                return depth
        for depth, function in enumerate(functions):
            if function.home in ("site", "bench"):
                return depth
        return 0


def _partners(before: _Side, after: _Side, changes: Changes) -> dict[_Key, _Key]:
    """Functions before by what they are after, where that is another path."""
    ours = dict(zip(before.keys, before.functions, strict=True))
    theirs = dict(zip(after.keys, after.functions, strict=True))
    moved = {
        (one.path_before, one.name): one.path_after
        for one in changes.items
        if one.path_before and one.path_after and one.path_before != one.path_after
    }
    result: dict[_Key, _Key] = {}
    left: defaultdict[tuple[str, str, tuple[str, ...]], list[_Key]] = defaultdict(list)
    for key, function in theirs.items():
        if key not in ours and function.source:
            left[function.home, function.name, function.source].append(key)
    for key, function in ours.items():
        home, path, name, number = key
        elsewhere = moved.get((path, name)) or changes.renames.get(path)
        if home == "site" and elsewhere is not None:
            result[key] = (home, elsewhere, name, number)
        elif key not in theirs:
            # Moved as it is, it has the same lines elsewhere.
            same = left.get((function.home, function.name, function.source), [])
            if len(same) == 1:
                result[key] = same[0]
    return result


@dataclass(slots=True)
class _Cause:
    """What is gathered of one cause; line keys say which side they count on."""

    functions: list[Function | None] = field(default_factory=lambda: [None, None])
    changes: list[Change | None] = field(default_factory=lambda: [None, None])
    held: list[dict[_Part, list[int]]] = field(default_factory=lambda: [{}, {}])

    def take(
        self,
        row: Row,
        function: Function | None,
        change: Change | None,
        line: int,
        via: str,
        *,
        is_after: bool,
    ) -> None:
        """Add a row, at a line counted from its function's first."""
        self.functions[is_after], self.changes[is_after] = function, change
        offset = line - max(function.line, 1) if function is not None else 0
        sums = self.held[is_after].setdefault((offset, via), [0, 0])
        sums[0] += row.size
        sums[1] += row.blocks

    def made(self) -> Iterator[MemoryCause]:
        """Give the cause, unless it holds nothing at all on either side."""
        ours, theirs = self.functions
        pairs: dict[int, int] = {}
        if ours is not None and theirs is not None:
            pairs = match_lines(ours.source, theirs.source)
            if not (ours.source and theirs.source):
                # Without sources, such as in Python's own library, lines go by their numbers.
                pairs = {one: one for one, _ in self.held[0]}
        lines: dict[_LineKey, tuple[list[_Part], list[_Part]]] = {}
        for side, held in enumerate(self.held):
            for part in held:
                offset = part[0]
                is_after = bool(side) or offset in pairs
                key = (is_after, offset if side else pairs.get(offset, offset))
                lines.setdefault(key, ([], []))[side].append(part)
        made = [self._line(*parts) for parts in lines.values()]
        made.sort(key=lambda one: -abs(one.bytes_after - one.bytes_before))
        shown = theirs or ours
        change = self.changes[1] or self.changes[0]
        if made:
            yield MemoryCause(
                _shown(shown) if shown else IMPORTS,
                shown.path if shown else "",
                _kind(change),
                change,
                tuple(made),
            )

    def _line(self, *sides: Sequence[_Part]) -> LineChange:
        """Put together what one line holds on both sides, through whatever it calls."""
        sizes, blocks = [0, 0], [0, 0]
        places: list[Place | None] = [None, None]
        text = ""
        through: Counter[str] = Counter()
        for side, parts in enumerate(sides):
            for offset, via in parts:
                size, count = self.held[side][offset, via]
                sizes[side] += size
                blocks[side] += count
                through[via] += size
                function = self.functions[side]
                if function is not None:
                    places[side] = Place(function.path, offset + max(function.line, 1))
                    if 0 <= offset < len(function.source):
                        text = function.source[offset].strip()
        via = max(through, key=lambda name: through[name])
        return LineChange(text, places[0], places[1], sizes[0], sizes[1], blocks[0], blocks[1], via)


def _kind(change: Change | None) -> str:
    if change is None:
        return UNCHANGED
    if "def → async def" in change.details:
        return "async"
    if change.kind == "function":
        return "moved" if "moved" in change.details else "changed"
    return change.kind
