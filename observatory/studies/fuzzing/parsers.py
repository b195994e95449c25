"""Every parser of outside data that is tried out, by name."""

from __future__ import annotations

from collections.abc import Mapping

from observatory.studies.fuzzing.foreign_data import FOREIGN_DATA
from observatory.studies.fuzzing.own_data import OWN_DATA
from observatory.studies.fuzzing.parser import Parser

__all__ = ["PARSERS"]

PARSERS: Mapping[str, Parser] = {one.name: one for one in (*OWN_DATA, *FOREIGN_DATA)}
"""All of them."""
