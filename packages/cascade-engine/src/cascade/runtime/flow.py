"""Whether a node runs at all."""

from __future__ import annotations

from typing import Any

from cascade.graph import EdgeKind
from cascade.runtime.step import Step
from cascade.spec import ConditionError, Skipped

__all__ = ["FlowManager"]


class FlowManager:
    """Decides which nodes are skipped."""

    def should_skip(self, step: Step, position: int) -> str | None:
        """Why the node is to be skipped, or None if it is to run.

        A node is skipped when one of its conditions came out false, or when a node whose result it
        uses, or a condition, was skipped itself. An order edge only orders.

        Raises:
            ConditionError: a condition came out as something neither true nor false.
            MissingDependencyError: a node that this one waits for has not run.
        """
        for source, kind in step.graph.nodes[position].inputs:
            if kind is EdgeKind.ORDER:
                continue
            outcome = step.outcome(source, position)
            if type(outcome) is Skipped:
                return f"{step.graph.nodes[source]} was skipped"
            if kind is EdgeKind.CONDITION and not _is_true(step, source, position, outcome):
                return f"condition {step.graph.nodes[source]} was false"
        return None


def _is_true(step: Step, source: int, position: int, outcome: Any) -> bool:
    try:
        return bool(outcome)
    except Exception as error:
        nodes = step.graph.nodes
        raise ConditionError(str(nodes[position]), str(nodes[source]), error) from error
