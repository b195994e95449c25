"""What a function does through a helper: called more often, in a longer loop, or not remembered."""

from __future__ import annotations

from collections.abc import Sequence

from observatory.injections.injection import Files, Name
from observatory.injections.kinds.kind import Counts, Place, Price, hot, put
from observatory.injections.kinds.module import Module, free_name, read, rewritten
from observatory.injections.kinds.work import STEP_SECONDS, drawn, work

__all__ = ["CacheRemoved", "ExtraCall", "LongerLoop", "helper_name", "plain"]

# How many steps of work a helper does in a call, between these two.
_HELPER_STEPS = (1, 12)


class ExtraCall:
    """An extra call of an unchanged helper: the function calls it once more, or several times.

    Both sides have the helper, and a call of it. Right is the function that calls it more often;
    the helper, which did not change, is not.
    """

    name = "an extra call of an unchanged helper"
    price = Price(5e-7, 5e-7, most=100_000)

    def places(self, files: Files, counts: Counts) -> Sequence[Place]:
        """Every function that the benchmark calls."""
        return plain(files, counts)

    def write(self, files: Files, place: Place, amount: int, seed: str, *, after: bool) -> Files:
        """Both: a helper, called once. Later: called so many times more."""
        module = read(files[place.path])
        function = module.functions[place.name]
        helper = helper_name(module, "_weigh", place)
        call = f"{helper}({place.name!r})"
        lines = [call]
        if after and amount == 1:
            lines.append(call)
        elif after:
            turn = free_name("turn", function.identifiers())
            lines += [f"for {turn} in range({amount}):", f"    {helper}({turn})"]
        pieces = [
            module.above(function.top, _helper(helper, seed), gap="\n\n"),
            module.at_start(function, lines),
        ]
        return put(files, place.path, rewritten(module.text, pieces))

    def names(self, files: Files, place: Place, seed: str) -> tuple[Name, ...]:
        """The function."""
        return (Name(place.path, place.name),)


class LongerLoop:
    """More iterations of a loop that calls: the same loop goes further.

    Both sides have the loop and the helper that it calls. Right is the function that holds the
    loop.
    """

    name = "more iterations of a loop that calls"
    price = Price(5e-7, 5e-7, most=100_000)

    # How often the loop runs before.
    _BEFORE = 2

    def places(self, files: Files, counts: Counts) -> Sequence[Place]:
        """Every function that the benchmark calls."""
        return plain(files, counts)

    def write(self, files: Files, place: Place, amount: int, seed: str, *, after: bool) -> Files:
        """Both: a loop that calls a helper. Later: so many more turns of it."""
        module = read(files[place.path])
        function = module.functions[place.name]
        helper = helper_name(module, "_visit", place)
        turn = free_name("turn", function.identifiers())
        turns = self._BEFORE + (amount if after else 0)
        pieces = [
            module.above(function.top, _helper(helper, seed), gap="\n\n"),
            module.at_start(function, [f"for {turn} in range({turns}):", f"    {helper}({turn})"]),
        ]
        return put(files, place.path, rewritten(module.text, pieces))

    def names(self, files: Files, place: Place, seed: str) -> tuple[Name, ...]:
        """The function."""
        return (Name(place.path, place.name),)


class CacheRemoved:
    """A cache removed: a helper's results were kept, by ``lru_cache`` or in a dictionary.

    Both sides have the helper and its call; what steers is how much it computes. Right is the
    helper, whose decorator or body changed; the function that calls it did not.
    """

    name = "a cache removed"
    price = Price(2e-7, STEP_SECONDS)

    def places(self, files: Files, counts: Counts) -> Sequence[Place]:
        """Every function that the benchmark calls."""
        return plain(files, counts)

    def write(self, files: Files, place: Place, amount: int, seed: str, *, after: bool) -> Files:
        """Both: a helper that computes much from little. Earlier: it remembers."""
        module = read(files[place.path])
        function = module.functions[place.name]
        helper = helper_name(module, "_rank", place)
        known = helper_name(module, "_ranks", place)
        steps = ["    " + line for line in work(seed, str(amount))]
        by_decorator = drawn("cache", seed).random() < 0.5
        pieces = []
        if by_decorator:
            cached = [] if after else ["@functools.lru_cache(maxsize=None)"]
            lines = [*cached, f"def {helper}(key):", *steps, "    return len(key)"]
            pieces.append(module.after_imports(["import functools"]))
        else:
            begin = [f"    if key in {known}:", f"        return {known}[key]"]
            end = [f"    {known}[key] = len(key)"]
            lines = [f"{known} = {{}}", "", "", f"def {helper}(key):"]
            lines += [*([] if after else begin), *steps, *([] if after else end)]
            lines.append("    return len(key)")
        pieces += [
            module.above(function.top, lines, gap="\n\n"),
            module.at_start(function, [f"{helper}({place.name!r})"]),
        ]
        return put(files, place.path, rewritten(module.text, pieces))

    def names(self, files: Files, place: Place, seed: str) -> tuple[Name, ...]:
        """The helper."""
        return (Name(place.path, helper_name(read(files[place.path]), "_rank", place)),)


def plain(files: Files, counts: Counts) -> Sequence[Place]:
    """Functions that a helper can be written above."""
    return [Place(path, one.name, calls) for path, _, one, calls in hot(files, counts)]


def helper_name(module: Module, stem: str, place: Place) -> str:
    """The name of what is written beside a function for its use."""
    name = f"{stem}_{place.name.replace('.', '_').strip('_')}"
    return module.free_name(name.upper() if stem.isupper() else name.lower())


def _helper(name: str, seed: str) -> list[str]:
    """A helper that works a little."""
    steps = drawn("helper", seed).randint(*_HELPER_STEPS)
    lines = ["    " + line for line in work(seed, str(steps), {"part"})]
    return [f"def {name}(part):", *lines, "    return part"]
