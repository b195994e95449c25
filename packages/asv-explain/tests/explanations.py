"""An explanation that the tests of every report share."""

from __future__ import annotations

from typing import Any

from asv_explain.explanation import (
    Cause,
    Caveat,
    Change,
    CommitRef,
    Explanation,
    Interval,
    Outcome,
    Place,
    Proof,
    PutBack,
    Refusal,
    Reversal,
    Rounds,
    Sampling,
    Verdict,
)

__all__ = ["CAUSE", "PROOF", "REFUSED", "REVERSAL", "SAMPLED", "explanation", "unknown"]

CAUSE = Cause(
    name="FlowManager.should_skip",
    path="cascade/runtime/flow.py",
    kind="async",
    account="should_skip is awaited now",
    amount=0.5,
    interval=Interval(0.4, 0.6),
    share=0.5,
    count_before=12,
    count_after=12.5,
    price_before=1e-6,
    price_after=2e-6,
    before=Place("cascade/runtime/flow.py", 15),
    after=Place("cascade/runtime/skips.py", 17),
    hunk="@@ -1 +1 @@\n-def\n+async def\n",
    commits=(CommitRef("a" * 40, "A", "2026-11-21T20:00:00+00:00", "feat: x"),),
)

REFUSED = Refusal(
    ("cascade/runtime/flow.py: FlowManager.should_skip",),
    "FlowManager.should_skip is called and never awaited",
)

PROOF = Proof(
    outcome=Outcome.PROVEN,
    share=0.55,
    interval=Interval(0.5, 0.61),
    names=("cascade/runtime/flow.py: FlowManager.should_skip", "cascade/runtime/flow.py: skip"),
)

REVERSAL = Reversal(
    changes=(
        Change(
            name="FlowManager.should_skip",
            path="cascade/runtime/flow.py",
            kind="function",
            share=0.96,
            interval=Interval(0.9, 1.02),
            commits=(CommitRef("a" * 40, "A", "2026-11-21T20:00:00+00:00", "feat: x"),),
            group=0,
        ),
    ),
    share=0.96,
    interval=Interval(0.9, 1.02),
    whole=1.0,
    whole_interval=Interval(0.95, 1.05),
    others=(PutBack(("cascade/runtime/flow.py: skip",), -0.2, Interval(-0.25, -0.15)),),
    candidates=7,
    trials=6,
    seconds=42.0,
    complete=True,
    refusals=(REFUSED,),
    result="same",
    patch="diff --git a/flow.py b/flow.py\n--- a/flow.py\n+++ b/flow.py\n@@ -1 +1 @@\n-x\n+y\n",
)

SAMPLED = Sampling(
    method="samples",
    rounds=8,
    samples=12_345,
    rate=1000.0,
    slowdown=1.04,
    waiting=0.0,
    counted=678.0,
)


def explanation(**changes: Any) -> Explanation:
    """An explanation that adds up, with some values changed."""
    values: dict[str, Any] = {
        "benchmark": "tco.Stable.time_warm",
        "params": ("10", "'deep'"),
        "environment": "virtualenv-py3.11",
        "machine": "box",
        "kind": "time",
        "unit": "seconds",
        "before": "b" * 40,
        "after": "a" * 40,
        "verdict": Verdict.SLOWER,
        "ratio": 2.0,
        "interval": Interval(1.9, 2.1),
        "difference": 1.0,
        "causes": (CAUSE,),
        "residual": 0.5,
        "async_tax": 0.4,
        "caveats": (Caveat("few-rounds", "only 2 rounds", "raise --budget"),),
        "rounds_before": Rounds((1.0, 1.1), (1.0, 1.0), ()),
        "rounds_after": Rounds((2.0, 2.1), (2.0, 2.0), ()),
    }
    return Explanation(**{**values, **changes})


def unknown(**changes: Any) -> Explanation:
    """An explanation of what could not be measured, with some values changed."""
    nothing: dict[str, Any] = dict.fromkeys(
        ("ratio", "interval", "difference", "residual", "async_tax")
    )
    return explanation(**{**nothing, "verdict": Verdict.UNKNOWN, "causes": (), **changes})
