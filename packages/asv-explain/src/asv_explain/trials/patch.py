"""A patch that puts changes back."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path

from asv_explain.changes.git import git
from asv_explain.changes.versions import Module
from asv_explain.trials.pieces import Piece, put_back

__all__ = ["patch_of"]

CONTEXT = 3
"""Lines around a change, as git has them."""

_NO_END = "\\ No newline at end of file\n"


def patch_of(
    pieces: Iterable[Piece], modules: Mapping[str, Module], repository: Path, commit: str
) -> str:
    """A unified diff against a commit that puts pieces back, for ``git apply``.

    Args:
        pieces: what is put back.
        modules: all modules that changed.
        repository: where the commit is.
        commit: the later commit.

    Raises:
        CannotStand: a piece can't stand in the later version.
        GitError: git can't read a file of the commit.
    """
    texts = put_back(pieces, modules)
    parts = []
    for path, text in sorted(texts.items()):
        file = modules[path].file_after or path
        content = git(repository, "show", f"{commit}:{file}")
        parts.append(_diff(file, content, text))
    return "".join(parts)


def _diff(file: str, content: bytes, text: str) -> str:
    """The diff of one file, in the file's own line ends."""
    after = content.decode("utf-8", "surrogateescape")
    ends = "\r\n" if "\r\n" in after else "\n"
    before = ends.join(text.split("\n"))
    lines = difflib.unified_diff(_lines(after), _lines(before), f"a/{file}", f"b/{file}", n=CONTEXT)
    shown = [line if line.endswith("\n") else f"{line}\n{_NO_END}" for line in lines]
    return f"diff --git a/{file} b/{file}\n" + "".join(shown)


def _lines(text: str) -> list[str]:
    """Lines with their ends, parted at line feeds alone, as git parts them."""
    parts = text.split("\n")
    lines = [f"{one}\n" for one in parts[:-1]]
    return [*lines, parts[-1]] if parts[-1] else lines
