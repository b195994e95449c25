"""The process that installs one commit through asv: CONFIG ENVIRONMENT COMMIT STORE [SPEC ...]."""

from __future__ import annotations

import re
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path

from asv import util  # type: ignore[import-untyped]
from asv.console import log  # type: ignore[import-untyped]
from asv.environment import EnvironmentUnavailable  # type: ignore[import-untyped]

from asv_explain.asv_side.lock import locked
from asv_explain.asv_side.project import (
    Project,
    ProjectError,
    check_installable,
    configured,
    environment_named,
    load_project,
    one_line,
    working_in,
)
from asv_explain.asv_side.revisions import lending
from asv_explain.asv_side.store import Entry, Marker, entry_for
from asv_explain.changes.git import GitError

__all__ = ["build", "main"]

_BROKEN = (util.UserError, util.ProcessError, EnvironmentUnavailable, GitError, OSError)
"""What ends a build that asv or git can't do."""

_ERROR = re.compile(r"(error|fatal|\w+Error)\b.*:", re.IGNORECASE)

# pip names the stage that failed last, below what really went wrong.
_PIP_SUMMARY = re.compile(r"error: [a-z]+(-[a-z]+)+", re.IGNORECASE)


def build(
    project: Project, environment: str, commit: str, store: Path, specs: Sequence[str] = ()
) -> Entry:
    """Install a commit in an environment of its own, unless that has been done already.

    Whatever lies there half made is removed first. Raises ProjectError if asv cannot do it.
    """
    entry = entry_for(store, project.conf, environment, commit)
    with locked(entry.lock), working_in(project.root):
        if entry.marker() is not None:
            return entry
        entry.clear()
        # A process that outlived an interrupted attempt may still write, and must do it elsewhere.
        folder = entry.folder / uuid.uuid4().hex[:8]
        folder.mkdir(parents=True)
        # Wheels are of no more use once installed, as each environment sees one commit alone.
        conf = configured(project, env_dir=str(folder), build_cache_size=0)
        try:
            env = environment_named(project, environment, specs, conf)
            check_installable(env)
            env.create()
            env.install_project(conf, lending(project, commit, folder), commit)
            python = env.find_executable("python")
        except _BROKEN as error:
            # What is half made is of no use, and on a full disk in the way. The empty folder is how
            # a later call finds the log, and removes it.
            entry.clear()
            entry.folder.mkdir()
            raise ProjectError(_why(error)) from None
        variables = {**env.env_vars, **env._global_env_vars}
        marker = Marker(
            commit=commit,
            environment=environment,
            python=str(python),
            env_dir=str(env._path),
            env_vars={
                str(key): str(value)
                for key, value in variables.items()
                if not key.startswith("ASV_BUILD_")
            },
            size=_size(folder),
        )
        entry.finish(marker)
    return entry


def _why(error: BaseException) -> str:
    """Return the last error that a failed command spoke of, else the last thing it said."""
    said = "\n".join(str(getattr(error, name, "") or "") for name in ("stdout", "stderr"))
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if _ERROR.match(line) and not _PIP_SUMMARY.fullmatch(line)]
    return one_line((errors or lines or [str(error) or type(error).__name__])[-1])


def _size(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*"))


def main(arguments: Sequence[str]) -> int:
    """Build what the arguments name; the last line on standard error says what went wrong."""
    config, environment, commit, store, *specs = arguments
    log.enable(verbose=False)
    try:
        build(load_project(Path(config)), environment, commit, Path(store), specs)
    except ProjectError as error:
        sys.stderr.write(f"\n{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
