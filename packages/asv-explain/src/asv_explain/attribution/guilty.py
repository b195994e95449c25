"""Which pairs of functions can have caused anything: those whose code or surroundings changed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter

import numpy as np

from asv_explain.attribution.generated import find_generated
from asv_explain.attribution.protocols import find_protocols
from asv_explain.attribution.wrappers import find_wrappers
from asv_explain.changes.change import Change, Changes
from asv_explain.profiles.match import Flags, Match
from asv_explain.profiles.profile import Function, Profile

__all__ = ["Guilty", "find_guilty", "holder"]


@dataclass(frozen=True, slots=True, eq=False)
class Guilty:
    """What may keep differences.

    Attributes:
        keeps: Pairs that keep what reaches them (P,).
        loose: Those of them that can't have changed how often they are called themselves (P,).
        change: The change in the sources behind each pair that has one.
        owner: The pair that a lambda, comprehension or generator expression is shown with; for
            what a changed decorator put around a function, that function's; for what a changed
            function generates, that one's, if it ran, too; for what unchanged code calls since
            changed code handed it something else, the changed code's.
        generated: Pairs of functions that changed code generates.
    """

    keeps: Flags
    loose: Flags
    change: Mapping[int, Change]
    owner: Mapping[int, int]
    generated: frozenset[int] = frozenset()


def holder(name: str) -> str:
    """Return the named function that holds a lambda or comprehension; ``""`` for a module.

    >>> holder("f.<locals>.<genexpr>")
    'f'
    """
    while name.rpartition(".")[2].startswith("<") and name != "<module>":
        name = name.rpartition(".")[0].removesuffix(".<locals>")
    return name


def find_guilty(before: Profile, after: Profile, match: Match, changes: Changes) -> Guilty:
    """Find the pairs that keep differences, by the sources of both commits.

    Where files are the repository's own, the sources decide. Code of other distributions changed
    if its fingerprint did, under the same interpreter. What is merely run on one side alone did
    not change: somebody began to call it.
    """
    lookups = _Lookup(before, changes, is_after=False), _Lookup(after, changes, is_after=True)
    readers = {reader: one for one in changes.items for reader in one.readers}
    pair_of = {
        (one.path, one.name): int(pair)
        for profile, pairs in ((before, match.pair_before), (after, match.pair_after))
        for one, pair in zip(profile.functions, pairs, strict=True)
        if one.home == "site"
    }
    keeps, loose = np.zeros(len(match), np.bool_), np.zeros(len(match), np.bool_)
    change: dict[int, Change] = {}
    owner: dict[int, int] = {}
    indices = zip(match.before.tolist(), match.after.tolist(), strict=True)
    for pair, (first, second) in enumerate(indices):
        ours = before.functions[first] if first >= 0 else None
        theirs = after.functions[second] if second >= 0 else None
        shown = theirs or ours
        if shown is None or shown.home != "site":
            continue
        both = ours is not None and theirs is not None
        differs = both and not match.same_code[pair]
        held = holder(shown.name)
        found = lookups[1].find(theirs) or lookups[0].find(ours)
        if held != shown.name:
            # What is written inside a function changed with it only if it differs itself.
            if both and not differs:
                continue
            if found is not None:
                owner[pair] = pair_of.get((shown.path, held), pair)
        found = found or readers.get((shown.path, shown.name))
        if found is not None:
            change[pair] = found
        elif not (
            differs
            and before.python == after.python
            and (not held or not lookups[1].decides(shown.path))
        ):
            continue
        keeps[pair] = True
        woken = any(one is not None and _is_resumed(one) for one in (ours, theirs))
        wrapped = found is not None and "decorators" in found.details
        loose[pair] = both and not woken and not wrapped
    decorated = [pair for pair, one in change.items() if "decorators" in one.details]
    for wrapper, inner in find_wrappers(before, after, match, keeps, decorated).items():
        keeps[wrapper], owner[wrapper] = True, owner.get(inner, inner)
        change[wrapper] = change[inner]
    protocols = find_protocols(before, after, match, keeps, change)
    owner.update(protocols.replaced)
    for called, pair in protocols.handed.items():
        keeps[called], owner[called] = True, owner.get(pair, pair)
        if pair in change:
            change[called] = change[pair]
    generated = find_generated(before, after, match, changes)
    for pair, one in generated.items():
        generator = pair_of.get((one.path_after or one.path_before or "", one.name))
        if generator is not None and keeps[generator] and one.kind not in ("module", "class"):
            owner[pair] = generator
        keeps[pair], change[pair] = True, one
        indices_of = int(match.before[pair]), int(match.after[pair])
        loose[pair] = min(indices_of) >= 0 and not _is_resumed(after.functions[indices_of[1]])
    return Guilty(keeps, loose, change, owner, frozenset(generated))


class _Lookup:
    """Finds the change of a function of one side."""

    def __init__(self, profile: Profile, changes: Changes, *, is_after: bool) -> None:
        self._lines = attrgetter("lines_after" if is_after else "lines_before")
        path = attrgetter("path_after" if is_after else "path_before")
        self._changes: defaultdict[tuple[str, str], list[Change]] = defaultdict(list)
        self._unreadable = {path(one) for one in changes.items if one.kind == "unreadable"}
        self._tracked = changes.tracked
        for one in changes.items:
            if path(one) is not None and self._lines(one) is not None:
                self._changes[path(one), one.name.removeprefix("class ")].append(one)
        self._count = Counter((one.path, one.name) for one in profile.functions)

    def find(self, function: Function | None) -> Change | None:
        """Find it by path and name; same-named functions are told apart by line."""
        if function is None:
            return None
        held = holder(function.name)
        options = self._changes.get((function.path, held), [])
        for one in options:
            first, last = self._lines(one)
            if function.line == first or (held != function.name and first <= function.line <= last):
                return one
        alone = self._count[function.path, function.name] == 1 or held != function.name
        return options[0] if options and alone else None

    def decides(self, path: str) -> bool:
        """Whether the repository's sources say all there is to say about a file."""
        return path in self._tracked and path not in self._unreadable


def _is_resumed(function: Function) -> bool:
    """Whether its calls are counted as often as it goes on, so that they say little."""
    return function.is_coroutine or function.is_generator
