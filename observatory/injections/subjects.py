"""The packages that are injected into: which ones, at which version, with which benchmarks."""

from __future__ import annotations

import ast
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from asv_explain.changes.git import GitError, read_blobs, tree_of

__all__ = ["SUBJECTS", "Subject", "SubjectError", "released"]

REPOSITORY = Path(__file__).resolve().parents[2]
"""This repository, of which the engine is one of the subjects."""

DISTRIBUTIONS = tuple(f"packages/cascade-{name}/src/" for name in ("spec", "graph", "engine"))
"""Where the engine's files are in it; below these folders they lie as below site-packages."""

SUITES = Path(__file__).resolve().parent / "suites"
"""Where the subjects' benchmarks are."""

LEFT_OUT = ("tests", "conftest.py")
"""Folders and files of a package that none of its own modules imports."""


class SubjectError(Exception):
    """A subject's files can't be had; the text is one line that says what to do."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A package that runs on the standard library alone, and benchmarks of it.

    Attributes:
        name: the package's name.
        version: the version that is looked at, or ``HEAD`` of this repository.
        style: what sort of code it is.
        packages: its folders in site-packages, and those of what it needs.
        requirements: what pip is asked for; nothing where the files are in this repository.
        suite: the file of its benchmarks, as asv runs it.
    """

    name: str
    version: str
    style: str
    packages: tuple[str, ...]
    requirements: tuple[str, ...]
    suite: Path

    @property
    def source(self) -> str:
        """The text of its benchmarks."""
        return self.suite.read_text(encoding="utf-8")

    @property
    def benchmarks(self) -> tuple[str, ...]:
        """The names that asv gives its benchmarks."""
        return tuple(
            f"{self.suite.stem}.{holder.name}.{method.name}"
            for holder in ast.parse(self.source).body
            if isinstance(holder, ast.ClassDef)
            for method in holder.body
            if isinstance(method, ast.FunctionDef) and method.name.startswith("time_")
        )


def _published(name: str, version: str, style: str, **needed: str) -> Subject:
    """A subject on PyPI, with the versions of the packages that it needs."""
    return Subject(
        name,
        version,
        style,
        (name, *needed),
        (f"{name}=={version}", *(f"{other}=={pin}" for other, pin in needed.items())),
        SUITES / f"bench_{name}.py",
    )


SUBJECTS: Mapping[str, Subject] = MappingProxyType(
    {
        one.name: one
        for one in (
            Subject("cascade", "HEAD", "engine", ("cascade",), (), SUITES / "bench_cascade.py"),
            _published("tomlkit", "0.15.2", "parser"),
            _published("cerberus", "1.3.8", "validator"),
            _published("networkx", "3.6.1", "graph library"),
            # Without its C file MarkupSafe escapes in Python, as it does where none can be built.
            _published("jinja2", "3.1.6", "template engine", markupsafe="3.0.4"),
            _published("sqlparse", "0.6.1", "text library"),
        )
    }
)
"""All subjects by name."""


def released(subject: Subject, folder: Path) -> dict[str, str]:
    """The Python files of a subject, by their path below site-packages.

    Args:
        subject: whose files.
        folder: where downloaded wheels are kept, so that each is asked for once.

    Raises:
        SubjectError: PyPI can't be reached, or this repository has no history.
    """
    found = _of_repository() if not subject.requirements else _of_wheels(subject, folder)
    files = {
        path: data.decode()
        for path, data in sorted(found.items())
        if path.endswith(".py")
        and path.partition("/")[0] in subject.packages
        and not set(PurePosixPath(path).parts) & set(LEFT_OUT)
    }
    missing = [one for one in subject.packages if not any(_in(one, path) for path in files)]
    if missing:
        raise SubjectError(
            f"{subject.name} {subject.version} came without {', '.join(missing)}; "
            f"remove {folder / 'wheels'} and run this again"
        )
    return files


def _in(package: str, path: str) -> bool:
    return path.startswith(f"{package}/")


def _of_repository() -> dict[str, bytes]:
    """Files of the engine's distributions as committed, whatever the checkout holds."""
    try:
        tree = tree_of(REPOSITORY, "HEAD")
        names = {
            path.removeprefix(source): digest
            for path, digest in tree.items()
            for source in DISTRIBUTIONS
            if path.startswith(source)
        }
        blobs = read_blobs(REPOSITORY, names.values())
    except GitError as error:
        raise SubjectError(
            f"the engine of {REPOSITORY} can't be read ({error}); run this in a clone"
        ) from None
    return {path: blobs[digest] for path, digest in names.items()}


def _of_wheels(subject: Subject, folder: Path) -> dict[str, bytes]:
    """Files of the wheels that pip finds for the requirements, downloaded unless they are there."""
    kept = folder / "wheels" / f"{subject.name}-{subject.version}"
    if not kept.is_dir():
        kept.parent.mkdir(parents=True, exist_ok=True)
        # Half a download is never found under the name of a whole one.
        with tempfile.TemporaryDirectory(dir=kept.parent) as scratch:
            wheels = Path(scratch) / "wheels"
            _download(subject, wheels)
            try:
                wheels.rename(kept)
            except OSError:
                if not kept.is_dir():
                    raise
    found: dict[str, bytes] = {}
    for wheel in sorted(kept.glob("*.whl")):
        try:
            with zipfile.ZipFile(wheel) as archive:
                names = [name for name in archive.namelist() if name.endswith(".py")]
                found.update((name, archive.read(name)) for name in names)
        except (OSError, zipfile.BadZipFile) as error:
            raise SubjectError(f"{wheel} is no wheel ({error}); remove {kept}") from None
    return found


def _download(subject: Subject, folder: Path) -> None:
    words = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    # What a subject needs is named with its version; anything else would come in any version.
    words += ["--no-deps", "--only-binary", ":all:", "--dest", str(folder), *subject.requirements]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        why = " ".join(said[-1].split()) if said else f"pip ended with status {done.returncode}"
        raise SubjectError(
            f"{' and '.join(subject.requirements)} can't be downloaded ({why}); "
            "see that PyPI can be reached, and run this again"
        )
