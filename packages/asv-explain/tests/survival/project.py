"""A real asv project, its owner in the middle of work, and all of it that must stay as it is."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import subprocess
import sys
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import asv_runner  # type: ignore[import-untyped]
from asv.benchmarks import Benchmarks  # type: ignore[import-untyped]
from asv.results import Results  # type: ignore[import-untyped]
from asv.runner import BenchmarkResult  # type: ignore[import-untyped]
from shop_repository import Shop

from asv_explain.asv_side.lock import try_locked
from asv_explain.asv_side.project import environments, load_project
from asv_explain.asv_side.revisions import resolve
from asv_explain.asv_side.store import Marker, entry_for

__all__ = ["BENCHMARKS", "CORE", "MACHINE", "Work", "describe"]

MACHINE = "survivor"

CORE = """
def price(row):
    total = 0
    for share in range(40):
        total += row * share % 11
    return total


def total(rows):
    return sum(price(row) for row in rows{times})
"""

# Where processes are marked, each leaves a child in a session of its own, which only a signal ends.
BENCHMARKS = """
import os
import signal

from shop import core

ROWS = range(100)
LEFT = []


class Day:
    number = 2
    repeat = 1
    warmup_time = 0

    def setup(self):
        if LEFT:
            return
        LEFT.append(os.fork() if "ASV_EXPLAIN_SURVIVAL" in os.environ else 1)
        if not LEFT[0]:
            os.setsid()
            while True:
                signal.pause()

    def time_total(self):
        core.total(ROWS)

    def track_total(self):
        return core.total(ROWS)
"""

OURS = (".asv/explain", ".asv/explanations")
"""What the hook may write, below the project's folder."""

# Of git's own folder, what is not merely added to: everything but objects.
_OBJECTS = ".git/objects"


def describe(name: str, **more: Any) -> dict[str, Any]:
    """A benchmark, as asv's discovery describes it."""
    kind = "track" if "track" in name else "time"
    unit = "unit" if kind == "track" else "seconds"
    about = {"name": name, "params": [], "param_names": [], "version": name, "code": ""}
    return {**about, "unit": unit, "type": kind, **more}


class Work:
    """The repository, in the middle of its owner's work.

    Args:
        folder: Where the repository, its home for asv and its temporary folder are made.
    """

    def __init__(self, folder: Path) -> None:
        self.shop = Shop(folder / "repository", folder / "home")
        self.root = self.shop.root
        self.temporary = folder / "tmp"
        for made in (self.root, self.shop.home, self.temporary):
            made.mkdir(parents=True)
        self.shop.start(
            {
                "shop/core.py": CORE.format(times=""),
                "benchmarks/day.py": BENCHMARKS,
                "notes.txt": "one\n",
            }
        )
        self.shop.commit("after", {"shop/core.py": CORE.format(times=" for _ in range(10)")})
        self._commit_branches()
        self._record()
        self._begin_work()
        facts = dict.fromkeys(("arch", "cpu", "num_cpu", "os", "ram"), "")
        about = {MACHINE: {"machine": MACHINE, **facts}, "version": 1}
        (self.shop.home / ".asv-machine.json").write_text(json.dumps(about), encoding="utf-8")

    @property
    def results(self) -> Path:
        """The folder of asv's results."""
        return self.root / ".asv" / "results"

    @property
    def explanations(self) -> Path:
        """What the hook keeps for its user."""
        return self.root / ".asv" / "explanations"

    def _commit_branches(self) -> None:
        for name, commit in self.shop.commits.items():
            self.shop.git("branch", f"topic/{name}", commit)
        self.shop.git("tag", "-a", "v1", "-m", "a tag", self.shop.commits["base"])
        (self.root / "notes.txt").write_text("put aside\n", encoding="utf-8")
        self.shop.git("stash", "push", "--quiet", "--message", "for later")

    def _begin_work(self) -> None:
        """Stage one change and leave another unstaged; add files that git knows, and others."""
        (self.root / "notes.txt").write_text("staged\n", encoding="utf-8")
        (self.root / "new.txt").write_text("new and staged\n", encoding="utf-8")
        self.shop.git("add", "notes.txt", "new.txt")
        (self.root / "notes.txt").write_text("changed again\n", encoding="utf-8")
        slower = CORE.format(times=" for _ in range(11)")
        (self.root / "shop" / "core.py").write_text(slower, encoding="utf-8")
        (self.root / "untracked file").write_bytes(b"\0\1")
        (self.root / "runs").symlink_to("shop")

    def _record(self) -> None:
        """Have asv keep results of both commits, as its own code writes them."""
        (self.results / MACHINE).mkdir(parents=True)
        said = json.dumps({"machine": MACHINE, "version": 1})
        (self.results / MACHINE / "machine.json").write_text(said, encoding="utf-8")
        known = {name: describe(name) for name in ("day.Day.time_total", "day.Day.track_total")}
        text = json.dumps({**known, "version": Benchmarks.api_version})
        (self.results / "benchmarks.json").write_text(text, encoding="utf-8")
        python = f"{sys.version_info[0]}.{sys.version_info[1]}"
        for date, (name, value) in enumerate({"base": 100.0, "after": 200.0}.items()):
            results = Results(
                {"machine": MACHINE, "python": python},
                {},
                self.shop.commits[name],
                date,
                python,
                f"virtualenv-py{python}",
                {},
            )
            for benchmark in known.values():
                taken = BenchmarkResult([value], [None], [None], 0, "", None)
                results.add_result(benchmark, taken)
            results.save(str(self.results))

    def install(self) -> None:
        """Have the base, the other commit and the working tree installed, without asv's builders.

        What they measure with is this interpreter's own asv_runner.
        """
        project = load_project(self.root / "asv.conf.json")
        (environment,) = environments(project)
        for commit in (*self.shop.commits.values(), resolve(project, "WORKTREE")):
            entry = entry_for(project.own, project.conf, environment.name, commit)
            home = entry.folder / "env"
            venv.create(home, symlinks=True, with_pip=False)
            python = home / "bin" / "python"
            (packages,) = home.glob("lib/python*/site-packages")
            outside = Path(asv_runner.__file__).parents[1]
            (packages / "outside.pth").write_text(f"{outside}\n", encoding="utf-8")
            (packages / "shop").mkdir()
            for name in ("__init__.py", "core.py"):
                text = self.shop.git("show", f"{commit}:shop/{name}")
                (packages / "shop" / name).write_text(text, encoding="utf-8")
            entry.finish(Marker(commit, environment.name, str(python), str(home), {}, 1))

    def variables(self, **more: str) -> dict[str, str]:
        """The variables of a program that works on the project."""
        return {
            **os.environ,
            "HOME": str(self.shop.home),
            "TMPDIR": str(self.temporary),
            "PYTHONPATH": os.pathsep.join(sys.path),
            **more,
        }

    def command(self, *words: str) -> Sequence[str]:
        """What explains the step from the base to a commit, in as few processes as will do."""
        named = [self.shop.commits.get(word, word) for word in words]
        return [sys.executable, "-m", "asv_explain", *named, "--rounds", "4"]

    def explain(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run the hook to its end."""
        return subprocess.run(
            self.command(*words),
            cwd=self.root,
            env=self.variables(**more),
            capture_output=True,
            text=True,
            check=False,
        )

    def state(self) -> Mapping[str, object]:
        """All that must stay, byte for byte: by path, what is there and since when."""
        found: dict[str, object] = {}
        for path in sorted(self.root.rglob("*")):
            name = path.relative_to(self.root).as_posix()
            if name.startswith((*OURS, _OBJECTS)):
                continue
            about = path.lstat()
            if stat.S_ISREG(about.st_mode):
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                found[name] = (about.st_mode, about.st_mtime_ns, digest)
            elif path.is_symlink():
                found[name] = path.readlink()
            else:
                found[name] = about.st_mode
        return found

    def objects(self) -> set[str]:
        """Files of contents in git's own folder, to which some may be added."""
        return {path.name for path in (self.root / _OBJECTS).rglob("*") if path.is_file()}

    def held(self) -> list[str]:
        """The names of the hook's locks that somebody holds."""
        found = []
        for path in (self.root / ".asv" / "explain" / "locks").glob("*"):
            with try_locked(path) as alone:
                if not alone:
                    found.append(path.name)
        return found

    def unfinished(self) -> list[str]:
        """Files that were being written: the hook's, and git's."""
        parts = self.root.rglob(".asv-explain-part-*")
        locks = (self.root / ".git").rglob("*.lock")
        objects = (self.root / _OBJECTS).rglob("tmp_obj_*")
        return [str(path) for each in (parts, locks, objects) for path in each]
