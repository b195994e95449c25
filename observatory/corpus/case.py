"""A real slowdown between two releases of a package, with what is known of its cause."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path

import msgspec

__all__ = ["CASES", "Case", "CorpusError", "read_cases"]

CASES = Path(__file__).resolve().parent / "cases"
"""A file for each case, named after it."""


class CorpusError(Exception):
    """A case can't be read or laid out; the text is one line that says what to do."""


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A slowdown, written down before any tool was asked about it.

    Functions are named "module.path:Qualified.name"; the code of a module is `<module>`, that of a
    class its name, a C function has the module `~`.

    Attributes:
        package: Its name on PyPI.
        before: The release that is faster.
        after: The release that is slower.
        requirements: What else pip is asked for.
        benchmark: The class and method in `source`.
        source: A module of asv benchmarks.
        guilty: Functions whose change did it.
        also_right: Functions that may be named first as well.
        symptoms: Functions that take longer without being at fault.
        why: How the change makes it slower.
        report: Where that was reported or mended.
        environment: Variables under which pip installs the package.
        name: That of its file.
    """

    package: str
    before: str
    after: str
    requirements: tuple[str, ...]
    benchmark: str
    source: str
    guilty: tuple[str, ...]
    also_right: tuple[str, ...]
    symptoms: tuple[str, ...]
    why: str
    report: str
    environment: dict[str, str] = {}
    name: str = ""


def read_cases(names: Iterable[str] = (), folder: Path = CASES) -> tuple[Case, ...]:
    """Read cases, in the order of their names.

    Args:
        names: Which ones; all if none are named.
        folder: Where their files are.

    Raises:
        CorpusError: There is no such case, or a file has another form.
    """
    wanted = set(names)
    files = {path.stem: path for path in sorted(folder.glob("*.toml"))}
    if unknown := sorted(wanted - files.keys()):
        raise CorpusError(f"there is no case {unknown[0]}; the cases are {', '.join(files)}")
    found = []
    for name, path in files.items():
        if wanted and name not in wanted:
            continue
        try:
            read = tomllib.loads(path.read_text(encoding="utf-8"))
            found.append(msgspec.convert({**read, "name": name}, Case, strict=False))
        except (OSError, ValueError) as error:
            raise CorpusError(f"{path} can't be read ({error}); mend it") from None
    return tuple(found)
