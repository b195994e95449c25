"""A walk through a published dashboard, as someone takes it who asks why a benchmark is slower.

`python -m observatory.browser.walk .asv/html` takes it and says each step.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from playwright.sync_api import Error, Locator, Page, expect

from observatory.browser.cdn import CdnError, answers
from observatory.browser.chromium import ChromiumError, Watch, started, visiting
from observatory.browser.server import FolderError, serving

__all__ = ["BENCHMARK", "WalkError", "main", "walk"]

BENCHMARK = "tco.StableComplexLoop.time_warm"
"""The benchmark whose explanation is looked at, unless another is named."""


class WalkError(Exception):
    """A step could not be taken, or a page did what it should not; the text says which."""


def walk(page: Page, address: str, benchmark: str, say: Callable[[str], object]) -> None:
    """Go from the grid to an explanation, through its parts, and back to it from Regressions.

    Raises playwright's Error or AssertionError where a step can't be taken.
    """
    page.goto(address)
    expect(page.locator("#summarygrid-display .benchmark-plot").first).to_be_visible()
    say("grid: the benchmarks are there")
    page.get_by_role("link", name="Explanations", exact=True).click()
    expect(page).to_have_title("Explanations")
    page.go_back()
    expect(page.locator("#summarygrid-display .benchmark-plot").first).to_be_visible()
    page.go_forward()
    found = page.get_by_role("row").filter(has=page.get_by_role("link", name=benchmark))
    slower = found.filter(has_text="slower")
    say(f"Explanations: {slower.count()} slower steps of {benchmark}; Back leads to the grid")
    slower.first.get_by_role("link", name=benchmark).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(benchmark)
    explained = page.url
    say(f"page: {page.get_by_role('heading', level=1).inner_text()}")
    cause = page.locator("table.causes tbody").first
    cause.get_by_role("group").first.locator("summary").click()
    diff = cause.get_by_role("region", name="Diff of ")
    expect(diff).to_be_visible()
    expect(diff.locator("ins, del").first).to_be_visible()
    changed = diff.locator("ins, del").count()
    say(f"first cause: {cause.locator('.name').first.inner_text()}, {changed} lines of its diff")
    expect(page.locator(".chart[data-view=before] g.slice").first).to_be_visible()
    # Where nothing is gone there is no such view.
    views = [view for view in ("After", "Gone") if page.get_by_role("radio", name=view).count()]
    for view in views:
        page.get_by_role("radio", name=view).check()
        chart = page.locator(f".chart[data-view={view.lower()}]")
        expect(chart.locator("g.slice").first).to_be_visible()
        say(f"call tree, {view.lower()}: {chart.locator('g.slice').count()} functions drawn")
    page.get_by_role("link", name="Regressions").click()
    why = page.get_by_role("link", name=f"why? {benchmark}")
    expect(why.first).to_be_visible()
    say(f"Regressions: {why.count()} links to explanations of {benchmark}")
    _follow(page, why.first, benchmark)
    say(f"why?: back {'at the same page' if page.url == explained else 'at ' + page.url}")
    page.goto(f"{address}#{benchmark.partition('(')[0]}")
    why = page.locator("#graphdisplay-navigation").get_by_role("link", name="why?")
    expect(why.first).to_be_visible()
    say(f"graph: {why.count()} links to explanations")
    _follow(page, why.first, benchmark)


def main(arguments: Sequence[str] | None = None) -> int:
    """Take the walk and return an exit status: 0, or 1 after a line that says what went wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m observatory.browser.walk", description="Walk through a dashboard."
    )
    parser.add_argument("folder", type=Path, help="what asv published, such as .asv/html")
    parser.add_argument("--benchmark", default=BENCHMARK, help="default: %(default)s")
    options = parser.parse_args(arguments)
    try:
        with serving(options.folder) as address, started() as browser:
            watch = Watch(address, answers())
            with visiting(browser, watch) as page:
                walk(page, address, options.benchmark, _say)
        if watch.complaints:
            raise WalkError("; ".join(watch.complaints))
    except (ChromiumError, CdnError, FolderError, WalkError, Error, AssertionError) as error:
        sys.stderr.write(f"walk: {' '.join(str(error).split())}\n")
        return 1
    _say("no error on the console, no dialog, and no request from an explanation to elsewhere")
    return 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _follow(page: Page, why: Locator, benchmark: str) -> None:
    why.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(benchmark)


if __name__ == "__main__":
    sys.exit(main())
