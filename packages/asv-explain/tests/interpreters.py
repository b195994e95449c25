"""The Python interpreters of this machine that tests run besides their own."""

from __future__ import annotations

import os
import shutil
import subprocess

__all__ = ["REQUIRED", "interpreter"]

REQUIRED = os.environ.get("ASV_EXPLAIN_INTERPRETERS", "").split()
"""Interpreters that must be there: CI says which. Of the others, those that are there take part."""


def interpreter(name: str) -> str | None:
    """The executable of that name, if there is one that starts."""
    found = shutil.which(name)
    if found is None:
        return None
    # A version manager's stand-in may be there without the version that it stands for.
    done = subprocess.run([found, "-c", "import _lsprof"], capture_output=True)
    return found if done.returncode == 0 else None
