"""Whether the commits under test are what ran, told from the files that were imported."""

from __future__ import annotations

import io
import re
import tokenize
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from asv_explain.changes.git import git, read_blobs, tree_of
from asv_explain.changes.import_paths import import_paths
from asv_explain.explanation import Caveat
from asv_explain.suspect import Suspect

__all__ = ["OTHER_CODE", "Imported", "foreign_code"]

OTHER_CODE = "other-code"
"""The kind of the caveat that another code than the commit's was measured."""

Imported = Sequence[tuple[str, str]]
"""Modules that were imported: each one's path below its home, and its file."""

# Where a project says what it is called, or which extension modules it builds.
_BUILD_FILES = ("pyproject.toml", "setup.cfg", "setup.py", "Cargo.toml", "meson.build")

_REMEDY = (
    "let the benchmarks import the installed package: see that nothing on sys.path or PYTHONPATH "
    "stands before it"
)
_ABSENT_REMEDY = (
    "let the benchmark import the package in its own process; see that nothing on sys.path or "
    "PYTHONPATH stands before it"
)


def foreign_code(
    suspect: Suspect, repository: Path, before: Imported, after: Imported
) -> Caveat | None:
    """Say whether something else than the two commits ran.

    A file is a commit's if its import path is tracked and its text is that of the commit, line
    ends and encoding aside. A side is foreign if no file that it imported is its commit's; also if
    of those in which the two commits differ none is, and one is as some other commit has it or was
    imported on both sides: a checkout on the path holds many files that never changed.

    Nothing is said where that can't be told: of a timeraw benchmark, which runs in a process of
    its own; of files that can't be read, such as those in a zip archive; and where nothing but
    compiled modules was imported that may have been built from the commit.

    Args:
        suspect: The benchmark and its commits.
        repository: The repository of both commits; only its history is read.
        before: What was imported on the side before; empty where that isn't known.
        after: What was imported on the side after.

    Returns:
        A caveat that names a file and from where it was imported instead; None where the commits'
        own code ran, on both sides.

    Raises:
        GitError: git can't read one of the commits.
    """
    if suspect.benchmark.rpartition(".")[2].lower().startswith("timeraw"):
        return None
    shared = {file for _, file in before} & {file for _, file in after}
    found: list[tuple[str, _Found]] = []
    for side, commit, other, imported in (
        ("before", suspect.before, suspect.after, before),
        ("after", suspect.after, suspect.before, after),
    ):
        modules = _without_benchmarks(suspect, imported)
        one = _foreign(repository, commit, other, modules, shared) if imported else None
        if one is not None:
            found.append((side, one))
    if not found:
        return None
    found = [one for one in found if one[1].path] or found
    side, what = found[0]
    where = "on both sides" if len(found) == 2 else f"{side} the change"
    if not what.path:
        text = f"no file of the commit under test was imported {where}"
        return Caveat(OTHER_CODE, text, _ABSENT_REMEDY)
    text = f"`{what.path}` was imported from {what.origin}, not from the commit under test, {where}"
    return Caveat(OTHER_CODE, text, _REMEDY)


@dataclass(frozen=True, slots=True)
class _Found:
    """A file that stands in place of a commit's own; empty where nothing does."""

    path: str = ""
    origin: str = ""


def _without_benchmarks(suspect: Suspect, imported: Imported) -> list[tuple[str, str]]:
    """What isn't below the folder of the benchmarks, which are the same on both sides."""
    words = suspect.benchmark.split(".")
    stems = ["/".join(words[:count]) for count in range(len(words), 0, -1)]
    names = [f"{stem}{end}" for stem in stems for end in (".py", "/__init__.py")]
    files = dict(reversed(imported))
    name = next((one for one in names if one in files), None)
    root = None if name is None else _root(name, files[name])
    return [
        (path, file)
        for path, file in imported
        if root is None or PurePath(root) not in PurePath(file).parents
    ]


def _root(path: str, file: str) -> str:
    """The folder below which a file is imported at a path; the file itself where it isn't so."""
    slashed = file.replace("\\", "/")
    return file[: -len(path)].rstrip("/\\") or "/" if slashed.endswith(f"/{path}") else file


class _Tree:
    """The Python files of a commit by the paths at which they are imported."""

    def __init__(self, repository: Path, commit: str, known: frozenset[str]) -> None:
        self.files = tree_of(repository, commit)
        self.digests: defaultdict[str, set[str]] = defaultdict(set)
        for name, path in import_paths(self.files, known).items():
            self.digests[path].add(self.files[name])


def _foreign(
    repository: Path, commit: str, other: str, imported: Imported, shared: Collection[str]
) -> _Found | None:
    """What of a side's modules stands in place of its commit's; None where its own code ran."""
    known = frozenset(_source(path) for path, _ in imported)
    here, there = (_Tree(repository, one, known) for one in (commit, other))
    tracked = [
        (_source(path), file)
        for path, file in imported
        if _source(path) in here.digests or _source(path) in there.digests
    ]
    ours = {digest for path, _ in tracked for digest in here.digests.get(path, ())}
    blobs = read_blobs(repository, ours)
    texts = {file: _read(file) for _, file in tracked}
    judged = [
        (path, file, _text(text) in {_text(blobs[one]) for one in here.digests.get(path, ())})
        for path, file in tracked
        if (text := texts[file]) is not None
    ]
    right = [(path, file) for path, file, own in judged if own]
    wrong = [(path, file) for path, file, own in judged if not own]
    if not right:
        if wrong:
            return _named(wrong)
        unclear = bool(tracked) or _may_be_built(repository, here.files, imported)
        return None if unclear else _Found()

    def differs(path: str) -> bool:
        return here.digests.get(path, set()) != there.digests.get(path, set())

    if any(differs(path) for path, _ in right):
        return None
    changed = [(path, file) for path, file in wrong if differs(path)]
    elsewhere = _committed(repository, {file: texts[file] or b"" for _, file in changed})
    replaced = [one for one in changed if one[1] in elsewhere or one[1] in shared]
    return _named(replaced) if replaced else None


def _named(wrong: Sequence[tuple[str, str]]) -> _Found:
    """The first of those that were imported from where most of them were."""
    origins = Counter(_root(path, file) for path, file in wrong)
    path, file = min(wrong, key=lambda one: (-origins[_root(*one)], one))
    return _Found(path, _root(path, file))


def _source(path: str) -> str:
    """The path of a module's source: without sources, its bytecode is what is imported."""
    return path[:-1] if path.endswith(".pyc") else path


def _read(file: str) -> bytes | None:
    """What a file holds; None if it can't be read, or is no source."""
    if not file.endswith(".py"):
        return None
    try:
        return Path(file).read_bytes()
    except (OSError, ValueError):
        return None


def _text(content: bytes) -> str | bytes:
    """A source as text, with line ends of one kind; as it is where it is none."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        return content.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
    except (SyntaxError, UnicodeDecodeError, LookupError):
        return content


def _committed(repository: Path, contents: Mapping[str, bytes]) -> set[str]:
    """Those files of which the repository holds the content, as of some commit."""
    if not contents:
        return set()
    digests = {
        file: git(repository, "hash-object", "--stdin", given=content).decode().strip()
        for file, content in contents.items()
    }
    asked = "\n".join([*digests.values(), ""]).encode()
    told = git(repository, "cat-file", "--batch-check", given=asked).decode().splitlines()
    present = {line.split()[0] for line in told if not line.endswith(" missing")}
    return {file for file, digest in digests.items() if digest in present}


def _stem(path: str) -> str:
    """The path without the ending of a compiled module, such as ``.cpython-311-darwin.so``."""
    folder, slash, name = path.rpartition("/")
    return folder + slash + name.partition(".")[0]


def _may_be_built(
    repository: Path, files: Mapping[str, str], imported: Sequence[tuple[str, str]]
) -> bool:
    """Whether a compiled module was imported that bears a name of the commit's.

    That is the path of a source in it, or what one of its settings calls the project or a module.
    """
    built = [path for path, _ in imported if not path.endswith((".py", ".pyc"))]
    sources = [f"/{name.rpartition('.')[0]}" for name in files]
    modules = tuple(f"/{_stem(path)}" for path in built)
    if any(one.endswith(modules) for one in sources):
        return True
    tops = {path.split("/")[0].partition(".")[0] for path in built}
    settings = [files[name] for name in _BUILD_FILES if name in files]
    said = b"\n".join(read_blobs(repository, settings).values()).decode("utf-8", "replace")
    called = re.findall(r"""(?:name\s*=|Extension\(|project\()\s*['"]?([\w.-]+)""", said)
    return bool(tops & {one.replace("-", "_").split(".")[0] for one in called})
