"""The command against a stand-in for asv: mistakes, failures, stops, and what is handed to asv."""

import json
import os
import platform
import re
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SLUGS = ("one", "two", "three")

STAND_IN = """
import json, os, signal, subprocess, sys
from pathlib import Path
from typing import Any

COLUMNS = ["result", "params", "version", "started_at", "duration"]
plan = json.loads(Path("plan.json").read_text())
command = sys.argv[3]
with open("calls.txt", "a") as calls:
    print(*sys.argv[3:], file=calls)


def hear_the_next(number, frame):
    signal.signal(signal.SIGINT, signal.default_int_handler)


def store(commit, result):
    folder = Path("results/box")
    folder.mkdir(parents=True, exist_ok=True)
    rows = {"tco.SimpleCountdown.time_warm": [result, [], "v", 0, 1]}
    data = {"commit_hash": commit, "env_name": "env", "result_columns": COLUMNS}
    path = folder / f"{commit[:8]}-env.json"
    path.write_text(json.dumps(data | {"results": rows, "version": 2}))


def run():
    status = 0
    for commit in sys.stdin.read().split():
        step = plan.get(commit, "ok")
        if step == "refuse":
            print("no benchmarks")
            return 1
        if step == "absent":
            continue
        try:
            print(f"\\x1b[31m· For p commit {commit[:8]} <main>:\\x1b[0m", end="")
            if step == "deaf":
                signal.signal(signal.SIGINT, hear_the_next)
            if step == "orphan":
                code = "import signal; signal.pause()"
                child = subprocess.Popen([sys.executable, "-c", code], process_group=0)
                Path("orphan.txt").write_text(str(child.pid))
            print(flush=True)
            while step in ("deaf", "hang", "orphan"):
                signal.pause()
        except KeyboardInterrupt:
            with open("interrupts.txt", "a") as interrupts:
                print(commit, file=interrupts)
            raise
        if step == "abort":
            return 1
        if step == "fail":
            status = 2
        store(commit, {"fail": [None], "n/a": [float("nan")], "slow": [2.0]}.get(step, [1.0]))
    return status


def compare():
    print("| Change | Before | After | Ratio | Benchmark (Parameter) |")
    print("|--------|--------|-------|-------|-----------------------|")
    print("|        | 1.00s  | 1.00s | 1.00  | tco.SimpleCountdown.time_warm |")


def machine():
    entry = {"version": 1, os.uname().nodename: {"machine": "box"}}
    (Path.home() / ".asv-machine.json").write_text(json.dumps(entry))


def publish():
    Path("html").mkdir(exist_ok=True)
    Path("html/index.html").write_text("asv's own")
    if plan.get("data", True):
        Path("html/index.json").write_text("{}")
    return plan.get("publish", 0)


sys.exit(globals()[command]())
"""
"""A module that answers like asv, one word of plan.json for each commit."""

HOOK = """
import json, signal, sys
from pathlib import Path
from typing import Any

plan = json.loads(Path("plan.json").read_text())
with open("calls.txt", "a") as calls:
    print("explain", *sys.argv[3:], file=calls)
verdict = plan.get("hook", "slower")
try:
    print("the hook at work", flush=True)
    while verdict == "hang":
        signal.pause()
except KeyboardInterrupt:
    Path("interrupts.txt").write_text("hook")
    sys.exit(130)
if verdict == "fail":
    sys.exit("asv explain: no reason")
target = next(one.partition("=")[2] for one in sys.argv if one.startswith("--json="))
answer = {"benchmark": "tco.SimpleCountdown.time_warm", "params": [], "verdict": verdict}
answer["ratio"] = None if verdict == "unknown" else 2.0
Path(target).write_text("[" if verdict == "garbled" else json.dumps([answer]))
"""
"""A module that answers like the profile hook, with the verdict that plan.json asks for."""


TACHYON = """
import json, sys
from pathlib import Path

with open("calls.txt", "a") as calls:
    print("tachyon", sys.argv[1], file=calls)
if json.loads(Path("plan.json").read_text()).get("tachyon") == "fail":
    sys.exit("no assets")
folder = Path(sys.argv[-1])
if not (folder / "index.json").exists():
    sys.exit("no index.json")
(folder / "index.html").write_text("tachyon's own")
(folder / "assets").mkdir()
(folder / "assets" / "app.js").touch()
"""
"""A module that installs itself as asv-tachyon does."""


@dataclass(frozen=True)
class Project:
    """A checkout with three milestones in which `python -m asv` is the stand-in."""

    root: Path
    commits: tuple[str, ...]
    environment: dict[str, str]

    def plan(self, **steps: object) -> None:
        """Say what the stand-in does at each slug, or on publish."""
        named = dict(zip(SLUGS, self.commits, strict=True))
        plan = {named.get(name, name): step for name, step in steps.items()}
        (self.root / "plan.json").write_text(json.dumps(plan), encoding="utf-8")

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start the command with its output in pipes."""
        return subprocess.Popen(
            [sys.executable, "-m", "observatory.explain", *arguments],
            cwd=self.root,
            env=self.environment,
            text=True,
            encoding="utf-8",
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def explain(self, *arguments: str) -> tuple[int, str, str]:
        """Run the command and return its status, output and complaints."""
        with self.start(*arguments) as process:
            output, complaints = process.communicate()
        return process.returncode, output, complaints

    def calls(self) -> list[str]:
        """Return what asv was asked to do so far."""
        return (self.root / "calls.txt").read_text(encoding="utf-8").splitlines()


def read_until(text: str, lines: Iterable[str]) -> None:
    """Read lines up to the one that holds the text."""
    assert any(text in line for line in lines)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a project whose stand-in succeeds at everything."""
    root = tmp_path / "checkout"
    (root / "asv").mkdir(parents=True)
    (root / "asv" / "__init__.py").touch()
    (root / "asv" / "__main__.py").write_text(STAND_IN, encoding="utf-8")
    (root / "asv_explain.py").write_text(HOOK, encoding="utf-8")
    (root / "asv_tachyon.py").write_text(TACHYON, encoding="utf-8")
    (root / "asv.conf.json").write_text('{"repo": "."}', encoding="utf-8")
    home = tmp_path / "home"
    home.mkdir()
    environment = os.environ | {
        "GIT_CEILING_DIRECTORIES": str(tmp_path.parent),
        "HOME": str(home),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(ROOT),
    }
    identity = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
    git = ("git", "-C", str(root), *identity)
    subprocess.run([*git, "init", "--quiet"], check=True)
    for slug in SLUGS:
        message = f"{slug}\n\nMilestone: {slug}"
        subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", message], check=True)
    log = subprocess.run(
        [*git, "log", "--reverse", "--format=%H"], check=True, capture_output=True, text=True
    )
    made = Project(root, tuple(log.stdout.split()), environment)
    made.plan()
    return made


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """Let children take signals even where the tests themselves run with them ignored."""
    heard: dict[int, Any] = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGHUP: signal.SIG_DFL,
    }
    former = {number: signal.signal(number, handler) for number, handler in heard.items()}
    yield
    for number, handler in former.items():
        signal.signal(number, handler)


def test_all_goes_well(project: Project) -> None:
    """Everything is measured, compared and published, and the output is plain text."""
    status, output, complaints = project.explain()
    assert (status, complaints) == (0, "")
    assert [call.split()[0] for call in project.calls()] == [
        *("machine", "run", "compare", "compare", "publish", "tachyon")
    ]
    assert "--- milestone 3 of 3: three" in output
    assert re.search(r"^three +1\.00s +1\.00 same", output, re.MULTILINE)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", output)
    assert max(map(len, output.splitlines())) <= 80


def test_asv_is_asked_to_keep_what_is_measured(project: Project) -> None:
    """What succeeded is skipped by asv itself, and the patterns reach it as given."""
    project.explain("--bench", "x y", "--bench=-z")
    (run,) = (call for call in project.calls() if call.startswith("run"))
    assert "--skip-existing-successful" in run
    assert "--bench=x y --bench=-z" in run


def test_machine_entry_is_made_once(project: Project) -> None:
    """A second call finds the entry and leaves the file as it is."""
    project.explain()
    file = Path(project.environment["HOME"], ".asv-machine.json")
    before = file.stat()
    project.explain()
    assert [call for call in project.calls() if call.startswith("machine")] == ["machine --yes"]
    assert file.stat() == before


def test_renamed_machine_is_used(project: Project) -> None:
    """The results are looked for under the name in the entry, which is not overwritten."""
    file = Path(project.environment["HOME"], ".asv-machine.json")
    text = json.dumps({"version": 1, platform.node(): {"machine": "box"}})
    file.write_text(text, encoding="utf-8")
    assert project.explain()[0] == 0
    assert file.read_text(encoding="utf-8") == text


def test_failed_benchmark_is_named(project: Project) -> None:
    """A failure ends in status 1, names milestone and benchmark, and does not stop the others."""
    project.plan(two="fail")
    status, output, _ = project.explain()
    assert status == 1
    assert re.search(r"two .*: failed:\s+tco\.SimpleCountdown\.time_warm", output)
    assert re.search(r"^two +failed", output, re.MULTILINE)
    assert re.search(r"^three +1\.00s +n/a", output, re.MULTILINE)


def test_benchmark_that_does_not_apply_is_no_failure(project: Project) -> None:
    """What a milestone cannot do yet is shown as n/a and leaves the status at 0."""
    project.plan(one="n/a")
    status, output, _ = project.explain()
    assert status == 0
    assert re.search(r"^one +n/a", output, re.MULTILINE)


def test_milestone_that_ends_asv_does_not_keep_the_others(project: Project) -> None:
    """If asv itself gives up at a commit, the commit is named and the later ones are measured."""
    project.plan(two="abort")
    status, output, _ = project.explain()
    assert status == 1
    assert "two: asv run ended here with status 1" in " ".join(output.split())
    assert re.search(r"^three +1\.00s", output, re.MULTILINE)


def test_milestone_that_asv_does_not_know_is_named(project: Project) -> None:
    """A commit without any stored result is a failure, even if asv says nothing of it."""
    project.plan(two="absent")
    status, output, _ = project.explain()
    assert status == 1
    assert f"two ({project.commits[1][:8]}): asv stored nothing" in output


def test_asv_that_cannot_begin_is_complained_about(project: Project) -> None:
    """If asv ends before any milestone, its output stands above a single line of ours."""
    project.plan(one="refuse")
    status, output, complaints = project.explain()
    assert status == 1
    assert "no benchmarks" in output
    assert complaints.count("\n") == 1


def test_failed_publish_is_named(project: Project) -> None:
    """The findings are told all the same."""
    project.plan(publish=1)
    status, output, _ = project.explain()
    assert status == 1
    assert "asv publish failed" in output
    assert "tco.SimpleCountdown.time_warm took 1.00s at one" in output


def test_both_interfaces_are_published_and_told(project: Project) -> None:
    """Asv's page stays asv's, and asv-tachyon's stands beside it with its parts."""
    status, output, _ = project.explain()
    html = project.root / "html"
    assert status == 0
    assert (html / "index.html").read_text(encoding="utf-8") == "asv's own"
    assert (html / "tachyon.html").read_text(encoding="utf-8") == "tachyon's own"
    assert (html / "assets" / "app.js").is_file()
    assert html.stat().st_mode & 0o077
    assert re.search(r"^Dashboard: html\nTo open it: .*asv preview\n.*tachyon\.html", output, re.M)


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ({"tachyon": "fail"}, "asv-tachyon failed (no assets); install requirements.txt."),
        ({"data": False}, "asv published no "),
    ],
)
def test_a_second_interface_that_is_not_added_is_named(
    project: Project, plan: dict[str, object], words: str
) -> None:
    """Asv's own dashboard is there all the same."""
    project.plan(**plan)
    status, output, _ = project.explain()
    assert status == 1
    assert words in output
    assert (project.root / "html" / "index.html").is_file()


def test_headline_that_matches_nothing_is_named(project: Project) -> None:
    """An empty table is never passed over in silence."""
    status, output, _ = project.explain("--headline", "nothing")
    assert status == 1
    assert "matches nothing" in output


def test_each_loss_is_explained(project: Project) -> None:
    """The hook is asked before publishing, with full hashes, exact names and the budget."""
    project.plan(two="slow")
    status, output, complaints = project.explain("--budget=7")
    assert (status, complaints) == (0, "")
    calls = project.calls()
    asked = [call.partition(" --json=")[0] for call in calls if call.startswith("explain")]
    one, two, _ = project.commits
    how = r"--bench=^tco\.SimpleCountdown\.time_warm$ --budget=7"
    assert asked == [f"explain {one} {two} {how}"]
    assert calls.index("publish") > max(calls.index(call) for call in calls if "--json" in call)
    assert re.search(r"^--- asv explain: one -> two\nthe hook at work$", output, re.MULTILINE)


@pytest.mark.parametrize(
    ("hook", "words"),
    [
        ("unknown", "tco.SimpleCountdown.time_warm could not be measured"),
        ("fail", "asv explain one -> two failed"),
        ("garbled", "its answers can't be read"),
    ],
)
def test_what_the_hook_cannot_say_is_named(project: Project, hook: str, words: str) -> None:
    """A step that stays unexplained ends in status 1, by name, with the rest done."""
    project.plan(two="slow", hook=hook)
    status, output, complaints = project.explain()
    assert (status, complaints) == (1, "")
    assert words in " ".join(output.split())
    assert "Dashboard:" in output


def test_stop_ends_the_hook_as_well(project: Project) -> None:
    """A stop while the hook measures reaches it, and nothing is left running."""
    project.plan(two="slow", hook="hang")
    with project.start() as process:
        assert process.stdout is not None
        read_until("the hook at work", process.stdout)
        process.send_signal(signal.SIGTERM)
        _, complaints = process.communicate()
    assert process.returncode == 128 + signal.SIGTERM
    assert (project.root / "interrupts.txt").read_text(encoding="utf-8") == "hook"
    assert re.fullmatch(r"explain: stopped; .*\n", complaints)


@pytest.mark.parametrize(
    ("mistake", "word"),
    [
        ("configuration", "--config FILE"),
        ("repository", "git checkout"),
        ("milestones", "Milestone: <slug>"),
        ("results", "delete it"),
    ],
)
def test_mistakes_are_said_in_one_line(project: Project, mistake: str, word: str) -> None:
    """A user's mistake ends in status 2 with one line on stderr and no asv run."""
    if mistake == "configuration":
        (project.root / "asv.conf.json").unlink()
    elif mistake == "repository":
        (project.root / ".git").rename(project.root / "moved")
    elif mistake == "milestones":
        git = ["git", "-c", "user.name=Ann", "-c", "user.email=ann@example.org"]
        for command in ("switch -q --orphan bare", "commit -q --allow-empty -m Start"):
            subprocess.run([*git, *command.split()], cwd=project.root, check=True)
    else:
        project.explain()
        (project.root / "calls.txt").unlink()
        path = project.root / "results" / "box" / f"{project.commits[0][:8]}-env.json"
        path.write_text("{", encoding="utf-8")
    status, output, complaints = project.explain()
    assert (status, output) == (2, "")
    assert complaints.count("\n") == 1
    assert word in complaints
    assert not (project.root / "calls.txt").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stop_signals_end_asv_first(project: Project, number: signal.Signals) -> None:
    """A stop, however often it is asked for, reaches asv as one SIGINT and is said in one line."""
    project.plan(two="hang")
    with project.start() as process:
        assert process.stdout is not None
        read_until("milestone 2 of 3", process.stdout)
        process.send_signal(number)
        process.send_signal(number)
        output, complaints = process.communicate()
    assert process.returncode == 128 + number
    interrupts = (project.root / "interrupts.txt").read_text(encoding="utf-8").split()
    assert interrupts == [project.commits[1]]
    assert "Traceback" not in output + complaints
    assert re.fullmatch(r"explain: stopped; .* kept, .*\n", complaints)
    assert (project.root / "results" / "box" / f"{project.commits[0][:8]}-env.json").exists()


def test_asv_that_misses_a_stop_is_told_again(project: Project) -> None:
    """A SIGINT may be lost on a process that forks, so it is sent again after a while."""
    project.plan(two="deaf")
    with project.start() as process:
        assert process.stdout is not None
        read_until("milestone 2 of 3", process.stdout)
        process.send_signal(signal.SIGINT)
        process.communicate()
    assert process.returncode == 130


def test_what_asv_left_running_is_ended(project: Project) -> None:
    """A process that asv started and lost hold of does not outlive the command."""
    project.plan(two="orphan")
    with project.start() as process:
        assert process.stdout is not None
        read_until("milestone 2 of 3", process.stdout)
        process.send_signal(signal.SIGINT)
        process.communicate()
    orphan = (project.root / "orphan.txt").read_text(encoding="utf-8")
    stat = Path("/proc", orphan, "stat")
    # A killed process may wait for the system to collect it.
    assert not stat.exists() or ") Z " in stat.read_text(encoding="utf-8")


def test_reader_that_goes_away_ends_asv(project: Project) -> None:
    """If the output is no longer read, as by `head`, asv is not left behind."""
    project.plan(two="hang")
    with project.start() as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait() == 1
        assert "Traceback" not in process.stderr.read()
