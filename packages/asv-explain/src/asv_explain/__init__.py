"""A profile hook for asv that says which change made a benchmark slower, and what it cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asv_explain.api import ExplainError, explain, load, stored
    from asv_explain.explanation import (
        Cause,
        Caveat,
        Change,
        Explanation,
        Interval,
        Outcome,
        Proof,
        PutBack,
        Refusal,
        Reversal,
        Verdict,
    )

__all__ = [
    "Cause",
    "Caveat",
    "Change",
    "ExplainError",
    "Explanation",
    "Interval",
    "Outcome",
    "Proof",
    "PutBack",
    "Refusal",
    "Reversal",
    "Verdict",
    "explain",
    "load",
    "stored",
]

_OF_API = ("ExplainError", "explain", "load", "stored")


# A type checker sees the imports above, and would take any name at all for one of these.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Import what is asked for: asv loads this package whenever it starts, and all is slow.

        Raises:
            AttributeError: nothing public has that name.
        """
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        home = "api" if name in _OF_API else "explanation"
        return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    """What is public, whether imported yet or not."""
    return sorted({*globals(), *__all__})
