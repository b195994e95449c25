"""An injection as the lines in which it differs from the release: small, and the same again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from difflib import SequenceMatcher
from typing import Any

import msgspec

from observatory.injections.injection import Edit, Files, Injection, Name

__all__ = ["KeptError", "injection_from", "kept_form"]


class KeptError(Exception):
    """What was kept is no injection of this release; the text is one line that says so."""


class _Lines(msgspec.Struct, frozen=True):
    """A file as what takes the place of which lines of the release's, counted from 0."""

    release: str
    changes: tuple[tuple[int, int, str], ...]


class _Edit(msgspec.Struct, frozen=True):
    names: tuple[Name, ...]
    files: dict[str, _Lines]


class _Injection(msgspec.Struct, frozen=True):
    key: str
    subject: str
    kind: str
    benchmark: str
    size: float
    amount: int
    before: dict[str, _Lines]
    after: dict[str, _Lines]
    slower: tuple[_Edit, ...]
    faster: tuple[_Edit, ...]
    innocent: tuple[_Edit, ...]


def kept_form(injection: Injection, released: Files) -> dict[str, Any]:
    """Plain values from which `injection_from` makes the same injection.

    Args:
        injection: what to keep.
        released: all files of its package as released.
    """

    def lines(files: Files) -> dict[str, _Lines]:
        return {path: _lines(released.get(path, ""), text) for path, text in files.items()}

    def edits(of_role: tuple[Edit, ...]) -> tuple[_Edit, ...]:
        return tuple(_Edit(one.names, lines(one.files)) for one in of_role)

    kept = _Injection(
        key=injection.key,
        subject=injection.subject,
        kind=injection.kind,
        benchmark=injection.benchmark,
        size=injection.size,
        amount=injection.amount,
        before=lines(injection.before),
        after=lines(injection.after),
        slower=edits(injection.slower),
        faster=edits(injection.faster),
        innocent=edits(injection.innocent),
    )
    told: dict[str, Any] = msgspec.to_builtins(kept)
    return told


def injection_from(kept: Mapping[str, Any], released: Files) -> Injection:
    """The injection that was kept.

    Args:
        kept: what `kept_form` gave.
        released: all files of its package as released.

    Raises:
        KeptError: it has another form, or the release is another one.
    """
    try:
        one = msgspec.convert(kept, _Injection)
    except msgspec.ValidationError as error:
        raise KeptError(f"it has another form ({error})") from None

    def texts(files: Mapping[str, _Lines]) -> Files:
        return {path: _text(path, released.get(path, ""), each) for path, each in files.items()}

    def edits(of_role: tuple[_Edit, ...]) -> tuple[Edit, ...]:
        return tuple(Edit(each.names, texts(each.files)) for each in of_role)

    return Injection(
        key=one.key,
        subject=one.subject,
        kind=one.kind,
        benchmark=one.benchmark,
        size=one.size,
        amount=one.amount,
        before=texts(one.before),
        after=texts(one.after),
        slower=edits(one.slower),
        faster=edits(one.faster),
        innocent=edits(one.innocent),
    )


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
