"""A commit as it stands in an explanation and its JSON."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CommitRef"]


@dataclass(frozen=True, slots=True)
class CommitRef:
    """A commit that touched a change; the date is ISO 8601."""

    hash: str
    author: str
    date: str
    subject: str
