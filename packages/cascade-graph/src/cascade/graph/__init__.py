"""From a lazy result to a graph of nodes and edges, and to what identifies its structure."""

from cascade.graph.bounded import BoundedCache
from cascade.graph.build import build_graph
from cascade.graph.identity import structural_identity
from cascade.graph.model import Edge, EdgeKind, Graph, Input, Nested, Node, Ref
from cascade.graph.registry import NodeRegistry

__all__ = [
    "BoundedCache",
    "Edge",
    "EdgeKind",
    "Graph",
    "Input",
    "Nested",
    "Node",
    "NodeRegistry",
    "Ref",
    "build_graph",
    "structural_identity",
]
