"""What a call is asked to explain: suspects that share an environment and two commits."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from asv_explain.asv_side.project import (
    Project,
    ProjectError,
    check_installable,
    environments,
    machine_name,
)
from asv_explain.asv_side.revisions import resolve
from asv_explain.asv_side.select import select_history
from asv_explain.changes.git import GitError, line_of_history
from asv_explain.options import Options
from asv_explain.suspect import Suspect

__all__ = ["Group", "asked_for"]


@dataclass(frozen=True, slots=True)
class Group:
    """What shares an environment and two commits.

    Attributes:
        environment: asv's name of it.
        before: The earlier commit.
        after: The later one.
        line: All commits from one to the other, where the range is to be narrowed; else empty.
        suspects: What to measure; none means all that matches.
    """

    environment: str
    before: str
    after: str
    line: tuple[str, ...]
    suspects: tuple[Suspect, ...] = ()

    @property
    def narrows(self) -> bool:
        """Whether there is anything between the two commits."""
        return len(self.line) > 2


def asked_for(
    options: Options, project: Project, history: Path, say: Callable[[str], None]
) -> list[Group]:
    """What is asked for, by environment and commits; without revisions, asv's recorded steps.

    Args:
        options: What the user asks for.
        project: The asv project.
        history: The repository whose history tells which commits lie between two.
        say: Is told what is left out.

    Raises:
        ProjectError: Something is asked for that there isn't.
    """
    if options.revisions:
        return _named(options, project, history)
    return _recorded(options, project, history, say)


def _named(options: Options, project: Project, history: Path) -> list[Group]:
    """The two revisions of the command line, in every environment."""
    machine_name(project, options.machine)
    before, after = (resolve(project, revision) for revision in options.revisions)
    offered = environments(project, options.environment)
    for environment in offered:
        check_installable(environment)
    line: tuple[str, ...] = ()
    if options.bisect:
        try:
            line = line_of_history(history, before, after)
        except GitError as error:
            raise ProjectError(
                f"A and B must be on one line of history for --bisect ({error}); "
                "name an ancestor of B as A, or leave --bisect out."
            ) from None
    return [Group(environment.name, before, after, line) for environment in offered]


def _recorded(
    options: Options, project: Project, history: Path, say: Callable[[str], None]
) -> list[Group]:
    """The upward steps that asv recorded."""
    selection = select_history(
        project, options.machine, options.environment, options.bench, options.factor
    )
    for one in selection.left_out:
        say(f"left out: {one.what}: {one.why}; {one.remedy}")
    if not selection.suspects:
        say("asv's recorded history holds no upward step.")

    def line(before: str, after: str) -> tuple[str, ...]:
        """The commits of a step; asv's order of them need not be one of ancestors."""
        if not options.bisect:
            return ()
        try:
            return line_of_history(history, before, after)
        except GitError as error:
            say(f"not bisected: {error}")
            return ()

    def key(suspect: Suspect) -> tuple[str, str, str]:
        return suspect.environment, suspect.before, suspect.after

    return [
        Group(*shared, line(shared[1], shared[2]), tuple(suspects))
        for shared, suspects in itertools.groupby(sorted(selection.suspects, key=key), key)
    ]
