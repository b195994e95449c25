"""One contract suite for each protocol, run against every implementation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from cascade.adapters.solvers.native import NativeSolver
from cascade.adapters.state.in_memory import InMemoryStateBackend
from cascade.graph import Edge, EdgeKind
from cascade.spec import CycleError, GraphError, Skipped, Solver, StateBackend, StepId

STEP, OTHER = StepId("run", 0), StepId("run", 1)


@pytest.fixture(params=[InMemoryStateBackend])
def state(request: pytest.FixtureRequest) -> StateBackend:
    """An empty state backend of each kind."""
    make: Callable[[], StateBackend] = request.param
    return make()


class TestStateBackend:
    """Whatever holds for every state backend."""

    def test_what_was_put_is_got(self, state: StateBackend) -> None:
        """Any outcome comes back, None and a skip included."""

        async def main() -> None:
            for node, outcome in enumerate([1, None, Skipped("why"), [2]]):
                await state.put(STEP, {node: outcome})
                assert await state.get(STEP, node) == outcome

        asyncio.run(main())

    def test_the_latest_outcome_counts(self, state: StateBackend) -> None:
        """Putting again replaces."""

        async def main() -> None:
            await state.put(STEP, {0: 1})
            await state.put(STEP, {0: 2})
            assert await state.get(STEP, 0) == 2

        asyncio.run(main())

    def test_outcomes_add_up(self, state: StateBackend) -> None:
        """What is put later stands beside what was put before; the mapping itself is not kept."""

        async def main() -> None:
            outcomes = {0: "a", 1: "b"}
            await state.put(STEP, outcomes)
            outcomes.clear()
            await state.put(STEP, {2: "c"})
            assert [await state.get(STEP, node) for node in range(3)] == ["a", "b", "c"]

        asyncio.run(main())

    def test_what_was_never_put_is_a_key_error(self, state: StateBackend) -> None:
        """Neither an unknown step nor an unknown node is taken for None."""

        async def main() -> None:
            with pytest.raises(KeyError):
                await state.get(STEP, 0)
            await state.put(STEP, {1: None})
            with pytest.raises(KeyError):
                await state.get(STEP, 0)

        asyncio.run(main())

    def test_clearing_forgets_one_step(self, state: StateBackend) -> None:
        """Other steps stay; clearing what isn't there is no error."""

        async def main() -> None:
            await state.put(STEP, {0: 1})
            await state.put(OTHER, {0: 2})
            await state.clear(STEP)
            await state.clear(STEP)
            with pytest.raises(KeyError):
                await state.get(STEP, 0)
            assert await state.get(OTHER, 0) == 2

        asyncio.run(main())


@dataclass
class Shape:
    """A graph as a solver sees it."""

    size: int
    pairs: list[tuple[int, int]]

    @property
    def nodes(self) -> list[object]:
        """Anything; a solver only counts them."""
        return [f"n{position}" for position in range(self.size)]

    @property
    def edges(self) -> list[Edge]:
        """The pairs as data edges."""
        return [Edge(source, target, EdgeKind.DATA) for source, target in self.pairs]


@pytest.fixture(params=[NativeSolver])
def solver(request: pytest.FixtureRequest) -> Solver:
    """A solver of each kind."""
    make: Callable[[], Solver] = request.param
    return make()


class TestSolver:
    """Whatever holds for every solver."""

    @pytest.mark.parametrize(
        "shape",
        [
            Shape(1, []),
            Shape(3, []),
            Shape(4, [(0, 1), (0, 2), (1, 3), (2, 3)]),
            Shape(5, [(4, 0), (3, 1), (4, 3)]),
            Shape(2, [(0, 1), (0, 1)]),
        ],
    )
    def test_every_node_stands_once_and_after_what_it_waits_for(
        self, solver: Solver, shape: Shape
    ) -> None:
        """A plan is a partition of the nodes that respects every edge."""
        plan = solver.solve(shape)
        stage_of = {node: number for number, stage in enumerate(plan) for node in stage}
        assert sorted(node for stage in plan for node in stage) == list(range(shape.size))
        assert all(stage_of[source] < stage_of[target] for source, target in shape.pairs)

    def test_a_circle_is_named(self, solver: Solver) -> None:
        """Nodes that wait for one another in a circle are refused by name."""
        with pytest.raises(CycleError, match="n1"):
            solver.solve(Shape(3, [(0, 1), (1, 2), (2, 1)]))

    def test_an_edge_to_nowhere_is_refused(self, solver: Solver) -> None:
        """An edge that names no node of the graph is refused."""
        with pytest.raises(GraphError, match="leads outside a graph of 2 nodes"):
            solver.solve(Shape(2, [(0, 5)]))


def test_native_plan_is_as_wide_as_the_graph_allows() -> None:
    """Each node stands in the first stage that it can."""
    diamond: Any = Shape(6, [(0, 1), (0, 2), (1, 3), (2, 3), (4, 3)])
    assert NativeSolver().solve(diamond) == ((0, 4, 5), (1, 2), (3,))
