"""Running a graph: engine, tail calls, flow, arguments, processor, bus."""

from cascade.runtime.arguments import ArgumentResolver
from cascade.runtime.bus import MessageBus
from cascade.runtime.engine import Engine
from cascade.runtime.flow import FlowManager
from cascade.runtime.processor import NodeProcessor
from cascade.runtime.step import Step
from cascade.runtime.strategy import GraphExecutionStrategy

__all__ = [
    "ArgumentResolver",
    "Engine",
    "FlowManager",
    "GraphExecutionStrategy",
    "MessageBus",
    "NodeProcessor",
    "Step",
]
