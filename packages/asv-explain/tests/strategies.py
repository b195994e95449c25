"""Raw profiles as cProfile would take them, of programs that hypothesis makes up."""

from __future__ import annotations

from dataclasses import dataclass, field
from inspect import CO_COROUTINE, CO_GENERATOR
from typing import Any

from hypothesis import strategies as st

__all__ = ["raw_profiles"]


PLAIN_FLAGS = 3
HOMES = ("site", "bench", "stdlib", "other")


@dataclass
class _Entry:
    """What cProfile keeps of one function, or of one function called by another."""

    calls: int = 0
    recursive: int = 0
    own: float = 0.0
    cumulative: float = 0.0


@dataclass
class _Recorder:
    """Adds up calls as cProfile does: recursive ones don't add to cumulative time again."""

    size: int
    entries: dict[int, _Entry] = field(default_factory=dict)
    edges: dict[tuple[int, int], _Entry] = field(default_factory=dict)
    running: list[int] = field(default_factory=list)

    def call(self, function: int, own: float, nested: list[tuple[int, float, list[Any]]]) -> float:
        """Record a call and what it calls; return how long it took."""
        caller = self.running[-1] if self.running else None
        again = function in self.running
        edge_again = any(
            pair == (caller, function) for pair in zip(self.running, self.running[1:], strict=False)
        )
        self.running.append(function)
        took = own + sum(self.call(*one) for one in nested)
        self.running.pop()
        self._add(self.entries.setdefault(function, _Entry()), own, took, again)
        if caller is not None:
            edge = self.edges.setdefault((caller, function), _Entry())
            self._add(edge, own, took, edge_again)
        return took

    @staticmethod
    def _add(entry: _Entry, own: float, took: float, again: bool) -> None:
        entry.calls += 1
        entry.own += own
        entry.recursive += again
        entry.cumulative += 0.0 if again else took


@st.composite
def _functions(draw: st.DrawFn, index: int) -> dict[str, Any]:
    """Who a function is: Python code, a coroutine, a generator, C, or generated code."""
    kind = draw(st.sampled_from(("python", "coroutine", "generator", "builtin", "generated")))
    if kind == "builtin":
        return {
            "home": "builtin",
            "path": "",
            "name": f"builtins.f{index}",
            "line": 0,
            "flags": 0,
            "fingerprint": "",
        }
    flags = {"coroutine": CO_COROUTINE, "generator": CO_GENERATOR}.get(kind, 0)
    home = "generated" if kind == "generated" else draw(st.sampled_from(HOMES))
    return {
        "home": home,
        "path": "string" if kind == "generated" else draw(st.sampled_from(("a.py", "b/c.py"))),
        "name": draw(st.sampled_from((f"f{index}", "<lambda>", "Class.method"))),
        "line": draw(st.integers(1, 50)),
        "flags": PLAIN_FLAGS | flags,
        "fingerprint": f"{index:04x}",
    }


@st.composite
def raw_profiles(draw: st.DrawFn) -> dict[str, Any]:
    """Raw profiles whose times and counts add up, with recursion, by replaying made-up calls."""
    size = draw(st.integers(1, 8))
    functions = [draw(_functions(index)) for index in range(size)]
    who = st.integers(0, size - 1)
    own = st.floats(0, 1e-3, allow_subnormal=False)
    leaf: st.SearchStrategy[Any] = st.tuples(who, own, st.just([]))
    trees = st.recursive(
        leaf, lambda inner: st.tuples(who, own, st.lists(inner, max_size=4)), max_leaves=20
    )
    recorder = _Recorder(size)
    took = sum(recorder.call(*tree) for tree in draw(st.lists(trees, min_size=1, max_size=4)))
    places = {function: place for place, function in enumerate(recorder.entries)}
    return {
        "schema": 1,
        "python": "3.11.7",
        "implementation": "cpython",
        "number": draw(st.integers(1, 5)),
        "seconds": took + draw(st.floats(0, 1e-3)),
        "prepared": [["a.py", name] for name in sorted(draw(st.sets(st.sampled_from("fgh"))))],
        "functions": [
            functions[function]
            | {
                "calls": entry.calls,
                "recursive": entry.recursive,
                "own": entry.own,
                "cumulative": entry.cumulative,
            }
            for function, entry in recorder.entries.items()
        ],
        "edges": [
            [
                places[caller],
                places[callee],
                entry.calls,
                entry.recursive,
                entry.own,
                entry.cumulative,
            ]
            for (caller, callee), entry in recorder.edges.items()
        ],
    }
