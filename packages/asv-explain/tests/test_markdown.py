"""The pull request's summary, as a Markdown library renders it."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser

import pytest
from explanations import CAUSE, PROOF, REVERSAL, explanation, unknown
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from asv_explain.bisection import Bisection
from asv_explain.explanation import (
    CallChange,
    Caveat,
    CommitRef,
    Detail,
    Explanation,
    Interval,
    LineChange,
    LineCost,
    Place,
    PutBack,
    ThreadCost,
    Verdict,
)
from asv_explain.reports.markdown import FIRST_CAUSES, HUNK_LINES, LIMIT, to_markdown
from asv_explain.reports.text import plain

HOSTILE = (
    "</script>|<img src=x onerror=alert(1)>`*_[a](b)\x1b[31m\n# h ```\n</details> @octocat #12 "
    ":tada: www.example.org https://example.org $x$ \\"
)

OURS = {"details", "summary", "br", "table", "thead", "tbody", "tr", "th", "td"}
MARKDOWN = {"p", "pre", "code", "ul", "li"}

BLANK = "\u200b"
"""What keeps GitHub from taking a text for a person, an issue or an emoji."""


class Page(HTMLParser):
    """What a browser would show: tags, the texts of rows, of summaries and of code blocks."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.open: list[str] = []
        self.rows: list[list[str]] = []
        self.summaries: list[str] = []
        self.codes: list[str] = []
        self.words = ""
        self.feed(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag; only a code block's language and a column's side are attributes."""
        assert {name for name, _ in attrs} <= {"class", "style"}
        self.tags.append(tag)
        if tag == "br":
            self.handle_data("\n")
            return
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
        elif tag == "summary":
            self.summaries.append("")
        elif tag == "pre":
            self.codes.append("")

    def handle_endtag(self, tag: str) -> None:
        """Close what was opened last."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Add to whatever is open."""
        if "td" in self.open or "th" in self.open:
            self.rows[-1][-1] += data
        elif "summary" in self.open:
            self.summaries[-1] += data
        elif "pre" in self.open:
            self.codes[-1] += data
        if "pre" not in self.open:
            self.words += data


def hostile(text: str) -> Explanation:
    """An explanation in which every text is the same."""
    place = Place(text, 3)
    commit = CommitRef(text, text, text, text)
    cause = dataclasses.replace(
        CAUSE,
        name=text,
        path=text,
        kind=text,
        account=text,
        before=place,
        after=place,
        hunk=text,
        commits=(commit,),
        lines=(LineChange(text, place, place, 1, 2, 1, 1, text),),
        line_costs=(LineCost(text, 1, 1, 0.5, 0.25),),
        details=(Detail(text, text, text, 0.1, 0.1, 1, 2),),
        proof=dataclasses.replace(PROOF, names=(text,), reason=text),
    )
    return explanation(
        benchmark=text,
        params=(text,),
        environment=text,
        unit=text,
        causes=(cause,),
        caveats=(Caveat(text, text, text),),
        calls=(CallChange(text, text, 1, 2),),
        threads=(ThreadCost(text, text, 0.5, 0.25),),
        reversal=dataclasses.replace(
            REVERSAL,
            changes=(dataclasses.replace(REVERSAL.changes[0], name=text, path=text),),
            others=(PutBack((text,), -0.2, Interval(-0.3, -0.1)),),
            patch=text,
        ),
    )


def test_verdicts_come_first_the_worst_on_top_and_all_else_is_folded() -> None:
    """One row for each change; causes with shares below, and what stayed the same at the end."""
    broken = unknown(benchmark="suite.broken")
    worse = explanation(benchmark="suite.worse", ratio=3.0)
    text = to_markdown(
        [
            explanation(benchmark="suite.same", verdict=Verdict.SAME),
            explanation(benchmark="suite.quick", verdict=Verdict.FASTER, ratio=0.5),
            broken,
            explanation(benchmark="suite.bad"),
            worse,
        ]
    )
    assert text.startswith("| verdict | benchmark | ratio | first cause |")
    page = Page(text)
    assert [row[:2] for row in page.rows[:5]] == [
        ["verdict", "benchmark"],
        ["slower", "suite.worse(10, 'deep')"],
        ["slower", "suite.bad(10, 'deep')"],
        ["unknown", "suite.broken(10, 'deep')"],
        ["faster", "suite.quick(10, 'deep')"],
    ]
    assert page.rows[1][2:] == ["3.00 [1.90 to 2.10]", "FlowManager.should_skip, 50 % ± 10"]
    assert page.rows[3][2:] == ["not measured", ""]
    assert text.index("<details>") > text.index("suite.quick")
    assert page.rows[5:7] == [
        ["cause", "share", "made of", "commits"],
        [
            "FlowManager.should_skip\ncascade/runtime/skips.py:17 (was cascade/runtime/flow.py:15)",
            "50 % ± 10\n+500 ms",
            "calls 12 → 12.50, cost per call 1 µs → 2 µs, async",
            "aaaaaaaa feat: x",
        ],
    ]
    assert page.summaries[0].startswith("suite.worse(10, 'deep') got slower between")
    assert page.summaries[1] == "diff of FlowManager.should_skip"
    assert page.summaries[-1] == "1 stayed the same"
    assert page.rows[-1] == ["same", "suite.same(10, 'deep')", "2.00 [1.90 to 2.10]"]
    assert "1.05 s → 2.05 s, explained 50 % of +1 s" in page.words
    assert "caveat: only 2 rounds; raise --budget" in page.words
    assert page.codes[0] == "@@ -1 +1 @@\n-def\n+async def\n\n"


def test_noise_is_no_first_cause() -> None:
    """The table names what can be told from noise, or says that nothing can."""
    noise = dataclasses.replace(CAUSE, noise=True)
    sure = dataclasses.replace(CAUSE, name="sure", amount=0.0)
    page = Page(
        to_markdown([explanation(causes=(noise, sure), ratio=3.0), explanation(causes=(noise,))])
    )
    assert [row[3] for row in page.rows[1:3]] == ["sure, 50 % ± 10", "none above noise"]


def test_nothing_slower_is_one_line() -> None:
    """A pull request that slows nothing gets one line; one that measures nothing says that."""
    same, faster = explanation(verdict=Verdict.SAME), explanation(verdict=Verdict.FASTER)
    assert to_markdown([same]) == "Nothing got slower: 1 benchmark measured.\n"
    assert to_markdown([same, faster]) == (
        "Nothing got slower: 2 benchmarks measured, 1 of them faster.\n"
    )
    assert to_markdown([]) == "There was nothing to explain.\n"


def test_a_range_counts_as_a_whole() -> None:
    """Where no commit is slower by itself the range still is, and is no line of good news."""
    search = Bisection(
        before="b" * 40,
        after="a" * 40,
        commits=3,
        verdict=Verdict.SLOWER,
        ratio=1.2,
        interval=Interval(1.1, 1.3),
        measured=(),
        skipped=(),
        suspected=("a" * 40,),
        merged=None,
        share=0.4,
        share_interval=None,
        rest=None,
    )
    page = Page(to_markdown([explanation(verdict=Verdict.SAME, bisection=search)]))
    assert page.rows[1][0] == "slower"
    assert page.rows[1][2] == "1.20 [1.10 to 1.30]"
    assert "bisected 3 commits" in page.words


def test_environments_are_told_apart_where_there_are_several() -> None:
    """The same benchmark twice would else be two rows of one name."""
    one, other = explanation(), explanation(environment="virtualenv-py3.12")
    assert "virtualenv" not in to_markdown([one])
    rows = Page(to_markdown([one, other])).rows
    assert [row[1].partition("\n")[2] for row in rows[1:3]] == [
        "virtualenv-py3.11",
        "virtualenv-py3.12",
    ]


def shown(text: str) -> str:
    """A text as it is to be read."""
    return plain(text).strip()


def test_nothing_from_outside_is_markup() -> None:
    """Every text comes out as those very characters, in tables of the right cells."""
    text = to_markdown([hostile(HOSTILE), explanation(environment="other")])
    page = Page(text)
    assert set(page.tags) <= OURS | MARKDOWN
    assert {len(row) for row in page.rows} == {2, 4}
    rows = [[cell.replace(BLANK, "") for cell in row] for row in page.rows]
    long = f"{HOSTILE}({HOSTILE})"
    assert rows[1][1].startswith(plain(long)[:190])
    assert rows[1][1].endswith(f"\n{shown(HOSTILE)}")
    assert rows[1][3].startswith(f"{shown(HOSTILE)}, 50 % ± 10, proven: 55 %")
    assert any(row[0] == f"{shown(HOSTILE)}\n{shown(HOSTILE)}:3" for row in rows)
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", text)


def test_github_takes_no_text_for_a_person_an_issue_or_an_emoji() -> None:
    """It looks for them in the text that Markdown became, so that escaping alone is not enough."""
    page = Page(to_markdown([hostile(HOSTILE)]))
    assert f"@{BLANK}octocat" in page.words
    assert not re.search(r"@\w|#\d|:tada:", page.words)
    assert "www." not in to_markdown([hostile(HOSTILE)]).partition("diff of")[0]


@pytest.mark.parametrize("hunk", ["@@\n ````\n+```\n </details>\n~~~~", "`", "+\t\x1b[0m"])
def test_a_diff_ends_where_its_fence_does(hunk: str) -> None:
    """Whatever fences and tags it holds, and with its indents."""
    page = Page(to_markdown([explanation(causes=(dataclasses.replace(CAUSE, hunk=hunk),))]))
    assert page.codes == [hunk.expandtabs(4).replace("\x1b", "?") + "\n"]
    assert page.summaries[-1].startswith("diff of")
    assert "caveat: only 2 rounds" in page.words


def test_what_is_long_is_cut_and_said() -> None:
    """Diffs, causes and commits beyond the first ones are counted, names are cut."""
    commits = tuple(CommitRef(f"{n:040}", "", "", "feat") for n in range(9))
    hunk = "\n".join(f"+{n}" for n in range(HUNK_LINES + 5))
    cause = dataclasses.replace(CAUSE, amount=0.01, hunk=hunk, commits=commits, name="n" * 9_999)
    page = Page(to_markdown([explanation(causes=(cause,) * 50)]))
    assert "… 5 more lines" in page.codes[0]
    assert len(page.codes) == 3
    assert f"{50 - FIRST_CAUSES} more causes: +400 ms" in page.words
    assert page.rows[3][3].splitlines()[-1] == "and 6 more"
    assert max(len(cell) for row in page.rows for cell in row) < 300


def test_it_keeps_within_what_github_takes() -> None:
    """However many explanations, the text fits, begins with verdicts, and says what is left out."""
    text = to_markdown([explanation()] * 2_000)
    assert len(text) <= LIMIT
    page = Page(text)
    verdicts = sum(row[0] == "slower" for row in page.rows)
    details = sum("got slower" in one for one in page.summaries)
    assert min(verdicts, details) > 50
    assert f"{2_000 - verdicts} more verdicts did not fit here" in page.words
    assert f"{2_000 - details} more explanations did not fit here" in page.words


def test_diffs_give_way_to_causes_and_the_unchanged_to_both() -> None:
    """Where there is room for all causes but not for all diffs, the first ones have theirs."""
    long = dataclasses.replace(CAUSE, hunk="\n".join(["+" + "x" * 150] * HUNK_LINES))
    same = [explanation(verdict=Verdict.SAME)] * 1_000
    text = to_markdown([explanation(causes=(long,))] * 20 + same)
    assert len(text) <= LIMIT
    page = Page(text)
    assert sum("got slower" in one for one in page.summaries) == 20
    assert 0 < len(page.codes) < 20
    assert "1000 stayed the same." in page.words
    assert "did not fit" not in page.words


texts = st.one_of(
    st.text(max_size=300),
    st.lists(st.sampled_from([*"|`<>&\\*_#@:[]()~-+$ \n\r\t", "```", "www.", "a"])).map("".join),
)


@given(texts, st.integers(1, 4))
def test_any_text_is_only_text(text: str, count: int) -> None:
    """Whatever is written, the tags are ours, the tables have their cells, and it fits."""
    written = to_markdown([hostile(text)] * count)
    page = Page(written)
    assert len(written) <= LIMIT
    assert set(page.tags) <= OURS | MARKDOWN
    assert {len(row) for row in page.rows} == {2, 4}
    assert len(page.summaries) == count * (3 if text else 1)


@settings(max_examples=10)
@given(st.sampled_from("|`<\U0001f600a"), st.integers(1, 30_000), st.integers(1, 300))
def test_any_size_fits(character: str, length: int, count: int) -> None:
    """Names as long as can be are cut before they crowd out the verdicts."""
    written = to_markdown([hostile(character * length)] * count)
    assert len(written) <= LIMIT
    assert "slower" in written
    assert set(Page(written).tags) <= OURS | MARKDOWN
