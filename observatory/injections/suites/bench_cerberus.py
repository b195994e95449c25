"""Checking and normalizing documents against a schema."""

from __future__ import annotations

from typing import Any

from cerberus import Validator

ORDERS = 8

SCHEMA: dict[str, Any] = {
    "number": {"type": "integer", "min": 1, "required": True},
    "customer": {
        "type": "dict",
        "schema": {
            "name": {"type": "string", "minlength": 2, "maxlength": 40, "required": True},
            "email": {"type": "string", "regex": r"[^@\s]+@[^@\s]+\.[a-z]+"},
            "age": {"type": "integer", "min": 18, "max": 120, "nullable": True},
        },
    },
    "lines": {
        "type": "list",
        "minlength": 1,
        "schema": {
            "type": "dict",
            "schema": {
                "article": {"type": "string", "allowed": ["tea", "cup", "pot", "spoon"]},
                "count": {"type": "integer", "coerce": int, "default": 1},
                "price": {"anyof": [{"type": "float"}, {"type": "integer", "min": 0}]},
            },
        },
    },
    "gift": {"type": "boolean", "default": False},
    "wrapping": {"type": "string", "dependencies": "gift"},
    "remark": {"type": "string", "excludes": "note"},
    "note": {"type": "string", "excludes": "remark"},
}

ARTICLES = ("tea", "cup", "pot", "spoon")


def order(number: int) -> dict[str, Any]:
    """An order that the schema allows."""
    return {
        "number": number + 1,
        "customer": {"name": f"Ann {number}", "email": "ann@example.org", "age": 30 + number},
        "lines": [
            {"article": article, "count": str(number + 1), "price": 2 * number}
            for article in ARTICLES[: number % len(ARTICLES) + 1]
        ],
        "gift": True,
        "wrapping": "paper",
        "note": "by Monday",
    }


def wrong_order(number: int) -> dict[str, Any]:
    """An order with a mistake in most of its fields."""
    return {
        "number": -number,
        "customer": {"name": "A", "email": "nobody", "age": 7},
        "lines": [{"article": "car", "count": 1, "price": "much"}],
        "wrapping": "paper",
        "remark": "now",
        "note": "later",
    }


class Orders:
    """A few orders, each a document with others in it."""

    def setup(self) -> None:
        self.validator = Validator(SCHEMA)
        self.orders = [order(number) for number in range(ORDERS)]
        self.wrong = [wrong_order(number) for number in range(ORDERS)]

    def time_validate(self) -> None:
        for one in self.orders:
            if not self.validator.validate(one):
                raise AssertionError(self.validator.errors)

    def time_errors(self) -> None:
        for one in self.wrong:
            self.validator.validate(one)
            if len(self.validator.errors) < 2:
                raise AssertionError(self.validator.errors)

    def time_normalized(self) -> None:
        for one in self.orders:
            self.validator.normalized(one)
