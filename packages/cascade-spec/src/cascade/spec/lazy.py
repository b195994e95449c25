"""The lazy result: one call of a task, written down and not yet made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from cascade.spec.errors import PolicyError
from cascade.spec.policies import RetryPolicy, TimeoutPolicy

if TYPE_CHECKING:
    from cascade.spec.task import Task

__all__ = ["UNCONSTRAINED", "Constraints", "LazyResult"]

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True, eq=False)
class Constraints:
    """All that governs a call beyond its task and its arguments.

    Attributes:
        conditions: the call is skipped unless every one of these turns out true.
        predecessors: the call waits for these, whatever they return, even if they are skipped.
        retry: what to do when the task raises; None lets the error through at once.
        timeout: how long one attempt may take; None sets no limit.
    """

    conditions: tuple[LazyResult[Any], ...] = ()
    predecessors: tuple[LazyResult[Any], ...] = ()
    retry: RetryPolicy | None = None
    timeout: TimeoutPolicy | None = None


# Most calls have none, and share this one.
UNCONSTRAINED = Constraints()


@dataclass(frozen=True, slots=True, eq=False)
class LazyResult(Generic[T_co]):
    """One call of a task: immutable, told apart from every other call by object identity.

    It is a recipe, not a promise: each run, and each step of a tail-call loop, makes the call anew;
    within one step it is made once, however many other calls use it. Other lazy results may stand
    among its arguments, also inside lists, tuples and dict values (of exactly these types).
    """

    task: Task[T_co]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    constraints: Constraints = UNCONSTRAINED

    def run_if(self, condition: LazyResult[Any]) -> LazyResult[T_co]:
        """The same call, made only if ``condition`` comes out true (besides earlier conditions)."""
        conditions = (*self.constraints.conditions, _checked(condition, "run_if"))
        return replace(self, constraints=replace(self.constraints, conditions=conditions))

    def after(self, *others: LazyResult[Any]) -> LazyResult[T_co]:
        """The same call, made only when ``others`` are finished or skipped."""
        checked = tuple(_checked(other, "after") for other in others)
        predecessors = (*self.constraints.predecessors, *checked)
        return replace(self, constraints=replace(self.constraints, predecessors=predecessors))

    def with_retry(
        self,
        attempts: int = 3,
        *,
        delay: float = 0.0,
        backoff: float = 2.0,
        max_delay: float = 60.0,
        on: type[Exception] | tuple[type[Exception], ...] = (Exception,),
    ) -> LazyResult[T_co]:
        """The same call under a retry policy; the arguments are those of ``RetryPolicy``."""
        kinds = on if isinstance(on, tuple) else (on,)
        policy = RetryPolicy(attempts, delay, backoff, max_delay, kinds)
        return replace(self, constraints=replace(self.constraints, retry=policy))

    def with_timeout(self, seconds: float) -> LazyResult[T_co]:
        """The same call, each attempt of which may take at most ``seconds``.

        Raises:
            PolicyError: ``seconds`` is not positive, or the task is a plain function that runs on
                the event loop's own thread, where nothing can interrupt it.
        """
        if not self.task.may_wait:
            raise PolicyError(
                f"task {self.task.name!r} is a plain function and can't be interrupted: "
                "make it async, or run it in a thread with task(blocking=True)"
            )
        policy = TimeoutPolicy(seconds)
        return replace(self, constraints=replace(self.constraints, timeout=policy))

    def __repr__(self) -> str:
        arguments = [repr(value) for value in self.args]
        arguments += [f"{name}={value!r}" for name, value in self.kwargs.items()]
        return f"<lazy {self.task.name}({', '.join(arguments)})>"

    def __bool__(self) -> bool:
        raise TypeError(
            f"{self.task.name!r} has not run yet, so it is neither true nor false: "
            "use .run_if(condition), or return it and let the engine run it"
        )


def _checked(value: object, method: str) -> LazyResult[Any]:
    if not isinstance(value, LazyResult):
        raise TypeError(f".{method}() takes a lazy result, not {type(value).__name__}")
    return value
