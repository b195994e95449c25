"""The commits of the history that carry a `Milestone: <slug>` trailer."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

__all__ = ["TRAILER", "Milestone", "MilestoneError", "find_milestones"]

TRAILER = "Milestone"
"""The key of the trailer that makes a commit a milestone."""

_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_FIELD, _VALUE = "\x1f", "\x1e"


class MilestoneError(Exception):
    """The history holds no usable milestones; the text says why and what to do, in one line."""


@dataclass(frozen=True, slots=True)
class Milestone:
    """A commit with a name: its slug, full hash and subject line."""

    slug: str
    commit: str
    subject: str

    @property
    def short(self) -> str:
        """The first eight hex digits of the hash, as asv writes them."""
        return self.commit[:8]


def find_milestones(repository: Path) -> tuple[Milestone, ...]:
    """Return the milestones on the first-parent history of HEAD, oldest first.

    Raises MilestoneError if git is missing, `repository` is no full git checkout, no commit
    carries the trailer, or a slug is malformed or used twice.
    """
    if not repository.is_dir():
        raise MilestoneError(f"{repository} is not a folder; name the repository's folder.")
    probe = _git(repository, "rev-parse", "--is-shallow-repository")
    if probe.returncode != 0:
        raise MilestoneError(
            f"git cannot read a repository at {repository} ({_last_line(probe.stderr)}); "
            "run this in a git checkout."
        )
    if probe.stdout.strip() == "true":
        raise MilestoneError(
            f"{repository} is a shallow clone, so older milestones are missing; "
            "run `git fetch --unshallow`."
        )
    if _git(repository, "rev-parse", "--verify", "--quiet", "HEAD^{commit}").returncode != 0:
        raise MilestoneError(f"{repository} has no commits on HEAD; commit or check out a branch.")
    trailers = f"%(trailers:key={TRAILER},valueonly,unfold,separator=%x1e)"
    form = f"--format=%H%x1f%s%x1f{trailers}"
    log = _git(repository, "log", "-z", "--first-parent", "--reverse", form, "HEAD", "--")
    if log.returncode != 0:
        raise MilestoneError(
            f"git log failed at {repository} ({_last_line(log.stderr)}); run `git fsck`."
        )
    return parse_log(log.stdout)


def parse_log(text: str) -> tuple[Milestone, ...]:
    """Return the milestones in NUL-separated records of hash, subject and trailer values.

    Raises MilestoneError if there are none, or a slug is malformed or used twice.
    """
    found: dict[str, Milestone] = {}
    for record in filter(None, text.split("\0")):
        commit, subject, values = record.split(_FIELD)
        slugs = [value.strip() for value in values.split(_VALUE) if value.strip()]
        if len(slugs) > 1:
            raise MilestoneError(
                f"commit {commit[:8]} carries {len(slugs)} {TRAILER} trailers "
                f"({', '.join(slugs)}); leave one."
            )
        for slug in slugs:
            if _SLUG.fullmatch(slug) is None:
                raise MilestoneError(
                    f"commit {commit[:8]} has the {TRAILER} trailer {slug!r}; "
                    "use letters, digits, dots, dashes and underscores only."
                )
            if slug in found:
                raise MilestoneError(
                    f"commits {found[slug].short} and {commit[:8]} both carry "
                    f"`{TRAILER}: {slug}`; give each its own slug."
                )
            found[slug] = Milestone(slug, commit, subject)
    if not found:
        raise MilestoneError(
            f"no commit on HEAD's first-parent history carries a `{TRAILER}: <slug>` trailer; "
            "check out a branch that has them."
        )
    return tuple(found.values())


def _git(repository: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # The C locale keeps git's own words in the language of ours; lazy fetching or a pager has no
    # place in a look-up, and a subject line need not be valid UTF-8.
    environment = os.environ | {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}
    try:
        return subprocess.run(
            ["git", "--no-pager", "-c", "log.showSignature=false", "-C", repository, *arguments],
            capture_output=True,
            check=False,
            encoding="utf-8",
            env=environment,
            errors="replace",
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError:
        raise MilestoneError("git is not on the PATH; install git.") from None


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "no reason given"
