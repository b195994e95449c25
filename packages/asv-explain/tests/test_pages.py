"""A page shows all that an explanation holds, and nothing of it is markup or script."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from dataclasses import replace
from itertools import count

import pytest
from explanations import CAUSE, SAMPLED, explanation, unknown
from reading import HOSTILE, Read, hostile, pair_of, read

from asv_explain.explanation import (
    CallChange,
    Explanation,
    LineChange,
    LineCost,
    Place,
    Rounds,
    Verdict,
    decode,
    encode,
)
from asv_explain.pages import traveling
from asv_explain.pages.assets import script_hash, static
from asv_explain.pages.downloads import downloads
from asv_explain.pages.listing import Row, listing
from asv_explain.pages.page import page
from asv_explain.pages.traveling import LIMIT, traveling_page
from asv_explain.pages.words import sentence
from asv_explain.profiles.pair import ProfilePair

# Elements that a page has of itself; whatever is not here came from outside.
OWN_TAGS = {
    *("html", "head", "meta", "title", "link", "style", "script", "body", "template"),
    *("header", "nav", "main", "footer", "section", "div", "a", "p", "span", "strong", "em"),
    *("h1", "h2", "h3", "h4", "h5", "ul", "li", "dl", "dt", "dd", "time", "code", "pre", "wbr"),
    *("table", "caption", "thead", "tbody", "tr", "th", "td", "details", "summary"),
    *("ins", "del", "b", "svg", "rect", "form", "fieldset", "legend", "label", "input"),
    *("button", "select", "option"),
}


def shown(found: Explanation, pair: ProfilePair | None = None) -> Read:
    """The page of an explanation, read."""
    return read(page(found, pair, "name", downloads(found, pair)))


def test_everything_is_shown() -> None:
    """Every figure and text of an explanation and its causes stands on the page."""
    found = hostile()
    text = shown(found).text
    for one in (
        *("benchmark", "param", "environment", "machine", "subject", "author", "name", "path"),
        *("kind", "account", "file before", "file after", "head", "hunk", "source before"),
        *(
            "source after",
            "line",
            "via",
            "caveat",
            "remedy",
            "fact",
            "value",
            "back",
            "other",
            "put",
        ),
        *("helper", "thread", "beside"),
    ):
        assert f"{one} {HOSTILE}" in text, one
    for figure in (
        "50 % ± 10",
        "proven: 55 % [50 to 61] back",
        "+500 ms",
        "12 → 12.50",
        "1 µs → 2 µs",
        "250 ms",
        "12,345 and 12,345 samples in 8 rounds each at 1,000 a second",
        "678 → 678",
        "100 ms",
        "500 ms",
        "750 ms",
        "+400 ms",
        "b" * 8,
    ):
        assert figure in text
    for number, ratio in (("1 s", "2.000"), ("1.1 s", "1.909")):
        assert number in text
        assert ratio in text


@pytest.mark.parametrize("pair", [None, pair_of(name=lambda: f"function {HOSTILE}")])
def test_no_text_becomes_markup(pair: ProfilePair | None) -> None:
    """Whatever wants to be an element or an attribute is text, on every page alike."""
    found = hostile()
    files = downloads(found, pair)
    for text in (
        page(found, pair, "name", files),
        listing([Row("name.html", found)], [f"file {HOSTILE}"]),
        traveling_page([(found, pair)]),
        traveling_page([(found, pair), (found, None)]),
    ):
        one = read(text)
        assert set(one.tags) <= OWN_TAGS
        assert not one.open
        assert not [name for _, name, _ in one.attributes if name.startswith("on")]
        assert HOSTILE in one.text
        # JSON inside a script element can't end it, and a policy forbids any other script.
        assert "unsafe-eval" not in one.policy
        for values, _ in one.scripts:
            assert set(values) <= {"src", "defer", "type", "id"}


def test_data_of_charts_survives_being_escaped() -> None:
    """A name that ends script elements is the same name in the chart's data."""
    name = f"function {HOSTILE} \u2028&"
    found = hostile(causes=(replace(CAUSE, name=name),))
    text = page(found, None, "name", ())
    (block,) = (text for values, text in read(text).scripts if values.get("id") == "waterfall")
    assert not set("<>&\u2028") & set(block)
    assert "img src=x" in json.dumps(read(text).data("waterfall"))


def test_control_characters_are_not_shown() -> None:
    """An override of the direction of writing could make a name read as another."""
    found = explanation(benchmark="time_\u202eevil\x1b[31m")
    text = shown(found).text
    assert "time_?evil?[31m" in text
    assert not set("\u202e\x1b") & set(text)


def test_a_page_allows_only_its_own_files() -> None:
    """Its policy names no host, and what it links to lies beside it."""
    found = shown(explanation(), pair_of())
    assert "script-src 'self';" in found.policy
    assert "default-src 'none'" in found.policy
    links = [*found.all("link", "href"), *found.all("script", "src"), *found.all("a", "href")]
    assert "plotly.min.js" in links
    assert not [one for one in links if ":" in one or one.startswith("//")]


def test_a_page_offers_what_was_made() -> None:
    """Each download is linked, with a name that says of what it is."""
    found, pair = explanation(), pair_of()
    files = downloads(found, pair)
    assert [one.file for one in files] == [
        "explanation.json",
        *(f"{side}.{kind}" for side in ("before", "after") for kind in KINDS),
    ]
    assert decode(files[0].data) == found
    one = shown(found, pair)
    links = [link for link in one.all("a", "href") if link.startswith("name/")]
    assert links == [f"name/{one.file}" for one in files]
    assert one.all("a", "download") == [f"name-{one.file}" for one in files]


KINDS = ("prof", "speedscope.json", "folded")


def test_the_call_tree_has_three_views_and_a_text() -> None:
    """Each view has its data and its radio button; the text nests as the calls do."""
    found = shown(explanation(), pair_of())
    assert found.all("input", "value") == ["before", "after", "gone"]
    assert found.all("div", "data-view") == ["before", "after", "gone"]
    for view in ("before", "after", "gone"):
        assert found.data(f"icicle-{view}")["data"]
    assert "f1 5 s → 4 s, -1 s" in found.text
    assert "No stacks could be sampled" in found.text
    sampled = shown(explanation(sampling_before=SAMPLED, sampling_after=SAMPLED), pair_of())
    assert "stacks that were sampled" in sampled.text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "Nothing was sampled"),
        ({"sampling_after": SAMPLED}, "lost or can't be read"),
        ({"verdict": Verdict.SAME}, "takes the same time is not sampled"),
    ],
)
def test_without_profiles_it_says_why(changes: dict[str, object], words: str) -> None:
    """There is no chart of the tree, and no profile to download."""
    found = shown(explanation(**changes))
    assert words in found.text
    assert found.all("input", "name") == []
    assert found.all("a", "download") == ["name-explanation.json"]


def test_an_unknown_verdict_says_why_and_what_helps() -> None:
    """The reason stands on top, and there are no causes."""
    nothing = Rounds((), (), ())
    found = shown(
        unknown(
            kind="unknown",
            unit="",
            rounds_before=nothing,
            rounds_after=nothing,
        )
    )
    assert "could not be measured" in found.text
    assert "only 2 rounds. What helps: raise --budget." in found.text
    assert found.tags.count("table") == 0


def test_memory_shows_lines_blocks_and_sizes() -> None:
    """What is counted in calls of time is counted in blocks of memory."""
    line = LineChange("self.x = {}", None, Place("shop.py", 7), 0, 18448, 0, 1, "dict.fromkeys")
    cause = replace(CAUSE, amount=500.0, interval=None, lines=(line,), kind="changed")
    found = shown(
        explanation(kind="mem", unit="bytes", causes=(cause,), difference=1000.0, residual=500.0)
    ).text
    for words in ("Blocks", "Mean block", "self.x = {}", "shop.py:7", "0 B → 18.4 kB", "0 → 1"):
        assert words in found
    assert "dict.fromkeys" in found
    assert "takes 2 times as much memory" in found


def test_a_tracked_value_shows_what_is_called_more_often() -> None:
    """It has no causes, but calls."""
    found = shown(
        explanation(
            kind="track",
            unit="rows",
            causes=(),
            residual=1.0,
            calls=(CallChange("Shop.add", "shop.py", 3.0, 5.0),),
        )
    ).text
    assert "Shop.add" in found
    assert "rose to 2 times" in found
    assert "can't be told from the value alone" in found


def test_noise_is_said_in_words() -> None:
    """A cause within noise is never the one that the sentence names."""
    found = explanation(causes=(replace(CAUSE, noise=True),))
    assert "within noise" in shown(found).text
    assert sentence(found).endswith("no cause can be told from noise.")


@pytest.mark.parametrize(
    ("ratio", "verdict", "words"),
    [
        (1.119, Verdict.SLOWER, "got 12 % slower (1.12 times, 95 % interval 1.90 to 2.10)"),
        (1.05, Verdict.SLOWER, "got 5.0 % slower"),
        (3.0, Verdict.SLOWER, "takes 3 times as long (95 % interval"),
        (0.5, Verdict.FASTER, "takes 50 % less time (0.50 times"),
        (1.0, Verdict.SAME, "takes as much as before"),
    ],
)
def test_the_headline_is_one_plain_sentence(ratio: float, verdict: Verdict, words: str) -> None:
    """How much, how surely, between what, and the largest cause."""
    found = hostile(ratio=ratio, verdict=verdict, reversal=None)
    text = sentence(found)
    assert words in text
    assert f"“subject {HOSTILE}” ({'b' * 8})" in text
    if verdict is not Verdict.SAME:
        assert text.endswith("; the largest part, 50 ± 10 %, comes from name " + HOSTILE + ".")


def test_lines_of_code_carry_signs() -> None:
    """What came and what went is told by a sign, not by colour alone."""
    cause = replace(
        CAUSE,
        hunk="@@ -1,2 +1,2 @@\n kept\n-\told\n+new\n\\ No newline at end of file",
        source_before="a\nold",
        source_after="a\nnew",
    )
    text = page(explanation(causes=(cause,)), None, "name", ())
    found = read(text)
    assert "\N{MINUS SIGN}    old\n+new\n" in found.text
    assert "15 a\n16\N{MINUS SIGN}old\n" in found.text
    assert "17 a\n18+new\n" in found.text
    assert text.count("<ins ") == text.count("<del ") == 2


def test_costs_stand_beside_lines_of_code() -> None:
    """In the diff with both sides, in each source with its own; nothing where none is known."""
    costs = (LineCost("a", 15, 17, 1e-3, 2e-3), LineCost("new", None, 18, 0.0, 5e-3))
    cause = replace(
        CAUSE,
        hunk="@@ -15,2 +17,2 @@\n a\n-old\n+new\n",
        source_before="a\nold",
        source_after="a\nnew",
        line_costs=costs,
    )
    text = page(explanation(causes=(cause,)), None, "name", ())
    found = read(text).text
    assert " 1 ms → 2 msa\n" in found
    assert "\N{MINUS SIGN}old\n" in found
    assert "+5 msnew\n" in found
    assert "15 1 msa\n16\N{MINUS SIGN}old\n" in found
    assert "17 2 msa\n18+5 msnew\n" in found
    plain = page(explanation(causes=(replace(cause, line_costs=()),)), None, "name", ())
    assert 'class="cost"' in text
    assert 'class="cost"' not in plain


def test_the_list_puts_the_largest_loss_first_and_sorts_without_words() -> None:
    """Slower by ratio, then unknown, faster and the same; figures sort by their values."""
    verdicts = [
        (Verdict.SAME, 1.0),
        (Verdict.SLOWER, 1.5),
        (Verdict.FASTER, 0.5),
        (Verdict.SLOWER, 12.0),
        (Verdict.UNKNOWN, 1.2),
    ]
    rows = [
        Row(f"{ratio}.html", explanation(verdict=verdict, ratio=ratio))
        for verdict, ratio in verdicts
    ]
    found = read(listing(rows, []))
    links = [one for one in found.all("a", "href") if one[0].isdigit()]
    assert links == ["12.0.html", "1.5.html", "1.2.html", "0.5.html", "1.0.html"]
    assert "5 steps between commits, measured again and explained: 2 slower" in found.text
    assert found.all("td", "data-sort")[1] == "12.0"


def test_the_list_names_what_was_refused() -> None:
    """A file that can't be read is not passed over in silence."""
    assert "broken.json: schema 2" in read(listing([], ["broken.json: schema 2"])).text


def test_the_same_explanations_make_the_same_bytes() -> None:
    """Nothing in a page tells when it was made."""
    found, pair = hostile(), pair_of()
    assert traveling_page([(found, pair)]) == traveling_page([(found, pair)])
    assert shown(found, pair) == shown(found, pair)


def test_the_page_that_travels_runs_only_scripts_of_known_hash() -> None:
    """Every script in it is in its policy by its text, and it loads nothing."""
    found = read(traveling_page([(explanation(), pair_of())]))
    run = [text for values, text in found.scripts if "type" not in values]
    allowed = found.policy.split("script-src ")[1].split(";")[0].split()
    charts = next(text for values, text in found.scripts if values.get("id") == "charts")
    plotly = static("plotly.min.js")
    assert sorted(allowed) == sorted(map(script_hash, [*run, charts, plotly]))
    assert unpacked(found, "plotly") == plotly.encode()
    assert not found.all("script", "src")
    assert "link" not in found.tags


def unpacked(found: Read, name: str) -> bytes:
    """A block of the page that travels, unpacked."""
    (text,) = (text for values, text in found.scripts if values.get("id") == f"{name}-packed")
    return gzip.decompress(base64.b64decode(text))


def test_the_page_that_travels_holds_charts_and_downloads() -> None:
    """Both are what the site has, packed."""
    found, pair = explanation(), pair_of()
    one = read(traveling_page([(found, pair)]))
    offered = [unpacked(one, name) for name in one.all("button", "data-download")]
    assert offered == [file.data for file in downloads(found, pair)]
    for chart in one.all("div", "data-chart"):
        assert json.loads(unpacked(one, chart))["data"]
    assert one.all("button", "data-name")[0] == "1-explanation.json"


def test_several_travel_in_one_file_with_a_list() -> None:
    """Each has its section, linked from the list; ids are each other's nowhere."""
    slow, fast = explanation(), explanation(verdict=Verdict.FASTER, ratio=0.5)
    found = read(traveling_page([(fast, pair_of()), (slow, pair_of())]))
    assert found.all("a", "href")[1:3] == ["#e1", "#e2"]
    ids = [value for _, name, value in found.attributes if name == "id"]
    # Controls come into the page with the one explanation that is open.
    late = {"find", "found", "reset"}
    assert len(set(ids) - late) == len([one for one in ids if one not in late])
    assert found.tags.count("h1") == 1
    assert unpacked(found, "e1-explanation.json") == encode(slow)


def test_no_explanation_makes_a_page_that_says_so() -> None:
    """Where nothing was found to explain there is a page all the same."""
    assert "Nothing was found to explain" in read(traveling_page([])).text


def crowd(size: int) -> ProfilePair:
    """A pair of which the names alone take much room, however they are packed."""
    numbers = count()
    return pair_of(size, lambda: hashlib.sha256(str(next(numbers)).encode()).hexdigest())


def test_the_page_that_travels_leaves_out_what_does_not_fit() -> None:
    """Downloads go first, the largest of them first, and it is said which."""
    text = traveling_page([(explanation(), crowd(20_000))])
    assert len(text.encode()) <= LIMIT
    found = read(text)
    assert "Left out to keep this file small: before.speedscope.json" in found.text
    assert "1-explanation.json" in found.all("button", "data-name")
    assert "1-before.speedscope.json" not in found.all("button", "data-name")
    assert len(found.all("div", "data-view")) == 3


@pytest.mark.parametrize(
    ("spare", "words"),
    [(90_000, "the chart of the call tree"), (51_000, "did not fit into this file")],
)
def test_where_there_is_less_room_more_is_left_out(
    monkeypatch: pytest.MonkeyPatch, spare: int, words: str
) -> None:
    """After the downloads the call trees go, and then whole explanations from the end."""
    least = len(traveling_page([]).encode())
    monkeypatch.setattr(traveling, "LIMIT", least + spare)
    text = traveling_page([(hostile(), crowd(50))] * 8)
    assert least < len(text.encode()) <= least + spare
    found = read(text)
    assert words in found.text
    assert not found.all("div", "data-view")
    assert found.text.count("author") > 0
