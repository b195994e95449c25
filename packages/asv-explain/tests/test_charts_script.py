"""The script draws, zooms, searches, darkens and prints, in a browser under a strict policy."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import plotly
import pytest
from explanations import CAUSE, explanation
from playwright.sync_api import Browser, Locator, Page, sync_playwright
from profile_pairs import pair_of, side_of

from asv_explain.pages import figures
from asv_explain.pages.charts import icicles, ratios, waterfall

SCRIPT = Path(figures.__file__).parent / "static" / "charts.js"
PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
HOSTILE = "</script><img src=x onerror=alert(1)>"
POLICY = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'"
CHANGE = "before", "after", "gone"


def figures_by_id() -> dict[str, dict[str, Any]]:
    """Figures with hostile names; work moved from a function that is gone to a new one."""
    before = {
        HOSTILE: 1.0,
        f"{HOSTILE};<genexpr>": 2.0,
        f"{HOSTILE};<genexpr>;<b>leaf</b>": 2.0,
        f"{HOSTILE};old.work": 5.0,
    }
    after = {stack.replace("old", "new"): seconds for stack, seconds in before.items()}
    after[f"{HOSTILE};new.work"] = 7.0
    trees = icicles(pair_of(side_of(before), side_of(after)))
    one = explanation(causes=(replace(CAUSE, name=HOSTILE, account=HOSTILE),))
    drawn = {"waterfall": waterfall(one), "ratios": ratios(one)}
    assert all(drawn.values())
    return {**{name: figure or {} for name, figure in drawn.items()}, **trees}


def html() -> str:
    """A page as the script expects it."""
    parts = [
        f'<label><input type="radio" name="view" value="{view}">{view}</label>' for view in CHANGE
    ]
    parts[0] = parts[0].replace("value=", "checked value=")
    parts.append('<input type="search" id="find"><span id="found" role="status"></span>')
    parts.append('<button type="button" id="reset">Whole tree</button>')
    for name, figure in figures_by_id().items():
        view = f' data-view="{name}"' if name in CHANGE else ""
        data = json.dumps(figure).replace("<", "\\u003c").replace("&", "\\u0026")
        parts.append(f'<div class="chart" data-chart="{name}" data-label="of {name}"{view}></div>')
        parts.append(f'<script type="application/json" id="{name}">{data}</script>')
    return (
        '<!doctype html><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<script src="plotly.min.js"></script><script src="charts.js"></script>' + "\n".join(parts)
    )


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, where it is installed; where CI asks for it, it must be."""
    path = shutil.which("chromium")
    if path is None:
        missing = pytest.fail if "ASV_EXPLAIN_BROWSER" in os.environ else pytest.skip
        missing("Chromium is not installed")
    with sync_playwright() as playwright:
        # Chromium's own sandbox does not start as root.
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """The page, drawn; nothing may be said in its console, nor asked."""
    for path in (SCRIPT, PLOTLY):
        shutil.copy(path, tmp_path)
    (tmp_path / "index.html").write_text(html(), encoding="utf-8")
    found = browser.new_page(viewport={"width": 1280, "height": 900})
    said: list[str] = []
    found.on("console", lambda message: said.append(message.text))
    found.on("pageerror", lambda error: said.append(str(error)))
    found.on("dialog", lambda dialog: said.append(f"dialog: {dialog.message}"))
    found.goto((tmp_path / "index.html").as_uri())
    found.wait_for_selector("[data-chart=ratios] .point")
    yield found
    found.close()
    assert said == []


def slices(page: Page, view: str) -> Locator:
    """The rectangles of a view, the outermost first."""
    return page.locator(f"[data-view={view}] .slice")


def expect_texts(locator: Locator, *texts: str) -> None:
    """Wait until these are the beginnings of the texts, in order."""
    from playwright.sync_api import expect

    expect(locator).to_have_count(len(texts))
    for index, text in enumerate(texts):
        expect(locator.nth(index)).to_contain_text(text)


def test_hostile_names_show_as_that_text(page: Page) -> None:
    """In the waterfall, in the tree and beside the pointer, nothing is markup."""
    names = page.locator("[data-chart=waterfall] .ytick text").all_text_contents()
    assert names[1].strip() == HOSTILE
    expect_texts(
        slices(page, "before"), "the whole call", HOSTILE, "old.work", "<genexpr>", "<b>leaf</b>"
    )
    slices(page, "before").nth(4).hover()
    expect_texts(page.locator(".hoverlayer text"), "<b>leaf</b>")
    assert page.locator(".chart :is(img, a, b)").count() == 0


def test_each_view_shows_its_own_tree(page: Page) -> None:
    """What vanished is in the gone view, and not in the after view; one is shown at a time."""
    page.check("[value=after]")
    expect_texts(slices(page, "after").filter(has_text="work"), "new.work")
    page.check("[value=gone]")
    expect_texts(slices(page, "gone").filter(has_text="work"), "old.work")
    assert page.locator("[data-view]:visible").count() == 1


def test_a_click_zooms_and_the_button_shows_all_again(page: Page) -> None:
    """A click fills the width with a node, another one on it leads back up, the button out."""
    slices(page, "before").filter(has_text="<genexpr>").click()
    expect_texts(slices(page, "before"), "↑ <genexpr>", "<b>leaf</b>")
    slices(page, "before").first.click()
    expect_texts(slices(page, "before").first, f"↑ {HOSTILE}")
    page.click("#reset")
    expect_texts(slices(page, "before").first, "the whole call")


def test_a_search_tells_how_many_and_how_much(page: Page) -> None:
    """Matches are counted, told as a share of the view's time, starred, and zoomed to by Enter."""
    page.fill("#find", "<GENEXPR>")
    # 4 of 10 seconds before.
    expect_texts(page.locator("#found"), "1 place, 40.0 % of the time before")
    expect_texts(slices(page, "before").filter(has_text="★"), "★ <genexpr>")
    page.press("#find", "Enter")
    expect_texts(slices(page, "before"), "★ ↑ <genexpr>", "<b>leaf</b>")
    page.check("[value=gone]")
    expect_texts(page.locator("#found"), "0 places, 0.0 % of what is gone")
    page.fill("#find", "")
    assert page.inner_text("#found") == ""


def test_a_nested_match_is_not_counted_twice(page: Page) -> None:
    """Its time is in that of the match which holds it."""
    page.fill("#find", "pkg/mod.py")
    expect_texts(page.locator("#found"), "4 places, 100.0 % of the time before")


def test_colours_follow_the_reader_and_paper_is_light(page: Page) -> None:
    """Dark and light switch live; what is printed is drawn light, and dark again after."""
    from playwright.sync_api import expect

    name = page.locator("[data-chart=waterfall] .ytick text").first
    light, dark = "rgb(31, 35, 40)", "rgb(232, 234, 237)"
    expect(name).to_have_css("fill", light)
    page.emulate_media(color_scheme="dark")
    expect(name).to_have_css("fill", dark)
    page.emulate_media(media="print", color_scheme="dark")
    expect(name).to_have_css("fill", light)
    page.emulate_media(media="screen", color_scheme="dark")
    expect(name).to_have_css("fill", dark)


def test_a_narrow_page_has_names_above_the_bars(page: Page) -> None:
    """On a telephone nothing stands out of the page, and every bar still has its name."""
    from playwright.sync_api import expect

    page.set_viewport_size({"width": 390, "height": 900})
    expect(page.locator("[data-chart=waterfall] .ytick")).to_have_count(0)
    texts = page.locator("[data-chart=waterfall] .annotation-text").all_text_contents()
    assert [text[:6] for text in texts[::2]] == ["before", "</scri", "residu", "after"]
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_name_too_long_keeps_its_last_part(page: Page) -> None:
    """Methods of one class are told apart where there is no room for the class."""
    name = "GraphExecutionStrategyOfTheWholeEngine.execute_node"
    page.evaluate(
        """name => {
            const data = document.getElementById("waterfall");
            const figure = JSON.parse(data.textContent);
            figure.layout.yaxis.ticktext[1] = name;
            data.textContent = JSON.stringify(figure);
            const again = document.createElement("script");
            again.src = "charts.js";
            document.body.append(again);
        }""",
        name,
    )
    bars = page.locator("[data-chart=waterfall]")
    expect_texts(bars.locator(".ytick").nth(1), name)
    page.set_viewport_size({"width": 390, "height": 900})
    expect_texts(bars.locator(".annotation-text").nth(2), "…execute_node")


def test_each_chart_has_a_name_for_a_screen_reader(page: Page) -> None:
    """A chart is an image with words in place of it."""
    from playwright.sync_api import expect

    expect(page.get_by_role("img", name="of waterfall")).to_be_visible()
