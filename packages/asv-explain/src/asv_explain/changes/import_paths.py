"""At which path below site-packages each file of a repository is imported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

__all__ = ["import_paths"]


def import_paths(files: Iterable[str], paths: Iterable[str]) -> dict[str, str]:
    """Map Python files of a repository to the paths at which they are imported.

    A file belongs to the longest path that it ends with; where several files end with the same
    path, the folder that most files agree on wins. Files that did not run follow their folder.

    Args:
        files: Files in the repository, with ``/``.
        paths: Paths below site-packages.
    """
    known = set(paths)
    python = [one for one in files if one.endswith(".py")]
    endings: dict[str, list[str]] = {}
    votes: Counter[str] = Counter()
    for name in python:
        parts = name.split("/")
        every = ["/".join(parts[start:]) for start in range(len(parts))]
        endings[name] = [end for end in every if end in known]
        votes.update(name.removesuffix(end) for end in endings[name])

    def rank(name: str, end: str) -> tuple[int, int]:
        folder = name.removesuffix(end)
        return votes[folder], -len(folder)

    owner: dict[str, str] = {}
    for name in python:
        for end in endings[name]:
            if end not in owner or rank(name, end) > rank(owner[end], end):
                owner[end] = name
    result = {}
    for name in python:
        mine = [end for end in endings[name] if owner[end] == name]
        if mine:
            result[name] = max(mine, key=len)
    folders = sorted({n.removesuffix(end) for n, end in result.items()} - {""}, key=len)
    for name in python:
        folder = next((one for one in reversed(folders) if name.startswith(one)), "")
        rest = name.removeprefix(folder)
        result.setdefault(name, rest if folder else rest.rpartition("src/")[2])
    return result
