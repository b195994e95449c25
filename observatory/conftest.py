"""How tests run here: as those of the packages do."""

from packages.conftest import interruptible, pytest_configure

__all__ = ["interruptible", "pytest_configure"]
