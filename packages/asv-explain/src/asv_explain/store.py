"""Explanations on disk: a JSON file each and one of profiles, written whole or not at all."""

from __future__ import annotations

import hashlib
import math
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from asv_explain.explanation import Explanation, ExplanationError, Sampling, decode, encode
from asv_explain.files import FileRefused, obstacle, read_own, staged, sweep_parts
from asv_explain.profiles.pair import ProfilePair, ProfileSide, decode_pair, encode_pair
from asv_explain.profiles.wire import WireError

__all__ = ["LARGEST", "LARGEST_PROFILES", "Kept", "Question", "Refused", "Store", "StoreError"]

# Bytes above which a file is refused unread: an explanation is some hundred kilobytes.
LARGEST = 16 * 1024 * 1024

# The same of profiles, and the most that is kept of them: 50,000 functions with 500,000 stacks.
LARGEST_PROFILES = 128 * 1024 * 1024

# Counts that profiles and explanation both hold agree to this share of them; the rest is rounding.
_ROUNDING = 1e-6


class StoreError(Exception):
    """The folder can't be used; the text names it and says what to do."""


class Question(Protocol):
    """What an explanation answers: a suspect asks it, and an explanation repeats it."""

    @property
    def benchmark(self) -> str:
        """The benchmark, as asv names it."""
        ...

    @property
    def params(self) -> tuple[str, ...]:
        """The parameter combination, as asv writes it."""
        ...

    @property
    def environment(self) -> str:
        """The environment, as asv names it."""
        ...

    @property
    def machine(self) -> str:
        """The machine, as asv names it."""
        ...

    @property
    def before(self) -> str:
        """The earlier commit."""
        ...

    @property
    def after(self) -> str:
        """The later commit."""
        ...


@dataclass(frozen=True, slots=True)
class Kept:
    """A stored explanation and its file."""

    path: Path
    explanation: Explanation


@dataclass(frozen=True, slots=True)
class Refused:
    """A file in the store that is not what it should be, and why."""

    path: Path
    reason: str


class Store:
    """The explanations of one project, in one folder.

    Args:
        folder: where they are; made when the first is put.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def check(self) -> None:
        """See that answers can be kept, before any is measured.

        Raises:
            StoreError: nothing can be written there.
        """
        why = obstacle(self.folder, folder=True)
        if why is not None:
            raise StoreError(f"can't write into {self.folder} ({why}); make it writable")

    def sweep(self) -> None:
        """Remove what killed calls were writing."""
        sweep_parts(self.folder)
        sweep_parts(self.folder / "profiles")

    def path(self, question: Question, *, bisected: bool = False) -> Path:
        """The file in which the answer to a question is kept.

        An answer that came of bisecting the question's commits has a file of its own. The name
        begins with what a person looks for and ends with a digest of the whole question,
        so that no text from outside ever becomes part of a path.
        """
        asked = (
            question.benchmark,
            *question.params,
            question.environment,
            question.machine,
            question.before,
            question.after,
            *(("bisected",) if bisected else ()),
        )
        # As the explanation is written: what is no text becomes question marks.
        whole = "\0".join(asked).encode("utf-8", "replace")
        digest = hashlib.sha256(whole).hexdigest()[:12]
        name = re.sub(r"[^A-Za-z0-9.]+", "-", question.benchmark).strip("-.")[:80]
        commit = re.sub(r"[^A-Za-z0-9]+", "-", question.after[:8])
        return self.folder / f"{name}-{commit}-{digest}.json"

    def put(self, explanation: Explanation, profiles: ProfilePair | None = None) -> Path:
        """Keep an explanation in place of an earlier one of the same question.

        What came of bisecting answers the question about the range that was bisected. Profiles
        larger than ``LARGEST_PROFILES`` are not kept.

        Raises:
            StoreError: the file can't be written; what was there before is still there.
        """
        path = self._answered(explanation)
        beside = self._profiles_of(path)
        taken = b"" if profiles is None else encode_pair(profiles)
        try:
            _refuse_link(beside.parent)
            with ExitStack() as writing:
                put = [writing.enter_context(staged(path, encode(explanation)))]
                if 0 < len(taken) <= LARGEST_PROFILES:
                    put.append(writing.enter_context(staged(beside, taken)))
                # There was room for all of it: from here on, what was there may go. An explanation
                # never stands beside another one's profiles, whenever this is stopped.
                beside.unlink(missing_ok=True)
                for one in put:
                    one()
        except FileRefused as error:
            raise StoreError(f"can't write into {beside.parent} ({error}); remove it") from None
        except OSError as error:
            raise StoreError(
                f"can't write {error.filename or path} ({error.strerror}); "
                "make room or make it writable"
            ) from None
        return path

    def get(self, question: Question, *, bisected: bool = False) -> Kept | Refused | None:
        """The stored answer to a question, why it can't be used, or None if there is none."""
        return self._read(self.path(question, bisected=bisected))

    def profiles(self, kept: Kept) -> ProfilePair | Refused | None:
        """The profiles behind a stored explanation; None where none are kept."""
        path = self._profiles_of(kept.path)
        try:
            _refuse_link(path.parent)
            pair = decode_pair(read_own(path, LARGEST_PROFILES))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, FileRefused, WireError) as error:
            return Refused(path, _why(error))
        told = kept.explanation
        for side, sampling in (
            (pair.before, told.sampling_before),
            (pair.after, told.sampling_after),
        ):
            if sampling is not None and not _agree(side, sampling):
                return Refused(path, "profiles that the explanation was not made of")
        return pair

    def __iter__(self) -> Iterator[Kept | Refused]:
        """Everything in the folder, in order of file name; what is no explanation is refused."""
        try:
            with os.scandir(self.folder) as entries:
                names = sorted(one.name for one in entries if one.name.endswith(".json"))
        except FileNotFoundError:
            return
        except OSError as error:
            yield Refused(self.folder, _why(error))
            return
        for name in names:
            found = self._read(self.folder / name)
            if found is not None:
                yield found

    def _read(self, path: Path) -> Kept | Refused | None:
        try:
            explanation = decode(read_own(path, LARGEST))
        except FileNotFoundError:
            return None
        except (OSError, FileRefused, ExplanationError) as error:
            return Refused(path, _why(error))
        if self._answered(explanation).name != path.name:
            return Refused(path, "it answers another question than its name says")
        return Kept(path, explanation)

    def _answered(self, explanation: Explanation) -> Path:
        """The file of the question that an explanation answers."""
        search = explanation.bisection
        asked = explanation
        if search is not None:
            asked = replace(explanation, before=search.before, after=search.after)
        return self.path(asked, bisected=search is not None)

    def _profiles_of(self, path: Path) -> Path:
        return path.parent / "profiles" / path.name


def _refuse_link(folder: Path) -> None:
    if folder.is_symlink():
        raise FileRefused(f"{folder.name} is a link, which may lead anywhere")


def _why(error: Exception) -> str:
    """What is wrong, without the path, which stands beside it."""
    return (isinstance(error, OSError) and error.strerror) or str(error)


def _agree(side: ProfileSide, sampling: Sampling) -> bool:
    """Whether a side has the samples and counts that its explanation rests on."""
    counted = float(side.profile.calls.sum()) / side.profile.number
    return int(side.stacks.samples.sum()) == sampling.samples and math.isclose(
        counted, sampling.counted, rel_tol=_ROUNDING
    )
