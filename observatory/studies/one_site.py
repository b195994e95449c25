"""Writes the pages of a store in this process: python -m observatory.studies.one_site."""

from __future__ import annotations

import sys
from pathlib import Path

from asv_explain.pages.site import site
from asv_explain.store import Store

__all__ = ["write_site"]


def write_site(store: Path, target: Path) -> None:
    """Write the pages of all explanations in a store into a folder."""
    for name, content in site(Store(store)):
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


if __name__ == "__main__":
    write_site(Path(sys.argv[1]), Path(sys.argv[2]))
