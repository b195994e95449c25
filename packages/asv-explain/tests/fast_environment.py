"""An environment of asv's that is made in no time: it borrows the packages of the tests."""

from __future__ import annotations

import sys
import sysconfig
import venv
from pathlib import Path
from typing import Any

from asv.environment import Environment  # type: ignore[import-untyped]
from world import PYTHON

__all__ = ["Fast"]


class Fast(Environment):  # type: ignore[misc]
    """A virtual environment without pip, in which commits are installed by being copied."""

    tool_name = "fast"

    def __init__(self, conf: Any, python: str, requirements: Any, variables: Any) -> None:
        self._python = python
        self._requirements = requirements
        super().__init__(conf, python, requirements, variables)

    @classmethod
    def matches(cls, python: str) -> bool:
        """It is for the interpreter of the tests alone."""
        return python == PYTHON

    def _setup(self) -> None:
        folder = Path(self._path)
        venv.EnvBuilder(symlinks=True).create(folder)
        (folder / "bin" / "pip").symlink_to(sys.executable)
        (packages,) = folder.glob("lib/*/site-packages")
        borrowed = sysconfig.get_paths()["purelib"]
        (packages / "borrowed.pth").write_text(f"{borrowed}\n", encoding="utf-8")
