"""Every error Cascade raises of its own, under one root."""

from __future__ import annotations

__all__ = [
    "ArgumentError",
    "CascadeError",
    "ConditionError",
    "CycleError",
    "GraphError",
    "MissingDependencyError",
    "PolicyError",
    "TargetSkippedError",
    "TaskDefinitionError",
    "TaskFailedError",
    "TaskTimeoutError",
]


class CascadeError(Exception):
    """The root of all errors that Cascade raises of its own."""


class TaskDefinitionError(CascadeError, TypeError):
    """Something that can't be a task was handed to ``task``."""


class PolicyError(CascadeError, ValueError):
    """A policy was given values it can't work with, or a task it can't apply to."""


class GraphError(CascadeError):
    """A lazy result that can't become a graph."""


class CycleError(GraphError):
    """A lazy result that depends on itself; ``path`` names the tasks around the cycle."""

    def __init__(self, path: tuple[str, ...]) -> None:
        self.path = path
        super().__init__(
            f"a lazy result depends on itself: {' → '.join(path)}; "
            "look for a list or dict that was changed after it became an argument"
        )


class ArgumentError(GraphError, TypeError):
    """A call whose arguments don't fit the task's parameters."""

    def __init__(self, task: str, problem: str, parameters: tuple[str, ...]) -> None:
        self.task = task
        self.problem = problem
        self.parameters = parameters
        known = ", ".join(parameters) if parameters else "none"
        super().__init__(f"task {task!r}: {problem} (its parameters: {known})")


class ConditionError(CascadeError):
    """A condition came out as something that is neither true nor false.

    ``__cause__`` is what its value raised when asked.
    """

    def __init__(self, task: str, condition: str, error: Exception) -> None:
        self.task = task
        self.condition = condition
        super().__init__(
            f"condition {condition!r} of task {task!r} has no truth value "
            f"({type(error).__name__}: {error}); have it return a bool"
        )


class MissingDependencyError(CascadeError):
    """A node was to run before the result it needs was there."""

    def __init__(self, task: str, dependency: str) -> None:
        self.task = task
        self.dependency = dependency
        super().__init__(
            f"task {task!r} needs the result of {dependency!r}, which has not run in this step; "
            "the solver left it out or put it too late"
        )


class TargetSkippedError(CascadeError):
    """The target of a run was itself skipped, so the run has no result."""

    def __init__(self, task: str, reason: str) -> None:
        self.task = task
        self.reason = reason
        super().__init__(f"target {task!r} was skipped: {reason}")


class TaskTimeoutError(CascadeError, TimeoutError):
    """A task took longer than its timeout policy allows."""

    def __init__(self, task: str, seconds: float) -> None:
        self.task = task
        self.seconds = seconds
        super().__init__(f"task {task!r} took longer than its timeout of {seconds:g} s")


class TaskFailedError(CascadeError):
    """A task raised; ``__cause__`` is what it raised, with its own traceback.

    Attributes:
        task: the name of the task that raised.
        path: task names from the run's target down to the failing task.
        step: the number of tail calls made before, in the loop in which the task ran.
    """

    def __init__(self, task: str, path: tuple[str, ...], step: int, error: BaseException) -> None:
        self.task = task
        self.path = path
        self.step = step
        where = " → ".join(path)
        after = f", after {step} tail call{'s' if step != 1 else ''}" if step else ""
        super().__init__(
            f"task {task!r} failed: {type(error).__name__}: {error} (path: {where}{after})"
        )
