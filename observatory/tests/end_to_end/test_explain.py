"""The whole command on a real project: git, asv, virtual environments, and a dashboard."""

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from observatory.browser.chromium import Watch, visiting
from observatory.browser.server import serving
from observatory.browser.walk import walk

pytestmark = pytest.mark.measures

ROOT = Path(__file__).parents[3]
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"

TABLE = '''\
"""A table that can tell whether it holds an item."""

from collections import UserDict


class Table:
    """Holds items in a {container}."""

    def __init__(self, items):
        self.items = {container}(items)

    def has(self, item):
        """Say whether the item is there."""
        return item in self.items
'''
COUNT = '''
    def count(self):
        """Say how many items there are."""
        return len(self.items)
'''
VERSIONS = {
    "by-hash": TABLE.format(container="UserDict.fromkeys"),
    "in-line": TABLE.format(container="list") + COUNT,
    "by-hash-again": TABLE.format(container="set") + COUNT,
}
"""The module at each milestone: a list is searched item by item, and what looks up by hash is not.

The first is dearer than the last, so that on no machine the last seems to lose against it.
"""

BENCHMARKS = '''\
"""How long a table takes."""


class Lookup:
    """Look up items in a full table."""

    rounds = 1
    repeat = 10
    number = 2
    warmup_time = 0

    def setup(self):
        from shelf import Table

        self.table = Table(range(5000))

    def time_has(self):
        """Ask for the items near the end."""
        for item in range(4900, 5000):
            self.table.has(item)


class Count:
    """Count the items, which the first version cannot."""

    rounds = 1
    repeat = 10
    number = 20
    warmup_time = 0

    def setup(self):
        from shelf import Table

        self.table = Table(range(10))
        if not hasattr(self.table, "count"):
            raise NotImplementedError

    def time_count(self):
        """Count so often that a clock can tell."""
        for _ in range(2000):
            self.table.count()
'''

PYPROJECT = """\
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "shelf"
version = "1"

[tool.setuptools]
py-modules = ["shelf"]
"""

WHEELS = "{build_cache_dir}/wheels"
SETTINGS = {
    "version": 1,
    "project": "shelf",
    "repo": ".",
    "branches": ["main"],
    "environment_type": "virtualenv",
    "pythons": [PYTHON],
    "env_dir": ".asv/env",
    "results_dir": ".asv/results",
    "html_dir": ".asv/html",
    "plugins": [".asv_explain.plugin"],
    "build_command": [
        f"python -m pip wheel --no-deps --no-build-isolation -w {WHEELS} {{build_dir}}"
    ],
    "install_command": [
        f"in-dir={{env_dir}} python -m pip install --no-index --find-links {WHEELS} shelf"
    ],
}


@dataclass(frozen=True)
class Call:
    """What one call of the command did, and what it left behind."""

    status: int
    output: str
    complaints: str
    results: dict[str, tuple[int, bytes]]
    survivors: list[str]


@dataclass(frozen=True)
class Project:
    """A small checkout with a home of its own."""

    root: Path
    home: Path

    def git(self, *arguments: str) -> str:
        """Run git in the checkout and return its output."""
        identity = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
        command = ["git", "-C", str(self.root), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def commit(self, slug: str, **files: str) -> None:
        """Commit files as a milestone."""
        for name, text in files.items():
            (self.root / name.replace("_", ".")).write_text(text, encoding="utf-8")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", f"Keep items {slug}\n\nMilestone: {slug}")

    def explain(self, interrupt_at: str | None = None) -> Call:
        """Run the command, with a SIGINT once a text is on the screen."""
        places = os.pathsep.join((str(ROOT), str(ROOT / "packages" / "asv-explain" / "src")))
        environment = os.environ | {"HOME": str(self.home), "PYTHONPATH": places}
        command = [sys.executable, "-m", "observatory.explain", "--bench=^look", "--budget=12"]
        with subprocess.Popen(
            [*command, r"--headline=^look\.(Lookup|Count)\.time"],
            cwd=self.root,
            env=environment,
            text=True,
            encoding="utf-8",
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stdout is not None
            lines = []
            for line in process.stdout if interrupt_at else ():
                lines.append(line)
                if interrupt_at is not None and interrupt_at in line:
                    process.send_signal(signal.SIGINT)
                    break
            rest, complaints = process.communicate()
        return Call(
            status=process.returncode,
            output="".join(lines) + rest,
            complaints=complaints,
            results=self.results(),
            survivors=at_work_in(self.root),
        )

    def results(self) -> dict[str, tuple[int, bytes]]:
        """Return when each result file was written, and its content."""
        return {
            path.name: (path.stat().st_mtime_ns, path.read_bytes())
            for path in sorted(self.root.glob(f".asv/results/*/*-virtualenv-py{PYTHON}.json"))
        }

    def tree(self) -> tuple[str, str, dict[str, bytes]]:
        """Return what git says of the checkout, and the content of its tracked files."""
        tracked = {
            name: (self.root / name).read_bytes()
            for name in self.git("ls-files", "-z").split("\0")
            if name
        }
        return self.git("status", "--porcelain"), self.git("for-each-ref"), tracked


@dataclass(frozen=True)
class Story:
    """A project that was interrupted, went on, was looked at again, and then broke."""

    project: Project
    interrupted: Call
    finished: Call
    repeated: Call
    trees: tuple[object, object]
    broken: Call


def at_work_in(folder: Path) -> list[str]:
    """Return the processes that name a folder or stand in it, where a /proc can tell."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ")
            if os.fsencode(folder) in command + os.fsencode((process / "cwd").readlink()):
                found.append(os.fsdecode(command))
        except OSError:
            continue  # it ended meanwhile, or is another user's
    return found


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Make the project and call the command on it four times."""
    root, home = tmp_path_factory.mktemp("shelf"), tmp_path_factory.mktemp("home")
    project = Project(root, home)
    project.git("init", "--quiet", "--initial-branch=main")
    (root / "benchmarks").mkdir()
    (root / "benchmarks" / "__init__.py").touch()
    (root / "benchmarks" / "look.py").write_text(BENCHMARKS, encoding="utf-8")
    (root / "asv.conf.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
    (root / ".gitignore").write_text(".asv/\n__pycache__/\n", encoding="utf-8")
    (root / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    for slug, module in VERSIONS.items():
        project.commit(slug, shelf_py=module)
    (root / "notes.txt").write_text("not committed\n", encoding="utf-8")

    # Where the tests run in the background, SIGINT may be ignored, and children would inherit it.
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        before = project.tree()
        interrupted = project.explain(interrupt_at="milestone 2 of 3")
        finished = project.explain()
        repeated = project.explain()
        trees = (before, project.tree())
        project.commit("unbuildable", pyproject_toml=PYPROJECT.replace(".build_meta", ".no_such"))
        broken = project.explain()
    finally:
        signal.signal(signal.SIGINT, former)
    return Story(project, interrupted, finished, repeated, trees, broken)


def ratio_at(slug: str, output: str) -> tuple[float, str]:
    """Return ratio and verdict of the last column in a milestone's row."""
    match = re.search(rf"^{slug} .* (\d*\.?\d+) (\w+) *$", output, re.MULTILINE)
    assert match is not None, output
    return float(match[1]), match[2]


def test_interrupt_keeps_what_is_measured(story: Story) -> None:
    """SIGINT ends all processes, says so in a line, and leaves what was measured before it."""
    call = story.interrupted
    assert call.status == 130
    assert re.fullmatch(r"explain: stopped; .*\n", call.complaints)
    assert "Traceback" not in call.output
    # A second one may be there too: asv can miss a SIGINT, and goes on until it is told again.
    assert len(call.results) in (1, 2)
    assert call.survivors == []


def test_next_call_goes_on_with_what_is_missing(story: Story) -> None:
    """What the interrupted call measured stays as it is, and the rest is added."""
    call = story.finished
    assert (call.status, call.complaints) == (0, ""), call.output
    assert len(call.results) == 3
    assert call.results.items() > story.interrupted.results.items()
    assert "--- milestone 1 of 3" not in call.output
    assert "--- milestone 3 of 3: by-hash-again" in call.output


def test_table_and_sentences_tell_the_truth(story: Story) -> None:
    """The list is marked slower and the set faster, and asv's own marks agree."""
    output = story.finished.output
    ratio, verdict = ratio_at("in-line", output)
    assert (ratio > 5, verdict) == (True, "slower")
    ratio, verdict = ratio_at("by-hash-again", output)
    assert (ratio < 0.2, verdict) == (True, "faster")
    assert re.search(r"^\+ +slower .* look\.Lookup\.time_has *$", output, re.MULTILINE)
    assert re.search(r"^- +faster .* look\.Lookup\.time_has *$", output, re.MULTILINE)
    assert "Won back at by-hash-again." in " ".join(output.split())


def test_the_hook_explains_the_loss(story: Story) -> None:
    """It is measured again and explained, from git and real samples; its end leaves nothing."""
    parts = re.split(r"^--- ", story.finished.output, flags=re.MULTILINE)
    asked = [one for one in parts if re.match(r"asv explain: by-hash -> in-line\n", one)]
    (told,) = [one for one in asked if "look.Lookup.time_has" in one]
    told = told[told.index("\nlook.Lookup.time_has") :]
    assert re.search(r"^\w+ → \w+ .*\sslower$", told, re.MULTILINE), told
    # The changed constructor runs in setup; the method that is timed is the same everywhere.
    assert re.search(r"^ *1\. Table\.__init__ ", told, re.MULTILINE), told
    assert "which setup runs; `Table.has` with what it makes" in " ".join(told.split())
    assert re.search(r"^explained \d+ % of ", told, re.MULTILINE), told


def test_what_is_explained_is_not_measured_again(story: Story) -> None:
    """The third call shows the stored explanations word for word."""
    told = [
        call.output.partition("--- asv explain")[2].partition("Dashboard:")[0]
        for call in (story.finished, story.repeated)
    ]
    assert ": measuring " in told[0]
    assert ": measuring " not in told[1]
    shown = [re.findall(r"^ *\d+\. .*|^explained .*", one, re.MULTILINE) for one in told]
    assert shown[0] == shown[1] != []


def test_what_does_not_apply_is_no_failure(story: Story) -> None:
    """A benchmark that the first milestone cannot run is n/a there, not failed and not same."""
    assert re.search(r"^by-hash +n/a ", story.finished.output, re.MULTILINE)
    assert "failed" not in story.finished.output


def test_dashboard_is_published(story: Story) -> None:
    """The index and the graph of the benchmark are there, and the way to open them is told."""
    html = story.project.root / ".asv" / "html"
    index = json.loads((html / "index.json").read_text(encoding="utf-8"))
    assert "look.Lookup.time_has" in index["benchmarks"]
    graphs = [path for path in html.glob("graphs/**/look.Lookup.time_has.json") if path.is_file()]
    assert graphs
    assert "Dashboard: .asv/html" in story.finished.output
    assert "asv preview" in story.finished.output


def test_the_dashboard_leads_to_the_explanations(
    story: Story, browser: Browser, elsewhere: dict[str, bytes]
) -> None:
    """From the grid to a real page and back, in a browser, with nothing to complain of."""
    said: list[str] = []
    with serving(story.project.root / ".asv" / "html") as address:
        watch = Watch(address, elsewhere)
        with visiting(browser, watch) as page:
            walk(page, address, "look.Lookup.time_has", said.append)
    assert watch.complaints == []
    assert any(line.startswith("first cause: Table.__init__, ") for line in said)


def test_asv_tachyon_is_published_beside_it(story: Story) -> None:
    """Its page and the files that it reads are there, and the way to it is told."""
    html = story.project.root / ".asv" / "html"
    assert (html / "tachyon.html").is_file()
    paths = json.loads((html / "profiles.json").read_text(encoding="utf-8"))["paths"]
    assert (html / paths["look.Lookup.time_has"]).is_file()
    subjects = json.loads((html / "commits.json").read_text(encoding="utf-8"))
    assert "Keep items in-line" in subjects.values()
    assert "tachyon.html" in story.finished.output


def test_third_call_measures_and_builds_nothing(story: Story) -> None:
    """With everything measured, result files are not even written again."""
    call = story.repeated
    assert call.status == 0, call.output
    assert call.results == story.finished.results
    assert "Building" not in call.output
    assert "Installing" not in call.output
    assert ratio_at("in-line", call.output) == ratio_at("in-line", story.finished.output)


def test_checkout_and_home_stay_as_they_were(story: Story) -> None:
    """Tracked files, status and branches are untouched, and the machine entry is in the home."""
    before, after = story.trees
    assert before == after
    assert [path.name for path in story.project.home.glob(".asv*")] == [".asv-machine.json"]


def test_milestone_that_does_not_build_is_named(story: Story) -> None:
    """A commit that cannot be built ends in status 1 by name, and the others keep their results."""
    call = story.broken
    assert call.status == 1
    assert re.search(r"^ +unbuildable \(\w{8}, .*: nothing could be", call.output, re.MULTILINE)
    assert call.results.items() > story.repeated.results.items()
    assert re.search(r"^unbuildable +failed +failed", call.output, re.MULTILINE)


def test_output_is_plain_text(story: Story) -> None:
    """In a pipe there are no control characters, and our own tables fit 80 columns."""
    for call in (story.interrupted, story.finished, story.repeated, story.broken):
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", call.output)
    own = story.finished.output.partition("asv compare:")[2].splitlines()
    assert max(len(line) for line in own if "·" not in line) <= 80
