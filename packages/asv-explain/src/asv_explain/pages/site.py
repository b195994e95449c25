"""The folder of explanations in a published dashboard, made from what is stored alone."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

from asv_explain.explanation import Explanation
from asv_explain.pages.assets import static
from asv_explain.pages.downloads import downloads
from asv_explain.pages.listing import Row, listing
from asv_explain.pages.page import page
from asv_explain.pages.words import sentence
from asv_explain.reports.text import plain
from asv_explain.store import Refused, Store

__all__ = ["page_name", "site"]

STATIC = ("plotly.min.js", "charts.js", "list.js", "page.css")
"""What the pages link to."""

# As the store names its files: by the benchmark, and a digest that no other file's name ends with.
_STORED = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*-[0-9a-f]{12}")


def page_name(stem: str) -> str:
    """The name of the page of a stored file, made of letters, digits, dots and hyphens alone.

    Args:
        stem: the file's name without its ending.
    """
    if _STORED.fullmatch(stem):
        return stem
    return f"explanation-{hashlib.sha256(stem.encode('utf-8', 'surrogateescape')).hexdigest()[:12]}"


def site(store: Store) -> Iterator[tuple[str, bytes]]:
    """Every file of the folder: its path below it, and its content.

    ``index.html`` lists all explanations and ``index.json`` tells scripts what there is; each
    explanation has a page, and a folder of the same name with its downloads. What is in the store
    and can't be read is named in the list.

    Args:
        store: the explanations.
    """
    rows: list[Row] = []
    index: list[dict[str, Any]] = []
    refused: list[str] = []
    for found in store:
        if isinstance(found, Refused):
            refused.append(_told(found))
            continue
        profiles = store.profiles(found)
        if isinstance(profiles, Refused):
            refused.append(f"profiles/{_told(profiles)}")
            profiles = None
        name = page_name(found.path.stem)
        files = downloads(found.explanation, profiles)
        yield f"{name}.html", page(found.explanation, profiles, name, files).encode()
        for file in files:
            yield f"{name}/{file.file}", file.data
        rows.append(Row(f"{name}.html", found.explanation))
        index.append(_entry(f"{name}.html", found.explanation))
    yield "index.html", listing(rows, refused).encode()
    yield "index.json", json.dumps(index, indent=1).encode()
    for name in STATIC:
        yield name, static(name).encode()


def _told(refused: Refused) -> str:
    # A file's name may hold bytes that are no text.
    name = refused.path.name.encode("utf-8", "replace").decode()
    return plain(f"{name}: {refused.reason}")


def _entry(page: str, explanation: Explanation) -> dict[str, Any]:
    search = explanation.bisection
    asked = explanation if search is None else search
    return {
        "page": page,
        "benchmark": explanation.benchmark,
        "params": explanation.params,
        "environment": explanation.environment,
        "machine": explanation.machine,
        "before": explanation.before,
        "after": explanation.after,
        "range": {"before": asked.before, "after": asked.after},
        "verdict": explanation.verdict.value,
        "ratio": explanation.ratio,
        "headline": sentence(explanation),
    }
