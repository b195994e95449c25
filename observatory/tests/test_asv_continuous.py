"""asv is asked for real, its answers are read as they stand, and a stop leaves nothing of it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from observatory.studies import asv_continuous
from observatory.studies.asv_continuous import DEFAULT_FACTOR, continuous
from observatory.studies.trials import StudyError
from observatory.tests.tiny_project import BENCHMARK, TinyProject

# The benchmark tells its process's number through a pipe, which its end closes, and never returns.
HANGS = """
import os
def work():
    with open({pipe!r}, "w") as pipe:
        pipe.write(f"{{os.getpid()}}\\n")
        pipe.flush()
        while True:
            pass
"""

ASK = """
import sys
from pathlib import Path
from observatory.studies.asv_continuous import continuous
try:
    continuous(Path(sys.argv[1]), *sys.argv[2:])
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> TinyProject:
    """A project whose environment is made once for all tests."""
    return TinyProject(tmp_path_factory.mktemp("tiny"))


def test_asv_says_slower_faster_or_neither(project: TinyProject) -> None:
    """Ten times the work is slower, a tenth is faster, and the repository stays as it was."""
    before, after = project.commit(50_000), project.commit(500_000)
    status = project.git("status", "--porcelain"), project.git("rev-parse", "HEAD")
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    slower = continuous(project.config, before, after, BENCHMARK, (1.05, 1000.0))
    assert dict(slower.answers) == {DEFAULT_FACTOR: "slower", 1.05: "slower", 1000.0: "neither"}
    assert slower.ratio > 2
    assert slower.memory is not None
    assert slower.memory > 10_000_000
    faster = continuous(project.config, after, before, BENCHMARK)
    assert dict(faster.answers) == {DEFAULT_FACTOR: "faster"}
    assert (project.git("status", "--porcelain"), project.git("rev-parse", "HEAD")) == status
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers
    assert not (project.root / ".asv" / "results").exists()


def test_what_asv_can_not_compare_is_one_clear_line(project: TinyProject) -> None:
    """No such benchmark, and one commit on both sides, are told; nothing is made up."""
    before, after = project.commit(1_000), project.commit(1_000)
    with pytest.raises(StudyError, match=r"suite\.none \(.*No benchmarks selected\)"):
        continuous(project.config, before, after, "suite.none")
    with pytest.raises(StudyError, match="the same code in two"):
        continuous(project.config, before, before, BENCHMARK)


def test_a_stop_leaves_no_process(project: TinyProject, tmp_path: Path) -> None:
    """SIGTERM in the middle of a benchmark ends it, and asv, and the caller hears of it."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    before = project.commit(1_000)
    after = project.commit_source(HANGS.format(pipe=str(pipe)))
    asking = subprocess.Popen(
        [sys.executable, "-c", ASK, str(project.config), before, after, BENCHMARK],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    with pipe.open() as told:
        told.readline()
        asking.send_signal(signal.SIGTERM)
        assert asking.wait() == 130
        os.set_blocking(told.fileno(), False)
        # Without writers there is an end to read; with one, nothing as yet.
        assert os.read(told.fileno(), 1) == b""


TABLE = """
All benchmarks:

| Change   | Before [1f2e3d4c]    | After [5a6b7c8d]    | Ratio   | Benchmark (Parameter) |
|----------|----------------------|---------------------|---------|-----------------------|
| +        | 1.00±0.1ms           | 2.00±0.2ms          | 2.00    | suite.time_up         |
|          | 1.00±0.1ms           | 1.08±0.5ms          | ~1.08   | suite.time_odd        |
| -        | 3.00±0.1ms           | 2.00±0.2ms          | 0.67    | suite.time_down(10)   |
| !        | 3.00±0.1ms           | failed              | n/a     | suite.time_broken     |
| x        | 3.00±0.1ms           | 2.00±0.2ms          | 0.67    | suite.time_other      |

SOME BENCHMARKS HAVE CHANGED SIGNIFICANTLY.
PERFORMANCE DECREASED.
"""


@pytest.mark.parametrize(
    ("benchmark", "ratio", "answer"),
    [
        ("suite.time_up", 2.0, "slower"),
        ("suite.time_odd", 1.08, "neither"),
        ("suite.time_down(10)", 0.67, "faster"),
    ],
)
def test_a_row_is_read_as_asv_means_it(benchmark: str, ratio: float, answer: str) -> None:
    """The mark decides; a ratio beyond the factor that asv takes for chance does not."""
    assert asv_continuous._read(TABLE, benchmark) == (ratio, answer)


@pytest.mark.parametrize("benchmark", ["suite.time_broken", "suite.time_other", "suite.time_u"])
def test_what_is_not_comparable_is_no_answer(benchmark: str) -> None:
    """A benchmark that failed, of another version, or that isn't there, is never 'neither'."""
    with pytest.raises(StudyError, match=re.escape(f"compared nothing of {benchmark} (PERF")):
        asv_continuous._read(TABLE, benchmark)
