"""Programs in two versions of which it is known what has to go back to be as quick as before.

A program spins so often in each of its functions. Between its versions most functions are only
written in another way. What costs time is one of some ways in which changes play together; which
sets of changes then have to go back, and no smaller ones, follows from how the program is made.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["KINDS", "PACKAGE", "Program", "drawn"]

PACKAGE = "sets_program"

MODULES, FUNCTIONS = 4, 7
"""So many modules with so many functions each, which all run in a benchmark call."""

SPINS = (20, 60)
"""Turns of a function's loop, the fewest and the most."""

INNOCENT = (5, 20)
"""Functions that are only written in another way, the fewest and the most."""

LEAST, MOST = 0.25, 1.0
"""The program gets slower by a factor between."""

SMALLEST_PART = 0.15
"""Of a slowdown with several causes, what each has at least: less could be left out."""

GAIN = 0.3
"""Of the slowdown, what a gain beside it saves."""

_HEAD = """\
class Spinner:
    def __init__(self, more=0):
        self.more = more

    def spin(self, turns):
        total = 0
        for turn in range(turns + self.more):
            for number in range(20):
                total += number
        return total


def spin(turns):
    return Spinner().spin(turns)
"""


@dataclass(frozen=True, slots=True)
class Program:
    """Two versions of a program.

    Attributes:
        kind: how its changes play together; one of `KINDS`.
        before: its files by path below site-packages.
        after: the same after.
        wanted: the sets of changes, by file and name, of which each by itself has to go back, and
            any one of them is enough.
        innocent: functions that are only written in another way.
    """

    kind: str
    before: Mapping[str, str]
    after: Mapping[str, str]
    wanted: tuple[frozenset[str], ...]
    innocent: int


@dataclass(slots=True)
class _Draft:
    """A program as it is drawn: lines of each function by file and name, on both sides.

    Attributes:
        chance: all is drawn from it.
        before: the body of each function.
        after: the same after.
        heads: what stands before a module's functions, on both sides.
        total: turns of a benchmark call before.
        size: how much slower the program gets, as a share of that.
    """

    chance: random.Random
    before: dict[tuple[int, str], str]
    after: dict[tuple[int, str], str]
    heads: dict[int, tuple[str, str]]
    total: int
    size: float

    def free(self, number: int) -> list[tuple[int, str]]:
        """So many functions that are the same on both sides."""
        same = [one for one, body in self.before.items() if self.after[one] == body]
        return self.chance.sample(same, number)

    def added(self, part: float = 1.0) -> int:
        """Turns that make up a part of the slowdown."""
        return max(round(self.size * part * self.total), 1)


Wanted = list[set[str]]


def _spins(turns: int) -> str:
    return f"    total = spin({turns})\n    return total\n"


def _one(draft: _Draft) -> Wanted:
    (one,) = draft.free(1)
    draft.after[one] = _more(draft.before[one], draft.added())
    return [{_name(one)}]


def _several(draft: _Draft) -> Wanted:
    chosen = draft.free(draft.chance.randint(2, 4))
    spare = 1 - SMALLEST_PART * len(chosen)
    parts = [draft.chance.expovariate(1.0) for _ in chosen]
    for one, part in zip(chosen, parts, strict=True):
        share = SMALLEST_PART + spare * part / sum(parts)
        draft.after[one] = _more(draft.before[one], draft.added(share))
    return [{_name(one) for one in chosen}]


def _either(draft: _Draft) -> Wanted:
    return [_switched(draft, "or")]


def _together(draft: _Draft) -> Wanted:
    return [{one} for one in _switched(draft, "and")]


def _switched(draft: _Draft, word: str) -> set[str]:
    """A constant of one module and a function of another, which switch on what takes time."""
    user, switch = draft.free(2)
    module = draft.chance.choice([one for one in range(MODULES) if one != user[0]])
    head = draft.heads[module]
    draft.heads[module] = (f"EAGER = False\n{head[0]}", f"EAGER = True\n{head[1]}")
    asked = f"    off = module{switch[0]}.{switch[1]}() is None\n"
    spun = f"    if module{module}.EAGER {word} off:\n        spin({draft.added()})\n"
    body = asked + spun + draft.before[user]
    draft.before[user] = draft.after[user] = body
    draft.after[switch] = draft.before[switch].replace("return total", "return None")
    return {f"{PACKAGE}/module{module}.py: <module>: EAGER", _name(switch)}


def _gain(draft: _Draft) -> Wanted:
    loss, gain = draft.free(2)
    draft.before[gain] = _more(draft.before[gain], draft.added(GAIN))
    draft.after[loss] = _more(draft.before[loss], draft.added(1 + GAIN))
    return [{_name(loss)}]


def _object(draft: _Draft) -> Wanted:
    """A spinner that a constructor sets up otherwise, in a class of which all else stays."""
    (one,) = draft.free(1)
    holder = (
        "class Holder:\n    def __init__(self):\n        self.spinner = Spinner({more})\n\n"
        "    def turn(self):\n        return self.spinner.spin(10)\n\n\n"
    )
    head = draft.heads[one[0]]
    draft.heads[one[0]] = (
        head[0] + holder.format(more=""),
        head[1] + holder.format(more=f"more={draft.added()}"),
    )
    body = f"    Holder().turn()\n{draft.before[one]}"
    draft.before[one] = draft.after[one] = body
    return [{f"{PACKAGE}/module{one[0]}.py: Holder.__init__"}]


_KINDS: Mapping[str, Callable[[_Draft], Wanted]] = {
    "one": _one,
    "several": _several,
    "each is enough": _either,
    "only together": _together,
    "a gain beside": _gain,
    "through an object": _object,
}

KINDS = tuple(_KINDS)
"""How changes play together."""


def drawn(kind: str, seed: str) -> Program:
    """Draw a program.

    Args:
        kind: one of `KINDS`.
        seed: all is drawn from it.
    """
    chance = random.Random(f"{kind} {seed}")  # noqa: S311
    places = [(module, f"f{number}") for module in range(MODULES) for number in range(FUNCTIONS)]
    turns = {one: chance.randint(*SPINS) for one in places}
    bodies = {one: _spins(turns[one]) for one in places}
    draft = _Draft(
        chance,
        dict(bodies),
        dict(bodies),
        dict.fromkeys(range(MODULES), ("", "")),
        sum(turns.values()),
        chance.uniform(LEAST, MOST),
    )
    wanted = _KINDS[kind](draft)
    innocent = draft.free(chance.randint(*INNOCENT))
    for one in innocent:
        draft.after[one] = draft.after[one].replace("total", "found")
    before, after = (
        _files(bodies, [draft.heads[module][side] for module in range(MODULES)])
        for side, bodies in enumerate((draft.before, draft.after))
    )
    return Program(kind, before, after, tuple(map(frozenset, wanted)), len(innocent))


def _more(body: str, turns: int) -> str:
    return f"    spin({turns})\n{body}"


def _name(one: tuple[int, str]) -> str:
    return f"{PACKAGE}/module{one[0]}.py: {one[1]}"


def _files(bodies: Mapping[tuple[int, str], str], heads: Sequence[str]) -> dict[str, str]:
    imports = "".join(f"from {PACKAGE} import module{module}\n" for module in range(MODULES))
    calls = "".join(f"    module{module}.{name}()\n" for module, name in bodies)
    files = {
        f"{PACKAGE}/spinning.py": _HEAD,
        f"{PACKAGE}/__init__.py": f"{imports}\n\ndef main():\n{calls}",
    }
    for module, head in enumerate(heads):
        functions = [
            f"def {name}():\n{body}" for (where, name), body in bodies.items() if where == module
        ]
        text = f"from {PACKAGE}.spinning import Spinner, spin\n{imports}\n\n{head}"
        files[f"{PACKAGE}/module{module}.py"] = text + "\n\n\n".join(functions)
    return files
