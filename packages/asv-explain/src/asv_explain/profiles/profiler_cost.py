"""What cProfile adds to what it measures, by cause and by whose time it lands in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from asv_explain.profiles.wire import WireError, header, item, number, show

__all__ = ["SCHEMA", "Estimate", "ProfilerCost", "cost_from_raw", "cost_to_raw"]

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value and its standard error, both in the same unit and at least 0."""

    value: float
    error: float


@dataclass(frozen=True, slots=True)
class ProfilerCost:
    """What cProfile adds, by what causes it and by whose own time it lands in.

    Attributes:
        callee_python: Seconds per call of a Python function, in the function's own time.
        caller_python: The same, in its caller's own time.
        callee_builtin: Seconds per call of a C function, in the function's own time.
        caller_builtin: The same, in its caller's own time.
        callee_resumed: Seconds per resumption of a generator, in its own time.
        caller_resumed: The same, in the own time of whoever resumes it.
        callee_awaited: Seconds per coroutine that is awaited, and per time it goes on, in its own
            time.
        caller_awaited: The same, in the own time of whoever awaits it.
        callee_bit: Seconds per call and bit of surprise, in the called function's own time.
            cProfile finds its record of a function in a tree, and finds it the later the more
            other calls there were since; a function called at random, once in ``2**n`` calls, has
            ``n`` bits.
        caller_bit: The same, in its caller's own time.
        bytecode: Share by which Python code without calls slows down.
        python: Version of the interpreter.
        implementation: Its name, such as ``cpython``.
    """

    callee_python: Estimate
    caller_python: Estimate
    callee_builtin: Estimate
    caller_builtin: Estimate
    callee_resumed: Estimate
    caller_resumed: Estimate
    callee_awaited: Estimate
    caller_awaited: Estimate
    callee_bit: Estimate
    caller_bit: Estimate
    bytecode: Estimate
    python: str
    implementation: str


def cost_to_raw(cost: ProfilerCost) -> dict[str, Any]:
    """Return plain values that ``cost_from_raw`` reads back."""
    return {"schema": SCHEMA, **asdict(cost)}


def cost_from_raw(raw: Mapping[str, Any]) -> ProfilerCost:
    """Read a cost from plain values.

    Raises:
        WireError: Something is missing or not a number of at least 0.
    """
    header(raw, SCHEMA, "cost")
    estimates = {}
    for name in ProfilerCost.__slots__:
        if name in ("python", "implementation"):
            continue
        part = item(raw, name, "cost")
        if not isinstance(part, Mapping):
            raise WireError(name, f"expected an object, got {show(part)}")
        estimates[name] = Estimate(number(part, "value", name), number(part, "error", name))
    return ProfilerCost(**estimates, python=raw["python"], implementation=raw["implementation"])
