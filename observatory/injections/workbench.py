"""A subject ready to be asked about: its repository, and two environments that take any commit."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from asv_explain.asv_side.install import Install, installed
from asv_explain.asv_side.lock import try_locked
from asv_explain.asv_side.project import Project, environments, load_project
from asv_explain.changes.git import GitError
from asv_explain.measuring.measure import Plan, measure
from asv_explain.measuring.process import ProcessRunner, environment
from asv_explain.measuring.rounds import Rounds
from asv_explain.options import BUDGET, Options
from asv_explain.parts import Explained
from asv_explain.session import Session, Tools
from asv_explain.suspect import Installed, Suspect
from observatory.injections.injection import Files, Injection
from observatory.injections.placing import place
from observatory.injections.repository import BENCHMARKS, Repository, settings
from observatory.injections.subjects import Subject, released

__all__ = ["SUBJECTS_FOLDER", "Workbench", "WorkbenchError"]

SUBJECTS_FOLDER = Path(".asv") / "studies" / "subjects"
"""Where workbenches are, unless asked otherwise."""

_CONFIG = "asv.conf.json"


class WorkbenchError(Exception):
    """A workbench can't be used; the text is one line that says what to do."""


class Workbench:
    """A subject's repository and its two environments; kept, and used by one process at a time.

    A commit is installed by writing the files that differ from what an environment holds, so that
    nothing is built for it. Both environments are made alike and at paths of the same length.

    Args:
        subject: what is asked about.
        folder: where workbenches are kept; this one goes into a folder below.
        files: the package's files, unless they are those released.
        say: is told what takes long.

    Attributes:
        subject: what is asked about.
        folder: the workbench's own folder.
        files: the package as released, by path below site-packages.
        base: the commit that holds it.

    Raises:
        WorkbenchError: another process uses it, or it can't be made.
        SubjectError: the package can't be had.
    """

    def __init__(
        self,
        subject: Subject,
        folder: Path = SUBJECTS_FOLDER,
        files: Files | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.subject = subject
        self.folder = folder.absolute() / f"{subject.name}-{subject.version}"
        self._say = say
        self._open = ExitStack()
        self._taken = False
        lock = self.folder.with_name(f"{self.folder.name}.lock")
        try:
            if not self._open.enter_context(try_locked(lock)):
                raise WorkbenchError(
                    f"{self.folder} is in use by another process; wait for it, "
                    "or choose another --out"
                )
            self.files = dict(released(subject, folder.absolute()) if files is None else files)
            self._make()
        except GitError as error:
            self._open.close()
            raise WorkbenchError(f"{self.folder} can't be made: {error}") from None
        except OSError as error:
            self._open.close()
            raise WorkbenchError(
                f"{self.folder} can't be made ({error.strerror}); make room, "
                "or choose another --out"
            ) from None
        except BaseException:
            self._open.close()
            raise

    def __enter__(self) -> Workbench:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let another process use it."""
        self._open.close()

    def _make(self) -> None:
        subject = self.subject
        root = self.folder / "repository"
        own = {
            _CONFIG: json.dumps(settings(subject.name, subject.packages), indent=4),
            ".gitignore": ".asv/\n__pycache__/\n",
            f"{BENCHMARKS}/__init__.py": "",
            f"{BENCHMARKS}/{subject.suite.name}": subject.source,
        }
        self.repository = Repository(root, {**own, **self.files})
        self.base = self.repository.base
        self.project = load_project(root / _CONFIG)
        (found,) = environments(self.project)
        self.environment = str(found.name)
        # A folder apart, so that nobody takes an environment for that of the commit it was made of.
        sides = self.folder / "sides"
        sides.mkdir(exist_ok=True)
        wanted = settings(subject.name, subject.packages, "../repository")
        (sides / _CONFIG).write_text(json.dumps(wanted), encoding="utf-8")
        self._sides = load_project(sides / _CONFIG)
        self._homes: dict[Path, Path] = {}

    def commit(self, files: Files, message: str, parent: str | None = None) -> str:
        """Make a commit on no branch, and give its hash; the same again gives the same.

        Args:
            files: those that differ from the package as released, whatever the parent holds; none
                make a commit that differs from its parent by nothing but its hash.
            message: its message.
            parent: the commit before it; the base unless given.
        """
        return self.repository.commit(files, message, parent)

    def pair(self, injection: Injection) -> tuple[str, str]:
        """The commits before and after an injection, one on top of the other."""
        before = self.base
        if injection.before:
            before = self.commit(injection.before, f"Before {injection.key}")
        return before, self.commit(injection.after, injection.key, before)

    def tree(self, commit: str) -> dict[str, str]:
        """The package's files in a commit, by path below site-packages."""
        return self.repository.files(commit, self.subject.packages)

    @contextmanager
    def install(self, name: str, commits: Sequence[str]) -> Iterator[tuple[Installed, ...]]:
        """Have one or two commits installed for the length of a with block, in the order given.

        The same commit twice gives two environments that hold the same. There are only these two,
        so that bisecting, which takes a third while it holds both, is not for a workbench.

        Args:
            name: asv's name of the environment.
            commits: full hashes.

        Raises:
            InstallError: an environment could not be made.
            PlacingError: a file can't be written or doesn't compile.
            WorkbenchError: another with block has commits installed.
        """
        if self._taken:
            raise WorkbenchError(
                f"the environments of {self.folder} hold other commits; end that with block first"
            )
        # Two commits that hold the same, so that there are two environments.
        made = (self.base, self.commit({}, "The package as released, once more"))
        with installed(self._sides, name, made[: len(commits)], say=self._say) as sides:
            for side, commit in zip(sides, commits, strict=True):
                place(self._home(side), self.tree(commit), side.python, _variables(side))
            self._taken = True
            try:
                yield tuple(
                    dataclasses.replace(side, commit=commit)
                    for side, commit in zip(sides, commits, strict=True)
                )
            finally:
                self._taken = False

    def _home(self, side: Installed) -> Path:
        """Site-packages of an environment."""
        known = self._homes.get(side.python)
        if known is not None:
            return known
        ask = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
        done = subprocess.run(
            [str(side.python), "-c", ask],
            env=environment(side),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise WorkbenchError(f"{side.python} does not run; remove {self.folder}")
        return self._homes.setdefault(side.python, Path(done.stdout.strip()))

    def ask(
        self,
        before: str,
        after: str,
        benchmark: str,
        *,
        budget: float = BUDGET,
        factor: float | None = None,
        rounds: int | None = None,
        prove: bool = False,
    ) -> Explained:
        """Ask asv-explain about a benchmark between two commits, as its command would.

        What it answered before is not shown again.

        Args:
            before: the earlier commit.
            after: the later one, which may be the same.
            benchmark: asv's name of the benchmark.
            budget: seconds of measuring.
            factor: the smallest ratio that counts; asv-explain's own unless given.
            rounds: so many pairs of rounds, whatever the budget.
            prove: whether to put the first causes back, which takes the budget once more.

        Raises:
            ProjectError: there is no such benchmark.
        """
        options = Options(
            revisions=(before, after),
            bench=(f"^{re.escape(benchmark)}$",),
            budget=budget,
            factor=factor,
            rounds=rounds,
            prove=prove,
            force=True,
        )

        def installer(_: Project, __: Sequence[str], ___: Callable[[str], None]) -> Install:
            return self.install

        tools = Tools(installer=installer)
        (only,) = Session(options, self.project, tools, self._say).explanations()
        return only

    def judge(
        self, before: str, after: str, benchmark: str, *, budget: float, factor: float
    ) -> Rounds:
        """Measure what asv-explain's verdict rests on, and nothing of what explains it.

        Args:
            before: the earlier commit.
            after: the later one.
            benchmark: asv's name of the benchmark, which has no parameters.
            budget: seconds of measuring, of which timing takes its share.
            factor: the smallest ratio that counts.

        Returns:
            The rounds, of which `confirm` gives the verdict.
        """
        suspect = Suspect(benchmark, None, (), self.environment, "", before, after)
        plan = Plan(budget=budget, factor=factor, profiled=frozenset())
        with self.install(self.environment, (before, after)) as (one, other):
            return measure(suspect, one, other, plan, ProcessRunner(), time.monotonic)

    def forget(self) -> None:
        """Remove the explanations that were kept, which nobody asks for again."""
        shutil.rmtree(self.project.explanations, ignore_errors=True)


def _variables(side: Installed) -> tuple[dict[str, str], ...]:
    """The variables under which asv-explain runs a side, and those under which asv would."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return environment(side), {**plain, **side.env_vars}
