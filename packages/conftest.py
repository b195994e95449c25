"""How tests run here: on busy machines, and wherever they are started from."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# However slow a busy machine is, no example fails by its time.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


def pytest_configure(config: pytest.Config) -> None:
    """Have virtualenv and pip keep what they fetch and unpack beside pytest's own cache.

    Tests have homes of their own, and in a new home the first environment takes four seconds more.
    """
    if config.cache is None:
        return
    kept = {"VIRTUALENV_OVERRIDE_APP_DATA": "virtualenv", "PIP_CACHE_DIR": "pip"}
    for variable, name in kept.items():
        os.environ.setdefault(variable, str(config.cache.mkdir(name)))


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """Hear SIGINT, and let children hear it, even where the tests run with it ignored."""
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, former)
