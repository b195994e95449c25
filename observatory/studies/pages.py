"""How long pages take to publish and to open: python -m observatory.studies.pages."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter

from playwright.sync_api import Browser, Error
from rich.console import Console
from rich.table import Table

from asv_explain.pages.traveling import traveling_page
from asv_explain.parts import Explained
from observatory.browser.chromium import ChromiumError, Watch, started, visiting
from observatory.browser.server import serving
from observatory.studies.many_explanations import fill, largest, made_up

__all__ = ["Taken", "main", "take"]

ROOT = Path(__file__).resolve().parents[2]

COUNT = 200
"""So many explanations are published."""

# Functions and call edges of one side of what is made up: so many edges a function as jinja2, rich
# and markdown-it have where they render something, and half as many again.
SIZES = ((300, 600), (300, 900))

# The targets: seconds to publish ``COUNT`` explanations, until the list is usable, until a page
# has its charts; bytes of the page that travels.
PUBLISH_SECONDS, LIST_SECONDS, PAGE_SECONDS, TRAVELING_BYTES = 60.0, 1.0, 2.0, 6_000_000

# The list is usable once its script has put the filter there, and a page once each chart that is
# in sight is drawn; then one more frame, so that it is on the screen.
_LIST = "document.querySelector('#filter:not([hidden])')"
_PAGE = (
    "(charts => charts.length > 0 && charts.every(one => one.querySelector('svg.main-svg')))"
    "([...document.querySelectorAll('.chart')].filter(one => one.offsetParent))"
)
_NOTE = """(() => {{
  const look = () => {{
    if (document.readyState === "complete" && {condition}) {{
      requestAnimationFrame(() => setTimeout(() => {{
        document.documentElement.dataset.shown = performance.now();
      }}));
    }} else {{
      requestAnimationFrame(look);
    }}
  }};
  requestAnimationFrame(look);
}})();"""


class StudyError(Exception):
    """Something that could not be measured; the text says why, in one line."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What one case took.

    Attributes:
        case: What was published.
        publishing: Seconds to make and write all pages, in a process of its own, in each repeat.
        published: Bytes of all that was written.
        listing: Seconds in the browser until the list was usable.
        page: Seconds in the browser until a page was shown with its charts.
        cpu: CPU seconds of the browser's main thread for that, whatever else the machine did.
        traveling: Bytes of the page that travels with one explanation, and with all.
    """

    case: str
    publishing: tuple[float, ...]
    published: int
    listing: tuple[float, ...]
    page: tuple[float, ...]
    cpu: tuple[float, ...]
    traveling: tuple[int, int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m observatory.studies.pages",
        description="Publish explanations that are made up, and real ones where there are any, and "
        "open them in headless Chromium, each time without anything cached.",
    )
    parser.add_argument("--count", type=int, default=COUNT, help="default: %(default)s")
    parser.add_argument("--repeats", type=int, default=3, help="default: %(default)s")
    parser.add_argument(
        "--explanations",
        type=Path,
        default=ROOT / ".asv" / "explanations",
        help="a folder of real ones, of which the largest is taken; default: .asv/explanations",
    )
    parser.add_argument("--json", type=Path, help="a file for all figures")
    options = parser.parse_args(arguments)
    if options.count < 1 or options.repeats < 1:
        parser.error("at least one explanation and one repeat are needed")
    tell = Console(stderr=True, highlight=False)
    cases = {f"made up, {size[0]} functions, {size[1]} calls": made_up(*size) for size in SIZES}
    real = largest(options.explanations)
    if real is None or real.profiles is None:
        tell.print(f"{options.explanations} holds no profiles; make explain makes some")
    else:
        side = real.profiles.before
        sizes = len(side.profile.functions), len(side.stacks.parent)
        cases[f"real, {sizes[0]} functions, {sizes[1]} frames of stacks"] = real
    try:
        taken = []
        for case, one in cases.items():
            tell.print(f"{case}: publishing {options.count}")
            taken.append(take(case, one, options.count, options.repeats))
        if options.json is not None:
            options.json.write_text(json.dumps([asdict(one) for one in taken], indent=1))
    except (StudyError, ChromiumError, Error, OSError) as error:
        sys.stderr.write(f"pages: {' '.join(str(error).split())}\n")
        return 2
    Console().print(_table(taken, options.count))
    return 0


def take(case: str, one: Explained, count: int, repeats: int) -> Taken:
    """Publish an explanation so many times, and open the list and a page.

    Raises:
        StudyError: Publishing failed.
        ChromiumError: There is no browser.
        Error: A page was not shown.
    """
    with tempfile.TemporaryDirectory(prefix="pages-") as name:
        store, target = Path(name, "explanations"), Path(name, "html")
        fill(store, one, count)
        publishing = tuple(_published(store, target) for _ in range(repeats))
        written = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
        pages = [entry["page"] for entry in json.loads((target / "index.json").read_bytes())]
        with serving(target) as address, started() as browser:
            opened = [
                (
                    _shown(browser, address, "index.html", _LIST),
                    _shown(browser, address, pages[number % count], _PAGE),
                )
                for number in range(repeats)
            ]
    single = [(one.explanation, one.profiles)]
    return Taken(
        case,
        publishing,
        written,
        tuple(listing for (listing, _), _ in opened),
        tuple(page for _, (page, _) in opened),
        tuple(cpu for _, (_, cpu) in opened),
        (
            len(traveling_page(single).encode()),
            len(traveling_page(single * count).encode()),
        ),
    )


def _published(store: Path, target: Path) -> float:
    """Seconds that making and writing all pages takes, Python's start included."""
    begun = perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "observatory.studies.one_site", str(store), str(target)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise StudyError(f"publishing failed: {last}")
    return perf_counter() - begun


def _shown(browser: Browser, address: str, name: str, condition: str) -> tuple[float, float]:
    """Seconds from asking for a page to having it on the screen, without a cache; and of CPU."""
    with visiting(browser, Watch(address)) as page:
        meter = page.context.new_cdp_session(page)
        meter.send("Performance.enable", {"timeDomain": "threadTicks"})
        page.add_init_script(_NOTE.format(condition=condition))
        page.goto(address + name)
        shown = page.locator("html[data-shown]")
        shown.wait_for(state="attached")
        seconds = float(shown.get_attribute("data-shown") or "inf") / 1000
        metrics = meter.send("Performance.getMetrics")["metrics"]
        return seconds, next(one["value"] for one in metrics if one["name"] == "TaskDuration")


def _table(taken: Sequence[Taken], count: int) -> Table:
    """Medians and ranges beside the targets."""
    table = Table(title="Pages of explanations", title_justify="left")
    for heading in ("case", "what"):
        table.add_column(heading)
    for heading in ("median", "range", "target"):
        table.add_column(heading, justify="right")
    table.add_column("met")
    for one in taken:
        target = PUBLISH_SECONDS if count == COUNT else None
        rows = (
            (f"publishing {count}", one.publishing, target),
            ("the list is usable", one.listing, LIST_SECONDS),
            ("a page has its charts", one.page, PAGE_SECONDS),
            ("CPU of that", one.cpu, None),
        )
        for number, (what, values, most) in enumerate(rows):
            table.add_row(
                one.case if number == 0 else "",
                what,
                f"{statistics.median(values):.2f} s",
                f"{min(values):.2f} to {max(values):.2f}",
                "" if most is None else f"{most:g} s",
                _met(statistics.median(values), most),
            )
        for what, size in zip(("--html of one", f"--html of {count}"), one.traveling, strict=True):
            most = TRAVELING_BYTES / 1e6
            table.add_row(
                "", what, f"{size / 1e6:.2f} MB", "", f"{most:g} MB", _met(size / 1e6, most)
            )
    return table


def _met(value: float, most: float | None) -> str:
    return "" if most is None else ("yes" if value <= most else "no")


if __name__ == "__main__":
    sys.exit(main())
