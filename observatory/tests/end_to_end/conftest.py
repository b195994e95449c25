"""A real browser for the tests that look at pages."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NoReturn

import pytest
from playwright.sync_api import Browser

from observatory.browser.cdn import CdnError, answers
from observatory.browser.chromium import ChromiumError, find_chromium, started

# CI sets it: there a browser that isn't there is a failure.
REQUIRED = "ASV_EXPLAIN_BROWSER" in os.environ


def _missing(reason: str) -> NoReturn:
    if REQUIRED:
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def elsewhere() -> dict[str, bytes]:
    """What asv's own pages load from the network."""
    try:
        return answers()
    except CdnError as error:
        _missing(str(error))


# While it is driven an event loop runs, and tests of other modules start one of their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for the tests of a module."""
    try:
        find_chromium()
    except ChromiumError as error:
        _missing(str(error))
    with started() as browser:
        yield browser
