"""Changed code that ran in setup alone, and left the benchmark data that is dearer to use."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import PurePosixPath

from asv_explain.changes.change import ADDITIONS, Change, Changes
from asv_explain.profiles.profile import Function, Profile

__all__ = ["nearest", "other_suspects", "prepared_changes"]

# What is for people alone, and what is run by tests alone, by their names.
_PROSE = frozenset({".md", ".rst"})
_UNUSED = frozenset({".github", "doc", "docs", "test", "tests"})


def prepared_changes(before: Profile, after: Profile, changes: Changes) -> tuple[Change, ...]:
    """Changed functions that setup runs on either side, and the benchmark itself on neither."""
    prepared = before.prepared | after.prepared
    profiled = {
        (one.path, one.name) for one in (*before.functions, *after.functions) if one.home == "site"
    }
    found = []
    for change in changes.items:
        keys = {(change.path_before, change.name), (change.path_after, change.name)}
        if keys & prepared and not keys & profiled:
            found.append(change)
    return tuple(found)


def nearest(changes: Sequence[Change], function: Function) -> Change | None:
    """The change nearest to a function: in its class, its file, its package, or anywhere.

    None where there is no change, or where several are equally near: then it is not known which.
    """
    if not changes:
        return None
    ranks = [_distance(one, function) for one in changes]
    best = min(ranks)
    return changes[ranks.index(best)] if ranks.count(best) == 1 else None


def _distance(change: Change, function: Function) -> int:
    path = change.path_after or change.path_before or ""
    if path != function.path:
        return 2 if path.rpartition("/")[0] == function.path.rpartition("/")[0] else 3
    holder = function.name.rpartition(".")[0]
    return 0 if holder and change.name.rpartition(".")[0] == holder else 1


def other_suspects(
    before: Profile, after: Profile, changes: Changes, named: Collection[Change]
) -> tuple[str, ...]:
    """What changed besides code that ran, and may make a benchmark slower.

    Data that setup made otherwise, modules and classes of which no reader ran but which may have
    been read on import, files that are not Python, and the interpreter. Left out is what can't be
    it: names that nobody knew before, prose, and tests.

    Args:
        before: What ran before.
        after: What ran after.
        changes: What changed in the sources.
        named: Changes that are causes already.
    """
    causes = {id(one) for one in named}
    result = [
        f"{one.path_after or one.path_before}: {one.name}, which setup runs"
        for one in prepared_changes(before, after, changes)
    ]
    result += [
        f"{one.path_after or one.path_before}: {one.name}"
        for one in changes.items
        if one.kind in ("module", "class", "unreadable")
        and id(one) not in causes
        and ADDITIONS not in one.details
    ]
    result += [name for name in changes.other_files if _may_matter(name)]
    if before.python != after.python:
        result.append(f"interpreter {before.python} → {after.python}")
    return tuple(result)


def _may_matter(file: str) -> bool:
    """Whether a file that is not the package's own Python may change what the package does."""
    path = PurePosixPath(file)
    if path.suffix in _PROSE or _UNUSED & set(path.parts[:-1]):
        return False
    # Python that is not part of a package is run by hand, but for what builds it.
    return path.suffix != ".py" or path.name == "setup.py"
