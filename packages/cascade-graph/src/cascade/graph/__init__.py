"""From a lazy result to a graph of nodes and edges."""

from cascade.graph.build import build_graph
from cascade.graph.model import Edge, EdgeKind, Graph, Nested, Node, Ref
from cascade.graph.registry import NodeRegistry

__all__ = ["Edge", "EdgeKind", "Graph", "Nested", "Node", "NodeRegistry", "Ref", "build_graph"]
