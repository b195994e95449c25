"""Both versions of each module that two commits differ in, as text and as what changed in it."""

from __future__ import annotations

import io
import tokenize
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from asv_explain.changes.git import changed_files, read_blobs, tree_of
from asv_explain.changes.import_paths import import_paths
from asv_explain.changes.scopes import FunctionScope, Source, read_source
from asv_explain.changes.sources import function_pairs

__all__ = ["Module", "Pair", "Version", "read_module", "read_versions"]


@dataclass(frozen=True, slots=True, eq=False)
class Version:
    """One version of a module: its text, with line ends of one kind, and what is in it."""

    text: str
    source: Source


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A function that changed, came or went.

    Attributes:
        path: the import path of its module.
        before: the function before; None where it is new.
        after: the function after; None where it is gone.
        recalled: last names of what it calls in another form than before.
    """

    path: str
    before: FunctionScope | None
    after: FunctionScope | None
    recalled: frozenset[str]

    @property
    def name(self) -> str:
        """Its qualified name, the one after where it has two."""
        scope = self.after or self.before
        return "" if scope is None else scope.name

    @property
    def bare(self) -> str:
        """Its name as callers write it."""
        return self.name.rpartition(".")[2]

    @property
    def told(self) -> str:
        """Its file and its name."""
        return f"{self.path}: {self.name}"

    @property
    def turned(self) -> str:
        """How calling it changed in a way that no signature tells; empty where it did not."""
        if self.before is None or self.after is None:
            return ""
        if self.before.is_async != self.after.is_async:
            return "async" if self.after.is_async else "sync"
        if self.before.is_generator != self.after.is_generator:
            return "generator" if self.after.is_generator else "function"
        return ""

    @property
    def shifted(self) -> bool:
        """Whether a call that fits the version after would give the one before something else."""
        if self.before is None or self.after is None:
            return False
        ours, theirs = self.before.parameters, self.after.parameters
        common = min(len(ours.positional), len(theirs.positional))
        swallowed = ours.double_star and bool(
            (theirs.keyword | {*theirs.positional}) - (ours.keyword | {*ours.positional})
        )
        longer = ours.star and len(theirs.positional) > len(ours.positional)
        return ours.positional[:common] != theirs.positional[:common] or swallowed or longer


@dataclass(frozen=True, slots=True, eq=False)
class Module:
    """A module that changed.

    Attributes:
        path: its import path, such as ``cascade/graph/plan.py``, after where there are two.
        before: the version before; None where it is new.
        after: the version after; None where it is gone.
        pairs: its functions that changed, came or went.
        file_before: its file in the repository before; None where it is new.
        file_after: the same after; None where it is gone.
    """

    path: str
    before: Version | None
    after: Version | None
    pairs: tuple[Pair, ...]
    file_before: str | None = None
    file_after: str | None = None


def read_versions(
    repository: Path, before: str, after: str, paths: Iterable[str]
) -> dict[str, Module]:
    """Read each installed module that differs between two commits, but for what is no Python.

    Args:
        repository: Folder of the repository; its working tree is neither read nor written.
        before: A commit.
        after: A commit.
        paths: Paths of functions below site-packages, which tell how the repository's folders
            are imported.

    Returns:
        The modules by their import paths.

    Raises:
        GitError: git doesn't know a commit or can't read it.
    """
    known = frozenset(paths)
    installed = {path.partition("/")[0] for path in known}
    trees = tree_of(repository, before), tree_of(repository, after)
    imported = import_paths(trees[0], known), import_paths(trees[1], known)
    found = []
    for one in changed_files(repository, before, after):
        digests = trees[0].get(one.before or ""), trees[1].get(one.after or "")
        path = imported[1].get(one.after or "") or imported[0].get(one.before or "")
        # What is not installed, such as tests, ran on neither side.
        if path is not None and path.partition("/")[0] in installed:
            found.append((path, digests, one.before, one.after))
    blobs = read_blobs(repository, [each for _, pair, *_ in found for each in pair if each])
    modules = {}
    for path, pair, *files in found:
        try:
            ours, theirs = (blobs[each] if each else None for each in pair)
            read = read_module(path, ours, theirs)
            modules[path] = replace(read, file_before=files[0], file_after=files[1])
        except SyntaxError:
            continue
    return modules


def read_module(path: str, before: bytes | None, after: bytes | None) -> Module:
    """Read both versions of a module.

    Raises:
        SyntaxError: One of them isn't Python as this interpreter knows it.
    """
    ours, theirs = _version(before), _version(after)
    pairs = function_pairs(
        {} if ours is None else ours.source.functions,
        {} if theirs is None else theirs.source.functions,
    )
    return Module(path, ours, theirs, tuple(_pair(path, *pair) for pair in pairs))


def _pair(path: str, before: FunctionScope | None, after: FunctionScope | None) -> Pair:
    recalled = set() if before is None or after is None else before.calls ^ after.calls
    return Pair(path, before, after, frozenset(name for name, _ in recalled))


def _version(content: bytes | None) -> Version | None:
    if content is None:
        return None
    encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise SyntaxError(str(error)) from error
    return Version(text.replace("\r\n", "\n").replace("\r", "\n"), read_source(content))
