"""Measure every milestone with asv, compare neighbours, publish, and say what changed and why."""

import importlib.util
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from rich.console import Console

from observatory.explain.asv_process import Asv, Stopped
from observatory.explain.asv_results import ResultsError, parse_compare, read_results, read_units
from observatory.explain.asv_settings import AsvProject, SettingsError, known_machine, read_project
from observatory.explain.milestones import Milestone, MilestoneError, find_milestones
from observatory.explain.options import CONFIG, Options, parse_options
from observatory.explain.questions import AnswersError, Question, find_questions, read_unmeasured
from observatory.explain.report import (
    LEGEND,
    compared_rows,
    describe_drift,
    describe_failure,
    describe_others,
    describe_timeline,
    timeline_tables,
)
from observatory.explain.screen import Screen
from observatory.explain.tachyon import TACHYON, TachyonError, add_tachyon
from observatory.explain.timeline import (
    FACTOR,
    build_timelines,
    find_failures,
    find_losses,
    find_unmeasured,
)

__all__ = ["main"]

_SOMETHING_FAILED = 2
"""The status of `asv run` after a failed build or benchmark, with all else measured and stored."""

_HOOK = "asv_explain"
"""The companion that explains a step; a child process, as it serves any asv project alike."""


class AsvError(Exception):
    """asv could not do its work at all; the text says what to do, in one line."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status.

    0: all measured; 1: something failed, which is named; 2: a user's mistake, said in one line;
    128 and the signal's number: stopped.
    """
    options = parse_options(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    asv = Asv(options.config.absolute())
    screen = Screen(Console(highlight=False))
    try:
        return _explain(options, asv, screen)
    except (MilestoneError, ResultsError, SettingsError, AsvError, Stopped) as error:
        screen.end_line()
        screen.console.file.flush()
        if asv.received is not None:
            _complain("stopped; what is measured is kept, and the same command goes on from there.")
            return 128 + asv.received
        _complain(str(error))
        return 1 if isinstance(error, AsvError) else 2
    except BrokenPipeError:
        screen.console.on_broken_pipe()
        return 1


def _explain(options: Options, asv: Asv, screen: Screen) -> int:
    project = read_project(options.config)
    milestones = find_milestones(project.repository)
    if importlib.util.find_spec("asv") is None:
        raise SettingsError(f"{sys.executable} has no asv; install the project's requirements.")
    machine = _machine(asv)
    commits = [milestone.commit for milestone in milestones]

    problems = _measure(options, asv, screen, milestones, project, machine)
    results = read_results(project.results, machine, commits)
    stored = {result.commit for result in results}
    problems += [
        f"{milestone.slug} ({milestone.short}): asv stored nothing for it."
        for milestone in milestones
        if milestone.commit not in stored
    ]
    problems += map(describe_failure, find_failures(milestones, results, options.bench))
    timelines = build_timelines(milestones, results, options.headline, read_units(project.results))
    pairs = [*pairwise(one for one in milestones if one.commit in stored)]
    # A loss that neighbours hide, as where a worse one lies between, gets a pair of its own.
    losses = [loss for timeline in timelines for loss in find_losses(timeline)]
    pairs += [(loss.best.milestone, loss.point.milestone) for loss in losses]
    problems += _compare(options, asv, screen, list(dict.fromkeys(pairs)), machine)
    if timelines:
        screen.show(timeline_tables(timelines, screen.console.width), LEGEND)
    else:
        problems.append(
            f"no stored benchmark matches {' or '.join(options.headline)}; name one by --headline."
        )
    screen.show(*map(describe_timeline, timelines))
    if drift := describe_drift(timelines):
        screen.show(drift)
    for question in find_questions(timelines, options.headline):
        problems += _ask(options, asv, screen, question)
    problems += _publish(asv, screen, project)
    if problems:
        screen.show("Not everything went well:\n" + "\n".join(f"  {one}" for one in problems))
    screen.show(_how_to_open(options, project))
    return 1 if problems else 0


def _machine(asv: Asv) -> str:
    """Return the name asv stores this machine's results under, with a new entry if it has none."""
    file = Path.home() / ".asv-machine.json"
    name = known_machine(file, platform.node())
    if name is None:
        lines: list[str] = []
        status = asv.run("machine", "--yes", show=lines.append)
        name = known_machine(file, platform.node())
        if status != 0 or name is None:
            raise AsvError("asv machine --yes failed; run `asv machine` by hand.")
    return name


def _measure(
    options: Options,
    asv: Asv,
    screen: Screen,
    milestones: Sequence[Milestone],
    project: AsvProject,
    machine: str,
) -> list[str]:
    """Let asv measure what is missing, milestone by milestone, and return what went wrong."""
    results = read_results(project.results, machine, [one.commit for one in milestones])
    missing = find_unmeasured(milestones, results, options.bench)
    screen.headings = {
        one.short: f"milestone {number} of {len(milestones)}: {one.slug}"
        for number, one in enumerate(milestones, start=1)
    }
    names = ", ".join(one.slug for one in missing)
    screen.show(
        f"{len(milestones)} milestones, {len(milestones) - len(missing)} of them measured on "
        f"{machine}" + (f"; to measure: {names}." if names else "; asv looks for changes.")
    )
    # asv installs the first commit of the list to discover benchmarks. What is missing has to be
    # installed anyway, and after it the newest is most likely installed already. The whole list
    # is passed all the same: only asv knows whether a benchmark or an environment has changed.
    waiting = [*missing, *(one for one in reversed(milestones) if one not in missing)]
    problems = []
    while waiting:
        screen.begun.clear()
        status = asv.run(
            "run",
            "--skip-existing-successful",
            "--show-stderr",
            *(f"--bench={pattern}" for pattern in options.bench),
            "HASHFILE:-",
            show=screen.stream,
            stdin="".join(f"{one.commit}\n" for one in waiting),
        )
        screen.end_line()
        if status == _SOMETHING_FAILED:
            problems.append("asv run reported a failed build or benchmark.")
        if status in (0, _SOMETHING_FAILED):
            break
        if not screen.begun:
            raise AsvError(
                f"asv run ended with status {status} before it measured anything; "
                "its lines above say why."
            )
        # A commit that ends asv itself must not keep the ones after it from being measured.
        at = next(index for index, one in enumerate(waiting) if one.short == screen.begun[-1])
        problems.append(f"{waiting[at].slug}: asv run ended here with status {status}.")
        waiting = waiting[at + 1 :]
    return problems


def _compare(
    options: Options,
    asv: Asv,
    screen: Screen,
    pairs: Sequence[tuple[Milestone, Milestone]],
    machine: str,
) -> list[str]:
    """Show `asv compare` for each pair of milestones; return what went wrong."""
    problems = []
    for before, after in pairs:
        arguments = ["compare", "--factor", str(FACTOR), "--split", "--machine", machine]
        lines: list[str] = []
        status = asv.run(*arguments, before.commit, after.commit, show=lines.append)
        screen.heading(f"asv compare: {before.slug} -> {after.slug}")
        if status != 0:
            screen.stream("".join(lines))
            problems.append(f"asv compare {before.short} {after.short} failed; see above.")
            continue
        screen.put(compared_rows(parse_compare("".join(lines)), options.headline))
    return problems


def _ask(options: Options, asv: Asv, screen: Screen, question: Question) -> list[str]:
    """Let the profile hook say which change made a step; return what it could not do."""
    step = f"{question.before.slug} -> {question.after.slug}"
    screen.heading(f"asv explain: {step}")
    with tempfile.TemporaryDirectory() as folder:
        answers = Path(folder, "answers.json")
        asked = question.arguments(answers, options.budget)
        status = asv.run(*asked, show=screen.stream, module=_HOOK)
        screen.end_line()
        if question.others:
            screen.show(describe_others(question))
        if status != 0:
            return [f"asv explain {step} failed; its lines above say why."]
        try:
            unmeasured = read_unmeasured(answers)
        except AnswersError as error:
            return [f"asv explain {step}: {error}."]
    return [f"asv explain {step}: {name} could not be measured." for name in unmeasured]


def _publish(asv: Asv, screen: Screen, project: AsvProject) -> list[str]:
    """Publish what is measured and explained, for both interfaces; return what went wrong."""
    screen.heading("asv publish")
    if asv.run("publish", show=screen.stream) != 0:
        return ["asv publish failed; its lines above say why."]
    try:
        add_tachyon(project.html, asv.run_module)
    except TachyonError as error:
        return [str(error)]
    return []


def _how_to_open(options: Options, project: AsvProject) -> str:
    command = os.path.relpath(Path(sys.executable).parent / "asv")
    if options.config != CONFIG:
        command += f" --config {options.config}"
    return (
        f"Dashboard: {os.path.relpath(project.html)}\n"
        f"To open it: {command} preview\n"
        f"asv's own pages load scripts from the network; {TACHYON} beside them loads nothing."
    )


def _complain(text: str) -> None:
    sys.stderr.write(f"explain: {' '.join(text.split())}\n")
