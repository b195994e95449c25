"""Text as Markdown that GitHub renders as that very text, in cells, lines and code blocks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from asv_explain.reports.text import plain, shortened

__all__ = ["LONGEST", "clipped", "code_block", "escaped", "folded", "table"]

LONGEST = 200
"""Characters that are shown of one name or subject, so that none crowds out all the rest."""

# Everything that Markdown or HTML could take for more than text.
_SPECIAL = str.maketrans(
    {character: f"&#{ord(character)};" for character in "&<>`*_[]()#|~!\\@:$-+={}\"'"}
)

# GitHub looks for people, issues and emoji once Markdown has become text again, so that no entity
# keeps it from notifying somebody. A blank without width does.
_MEANT = re.compile(r"(?<=[@#])(?=\w)|(?<=:)(?=[\w+-]+:)")
_BLANK = "&#8203;"

# The one kind of address that is a link without a character of the above.
_ADDRESS = re.compile(r"\bwww\.", re.IGNORECASE)


def escaped(text: str) -> str:
    """The text as text, whatever it holds."""
    parts = [part.translate(_SPECIAL) for part in _MEANT.split(plain(text))]
    return _ADDRESS.sub(lambda found: f"{found[0][:-1]}&#46;", _BLANK.join(parts))


def clipped(text: str, longest: int = LONGEST) -> str:
    """The text, its end left out where it is too long."""
    return shortened(text, longest)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table; headings and cells are Markdown already."""
    lines = [headings, ["---"] * len(headings), *rows]
    return [f"| {' | '.join(cells)} |" for cells in lines]


def folded(summary: str, lines: Iterable[str]) -> list[str]:
    """Lines that are shown when the summary is clicked; both are Markdown already."""
    # Behind a blank line, what stands between two tags is Markdown again.
    return ["<details>", f"<summary>{summary}</summary>", "", *lines, "", "</details>", ""]


def code_block(text: str, language: str, most: int) -> list[str]:
    """So many lines of code, in a fence that is longer than any that they hold."""
    every = text.expandtabs(4).split("\n")
    lines = [plain(clipped(line)) for line in every[:most]]
    if len(every) > most:
        lines.append(f"… {len(every) - most} more lines")
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}{language}", *lines, fence]
