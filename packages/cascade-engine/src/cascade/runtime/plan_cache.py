"""Remembers the plans of graphs that ran before."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

from cascade.spec import Plan

__all__ = ["PlanCache"]


class PlanCache:
    """Plans by structural identity; when full, the one not used for longest makes room.

    Args:
        capacity: how many plans are kept at the most; with 0 none is.

    Attributes:
        hits: how often a plan was found.
        misses: how often none was.
    """

    def __init__(self, capacity: int) -> None:
        if capacity < 0:
            raise ValueError(f"a plan cache keeps 0 plans or more, not {capacity}")
        self.capacity = capacity
        self.hits = 0
        self.misses = 0
        self._plans: OrderedDict[Hashable, Plan] = OrderedDict()

    def get(self, identity: Hashable) -> Plan | None:
        """The plan for graphs of this identity, or None if it is not known."""
        plan = self._plans.get(identity)
        if plan is None:
            self.misses += 1
            return None
        self.hits += 1
        self._plans.move_to_end(identity)
        return plan

    def put(self, identity: Hashable, plan: Plan) -> None:
        """Remember ``plan`` for graphs of this identity."""
        self._plans[identity] = plan
        while len(self._plans) > self.capacity:
            self._plans.popitem(last=False)

    def __len__(self) -> int:
        return len(self._plans)
