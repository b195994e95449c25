"""What a call may end in by a mistake that its user can mend, told in one line."""

from __future__ import annotations

from asv_explain.asv_side.project import ProjectError
from asv_explain.asv_side.worktree import WorktreeError
from asv_explain.changes.git import GitError
from asv_explain.output import ExportError
from asv_explain.profiles.profile import WireError
from asv_explain.scratch import ScratchError
from asv_explain.store import StoreError

__all__ = ["MISTAKES", "told"]

MISTAKES = (
    ExportError,
    GitError,
    ProjectError,
    ScratchError,
    StoreError,
    WireError,
    WorktreeError,
)
"""The errors whose texts are for the user; any other one is a bug of the program's."""


def told(error: Exception) -> str:
    """The text of a mistake in one line."""
    return " ".join(str(error).split())
