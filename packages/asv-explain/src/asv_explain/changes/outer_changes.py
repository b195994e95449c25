"""What changed outside functions, in modules and classes, and which functions read it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from asv_explain.changes.change import ADDITIONS, Change
from asv_explain.changes.git import git, read_blobs
from asv_explain.changes.scopes import Outer, Source, Statement, read_source

__all__ = ["OuterChange", "outer_changes", "with_readers"]

# More names than these at once are a rewritten module; who reads one of them says little then.
MOST_NAMES = 50


@dataclass(frozen=True, slots=True)
class OuterChange:
    """A changed module or class, with those of its names that unchanged code may look up."""

    change: Change
    reread: frozenset[str]


def outer_changes(before: Source, after: Source, blank: Change) -> list[OuterChange]:
    """Compare what runs outside functions in two versions of a file.

    Args:
        before: The file before.
        after: The file after.
        blank: A change that has its paths.
    """
    result = []
    names = [*before.outers, *(name for name in after.outers if name not in before.outers)]
    for name in names:
        ours, theirs = before.outers.get(name), after.outers.get(name)
        removed, added = _apart(ours, theirs), _apart(theirs, ours)
        bases = ours is not None and theirs is not None and ours.header != theirs.header
        if not (bases or removed or added):
            continue
        unbound, bound = _names(removed), _names(added)
        # Nothing that stayed as it was can read a name that was not there before.
        reread = unbound | (bound & _names(ours.statements if ours else ()))
        is_class = name != "<module>"
        if is_class and ours is not None and theirs is not None:
            reread |= {name.rpartition(".")[2]}
        change = replace(
            blank,
            kind="class" if is_class else "module",
            name=f"class {name}" if is_class else name,
            lines_before=_range(removed, ours),
            lines_after=_range(added, theirs),
            details=("bases",) * bases + _statements(ours, removed, added, reread),
            names=tuple(sorted(unbound | bound)),
            class_before=(ours.first, ours.last) if is_class and ours else None,
            class_after=(theirs.first, theirs.last) if is_class and theirs else None,
        )
        result.append(OuterChange(change, reread))
    return result


def with_readers(
    repository: Path,
    commit: str,
    outside: Sequence[OuterChange],
    tree: Mapping[str, str],
    imported: Mapping[str, str],
) -> list[Change]:
    """Find the functions that read what changed: in its file, and in files that import from it.

    Args:
        repository: Folder of the repository.
        commit: The commit after.
        outside: What changed.
        tree: Files of that commit and the hashes of their contents.
        imported: Files of that commit and their import paths.

    Raises:
        GitError: git can't read the files.
    """
    candidates: list[list[str]] = []
    for one in outside:
        own = one.change.file_after
        files = {own} if own and one.reread else set()
        if own and 0 < len(one.reread) <= MOST_NAMES:
            words = [part for name in sorted(one.reread) for part in ("-e", name)]
            output = git(
                repository, "grep", "-lwFz", "--full-name", *words, commit, "--", ":/*.py",
                missing=1,
            )  # fmt: skip
            text = output.decode(errors="surrogateescape")
            files |= {entry.partition(":")[2] for entry in text.split("\0") if entry}
        candidates.append(sorted(name for name in files if name in imported))
    blobs = read_blobs(repository, [tree[name] for every in candidates for name in every])
    sources: dict[str, Source] = {}
    for name in {name for every in candidates for name in every}:
        try:
            sources[name] = read_source(blobs[tree[name]])
        except SyntaxError:
            continue
    result = []
    for one, held in zip(outside, candidates, strict=True):
        readers = [
            (imported[file], function.name)
            for file in held
            if file in sources and _sees(sources[file], file, one)
            for functions in sources[file].functions.values()
            for function in functions
            if function.reads & one.reread
        ]
        result.append(replace(one.change, readers=tuple(dict.fromkeys(readers))))
    return result


def _sees(source: Source, file: str, outside: OuterChange) -> bool:
    """Whether a file holds the change or imports the module or the names that changed."""
    own = outside.change.file_after
    if own is None or file == own:
        return own is not None
    path = PurePosixPath(own)
    module = path.parent.name if path.stem == "__init__" else path.stem
    return module in source.imports or bool(outside.reread & source.imports)


def _apart(one: Outer | None, other: Outer | None) -> list[Statement]:
    """Statements of one side that the other doesn't have, as often as it lacks them.

    Importing something once more changes nothing.
    """
    if one is None:
        return []
    theirs = Counter(statement.digest for statement in other.statements) if other else Counter()
    result = []
    for statement in one.statements:
        if theirs[statement.digest] > 0:
            theirs[statement.digest] -= not statement.imports
        else:
            result.append(statement)
    return result


def _statements(
    ours: Outer | None,
    removed: Sequence[Statement],
    added: Sequence[Statement],
    reread: frozenset[str],
) -> tuple[str, ...]:
    """Whether statements changed, and if all that came of it is names that nobody can have read."""
    fresh = ours is None or (not removed and not reread and all(one.names for one in added))
    return ((ADDITIONS if fresh else "statements"),) if removed or added else ()


def _names(statements: Sequence[Statement]) -> frozenset[str]:
    """All names that the statements bind."""
    return frozenset(name for statement in statements for name in statement.names)


def _range(statements: Sequence[Statement], outer: Outer | None) -> tuple[int, int] | None:
    """Lines of the statements, or where the module or class begins."""
    if statements:
        return min(s.first for s in statements), max(s.last for s in statements)
    return (outer.first, outer.first) if outer else None
