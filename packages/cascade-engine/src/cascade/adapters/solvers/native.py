"""The solver that comes with the engine: topological order, as wide as the graph allows."""

from __future__ import annotations

import graphlib

from cascade.spec import CycleError, Dependencies, GraphError, Plan

__all__ = ["NativeSolver"]


class NativeSolver:
    """Puts each node in the first stage in which everything it waits for is done."""

    def solve(self, graph: Dependencies) -> Plan:
        """The stages of ``graph`` in order; positions within a stage ascend.

        Raises:
            CycleError: nodes wait for one another in a circle.
            GraphError: an edge names a position that has no node.
        """
        size = len(graph.nodes)
        sorter = graphlib.TopologicalSorter[int](dict.fromkeys(range(size), ()))
        for edge in graph.edges:
            if not (0 <= edge.source < size and 0 <= edge.target < size):
                raise GraphError(
                    f"edge {edge.source} → {edge.target} leads outside a graph of {size} nodes"
                )
            sorter.add(edge.target, edge.source)
        try:
            sorter.prepare()
        except graphlib.CycleError as error:
            raise CycleError(tuple(str(graph.nodes[node]) for node in error.args[1])) from None
        stages = []
        while sorter.is_active():
            ready = sorter.get_ready()
            stages.append(tuple(sorted(ready)))
            sorter.done(*ready)
        return tuple(stages)
