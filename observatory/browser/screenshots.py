"""Pictures of a published dashboard: the README's two, or every width and colour scheme.

`python -m observatory.browser.screenshots .asv/html docs/images` writes the list and a page.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Error, Page, expect

from observatory.browser.chromium import ChromiumError, Watch, started, visiting
from observatory.browser.server import FolderError, serving
from observatory.browser.walk import BENCHMARK

__all__ = ["WIDE", "main"]

WIDE = 1280
"""Pixels of a desk's window."""

NARROW = 390
"""Pixels of a phone's."""

_PAGE_HEIGHT = 1400
"""Pixels of a page that are shown where it isn't shown whole: down to the first causes."""

_LIST, _PAGE = "explanations-list", "explanation"


def main(arguments: Sequence[str] | None = None) -> int:
    """Take the pictures and return an exit status: 0, or 1 after a line that says what is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m observatory.browser.screenshots", description="Photograph a dashboard."
    )
    parser.add_argument("folder", type=Path, help="what asv published, such as .asv/html")
    parser.add_argument("target", type=Path, help="where the pictures go")
    parser.add_argument(
        "--all", action="store_true", help="both widths, light and dark, and pages from end to end"
    )
    parser.add_argument("--benchmark", default=BENCHMARK, help="default: %(default)s")
    options = parser.parse_args(arguments)
    try:
        options.target.mkdir(parents=True, exist_ok=True)
        with serving(options.folder) as address, started() as browser:
            for path in _taken(browser, address, options):
                sys.stdout.write(f"{path} ({path.stat().st_size / 1000:.0f} kB)\n")
    except (ChromiumError, FolderError, Error, AssertionError, OSError) as error:
        sys.stderr.write(f"screenshots: {' '.join(str(error).split())}\n")
        return 1
    return 0


def _taken(browser: Browser, address: str, options: argparse.Namespace) -> Iterator[Path]:
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark") if options.all else ("light",)
    for width in (WIDE, NARROW) if options.all else (WIDE,):
        for scheme in schemes:
            end = f"-{width}-{scheme}" if options.all else ""
            with visiting(browser, Watch(address), width, scheme) as page:
                page.goto(f"{address}explanations/index.html")
                yield _picture(page, options.target / f"{_LIST}{end}.png", whole=options.all)
                page.set_viewport_size({"width": width, "height": _PAGE_HEIGHT})
                _open(page, options.benchmark)
                yield _picture(page, options.target / f"{_PAGE}{end}.png", whole=options.all)


def _open(page: Page, benchmark: str) -> None:
    rows = page.get_by_role("row").filter(has=page.get_by_role("link", name=benchmark))
    rows.get_by_role("link", name=benchmark).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(benchmark)
    # Of the views of the call tree one is drawn at first.
    for chart in page.locator(".chart:not([data-view]), .chart[data-view=before]").all():
        expect(chart.locator("svg").first).to_be_visible()


def _picture(page: Page, path: Path, *, whole: bool) -> Path:
    page.screenshot(path=path, full_page=whole)
    return path


if __name__ == "__main__":
    sys.exit(main())
