"""Asks asv-explain about one benchmark in this process, and prints what each stage took as JSON."""

from __future__ import annotations

import json
import re
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from asv_explain import pipeline, session
from asv_explain.asv_side.discover import discover
from asv_explain.asv_side.install import Install, Installer
from asv_explain.asv_side.project import Project, load_project
from asv_explain.ending import terminable
from asv_explain.measuring.process import ProcessRunner
from asv_explain.mistakes import MISTAKES, told
from asv_explain.options import Options
from asv_explain.session import Session, Tools
from asv_explain.suspect import Installed
from observatory.studies.one_site import write_site
from observatory.studies.peak_memory import PeakMemory, forget_own_peak, own_peak

__all__ = ["STAGES", "Taken", "ask"]

STAGES = (
    "installing",
    "discovering",
    "timing",
    "sampling",
    "profiling",
    "explaining",
    "publishing",
)
"""In their order; what is in none of them, such as looking at rounds, is the rest."""


MODES = {"sample": "sampling", "profile": "profiling"}
"""The stages of what processes are asked; all else is timing."""


@dataclass
class Taken:
    """What a stage took.

    Attributes:
        seconds: by the clock.
        own: bytes of asv-explain's own peak in it, or None where the system doesn't tell.
        children: the same of the largest process that it started, None also where none was seen.
    """

    seconds: float = 0.0
    own: int | None = None
    children: int | None = None


class _Meter:
    """Measures stages, each as often as it comes."""

    def __init__(self) -> None:
        self.taken = {stage: Taken() for stage in STAGES}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        one = self.taken[name]
        forget_own_peak()
        begun = time.monotonic()
        with PeakMemory() as peak:
            try:
                yield
            finally:
                one.seconds += time.monotonic() - begun
        one.own = _larger(one.own, own_peak())
        one.children = _larger(one.children, peak.bytes)

    def metered(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function that is a stage of its own."""

        def run(*arguments: Any, **named: Any) -> Any:
            with self.stage(name):
                return function(*arguments, **named)

        return run

    def runner(
        self, side: Installed, request: Mapping[str, Any], folder: Path, limit: float
    ) -> Mapping[str, Any]:
        """Measure in a process, as asv-explain does."""
        with self.stage(MODES.get(request["mode"], "timing")):
            return self._run(side, request, folder, limit)

    _run = ProcessRunner()

    def installer(
        self, project: Project, specs: Sequence[str], say: Callable[[str], None]
    ) -> Install:
        """Install as asv-explain does; what is done with what is installed is no part of it."""
        install = Installer(project, specs, say)

        @contextmanager
        def metered(environment: str, commits: Sequence[str]) -> Iterator[tuple[Installed, ...]]:
            with ExitStack() as in_use:
                with self.stage("installing"):
                    sides = in_use.enter_context(install(environment, commits))
                yield sides

        return metered


def ask(config: Path, before: str, after: str, benchmark: str, budget: float) -> dict[str, Any]:
    """Have asv-explain do all that its command does, and publish the answer.

    Args:
        config: asv's configuration, beside which the hook keeps what it makes.
        before: the earlier commit.
        after: the later one.
        benchmark: its name as asv writes it, with parameters in brackets if it has any.
        budget: seconds of measuring.

    Returns:
        Seconds from first to last ("seconds"), what each stage took ("stages"), and the "verdict".
    """
    meter = _Meter()
    tools = Tools(
        installer=meter.installer,
        discover=meter.metered("discovering", discover),
        runner=meter.runner,
    )
    options = Options((before, after), (f"^{re.escape(benchmark)}$",), budget=budget, force=True)
    begun = time.monotonic()
    project = load_project(config)
    explain = meter.metered("explaining", pipeline.explain)
    with patch.object(session, "explain", explain):
        (only,) = Session(options, project, tools, _say).explanations()
    with meter.stage("publishing"), tempfile.TemporaryDirectory(prefix="cost-") as target:
        write_site(project.explanations, Path(target))
    return {
        "seconds": time.monotonic() - begun,
        "stages": {stage: asdict(one) for stage, one in meter.taken.items()},
        "verdict": only.explanation.verdict.value,
        "causes": len(only.explanation.causes),
    }


def _larger(one: int | None, other: int | None) -> int | None:
    return max((value for value in (one, other) if value is not None), default=None)


def _say(text: str) -> None:
    del text


def main(words: Sequence[str]) -> int:
    """Ask about what the arguments name."""
    config, before, after, benchmark, budget = words
    # Who starts a program in the background may have it ignore Ctrl-C, by which it is ended here.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with terminable():
            found = ask(Path(config), before, after, benchmark, float(budget))
    except MISTAKES as error:
        sys.stdout.write(f"{told(error)}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    sys.stdout.write(f"{json.dumps(found)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
