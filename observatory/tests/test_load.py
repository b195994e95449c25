"""What loads the other core does so, and ends with whoever started it."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from observatory.studies.load import loading, other_processor
from observatory.studies.peak_memory import PeakMemory
from observatory.studies.trials import StudyError

HOLD = """
import sys
from observatory.studies.load import loading, other_processor
with loading(other_processor()) as load:
    print(load.process, flush=True)
    sys.stdin.read()
"""

pytestmark = pytest.mark.usefixtures("all_processors")

TAKES = "text = b'x' * 200_000_000; import sys; print('taken', flush=True); sys.stdin.read()"


def alive(process: int) -> bool:
    """Whether a process runs; one that has ended and that nobody asked after does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_load_is_pinned_and_ends_with_its_block() -> None:
    """It may run on the one processor alone, even if the block ends by an error."""
    processor = other_processor()
    seen = []
    with contextlib.suppress(KeyError), loading(processor) as load:
        seen += [alive(load.process), os.sched_getaffinity(load.process) == {processor}]
        raise KeyError
    assert seen == [True, True]
    assert not alive(load.process)
    # The hook measures on the last one.
    assert processor != max(os.sched_getaffinity(0))


def test_a_load_that_ended_is_told() -> None:
    """A condition that no longer holds is never taken for one that does."""
    with loading(other_processor()) as load:
        assert load.share() >= 0
        os.kill(load.process, signal.SIGKILL)
        os.waitid(os.P_PID, load.process, os.WEXITED | os.WNOWAIT)
        with pytest.raises(StudyError, match="has ended"):
            load.share()


def test_a_load_ends_with_a_starter_that_is_killed() -> None:
    """Nobody can end it then, so it ends by itself."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as starter:
        assert starter.stdout is not None
        load = int(starter.stdout.readline())
        watched = os.pidfd_open(load)
        starter.kill()
    # Readable once the process has ended.
    assert select.select([watched], [], [], 30)[0]
    os.close(watched)


def test_one_processor_is_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no other core, the study says what to do."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3})
    with pytest.raises(StudyError, match="--condition quiet"):
        other_processor()


def test_peak_memory_is_of_what_was_started() -> None:
    """A process below one that was started counts too, and this one doesn't."""
    shell = ["sh", "-c", '"$0" "$@"; true', sys.executable, "-c", TAKES]
    pipe = subprocess.PIPE
    with PeakMemory() as peak, subprocess.Popen(shell, stdin=pipe, stdout=pipe) as started:
        assert started.stdout is not None
        started.stdout.readline()
        peak.look()
        started.communicate()
    assert peak.bytes is not None
    assert 200_000_000 < peak.bytes < 260_000_000
    with PeakMemory() as nothing:
        nothing.look()
    assert nothing.bytes is None
