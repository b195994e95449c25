"""Which functions, classes and modules changed between two commits, read from both sources."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from asv_explain.changes.change import Change, Changes
from asv_explain.changes.git import ChangedFile, changed_files, read_blobs, tree_of
from asv_explain.changes.import_paths import import_paths
from asv_explain.changes.outer_changes import OuterChange, outer_changes, with_readers
from asv_explain.changes.scopes import FunctionScope, Source, read_source

__all__ = ["Change", "Changes", "function_pairs", "read_changes"]

_NOTHING = Source({}, {}, frozenset())

Found = tuple[Change, FunctionScope]

_Digest = tuple[str, str, str, bool]


def read_changes(repository: Path, before: str, after: str, paths: Iterable[str]) -> Changes:
    """Compare the sources of two commits.

    Args:
        repository: Folder of the repository; its working tree is neither read nor written.
        before: A commit.
        after: A commit.
        paths: Paths of the profiles' functions below site-packages, which tell how the
            repository's folders are imported.

    Raises:
        GitError: git doesn't know a commit or can't read it.
    """
    known = frozenset(paths)
    trees = tree_of(repository, before), tree_of(repository, after)
    imported = import_paths(trees[0], known), import_paths(trees[1], known)
    files = changed_files(repository, before, after)
    python = [one for one in files if one.name in imported[0] or one.name in imported[1]]
    digests = [(trees[0].get(one.before or ""), trees[1].get(one.after or "")) for one in python]
    blobs = read_blobs(repository, [one for pair in digests for one in pair if one])
    items: list[Change] = []
    outside: list[OuterChange] = []
    lost: list[Found] = []
    found: list[Found] = []
    for one, pair in zip(python, digests, strict=True):
        blank = _blank(one, imported)
        try:
            ours, theirs = (read_source(blobs[d]) if d else _NOTHING for d in pair)
        except SyntaxError:
            items.append(blank)
            continue
        outside += outer_changes(ours, theirs, blank)
        for left, right in function_pairs(ours.functions, theirs.functions):
            if left is not None and right is not None:
                items += _changed(left, right, blank)
            elif left is not None:
                gone = replace(blank, kind="gone", name=left.name, lines_before=_lines(left))
                lost.append((gone, left))
            elif right is not None:
                new = replace(blank, kind="new", name=right.name, lines_after=_lines(right))
                found.append((new, right))
    items += _moved(lost, found)
    items += with_readers(repository, after, outside, trees[1], imported[1])
    return Changes(
        items=tuple(items),
        renames={
            imported[0][one.before]: imported[1][one.after]
            for one in python
            if one.before in imported[0]
            and one.after in imported[1]
            and imported[0][one.before] != imported[1][one.after]
        },
        other_files=tuple(sorted(one.name for one in files if one not in python)),
        tracked=frozenset(imported[1].values()),
    )


def _blank(file: ChangedFile, imported: tuple[dict[str, str], dict[str, str]]) -> Change:
    """A file of which nothing but its paths is known."""
    return Change(
        kind="unreadable",
        name="<module>",
        path_before=imported[0].get(file.before or ""),
        path_after=imported[1].get(file.after or ""),
        file_before=file.before,
        file_after=file.after,
    )


def _lines(scope: FunctionScope) -> tuple[int, int]:
    """First and last line."""
    return scope.first, scope.last


def function_pairs(
    before: Mapping[str, Sequence[FunctionScope]], after: Mapping[str, Sequence[FunctionScope]]
) -> Iterable[tuple[FunctionScope | None, FunctionScope | None]]:
    """Functions of both sides by name; same-named ones by what they do, then by order.

    Args:
        before: The functions of a file before, by qualified name.
        after: The same after.

    Returns:
        Those that differ, and those that are on one side alone; None stands for the other.
    """
    for name in [*before, *(name for name in after if name not in before)]:
        ours, theirs = before.get(name, ()), after.get(name, ())
        same = Counter(one.digest for one in ours) & Counter(one.digest for one in theirs)
        ours, theirs = _without(ours, same), _without(theirs, same)
        shared = min(len(ours), len(theirs))
        yield from zip(ours[:shared], theirs[:shared], strict=True)
        yield from ((one, None) for one in ours[shared:])
        yield from ((None, one) for one in theirs[shared:])


def _without(every: Sequence[FunctionScope], same: Counter[_Digest]) -> list[FunctionScope]:
    """The functions that are left when so many of each digest are taken out, the first ones."""
    left = Counter(same)
    result = []
    for one in every:
        if left[one.digest] > 0:
            left[one.digest] -= 1
        else:
            result.append(one)
    return result


def _details(before: FunctionScope, after: FunctionScope) -> tuple[str, ...]:
    """What differs between two functions."""
    details = []
    if before.is_async != after.is_async:
        details.append("def → async def" if after.is_async else "async def → def")
    parts = ("body", "decorators", "defaults")
    details += [part for part in parts if getattr(before, part) != getattr(after, part)]
    return tuple(details)


def _changed(before: FunctionScope, after: FunctionScope, blank: Change) -> list[Change]:
    """The change of a function that is on both sides."""
    details = _details(before, after)
    if not details:
        return []
    return [
        replace(
            blank,
            kind="function",
            name=after.name,
            lines_before=_lines(before),
            lines_after=_lines(after),
            details=details,
        )
    ]


def _moved(lost: list[Found], found: list[Found]) -> list[Change]:
    """What is new or gone, but for what merely moved; what moved and changed at once is one."""
    result = []
    for alike in ("digest", "name"):
        groups: defaultdict[object, tuple[list[Found], list[Found]]] = defaultdict(lambda: ([], []))
        for side, every in enumerate((lost, found)):
            for one in every:
                groups[getattr(one[1], alike)][side].append(one)
        lost, found = [], []
        for ours, theirs in groups.values():
            if len(ours) != 1 or len(theirs) != 1:
                lost += ours
                found += theirs
                continue
            (gone, before), (new, after) = ours[0], theirs[0]
            details = _details(before, after)
            if details:
                result.append(
                    replace(
                        new,
                        kind="function",
                        path_before=gone.path_before,
                        file_before=gone.file_before,
                        lines_before=gone.lines_before,
                        details=("moved", *details),
                    )
                )
    return result + [one for one, _ in lost] + [one for one, _ in found]
