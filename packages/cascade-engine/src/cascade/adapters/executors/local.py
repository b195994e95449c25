"""The executor that makes calls in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from cascade.spec import Task

__all__ = ["LocalExecutor"]


class LocalExecutor:
    """Awaits async functions, calls plain ones, and sends blocking ones to a thread."""

    async def execute(self, task: Task[Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Call ``task.function``.

        A blocking function whose call is cancelled goes on in its thread, as Python offers no way
        to stop one; its result is dropped.
        """
        if task.is_async:
            return await task.function(*args, **kwargs)
        if task.blocking:
            return await asyncio.to_thread(task.function, *args, **kwargs)
        return task.function(*args, **kwargs)
