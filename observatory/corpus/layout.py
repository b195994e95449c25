"""Lays a case out as a git repository of two commits with an asv project in it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from asv_explain.changes.git import GitError
from observatory.corpus.case import Case, CorpusError
from observatory.injections.repository import BENCHMARKS, Repository

__all__ = ["SUITE", "LaidOut", "lay_out"]

SUITE = "bench_case"
"""The module of the benchmark."""

_SOURCE = "src"

# Puts what a commit has below `src` in place of what the last one put there.
_INSTALL = """
import json, pathlib, shutil, sysconfig
home = pathlib.Path(sysconfig.get_paths()["purelib"])
kept = home / "case-files.json"
for name in json.loads(kept.read_text()) if kept.exists() else []:
    shutil.rmtree(home / name, ignore_errors=True)
    (home / name).unlink(missing_ok=True) if (home / name).is_file() else None
every = sorted(pathlib.Path("src").iterdir())
kept.write_text(json.dumps([one.name for one in every]))
for one in every:
    (shutil.copytree if one.is_dir() else shutil.copy)(one, home / one.name)
"""


@dataclass(frozen=True, slots=True)
class LaidOut:
    """A repository with an asv project.

    Attributes:
        root: Its folder, which holds asv.conf.json.
        before: The commit of the earlier release.
        after: That of the later one.
        benchmark: asv's name of the benchmark.
    """

    root: Path
    before: str
    after: str
    benchmark: str

    @property
    def command(self) -> str:
        """What asks asv-explain about it, in its folder."""
        pattern = self.benchmark.replace(".", r"\.")
        return f"asv explain {self.before[:10]} {self.after[:10]} -b '{pattern}$'"


def lay_out(case: Case, folder: Path) -> LaidOut:
    """Have pip fetch both releases, and make each a commit.

    Args:
        case: Which one.
        folder: A folder in which one for the case is made anew.

    Raises:
        CorpusError: pip or git can't do it.
    """
    root = folder.absolute() / case.name
    own = {
        "asv.conf.json": json.dumps(_settings(case), indent=4) + "\n",
        "install.py": _INSTALL,
        ".gitignore": ".asv/\n__pycache__/\n",
        f"{BENCHMARKS}/__init__.py": "",
        f"{BENCHMARKS}/{SUITE}.py": case.source,
    }
    files = [
        {f"{_SOURCE}/{path}": text for path, text in _release(case, version).items()}
        for version in (case.before, case.after)
    ]
    try:
        repository = Repository(root, {**own, **files[0]})
        # The later release without what the earlier one alone has.
        gone = [path for path in files[0] if path not in files[1]]
        after = repository.commit(files[1], f"{case.package} {case.after}", gone=gone)
    except (GitError, OSError) as error:
        raise CorpusError(f"{root} can't be made ({error}); remove it and try again") from None
    return LaidOut(root, repository.base, after, f"{SUITE}.{case.benchmark}")


def _settings(case: Case) -> dict[str, object]:
    """asv.conf.json: installing is copying, so that no commit needs a build."""
    requirements = " ".join(f"'{one}'" for one in case.requirements)
    pip = f"in-dir={{env_dir}} python -m pip install --quiet {requirements}"
    return {
        "version": 1,
        "project": case.package,
        "repo": ".",
        "branches": ["main"],
        "environment_type": "virtualenv",
        "benchmark_dir": BENCHMARKS,
        "env_dir": ".asv/env",
        "results_dir": ".asv/results",
        "html_dir": ".asv/html",
        "build_command": [],
        "install_command": [*[pip] * bool(requirements), "in-dir={build_dir} python install.py"],
        "uninstall_command": [],
    }


def _release(case: Case, version: str) -> dict[str, str]:
    """The text files of a release as pip installs them, by their path below site-packages."""
    with tempfile.TemporaryDirectory(prefix="case-") as place:
        words = ["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-compile"]
        done = subprocess.run(
            [sys.executable, "-m", "pip", *words, "--target", place, f"{case.package}=={version}"],
            env=os.environ | case.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
            why = " ".join(said[-1].split()) if said else f"status {done.returncode}"
            raise CorpusError(
                f"{case.package} {version} can't be had ({why}); see that PyPI can be reached"
            )
        shutil.rmtree(Path(place) / "bin", ignore_errors=True)
        found = {}
        for path in sorted(Path(place).rglob("*")):
            if path.is_file() and not path.is_symlink():
                try:
                    found[path.relative_to(place).as_posix()] = path.read_bytes().decode()
                except UnicodeDecodeError:
                    continue  # a compiled catalogue or an image, which no benchmark here reads
        return found
