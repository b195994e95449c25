"""Building graphs, deep and wide, with nodes that are known already and with none."""

from __future__ import annotations

from benchmarks import named
from cascade.graph import NodeRegistry, build_graph
from observatory.benchmarks.tco_performance import noop


class BuildGraph:
    """A chain of noops (deep), or noops that one more waits for (wide)."""

    params = ([10, 100, 1_000], ["deep", "wide"])
    param_names = ("nodes", "shape")
    number = 1
    repeat = (10, 100, 2.0)

    def setup(self, nodes: int, shape: str) -> None:
        if shape == "deep":
            self.target = noop()
            for _ in range(nodes - 1):
                self.target = noop(self.target)
        else:
            self.target = noop([noop() for _ in range(nodes - 1)])
        self.registry = NodeRegistry()
        self.used = NodeRegistry()
        build_graph(self.target, self.used)

    @named("build_graph, no node known")
    def time_cold(self, nodes: int, shape: str) -> None:
        build_graph(self.target, self.registry)

    @named("build_graph, every node known")
    def time_warm(self, nodes: int, shape: str) -> None:
        build_graph(self.target, self.used)
