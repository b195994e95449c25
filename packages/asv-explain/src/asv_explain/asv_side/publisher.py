"""What `asv publish` does besides: the stored explanations as pages, and the ways that lead there.

Pages come of stored JSON alone. asv makes its folder of pages anew each time, so nothing is left
over from an earlier call; of its own pages `index.html` alone is touched, by one script tag.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from asv.console import log  # type: ignore[import-untyped]
from asv.publishing import OutputPublisher  # type: ignore[import-untyped]

from asv_explain.asv_side.project import one_line
from asv_explain.changes.git import GitError, git
from asv_explain.pages.site import site
from asv_explain.profiles.pair import ProfilePair
from asv_explain.store import Kept, Refused, Store

__all__ = ["Explanations"]

_STORED = Path(".asv", "explanations")
"""Where explanations are kept, below the folder of asv.conf.json; asv publishes from there."""

_FOLDER = "explanations"
"""Where their pages go, below asv's own."""

_SCRIPT = "why.js"
"""What adds the tab and the *why?* links to asv's pages."""

_TAG = f'<script src="{_FOLDER}/{_SCRIPT}"></script>\n  </head>'


class Explanations(OutputPublisher):  # type: ignore[misc]
    """Publishes every stored explanation beside asv's own pages."""

    name = "explanations"
    button_label = "Explanations"
    description = "What changed a benchmark, and why"

    @classmethod
    def publish(
        cls, conf: Any, repo: Any, benchmarks: Any, graphs: Any, revisions: Mapping[str, int]
    ) -> None:
        """Write the pages, what asv-tachyon reads of them, and the script tag.

        What is stored but can't be used is named in asv's log, and the rest goes on.
        """
        home = Path(conf.html_dir)
        rows: list[dict[str, Any]] = []
        for name, content in site(_Told(_STORED)):
            path = home / _FOLDER / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            if name == "index.json":
                rows = json.loads(content)
        script = resources.files(__package__).joinpath("static", _SCRIPT)
        (home / _FOLDER / _SCRIPT).write_bytes(script.read_bytes())
        _write_json(home / "profiles.json", {"paths": _paths(rows, revisions)})
        _write_json(home / "commits.json", _subjects(repo, revisions))
        _add_script(home / "index.html")


class _Told(Store):
    """The store, which names in asv's log what it refuses."""

    def __iter__(self) -> Iterator[Kept | Refused]:
        for found in super().__iter__():
            if isinstance(found, Refused):
                _warn(found)
            yield found

    def profiles(self, kept: Kept) -> ProfilePair | Refused | None:
        found = super().profiles(kept)
        if isinstance(found, Refused):
            _warn(found)
        return found


def _warn(refused: Refused) -> None:
    log.warning(f"left out {refused.path}: {one_line(refused.reason)}")


def _paths(rows: Iterable[Mapping[str, Any]], revisions: Mapping[str, int]) -> dict[str, str]:
    """Where asv-tachyon finds the page of a benchmark at a revision, by asv's number of it.

    It knows no parameters there, so of several explanations the one of the largest rise counts.
    What it shows is always a series' last revision, at which little is ever explained; for that
    it asks for the benchmark alone, which stands for the newest explanation.
    """
    placed = [
        # A commit that a search ended at has no results of asv's; the range that it searched has.
        (revisions[commit], row)
        for row in rows
        for commit in dict.fromkeys((row["after"], row["range"]["after"]))
        if commit in revisions
    ]
    placed.sort(key=lambda one: (one[0], _rise(one[1])))
    paths = {}
    for revision, row in placed:
        page = f"{_FOLDER}/{row['page']}"
        paths[f"{row['benchmark']}@{revision}"] = page
        paths[row["benchmark"]] = page
    return paths


def _rise(row: Mapping[str, Any]) -> float:
    ratio = row["ratio"]
    return -math.inf if ratio is None else float(ratio)


def _subjects(repo: Any, revisions: Mapping[str, int]) -> dict[str, str]:
    """The subject of each commit that asv has results of; none where the repository isn't git's."""
    if not revisions or getattr(repo, "dvcs", None) != "git":
        return {}
    hashes = "".join(f"{commit}\n" for commit in revisions).encode()
    try:
        # asv's object for a repository has no name for its folder but this one.
        told = git(
            Path(repo._path), "log", "--no-walk=unsorted", "--stdin", "-z", "--format=%H %s",
            given=hashes,
        )  # fmt: skip
    except GitError as error:
        log.warning(f"the commits' subjects are not published: {one_line(error)}")
        return {}
    lines = told.decode(errors="replace").split("\0")
    return {commit: subject for commit, _, subject in (one.partition(" ") for one in lines if one)}


def _add_script(index: Path) -> None:
    text = index.read_text(encoding="utf-8")
    if "</head>" not in text:
        log.warning(f"{index} has no end of its head; asv's own pages get no *why?* links")
    index.write_text(text.replace("</head>", _TAG, 1), encoding="utf-8")


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, sort_keys=True), encoding="utf-8")
