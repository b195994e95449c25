"""Which causes are put back, how far the ladder is climbed, and what is said of each."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from explanations import CAUSE, explanation, unknown

from asv_explain.explanation import (
    Cause,
    Explanation,
    Interval,
    Outcome,
    Place,
    Verdict,
    decode,
    encode,
)
from asv_explain.explanation import Rounds as Figures
from asv_explain.measuring.confirm import CONFIDENCE
from asv_explain.measuring.session import Plan
from asv_explain.parts import Explained
from asv_explain.proving import MOST_PROVED, Trials, open_to_proof, proved, without_proof
from asv_explain.suspect import Installed, Suspect

# What `total` returns are the milliseconds of a benchmark call.
BEFORE = """
def a():
    return 1


def b():
    return 1


def c():
    return 1


def d():
    return 1


def total():
    return a() + b() + c() + d()
"""
AFTER = BEFORE.replace("def a():\n    return 1", "def a():\n    return 4").replace(
    "def b():\n    return 1", "def b():\n    return 3"
)
AFTER = AFTER.replace("def c():\n    return 1", "def c():\n    return 2")
LINES = {name: 2 + 4 * number for number, name in enumerate("abcd")}


@dataclass
class Bench:
    """Two commits of one module, and a runner whose times are what its functions return.

    Attributes:
        commits: Both hashes.
        fails: Gives what a process answers instead, by the text that stands in.
        asked: The mode of each process, and the text that stood in.
        now: The clock; each process takes a second.
        said: What is told meanwhile.
        scatter: How much times differ from one another, as a share.
        disturbed: Until this moment what stands in for the commit takes twice as long.
    """

    root: Path
    commits: tuple[str, str]
    fails: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    now: float = 0.0
    said: list[str] = field(default_factory=list)
    scatter: float = 1e-3
    disturbed: float = 0.0

    @classmethod
    def make(cls, root: Path, before: str = BEFORE, after: str = AFTER) -> Bench:
        """Make the repository."""
        commits = []
        git(root, "init", "--quiet")
        (root / "library").mkdir()
        for text in (before, after):
            (root / "library" / "core.py").write_text(text)
            git(root, "add", "--all")
            git(root, "commit", "--quiet", "--message", "a commit")
            commits.append(git(root, "rev-parse", "HEAD"))
        return cls(root, (commits[0], commits[1]))

    def run(
        self, side: Installed, request: Mapping[str, Any], folder: Path, limit: float
    ) -> Mapping[str, Any]:
        """Answer as a benchmark would whose module has the text that stands in."""
        self.now += 1.0
        stands = json.loads(Path(request["stand_in"]).read_text())
        text, mode = stands["modules"][0]["text"], str(request["mode"])
        assert side.commit == self.commits[1]
        self.asked.append((mode, text))
        if text in self.fails:
            return {"schema": 1, "error": self.fails[text]}
        if mode == "inspect":
            limits = {"timeout": 7.0, "setup_cache_timeout": 9.0}
            return {"schema": 1, "setup_cache": False, **limits, "error": None}
        names: dict[str, Any] = {}
        exec(text, names)  # noqa: S102 - our own
        wall = names["total"]() * 1e-3 * (1 + self.scatter * (len(self.asked) % 7))
        if self.now < self.disturbed and text != AFTER:
            wall *= 2
        answer = dict.fromkeys(("wall", "cpu"), wall) | dict.fromkeys(("setup", "delayed"), 0.0)
        more = {"instructions": None, "profile": None, "error": None, "samples": [wall]}
        return {"schema": 1, **answer, "number": request["number"] or 1, **more}

    def prove(self, told: Explanation, plan: Plan | None = None) -> Explanation:
        """The explanation with its proofs, which come through JSON unharmed."""
        suspect = Suspect("suite.time_it", None, (), "env", "box", *self.commits)
        folder = self.root / "benchmarks"
        after = Installed(self.commits[1], Path(sys.executable), folder, self.root, {})
        trials = Trials(
            suspect, after, plan or Plan(), self.run, lambda: self.now, self.said.append
        )
        found = proved(Explained(told), self.root, trials).explanation
        assert decode(encode(found)) == found
        return found

    def explained(self, *causes: Cause, **changes: Any) -> Explanation:
        """The step from 4 ms to 10 ms, in whole milliseconds, with these causes."""
        steady = [1.0, 1.001, 0.999, 1.0]
        parts = {
            "before": self.commits[0],
            "after": self.commits[1],
            "difference": 6e-3,
            "ratio": 10 / 4,
            "interval": Interval(2.49, 2.51),
            "causes": causes,
            "residual": 6e-3 - sum(one.amount for one in causes),
            "caveats": (),
            "rounds_before": Figures(tuple(4e-3 * one for one in steady), (), ()),
            "rounds_after": Figures(tuple(1e-2 * one for one in steady), (), ()),
        }
        return explanation(**{**parts, **changes})


def git(root: Path, *words: str) -> str:
    """Run git with a fixed identity."""
    identity = ("-c", "user.name=T", "-c", "user.email=t@example.org")
    done = subprocess.run(
        ["git", *identity, *words], cwd=root, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def cause(name: str, milliseconds: float, **changes: Any) -> Cause:
    """A function of the library to which so much of the step was attributed."""
    place = Place("library/core.py", LINES.get(name, 1))
    told = {
        "name": name,
        "path": "library/core.py",
        "kind": "changed",
        "amount": milliseconds * 1e-3,
        "share": milliseconds / 6,
        "interval": None,
        "before": place,
        "after": place,
    }
    return dataclasses.replace(CAUSE, **{**told, **changes})


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Two commits between which `a`, `b` and `c` got dearer, by 3, 2 and 1 ms."""
    return Bench.make(tmp_path)


def test_a_cause_is_proven_and_a_bystander_refuted(bench: Bench) -> None:
    """Each is put back by itself, beside the later commit as it is, in turns."""
    guilty, other = cause("a", 3), cause("c", 3)
    found = bench.prove(bench.explained(guilty, other)).causes
    first, second = found[0].proof, found[1].proof
    assert first is not None
    assert second is not None
    assert (first.outcome, first.scope) == (Outcome.PROVEN, "alone")
    assert first.confidence == CONFIDENCE
    assert first.names == ("library/core.py: a",)
    assert first.share == pytest.approx(0.5, abs=0.02)
    assert first.inferred == 0.5
    assert first.ratio == pytest.approx(0.7, abs=0.01)
    assert first.interval is not None
    assert first.interval.low < 0.5 < first.interval.high
    assert first.pairs == 4
    assert (second.outcome, second.pairs) == (Outcome.REFUTED, 8)
    assert second.share == pytest.approx(1 / 6, abs=0.02)
    restored = AFTER.replace("return 4", "return 1")
    timed = [text for mode, text in bench.asked if mode == "time"][:9]
    assert timed == [AFTER, AFTER, restored, restored, AFTER, AFTER, restored, restored, AFTER]


def test_a_disturbance_for_a_moment_refutes_nothing(bench: Bench) -> None:
    """What lies below half of what was inferred is measured on, and counts as a whole."""
    # Until then two processes find out whether the code can stand, one how often to call it, and
    # eight take four pairs.
    bench.disturbed = 12.0
    found = bench.prove(bench.explained(cause("a", 3))).causes[0].proof
    assert found is not None
    assert found.pairs is not None
    assert found.pairs >= 8
    assert found.outcome is Outcome.PROVEN


def test_shares_are_of_what_shares_of_causes_are_of(bench: Bench) -> None:
    """Where a gain stands beside losses, all shares are of the losses alone."""
    gain = cause("b", -2, share=-0.25)
    found = bench.prove(bench.explained(cause("a", 3, share=3 / 8), gain)).causes[0].proof
    assert found is not None
    assert found.inferred == 3 / 8
    # Putting it back gives 3 ms of 6, and the losses are 8.
    assert found.share == pytest.approx(3 / 8, abs=0.02)
    assert found.outcome is Outcome.PROVEN


def test_a_gain_is_put_back_as_well(tmp_path: Path) -> None:
    """Where a benchmark got faster, its first cause makes it slow again."""
    bench = Bench.make(tmp_path, AFTER, BEFORE)
    told = bench.explained(cause("a", -3, share=0.5))
    faster = dataclasses.replace(
        told,
        verdict=Verdict.FASTER,
        difference=-6e-3,
        residual=-3e-3,
        rounds_before=told.rounds_after,
        rounds_after=told.rounds_before,
    )
    found = bench.prove(faster).causes[0].proof
    assert found is not None
    assert found.outcome is Outcome.PROVEN
    assert found.ratio == pytest.approx(7 / 4, abs=0.02)
    assert found.share == pytest.approx(0.5, abs=0.02)


def test_the_first_causes_that_are_code_are_put_back(bench: Bench) -> None:
    """Neither noise behind the first, nor gains, nor what no code stands for; three at most."""
    noise = cause("a", 1, noise=True)
    found = bench.prove(
        bench.explained(
            cause("elsewhere", 1, kind="elsewhere", before=None, after=None),
            noise,
            dataclasses.replace(noise, name="b"),
            cause("b", -1),
            *(cause("c", 1) for _ in range(MOST_PROVED)),
        )
    )
    proofs = [one.proof is not None for one in found.causes]
    assert proofs == [False, True, False, False, True, True, False]
    assert sum(proofs) == MOST_PROVED == 3


def test_what_was_measured_is_not_measured_again(bench: Bench) -> None:
    """Two causes that end in the same code share one trial."""
    found = bench.prove(bench.explained(cause("c", 1), cause("c", 1))).causes
    assert found[0].proof == found[1].proof
    assert len([mode for mode, _ in bench.asked if mode == "inspect"]) == 2
    assert len(bench.said) == 1


def test_what_fails_gives_way_to_more(bench: Bench) -> None:
    """A trial that raises is refused with its error; then all that the module changed is tried."""
    alone = AFTER.replace("return 4", "return 1")
    bench.fails[alone] = {"kind": "failed", "text": "KeyError: 'b'"}
    found = bench.prove(bench.explained(cause("a", 3), cause("b", 2))).causes[0].proof
    assert found is not None
    (refused,) = found.refused
    assert (refused.scope, refused.reason) == (
        "alone",
        "the benchmark fails with it (KeyError: 'b')",
    )
    assert (found.outcome, found.scope) == (Outcome.PROVEN, "set")
    assert found.names == tuple(f"library/core.py: {name}" for name in "abc")
    assert found.inferred == pytest.approx(5 / 6)
    assert found.share == pytest.approx(1.0, abs=0.02)


def test_no_more_than_all_of_it_is_inferred(bench: Bench) -> None:
    """Beside a gain, causes that go back together may have more than the whole between them."""
    bench.fails[AFTER.replace("return 4", "return 1")] = {"kind": "failed", "text": "no"}
    told = bench.explained(cause("a", 6), cause("b", 4), cause("elsewhere", -4))
    found = bench.prove(told).causes[0].proof
    assert found is not None
    assert (found.scope, found.inferred) == ("set", 1.0)
    assert found.outcome is Outcome.PROVEN


def test_what_can_not_be_put_back_at_all_names_each_reason(bench: Bench) -> None:
    """The first reason is the cause's own."""
    bench.fails[AFTER.replace("return 4", "return 1")] = {"kind": "timeout", "text": "late"}
    bench.fails[BEFORE] = {"kind": "unswapped", "text": "f is called and never awaited"}
    found = bench.prove(bench.explained(cause("a", 3))).causes[0].proof
    assert found is not None
    assert (found.outcome, found.scope, found.share) == (Outcome.CANNOT, "set", None)
    assert found.reason == "the benchmark takes too long with it (late)"
    assert [one.reason for one in found.refused] == [
        "the benchmark takes too long with it (late)",
        "f is called and never awaited",
    ]


def test_a_commit_that_does_not_run_from_git_proves_nothing(bench: Bench) -> None:
    """Where the later commit's own source fails, the fault is not the code put back."""
    bench.fails[AFTER] = {"kind": "unswapped", "text": "installed in another form"}
    found = bench.prove(bench.explained(cause("a", 3))).causes[0].proof
    assert found is not None
    assert found.outcome is Outcome.CANNOT
    assert "the later commit itself does not run from its source: installed" in found.reason


def test_scatter_leaves_it_open(bench: Bench) -> None:
    """When the time is spent, what can't be told is open, with what was measured."""
    bench.scatter = 0.3
    found = bench.prove(bench.explained(cause("c", 1)), Plan(budget=20.0)).causes[0].proof
    assert found is not None
    assert found.outcome is Outcome.OPEN
    assert found.share is not None
    assert 4 <= found.pairs <= 10
    assert "--budget" in found.reason
    bench.now = 0.0
    short = bench.prove(bench.explained(cause("c", 1)), Plan(budget=4.0)).causes[0].proof
    assert short is not None
    assert (short.outcome, short.share) == (Outcome.OPEN, None)


def test_causes_share_the_budget(bench: Bench) -> None:
    """All trials together take no longer than one explanation may."""
    bench.scatter = 0.3
    bench.prove(bench.explained(*(cause(name, 2) for name in "abc")), Plan(budget=120.0))
    assert 60 < bench.now <= 130
    assert len(bench.said) == 3


def test_where_no_cause_is_code_a_caveat_says_so(bench: Bench) -> None:
    """It is said once, and not asked again."""
    nothing = cause("elsewhere", 6, kind="elsewhere", before=None, after=None)
    found = bench.prove(bench.explained(nothing))
    assert [one.kind for one in found.caveats] == ["unproved"]
    assert bench.asked == []
    assert not open_to_proof(found)
    again = without_proof(Explained(found), "another reason", "remedy").explanation
    assert [one.text for one in again.caveats] == ["another reason"]


def test_what_is_left_to_prove(bench: Bench) -> None:
    """A change without proof, or whose proof was left open; never what did not change."""
    told = bench.explained(cause("a", 3))
    assert open_to_proof(told)
    found = bench.prove(told)
    assert not open_to_proof(found)
    proof = found.causes[0].proof
    assert proof is not None
    left = dataclasses.replace(
        found.causes[0], proof=dataclasses.replace(proof, outcome=Outcome.OPEN)
    )
    assert open_to_proof(dataclasses.replace(found, causes=(left,)))
    assert not open_to_proof(explanation(verdict=Verdict.SAME))
    assert not open_to_proof(unknown())
