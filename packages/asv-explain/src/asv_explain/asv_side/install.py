"""Two commits installed at once through asv's own environments, in folders that asv never sees."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import IO

import asv_explain
from asv_explain.asv_side.lock import locked
from asv_explain.asv_side.project import Project, ProjectError
from asv_explain.asv_side.store import DISK_LIMIT, Entry, entry_for, evict, make_store
from asv_explain.contained import started
from asv_explain.scratch import scratch
from asv_explain.suspect import Installed

__all__ = ["Install", "InstallError", "Installer", "installed"]

_ATTEMPTS = 3
"""Times that an installation is made anew if somebody removes it between making and use."""

_FULL = os.strerror(errno.ENOSPC)


Install = Callable[[str, Sequence[str]], AbstractContextManager[tuple[Installed, ...]]]
"""Has commits installed in an environment for the length of a with block, as `Installer` does."""


class InstallError(ProjectError):
    """A commit that asv could not install.

    Attributes:
        commit: Its full hash.
        log: The file with all that was said while it was tried.
        others: What else failed along with it.
    """

    def __init__(self, commit: str, why: str, log: Path) -> None:
        self.commit = commit
        self.log = log
        self.others: tuple[InstallError, ...] = ()
        super().__init__(f"{commit[:8]} cannot be installed ({why}); {log} has the whole story.")


class Installer:
    """Installs commits for one call of the program, and tries none twice that failed.

    Args:
        project: The asv project.
        specs: What was given to -E.
        say: Is told what is being done.
    """

    def __init__(self, project: Project, specs: Sequence[str], say: Callable[[str], None]) -> None:
        self._project = project
        self._specs = specs
        self._say = say
        self._failed: dict[tuple[str, str], InstallError] = {}

    @contextmanager
    def __call__(self, environment: str, commits: Sequence[str]) -> Iterator[tuple[Installed, ...]]:
        """Have commits installed side by side; see `installed`."""
        for commit in commits:
            failed = self._failed.get((environment, commit))
            if failed is not None:
                raise failed
        with ExitStack() as stack:
            try:
                sides = stack.enter_context(
                    installed(self._project, environment, commits, self._specs, say=self._say)
                )
            except InstallError as error:
                for one in (error, *error.others):
                    self._failed[environment, one.commit] = one
                raise
            yield sides


@contextmanager
def installed(
    project: Project,
    environment: str,
    commits: Sequence[str],
    specs: Sequence[str] = (),
    *,
    limit: int = DISK_LIMIT,
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[tuple[Installed, ...]]:
    """Have commits installed side by side for the length of a with block, in the order given.

    Each is built by a process of its own, all at once, and kept for the next call; what is in use
    cannot be removed by another call. asv's own environments and results are not touched.

    Args:
        project: The asv project.
        environment: asv's name of the environment, as in a Suspect.
        commits: Full hashes; a hash given twice is installed once.
        specs: What was given to -E, where that names an environment asv.conf.json does not.
        limit: Bytes that all kept installations may take.
        say: Is told what is being done.

    Raises:
        InstallError: If asv could not install one of them.
    """
    make_store(project.own)
    entries = {hash_: entry_for(project.own, project.conf, environment, hash_) for hash_ in commits}
    with ExitStack() as in_use:
        for _ in range(_ATTEMPTS):
            missing = [
                commit for commit, entry in sorted(entries.items()) if not _hold(entry, in_use)
            ]
            if not missing:
                break
            in_use.close()
            say(f"installing {', '.join(hash_[:8] for hash_ in missing)} into {environment}")
            _build_all(project, environment, {hash_: entries[hash_] for hash_ in missing}, specs)
        else:
            raise ProjectError(
                f"the installations below {project.own} vanish as they are made; "
                "see that nothing else removes them, and run this again."
            )
        evict(project.own, limit)
        yield tuple(_installed(project, entries[commit]) for commit in commits)


def _hold(entry: Entry, in_use: ExitStack) -> bool:
    """Keep the entry from being removed, if it is whole."""
    with ExitStack() as attempt:
        attempt.enter_context(locked(entry.lock, shared=True))
        if entry.marker() is None:
            return False
        entry.touch()
        in_use.push(attempt.pop_all())
        return True


def _installed(project: Project, entry: Entry) -> Installed:
    marker = entry.marker()
    if marker is None:
        raise ProjectError(f"{entry.folder} was removed by hand; run this again.")
    python = Path(marker.python)
    path = os.pathsep.join(filter(None, (str(python.parent), os.environ.get("PATH"))))
    return Installed(
        commit=marker.commit,
        python=python,
        benchmark_dir=project.benchmark_dir,
        env_dir=Path(marker.env_dir),
        env_vars={**marker.env_vars, "PATH": path},
    )


def _build_all(
    project: Project, environment: str, entries: dict[str, Entry], specs: Sequence[str]
) -> None:
    builders: dict[str, subprocess.Popen[bytes]] = {}
    # The builder finds this very package, however it was come by; never what lies in the checkout.
    home = str(Path(asv_explain.__file__).resolve().parent.parent)
    paths = os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH"))))
    with ExitStack() as running:
        # Whatever a build that is killed was writing goes with the folder.
        aside = str(running.enter_context(scratch()))
        variables = {**os.environ, "PYTHONPATH": paths, "TMPDIR": aside}
        for commit, entry in entries.items():
            words = (str(project.config), environment, commit, str(project.own), *specs)
            command = [sys.executable, "-m", "asv_explain.asv_side.builder", *words]
            with _writing(entry.log) as log:
                builders[commit] = running.enter_context(
                    started(command, project.own, variables, log, log)
                )
        failed = [commit for commit, builder in builders.items() if builder.wait() != 0]
    logs = {commit: entries[commit].log for commit in failed}
    errors = [InstallError(commit, _last_line(log), log) for commit, log in logs.items()]
    if any(_FULL in str(error) for error in errors):
        # No commit is to blame, and the next one would find no room either.
        which = ", ".join(commit[:8] for commit in sorted(failed))
        raise ProjectError(
            f"no room to install {which} below {project.own} ({_FULL}); make room, or delete that "
            "folder while nothing runs."
        )
    if errors:
        errors[0].others = tuple(errors[1:])
        raise errors[0]


@contextmanager
def _writing(log: Path) -> Iterator[IO[bytes]]:
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        file = log.open("wb")
    except OSError as error:
        raise ProjectError(
            f"{log} cannot be written ({error.strerror}); make room or make it writable."
        ) from None
    with file:
        yield file


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
