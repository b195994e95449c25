"""Debian's Chromium, driven by Playwright, with an eye on all that a page does."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Error,
    Page,
    Request,
    Route,
    expect,
    sync_playwright,
)

from observatory.browser.cdn import without_wrong_hashes

__all__ = ["ChromiumError", "Watch", "find_chromium", "started", "visiting"]

_PATIENCE = 30_000
"""Milliseconds for which something on a page is waited for: what a busy machine may need."""

_OPTIONAL = ("/graphs/", "/samples/", "/regressions-ignore.json")
"""What asv's pages and asv-tachyon's ask for though it may not be there: asv's grid for the graph
of every benchmark, also of one that was never run."""

_EXPLANATIONS = "/explanations/"
"""Pages below this path load nothing from elsewhere."""


class ChromiumError(Exception):
    """There is no browser; the text says what to do, in one line."""


@dataclass
class Watch:
    """What went on in a browser's pages that should not have.

    Attributes:
        origin: where the pages come from.
        elsewhere: content of the addresses elsewhere that asv's own pages may ask for.
        complaints: a line for each error of a page, dialog, and request that may not be.
    """

    origin: str
    elsewhere: Mapping[str, bytes] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)

    def follow(self, context: BrowserContext) -> None:
        """Answer a context's requests, and note what its pages do."""
        context.route("**/*", self._answer)
        context.on("console", self._console)
        context.on("weberror", lambda error: self.complaints.append(f"error: {error.error}"))
        context.on("dialog", self._dialog)
        context.on("requestfailed", self._failed)

    def _answer(self, route: Route) -> None:
        request = route.request
        if request.url.startswith(self.origin):
            if urlsplit(request.url).path in ("/", "/index.html"):
                answer = route.fetch()
                route.fulfill(
                    response=answer, body=without_wrong_hashes(answer.text(), self.elsewhere)
                )
            else:
                route.continue_()
        elif request.url in self.elsewhere and not _explains(request):
            style = request.url.endswith(".css")
            route.fulfill(
                body=self.elsewhere[request.url],
                content_type="text/css" if style else "text/javascript",
                headers={"access-control-allow-origin": "*"},
            )
        else:
            self.complaints.append(f"request: {request.frame.url} asks for {request.url}")
            route.abort()

    def _console(self, message: ConsoleMessage) -> None:
        place = urlsplit(message.location.get("url", "")).path
        if message.type == "error" and not place.startswith(_OPTIONAL):
            self.complaints.append(f"console: {message.text} ({place})")

    def _dialog(self, dialog: Dialog) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _failed(self, request: Request) -> None:
        # A page that is left while it loads breaks off what it asked for.
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"request: {request.url}: {request.failure}")


def _explains(request: Request) -> bool:
    return urlsplit(request.frame.url).path.startswith(_EXPLANATIONS)


def find_chromium() -> str:
    """The browser's program.

    Raises ChromiumError if it isn't there.
    """
    found = shutil.which("chromium")
    if found is None:
        raise ChromiumError("chromium isn't there; install Debian's package chromium.")
    return found


@contextmanager
def started() -> Iterator[Browser]:
    """A browser for a while.

    Raises ChromiumError if it isn't there, or doesn't start.
    """
    program = find_chromium()
    expect.set_options(timeout=_PATIENCE)
    # Chromium's sandbox refuses to run for root, whose machine is a sandbox itself.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=program, args=arguments)
        except Error as error:
            reason = error.message.splitlines()[0]
            raise ChromiumError(f"{program} does not start ({reason}); run it by hand.") from None
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visiting(
    browser: Browser,
    watch: Watch,
    width: int = 1280,
    scheme: Literal["light", "dark"] = "light",
) -> Iterator[Page]:
    """A fresh page, and what it does in `watch`."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    try:
        watch.follow(context)
        yield context.new_page()
    finally:
        context.close()
