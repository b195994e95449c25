"""Tables and sentences say what the values say, in words and within the width."""

import io
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from observatory.explain.asv_results import ComparedRow, Measurement, ResultFile, State
from observatory.explain.milestones import Milestone
from observatory.explain.questions import Question
from observatory.explain.report import (
    compared_rows,
    describe_drift,
    describe_failure,
    describe_others,
    describe_timeline,
    format_value,
    timeline_tables,
)
from observatory.explain.timeline import Failure, Timeline, build_timelines

Value = float | State | None


def render(renderable: RenderableType, width: int = 80, colour: bool = False) -> str:
    """Return what a console of this width would show."""
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        no_color=not colour,
    )
    console.print(renderable)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def measurement(value: Value, hours: float) -> Measurement:
    """Return a measurement of a value, or the state that stands for it."""
    at = hours * 3600
    if isinstance(value, State):
        return Measurement(value, measured_at=at)
    assert value is not None
    near = value / 1000
    return Measurement(State.MEASURED, value, value - near, value + near, 10, "v", measured_at=at)


def timelines(
    *names: str, values: Sequence[Value], hours: float = 0.0, slug: str = "step"
) -> tuple[Timeline, ...]:
    """Return a timeline of the values for each name, with some hours between milestones."""
    milestones = [
        Milestone(f"{slug}-{index}", f"{index}" * 40, "subject") for index in range(len(values))
    ]
    results = [
        ResultFile(
            Path(), one.commit, "env", {name: measurement(value, hours * index) for name in names}
        )
        for index, (one, value) in enumerate(zip(milestones, values, strict=True))
        if value is not None
    ]
    return build_timelines(milestones, results, ["."], {})


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0123, "seconds", "12.3ms"),
        (0.99996, "seconds", "1.00s"),
        (4.56e-7, "seconds", "456ns"),
        (123.4, "seconds", "123s"),
        (0, "seconds", "0"),
        (2_500_000, "bytes", "2.50M"),
        (1234.5, "calls", "1.23e+03"),
    ],
)
def test_values_have_three_digits(value: float, unit: str, text: str) -> None:
    """Seconds and bytes are scaled, other units are not."""
    assert format_value(value, unit) == text


def test_table_says_each_verdict_in_words() -> None:
    """Slower, faster, same, failed and n/a are all readable without colour."""
    values: list[Value] = [
        0.01,
        0.02,
        0.0201,
        State.FAILED,
        0.01,
        State.NOT_APPLICABLE,
        None,
        0.01,
        0.005,
    ]
    text = render(timeline_tables(timelines("tco.A.time_warm", values=values), 80))
    rows = [" ".join(line.split()) for line in text.splitlines() if line.startswith("step-")]
    assert rows == [
        "step-0 10.0ms",
        "step-1 20.0ms 2.00 slower",
        "step-2 20.1ms 1.00 same",
        "step-3 failed",
        "step-4 10.0ms n/a",
        "step-5 n/a",
        "step-6 n/a",
        "step-7 10.0ms n/a",
        "step-8 5.00ms 0.50 faster",
    ]


def test_colour_only_repeats_the_words() -> None:
    """With the escape sequences taken out, the coloured table is the plain one."""
    table = timeline_tables(timelines("tco.A.time_warm", values=[1.0, 2.0]), 80)
    coloured = render(table, colour=True)
    assert "\x1b[31mslower" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == render(table)


def test_three_headline_benchmarks_fit_eighty_columns() -> None:
    """The project's own names and slugs stand side by side, with their words whole."""
    names = [
        f"tco.{name}.time_warm"
        for name in ("SimpleCountdown", "HeavyComplexCountdown", "StableComplexLoop")
    ]
    steps = timelines(*names, values=[1.0, 1000.0], slug="async-state-dire")
    text = render(timeline_tables(steps, 80))
    assert max(map(len, text.splitlines())) <= 80
    assert re.search(r"^async-state-dire-1( +1000s 1000 slower){3} *$", text, re.MULTILINE)
    assert "HeavyComplex\n" in re.sub(r" +", "\n", text)


def test_more_benchmarks_go_to_further_tables() -> None:
    """What does not fit the width is shown below, with the milestones named again."""
    many = timelines(*(f"tco.time_{letter}" for letter in "abcde"), values=[1.0, 2.0])
    text = render(timeline_tables(many, 80))
    assert max(map(len, text.splitlines())) <= 80
    assert text.count("step-1") == 2
    assert all(f"time_{letter}" in text for letter in "abcde")


def test_compared_rows_are_folded_to_the_headline() -> None:
    """Headline rows keep asv's marks and get a word; the others are counted."""
    rows = [
        ComparedRow("+", "1.00±0ms", "2.00±0ms", "2.00", "tco.A.time_warm"),
        ComparedRow("-", "1.00ms", "500μs", "0.50", "tco.B.time_warm"),
        ComparedRow("", "1.00ms", "1.01ms", "1.01", "tco.C.time_warm"),
        ComparedRow("", "1.00ms", "1.20ms", "~1.20", "tco.D.time_warm"),
        ComparedRow("", "n/a", "1.20ms", "n/a", "tco.E.time_warm"),
        ComparedRow("", "failed", "failed", "n/a", "tco.F.time_warm"),
        ComparedRow("x", "1.00ms", "1.20ms", "1.20", "tco.other"),
        ComparedRow("x", "1.00ms", "1.20ms", "1.20", "tco.another"),
    ]
    lines = render(compared_rows(rows, ["time_warm"])).splitlines()
    assert [line.split()[:2] for line in lines[:2]] == [["+", "slower"], ["-", "faster"]]
    assert [line.split()[0] for line in lines[2:6]] == ["same", "unsure", "n/a", "failed"]
    assert lines[6] == "other benchmarks: 2 differs"


def test_sentences_tell_loss_and_gain() -> None:
    """The steps are named with their ratios, and what is slower than the best before."""
    (timeline,) = timelines("tco.A", values=[0.010, 0.030, 0.030, 0.020])
    assert describe_timeline(timeline) == (
        "tco.A took 10.0ms at step-0 and 20.0ms at step-3 (2.00 times). "
        "It got slower at step-1 (3.00 times); faster at step-3 (0.67 times). "
        "Slower than the best before: step-1 (3.00 times step-0), step-2 (3.00 times step-0), "
        "step-3 (2.00 times step-0). That was not won back."
    )


@pytest.mark.parametrize(
    ("values", "end"),
    [
        (
            [1.0, 2.0, 1.0],
            "Slower than the best before: step-1 (2.00 times step-0). Won back at step-2.",
        ),
        (
            [1.0, 90.0, 1.1],
            "before: step-1 (90.0 times step-0), step-2 (1.10 times step-0). "
            "That was not won back.",
        ),
        ([1.0, 2.0, 2.0], "step-2 (2.00 times step-0). That was not won back."),
        (
            [1.0, 2.0, None],
            "It is unknown whether that was won back. There is no value at step-2.",
        ),
        (
            [1.0, 2.0, None, 1.0],
            "Won back at step-3. There is no value at step-2.",
        ),
        ([1.0, 1.01], "No step changed it beyond doubt."),
        ([1.0, State.FAILED, None], "It failed at step-1. There is no value at step-2."),
        ([State.FAILED], "was not measured at any milestone. It failed at step-0."),
    ],
)
def test_sentences_leave_nothing_out(values: list[Value], end: str) -> None:
    """What was lost for good, did not change, failed or is missing is said as such."""
    (timeline,) = timelines("tco.A", values=values)
    assert describe_timeline(timeline).endswith(end)


def test_neighbours_measured_long_apart_are_named() -> None:
    """A drift of the machine is only worth a warning where hours lie between."""
    assert describe_drift(timelines("tco.A", values=[1.0, 1.0], hours=0.5)) == ""
    assert "step-0 and step-1" in describe_drift(timelines("tco.A", values=[1.0, 1.0], hours=2))


def test_what_a_step_changed_besides_can_be_explained() -> None:
    """The benchmarks are named, with a command whose pattern is their name."""
    before, after = (Milestone(slug, slug * 40, "subject") for slug in "ab")
    assert describe_others(Question(before, after, "tco.f", ("tco.g(1)", "tco.h"))) == (
        "Changed in this step, too: tco.g(1), tco.h. "
        r"To explain one: asv explain aaaaaaaa bbbbbbbb -b 'tco\.g\(1\)'"
    )


def test_failures_are_named_in_a_line() -> None:
    """A failed benchmark is named, and a commit where nothing started is told apart."""
    milestone = Milestone("slug", "0" * 40, "subject")
    assert describe_failure(Failure(milestone, "env", ("a", "b"))) == (
        "slug (00000000, env): failed: a, b."
    )
    assert "did not build" in describe_failure(Failure(milestone, "env", ()))
