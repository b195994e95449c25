"""Modules in two versions."""

from __future__ import annotations

from asv_explain.changes.versions import Module, read_module

__all__ = ["modules"]


def modules(**texts: tuple[str | None, str | None]) -> dict[str, Module]:
    """Modules that changed, by their names without ending."""
    return {
        f"{name}.py": read_module(
            f"{name}.py", *(None if one is None else one.encode() for one in pair)
        )
        for name, pair in texts.items()
    }
