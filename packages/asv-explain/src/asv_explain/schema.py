"""The JSON Schema of an explanation: `python -m asv_explain.schema` prints it."""

from __future__ import annotations

import re
import sys
from typing import Any

import msgspec

from asv_explain.explanation import SCHEMA, Explanation

__all__ = ["json_schema"]

_FIELD = re.compile(r"^ {8}(\w+): (.+(?:\n {12}.+)*)", re.MULTILINE)


def json_schema() -> bytes:
    """The schema of one explanation as indented JSON, made from the types that read and write it.

    An export by ``--json`` is a list of these; each file below ``.asv/explanations`` is one.
    """
    document = msgspec.json.schema(Explanation)
    for definition in document["$defs"].values():
        _describe(definition)
    document["$defs"]["Explanation"]["properties"]["schema"]["const"] = SCHEMA
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", **document}
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _describe(definition: dict[str, Any]) -> None:
    """Give each field its own part of the docstring."""
    text, _, attributes = definition.get("description", "").partition("Attributes:\n")
    definition["description"] = " ".join(text.split())
    for name, what in _FIELD.findall(attributes):
        definition["properties"][name]["description"] = " ".join(what.split())


if __name__ == "__main__":
    sys.stdout.buffer.write(json_schema())
