"""All kinds of change by name, and which of them make up the kinds that are several at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from observatory.injections.kinds.attributes import PropertyForAttribute
from observatory.injections.kinds.constants import ConstantChanged, CopyAdded, LinearSearch
from observatory.injections.kinds.coroutines import TurnedAsync
from observatory.injections.kinds.helpers import CacheRemoved, ExtraCall, LongerLoop
from observatory.injections.kinds.innocent import RenamedLocal
from observatory.injections.kinds.kind import Kind
from observatory.injections.kinds.moves import MovedAndSlower
from observatory.injections.kinds.own import EagerImport, OwnWork, SlowerDefault
from observatory.injections.kinds.patterns import DearerPattern
from observatory.injections.kinds.wrappers import Decorator, Override

__all__ = ["KINDS", "Recipe", "Role", "Share", "kind_named"]


class Role(Enum):
    """What a change does to the benchmark."""

    SLOWER = "slower"
    FASTER = "faster"
    INNOCENT = "innocent"


@dataclass(frozen=True, slots=True)
class Share:
    """One of the changes that an injection is made of.

    Attributes:
        role: what it does to the benchmark.
        size: what it adds to the benchmark's time, as a multiple of the slowdown that is wanted.
        kinds: the kinds of which one is drawn.
    """

    role: Role
    size: float
    kinds: tuple[str, ...]


Recipe = tuple[Share, ...]
"""What an injection is made of."""

_SINGLE: tuple[Kind, ...] = (
    OwnWork(),
    ExtraCall(),
    LongerLoop(),
    CacheRemoved(),
    CopyAdded(),
    LinearSearch(),
    DearerPattern(),
    TurnedAsync(),
    PropertyForAttribute(),
    Decorator(),
    SlowerDefault(),
    ConstantChanged(),
    Override(),
    EagerImport(),
    MovedAndSlower(),
)

_INNOCENT = RenamedLocal()
_NAMED: Mapping[str, Kind] = {one.name: one for one in (*_SINGLE, _INNOCENT)}

# Kinds whose size can be steered finely, and each of which changes functions of its own: two of
# them in one file stay two changes.
_STEERED = tuple(
    one.name
    for one in _SINGLE
    if isinstance(one, OwnWork | ExtraCall | LongerLoop | CacheRemoved | CopyAdded | SlowerDefault)
)

KINDS: Mapping[str, Recipe] = {
    **{one.name: (Share(Role.SLOWER, 1, (one.name,)),) for one in _SINGLE},
    "two slowdowns at once": (
        Share(Role.SLOWER, 2 / 3, _STEERED),
        Share(Role.SLOWER, 1 / 3, _STEERED),
    ),
    "a slowdown and a speed-up at once": (
        Share(Role.SLOWER, 3 / 2, _STEERED),
        Share(Role.FASTER, -1 / 2, _STEERED),
    ),
    "a slowdown beside an innocent change": (
        Share(Role.SLOWER, 1, _STEERED),
        Share(Role.INNOCENT, 0, (_INNOCENT.name,)),
    ),
}
"""All kinds, and what each is made of."""


def kind_named(name: str) -> Kind:
    """The kind of one change."""
    return _NAMED[name]
