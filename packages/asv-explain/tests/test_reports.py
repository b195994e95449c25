"""What a person reads: the terminal's report, and the words that all reports share."""

from __future__ import annotations

import dataclasses
import html
import io
import math
import re
from typing import Any

import pytest
from explanations import CAUSE, PROOF, REVERSAL, SAMPLED, explanation, unknown
from rich.console import Console

from asv_explain.explanation import (
    NOISY,
    CallChange,
    Cause,
    Caveat,
    Detail,
    Explanation,
    Interval,
    LineChange,
    LineCost,
    Outcome,
    Place,
    Proof,
    PutBack,
    Rounds,
    ThreadCost,
    Verdict,
)
from asv_explain.pages.words import sentence
from asv_explain.reports.costs import costed_hunk, sampling_sentence
from asv_explain.reports.headline import first_cause, headline
from asv_explain.reports.markdown import to_markdown
from asv_explain.reports.put_back import change_lines, reversal_lines
from asv_explain.reports.terminal import render
from asv_explain.reports.text import amount, calls, counted
from asv_explain.reports.uncertainty import cause_amount, confidence_text, part, ratio, share

HOSTILE = "</script>|<img src=x onerror=alert(1)>`*_[a](b)\x1b[31m\n# h"

UNKNOWN = unknown(caveats=(Caveat("failed", "it raised", "mend it"),))


# Wall time says that it got faster, and scatters so that CPU time decides.
BY_CPU = explanation(
    caveats=(Caveat(NOISY, "wall time scatters too much; the verdict is CPU time's", "again"),),
    rounds_before=Rounds((1.8, 1.4), (1.0, 1.1), ()),
    rounds_after=Rounds((1.6, 1.2), (2.0, 2.1), ()),
)


def shown(one: Explanation, color: bool = False) -> str:
    """What a terminal 80 columns wide shows."""
    output = io.StringIO()
    console = Console(file=output, width=80, force_terminal=color, highlight=False)
    console.print(render(one))
    return output.getvalue()


def test_the_times_are_of_the_clock_that_decides() -> None:
    """Beside *slower* no times may stand that fall."""
    assert "1.05 s → 2.05 s of CPU time  slower ratio 2.00" in " ".join(shown(BY_CPU).split("\n"))
    assert "1.05 s → 2.05 s of CPU time" in to_markdown([BY_CPU])
    quiet = dataclasses.replace(BY_CPU, caveats=())
    assert "1.6 s → 1.4 s  slower" in shown(quiet)
    # What was stored without CPU time has wall time alone.
    alone = dataclasses.replace(BY_CPU, rounds_after=Rounds((1.6, 1.2), (), ()))
    assert "1.6 s → 1.4 s  slower" in shown(alone)


def test_the_terminal_tells_everything_in_80_columns() -> None:
    """Times, ratio, verdict, causes with share, calls, price, place, commit, residual, caveats."""
    text = shown(explanation())
    assert max(map(len, text.splitlines())) <= 80
    for words in (
        "tco.Stable.time_warm(10, 'deep')",
        "bbbbbbbb → aaaaaaaa  1.05 s → 2.05 s  slower\nratio 2.00 [1.90 to 2.10]",
        "1. FlowManager.should_skip  50 % ± 10  +500 ms",
        "should_skip is awaited now",
        "calls 12 → 12.50, cost per call 1 µs → 2 µs, async",
        "cascade/runtime/skips.py:17 (was cascade/runtime/flow.py:15)",
        "aaaaaaaa feat: x",
        "explained 50 % of +1 s, residual 50 % (+500 ms)",
        "async tax: +400 ms",
        "caveat: only 2 rounds; raise --budget",
    ):
        assert words in text


def with_proof(proof: Proof, **changes: object) -> Explanation:
    """An explanation whose first cause was put back."""
    return explanation(causes=(dataclasses.replace(CAUSE, proof=proof),), **changes)


def test_what_came_back_of_a_cause_stands_below_it() -> None:
    """The outcome, what came back, and what had to go back with it."""
    alone = dataclasses.replace(PROOF, names=PROOF.names[:1])
    assert "put back: proven: 55 % [50 to 61] back" in shown(with_proof(alone))
    assert "put back: proven with 1 other: 55 % [50 to 61] back" in shown(with_proof(PROOF))
    endless = dataclasses.replace(alone, outcome=Outcome.OPEN, interval=Interval(-1e9, 1e9))
    assert "put back: open: 55 % back" in shown(with_proof(endless))
    never = Proof(Outcome.CANNOT, names=PROOF.names[:1], reason="why")
    assert "put back: can't be put back alone" in shown(with_proof(never))
    assert "can't be put back alone" in html.unescape(to_markdown([with_proof(never)]))


def reversed_by(**changes: Any) -> tuple[str, ...]:
    """What is said of a search with some of its figures changed."""
    return reversal_lines(explanation(reversal=dataclasses.replace(REVERSAL, **changes)))


def test_the_changes_that_give_a_slowdown_back_are_told() -> None:
    """How many of how many, how much, at what effort; then each with its commit, and the gain."""
    told = explanation(reversal=REVERSAL)
    lines = (
        "put back, 1 of 7 changes gives back 96 % [90 to 102] of the slowdown (6 trials in 42 s)",
        "`skip` is a gain: put back, it takes 20 % [15 to 25] more",
        "with that put back the benchmark returns the same result",
    )
    assert reversal_lines(told) == lines
    change = "cascade/runtime/flow.py: FlowManager.should_skip  aaaaaaaa feat: x"
    assert change_lines(told) == (change,)
    text, page = " ".join(shown(told).split()), to_markdown([told])
    assert all(" ".join(one.split()) in text for one in (*lines, change))
    assert "```diff\ndiff --git a/flow.py b/flow.py" in page
    gained = explanation(reversal=REVERSAL, verdict=Verdict.FASTER)
    assert "of the gain (" in reversal_lines(gained)[0]
    assert reversal_lines(explanation()) == change_lines(explanation()) == ()


def test_how_changes_play_together_is_told() -> None:
    """Nothing alone, parts alone, all by another one, and a part by another one."""
    one = REVERSAL.changes[0]
    nothing, half = (
        [
            dataclasses.replace(one, share=share, interval=interval, group=group)
            for group in range(3)
        ]
        for share, interval in ((0.02, Interval(-0.03, 0.06)), (0.5, Interval(0.45, 0.55)))
    )
    assert reversed_by(changes=tuple(nothing[:2]), others=())[1] == (
        "neither alone gives anything back, both together do"
    )
    assert reversed_by(changes=tuple(nothing), others=())[1] == (
        "none alone gives anything back, all together do"
    )
    parts = explanation(reversal=dataclasses.replace(REVERSAL, changes=tuple(half[:2])))
    assert "2 of 7 changes give back" in reversal_lines(parts)[0]
    assert all("  50 % [45 to 55] alone  " in line for line in change_lines(parts))
    tied = (half[0], half[1], dataclasses.replace(half[1], name="skip"))
    lines = change_lines(explanation(reversal=dataclasses.replace(REVERSAL, changes=tied)))
    assert lines[1] == (
        "2 that call each other in another way now and go back together: 50 % [45 to 55] alone"
    )
    assert "alone" in lines[0]
    assert [line.partition("  ")[2] for line in lines[2:]] == ["aaaaaaaa feat: x"] * 2
    as_much = PutBack(("a.py: f", "a.py: g", "a.py: h", "a.py: i"), 0.97, Interval(0.9, 1.04))
    some = PutBack(("a.py: f",), 0.3, Interval(0.25, 0.35))
    assert reversed_by(others=(as_much, some))[1:3] == (
        "`f`, `g`, `h` and 1 more by itself gives back as much, 97 % [90 to 104]: they only cost "
        "together",
        "`f` by itself gives back 30 % [25 to 35]",
    )


def test_the_headline_names_the_change_that_gives_it_back() -> None:
    """One change always; several where nothing that was inferred stands against them."""
    told = explanation(reversal=REVERSAL)
    ending = "and putting FlowManager.should_skip back undoes 96 % of that."
    assert headline(told).endswith(ending)
    one = REVERSAL.changes[0]
    two = dataclasses.replace(REVERSAL, changes=(one, dataclasses.replace(one, name="skip")))
    assert "accounts for" in headline(explanation(reversal=two))
    proof = dataclasses.replace(PROOF, outcome=Outcome.REFUTED)
    for cause in (
        dataclasses.replace(CAUSE, kind="elsewhere", name="elsewhere"),
        dataclasses.replace(CAUSE, noise=True),
        dataclasses.replace(CAUSE, proof=proof),
    ):
        told = explanation(reversal=two, causes=(cause,))
        assert headline(told).endswith(
            "and putting FlowManager.should_skip and 1 other change back undoes 96 % of that."
        )
        assert "; putting FlowManager.should_skip and 1 other change back" in sentence(told)


def test_where_no_change_gives_it_back_that_is_said() -> None:
    """What all together give, what the rest came with, and where there was nothing to try."""
    none = {"changes": (), "share": None, "interval": None, "others": ()}
    assert reversed_by(**none, whole=0.03, whole_interval=Interval(-0.02, 0.08)) == (
        "no change gives the slowdown back: all 7 put back together give back 3 % [-2 to 8] "
        "(6 trials in 42 s)",
    )
    assert reversed_by(**none, whole=None, whole_interval=None, complete=False) == (
        "no change gives the slowdown back: all 7 could not be put back together "
        "(6 trials in 42 s)",
        "time ran out: fewer changes may do; give more time with --budget",
    )
    assert reversed_by(**none, candidates=0) == (
        "no Python code that the benchmark imports differs between the two commits",
    )
    half = reversed_by(share=0.5, whole=0.5, whole_interval=Interval(0.4, 0.6), result="other")
    assert half[-2:] == (
        "all 7 changes together give back 50 % [40 to 60]: the rest came with something else than "
        "the Python code that the benchmark imports",
        "with that put back the benchmark returns another result",
    )


LINE = LineChange(
    "kept = [0] * (2 * n)" + " + []" * 20,
    Place("a.py", 10),
    Place("a.py", 12),
    800_000,
    1_600_000,
    1,
    1,
    "helper",
)
MEMORY = explanation(
    kind="peakmem",
    unit="bytes",
    difference=1_000_000.0,
    residual=200_000.0,
    causes=(
        dataclasses.replace(
            CAUSE,
            amount=800_000.0,
            interval=None,
            share=0.8,
            count_before=1,
            count_after=1,
            price_before=8e5,
            price_after=16e5,
            lines=(LINE,),
        ),
    ),
    async_tax=None,
    rounds_before=Rounds((1e6,), (), ()),
    rounds_after=Rounds((2e6,), (), ()),
)
TRACKED = explanation(
    kind="track",
    unit="steps",
    difference=20.0,
    residual=20.0,
    causes=(),
    async_tax=None,
    rounds_before=Rounds((20.0,), (), ()),
    rounds_after=Rounds((40.0,), (), ()),
    calls=(CallChange("step", "shop/core.py", 20, 40), CallChange(HOSTILE, "", 0, 1)),
)


def test_memory_is_told_in_bytes_and_lines() -> None:
    """Bytes in scales that suit them, blocks, and the line with what it called; in 80 columns."""
    text = shown(MEMORY)
    assert max(map(len, text.splitlines())) <= 80
    text = re.sub(r"\s*\n\s*", " ", text)
    for words in (
        "1 MB → 2 MB  higher ratio 2.00 [1.90 to 2.10]",
        "it takes 2.00 times as much memory",
        "+800 kB",
        "bytes 800 kB → 1.6 MB, blocks 1 → 1, async",
        "line 12: kept = [0] * (2 * n) + []",
        " in helper  800 kB → 1.6 MB",
        "explained 80 % of +1 MB, residual 20 % (+200 kB)",
    ):
        assert words in text
    summary = to_markdown([MEMORY])
    assert "| higher |" in summary
    assert "line 12" in summary


def test_a_tracked_value_is_told_with_changed_calls() -> None:
    """Its unit, that it can't be attributed, and what is called more often; in both reports."""
    text = re.sub(r"\s*\n\s*", " ", shown(TRACKED))
    for words in (
        "20 steps → 40 steps",
        "its value is 2.00 times as high",
        "+20 steps, which can't be attributed",
        "step (shop/core.py): 20 → 40 calls",
    ):
        assert words in text
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", text)
    summary = to_markdown([TRACKED])
    assert "| step | 20 → 40 |" in summary
    assert "<img" not in summary


def test_the_same_is_told_in_words_of_its_kind() -> None:
    """Time, memory and values are different things to be the same."""
    same = {
        kind: headline(explanation(kind=kind, verdict=Verdict.SAME))
        for kind in ("time", "mem", "peakmem", "track")
    }
    assert "takes the same time" in same["time"]
    assert "takes the same memory" in same["mem"]
    assert "takes the same memory" in same["peakmem"]
    assert "gives the same value" in same["track"]


def test_piped_output_holds_no_control_characters() -> None:
    """Neither our own colours nor what a name smuggles in; in a terminal there is colour."""
    hostile = explanation(benchmark=HOSTILE, causes=(dataclasses.replace(CAUSE, name=HOSTILE),))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", shown(hostile))
    assert "\x1b[" in shown(explanation(), color=True)


def test_more_causes_than_fit_are_counted() -> None:
    """What isn't shown is added up."""
    many = tuple(dataclasses.replace(CAUSE, amount=0.1) for _ in range(10))
    text = shown(explanation(causes=many, residual=0.0))
    assert "2 more causes: +200 ms" in text


def test_what_was_not_measured_is_never_the_same() -> None:
    """An unknown says so, in both reports."""
    assert "could not be measured" in shown(UNKNOWN)
    assert "unknown\nratio not measured" in shown(UNKNOWN)
    assert "| unknown |" in to_markdown([explanation(verdict=Verdict.SAME), UNKNOWN])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0 ns"),
        (1.0, "1 s"),
        (0.99999, "1 s"),
        (0.0123456, "12.3 ms"),
        (-2.5e-6, "-2.5 µs"),
        (3e-10, "0.3 ns"),
        (-2e-16, "0 ns"),
    ],
)
def test_seconds_have_three_digits_and_a_unit(value: float, text: str) -> None:
    """The unit suits the value, also just below the next one."""
    assert amount(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0 B"), (999.9, "1 kB"), (-1234.0, "-1.23 kB"), (5e7, "50 MB"), (2e12, "2e+03 GB")],
)
def test_bytes_have_three_digits_and_a_unit(value: float, text: str) -> None:
    """The unit suits the value, in powers of a thousand."""
    assert amount(value, "bytes") == text


def test_calls_are_whole_where_they_are_whole() -> None:
    """Averages over calls of the benchmark keep two digits."""
    assert [calls(12.0), calls(1234.0), calls(0.5)] == ["12", "1,234", "0.50"]


def test_headline_names_the_first_cause() -> None:
    """One sentence tells what happened and why."""
    assert headline(explanation()) == (
        "tco.Stable.time_warm(10, 'deep') got slower between bbbbbbbb and aaaaaaaa: it takes 2.00 "
        "times as long, and FlowManager.should_skip accounts for 50 ± 10 % of that."
    )
    assert headline(explanation(verdict=Verdict.SAME)).endswith(
        "takes the same time between bbbbbbbb and aaaaaaaa."
    )


def test_a_small_ratio_keeps_its_digits() -> None:
    """What got a thousand times faster doesn't take 0.00 times as long."""
    quick = explanation(ratio=0.00142, interval=Interval(0.0014, 0.00144), verdict=Verdict.FASTER)
    assert "it takes 0.0014 times as long" in headline(quick)
    assert "0.00142 [0.0014 to 0.00144]" in shown(quick)


def test_what_no_change_explains_is_not_explained() -> None:
    """A difference that met no changed code is told apart, and counts as no explanation."""
    half = dataclasses.replace(CAUSE, kind="elsewhere", name="elsewhere")
    assert "explained 50 % of +1 s, residual 50 %" in shown(explanation())
    assert "explained 0 % of +1 s, 50 % in code that no change explains, residual 50 %" in " ".join(
        shown(explanation(causes=(half,))).split()
    )


def test_noise_is_said_in_words() -> None:
    """A cause that can't be told from noise says so, and is no headline."""
    noise = dataclasses.replace(CAUSE, noise=True)
    sure = dataclasses.replace(CAUSE, name="sure", amount=0.0)
    assert "50 % ± 10, within noise" in shown(explanation(causes=(noise,)))
    assert "within noise" in to_markdown([explanation(causes=(noise,))])
    assert headline(explanation(causes=(noise,))).endswith("but no cause can be told from noise.")
    assert "sure accounts for" in headline(explanation(causes=(noise, sure)))


@pytest.mark.parametrize("last", ["elsewhere", "rest"])
def test_a_piece_of_code_comes_before_what_is_none(last: str) -> None:
    """What is elsewhere, or went the other way, is named first only if nothing else can be."""
    elsewhere = dataclasses.replace(CAUSE, name="other", kind=last, amount=0.8)
    gain = dataclasses.replace(CAUSE, name="gain", amount=-0.5, share=-0.5)
    sure = dataclasses.replace(CAUSE, name="sure", amount=0.1, share=0.1)
    noise = dataclasses.replace(CAUSE, name="noise", amount=0.1, noise=True)

    def first(*causes: Cause) -> str:
        residual = 1.0 - sum(one.amount for one in causes)
        found = first_cause(explanation(causes=causes, residual=residual))
        return "" if found is None else found.name

    assert first(elsewhere, gain, noise, sure) == "sure"
    assert first(elsewhere, gain, noise) == "other"
    assert first(gain, noise) == "gain"
    assert first(noise) == ""


def test_a_share_has_the_digits_that_its_interval_supports() -> None:
    """Whole percents from a half width of three points on, else one decimal."""

    def shown_as(amount: float, half: float) -> tuple[str, str]:
        interval = Interval(amount - half, amount + half)
        one = dataclasses.replace(CAUSE, amount=amount, share=amount, interval=interval)
        return share(one, 1.0), part(one, 1.0)

    assert shown_as(0.2831, 0.0301) == ("28 % ± 3", "28 ± 3 %")
    assert shown_as(0.2831, 0.0299) == ("28.3 % ± 3.0", "28.3 ± 3.0 %")
    assert shown_as(0.2831, 0.0042) == ("28.3 % ± 0.4", "28.3 ± 0.4 %")
    assert shown_as(-0.0003, 0.02) == ("0.0 % ± 2.0", "0.0 ± 2.0 %")
    assert part(dataclasses.replace(CAUSE, interval=None), 1.0) == "50 %"


@pytest.mark.parametrize(
    ("value", "low", "high", "text"),
    [
        (0.5123, 0.5119, 0.5127, "+512 ms"),
        (0.5123, 0.49, 0.53, "+512 ms"),
        (0.5123, 0.2, 0.8, "+510 ms"),
        (0.5123, -0.9, 1.9, "+500 ms"),
        (12.34e-6, 8e-6, 17e-6, "+12 µs"),
        (-12.34e-6, -17e-6, -8e-6, "-12 µs"),
        (0.0, -1e-6, 1e-6, "+0 ns"),
        (1e-9, -1e-3, 1e-3, "+1 ns"),
    ],
)
def test_an_amount_has_the_digits_that_its_interval_supports(
    value: float, low: float, high: float, text: str
) -> None:
    """No further than the half width's second digit, nor than two where ends differ twofold."""
    one = dataclasses.replace(CAUSE, amount=value, interval=Interval(low, high))
    assert cause_amount(one, "seconds") == text


def test_a_ratio_names_the_confidence_that_is_not_the_usual_one() -> None:
    """Beside the interval, in the terminal and in the summary, and never as certainty."""
    assert ratio(1.109, Interval(1.079, 1.14)) == "1.109 [1.079 to 1.140]"
    assert ratio(1.109, Interval(1.079, 1.14), 0.996) == "1.109 [1.079 to 1.140, 99.6 %]"
    assert [confidence_text(one) for one in (0.95, 0.992, 0.9975, 0.99996)] == [
        "95 %",
        "99.2 %",
        "99.8 %",
        "99.996 %",
    ]
    looked = explanation(confidence=0.992)
    assert "ratio 2.00 [1.90 to 2.10, 99.2 %]" in " ".join(shown(looked).split())
    assert "1.90 to 2.10, 99.2 %" in plain_markdown(looked)


def plain_markdown(one: Explanation) -> str:
    """The summary without escapes."""
    return html.unescape(to_markdown([one]))


COSTS = (
    LineCost("kept()", 15, 16, 1e-3, 1e-3),
    LineCost("old()", 16, None, 2e-3, 0.0),
    LineCost("x = new()", None, 17, 0.0, 9e-3),
    LineCost("far()" + " + far()" * 20, 90, 91, 4e-3, 8e-3),
)
HUNK = "@@ -14,3 +15,3 @@ class Flow:\n def f():\n     kept()\n-    old()\n+    x = new()\n"
COSTED = dataclasses.replace(CAUSE, line_costs=COSTS, hunk=HUNK)


def test_the_dearest_lines_stand_below_their_cause() -> None:
    """Three of them, the largest change first, those of one side alone with a sign."""
    text = shown(explanation(causes=(COSTED,)))
    assert max(map(len, text.splitlines())) <= 80
    lines = [line.strip() for line in text.splitlines() if "line " in line]
    assert lines == [
        "+ line 17: x = new()  9 ms",
        f"line 91: {COSTS[3].text[:39]}…  4 ms → 8 ms",
        "- line 16: old()  2 ms",
    ]


def test_costs_stand_beside_the_lines_of_the_diff() -> None:
    """What went has its cost before, what came its cost after, what stayed both."""
    assert [(one.text, one.cost) for one in costed_hunk(COSTED)] == [
        ("@@ -14,3 +15,3 @@ class Flow:", ""),
        (" def f():", ""),
        ("     kept()", "1 ms → 1 ms"),
        ("-    old()", "2 ms"),
        ("+    x = new()", "9 ms"),
    ]
    # The end of a file without a line break is no line of either side.
    ended = dataclasses.replace(
        COSTED, hunk="@@ -16 +17 @@\n-    old()\n\\ No newline at end of file\n+    x = new()"
    )
    assert [one.cost for one in costed_hunk(ended)] == ["", "2 ms", "", "9 ms"]
    # Each part of a diff begins at its own lines.
    twice = dataclasses.replace(COSTED, hunk=f"{HUNK}@@ -90 +91 @@\n far()\n")
    assert costed_hunk(twice)[-1].cost == "4 ms → 8 ms"
    assert {one.cost for one in costed_hunk(dataclasses.replace(CAUSE, hunk="+a\n b"))} == {""}


def test_the_summary_has_costs_in_a_column_of_the_diff() -> None:
    """Signs stay first in their lines, so that the diff keeps its colours."""
    text = to_markdown([explanation(causes=(COSTED,))])
    block = text[text.index("```diff") :].partition("\n```\n")[0]
    assert block.splitlines()[1:] == [
        "@@ -14,3 +15,3 @@ class Flow:",
        "             │ def f():",
        "  1 ms → 1 ms │     kept()"[1:],
        "-       2 ms │     old()",
        "+       9 ms │     x = new()",
    ]


def test_details_stand_below_their_cause_the_largest_first() -> None:
    """Five of them in words of their kind; what is left is added up."""
    details = tuple(
        Detail(f"f{index}", "a.py", kind, amount, amount, 0.0, calls)
        for index, (kind, amount, calls) in enumerate(
            [
                ("slower", 0.01, 0.0),
                ("new", 0.3, 12.0),
                ("calls", -0.2, 0.0),
                ("gone", -0.05, 0.0),
                ("event loop", 0.04, 2.5),
                ("new", 0.005, 1.0),
                ("new", 0.002, 1.0),
            ]
        )
    )
    one = explanation(causes=(dataclasses.replace(CAUSE, details=details),))
    text = shown(one)
    assert [line.strip() for line in text.splitlines() if "f" in line and ".py): " in line] == [
        "f1 (a.py): 30 %, +300 ms, new helper, calls 0 → 12",
        "f2 (a.py): -20 %, -200 ms, called less often",
        "f3 (a.py): -5 %, -50 ms, helper that is gone",
        "f4 (a.py): 4 %, +40 ms, turns of the event loop, calls 0 → 2.50",
        "f0 (a.py): 1 %, +10 ms, unchanged, slower below it",
    ]
    assert "2 more details: +7 ms" in text
    assert "f1 (a.py): 30 %, +300 ms, new helper" in plain_markdown(one)


def test_waiting_is_told_where_it_is_much() -> None:
    """From a tenth of the amount on, beside it."""
    much = explanation(causes=(dataclasses.replace(CAUSE, waiting=0.05),))
    little = explanation(causes=(dataclasses.replace(CAUSE, waiting=0.049),))
    assert "+500 ms, of it 50 ms waiting" in shown(much)
    assert "of it 50 ms waiting" in plain_markdown(much)
    assert "waiting" not in shown(little)


def test_other_threads_have_a_table() -> None:
    """The first five in a terminal, with their time on both sides."""
    threads = tuple(ThreadCost(f"work{index}", "w.py", 0.1, 0.2 + index) for index in range(7))
    one = explanation(threads=threads)
    text = shown(one)
    assert "other threads:\n  work0 (w.py): 100 ms → 200 ms\n" in text
    assert "work4" in text
    assert "work5" not in text
    assert "| work6 | 100 ms → 6.2 s |" in plain_markdown(one)


def test_one_sentence_says_what_times_come_from() -> None:
    """Samples, rounds and rate, and what sampling did to the benchmark; or that there was none."""
    fewer = dataclasses.replace(SAMPLED, samples=12_210, rounds=7, slowdown=1.03, waiting=0.25)
    sampled = explanation(sampling_before=SAMPLED, sampling_after=SAMPLED)
    told = "12,345 and 12,345 samples in 8 rounds each at 1,000 a second; sampling made a call take"
    assert sampling_sentence(sampled) == f"{told} 4 % more CPU time"
    assert sampling_sentence(dataclasses.replace(sampled, sampling_after=fewer)) == (
        "12,345 and 12,210 samples in 8 and 7 rounds at 1,000 a second; sampling made a call take "
        "4 % more CPU time; 0 % → 25 % of a call's time passed in waiting"
    )
    quick = dataclasses.replace(SAMPLED, slowdown=1.002)
    assert sampling_sentence(
        dataclasses.replace(sampled, sampling_before=quick, sampling_after=quick)
    ).endswith("take less than 1 % more CPU time")
    profiled = dataclasses.replace(SAMPLED, method="profile", samples=0, rounds=1)
    assert sampling_sentence(
        dataclasses.replace(sampled, sampling_before=profiled, sampling_after=profiled)
    ) == ("times are cProfile's, which distorts them, from 1 round each; nothing was sampled")
    assert sampling_sentence(explanation()) == ""
    assert told in " ".join(shown(sampled).split())
    assert told in plain_markdown(sampled)


def test_interval_and_share_have_one_denominator() -> None:
    """Where gains hide a part of the loss, the interval is a share of the same seconds."""
    cause = dataclasses.replace(CAUSE, share=0.25)
    assert share(cause, 1.0) == "25 % ± 5"


def test_one_of_a_thing_has_no_plural() -> None:
    """A number stands with its noun as one would write it."""
    assert [counted(number, "more cause") for number in (0, 1, 2)] == [
        "0 more causes",
        "1 more cause",
        "2 more causes",
    ]


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [
        (1.079, 1.14, "1.109 [1.079 to 1.140]"),
        (0.95, 1.25, "1.11 [0.95 to 1.25]"),
        (226.481, 273.841, "249 [226 to 274]"),
        (1.1, math.inf, "1.109 [1.100 to inf]"),
    ],
)
def test_a_ratio_has_as_many_digits_as_its_interval_supports(
    low: float, high: float, shown: str
) -> None:
    """To the second digit of half the width, and to three decimals at most."""
    value = 249.038 if low > 2 else 1.109
    assert ratio(value, Interval(low, high)) == shown
