"""What changed is read from two commits of a real repository, and never by touching it."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

from asv_explain.changes.change import ADDITIONS, Change, Changes
from asv_explain.changes.evidence import commit_info, evidence
from asv_explain.changes.git import GitError
from asv_explain.changes.import_paths import import_paths
from asv_explain.changes.scopes import read_source
from asv_explain.changes.sources import read_changes

SETTINGS = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false")
FILE = "packages/x/src/cascade/flow.py"
IMPORTED = "cascade/flow.py"
BASE = '''"""Flow."""
import functools
LIMIT = 10

def helper(x):
    """Help."""
    return x

@functools.lru_cache
def cached(x, y=1):
    return x

class Foo:
    SIZE = 3

    def method(self):
        return self.SIZE

    @property
    def name(self):
        return 1

    @name.setter
    def name(self, value):
        self.value = value

def reader():
    return range(LIMIT)

def outer():
    def inner():
        return 1
    return inner, [x for x in range(3)], (lambda: 2)
'''


def run(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *SETTINGS, *arguments],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def commit(folder: Path, files: dict[str, str | None], subject: str) -> str:
    for name, content in files.items():
        path = folder / name
        if content is None:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    run(folder, "add", "-A")
    run(folder, "commit", "-q", "--allow-empty", "-m", subject)
    return run(folder, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    run(tmp_path, "init", "-q")
    commit(tmp_path, {FILE: BASE, "packages/x/tests/flow.py": "def test(): pass\n"}, "base")
    return tmp_path


def changes_of(repository: Path, files: dict[str, str | None]) -> Changes:
    before = run(repository, "rev-parse", "HEAD")
    after = commit(repository, files, "change")
    return read_changes(repository, before, after, [IMPORTED])


def edited(repository: Path, old: str, new: str) -> dict[str, Change]:
    assert old in BASE
    changes = changes_of(repository, {FILE: BASE.replace(old, new)})
    return {one.name: one for one in changes.items}


EDITS = {
    "body": ("return x\n\n@", "return x + 1\n\n@", "helper", ("body",)),
    "default": ("y=1", "y=2", "cached", ("defaults",)),
    "decorator": ("@functools.lru_cache\n", "", "cached", ("decorators",)),
    "async": ("def helper", "async def helper", "helper", ("def → async def",)),
    "method": ("return self.SIZE", "return self.SIZE + 1", "Foo.method", ("body",)),
    "setter": ("self.value = value", "self.value = value * 2", "Foo.name", ("body",)),
    "nested": ("return 1\n    return inner", "return 2\n    return inner", "outer.<locals>.inner",
               ("body",)),
    "lambda": ("lambda: 2", "lambda: 3", "outer", ("body",)),
    "comprehension": ("range(3)", "range(4)", "outer", ("body",)),
}  # fmt: skip


@pytest.mark.parametrize("edit", EDITS)
def test_one_edit_is_one_change(repository: Path, edit: str) -> None:
    """Each kind of edit names the one function that it touches, and what of it changed."""
    old, new, name, details = EDITS[edit]
    found = edited(repository, old, new)
    assert list(found) == [name]
    assert found[name].kind == "function"
    assert found[name].details == details
    assert found[name].path_after == IMPORTED
    assert found[name].file_after == FILE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("def helper(x)", "\n\n# moved\ndef helper(x: int) -> int"),
        ("Help.", "Helps."),
        ("return x\n\n@", "return (x)  # the same\n\n@"),
        ("import functools\n", "import functools\nimport functools\n"),
    ],
)
def test_what_does_nothing_is_no_change(repository: Path, old: str, new: str) -> None:
    """Lines, comments, annotations and docstrings change no code."""
    assert edited(repository, old, new) == {}


def test_module_constant_and_its_readers(repository: Path) -> None:
    """A changed global is the module's change, with the functions that read it, elsewhere too."""
    user = "from cascade.flow import LIMIT\ndef use():\n    return LIMIT\ndef other(): pass\n"
    commit(repository, {"packages/x/src/cascade/user.py": user}, "user")
    found = edited(repository, "LIMIT = 10", "LIMIT = 99")
    assert list(found) == ["<module>"]
    assert found["<module>"].names == ("LIMIT",)
    assert set(found["<module>"].readers) == {
        (IMPORTED, "reader"),
        ("cascade/user.py", "use"),
    }


def test_class_attribute(repository: Path) -> None:
    """A changed class attribute is the class's change, with the methods that read it."""
    found = edited(repository, "SIZE = 3", "SIZE = 4")
    assert list(found) == ["class Foo"]
    assert found["class Foo"].readers == ((IMPORTED, "Foo.method"),)


@pytest.mark.parametrize(
    ("old", "new", "name", "details"),
    [
        ("LIMIT = 10", "LIMIT = 10\nimport json\nMORE = 3", "<module>", (ADDITIONS,)),
        ("def reader", "class Late:\n    SIZE = 2\n\ndef reader", "class Late", (ADDITIONS,)),
        ("LIMIT = 10", "LIMIT = 10\nLIMIT += 1", "<module>", ("statements",)),
        ("LIMIT = 10", "LIMIT = 10\nprint()", "<module>", ("statements",)),
        ("LIMIT = 10", "MOST = 10", "<module>", ("statements",)),
        # What a class gains may take the place of what it inherited.
        ("SIZE = 3", "SIZE = 3\n    COLOR = 2", "class Foo", ("statements",)),
    ],
)
def test_names_that_nobody_knew_are_told_apart(
    repository: Path, old: str, new: str, name: str, details: tuple[str, ...]
) -> None:
    """Unchanged code can't have read them; all else it can."""
    assert edited(repository, old, new)[name].details == details


def test_renamed_file(repository: Path) -> None:
    """Functions of a renamed file are compared with themselves."""
    new = "packages/x/src/cascade/stream.py"
    changes = changes_of(repository, {FILE: None, new: BASE.replace("y=1", "y=2")})
    assert [(one.name, one.details) for one in changes.items] == [("cached", ("defaults",))]
    assert changes.renames == {IMPORTED: "cascade/stream.py"}


def test_function_moved_to_another_file(repository: Path) -> None:
    """A function that moved and changed is one change; one that only moved is none."""
    old = 'def helper(x):\n    """Help."""\n    return x\n'
    other = "def helper(x):\n    return x * 2\n"
    changes = changes_of(
        repository, {FILE: BASE.replace(old, ""), "packages/x/src/cascade/util.py": other}
    )
    assert [(one.name, one.details) for one in changes.items] == [("helper", ("moved", "body"))]
    assert (changes.items[0].path_before, changes.items[0].path_after) == (
        IMPORTED,
        "cascade/util.py",
    )


def test_new_gone_and_other_files(repository: Path) -> None:
    """What is on one side alone is new or gone; data files are listed."""
    content = BASE.replace("def reader", "def fresh").replace("range(LIMIT)", "sum([LIMIT])")
    changes = changes_of(repository, {FILE: content, "data.json": "{}"})
    assert {(one.name, one.kind) for one in changes.items} == {("fresh", "new"), ("reader", "gone")}
    assert changes.other_files == ("data.json",)


def test_file_that_is_not_python(repository: Path) -> None:
    """A file that can't be read is named as such, and the rest goes on."""
    changes = changes_of(repository, {FILE: "def broken(:\n"})
    assert [one.kind for one in changes.items] == ["unreadable"]


def test_unknown_commit(repository: Path) -> None:
    """A commit that isn't there is a typed error."""
    with pytest.raises(GitError):
        read_changes(repository, "HEAD", "0" * 40, [])


def test_evidence(repository: Path) -> None:
    """A change comes with its own part of the diff and the commits that touched it alone."""
    before = run(repository, "rev-parse", "HEAD")
    first = BASE.replace("y=1", "y=2")
    commit(repository, {FILE: first}, "another function")
    guilty = commit(repository, {FILE: first.replace("range(LIMIT)", "list(range(LIMIT))")}, "slow")
    after = commit(repository, {"README": "x"}, "docs")
    changes = read_changes(repository, before, after, [IMPORTED])
    change = next(one for one in changes.items if one.name == "reader")
    shown = evidence(repository, before, after, change)
    assert "+    return list(range(LIMIT))" in shown.hunk
    assert "y=2" not in shown.hunk
    assert [(one.commit, one.author, one.subject) for one in shown.commits] == [
        (guilty, "Ada", "slow")
    ]
    assert change.lines_after is not None
    assert first.splitlines()[change.lines_after[0] - 1].startswith("def reader")
    assert shown.source_before.splitlines()[-1] == "    return range(LIMIT)"
    assert shown.source_after.splitlines()[0].startswith("def reader")
    assert shown.source_after.splitlines()[-1] == "    return list(range(LIMIT))"
    assert commit_info(repository, guilty).subject == "slow"


def test_evidence_needs_no_working_tree(repository: Path, tmp_path: Path) -> None:
    """A repository given by URL is a bare mirror; what is in it is told as from a checkout."""
    before = run(repository, "rev-parse", "HEAD")
    after = commit(repository, {FILE: BASE.replace("y=1", "y=2")}, "slow")
    run(repository, "clone", "--quiet", "--bare", ".", str(tmp_path / "mirror"))
    told = []
    for place in (repository, repository / "packages", tmp_path / "mirror"):
        (change,) = read_changes(place, before, after, [IMPORTED]).items
        told.append((evidence(place, before, after, change), commit_info(place, after)))
    assert told[0] == told[1] == told[2]
    assert [one.subject for one in told[0][0].commits] == ["slow"]


def test_evidence_of_what_is_gone_and_new(repository: Path) -> None:
    """New and gone functions have a diff and a commit too."""
    before = run(repository, "rev-parse", "HEAD")
    content = BASE.replace("def reader", "def fresh").replace("range(LIMIT)", "sum([LIMIT])")
    after = commit(
        repository, {FILE: content, "packages/x/src/cascade/n.py": "def n(): pass\n"}, "c"
    )
    for change in read_changes(repository, before, after, [IMPORTED]).items:
        shown = evidence(repository, before, after, change)
        assert ("-def" if change.kind == "gone" else "+def") in shown.hunk
        assert (shown.source_before == "") == (change.kind == "new")
        assert (shown.source_after == "") == (change.kind == "gone")
        assert [one.subject for one in shown.commits] == ["c"]


def test_repository_stays_as_it_is(repository: Path) -> None:
    """Index, refs and a dirty working tree are byte for byte the same afterwards."""
    before = run(repository, "rev-parse", "HEAD")
    after = commit(repository, {FILE: BASE.replace("y=1", "y=2")}, "c")
    (repository / FILE).write_text("dirty")

    def state() -> dict[str, str]:
        return {
            str(path.relative_to(repository)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(repository.rglob("*"))
            if path.is_file()
        }

    held = state()
    changes = read_changes(repository, before, after, [IMPORTED])
    evidence(repository, before, after, changes.items[0])
    assert state() == held


def test_import_paths() -> None:
    """Folders of the repository map to import paths, also for files that did not run."""
    files = ["src/rich/a.py", "src/rich/b.py", "tests/rich/a.py", "setup.py", "pkg/src/mine/c.py"]
    assert import_paths(files, ["rich/a.py"]) == {
        "src/rich/a.py": "rich/a.py",
        "src/rich/b.py": "rich/b.py",
        "tests/rich/a.py": "tests/rich/a.py",
        "setup.py": "setup.py",
        "pkg/src/mine/c.py": "mine/c.py",
    }


def test_first_line_is_that_of_the_code_object() -> None:
    """A function begins at its first decorator, as a profile has it."""
    source = read_source(BASE.encode())
    assert source.functions["cached"][0].first == 9
