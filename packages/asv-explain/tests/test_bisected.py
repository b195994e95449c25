"""How a search went is told in a few lines, the same in every report, and survives JSON."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from explanations import explanation
from rich.console import Console

from asv_explain.bisection import Bisection, Compared, Merged, Skipped, Subrange
from asv_explain.explanation import decode, encode
from asv_explain.reports.bisected import bisected
from asv_explain.reports.markdown import to_markdown
from asv_explain.reports.terminal import render
from asv_explain.verdict import Interval, Verdict

FIRST, GOOD, BAD, LAST = ("1" * 40, "b" * 40, "a" * 40, "4" * 40)
SEARCH = Bisection(
    before=FIRST,
    after=LAST,
    commits=9,
    verdict=Verdict.SLOWER,
    ratio=2.2,
    interval=Interval(2.1, 2.3),
    measured=(
        Compared(GOOD, 1.0, Interval(0.9, 1.1), Verdict.UNKNOWN),
        Compared(BAD, 2.0, Interval(1.9, 2.1), Verdict.SLOWER),
    ),
    skipped=(Skipped("5" * 40, "benchmark failed\x1b[2J"), Skipped("6" * 40, "66666666 no wheel")),
    suspected=(BAD,),
    merged=None,
    share=0.62,
    share_interval=Interval(0.5, 0.75),
    rest=Subrange(BAD, LAST, 0.3),
)


def lines(search: Bisection, whole: bool = False) -> tuple[str, ...]:
    """The lines of a search that ended in a pair, or in the whole range."""
    ends = {"before": FIRST, "after": LAST} if whole else {}
    return bisected(explanation(bisection=search, **ends))


def test_a_commit_that_was_found_is_told_with_its_share() -> None:
    """The whole, the commit, the rest, what was measured, and what was skipped, named once."""
    assert lines(SEARCH) == (
        "bisected 9 commits, 11111111..44444444, ratio 2.200 [2.100 to 2.300] slower: "
        "aaaaaaaa holds 62 % [50 to 75] of the step",
        "of the rest, aaaaaaaa..44444444 holds most: 30 % of the step",
        "measured against 11111111: bbbbbbbb 1.00 [0.90 to 1.10] unknown; "
        "aaaaaaaa 2.00 [1.90 to 2.10] slower",
        "skipped 55555555: benchmark failed?[2J",
        "skipped 66666666 no wheel",
    )


def test_what_was_not_searched_has_no_lines() -> None:
    """Two commits that were asked for are told as ever."""
    assert bisected(explanation()) == ()


@pytest.mark.parametrize(
    ("changes", "whole", "first"),
    [
        (
            {"suspected": ("7" * 40, "8" * 40, BAD)},
            False,
            "one of 3 commits that can't be told apart, 77777777 to aaaaaaaa, holds the step, "
            "or they share it: 62 % [50 to 75] of the whole",
        ),
        (
            {},
            True,
            "no commit is slower by itself; aaaaaaaa holds the largest step found, "
            "62 % [50 to 75] of the whole, and the whole range is explained here",
        ),
        ({"commits": 1}, True, "aaaaaaaa holds 62 % [50 to 75] of the step"),
        (
            {"commits": 2, "suspected": (GOOD, BAD)},
            True,
            "which of them holds the step can't be told",
        ),
        ({"share_interval": None}, False, "aaaaaaaa holds 62 % of the step"),
    ],
)
def test_what_can_not_be_told_is_not(changes: dict[str, Any], whole: bool, first: str) -> None:
    """Commits that can't be told apart are a range, and a step spread thin is nobody's."""
    told = lines(replace(SEARCH, **changes), whole)[0]
    assert told.endswith(f": {first}")


def test_a_merge_is_told_with_the_call_that_looks_into_it() -> None:
    """The range of what it merged is named."""
    told = lines(replace(SEARCH, merged=Merged(FIRST, GOOD)))[1]
    assert told == (
        "aaaaaaaa is a merge; asv explain 11111111 bbbbbbbb --bisect looks into what it merged"
    )


@pytest.mark.parametrize("rest", [None, Subrange(BAD, LAST, 0.05)])
def test_a_small_rest_is_not_worth_a_line(rest: Subrange | None) -> None:
    """What is left is told where it is worth a look of its own."""
    assert not any("of the rest" in line for line in lines(replace(SEARCH, rest=rest)))


def test_every_report_tells_the_search() -> None:
    """Terminal and Markdown show the same lines, without control characters or markup."""
    found = explanation(bisection=SEARCH)
    stream = io.StringIO()
    Console(file=stream, width=200).print(render(found))
    for line in bisected(found):
        assert line in stream.getvalue()
    assert "\x1b" not in stream.getvalue()
    text = to_markdown([found])
    assert "aaaaaaaa holds 62 % &#91;50 to 75&#93; of the step" in text


def test_a_search_survives_json() -> None:
    """Written and read again it is the same, and what was written without one is read as ever."""
    found = explanation(bisection=SEARCH)
    assert decode(encode(found)) == found
    assert decode(encode(explanation())).bisection is None
