"""The state backend that keeps outcomes in this process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cascade.spec import StepId

__all__ = ["InMemoryStateBackend"]


class InMemoryStateBackend:
    """Outcomes in a dict per step; ``len`` is the number of steps kept.

    Answers at once: a look into a dict is shorter than any way of waiting for it.
    """

    def __init__(self) -> None:
        self._steps: dict[StepId, dict[int, Any]] = {}

    async def put(self, step: StepId, outcomes: Mapping[int, Any]) -> None:
        """Keep outcomes, in place of earlier ones for the same nodes."""
        self._steps.setdefault(step, {}).update(outcomes)

    async def get(self, step: StepId, node: int) -> Any:
        """The outcome of a node, as the same object that was put.

        Raises:
            KeyError: none was put for this node since the step was last cleared.
        """
        return self._steps[step][node]

    async def clear(self, step: StepId) -> None:
        """Forget the step."""
        self._steps.pop(step, None)

    def __len__(self) -> int:
        return len(self._steps)
