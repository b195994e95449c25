"""The ``task`` decorator: a function whose calls are lazy results."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Coroutine
from types import MappingProxyType
from typing import Any, Generic, TypeVar, overload

from cascade.spec.errors import TaskDefinitionError
from cascade.spec.lazy import LazyResult

__all__ = ["Task", "task"]

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

_NO_KEYWORDS: MappingProxyType[str, Any] = MappingProxyType({})


class Task(Generic[R_co]):
    """A function together with how it is to be run; calling it gives a ``LazyResult``.

    Two tasks are the same only if they are one object: neither name nor module makes them equal.

    Attributes:
        function: what was decorated; call it to run the body at once, without an engine.
        name: the function's qualified name below the function it was defined in, if any.
        signature: the function's parameters.
        is_async: whether the function has to be awaited.
        blocking: whether the function is to run in a thread of its own.
        may_wait: whether a call can give up control before it is done.
    """

    # Set by functools.update_wrapper, which type checkers don't see through.
    __name__: str

    def __init__(self, function: Callable[..., Any], *, blocking: bool = False) -> None:
        _check_is_function(function)
        if inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function):
            raise TaskDefinitionError("a generator can't be a task: return a list instead")
        functools.update_wrapper(self, function)
        qualified = getattr(function, "__qualname__", type(function).__qualname__)
        self.name = qualified.rpartition("<locals>.")[2]
        self.function = function
        self.is_async = _is_async(function)
        self.blocking = blocking
        self.may_wait = self.is_async or blocking
        if self.is_async and blocking:
            raise TaskDefinitionError(
                "task(blocking=True) is for plain functions; an async one never runs in a thread"
            )
        try:
            self.signature = inspect.signature(function)
        except ValueError:
            raise TaskDefinitionError(
                f"{self.name} doesn't tell its parameters: wrap it in a function of your own"
            ) from None

    def __call__(self, /, *args: Any, **kwargs: Any) -> LazyResult[R_co]:
        """Write the call down. Lazy results may stand in for any argument."""
        return LazyResult(self, args, MappingProxyType(kwargs) if kwargs else _NO_KEYWORDS)

    def __repr__(self) -> str:
        return f"<task {self.__module__}.{self.name}>"


def _check_is_function(value: object) -> None:
    if isinstance(value, Task) or not callable(value):
        raise TaskDefinitionError(f"task takes a function, not {type(value).__name__}")


def _is_async(function: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 - asks whether it is async, not whether it is there
    )


@overload
def task(function: Callable[..., Coroutine[Any, Any, R]], /) -> Task[R]: ...
@overload
def task(function: Callable[..., R], /) -> Task[R]: ...
@overload
def task(*, blocking: bool = False) -> Callable[[Callable[..., R]], Task[R]]: ...
def task(
    function: Callable[..., Any] | None = None, /, *, blocking: bool = False
) -> Task[Any] | Callable[[Callable[..., Any]], Task[Any]]:
    """Make a task of a ``def`` or an ``async def``.

    Args:
        function: the function; left out where the decorator is used with options.
        blocking: run the function in a thread, so that it may wait without holding others up.

    Raises:
        TaskDefinitionError: not a function, a generator, or ``blocking`` on an ``async def``.
    """
    if function is None:
        return lambda decorated: Task(decorated, blocking=blocking)
    return Task(function, blocking=blocking)
