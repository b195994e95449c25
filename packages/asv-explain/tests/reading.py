"""A page read as a browser reads it: elements, attributes and texts."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from typing import Any

from explanations import CAUSE, PROOF, REVERSAL, SAMPLED, explanation
from profile_pairs import pair_of as paired
from profile_pairs import side_of

from asv_explain.explanation import (
    Cause,
    Caveat,
    CommitRef,
    Detail,
    Explanation,
    LineChange,
    LineCost,
    Place,
    ThreadCost,
)
from asv_explain.profiles.pair import ProfilePair

__all__ = ["HOSTILE", "Read", "hostile", "pair_of", "read"]

HOSTILE = "</script><img src=x onerror=alert(1)>"
"""What a name may be that wants to be markup and script."""

_WITHOUT_END = {"br", "img", "input", "link", "meta", "rect", "wbr"}


@dataclass
class Read:
    """What a page holds.

    Attributes:
        tags: the names of all elements, in order.
        attributes: name, attribute and value of each attribute.
        scripts: attributes and text of each script element.
        text: all text outside of scripts and styles.
        open: elements that were not closed, or closed where they were not open.
    """

    tags: list[str] = field(default_factory=list)
    attributes: list[tuple[str, str, str]] = field(default_factory=list)
    scripts: list[tuple[dict[str, str], str]] = field(default_factory=list)
    text: str = ""
    open: list[str] = field(default_factory=list)

    def all(self, tag: str, attribute: str) -> list[str]:
        """The values of an attribute of all elements of a name."""
        return [value for one, name, value in self.attributes if (one, name) == (tag, attribute)]

    def data(self, name: str) -> Any:
        """The value in a block of JSON."""
        (text,) = (text for found, text in self.scripts if found.get("id") == name)
        return json.loads(text)

    @property
    def policy(self) -> str:
        """The content security policy."""
        (found,) = (one for one in self.all("meta", "content") if one.startswith("default-src"))
        return found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found = Read()
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.tags.append(tag)
        values = {name: value or "" for name, value in attrs}
        self.found.attributes += [(tag, name, value) for name, value in values.items()]
        if tag == "script":
            self.found.scripts.append((values, ""))
        if tag not in _WITHOUT_END:
            self._inside.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._inside or self._inside.pop() != tag:
            self.found.open.append(tag)

    def handle_data(self, data: str) -> None:
        inside = self._inside[-1] if self._inside else ""
        if inside == "script":
            values, text = self.found.scripts[-1]
            self.found.scripts[-1] = (values, text + data)
        elif inside != "style":
            self.found.text += data


def read(page: str) -> Read:
    """What a page holds, as far as it is well-formed."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    reader.found.open += reader._inside
    return reader.found


def hostile(**changes: Any) -> Explanation:
    """An explanation in which every text from outside wants to be markup, each in its own words."""
    commit = CommitRef("c" * 40, f"author {HOSTILE}", f"date {HOSTILE}", f"subject {HOSTILE}")
    cause = Cause(
        **{
            **{name: getattr(CAUSE, name) for name in Cause.__slots__},
            "name": f"name {HOSTILE}",
            "path": f"path {HOSTILE}",
            "kind": f"kind {HOSTILE}",
            "account": f"account {HOSTILE}",
            "proof": replace(PROOF, names=(f"proved {HOSTILE}",), reason=f"reason {HOSTILE}"),
            "before": Place(f"file before {HOSTILE}", 1),
            "after": Place(f"file after {HOSTILE}", 2),
            "hunk": f"@@ -1 +1 @@ head {HOSTILE}\n-hunk {HOSTILE}\n+hunk {HOSTILE}",
            "commits": (commit,),
            "source_before": f"source before {HOSTILE}",
            "source_after": f"source after {HOSTILE}",
            "line_costs": (LineCost(f"costed {HOSTILE}", None, 1, 0.0, 0.25),),
            "details": (Detail(f"helper {HOSTILE}", f"in {HOSTILE}", "new", 0.1, 0.1, 0, 2),),
            "lines": (LineChange(f"line {HOSTILE}", None, None, 0, 9, 0, 1, f"via {HOSTILE}"),),
        }
    )
    values: dict[str, Any] = {
        "benchmark": f"benchmark {HOSTILE}",
        "params": (f"param {HOSTILE}",),
        "environment": f"environment {HOSTILE}",
        "machine": f"machine {HOSTILE}",
        "causes": (cause,),
        "caveats": (Caveat("few", f"caveat {HOSTILE}", f"remedy {HOSTILE}"),),
        "commit_before": commit,
        "commit_after": commit,
        "facts": {f"fact {HOSTILE}": f"value {HOSTILE}"},
        "sampling_before": SAMPLED,
        "sampling_after": SAMPLED,
        "threads": (ThreadCost(f"thread {HOSTILE}", f"beside {HOSTILE}", 0.5, 0.75),),
        "reversal": replace(
            REVERSAL,
            changes=(replace(REVERSAL.changes[0], name=f"back {HOSTILE}", commits=(commit,)),),
            others=(replace(REVERSAL.others[0], names=(f"other {HOSTILE}",)),),
            patch=f"diff --git {HOSTILE}\n@@ -1 +1 @@\n-old {HOSTILE}\n+put {HOSTILE}\n",
        ),
    }
    return explanation(**{**values, **changes})


def pair_of(functions: int = 3, name: Callable[[], str] = lambda: "f") -> ProfilePair:
    """Two sides on which one function calls all others, which take less or more time after.

    Args:
        functions: how many there are.
        name: makes the beginning of each name.
    """
    names = [f"{name()}{index}" for index in range(functions)]
    stacks = [names[0], *(f"{names[0]};{one}" for one in names[1:])]
    before = {stack: 5.0 if index % 2 else 1.0 for index, stack in enumerate(stacks)}
    return paired(side_of(before), side_of(dict.fromkeys(stacks, 4.0)))
