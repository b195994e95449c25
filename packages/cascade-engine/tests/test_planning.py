"""How often an engine asks its solver."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from cascade.adapters.solvers.native import NativeSolver
from cascade.runtime import Engine
from cascade.spec import Dependencies, Plan, task


class CountingSolver(NativeSolver):
    """Counts how many graphs it solves."""

    def __init__(self) -> None:
        self.solved = 0

    def solve(self, graph: Dependencies) -> Plan:
        """Solve and count."""
        self.solved += 1
        return super().solve(graph)


@task
def noop(_value: Any = None) -> None: ...


@task
def down(n: int, _input: Any = None) -> Any:
    return down(n - 1, noop(noop(n))) if n else "done"


@pytest.mark.parametrize(("size", "solved"), [(1024, 2), (0, 51)])
def test_a_structure_is_solved_once(
    make_engine: Callable[..., Engine], size: int, solved: int
) -> None:
    """A loop over new data of one shape asks the solver once for each shape, cache permitting."""
    solver = CountingSolver()
    engine = make_engine(solver=solver, plan_cache_size=size)
    assert asyncio.run(engine.run(down(50))) == "done"
    assert solver.solved == solved


def test_plans_are_remembered_from_run_to_run(make_engine: Callable[..., Engine]) -> None:
    """A second run of the same shape finds every plan."""
    engine = make_engine()
    asyncio.run(engine.run(down(5)))
    before = engine.plan_cache.misses
    asyncio.run(engine.run(down(7)))
    assert engine.plan_cache.misses == before
