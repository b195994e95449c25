"""Commits are installed side by side, kept, bounded on disk, and never taken half-made."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import asv_explain
from asv_explain.asv_side.benchmarks import select_benchmarks
from asv_explain.asv_side.builder import build
from asv_explain.asv_side.discover import discover
from asv_explain.asv_side.install import Installer, InstallError, installed
from asv_explain.asv_side.lock import locked, try_locked
from asv_explain.asv_side.project import (
    Project,
    ProjectError,
    environments,
    load_project,
)
from asv_explain.asv_side.revisions import repository, resolve
from asv_explain.asv_side.select import select_between
from asv_explain.asv_side.store import Entry, Marker, entry_for, evict
from asv_explain.suspect import Installed

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
ENVIRONMENT = f"virtualenv-py{PYTHON}"
CONFIG = {
    "version": 1,
    "project": "sample",
    "repo": ".",
    "branches": ["main"],
    "environment_type": "virtualenv",
    "pythons": [PYTHON],
    "env_dir": ".asv/env",
    "results_dir": ".asv/results",
    "html_dir": ".asv/html",
    "install_timeout": 120,
    "matrix": {"env_nobuild": {"SAMPLE_FLAG": "on"}},
    "build_command": [
        "python -m pip wheel -q --no-build-isolation --no-deps -w {build_cache_dir} {build_dir}"
    ],
    "install_command": ["in-dir={env_dir} python -m pip install --quiet --no-index {wheel_file}"],
}
BENCHMARKS = """
class Sums:
    params = [[1, 2], ["a", "b"]]
    def time_sum(self, n, kind): pass
def time_plain(): pass
"""


def git(folder: Path, *words: str) -> str:
    """Run git without the settings of whoever runs the tests."""
    identity = ("-c", "user.name=T", "-c", "user.email=t@example.org")
    return subprocess.run(
        ["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


def commit(folder: Path, value: int, setup: str = "") -> str:
    """Commit a version of the sample package in which VALUE is the given one."""
    (folder / "sample.py").write_text(f"VALUE = {value}\n")
    (folder / "setup.py").write_text(
        f"{setup}\nfrom setuptools import setup\n"
        f"setup(name='sample', version='{value}', py_modules=['sample'])\n"
    )
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", f"value {value}")
    return git(folder, "rev-parse", "HEAD")


def tree_of(folder: Path) -> dict[str, str]:
    """Return a digest of every file below a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


class Sample:
    """A project with two commits that differ, and one that cannot be built."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        git(folder, "init", "-q", "-b", "main")
        (folder / "asv.conf.json").write_text(json.dumps(CONFIG))
        (folder / "benchmarks").mkdir()
        (folder / "benchmarks" / "__init__.py").write_text("")
        (folder / "benchmarks" / "sums.py").write_text(BENCHMARKS)
        (folder / ".gitignore").write_text(".asv/env\n")
        self.first = commit(folder, 1)
        self.second = commit(folder, 2)
        self.broken = commit(folder, 3, setup="raise SystemExit('error: no compiler here')")
        for made in ("env/theirs", "results/vm"):
            (folder / ".asv" / made).mkdir(parents=True)
            (folder / ".asv" / made / "kept.json").write_text("{}")
        self.project: Project = load_project(folder / "asv.conf.json")
        (self.environment,) = (env.name for env in environments(self.project))


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sample]:
    """One project for all tests, with a home of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        yield Sample(tmp_path_factory.mktemp("sample"))


def test_two_commits_stand_side_by_side_and_stay(sample: Sample) -> None:
    """Both are importable at once, a second call builds nothing, asv's folders are as before."""
    theirs = {name: tree_of(sample.folder / ".asv" / name) for name in ("env", "results")}
    status = git(sample.folder, "status", "--porcelain")
    said: list[str] = []
    pair = (sample.first, sample.second)
    with installed(sample.project, sample.environment, pair, say=said.append) as both:
        values = [
            subprocess.run(
                [side.python, "-c", "import sample; print(sample.VALUE)"],
                capture_output=True,
                text=True,
                check=True,
                cwd=side.env_dir,
            ).stdout.strip()
            for side in both
        ]
        assert values == ["1", "2"]
        assert [side.commit for side in both] == [sample.first, sample.second]
        assert [side.env_vars["ASV_COMMIT"] for side in both] == [sample.first, sample.second]
        assert {side.env_vars["SAMPLE_FLAG"] for side in both} == {"on"}
        assert both[0].env_vars["PATH"].startswith(str(both[0].python.parent))
        assert both[0].benchmark_dir == sample.folder / "benchmarks"
        assert evict(sample.project.own, limit=0) == ()
        names = select_benchmarks(sample.project, discover(both[0]), [r"time_sum\(2, .a.\)"])
    assert len(said) == 1
    suspects = select_between(names, "vm", [sample.environment], *pair)
    assert [(s.benchmark, s.param_index, s.params) for s in suspects] == [
        ("sums.Sums.time_sum", 2, ("2", "'a'"))
    ]
    backwards = (sample.second, sample.first, sample.second)
    with installed(sample.project, sample.environment, backwards, say=said.append) as again:
        assert [side.python for side in again] == [both[1].python, both[0].python, both[1].python]
    assert len(said) == 1
    assert theirs == {name: tree_of(sample.folder / ".asv" / name) for name in ("env", "results")}
    assert git(sample.folder, "status", "--porcelain") == status


def test_failure_names_the_commit_and_leaves_nothing_whole(sample: Sample) -> None:
    """A commit that cannot be built says why in one line, and is not taken for installed."""
    with (
        pytest.raises(InstallError, match=r"no compiler here.*has the whole story") as caught,
        installed(sample.project, sample.environment, (sample.broken,)),
    ):
        pass
    assert caught.value.commit == sample.broken
    assert "\n" not in str(caught.value)
    entry = entry_for(sample.project.own, sample.project.conf, sample.environment, sample.broken)
    assert entry.marker() is None
    assert entry.key in evict(sample.project.own)
    assert not entry.folder.exists()


def test_half_made_folder_is_made_anew(sample: Sample) -> None:
    """Without its marker an installation doesn't exist, and two builders at once make one."""
    entry = build(sample.project, sample.environment, sample.first, sample.project.own)
    first = entry.marker()
    assert first is not None
    (entry.folder / "installed.json").write_text('{"schema": 1, "comm')
    assert entry.marker() is None
    own, config = str(sample.project.own), str(sample.project.config)
    words = ["-m", "asv_explain.asv_side.builder", config, sample.environment, sample.first, own]
    environ = {**os.environ, "PYTHONPATH": str(Path(asv_explain.__file__).parents[1])}
    both = [
        subprocess.Popen([sys.executable, *words], env=environ, stdout=subprocess.DEVNULL)
        for _ in range(2)
    ]
    assert [builder.wait() for builder in both] == [0, 0]
    assert len([path for path in entry.folder.iterdir() if path.is_dir()]) == 1
    second = entry.marker()
    assert second is not None
    assert second.env_dir != first.env_dir
    assert not Path(first.env_dir).exists()
    build(sample.project, sample.environment, sample.first, sample.project.own)
    assert entry.marker() == second


def test_one_call_tries_no_broken_commit_twice(sample: Sample) -> None:
    """The second time the first answer is given, for each of two that failed together."""
    said: list[str] = []
    install = Installer(sample.project, (), said.append)
    again = commit(sample.folder, 5, setup="raise SystemExit('error: nor here')")
    for commits in ((sample.broken, again), (again,), (sample.broken, sample.first)):
        with (
            pytest.raises(InstallError, match=r"error: (no compiler|nor) here") as caught,
            install(sample.environment, commits),
        ):
            pass
        assert caught.value.commit in commits
    assert len(said) == 1


CALL = """
import sys
from pathlib import Path
from asv_explain.asv_side.install import installed
from asv_explain.asv_side.project import load_project
from asv_explain.ending import Terminated, terminable
try:
    with terminable(), installed(load_project(Path(sys.argv[1])), sys.argv[2], [sys.argv[3]]):
        pass
except Terminated:
    sys.exit(143)
"""


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_call_that_is_ended_leaves_nothing_running_or_locked(
    sample: Sample, tmp_path: Path, ending: signal.Signals
) -> None:
    """However a call ends in the middle of a build, so does the build; the next starts afresh."""
    pipe = tmp_path / "building"
    os.mkfifo(pipe)
    hang = (
        f"held = open({str(pipe)!r}, 'w')\nprint('here', file=held, flush=True)\nwhile True: pass"
    )
    endless = commit(sample.folder, 4, setup=hang)
    config = str(sample.project.config)
    caller = subprocess.Popen(
        [sys.executable, "-c", CALL, config, sample.environment, endless],
        env={**os.environ, "PYTHONPATH": str(Path(asv_explain.__file__).parents[1])},
        stderr=subprocess.DEVNULL,
    )
    with pipe.open() as held:
        assert held.readline() == "here\n"
        caller.send_signal(ending)
        status = caller.wait()
        assert status == 143 if ending is signal.SIGTERM else status != 0
        # The pipe ends with the last process that holds it.
        assert held.read() == ""
    entry = entry_for(sample.project.own, sample.project.conf, sample.environment, endless)
    with locked(entry.lock):
        assert entry.folder.exists()
        assert entry.marker() is None
    assert entry.key in evict(sample.project.own)


def test_environment_that_asv_does_not_make_is_refused(sample: Sample) -> None:
    """An existing Python can't hold two commits, and an unknown name lists those there are."""
    specs = ("existing:same",)
    name = environments(sample.project, specs)[0].name
    with pytest.raises(ProjectError, match="existing Python"):
        build(sample.project, name, sample.first, sample.project.own, specs)
    with pytest.raises(ProjectError, match=f"no environment nonsense.*{sample.environment}"):
        build(sample.project, "nonsense", sample.first, sample.project.own)
    with pytest.raises(ProjectError, match=r"no environment|cannot make"):
        environments(sample.project, ("virtualenv:2.2",))
    with pytest.raises(ProjectError, match=r"no environment|cannot make"):
        environments(sample.project, ("nonsense",))


def test_revisions_resolve_or_say_what_to_do(sample: Sample) -> None:
    """Branches, short hashes and WORKTREE become full hashes; anything else is named."""
    head = git(sample.folder, "rev-parse", "HEAD")
    assert resolve(sample.project, "main") == head
    assert resolve(sample.project, sample.first[:9]) == sample.first
    git(sample.folder, "update-index", "--refresh")
    assert resolve(sample.project, "WORKTREE") == head
    for wrong in ("no-such-branch", "--all", "", "0" * 40):
        with pytest.raises(ProjectError, match="is no commit of"):
            resolve(sample.project, wrong)


def test_remote_repository_is_mirrored_in_a_folder_of_its_own(
    sample: Sample, tmp_path: Path
) -> None:
    """A URL is cloned below the tool's own folder; a clone that was cut short is thrown away."""
    config = {**CONFIG, "repo": f"file://{sample.folder}", "dvcs": "git"}
    (tmp_path / "asv.conf.json").write_text(json.dumps(config))
    project = load_project(tmp_path / "asv.conf.json")
    (project.own / "mirror.partial" / "objects").mkdir(parents=True)
    assert resolve(project, sample.first[:12]) == sample.first
    assert repository(project).get_branch_commits("main")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".asv", "asv.conf.json"]
    assert not (project.own / "mirror.partial").exists()
    git(sample.folder, "commit", "-q", "--allow-empty", "-m", "later")
    later = git(sample.folder, "rev-parse", "HEAD")
    assert resolve(project, later) == later
    project.conf.repo = "file:///nowhere"
    (project.own / "mirror").rename(tmp_path / "aside")
    with pytest.raises(ProjectError, match="file:///nowhere cannot be read"):
        repository(project)
    with pytest.raises(ProjectError, match="WORKTREE needs a local repository"):
        resolve(project, "WORKTREE")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (None, "has no __init__.py"),
        ("import no_such_module", r"No module named 'no_such_module'"),
        ("while True: pass", "took more than 1 seconds"),
        ("import os; os._exit(3)", "it said nothing"),
    ],
)
def test_benchmarks_that_cannot_be_imported_say_so(
    tmp_path: Path, source: str | None, reason: str
) -> None:
    """A missing package, a failing import, an endless one and a sudden end are each one line."""
    if source is not None:
        (tmp_path / "__init__.py").write_text("")
        (tmp_path / "broken.py").write_text(source)
    side = Installed("c" * 40, Path(sys.executable), tmp_path, tmp_path, {})
    with pytest.raises(ProjectError, match=reason) as caught:
        discover(side, timeout=1.0 if source and "while" in source else 60.0)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.rglob("__pycache__"))


def fake(store: Path, key: str, size: int, used: int) -> Entry:
    """Make an entry that looks whole, says it takes `size` bytes, and was used at `used`."""
    entry = Entry(store, key)
    home = entry.folder / "env"
    home.mkdir(parents=True)
    entry.finish(Marker(key, "env", sys.executable, str(home), {}, size))
    os.utime(entry.folder / "installed.json", (used, used))
    return entry


def test_longest_unused_goes_first_and_what_is_used_stays(tmp_path: Path) -> None:
    """Past the limit, installations go by age, half-made ones always, and none that is held."""
    for used, key in enumerate(("held", "old", "middle", "new"), start=1):
        fake(tmp_path, key, size=10, used=used)
    (tmp_path / "installed" / "half").mkdir()
    assert evict(tmp_path, limit=40) == ("half",)
    with locked(Entry(tmp_path, "held").lock, shared=True):
        assert evict(tmp_path, limit=25) == ("old", "middle")
    assert sorted(path.name for path in (tmp_path / "installed").iterdir()) == ["held", "new"]
    assert not Entry(tmp_path, "old").lock.exists()
    Entry(tmp_path, "held").touch()
    assert evict(tmp_path, limit=10) == ("new",)


@pytest.mark.parametrize("harm", ["moved", "python", "schema", "fields", "text"])
def test_marker_that_does_not_hold_is_no_marker(tmp_path: Path, harm: str) -> None:
    """A moved folder, a lost interpreter, another schema or broken JSON all mean: not whole."""
    entry = fake(tmp_path / "store", "key", 1, 1)
    assert entry.marker() is not None
    path = entry.folder / "installed.json"
    said = json.loads(path.read_text())
    if harm == "python":
        said["python"] = str(tmp_path / "gone")
    elif harm == "schema":
        said["schema"] = 99
    elif harm == "fields":
        del said["commit"]
    path.write_text("[]" if harm == "text" else json.dumps(said))
    if harm == "moved":
        (tmp_path / "store").rename(tmp_path / "elsewhere")
        entry = Entry(tmp_path / "elsewhere", "key")
    assert entry.marker() is None


def test_locks_are_shared_or_alone(tmp_path: Path) -> None:
    """Sharing holders go together, one alone does not, and a removed lock file guards nothing."""
    path = tmp_path / "locks" / "one"
    with ExitStack() as stack:
        stack.enter_context(locked(path, shared=True))
        stack.enter_context(locked(path, shared=True))
        assert not stack.enter_context(try_locked(path))
    with try_locked(path) as alone:
        assert alone
        path.unlink()
        with try_locked(path) as another:
            assert another
