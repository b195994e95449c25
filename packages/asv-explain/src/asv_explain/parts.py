"""What every way to an explanation shares: who is explained, and where a change stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypedDict

from asv_explain import explanation as form
from asv_explain.changes.change import Change, Changes
from asv_explain.changes.evidence import CommitInfo, commit_info, evidence
from asv_explain.changes.sources import read_changes
from asv_explain.explanation import Caveat, Explanation, Place
from asv_explain.profiles.pair import ProfilePair
from asv_explain.suspect import Suspect

__all__ = [
    "SMALLEST_SHARE",
    "Explained",
    "Pointed",
    "changes_between",
    "identity",
    "paths_in",
    "placed",
    "pointed",
    "rest",
    "unmeasured",
]

# Causes below this share of the difference are told from noise at most by luck, and each costs a
# look into git; they are told in one sum.
SMALLEST_SHARE = 0.005


@dataclass(frozen=True, slots=True, eq=False)
class Explained:
    """An explanation, and the stacks and counts behind it; None where there are none."""

    explanation: Explanation
    profiles: ProfilePair | None = None


def changes_between(suspect: Suspect, repository: Path, paths: Iterable[str]) -> Changes:
    """What changed between a suspect's commits, of what was installed.

    Args:
        suspect: whose commits.
        repository: the repository of both commits.
        paths: paths below site-packages of the functions that ran.

    Raises:
        GitError: git can't read one of the commits.
    """
    ran = frozenset(paths)
    changes = read_changes(repository, suspect.before, suspect.after, ran)
    # What is not installed, such as the benchmarks of either commit, ran on neither side.
    installed = {path.partition("/")[0] for path in ran}
    items = [
        one
        for one in changes.items
        if (one.path_after or one.path_before or "").partition("/")[0] in installed
    ]
    return replace(changes, items=tuple(items))


def paths_in(explained: Explained) -> frozenset[str]:
    """Paths below site-packages of what is known to have run."""
    paths = {cause.path for cause in explained.explanation.causes if cause.path}
    if explained.profiles is not None:
        for side in (explained.profiles.before, explained.profiles.after):
            paths |= {one.path for one in side.profile.functions if one.home == "site"}
    return frozenset(paths)


class Pointed(TypedDict):
    """The fields of a cause that say where its change is."""

    before: Place | None
    after: Place | None
    hunk: str
    commits: tuple[form.CommitRef, ...]
    source_before: str
    source_after: str


def pointed(suspect: Suspect, repository: Path, change: Change | None) -> Pointed:
    """Where a change stands on both sides, its source, its diff, and the commits behind it.

    Raises:
        GitError: git can't read one of the commits.
    """
    shown = None if change is None else evidence(repository, suspect.before, suspect.after, change)
    return {
        "before": _place(change, after=False),
        "after": _place(change, after=True),
        "hunk": "" if shown is None else shown.hunk,
        "commits": ()
        if shown is None
        else tuple(_reference(one) for one in reversed(shown.commits)),
        "source_before": "" if shown is None else shown.source_before,
        "source_after": "" if shown is None else shown.source_after,
    }


def placed(explained: Explained, repository: Path, facts: Mapping[str, str]) -> Explained:
    """The same with who made its two commits, and what is known of the machine.

    Raises:
        GitError: git doesn't know one of the commits.
    """
    told = explained.explanation
    explanation = replace(
        told,
        commit_before=_reference(commit_info(repository, told.before)),
        commit_after=_reference(commit_info(repository, told.after)),
        facts={**facts, **told.facts},
    )
    return replace(explained, explanation=explanation)


def _reference(found: CommitInfo) -> form.CommitRef:
    return form.CommitRef(found.commit, found.author, found.date, found.subject)


def _place(change: Change | None, *, after: bool) -> Place | None:
    if change is None:
        return None
    file = change.file_after if after else change.file_before
    lines = change.lines_after if after else change.lines_before
    return None if file is None else Place(file, lines[0] if lines else 1)


def rest(count: int, amount: float, share: float, *, noise: bool = False) -> form.Cause:
    """The causes below `SMALLEST_SHARE` in one: how many, their sums, and whether all are noise."""
    return form.Cause(
        name=f"{count} smaller {'cause' if count == 1 else 'causes'}",
        path="",
        kind="rest",
        account=f"each below {SMALLEST_SHARE * 100:g} % of the difference",
        amount=amount,
        interval=None,
        share=share,
        count_before=0.0,
        count_after=0.0,
        price_before=0.0,
        price_after=0.0,
        before=None,
        after=None,
        hunk="",
        commits=(),
        noise=noise,
    )


def identity(suspect: Suspect, kind: str, unit: str) -> dict[str, Any]:
    """The fields of an explanation that say what is explained."""
    return {
        "benchmark": suspect.benchmark,
        "params": suspect.params,
        "environment": suspect.environment,
        "machine": suspect.machine,
        "kind": kind,
        "unit": unit,
        "before": suspect.before,
        "after": suspect.after,
    }


def unmeasured(suspect: Suspect, reason: str, remedy: str) -> Explained:
    """The explanation of a suspect of which nothing could be measured."""
    nothing = form.Rounds((), (), ())
    return Explained(
        Explanation(
            **identity(suspect, "unknown", ""),
            verdict=form.Verdict.UNKNOWN,
            ratio=None,
            interval=None,
            difference=None,
            causes=(),
            residual=None,
            async_tax=None,
            caveats=(Caveat("unmeasured", reason, remedy),),
            rounds_before=nothing,
            rounds_after=nothing,
        )
    )
