"""Which code has to stand as before for a cause to do so, as texts of whole modules."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from asv_explain.changes.splice import (
    MODULE,
    CannotStand,
    complete,
    edited,
    function_edit,
    outer_edits,
    told_unbound,
    unbound,
)
from asv_explain.changes.versions import Module, Pair, Version

__all__ = ["Candidate", "Wanted", "candidates"]

Scope: TypeAlias = Literal["alone", "set", "together", "module"]

MOST_NAMED = 3
"""So many functions that stand in the way are named in a reason."""

_CLASS = "class "
_LOCAL = ".<locals>."

# How the callers of a function have to follow when it turns from one kind into another.
_FOLLOW = {
    "async": "its callers await it now",
    "sync": "its callers await it no longer",
    "generator": "its callers take what it yields one by one now",
    "function": "its callers take what it returns at once now",
}

# What a caller as it was before does not reckon with.
_BECAME = {
    "async": "has to be awaited now",
    "sync": "can't be awaited any longer",
    "generator": "yields one by one now",
    "function": "returns all at once now",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """The code of a cause.

    Attributes:
        name: qualified name; ``<module>`` and ``class Foo`` for what runs outside functions.
        path: import path of its module, after where there are two.
        origin: import path of the module that had it before; the same unless it moved.
        line_before: first line of it before; None where it is new.
        line_after: the same after; None where it is gone.
    """

    name: str
    path: str
    origin: str
    line_before: int | None
    line_after: int | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """Code that could stand as before.

    Attributes:
        scope: how much it is.
        names: each piece as its file and its qualified name; a whole module as its file.
        texts: the modules that hold it, by import path, with that code as before.
        reason: why it can't stand like that; empty where it may be tried.
        hint: what may be behind it if it fails when it is tried; empty where nothing is known.
    """

    scope: Scope
    names: tuple[str, ...]
    texts: Mapping[str, str]
    reason: str = ""
    hint: str = ""


def candidates(wanted: Wanted, modules: Mapping[str, Module]) -> Iterator[Candidate]:
    """The code of a cause alone; all that changed in its module; the module; what calls each other.

    What would be the same as one before it is left out.

    Args:
        wanted: the code.
        modules: all modules that changed.
    """
    module = modules.get(wanted.path)
    if module is None or module.after is None:
        reason = "its module is gone"
        if module is None:
            reason = "its module has no source that changed and can be read"
        yield Candidate("alone", (f"{wanted.path}: {wanted.name}",), {}, reason)
        return
    pair = _pair(wanted, module, modules)
    ways: tuple[Callable[[], Candidate | None], ...] = (
        lambda: _alone(wanted, pair, modules),
        lambda: None if pair is None else _set(module, modules),
        lambda: _module(module, modules),
        lambda: None if pair is None else _together(pair, modules),
    )
    tried: list[Candidate] = []
    for way in ways:
        found = way()
        if found is None or any(_same(found, one) for one in tried):
            continue
        tried.append(found)
        yield found


def _same(one: Candidate, other: Candidate) -> bool:
    return sorted(one.names) == sorted(other.names) or (
        bool(one.texts) and one.texts == other.texts
    )


def _pair(wanted: Wanted, module: Module, modules: Mapping[str, Module]) -> Pair | None:
    """The function of a cause, on both sides; None where it is none, or did not change."""
    for one in module.pairs:
        first = None if one.after is None else one.after.first
        if one.name != wanted.name or first != wanted.line_after:
            continue
        if one.before is not None or wanted.line_before is None:
            return one
        origin = modules.get(wanted.origin)
        scopes = {} if origin is None or origin.before is None else origin.before.source.functions
        for every in scopes.values():
            for scope in every:
                if scope.first == wanted.line_before:
                    return replace(one, before=scope)
        return one
    return None


def _alone(wanted: Wanted, pair: Pair | None, modules: Mapping[str, Module]) -> Candidate:
    module = modules[wanted.path]
    found = Candidate("alone", (f"{wanted.path}: {wanted.name}",), {})
    origin = modules.get(wanted.origin)
    try:
        if pair is not None:
            before = None if origin is None else origin.before
            found = replace(found, texts={wanted.path: _text(module, [(pair, before)])})
            found = replace(found, reason=_follow(pair, modules) or _hindrance([pair], modules))
        elif wanted.name == MODULE or wanted.name.startswith(_CLASS):
            if module.after is None:
                raise CannotStand("its module is gone")
            name = wanted.name.removeprefix(_CLASS)
            edits = outer_edits(module.after, module.before, name)
            found = replace(found, texts={wanted.path: edited(module.after.text, edits)})
        else:
            raise CannotStand("its source did not change")
        missing = unbound(found.texts[wanted.path], module)
    except CannotStand as error:
        return replace(found, reason=str(error))
    if missing and not found.reason:
        found = replace(found, reason=told_unbound(missing))
    return replace(found, hint="" if pair is None else _signature(pair))


def _set(module: Module, modules: Mapping[str, Module]) -> Candidate | None:
    """All functions of a module that changed, with the helpers that they had."""
    pairs = [one for one in module.pairs if _goes_back(one, module)]
    if not pairs:
        return None
    found = Candidate("set", tuple(one.told for one in pairs), {})
    try:
        text = _text(module, [(one, module.before) for one in pairs])
        found = replace(found, texts={module.path: complete(text, module)})
    except CannotStand as error:
        return replace(found, reason=str(error))
    return replace(found, reason=_hindrance(pairs, modules))


def _goes_back(pair: Pair, module: Module) -> bool:
    """Whether a function is put back by itself where all of its module are.

    Functions inside others come and go with those. What is new at the top does no harm, and so
    does what is new in a new class; what is gone with its class comes with that, if it is needed.
    """
    if _LOCAL in pair.name:
        return pair.before is not None and pair.after is not None
    holder = pair.name.rpartition(".")[0]
    if pair.before is None:
        return bool(holder) and module.before is not None and holder in module.before.source.outers
    if pair.after is None:
        return module.after is not None and (not holder or holder in module.after.source.outers)
    return True


def _module(module: Module, modules: Mapping[str, Module]) -> Candidate:
    found = Candidate("module", (module.path,), {})
    if module.before is None:
        return replace(found, reason="the module is new")
    found = replace(found, texts={module.path: module.before.text})
    return replace(found, reason=_hindrance(module.pairs, modules))


def _together(pair: Pair, modules: Mapping[str, Module]) -> Candidate | None:
    """The functions that call each other in another way than before, wherever they are."""
    every = [one for module in modules.values() for one in module.pairs if one.before and one.after]
    strict = [one for one in every if one.turned or one.shifted]
    members, ahead = {id(pair): pair}, [pair]
    while ahead:
        one = ahead.pop()
        tied = [other for other in strict if _hangs_on(one, other)]
        if one.turned or one.shifted:
            tied += [other for other in every if _hangs_on(other, one)]
        ahead += [other for other in tied if id(other) not in members]
        members.update((id(other), other) for other in tied)
    if len(members) < 2:
        return None
    found = Candidate("together", tuple(sorted(one.told for one in members.values())), {})
    if len(members) >= len(every):
        reason = f"all {len(every)} functions that changed call each other in another way"
        return replace(found, reason=f"{reason}: that is the commit before as a whole")
    reads = {
        name for one in members.values() if one.before is not None for name in one.before.reads
    }
    texts = {}
    try:
        for path in dict.fromkeys(one.path for one in members.values()):
            module = modules[path]
            helpers = [
                one
                for one in module.pairs
                if one.after is None and one.bare in reads and _goes_back(one, module)
            ]
            own = [one for one in members.values() if one.path == path]
            text = _text(module, [(one, module.before) for one in (*own, *helpers)])
            texts[path] = complete(text, module)
    except CannotStand as error:
        return replace(found, reason=str(error))
    return replace(found, texts=texts)


def _text(module: Module, pairs: Sequence[tuple[Pair, Version | None]]) -> str:
    """A module's later text with functions as they were."""
    after = module.after
    if after is None:
        raise CannotStand("its module is gone")
    return edited(after.text, [function_edit(after, pair, before) for pair, before in pairs])


def _hangs_on(caller: Pair, called: Pair) -> bool:
    """Whether one version of a caller needs the same version of what it calls."""
    return bool(called.turned or called.shifted) and called.bare in caller.recalled


def _follow(pair: Pair, modules: Mapping[str, Module]) -> str:
    """Why a function whose callers must follow it can't be put back alone."""
    if not (pair.turned or pair.shifted):
        return ""
    why = _FOLLOW[pair.turned] if pair.turned else _signature(pair)
    every = [one for module in modules.values() for one in module.pairs]
    return why + _named([one for one in every if one is not pair and _hangs_on(one, pair)])


def _signature(pair: Pair) -> str:
    """How a function's parameters changed; empty where they did not."""
    if pair.before is None or pair.after is None:
        return ""
    ours, theirs = pair.before.parameters, pair.after.parameters
    if ours == theirs:
        return ""
    return f"its signature changed, from {ours.told} to {theirs.told}"


def _hindrance(pairs: Collection[Pair], modules: Mapping[str, Module]) -> str:
    """What stays as it is after and can't go on with functions put back, or they with it."""
    stays = [one for module in modules.values() for one in module.pairs if one not in pairs]
    for one in pairs:
        callers = [other for other in stays if _hangs_on(other, one)]
        if callers:
            why = _FOLLOW[one.turned] if one.turned else _signature(one)
            whose = why.replace("its ", f"`{one.name}`'s ", 1)
            return whose + _named(callers)
    for one in pairs:
        called = [other for other in stays if _hangs_on(one, other)]
        if called:
            how = _BECAME[called[0].turned] if called[0].turned else "takes other arguments now"
            return f"`{one.name}` calls `{called[0].name}` in {called[0].path}, which {how}"
    return ""


def _named(pairs: Sequence[Pair]) -> str:
    if not pairs:
        return ""
    names = [f"`{one.name}` in {one.path}" for one in pairs[:MOST_NAMED]]
    more = [f"{len(pairs) - MOST_NAMED} more"] if len(pairs) > MOST_NAMED else []
    return f" ({', '.join([*names, *more])})"
