"""One call of the program: each suspect's way to its explanation."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from asv_explain.asv_side.benchmarks import select_benchmarks
from asv_explain.asv_side.discover import discover
from asv_explain.asv_side.install import Install, Installer, InstallError
from asv_explain.asv_side.lock import locked_by_one
from asv_explain.asv_side.project import (
    Project,
    ProjectError,
    machine_facts,
    machine_name,
)
from asv_explain.asv_side.select import select_between, smallest_factor
from asv_explain.asv_side.store import make_store
from asv_explain.bisection import Merged
from asv_explain.changes.git import merged_by
from asv_explain.explanation import Caveat, Verdict
from asv_explain.groups import Group, asked_for
from asv_explain.measuring.measure import Plan, measure
from asv_explain.measuring.process import ProcessRunner, Runner
from asv_explain.measuring.rounds import Rounds
from asv_explain.options import Options
from asv_explain.parts import Explained, paths_in, placed, unmeasured
from asv_explain.pipeline import explain
from asv_explain.precision import Enough
from asv_explain.profiles.pair import ProfilePair
from asv_explain.scratch import sweep
from asv_explain.store import Kept, Refused, Store, StoreError
from asv_explain.suspect import Installed, Suspect
from asv_explain.trials.finding import Lab, asks_for_trials, reverse
from asv_explain.trials.narrow import answer, narrow, settle
from asv_explain.value_pipeline import explain_values

__all__ = ["Session", "Tools"]

Say = Callable[[str], None]

_BUSY = "explains this project, too, and would disturb what is measured"


@dataclass(frozen=True, slots=True)
class Tools:
    """All through which a session acts on the world.

    Attributes:
        installer: Makes what installs commits.
        discover: Lists the benchmarks with a commit installed.
        runner: Runs one measuring process.
        clock: Gives seconds, from whenever.
    """

    installer: Callable[[Project, Sequence[str], Say], Install] = Installer
    discover: Callable[[Installed], list[dict[str, Any]]] = discover
    runner: Runner = field(default_factory=ProcessRunner)
    clock: Callable[[], float] = time.monotonic


class Session:
    """One call of the program.

    Args:
        options: What the user asks for.
        project: The asv project.
        tools: What acts on the world.
        say: Is told what is being done.
    """

    def __init__(self, options: Options, project: Project, tools: Tools, say: Say) -> None:
        self._options = options
        self._project = project
        self._tools = tools
        self._say = say
        self._store = Store(project.explanations)
        self._install = tools.installer(project, options.environment, say)
        # The repository whose history tells what changed: the checkout, or the mirror of a URL.
        self._history = project.own / "mirror" if project.checkout is None else project.checkout

    def explanations(self) -> Iterator[Explained]:
        """Explain one suspect after the other, and keep each answer.

        Two calls would disturb each other's measurements: of one project, one waits for the other.

        Raises:
            ProjectError: Something is asked for that there isn't; told before anything is built.
            StoreError: Answers can't be kept.
            ScratchError: There is no room for temporary files.
            GitError, WireError: See `explain`.
        """
        self._store.check()
        groups = asked_for(self._options, self._project, self._history, self._say)
        make_store(self._project.own)
        lock = self._project.own / "locks" / "call"
        with locked_by_one(lock, lambda who: self._say(f"waiting for {who}, which {_BUSY}")):
            # Whom this call has waited for may have been killed.
            sweep()
            self._store.sweep()
            for group in groups:
                yield from self._group(group)

    def _group(self, group: Group) -> Iterator[Explained]:
        """Explain what shares an environment and two commits."""
        with ExitStack() as stack:
            try:
                before, after = stack.enter_context(
                    self._install(group.environment, (group.before, group.after))
                )
            except InstallError as error:
                # One commit that doesn't build is no reason to leave the others unexplained.
                remedy = "see the log, or choose commits that build"
                for suspect in group.suspects or self._listed_by_the_other(group, error):
                    yield unmeasured(suspect, str(error), remedy)
                return
            suspects = group.suspects or self._between(group, after)
            for number, suspect in enumerate(suspects, start=1):
                explained = self._stored(group, suspect)
                if explained is None:
                    self._say(
                        f"{number} of {len(suspects)}: measuring {suspect.benchmark}"
                        f"{_shown(suspect.params)}, about {self._options.budget:g} s at most"
                    )
                    explained = placed(
                        self._measured(group, suspect, before, after),
                        self._history,
                        machine_facts(self._project, suspect.machine),
                    )
                    self._store.put(explained.explanation, explained.profiles)
                if asks_for_trials(explained.explanation, wanted=self._options.prove):
                    explained = self._tried(group, suspect, after, explained)
                    self._store.put(explained.explanation, explained.profiles)
                yield explained

    def _tried(
        self, group: Group, suspect: Suspect, after: Installed, explained: Explained
    ) -> Explained:
        """The same with the changes that give the difference back, as trials find them."""
        told = explained.explanation
        pair = dataclasses.replace(suspect, before=told.before, after=told.after)
        plan = Plan(budget=self._options.budget, rounds=self._options.rounds)
        ran = paths_in(explained)
        tools = self._tools
        with ExitStack() as stack:
            if told.after != after.commit:
                # A search ended at another commit than the range's last.
                try:
                    (after,) = stack.enter_context(self._install(group.environment, (told.after,)))
                except InstallError as error:
                    caveat = Caveat("untried", f"no change was put back: {error}", "see the log")
                    told = dataclasses.replace(told, caveats=(*told.caveats, caveat))
                    return dataclasses.replace(explained, explanation=told)
            lab = Lab(self._history, pair, after, plan, tools.runner, tools.clock, self._say)
            return dataclasses.replace(explained, explanation=reverse(told, ran, lab))

    def _listed_by_the_other(self, group: Group, error: InstallError) -> tuple[Suspect, ...]:
        """The suspects of two commits of which one can't be installed, as the other lists them."""
        other = group.before if error.commit == group.after else group.after
        with self._install(group.environment, (other,)) as (one,):
            return self._between(group, one)

    def _between(self, group: Group, commit: Installed) -> tuple[Suspect, ...]:
        """All that matches, as the benchmarks are found with one of the commits installed."""
        options, project = self._options, self._project
        found = select_benchmarks(project, self._tools.discover(commit), options.bench)
        machine = machine_name(project, options.machine)
        suspects = select_between(found, machine, [group.environment], group.before, group.after)
        if not suspects:
            raise ProjectError(f"no benchmark matches -b {' -b '.join(options.bench)}; mend it.")
        return suspects

    def _stored(self, group: Group, suspect: Suspect) -> Explained | None:
        """What an earlier call answered, if it could; what it could not tell is tried again.

        Who wants a profile that was not kept, or can't be read, has it measured.
        """
        options = self._options
        kept = None if options.force else self._kept(group, suspect)
        if kept is None:
            return None
        profiles = self._store.profiles(kept)
        if isinstance(profiles, Refused):
            self._say(f"left out: {profiles.path}: {profiles.reason}")
        wanted = any((options.pstats, options.speedscope, options.folded))
        if isinstance(profiles, ProfilePair):
            return Explained(kept.explanation, profiles)
        profiled = kept.explanation.sampling_after is not None
        return None if wanted and profiled else Explained(kept.explanation)

    def _kept(self, group: Group, suspect: Suspect) -> Kept | None:
        plain = self._found(suspect)
        if not group.narrows:
            unknown = plain is None or plain.explanation.verdict is Verdict.UNKNOWN
            return None if unknown else plain
        narrowed = self._found(suspect, bisected=True)
        settled = (Verdict.FASTER, Verdict.SAME)
        if narrowed is None and plain is not None and plain.explanation.verdict in settled:
            return plain
        return narrowed

    def _found(self, suspect: Suspect, *, bisected: bool = False) -> Kept | None:
        found = self._store.get(suspect, bisected=bisected)
        if isinstance(found, Refused):
            if found.path.is_dir():
                # Told before anything is measured that could then not be kept.
                raise StoreError(f"{found.path} is a folder where an answer goes; move it away")
            self._say(f"left out: {found.path}: {found.reason}; it is measured anew")
            return None
        return found

    def _measured(
        self, group: Group, suspect: Suspect, before: Installed, after: Installed
    ) -> Explained:
        options = self._options
        factor = options.factor or smallest_factor(self._project, suspect)
        plan = Plan(budget=options.budget, rounds=options.rounds, factor=factor)

        def explained(asked: Suspect, rounds: Rounds) -> Explained:
            if rounds.kind != "time":
                return explain_values(asked, rounds, self._history, factor)
            return explain(asked, rounds, self._history, factor)

        if group.narrows:
            return self._narrowed(group, suspect, (before, after), plan, explained)
        return explained(suspect, self._rounds(suspect, before, after, plan))

    def _narrowed(
        self,
        group: Group,
        suspect: Suspect,
        sides: tuple[Installed, Installed],
        plan: Plan,
        explained: Callable[[Suspect, Rounds], Explained],
    ) -> Explained:
        """Explain a range by the commit at which it got slower, if it did."""
        # What is slower is profiled where the search ends.
        timed = dataclasses.replace(plan, profiled=plan.profiled - {Verdict.SLOWER})
        rounds = self._rounds(suspect, *sides, timed)

        def compare(commit: str, limits: Plan) -> Rounds:
            with self._install(group.environment, (commit,)) as (middle,):
                return self._rounds(suspect, sides[0], middle, limits)

        if answer(rounds, plan.factor).verdict is Verdict.SLOWER:
            rounds = settle(rounds, group.after, plan, compare, self._say)
        found = narrow(group.line, rounds, plan, compare, self._say)
        if found is None:
            return explained(suspect, rounds)
        pair = dataclasses.replace(suspect, before=found.before, after=found.after)
        self._say(f"measuring {pair.before[:8]} and {pair.after[:8]}, where the search ended")
        with self._install(group.environment, (pair.before, pair.after)) as (good, bad):
            told = explained(pair, self._rounds(pair, good, bad, plan))
        ratio, interval = told.explanation.ratio, told.explanation.interval
        if told.explanation.verdict is not Verdict.SLOWER and pair != suspect:
            # A step spread so thin that no commit is slower by itself is explained as a whole.
            told = explained(suspect, self._rounds(suspect, *sides, plan))
        merge = merged_by(self._history, pair.after) if len(found.suspected) == 1 else None
        search = found.told(ratio, interval, None if merge is None else Merged(*merge))
        return dataclasses.replace(
            told, explanation=dataclasses.replace(told.explanation, bisection=search)
        )

    def _rounds(self, suspect: Suspect, before: Installed, after: Installed, plan: Plan) -> Rounds:
        enough = Enough(suspect, self._history, plan.factor)
        return measure(suspect, before, after, plan, self._tools.runner, self._tools.clock, enough)


def _shown(params: tuple[str, ...]) -> str:
    return f"({', '.join(params)})" if params else ""
