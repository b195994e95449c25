"""How tests run here: as those of the packages do."""

from packages.conftest import (
    all_processors,
    interruptible,
    pytest_collection_modifyitems,
    pytest_configure,
)

__all__ = ["all_processors", "interruptible", "pytest_collection_modifyitems", "pytest_configure"]
