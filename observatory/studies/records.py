"""What a study has measured so far, one line of JSON for each trial, so that it can go on later."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

__all__ = ["Records", "RecordsError"]


class RecordsError(Exception):
    """A file of records that can't be read or gone on with; the text says what to do."""


class Records:
    """The trials of one study, kept as they come.

    A study that was stopped in the middle asks for each trial's key whether it is there already. A
    last line that was cut off counts as a trial not made.

    Args:
        path: the file of JSON Lines; made with its folder at the first trial.
        settings: what the study was asked; a file of other settings is refused, not mixed.
        place: where trials are made from now on, such as the machine and the code; it stands in a
            line before those that were made there.

    Raises:
        RecordsError: the file can't be read, holds something else, or other settings.
    """

    def __init__(
        self, path: Path, settings: Mapping[str, Any], place: Mapping[str, Any] | None = None
    ) -> None:
        self._path = path
        self._settings = dict(json.loads(json.dumps(settings)))
        self._here = None if place is None else dict(json.loads(json.dumps(place)))
        self._trials: dict[str, dict[str, Any]] = {}
        self._places: dict[str, dict[str, Any] | None] = {}
        self._whole = 0
        if path.exists():
            self._read()

    def __contains__(self, key: str) -> bool:
        return key in self._trials

    def __getitem__(self, key: str) -> dict[str, Any]:
        return self._trials[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._trials)

    def __len__(self) -> int:
        return len(self._trials)

    @property
    def places(self) -> list[tuple[dict[str, Any] | None, int]]:
        """Where the trials were made, with how many there, in their order; None: not known."""
        found = Counter(json.dumps(place, sort_keys=True) for place in self._places.values())
        return [(json.loads(place), trials) for place, trials in found.items()]

    def add(self, key: str, trial: Mapping[str, Any]) -> None:
        """Keep one trial, on the disk when this returns.

        Raises:
            RecordsError: it can't be written, or there is a trial of that key.
        """
        if key in self._trials:
            raise RecordsError(f"trial {key} is there already; each is made once")
        kept = json.loads(json.dumps(trial))
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab") as file:
                file.truncate(self._whole)
                if not self._whole:
                    file.write(_line({"settings": self._settings}))
                if self._here != next(reversed(self._places.values()), None):
                    file.write(_line({"place": self._here}))
                file.write(_line({"key": key, "trial": kept}))
                file.flush()
                os.fsync(file.fileno())
                self._whole = file.tell()
        except OSError as error:
            raise RecordsError(
                f"can't write {self._path} ({error.strerror}); make room or choose another --out"
            ) from None
        self._trials[key], self._places[key] = kept, self._here

    def _read(self) -> None:
        try:
            data = self._path.read_bytes()
        except OSError as error:
            raise RecordsError(f"can't read {self._path} ({error.strerror})") from None
        # What follows the last newline was cut off while it was written.
        self._whole = data.rfind(b"\n") + 1
        lines = data[: self._whole].splitlines()
        try:
            found = [json.loads(line) for line in lines]
            settings = found[0]["settings"] if found else self._settings
            place = None
            for one in found[1:]:
                if "place" in one:
                    place = one["place"]
                else:
                    self._trials[one["key"]] = one["trial"]
                    self._places[one["key"]] = place
        except (ValueError, KeyError, TypeError):
            raise RecordsError(
                f"{self._path} holds no records of a study; choose another --out"
            ) from None
        if settings != self._settings:
            raise RecordsError(
                f"{self._path} was made with {_shown(settings)}, not with "
                f"{_shown(self._settings)}; ask the same again, or choose another --out"
            )


def _line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True).encode() + b"\n"


def _shown(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted(settings.items())) or "nothing"
