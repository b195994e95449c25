"""Figures say what the explanation says, add up, hold names as text, and are plotly's own form."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import pytest
from explanations import CAUSE, explanation
from hypothesis import example, given
from hypothesis import strategies as st
from profile_pairs import PLAIN, pair_of, side_of, sides
from strategies import raw_profiles

from asv_explain.explanation import BYTES, NOISY, Caveat, Explanation, Interval, Rounds, Verdict
from asv_explain.pages import figures
from asv_explain.pages.charts import entities, icicles, ratios, tree_text, waterfall
from asv_explain.pages.waterfall import MOST_CAUSES
from asv_explain.profiles.pair import ProfilePair

SCRIPT = Path(figures.__file__).parent / "static" / "charts.js"
HOSTILE = "</script><img src=x onerror=alert(1)>"


def bars(one: Explanation) -> list[tuple[str, float, float]]:
    """The waterfall's bars: name, where it begins, how long it is."""
    figure = waterfall(one)
    assert figure is not None
    trace = figure["data"][0]
    names = figure["layout"]["yaxis"]["ticktext"]
    return list(zip(names, trace["base"], trace["x"], strict=True))


def values(one: Explanation) -> list[str]:
    """What stands beside the waterfall's bars."""
    figure = waterfall(one)
    assert figure is not None
    return [note["text"] for note in figure["layout"]["annotations"]]


def everything(pair: ProfilePair, one: Explanation) -> list[dict[str, Any]]:
    """All figures that there are."""
    found = [waterfall(one), ratios(one), *icicles(pair).values()]
    return [figure for figure in found if figure is not None]


def test_the_waterfall_goes_from_before_to_after() -> None:
    """Each bar begins where the last one ended, the residual too, with totals at both ends."""
    # The medians are 1.05 and so 2.05; half of the difference is the cause's, half unexplained.
    assert bars(explanation()) == [
        ("before", 0.0, 1.05),
        ("FlowManager.should_skip", 1.05, 0.5),
        ("residual", 1.55, 0.5),
        ("after", 0.0, 2.05),
    ]


def test_the_last_bar_says_that_it_comes_from_the_ratio() -> None:
    """It may differ in a digit from that side's median, which stands in the page's head."""
    figure = waterfall(explanation(ratio=1.952))
    assert figure is not None
    told = figure["data"][0]["customdata"][-1].replace("<br>", " ")
    assert told.endswith(": before with the difference that the ratio, 1.952, gives")


def test_figures_are_of_the_clock_that_decides() -> None:
    """Wall time that scatters and falls is in none where the verdict is CPU time's."""
    one = explanation(
        caveats=(Caveat(NOISY, "wall time scatters too much", "again"),),
        rounds_before=Rounds((1.8, 1.4), (1.0, 1.1), ()),
        rounds_after=Rounds((1.6, 1.2), (2.0, 2.1), ()),
    )
    assert bars(one)[-1] == ("after", 0.0, 2.05)
    figure = ratios(one)
    assert figure is not None
    assert figure["data"][0]["y"] == [2.0, pytest.approx(2.1 / 1.1)]


def test_a_sign_and_a_share_stand_beside_each_bar() -> None:
    """What a colour tells is told in text as well."""
    shrunk = replace(CAUSE, name="less", amount=-0.25, share=-0.25, interval=None)
    one = explanation(causes=(CAUSE, shrunk), difference=0.75)
    assert values(one) == [
        "1.05 s",
        "▲ +500 ms, 50 % ± 10",
        "▼ -250 ms, -25 %",
        "▲ +500 ms, 67 %",
        "1.8 s",
    ]
    figure = waterfall(one)
    assert figure is not None
    colors = figure["data"][0]["marker"]["color"]
    assert colors[1:3] == [figures.MORE, figures.LESS]


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=30), st.floats(-1e3, 1e3))
@example([3.3e-16], 0.0)
def test_the_bars_add_up_however_many_causes_there_are(parts: list[float], residual: float) -> None:
    """The smallest causes are added up in one bar, and nothing is lost by it."""
    one = explanation(
        causes=tuple(replace(CAUSE, amount=part, interval=None) for part in parts),
        residual=residual,
        difference=sum(parts) + residual,
    )
    figure = waterfall(one)
    assert figure is not None
    trace = figure["data"][0]
    ends = [base + length for base, length in zip(trace["base"], trace["x"], strict=True)]
    axis = figure["layout"]["xaxis"]
    assert axis["range"][0] < axis["range"][1]
    assert len({*axis["ticktext"]}) == len(axis["tickvals"]) > 1
    assert len(ends) <= MOST_CAUSES + 4
    assert ends[-1] == pytest.approx(1.05 + sum(parts) + residual, abs=1e-6)
    for end, start in zip(ends[:-2], trace["base"][1:-1], strict=True):
        assert start == pytest.approx(end, abs=1e-6)


def test_a_small_change_is_seen_and_the_broken_axis_is_told() -> None:
    """Where all happens far from 0 the axis begins there, and says so."""
    cause = replace(CAUSE, amount=0.01, interval=Interval(0.008, 0.012), share=1.0)
    one = explanation(causes=(cause,), residual=0.0, difference=0.01)
    figure = waterfall(one)
    assert figure is not None
    axis = figure["layout"]["xaxis"]
    assert axis["range"][0] == pytest.approx(1.035)
    assert axis["title"]["text"] == "the axis begins at 1.035 s"
    assert [base + length for _, base, length in bars(one)] == pytest.approx(
        [1.05, 1.06, 1.06, 1.06]
    )


def test_a_cause_may_have_any_name() -> None:
    """One that is called like the bars at the ends is still a cause."""
    named = [replace(CAUSE, name=name, amount=0.25) for name in ("before", "after")]
    assert bars(explanation(causes=tuple(named)))[1:3] == [
        ("before", 1.05, 0.25),
        ("after", 1.3, 0.25),
    ]


def test_an_interval_is_drawn_where_one_is_known() -> None:
    """The error bar reaches from one end of the cause's interval to the other."""
    figure = waterfall(explanation())
    assert figure is not None
    doubts = figure["data"][2]
    assert (doubts["x"], doubts["y"]) == ([1.55], [1])
    assert doubts["error_x"]["array"] == pytest.approx([0.1])
    assert doubts["error_x"]["arrayminus"] == pytest.approx([0.1])


def test_memory_is_in_bytes() -> None:
    """The waterfall of memory is in its own unit, its axis too."""
    one = explanation(
        kind="peakmem",
        unit=BYTES,
        causes=(replace(CAUSE, amount=3e6, interval=None, share=0.75),),
        difference=4e6,
        residual=1e6,
        rounds_before=Rounds((4e6,), (), ()),
        rounds_after=Rounds((8e6,), (), ()),
    )
    assert values(one) == ["4 MB", "▲ +3 MB, 75 %", "▲ +1 MB, 25 %", "8 MB"]
    figure = waterfall(one)
    assert figure is not None
    assert figure["layout"]["xaxis"]["ticktext"] == ["0", "2 MB", "4 MB", "6 MB", "8 MB"]


UNKNOWN: dict[str, Any] = {
    "verdict": Verdict.UNKNOWN,
    "ratio": None,
    "interval": None,
    "difference": None,
    "residual": None,
    "causes": (),
}


@pytest.mark.parametrize(
    "changes",
    [UNKNOWN, {"causes": (), "residual": 1.0}, {"rounds_after": Rounds((), (), ())}],
    ids=["unknown", "no causes", "no values"],
)
def test_there_is_no_waterfall_of_nothing(changes: dict[str, Any]) -> None:
    """Without a measured difference or a cause there is none."""
    assert waterfall(explanation(**changes)) is None


def test_each_round_is_a_dot_and_the_interval_a_band() -> None:
    """Ratios are those of rounds side by side; a round from 0 has none."""
    one = explanation(
        rounds_before=Rounds((1.0, 0.0, 2.0, 3.0), (), ()),
        rounds_after=Rounds((2.0, 1.0, 3.0), (), ()),
    )
    figure = ratios(one)
    assert figure is not None
    dots = figure["data"][0]
    assert (dots["x"], dots["y"]) == ([1, 3], [2.0, 1.5])
    band, nothing, middle = figure["layout"]["shapes"]
    assert (band["y0"], band["y1"]) == (1.9, 2.1)
    assert (nothing["y0"], middle["y0"]) == (1.0, 2.0)
    low, high = figure["layout"]["yaxis"]["range"]
    assert low < 1.0
    assert high > 2.1


@pytest.mark.parametrize(
    "changes",
    [UNKNOWN, {"rounds_before": Rounds((0.0, 0.0), (), ())}],
    ids=["unknown", "tracked from 0"],
)
def test_there_are_no_ratios_where_there_is_no_ratio(changes: dict[str, Any]) -> None:
    """A verdict without a ratio has no such chart."""
    assert ratios(explanation(**changes)) is None


def test_icicles_tell_the_change_in_text_and_colour_alike() -> None:
    """A slice has the seconds of both sides, its sign, and a colour of that sign."""
    after = side_of({"main": 1.0, "main;left": 2.0, "main;fresh": 5.0}, {"left": 2})
    found = icicles(pair_of(PLAIN, after))
    assert list(found) == ["before", "after", "gone"]
    trace = found["before"]["data"][0]
    row = trace["labels"].index("left")
    assert trace["text"][row] == "5 s → 2 s (▼ -3 s)"
    assert trace["customdata"][row] == "pkg/mod.py:2<br>calls in all 2 → 2"
    assert trace["marker"]["colors"][row] < 0
    trace = found["after"]["data"][0]
    row = trace["labels"].index("fresh")
    assert trace["text"][row] == "0 ns → 5 s (▲ +5 s)"
    assert trace["marker"]["colors"][row] == 1
    trace = found["gone"]["data"][0]
    assert trace["text"][trace["labels"].index("right")] == "2 s gone, 2 s → 0 ns (▼ -2 s)"


def test_a_view_with_nothing_in_it_is_left_out() -> None:
    """Where nothing got less, nothing is gone."""
    assert list(icicles(pair_of(PLAIN, PLAIN))) == ["before", "after"]


@st.composite
def pairs(draw: st.DrawFn) -> ProfilePair:
    """Profiles that hypothesis makes up, on both sides."""
    return pair_of(draw(sides(raw_profiles())), draw(sides(raw_profiles())))


@given(pairs())
def test_plotly_takes_every_figure_as_its_own(pair: ProfilePair) -> None:
    """Each property is one that plotly knows, and JSON holds all that is in a figure."""
    for figure in everything(pair, explanation()):
        go.Figure(figure)
        assert json.loads(json.dumps(figure, allow_nan=False)) == figure


def strings(value: Any) -> list[str]:
    """All texts in a figure."""
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for one in inner for text in strings(one)]


def test_names_are_text_to_plotly() -> None:
    """What it would take for markup is written as entities, in every figure."""
    side = side_of({HOSTILE: 1.0, f"{HOSTILE};<lambda>": 2.0})
    one = explanation(
        causes=(replace(CAUSE, name=HOSTILE, account=HOSTILE),), unit=HOSTILE, kind="track"
    )
    texts = [text for figure in everything(pair_of(side, PLAIN), one) for text in strings(figure)]
    assert entities(HOSTILE) in texts
    assert "&lt;lambda&gt;" in texts
    ours = re.compile(r"<br>|<extra></extra>")
    assert not [text for text in texts if re.search("[<>]", ours.sub("", text))]


@pytest.mark.parametrize("make", [waterfall, ratios])
def test_control_characters_are_not_drawn(
    make: Callable[[Explanation], dict[str, Any] | None],
) -> None:
    """A name with them is one line of readable text."""
    figure = make(explanation(causes=(replace(CAUSE, name="a\x1b\n\u202eb"),)))
    assert all(text.isprintable() for text in strings(figure))


def test_the_tree_as_text_names_what_is_new_and_gone() -> None:
    """Those who can't see the chart find the same figures in it."""
    after = side_of({"main": 1.0, "main;fresh": 5.0})
    (main,) = tree_text(pair_of(PLAIN, after))
    assert [(one.name, one.before, one.after, one.difference) for one in main.children] == [
        ("left", 5.0, 0.0, -5.0),
        ("fresh", 0.0, 5.0, 5.0),
        ("right", 2.0, 0.0, -2.0),
    ]


def test_every_colour_has_one_for_a_dark_page() -> None:
    """The script puts another colour for each, and no two become one."""
    table = re.search(r"const DARK = \{(.*?)\};", SCRIPT.read_text(encoding="utf-8"), re.DOTALL)
    assert table is not None
    dark = dict(re.findall(r'"(#\w{6})": "(#\w{6})"', table[1]))
    colors = {getattr(figures, name) for name in figures.__all__ if name.isupper()}
    assert dark.keys() == colors
    assert len({*dark.values()}) == len(dark)
