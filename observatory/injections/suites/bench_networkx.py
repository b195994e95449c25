"""Walking, weighing and dividing a graph."""

from __future__ import annotations

import networkx as nx

NODES = 120


def ring_with_chords() -> nx.Graph:
    """A ring with chords of several lengths, every edge with a weight."""
    graph = nx.Graph()
    for node in range(NODES):
        for step in (1, 7, 31):
            graph.add_edge(node, (node + step) % NODES, weight=1 + (node * step) % 11)
    return graph


class Graphs:
    """A graph of some hundred nodes, and a directed one without cycles beside it."""

    def setup(self) -> None:
        self.graph = ring_with_chords()
        self.order = nx.DiGraph(
            (node, later)
            for node in range(NODES)
            for later in range(node + 1, min(node + 6, NODES))
        )

    def time_build(self) -> None:
        for _ in range(4):
            graph = ring_with_chords()
            graph.subgraph(range(NODES // 2)).copy()

    def time_dijkstra(self) -> None:
        for source in range(0, NODES, 6):
            nx.single_source_dijkstra(self.graph, source)

    def time_spanning_tree(self) -> None:
        for _ in range(5):
            nx.minimum_spanning_tree(self.graph)

    def time_topology(self) -> None:
        list(nx.lexicographical_topological_sort(self.order))
        nx.dag_longest_path(self.order)
        nx.transitive_reduction(self.order)

    def time_core(self) -> None:
        for _ in range(3):
            nx.core_number(self.graph)
            nx.clustering(self.graph)
            list(nx.biconnected_components(self.graph))

    def time_colour(self) -> None:
        nx.greedy_color(self.graph, strategy="saturation_largest_first")
