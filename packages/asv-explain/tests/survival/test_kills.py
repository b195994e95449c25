"""Killed at any moment, a call leaves all as it was, and the next one completes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from survival.processes import MARK, mark, outlasting
from survival.project import Work
from survival.times import drawn, times

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="what is left running is found in /proc"
)

FRESH = 10
"""The last of so many kills finds nothing installed yet, and the profiler's cost unknown."""

Lengths = dict[tuple[str, bool], float]
"""Seconds that a call takes that is left alone, by benchmark, and whether it has to install."""


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Work:
    """One project for all kills: none of them may change it."""
    made = Work(tmp_path_factory.mktemp("work"))
    made.install()
    return made


@pytest.fixture(scope="module")
def lengths(work: Work) -> Lengths:
    """What is known of lengths, at first that of a call that finds all installed."""
    return {("track_total", False): explained(work, "base", "after", "--bench", "track_total")}


def forget(work: Work, *, fresh: bool) -> None:
    """Have the next call measure, and install if it is to be a fresh one."""
    shutil.rmtree(work.explanations, ignore_errors=True)
    if fresh:
        shutil.rmtree(work.root / ".asv" / "explain", ignore_errors=True)


def explained(work: Work, *words: str) -> float:
    """Have a call complete, which says that the step is slower; returns the seconds it took."""
    start = time.monotonic()
    done = work.explain(*words, "--json", "-")
    assert done.returncode == 0, done.stderr
    assert "waiting" not in done.stderr
    (found,) = json.loads(done.stdout)
    assert found["verdict"] == "slower", found["caveats"]
    return time.monotonic() - start


def killed(work: Work, words: Sequence[str], ending: signal.Signals, moment: float) -> str:
    """Start a call, kill it after so many seconds, and return its mark."""
    value = mark()
    # What a shell starts in the background has Ctrl-C ignored, and so has all that it starts.
    heard = ("env", "--default-signal=INT")
    process = subprocess.Popen(
        [*heard, *work.command(*words)],
        cwd=work.root,
        env=work.variables(**{MARK: value}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    with suppress(subprocess.TimeoutExpired):
        process.wait(moment)
    running = process.returncode is None
    if running:
        # Ctrl-C goes to all that belongs to the terminal's job, other signals to one process.
        (os.killpg if ending is signal.SIGINT else os.kill)(process.pid, ending)
    status = process.wait()
    hit = "while it ran" if running else "after its end"
    sys.stdout.write(f"{ending.name} after {moment:.2f} s, {hit}, exit status {status}\n")
    return value


@pytest.mark.parametrize("number", range(times(2)))
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_call_that_is_killed_leaves_nothing(
    work: Work, lengths: Lengths, ending: signal.Signals, number: int
) -> None:
    """Files, index, branches, stash and results stay; nothing runs, is locked or left behind."""
    draw = drawn(ending.name, number)
    fresh = number % FRESH == FRESH - 1
    benchmark = "time_total" if number % 2 else "track_total"
    after = draw.choice(("after", "topic/after", "WORKTREE"))
    # Changes are put back in the second half of such a call.
    words = ("base", after, "--bench", benchmark, *["--prove"] * (number % 2))
    if (benchmark, fresh) not in lengths:
        forget(work, fresh=fresh)
        lengths[benchmark, fresh] = explained(work, *words)
    forget(work, fresh=fresh)
    moment = draw.uniform(0, lengths[benchmark, fresh])
    before, objects = work.state(), work.objects()

    value = killed(work, words, ending, moment)
    assert outlasting(value) == []
    assert work.state() == before
    assert work.objects() >= objects
    assert work.held() == []
    if ending is not signal.SIGKILL:
        assert list(work.temporary.iterdir()) == []
        assert work.unfinished() == []

    taken = explained(work, *words)
    # Where WORKTREE had to be installed first, that is no length of a call with all at hand.
    lengths[benchmark, fresh] = min(taken, lengths[benchmark, fresh])
    assert outlasting(value) == []
    assert work.state() == before
    assert list(work.temporary.iterdir()) == []
    assert work.unfinished() == []
    assert work.shop.git("fsck", "--no-dangling") == ""
