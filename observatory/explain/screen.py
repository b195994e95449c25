"""What the user sees while asv works: its output as it comes, and where a milestone begins."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from rich.console import Console, RenderableType
from rich.text import Text

__all__ = ["Screen"]

_CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")
_BEGINS = re.compile(r"· For .* commit ([0-9a-f]{8})\b")
"""asv's line as it turns to a commit; without it, only our own headings would be missing."""


@dataclass
class Screen:
    """Writes asv's output and ours to one console, each on lines of its own.

    `headings` has a heading for each commit, by the first eight hex digits of its hash; `begun`
    gathers those of the commits that asv turned to, in order.
    """

    console: Console
    headings: Mapping[str, str] = field(default_factory=dict)
    begun: list[str] = field(default_factory=list)
    _line: str = ""
    _begun_writing: bool = False

    def stream(self, text: str) -> None:
        """Pass on a piece of asv's output, which may begin and end anywhere in a line."""
        for piece in _CONTROL.sub("", text).splitlines(keepends=True):
            self.console.file.write(piece)
            self._line += piece
            if piece.endswith("\n"):
                self._line_ended()
        self.console.file.flush()

    def heading(self, text: str) -> None:
        """Write a line that stands out by its dashes, and in bold where there is colour."""
        self.show(Text(f"--- {text}", "bold"))

    def show(self, *parts: RenderableType) -> None:
        """Write text or tables of our own, each after an empty line."""
        for part in parts:
            self.end_line()
            if self._begun_writing:
                self.console.print()
            self.put(part)

    def put(self, part: RenderableType) -> None:
        """Write a text or table of our own right below what is there."""
        self.end_line()
        self._begun_writing = True
        self.console.print(Text(part) if isinstance(part, str) else part)

    def end_line(self) -> None:
        """Finish the line that asv left open, if any."""
        if self._line:
            self.console.file.write("\n")
            self._line_ended()

    def _line_ended(self) -> None:
        match = _BEGINS.search(self._line)
        self._line = ""
        if match is not None and match[1] in self.headings:
            self.begun.append(match[1])
            self.heading(self.headings[match[1]])
