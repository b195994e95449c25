"""A published dashboard in a real browser: links, keys, names that would be markup, and colours."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from explanations import CAUSE, explanation
from playwright.sync_api import Browser, Page, expect
from profile_pairs import pair_of, side_of
from published import BENCHMARK, Published

from asv_explain.explanation import CommitRef, Explanation, Verdict
from asv_explain.pages.traveling import traveling_page
from asv_explain.profiles.pair import ProfilePair, ProfileSide
from observatory.browser.chromium import Watch, visiting
from observatory.browser.screenshots import WIDE
from observatory.browser.server import serving
from observatory.browser.walk import walk
from observatory.explain.tachyon import TACHYON, add_tachyon

ROOT = Path(__file__).parents[3]

HOSTILE = "</script><img src=x onerror=alert(1)>"
PLAIN_PARAMETER = "'plain'"
HOSTILE_PARAMETER = f"'{HOSTILE}'"
NARROWED_PARAMETER = "'narrowed'"
PLAIN = f"{BENCHMARK}({PLAIN_PARAMETER})"

SOURCE = "def has(self, item):\n    return item in self.items"

SERIOUS = ("serious", "critical")
"""The impacts that axe-core gives to what keeps people out."""

# Bytes that the README's readers may be asked to load for each.
LARGEST_PICTURE = 300_000

# More than anybody would press; a page that can't be reached by then can't be reached.
MOST_KEYS = 60

Scheme = Literal["light", "dark"]


def explained(name: str, path: str, words: str) -> Explanation:
    """An explanation with one cause; its texts are these."""
    commit = CommitRef("a" * 40, words, "2026-11-21T20:00:00+00:00", words)
    cause = dataclasses.replace(
        CAUSE,
        name=name,
        path=path,
        account=f"{name} changed",
        hunk=f"@@ -1,2 +1,2 @@\n def has(self, item):\n-    {words}\n+    return item\n",
        commits=(commit,),
        source_before=f"{SOURCE}\n    {words}",
        source_after=SOURCE,
    )
    return explanation(causes=(cause,), commit_before=commit, commit_after=commit)


def pair(name: str, path: str) -> ProfilePair:
    """Its profiles: a function took a second, and takes two as it calls another one."""

    def side(own: float, inner: str, seconds: float) -> ProfileSide:
        stacks = {"time_has": 0.1, f"time_has;{name}": own, f"time_has;{name};{inner}": seconds}
        made = side_of(stacks, {name: 10, inner: 100})
        functions = tuple(one._replace(path=path) for one in made.profile.functions)
        return dataclasses.replace(
            made, profile=dataclasses.replace(made.profile, functions=functions)
        )

    return pair_of(side(0.7, "digest", 0.2), side(1.1, "compare", 0.8))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """A dashboard with explanations of a benchmark with two parameters, and of others."""
    project = Published.make(
        tmp_path_factory.mktemp("shelf"),
        params=((PLAIN_PARAMETER, HOSTILE_PARAMETER, NARROWED_PARAMETER),),
        subjects={5: HOSTILE},
    )
    plain = explained("Table.has", "shelf.py", "look it up")
    hostile = explained(HOSTILE, f"{HOSTILE}.py", HOSTILE)
    taken = pair("Table.has", "shelf.py"), pair(HOSTILE, f"{HOSTILE}.py")
    faster = explanation(verdict=Verdict.FASTER, ratio=0.5, difference=-1.0, residual=-1.5)
    project.keep(plain, 4, 5, taken[0], params=(PLAIN_PARAMETER,))
    project.keep(plain, 4, 5, taken[0], params=(PLAIN_PARAMETER,), machine="another")
    project.keep(plain, 2, 7, taken[0], params=(PLAIN_PARAMETER,))
    project.keep(faster, 7, 8, params=(PLAIN_PARAMETER,))
    project.keep(hostile, 4, 5, taken[1], params=(HOSTILE_PARAMETER,))
    project.keep(hostile, 4, 5, taken[1], benchmark=HOSTILE)
    project.keep_narrowed(plain, 4, 5, params=(NARROWED_PARAMETER,))
    project.publish()
    add_tachyon(project.html, run_module)
    return project


def run_module(module: str, *arguments: str, show: Callable[[str], object]) -> int:
    """Run a module as `make explain` does."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], capture_output=True, text=True
    )
    show(done.stdout + done.stderr)
    return done.returncode


def in_browser(command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one of the browser's commands as its users do."""
    return subprocess.run(
        [sys.executable, "-m", f"observatory.browser.{command}", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


def page_of(project: Published, first: int, last: int, **wanted: object) -> str:
    """The page of the explanation of a step, by the numbers of its commits."""
    wanted["range"] = {"before": project.commits[first], "after": project.commits[last]}
    (page,) = (
        row["page"]
        for row in project.read("explanations/index.json")
        if wanted.items() <= {**row, "params": tuple(row["params"])}.items()
    )
    return str(page)


@dataclasses.dataclass
class Visitor:
    """Someone who looks at the dashboard, and what went wrong with it."""

    browser: Browser
    address: str
    watch: Watch

    def page(self, width: int = 1280, scheme: Scheme = "light") -> AbstractContextManager[Page]:
        """A fresh page."""
        return visiting(self.browser, self.watch, width, scheme)


@pytest.fixture
def visitor(project: Published, browser: Browser, elsewhere: dict[str, bytes]) -> Iterator[Visitor]:
    """Somebody for whom nothing went wrong in the end."""
    with serving(project.html) as address:
        visitor = Visitor(browser, address, Watch(address, elsewhere))
        yield visitor
        assert visitor.watch.complaints == []


def test_the_walk_from_the_grid_to_the_cause_and_back(visitor: Visitor) -> None:
    """Grid, list, page, diff, the tree of what is gone, Regressions, and back by *why?*."""
    said: list[str] = []
    with visitor.page() as page:
        walk(page, visitor.address, PLAIN, said.append)
    assert "first cause: Table.has, 2 lines of its diff" in said
    assert "call tree, gone: 1 functions drawn" in [re.sub(r"\d+", "1", one) for one in said]


def test_each_regression_leads_to_its_own_explanation(visitor: Visitor, project: Published) -> None:
    """By parameters, range and machine; a wider range explains another step."""
    with visitor.page() as page:
        page.goto(f"{visitor.address}#regressions")
        rows = page.locator("#regressions-body tbody tr")
        expect(rows.locator("a.why")).to_have_count(3)
        for parameter in (PLAIN_PARAMETER, HOSTILE_PARAMETER, NARROWED_PARAMETER):
            line = rows.filter(has_text=f"{BENCHMARK}({parameter})")
            expect(line.locator("a.why")).to_have_attribute(
                "href",
                f"explanations/{page_of(project, 4, 5, params=(parameter,), machine='box')}",
            )
        rest = page.locator(".why-rest li")
        expect(rest).to_have_count(2)
        expect(rest.filter(has_text=PLAIN)).to_have_count(1)
        page.get_by_role("button", name="Group regressions").click()
        expect(page.locator("#regressions-body tbody tr a.why")).to_have_count(3)


def test_the_graph_of_a_benchmark_names_its_steps(visitor: Visitor, project: Published) -> None:
    """Each step once, the newest first; another benchmark has none of them."""
    with visitor.page() as page:
        page.goto(f"{visitor.address}#{BENCHMARK}")
        why = page.locator("#graphdisplay-navigation a.why")
        expect(why).to_have_count(5)
        expect(why.first).to_have_attribute(
            "href", f"explanations/{page_of(project, 7, 8, params=(PLAIN_PARAMETER,))}"
        )
        page.get_by_role("link", name="Regressions").click()
        page.get_by_role("link", name=PLAIN, exact=True).click()
        expect(why).to_have_count(5)


def test_asvs_name_of_the_page_leads_to_it(visitor: Visitor) -> None:
    """Other interfaces may link to `#/explanations`, and Back does not lead there again."""
    with visitor.page() as page:
        page.goto(f"{visitor.address}#/summarylist")
        page.goto(f"{visitor.address}#/explanations")
        expect(page).to_have_title("Explanations")
        page.go_back()
        expect(page.locator("#summarylist-body")).to_be_visible()


@pytest.mark.usefixtures("browser", "elsewhere")
def test_the_walk_is_a_command(project: Published) -> None:
    """It says each step, and that nothing went wrong."""
    done = in_browser("walk", str(project.html), "--benchmark", PLAIN)
    assert (done.returncode, done.stderr) == (0, "")
    assert "first cause: Table.has, 2 lines of its diff" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("no error on the console")


@pytest.mark.usefixtures("browser")
def test_pictures_are_taken(project: Published, tmp_path: Path) -> None:
    """Two for the README, of one width and not too large."""
    done = in_browser("screenshots", str(project.html), str(tmp_path), "--benchmark", PLAIN)
    assert (done.returncode, done.stderr) == (0, "")
    pictures = sorted(tmp_path.glob("*.png"))
    assert len(pictures) == len(done.stdout.splitlines()) == 2
    for picture in pictures:
        # A PNG's header holds its width.
        assert int.from_bytes(picture.read_bytes()[16:20], "big") == WIDE
        assert picture.stat().st_size < LARGEST_PICTURE


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("place", ["list", "page"])
def test_nothing_keeps_anybody_out(
    visitor: Visitor, project: Published, place: str, scheme: Scheme
) -> None:
    """axe-core finds nothing serious, all details open."""
    name = page_of(project, 4, 5, params=(PLAIN_PARAMETER,), machine="box")
    with visitor.page(scheme=scheme) as page:
        page.goto(f"{visitor.address}explanations/{name if place == 'page' else 'index.html'}")
        if place == "page":
            expect(page.locator(".chart g.slice").first).to_be_visible()
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"]) for one in found if one["impact"] in SERIOUS] == []


@pytest.mark.parametrize("wanted", [{"benchmark": HOSTILE}, {"params": (HOSTILE_PARAMETER,)}])
def test_a_name_that_would_be_markup_is_text_on_its_page(
    visitor: Visitor, project: Published, wanted: dict[str, object]
) -> None:
    """Benchmark, parameter, function, file, source, subject and author."""
    with visitor.page() as page:
        page.goto(f"{visitor.address}explanations/{page_of(project, 4, 5, **wanted)}")
        expect(page.get_by_role("heading", level=1)).to_contain_text(HOSTILE)
        expect(page.locator(".chart g.slice").first).to_be_visible()
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        for place in ("table.causes th", "dl.glance dd", ".commits li", "pre.code"):
            found = page.locator(place).filter(has_text=HOSTILE)
            expect(found.first).to_be_visible()
        for view in ("Before", "After", "Gone"):
            page.get_by_role("radio", name=view).check()
            expect(page.locator(f".chart[data-view={view.lower()}] g.slice").first).to_be_visible()
        expect(page.locator("img")).to_have_count(0)


def test_a_name_that_would_be_markup_is_text_everywhere(visitor: Visitor) -> None:
    """In the list, in asv's Regressions and graph, and in asv-tachyon's pages."""
    with visitor.page() as page:
        page.goto(f"{visitor.address}explanations/index.html")
        expect(page.get_by_role("link", name=HOSTILE)).to_have_count(2)
        expect(page.locator("td").filter(has_text=HOSTILE).first).to_be_visible()
        expect(page.locator("img")).to_have_count(0)
        page.goto(f"{visitor.address}#regressions")
        expect(page.locator(".why-rest li").filter(has_text=HOSTILE)).to_have_count(1)
        page.goto(f"{visitor.address}#{BENCHMARK}")
        expect(page.locator(".why-panel p").filter(has_text=HOSTILE)).to_have_count(1)
        expect(page.locator("img[src=x]")).to_have_count(0)


def test_asv_tachyon_opens_the_explanation(visitor: Visitor, project: Published) -> None:
    """Its page loads nothing from elsewhere, tells the subjects, and *Open profile* is ours."""
    with visitor.page() as page:
        page.goto(f"{visitor.address}{TACHYON}#view=explore&bench={BENCHMARK}")
        link = page.get_by_role("link", name="Open profile")
        newest = page_of(project, 7, 8, params=(PLAIN_PARAMETER,))
        expect(link).to_have_attribute("href", f"explanations/{newest}")
        expect(page.get_by_title(HOSTILE)).to_have_count(1)
        expect(page.locator("img")).to_have_count(0)
        with page.expect_popup() as opened:
            link.click()
        expect(opened.value.get_by_role("heading", level=1)).to_contain_text(BENCHMARK)


def test_the_list_is_worked_by_keys(visitor: Visitor) -> None:
    """Tab reaches the heads of the columns, Enter and Space sort by them, Enter opens a page."""
    with visitor.page() as page:
        page.goto(f"{visitor.address}explanations/index.html")
        head = page.get_by_role("columnheader", name="Benchmark")
        _tab_to(page, head.get_by_role("button").evaluate("(one) => one.textContent"))
        page.keyboard.press("Enter")
        expect(head).to_have_attribute("aria-sort", "ascending")
        page.keyboard.press("Space")
        expect(head).to_have_attribute("aria-sort", "descending")
        _tab_to(page, PLAIN)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_contain_text(BENCHMARK)


def test_a_page_is_worked_by_keys(visitor: Visitor, project: Published) -> None:
    """Tab reaches a cause, Enter opens its diff, Space closes it, and arrows choose the view."""
    name = page_of(project, 4, 5, params=(PLAIN_PARAMETER,), machine="box")
    with visitor.page() as page:
        page.goto(f"{visitor.address}explanations/{name}")
        details = page.locator("table.causes details").first
        _tab_to(page, "Diff, commit and source")
        page.keyboard.press("Enter")
        expect(details.get_by_role("region", name="Diff of")).to_be_visible()
        page.keyboard.press("Space")
        expect(details.get_by_role("region", name="Diff of")).to_be_hidden()
        _tab_to(page, "Before")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        expect(page.get_by_role("radio", name="Gone")).to_be_checked()
        expect(page.locator(".chart[data-view=gone] g.slice").first).to_be_visible()


def test_the_page_that_travels_needs_nothing_but_itself(browser: Browser, tmp_path: Path) -> None:
    """Opened from a disk it draws, hands out its downloads, and takes names for text."""
    file = tmp_path / "why.html"
    subject = explained(HOSTILE, f"{HOSTILE}.py", HOSTILE), pair(HOSTILE, f"{HOSTILE}.py")
    file.write_text(traveling_page([subject]), encoding="utf-8")
    watch = Watch(file.as_uri())
    with visiting(browser, watch) as page:
        page.goto(file.as_uri())
        expect(page.locator(".chart g.slice").first).to_be_visible()
        with page.expect_download() as download:
            page.get_by_role("button", name="Explanation").click()
        kept = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
        expect(page.locator("img")).to_have_count(0)
    assert HOSTILE in json.dumps(kept, ensure_ascii=False)
    assert watch.complaints == []


def test_what_a_page_must_not_do_is_noticed(browser: Browser, tmp_path: Path) -> None:
    """The tests above would be worth nothing if an error, a dialog or a request went unseen."""
    script = "https://code.jquery.com/jquery-3.3.1.min.js"
    (tmp_path / "index.html").touch()
    (tmp_path / "explanations").mkdir()
    (tmp_path / "explanations" / "bad.html").write_text(
        f"<script>alert(1); console.error(2)</script><script src={script}></script>"
        "<img src=none.png><script>throw new Error(3)</script>",
        encoding="utf-8",
    )
    with serving(tmp_path) as address:
        watch = Watch(address, {script: b""})
        with visiting(browser, watch) as page:
            page.goto(f"{address}explanations/bad.html")
            page.wait_for_load_state("networkidle")
    told = "\n".join(watch.complaints)
    for what in ("dialog: 1", "console: 2", f"asks for {script}", "/none.png", "error: 3"):
        assert what in told


def _tab_to(page: Page, text: str) -> None:
    """Press Tab until what has the focus holds a text, in itself or in its label."""
    for _ in range(MOST_KEYS):
        page.keyboard.press("Tab")
        if text in str(
            page.evaluate(
                "((one) => one.labels?.[0]?.textContent ?? one.textContent)(document.activeElement)"
            )
        ):
            return
    raise AssertionError(f"Tab never reaches {text!r}")
