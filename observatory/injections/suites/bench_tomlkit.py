"""Reading, changing and writing a document of TOML."""

from __future__ import annotations

import tomlkit

TABLES = 12

TABLE = '''
# What table {n} holds.
[servers.host{n}]
ip = "10.0.{n}.1"  # in the cellar
ports = [8000, 8001, {n}]
weight = {n}.5
enabled = true
since = 2024-03-{day:02d}T07:32:00Z
labels = {{ role = "front", rank = {n} }}
note = """
Several
lines."""

[[jobs]]
name = 'job {n}'
steps = [
    "fetch",  # first
    "build",
    "publish {n}",
]
'''

DOCUMENT = 'title = "Example"\n' + "".join(
    TABLE.format(n=number, day=number % 28 + 1) for number in range(TABLES)
)


class Document:
    """A document of a few dozen tables, as a project's settings are."""

    def setup(self) -> None:
        self.document = tomlkit.parse(DOCUMENT)
        self.plain = self.document.unwrap()

    def time_parse(self) -> None:
        tomlkit.parse(DOCUMENT)

    def time_dumps(self) -> None:
        for _ in range(10):
            tomlkit.dumps(self.document)

    def time_unwrap(self) -> None:
        for _ in range(20):
            self.document.unwrap()

    def time_build(self) -> None:
        made = tomlkit.document()
        for number in range(20):
            table = tomlkit.table()
            table.add(tomlkit.comment(f"table {number}"))
            table.add("name", f"name {number}")
            table.add("sizes", [number, number + 1, number + 2])
            table.add("nested", {"rank": number, "open": True})
            made.add(f"table{number}", table)
        made.as_string()

    def time_from_plain(self) -> None:
        tomlkit.item(self.plain)
