"""What a run says of itself while it runs; subscribers get these from the message bus."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "Event",
    "NodeCancelled",
    "NodeEvent",
    "NodeFailed",
    "NodeRetried",
    "NodeSkipped",
    "NodeStarted",
    "NodeSucceeded",
    "RunCancelled",
    "RunFailed",
    "RunStarted",
    "RunSucceeded",
    "TailCalled",
]


@dataclass(frozen=True, slots=True)
class Event:
    """Anything that happens in a run; subscribe to it to see everything."""

    run_id: str


@dataclass(frozen=True, slots=True)
class RunStarted(Event):
    """``Engine.run`` took up ``task``."""

    task: str


@dataclass(frozen=True, slots=True)
class RunSucceeded(Event):
    """The run has a result."""


@dataclass(frozen=True, slots=True)
class RunFailed(Event):
    """The run ended with ``error``."""

    error: BaseException


@dataclass(frozen=True, slots=True)
class RunCancelled(Event):
    """The run was cancelled from outside."""


@dataclass(frozen=True, slots=True)
class TailCalled(Event):
    """A step returned another lazy result of ``task``, which is step number ``step``."""

    step: int
    task: str


@dataclass(frozen=True, slots=True)
class NodeEvent(Event):
    """Something that happened to one node.

    Attributes:
        step: the number of the step in its run, counted from 0.
        node: the position of the node in the step's graph.
        task: the name of the node's task.
    """

    step: int
    node: int
    task: str


@dataclass(frozen=True, slots=True)
class NodeStarted(NodeEvent):
    """The node's task is about to be called."""


@dataclass(frozen=True, slots=True)
class NodeSucceeded(NodeEvent):
    """The node's task returned."""


@dataclass(frozen=True, slots=True)
class NodeSkipped(NodeEvent):
    """The node's task was not called, for the given ``reason``."""

    reason: str


@dataclass(frozen=True, slots=True)
class NodeRetried(NodeEvent):
    """Attempt number ``attempt`` raised ``error``; another follows after ``delay`` seconds."""

    attempt: int
    delay: float
    error: Exception


@dataclass(frozen=True, slots=True)
class NodeFailed(NodeEvent):
    """The node's task raised ``error`` and is not tried again."""

    error: BaseException


@dataclass(frozen=True, slots=True)
class NodeCancelled(NodeEvent):
    """The node was running when it was cancelled, from outside or because a sibling failed."""
