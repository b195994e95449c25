"""A study's tables and targets as plain data: for the terminal, for JSON and for Markdown alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

__all__ = [
    "Sheet",
    "Target",
    "kept_sheets",
    "kept_targets",
    "markdown",
    "sheet_of",
    "show",
    "targets_sheet",
]

# Columns of what is printed into a file; a terminal has its own width.
WIDTH = 120


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table.

    Attributes:
        title: what it shows, in a few words.
        headings: of its columns; the first column is of words, the others are of figures.
        rows: as many texts each.
        note: a sentence or two on how to read it.
    """

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""

    def __post_init__(self) -> None:
        """Check that each row has a text for each column.

        Raises:
            ValueError: one has more or fewer.
        """
        for row in self.rows:
            if len(row) != len(self.headings):
                raise ValueError(f"{len(row)} texts in a row of {len(self.headings)}: {row}")

    def table(self) -> Table:
        """The same for the terminal."""
        made = Table(
            title=escape(self.title),
            title_justify="left",
            caption=escape(self.note),
            caption_justify="left",
            box=SIMPLE_HEAD,
        )
        for place, heading in enumerate(self.headings):
            made.add_column(escape(heading), justify="right" if place else "left")
        for row in self.rows:
            made.add_row(*map(escape, row))
        return made


@dataclass(frozen=True, slots=True)
class Target:
    """A figure that was wanted, beside the one that was reached.

    Attributes:
        what: what was to be reached.
        wanted: how much of it.
        reached: how much it is, with its interval.
        met: whether that is enough; None where nothing was measured.
    """

    what: str
    wanted: str
    reached: str
    met: bool | None


def sheet_of(table: Table) -> Sheet:
    """A table of texts that was made for the terminal, as plain data."""
    columns = [[str(cell) for cell in column.cells] for column in table.columns]
    headings = tuple(str(column.header) for column in table.columns)
    rows = tuple(zip(*columns, strict=True))
    return Sheet(str(table.title or ""), headings, rows, str(table.caption or ""))


def show(sheets: Iterable[Sheet]) -> None:
    """Print tables, those that have rows."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH)
    for sheet in (one for one in sheets if one.rows):
        console.print(sheet.table())


def targets_sheet(targets: Iterable[Target]) -> Sheet:
    """Targets as a table, those that were missed marked."""
    words = {True: "met", False: "MISSED", None: "not measured"}
    rows = [(one.what, one.wanted, one.reached, words[one.met]) for one in targets]
    return Sheet("Targets", ("what", "wanted", "reached", ""), tuple(rows))


def markdown(sheet: Sheet) -> str:
    """A table in Markdown, its note below it, without its title."""
    lines = [sheet.headings, ("---", *("---:" for _ in sheet.headings[1:])), *sheet.rows]
    shown = [f"| {' | '.join(one.replace('|', chr(92) + '|') for one in line)} |" for line in lines]
    return "\n".join([*shown, *(("", sheet.note) if sheet.note else ())]) + "\n"


def kept_sheets(summary: Mapping[str, Any]) -> Sequence[Sheet]:
    """The tables in a summary.

    Raises:
        msgspec.ValidationError: they have another form.
    """
    return msgspec.convert(summary.get("sheets", ()), tuple[Sheet, ...])


def kept_targets(summary: Mapping[str, Any]) -> Sequence[Target]:
    """The targets in a summary.

    Raises:
        msgspec.ValidationError: they have another form.
    """
    return msgspec.convert(summary.get("targets", ()), tuple[Target, ...])
