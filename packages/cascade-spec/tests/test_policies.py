"""Retry and timeout policies."""

from __future__ import annotations

import math
from typing import Any

import pytest

from cascade.spec import PolicyError, RetryPolicy, TimeoutPolicy


def test_each_wait_is_longer_by_the_back_off_factor_up_to_the_longest() -> None:
    """Waits grow geometrically and stop growing at ``max_delay``."""
    policy = RetryPolicy(attempts=6, delay=1, backoff=3, max_delay=20)
    assert [policy.delay_after(attempt) for attempt in range(1, 6)] == [1, 3, 9, 20, 20]


def test_back_off_never_overflows() -> None:
    """However many attempts, the wait is the longest delay."""
    assert RetryPolicy(delay=1.0, max_delay=60).delay_after(10_000) == 60


@pytest.mark.parametrize(
    "values",
    [
        {"attempts": 0},
        {"delay": -1},
        {"delay": math.nan},
        {"backoff": 0.5},
        {"max_delay": -1},
        {"on": (BaseException,)},
        {"on": ("OSError",)},
    ],
)
def test_retry_policy_refuses_what_it_cannot_work_with(values: dict[str, Any]) -> None:
    """Each value out of range is refused with what is allowed."""
    with pytest.raises(PolicyError):
        RetryPolicy(**values)


@pytest.mark.parametrize("seconds", [0, -1, math.nan, math.inf])
def test_timeout_is_positive_and_finite(seconds: float) -> None:
    """A timeout that is no limit is refused."""
    with pytest.raises(PolicyError):
        TimeoutPolicy(seconds)
