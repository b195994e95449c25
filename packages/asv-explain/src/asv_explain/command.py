"""The command: from what the user asked to what is shown, stored and exported."""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from asv_explain.asv_side.discover import discover
from asv_explain.asv_side.install import InstallError, installed
from asv_explain.asv_side.project import (
    Project,
    ProjectError,
    environments,
    load_project,
    machine_name,
    select_benchmarks,
)
from asv_explain.asv_side.revisions import resolve
from asv_explain.asv_side.select import select_between, select_history, smallest_factor
from asv_explain.asv_side.worktree import WorktreeError
from asv_explain.changes.git import GitError
from asv_explain.explanation import Explanation, Verdict, encode
from asv_explain.measuring.calibrate import CalibrationError, ProfilerCost, calibrate
from asv_explain.measuring.measure import Plan, measure
from asv_explain.measuring.process import ProcessRunner
from asv_explain.options import Options, add_arguments, read_options
from asv_explain.pipeline import Explained, explain, unmeasured
from asv_explain.profiles.correct import CorrectedProfile
from asv_explain.profiles.profile import WireError
from asv_explain.reports.exports import to_folded, to_pstats, to_speedscope
from asv_explain.reports.markdown import to_markdown
from asv_explain.reports.stacks import unfold
from asv_explain.reports.terminal import render
from asv_explain.store import Store, StoreError
from asv_explain.suspect import Installed, Suspect

__all__ = ["main", "run"]

# How many causes are shown, and how many with --verbose.
FIRST, ALL = 8, 10_000

# Exit statuses of --gate.
SLOWER, UNKNOWN = 3, 4


@dataclass(frozen=True, slots=True)
class _Group:
    """What shares an environment and two commits; without suspects, all that matches."""

    environment: str
    before: str
    after: str
    suspects: tuple[Suspect, ...] = ()


class ExportError(Exception):
    """An export that can't be written; the text names it and says what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``python -m asv_explain`` and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m asv_explain")
    add_arguments(parser)
    return run(read_options(parser.parse_args(arguments), parser))


def run(options: Options) -> int:
    """Do what the options ask for.

    Returns:
        0; 1 after a mistake, told in one line; 130 when interrupted; with ``--gate`` 3 where
        something got slower and 4 where something could not be measured.
    """
    tell = Console(stderr=True, highlight=False)
    try:
        found = list(_explanations(options, lambda text: tell.print(text, soft_wrap=True)))
        _export(options, found)
    except (
        CalibrationError,
        ExportError,
        GitError,
        ProjectError,
        StoreError,
        WireError,
        WorktreeError,
    ) as error:
        sys.stderr.write(f"asv explain: {' '.join(str(error).split())}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("asv explain: interrupted; what is explained so far is kept.\n")
        return 130
    return _status([one.explanation for one in found]) if options.gate else 0


def _status(explanations: Sequence[Explanation]) -> int:
    verdicts = {one.verdict for one in explanations}
    if Verdict.SLOWER in verdicts:
        return SLOWER
    return UNKNOWN if Verdict.UNKNOWN in verdicts else 0


def _explanations(options: Options, say: Callable[[str], None]) -> Iterator[Explained]:
    """Explain one suspect after the other, show each as it comes, and keep what was measured."""
    project = load_project(options.config)
    store = Store(project.root / ".asv" / "explanations")
    show = Console(highlight=False)
    quiet = "-" in (options.json, options.markdown)
    for group in _groups(options, project, say):
        for explained, is_answer in _group(options, project, store, group, say):
            if is_answer:
                store.put(explained.explanation)
            if not quiet:
                show.print(render(explained.explanation, ALL if options.verbose else FIRST))
                show.print()
            yield explained


def _group(
    options: Options, project: Project, store: Store, group: _Group, say: Callable[[str], None]
) -> Iterator[tuple[Explained, bool]]:
    """Explain what shares an environment and two commits; each with whether it is to be kept."""
    commits = (group.before, group.after)
    try:
        with installed(project, group.environment, commits, options.environment, say=say) as (
            before,
            after,
        ):
            suspects = group.suspects or _between(options, project, after, group)
            cost: ProfilerCost | None = None
            for number, suspect in enumerate(suspects, start=1):
                stored = None if _measures_again(options) else store.get(suspect)
                if stored is not None:
                    yield Explained(stored), False
                    continue
                say(
                    f"{number} of {len(suspects)}: measuring {suspect.benchmark}"
                    f"{_shown(suspect.params)}, about {options.budget:g} s at most"
                )
                cost = cost or calibrate(before.python)
                yield _measured(options, project, suspect, before, after, cost), True
    except InstallError as error:
        # One commit that doesn't build is no reason to leave the others unexplained.
        remedy = "see the log, or choose commits that build"
        for suspect in group.suspects or _listed_by_the_other(options, project, group, error):
            yield unmeasured(suspect, str(error), remedy), False


def _listed_by_the_other(
    options: Options, project: Project, group: _Group, error: InstallError
) -> tuple[Suspect, ...]:
    """The suspects of two commits of which one can't be installed, as the other one lists them."""
    other = group.before if error.commit == group.after else group.after
    with installed(project, group.environment, (other,), options.environment) as (one,):
        return _between(options, project, one, group)


def _groups(options: Options, project: Project, say: Callable[[str], None]) -> Iterator[_Group]:
    """What is asked for, by environment and commits."""
    if options.revisions:
        before, after = (resolve(project, revision) for revision in options.revisions)
        for environment in environments(project, options.environment):
            yield _Group(environment.name, before, after)
        return
    selection = select_history(
        project, options.machine, options.environment, options.bench, options.factor
    )
    for one in selection.left_out:
        say(f"left out: {one.what}: {one.why}; {one.remedy}")
    if not selection.suspects:
        say("asv's recorded history holds no upward step.")

    def key(suspect: Suspect) -> tuple[str, str, str]:
        return suspect.environment, suspect.before, suspect.after

    for shared, suspects in itertools.groupby(sorted(selection.suspects, key=key), key):
        yield _Group(*shared, tuple(suspects))


def _between(
    options: Options, project: Project, commit: Installed, group: _Group
) -> tuple[Suspect, ...]:
    """All that matches, as the benchmarks are found with one of the commits installed."""
    found = select_benchmarks(project, discover(commit), options.bench)
    machine = machine_name(project, options.machine)
    suspects = select_between(found, machine, [group.environment], group.before, group.after)
    if not suspects:
        raise ProjectError(f"no benchmark matches -b {' -b '.join(options.bench)}; mend it.")
    return suspects


def _measured(
    options: Options,
    project: Project,
    suspect: Suspect,
    before: Installed,
    after: Installed,
    cost: ProfilerCost,
) -> Explained:
    factor = options.factor or smallest_factor(project, suspect)
    plan = Plan(budget=options.budget, rounds=options.rounds, factor=factor)
    rounds = measure(suspect, before, after, plan, ProcessRunner(), time.monotonic)
    return explain(suspect, rounds, cost, _history(project), factor)


def _history(project: Project) -> Path:
    """The repository whose history tells what changed: the checkout, or the mirror of a URL."""
    return project.own / "mirror" if project.checkout is None else project.checkout


def _measures_again(options: Options) -> bool:
    """Profiles are not stored, so exporting them takes measuring them."""
    return options.force or any((options.pstats, options.speedscope, options.folded))


def _shown(params: tuple[str, ...]) -> str:
    return f"({', '.join(params)})" if params else ""


def _export(options: Options, found: Sequence[Explained]) -> None:
    explanations = [one.explanation for one in found]
    if options.json is not None:
        body = b",\n".join(encode(one).rstrip() for one in explanations)
        _write(options.json, b"[\n" + body + b"\n]\n")
    if options.markdown is not None:
        _write(options.markdown, to_markdown(explanations).encode())
    for number, one in enumerate(found):
        for side, profile in (("before", one.before), ("after", one.after)):
            if profile is not None:
                name = f"{number:03}-{_plain(one.explanation.benchmark)}-{side}"
                _export_profile(options, profile, name)


def _export_profile(options: Options, corrected: CorrectedProfile, name: str) -> None:
    profile = corrected.profile
    if options.pstats is not None:
        _write(str(options.pstats / f"{name}.prof"), to_pstats(profile))
    stacks = unfold(profile, corrected.own)
    if options.speedscope is not None:
        text = to_speedscope(profile, stacks, name)
        _write(str(options.speedscope / f"{name}.speedscope.json"), text.encode())
    if options.folded is not None:
        _write(str(options.folded / f"{name}.folded"), to_folded(profile, stacks).encode())


def _plain(text: str) -> str:
    return "".join(character if character.isalnum() else "-" for character in text)[:80]


def _write(target: str, data: bytes) -> None:
    if target == "-":
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        return
    path = Path(target)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise ExportError(f"can't write {path} ({error.strerror}); choose another place") from None
