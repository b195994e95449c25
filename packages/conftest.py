"""How tests run here: on busy machines, and wherever they are started from."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# However slow a busy machine is, no example fails by its time. Half of hypothesis' own number of
# examples, others each time, unless all is tried in full.
settings.register_profile(
    "untimed",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=100 if "ASV_EXPLAIN_TIMES" in os.environ else 50,
)
settings.load_profile("untimed")


# Where tests take long: a worker that came upon them last would work on alone.
LONG = ("end_to_end", "survival")


def pytest_configure(config: pytest.Config) -> None:
    """Give workers a processor each, and keep what virtualenv and pip fetch and unpack.

    Tests have homes of their own, and in a new home the first environment takes four seconds more;
    so that is kept beside pytest's own cache.
    """
    _take_a_processor()
    cache = getattr(config, "cache", None)  # There is none with -p no:cacheprovider.
    if cache is None:
        return
    kept = {"VIRTUALENV_OVERRIDE_APP_DATA": "virtualenv", "PIP_CACHE_DIR": "pip"}
    for variable, name in kept.items():
        os.environ.setdefault(variable, str(cache.mkdir(name)))


def _take_a_processor() -> None:
    """Run with all that is started here on one processor, if there is one for each of the workers.

    Measuring pins its processes to the last processor that it may use: each worker has another.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ or not hasattr(os, "sched_getaffinity"):
        return
    usable = sorted(os.sched_getaffinity(0))
    if int(os.environ["PYTEST_XDIST_WORKER_COUNT"]) <= len(usable):
        number = int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw"))
        os.sched_setaffinity(0, {usable[number % len(usable)]})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long."""
    items.sort(key=lambda item: not any(part in LONG for part in item.path.parts))


@pytest.fixture
def all_processors() -> Iterator[None]:
    """Take the processors of whoever started this process, for a test that needs two."""
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, os.sched_getaffinity(os.getppid()))
    yield
    os.sched_setaffinity(0, own)


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """Hear SIGINT, and let children hear it, even where the tests run with it ignored."""
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, former)
