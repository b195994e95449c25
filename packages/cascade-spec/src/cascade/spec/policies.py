"""How a node may be retried and how long it may take."""

from __future__ import annotations

import math
from dataclasses import dataclass

from cascade.spec.errors import PolicyError

__all__ = ["RetryPolicy", "TimeoutPolicy"]


def _is_exception_type(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, Exception)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Try a task again when it raises, waiting longer each time (exponential back-off).

    Args:
        attempts: how often the task is called at the most, the first call included; at least 1.
        delay: seconds to wait before the second attempt; at least 0.
        backoff: factor by which each further wait is longer than the one before; at least 1.
        max_delay: no wait is longer than this, in seconds.
        on: the exception types that are worth another attempt.

    Raises:
        PolicyError: a value is out of its range.
    """

    attempts: int = 3
    delay: float = 0.0
    backoff: float = 2.0
    max_delay: float = 60.0
    on: tuple[type[Exception], ...] = (Exception,)

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise PolicyError(f"a retry policy needs at least 1 attempt, not {self.attempts}")
        if not (0 <= self.delay < math.inf):
            raise PolicyError(f"a retry delay is a number of seconds from 0 up, not {self.delay}")
        if not (1 <= self.backoff < math.inf):
            raise PolicyError(f"a back-off factor is at least 1, not {self.backoff}")
        if not self.max_delay >= 0:
            raise PolicyError(f"a longest delay is at least 0 seconds, not {self.max_delay}")
        if not all(_is_exception_type(kind) for kind in self.on):
            raise PolicyError(f"a retry policy takes exception types in `on`, not {self.on}")

    def delay_after(self, attempt: int) -> float:
        """Seconds to wait after the failed attempt number ``attempt`` (counted from 1)."""
        try:
            wait = self.delay * self.backoff ** (attempt - 1)
        except OverflowError:
            # A float that large is in any case above the longest delay.
            wait = math.inf
        return min(wait, self.max_delay)


@dataclass(frozen=True, slots=True)
class TimeoutPolicy:
    """Cancel an attempt that takes longer than ``seconds`` (more than 0).

    Raises:
        PolicyError: ``seconds`` is not a positive finite number.
    """

    seconds: float

    def __post_init__(self) -> None:
        if not (0 < self.seconds < math.inf):
            raise PolicyError(f"a timeout is a positive number of seconds, not {self.seconds}")
