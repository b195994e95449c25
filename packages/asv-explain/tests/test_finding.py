"""Which changes give a difference back, as trials of a made-up benchmark say."""

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
    Detail,
    Explanation,
    Interval,
    Outcome,
    Place,
    Reversal,
    Verdict,
    decode,
    encode,
)
from asv_explain.explanation import Rounds as Figures
from asv_explain.measuring.session import Plan
from asv_explain.suspect import Installed, Suspect
from asv_explain.trials.finding import Lab, asks_for_trials, reverse

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
        results: Digests of what it returns, by the text, where they are not the usual one.
        after: The text of the later commit, if it is not `AFTER`.
    """

    root: Path
    commits: tuple[str, str]
    fails: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    now: float = 0.0
    said: list[str] = field(default_factory=list)
    scatter: float = 1e-3
    after: str | None = None
    results: dict[str, str | None] = field(default_factory=dict)

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
        return cls(root, (commits[0], commits[1]), after=after)

    def run(
        self, side: Installed, request: Mapping[str, Any], folder: Path, limit: float
    ) -> Mapping[str, Any]:
        """Answer as a benchmark would whose module has the text that stands in."""
        self.now += 1.0
        text, mode = AFTER if self.after is None else self.after, str(request["mode"])
        if "stand_in" in request:
            text = json.loads(Path(request["stand_in"]).read_text())["modules"][0]["text"]
            self.asked.append((mode, text))
        assert side.commit == self.commits[1]
        if text in self.fails:
            return {"schema": 1, "error": self.fails[text]}
        if mode == "inspect":
            limits = {"timeout": 7.0, "setup_cache_timeout": 9.0}
            return {"schema": 1, "setup_cache": False, **limits, "error": None}
        names: dict[str, Any] = {}
        if mode == "result":
            return {"schema": 1, "result": self.results.get(text, "as ever"), "error": None}
        exec(text, names)  # noqa: S102 - our own
        wall = names["total"]() * 1e-3 * (1 + self.scatter * (len(self.asked) % 7))
        answer = dict.fromkeys(("wall", "cpu"), wall) | dict.fromkeys(("setup", "delayed"), 0.0)
        more = {"instructions": None, "profile": None, "error": None, "samples": [wall]}
        if request.get("imported"):
            more["imported"] = [["library/core.py", "/site/library/core.py"]]
        return {"schema": 1, **answer, "number": request["number"] or 1, **more}

    def reverse(self, told: Explanation, plan: Plan | None = None) -> Explanation:
        """The explanation with its reversal, which comes through JSON unharmed."""
        suspect = Suspect("suite.time_it", None, (), "env", "box", *self.commits)
        folder = self.root / "benchmarks"
        after = Installed(self.commits[1], Path(sys.executable), folder, self.root, {})
        clock, say = (lambda: self.now), self.said.append
        lab = Lab(self.root, suspect, after, plan or Plan(), self.run, clock, say)
        found = reverse(told, ["library/core.py"], lab)
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


def reversal(found: Explanation) -> Reversal:
    """What was found; there has to be something."""
    assert found.reversal is not None
    return found.reversal


def applied(bench: Bench, patch: str) -> str:
    """The later commit's text with a patch, as git applies it."""
    subprocess.run(["git", "apply", "-"], cwd=bench.root, input=patch, check=True, text=True)
    return (bench.root / "library" / "core.py").read_text()


def test_all_that_is_needed_goes_back_and_no_more(bench: Bench) -> None:
    found = bench.reverse(bench.explained(cause("a", 3), cause("c", 3)))
    told = reversal(found)
    assert [one.name for one in told.changes] == ["a", "b", "c"]
    assert [one.share for one in told.changes] == pytest.approx([1 / 2, 1 / 3, 1 / 6], abs=0.02)
    assert told.share == pytest.approx(1.0, abs=0.02)
    assert told.interval is not None
    assert told.interval.low < 1.0 < told.interval.high
    assert (told.candidates, told.complete, told.refusals, told.others) == (3, True, (), ())
    assert [one.commits[0].subject for one in told.changes] == ["a commit"] * 3
    assert applied(bench, told.patch) == BEFORE


def test_the_set_is_the_one_change_that_costs(tmp_path: Path) -> None:
    """Of three that changed, two do the same as before in another way."""
    after = BEFORE.replace("def a():\n    return 1", "def a():\n    return 7")
    after = after.replace("def b():\n    return 1", "def b():\n    return 2 - 1")
    after = after.replace("def d():\n    return 1", "def d():\n    return 3 - 2")
    bench = Bench.make(tmp_path, after=after)
    found = bench.reverse(bench.explained(cause("b", 6), cause("d", 0.1, noise=True)))
    told = reversal(found)
    assert [(one.path, one.name) for one in told.changes] == [("library/core.py", "a")]
    assert applied(bench, told.patch) == after.replace("return 7", "return 1")
    refuted, unnamed = (one.proof for one in found.causes)
    assert refuted is not None
    assert refuted.outcome is Outcome.REFUTED
    assert refuted.share == pytest.approx(0.0, abs=0.02)
    assert unnamed is None


def test_changes_that_name_what_takes_longer_are_tried_first(tmp_path: Path) -> None:
    """Time in an unchanged class speaks for what names it, such as code that makes it."""
    before = BEFORE.replace("def d():\n    return 1", "def d():\n    Pool = 1\n    return Pool")
    after = AFTER.replace("def d():\n    return 1", "def d():\n    Pool = 7\n    return Pool")
    for name, value in (("a", 4), ("b", 3), ("c", 2)):
        after = after.replace(f"{name}():\n    return {value}", f"{name}():\n    return 2 - 1")
    bench = Bench.make(tmp_path, before, after)
    slow = Detail("Pool.acquire.<locals>.wait", "other/pool.py", "unchanged", 6e-3, 1.0, 0, 0)
    elsewhere = cause("elsewhere", 6, kind="elsewhere", path="", details=(slow,))
    found = bench.reverse(bench.explained(elsewhere))
    assert [one.name for one in reversal(found).changes] == ["d"]
    texts = dict.fromkeys(text for mode, text in bench.asked if mode == "time" and text != after)
    assert list(texts)[:2] == [before, after.replace("Pool = 7", "Pool = 1")]


def test_a_cause_that_gives_all_back_is_proven(tmp_path: Path) -> None:
    bench = Bench.make(tmp_path, after=BEFORE.replace("a():\n    return 1", "a():\n    return 7"))
    found = bench.reverse(bench.explained(cause("a", 6)))
    proof = found.causes[0].proof
    assert proof is not None
    assert (proof.outcome, proof.names) == (Outcome.PROVEN, ("library/core.py: a",))
    assert proof.share == pytest.approx(1.0, abs=0.02)
    # Two processes find out whether it can stand, one how often to call it; the rest take turns.
    assert [mode for mode, _ in bench.asked[:3]] == ["inspect", "inspect", "time"]
    assert reversal(found).trials == 1
    assert bench.said == ["putting back a"]


def test_a_gain_is_put_back_as_well(tmp_path: Path) -> None:
    """Where a benchmark got faster, what made it so makes it slow again."""
    bench = Bench.make(tmp_path, AFTER, BEFORE)
    told = bench.explained(cause("a", -3, share=0.5))
    faster = dataclasses.replace(
        told,
        verdict=Verdict.FASTER,
        difference=-6e-3,
        residual=-3e-3,
        ratio=0.4,
        interval=Interval(0.39, 0.41),
    )
    found = bench.reverse(faster)
    assert reversal(found).share == pytest.approx(1.0, abs=0.03)
    assert len(reversal(found).changes) == 3
    proof = found.causes[0].proof
    assert proof is not None
    assert proof.outcome is Outcome.PROVEN
    assert proof.share == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(
    ("results", "told"),
    [({}, "same"), ({BEFORE: "else"}, "other"), ({AFTER: None}, "unknown")],
)
def test_whether_it_returns_the_same_is_told(
    bench: Bench, results: dict[str, str | None], told: str
) -> None:
    bench.results.update(results)
    assert reversal(bench.reverse(bench.explained(cause("a", 3)))).result == told


def test_what_fails_takes_along_what_it_needs(bench: Bench) -> None:
    """Without `b` as it was, `a` does not run."""
    for other in ("2", "1"):
        text = AFTER.replace("return 4", "return 1").replace("return 2", f"return {other}")
        bench.fails[text] = {"kind": "failed", "text": "KeyError: 'b'"}
    found = bench.reverse(bench.explained(cause("a", 3)))
    assert [one.name for one in reversal(found).changes] == ["a", "b", "c"]
    assert {one.reason for one in reversal(found).refusals} == {"KeyError: 'b'"}
    proof = found.causes[0].proof
    assert proof is not None
    assert (proof.outcome, proof.reason) == (Outcome.CANNOT, "KeyError: 'b'")


def test_a_commit_that_does_not_run_from_git_says_so(bench: Bench) -> None:
    """Where the later commit's own source fails, the fault is not the code put back."""
    bench.fails[BEFORE] = {"kind": "unswapped", "text": "installed in another form"}
    bench.fails[AFTER] = {"kind": "unswapped", "text": "installed in another form"}
    found = reversal(bench.reverse(bench.explained(cause("a", 3))))
    assert found.changes == ()
    assert {one.reason.rpartition(": ")[2] for one in found.refusals} == {
        "installed in another form"
    }


def test_all_trials_together_keep_to_the_budget(bench: Bench) -> None:
    """What scatter leaves open is told as a set that may be too large."""
    bench.scatter = 0.3
    found = reversal(bench.reverse(bench.explained(cause("c", 1)), Plan(budget=60.0)))
    assert not found.complete
    assert 30 < bench.now <= 80
    assert found.seconds == bench.now


def test_nothing_that_changed_is_no_set(tmp_path: Path) -> None:
    bench = Bench.make(tmp_path, BEFORE, BEFORE + "# a comment\n")
    found = reversal(bench.reverse(bench.explained()))
    assert (found.changes, found.candidates, found.trials) == ((), 0, 0)


def test_when_changes_are_put_back(bench: Bench) -> None:
    """Asked for, or where much is explained by no change; never twice, nor of what is the same."""
    told = bench.explained(cause("a", 6))
    assert asks_for_trials(told, wanted=True)
    assert not asks_for_trials(told, wanted=False)
    nowhere = {"kind": "elsewhere", "before": None, "after": None}
    large, small = cause("elsewhere", 1.3, **nowhere), cause("elsewhere", 1.1, **nowhere)
    assert asks_for_trials(bench.explained(large), wanted=False)
    assert not asks_for_trials(bench.explained(small), wanted=False)
    noise = dataclasses.replace(large, noise=True)
    assert not asks_for_trials(bench.explained(noise), wanted=False)
    found = bench.reverse(told)
    assert not asks_for_trials(found, wanted=True)
    left = dataclasses.replace(reversal(found), complete=False)
    assert asks_for_trials(dataclasses.replace(found, reversal=left), wanted=True)
    for one in (explanation(verdict=Verdict.SAME), unknown()):
        assert not asks_for_trials(one, wanted=True)
