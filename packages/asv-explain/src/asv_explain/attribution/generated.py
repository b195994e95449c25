"""Functions that are generated, and the changes of what generated them."""

from __future__ import annotations

from collections.abc import Iterable

from asv_explain.changes.change import Change, Changes
from asv_explain.profiles.match import Match
from asv_explain.profiles.profile import Profile

__all__ = ["find_generated"]

_MODULE = "<module>"


def find_generated(
    before: Profile, after: Profile, match: Match, changes: Changes
) -> dict[int, Change]:
    """Find the changes behind generated functions, by who ran the code that made them.

    That is the innermost frame which changed: a function of that name, or a class or module by
    the line that ran, which for a decorated class is the line of the decorator. A generated
    function that differs is due to a change of the module that made it even if that is of another
    line, such as that of an option.

    Args:
        before: The profile before.
        after: The profile after.
        match: The pairs of their functions.
        changes: What changed in the sources.

    Returns:
        The change behind each pair of generated functions that has one.
    """
    found: dict[int, Change] = {}
    if not (before.generators or after.generators):
        return found
    sides = _Side(before, changes, is_after=False), _Side(after, changes, is_after=True)
    indices = zip(match.before.tolist(), match.after.tolist(), strict=True)
    for pair, (ours, theirs) in enumerate(indices):
        places = [(sides[1], theirs), (sides[0], ours)]
        change = _first(side.nearest(index) for side, index in places)
        if change is None and not match.same_code[pair]:
            change = _first(side.around(index) for side, index in places)
        if change is not None:
            found[pair] = change
    return found


def _first(changes: Iterable[Change | None]) -> Change | None:
    return next((one for one in changes if one is not None), None)


class _Side:
    """Finds the changes of the frames that made one side's functions."""

    def __init__(self, profile: Profile, changes: Changes, *, is_after: bool) -> None:
        self._made = profile.generators
        self._functions: dict[tuple[str, str], Change] = {}
        self._classes: dict[str, list[tuple[int, int, Change]]] = {}
        self._modules: dict[str, Change] = {}
        for one in changes.items:
            path = one.path_after if is_after else one.path_before
            lines = one.lines_after if is_after else one.lines_before
            span = one.class_after if is_after else one.class_before
            if path is None:
                continue
            if one.kind == "module":
                self._modules[path] = one
            elif one.kind == "class":
                if span is not None:
                    self._classes.setdefault(path, []).append((*span, one))
            elif one.kind != "unreadable" and lines is not None:
                self._functions[path, one.name] = one

    def nearest(self, index: int) -> Change | None:
        """The change of the innermost frame that changed."""
        for path, name, line in self._made.get(index, ()):
            change = self._functions.get((path, name)) or self._class(path, name, line)
            if change is not None:
                return change
        return None

    def around(self, index: int) -> Change | None:
        """The change of the module that made a function."""
        for path, name, _ in self._made.get(index, ()):
            if name == _MODULE:
                return self._modules.get(path)
        return None

    def _class(self, path: str, name: str, line: int) -> Change | None:
        """The innermost class around a line, of which the line is none of a method."""
        around = [
            (last - first, place)
            for place, (first, last, one) in enumerate(self._classes.get(path, ()))
            if first <= line <= last and not name.startswith(one.name.removeprefix("class ") + ".")
        ]
        return self._classes[path][min(around)[1]][2] if around else None
