"""What asv measures: the engine of the commit under test on the workloads of this checkout."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

# asv makes only this folder importable; the workloads live beside it.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

F = TypeVar("F", bound=Callable[..., Any])


def named(pretty_name: str, **attributes: Any) -> Callable[[F], F]:
    """Have asv show the decorated benchmark under ``pretty_name``, and give it asv's attributes."""

    def decorate(function: F) -> F:
        function.__dict__.update(attributes, pretty_name=pretty_name)
        return function

    return decorate
