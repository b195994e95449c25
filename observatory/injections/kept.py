"""An injection as the lines in which it differs from the release: small, and the same again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from difflib import SequenceMatcher
from typing import Any

import msgspec

from observatory.injections.injection import Files, Injection

__all__ = ["KeptError", "injection_from", "kept_form"]


class KeptError(Exception):
    """What was kept is no injection of this release; the text is one line that says so."""


class _Lines(msgspec.Struct, frozen=True):
    """A file as what takes the place of which lines of the release's, counted from 0."""

    release: str
    changes: tuple[tuple[int, int, str], ...]


def kept_form(injection: Injection, released: Files) -> dict[str, Any]:
    """Plain values from which `injection_from` makes the same injection.

    Args:
        injection: what to keep.
        released: all files of its package as released.
    """

    def kept(path: str, text: str) -> Any:
        return msgspec.to_builtins(_lines(released.get(path, ""), text))

    return _with_files(msgspec.to_builtins(injection), kept)


def injection_from(kept: Mapping[str, Any], released: Files) -> Injection:
    """The injection that was kept.

    Args:
        kept: what `kept_form` gave.
        released: all files of its package as released.

    Raises:
        KeptError: it has another form, or the release is another one.
    """

    def text(path: str, lines: Any) -> str:
        return _text(path, released.get(path, ""), msgspec.convert(lines, _Lines))

    try:
        return msgspec.convert(_with_files(kept, text), Injection)
    except (msgspec.ValidationError, KeyError, TypeError, AttributeError) as error:
        raise KeptError(f"it has another form ({error})") from None


def _with_files(told: Mapping[str, Any], made: Callable[[str, Any], Any]) -> dict[str, Any]:
    """An injection's values, each file replaced by what is made of its path and itself."""

    def files(found: Mapping[str, Any]) -> dict[str, Any]:
        return {path: made(path, one) for path, one in found.items()}

    result = {**told, "before": files(told["before"]), "after": files(told["after"])}
    for role in ("slower", "faster", "innocent"):
        result[role] = [{**edit, "files": files(edit["files"])} for edit in told[role]]
    return result


def _lines(release: str, text: str) -> _Lines:
    before, after = release.splitlines(keepends=True), text.splitlines(keepends=True)
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    changes = [
        (first, last, "".join(after[start:stop]))
        for tag, first, last, start, stop in matcher.get_opcodes()
        if tag != "equal"
    ]
    return _Lines(_digest(release), tuple(changes))


def _text(path: str, release: str, kept: _Lines) -> str:
    if _digest(release) != kept.release:
        raise KeptError(f"{path} is of another release")
    lines = release.splitlines(keepends=True)
    for first, last, text in reversed(kept.changes):
        lines[first:last] = [text]
    return "".join(lines)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
