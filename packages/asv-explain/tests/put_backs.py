"""Modules in two versions, and the code in them that is to be put back."""

from __future__ import annotations

from asv_explain.changes.put_back import Wanted
from asv_explain.changes.versions import Module, read_module

__all__ = ["modules", "wanted"]


def modules(**texts: tuple[str | None, str | None]) -> dict[str, Module]:
    """Modules that changed, by their names without ending."""
    return {
        f"{name}.py": read_module(
            f"{name}.py", *(None if one is None else one.encode() for one in pair)
        )
        for name, pair in texts.items()
    }


def wanted(found: dict[str, Module], name: str, path: str = "library.py") -> Wanted:
    """The code of that name, where it stands on both sides."""
    for pair in found[path].pairs:
        if pair.name == name:
            before = None if pair.before is None else pair.before.first
            after = None if pair.after is None else pair.after.first
            return Wanted(name, path, path, before, after)
    return Wanted(name, path, path, 1, 1)
