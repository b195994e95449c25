"""What changed in the sources between two commits, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["ADDITIONS", "Change", "Changes"]

ADDITIONS = "additions"
"""The detail of a module or class of which all that changed is names that nobody knew before."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something whose source changed.

    Attributes:
        kind: ``function``, ``new``, ``gone``, ``class``, ``module``, or ``unreadable`` for a file
            that isn't Python on one side.
        name: Qualified name; ``<module>`` for what runs outside functions, ``class Foo``.
        path_before: Import path of its file, such as ``cascade/graph/plan.py``; None when new.
        path_after: The same after; None when gone.
        file_before: The file in the repository; None when new.
        file_after: The same after; None when gone.
        lines_before: First and last line; None when new.
        lines_after: First and last line; None when gone.
        details: What of it changed: ``body``, ``decorators``, ``defaults``, ``moved``,
            ``def → async def``, ``async def → def``, ``bases``, ``statements``, or `ADDITIONS`
            in place of the last.
        names: Names bound outside functions that changed; for a class with other bases, its own.
        readers: Import paths and qualified names of functions that read these.
        class_before: First and last line of all of a changed class, decorators included; None for
            other changes, and for a class that is new.
        class_after: The same after; None for a class that is gone.
    """

    kind: str
    name: str
    path_before: str | None
    path_after: str | None
    file_before: str | None
    file_after: str | None
    lines_before: tuple[int, int] | None = None
    lines_after: tuple[int, int] | None = None
    details: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    readers: tuple[tuple[str, str], ...] = ()
    class_before: tuple[int, int] | None = None
    class_after: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed between two commits.

    Attributes:
        items: Everything that changed in Python files.
        renames: Import paths before to import paths after, of renamed files.
        other_files: Files changed that aren't Python: data, C sources, settings.
        tracked: Import paths of the repository's own Python files after.
    """

    items: tuple[Change, ...] = ()
    renames: Mapping[str, str] = field(default_factory=dict)
    other_files: tuple[str, ...] = ()
    tracked: frozenset[str] = frozenset()
