"""What all tests share: what is fetched and unpacked once, though homes are many."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Have virtualenv and pip keep what they fetch and unpack beside pytest's own cache.

    Else the first environment of each new home would take four seconds longer than the next.
    """
    cache = config.cache
    if cache is None:
        return
    for variable, name in (
        ("VIRTUALENV_OVERRIDE_APP_DATA", "virtualenv"),
        ("PIP_CACHE_DIR", "pip"),
    ):
        os.environ.setdefault(variable, str(cache.mkdir(name)))
