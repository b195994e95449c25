"""Two calls on one project take turns, and `asv run` beside a call is not disturbed."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from asv.results import Results  # type: ignore[import-untyped]
from survival.processes import MARK, mark, outlasting
from survival.project import MACHINE, Work

STEP = ("base", "after", "--bench", "track_total")
OTHER = ("base", "WORKTREE", "--bench", "track_total")

Running = subprocess.Popen[str]


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Work:
    """One project, installed."""
    made = Work(tmp_path_factory.mktemp("work"))
    made.install()
    return made


@pytest.fixture(autouse=True)
def forgotten(work: Work) -> None:
    """Nothing is explained yet."""
    shutil.rmtree(work.explanations, ignore_errors=True)


@contextmanager
def calling(work: Work, *words: str, **more: str) -> Iterator[Running]:
    """Have a call run, whose standard error can be read line by line."""
    with subprocess.Popen(
        work.command(*words, "--json", "-"),
        cwd=work.root,
        env=work.variables(**more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def line(process: Running, word: str) -> str:
    """Read on until a line has the word in it."""
    assert process.stderr is not None
    return next(one for one in process.stderr if word in one)


def answer(process: Running) -> dict[str, Any]:
    """Let the call complete, and return its only explanation."""
    output, errors = process.communicate()
    assert process.returncode == 0, errors
    (found,) = json.loads(output)
    assert found["verdict"] == "slower"
    return dict(found)


def stored(work: Work) -> list[str]:
    """The commits after the steps that are explained on disk."""
    files = work.explanations.glob("*.json")
    return sorted(json.loads(path.read_text(encoding="utf-8"))["after"] for path in files)


@contextmanager
def paused(process: Running) -> Iterator[None]:
    """Have a call stand still in the middle of measuring, for the length of a with block."""
    line(process, "measuring")
    process.send_signal(signal.SIGSTOP)
    yield
    process.send_signal(signal.SIGCONT)


def test_of_two_calls_one_waits_and_names_the_other(work: Work) -> None:
    """It begins to measure when the other one is done, and both have right answers."""
    before = work.state()
    with calling(work, *STEP) as first, ExitStack() as later:
        with paused(first):
            second = later.enter_context(calling(work, *OTHER))
            assert f"process {first.pid}," in line(second, "waiting")
            assert stored(work) == []
        line(second, "measuring")
        assert stored(work) == [work.shop.commits["after"]]
        found = answer(first), answer(second)
    assert found[0]["after"] == work.shop.commits["after"]
    assert found[1]["after"] != found[0]["after"]
    # Ten and eleven times the work.
    assert [round(one["ratio"]) for one in found] == [10, 11]
    assert work.state() == before
    assert list(work.temporary.iterdir()) == []


def test_who_waits_goes_on_when_the_other_is_killed(work: Work) -> None:
    """The lock goes with its holder, and so does all that it had started."""
    value = mark()
    with calling(work, *STEP, **{MARK: value}) as first, ExitStack() as later:
        with paused(first):
            second = later.enter_context(calling(work, *STEP))
            line(second, "waiting")
            first.kill()
        assert first.wait() == -signal.SIGKILL
        answer(second)
    assert outlasting(value) == []
    assert work.held() == []
    assert list(work.temporary.iterdir()) == []


def ran(work: Work, commit: str) -> set[str]:
    """Have asv measure with this interpreter, and return the names of the files it wrote."""
    before = set(work.results.rglob("*"))
    words = ("run", "--quick", "--python=same", "--machine", MACHINE, "--set-commit-hash", commit)
    done = subprocess.run(
        [sys.executable, "-m", "asv", *words],
        cwd=work.root,
        env=work.variables(ASV_PYTHONPATH=str(work.root), PYTHONDONTWRITEBYTECODE="1"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    made = set(work.results.rglob("*")) - before
    for path in made:
        results = Results.load(str(path), machine_name=MACHINE)
        values = [results.get_result_value(key, []) for key in results.get_all_result_keys()]
        assert len(values) == 2
        assert all(value > 0 for (value,) in values)
        path.unlink()
    return {str(path.relative_to(work.results)) for path in made}


def test_asv_run_beside_a_call_is_not_disturbed(work: Work) -> None:
    """It writes the files that it writes without one, they are whole, and so is the explanation."""
    commit = work.shop.commits["base"]
    alone = ran(work, commit)
    assert len(alone) == 1
    before = dict(work.state())
    with calling(work, *STEP) as call:
        line(call, "measuring")
        assert ran(work, commit) == alone
        answer(call)
    after = dict(work.state())
    # asv itself writes these anew each time.
    for own in ("benchmarks.json", f"{MACHINE}/machine.json"):
        del after[f".asv/results/{own}"], before[f".asv/results/{own}"]
    assert after == before
