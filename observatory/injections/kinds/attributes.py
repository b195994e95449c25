"""An attribute that becomes a property."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import replace

from observatory.injections.injection import Files, Name
from observatory.injections.kinds.helpers import helper_name, plain
from observatory.injections.kinds.kind import Counts, Place, Price, hot, put
from observatory.injections.kinds.module import Module, read, rewritten
from observatory.injections.kinds.work import STEP_SECONDS, work
from observatory.injections.kinds.wrappers import plain_class

__all__ = ["PropertyForAttribute"]


class PropertyForAttribute:
    """A property instead of an attribute: reading and setting it run code of the class.

    Of the package's own attributes those that ``__init__`` sets, of classes that keep them in a
    dictionary, and whose name the package binds nowhere else. Few packages have many of them, so
    both sides may have a small class besides, of which a function reads an attribute. Right are
    the property's functions, which share one name, and the class that has them now.
    """

    name = "a property instead of an attribute"
    price = Price(2e-7, STEP_SECONDS, lowest=0)

    def places(self, files: Files, counts: Counts) -> Sequence[Place]:
        """Attributes of classes that the benchmark makes, with the calls of what reads them."""
        found = []
        readers: dict[str, float] = {}
        for _, _, function, calls in hot(files, counts):
            for one in ast.walk(function.node):
                if isinstance(one, ast.Attribute) and isinstance(one.ctx, ast.Load):
                    readers[one.attr] = readers.get(one.attr, 0.0) + calls
        for path in sorted({name.path for name in counts} & files.keys()):
            module = read(files[path])
            for name, (node, _) in module.classes.items():
                found += [
                    Place(path, f"{name}.{attribute}", readers[attribute])
                    for attribute in _attributes(module, name, node)
                    if attribute in readers and not _bound_elsewhere(files, attribute)
                ]
        return [*found, *(replace(one, detail="helper") for one in plain(files, counts))]

    def write(self, files: Files, place: Place, amount: int, seed: str, *, after: bool) -> Files:
        """Later: a property of the attribute's name, which computes so much more."""
        owner, _, attribute = self._property(files, place).rpartition(".")
        if place.detail:
            files = put(files, place.path, _with_class(files, place, owner, attribute))
        if not after:
            return files
        module = read(files[place.path])
        node, _ = module.classes[owner]
        steps = work(seed, str(amount)) if amount else []
        lines = [
            "@property",
            f"def {attribute}(self):",
            *("    " + line for line in steps),
            f'    return self.__dict__["{attribute}"]',
            "",
            f"@{attribute}.setter",
            f"def {attribute}(self, value):",
            f'    self.__dict__["{attribute}"] = value',
        ]
        return put(files, place.path, rewritten(module.text, [module.at_end(node, lines)]))

    def names(self, files: Files, place: Place, seed: str) -> tuple[Name, ...]:
        """The property, and its class."""
        name = self._property(files, place)
        owner = name.rpartition(".")[0]
        return Name(place.path, name), Name(place.path, f"class {owner}")

    @staticmethod
    def _property(files: Files, place: Place) -> str:
        """The name of the property."""
        if not place.detail:
            return place.name
        return f"{helper_name(read(files[place.path]), '_State', place)}.level"


def _with_class(files: Files, place: Place, owner: str, attribute: str) -> str:
    """The file with a small class, one of it, and a function that reads its attribute."""
    module = read(files[place.path])
    function = module.functions[place.name]
    made = helper_name(module, "_STATE_OF", place)
    lines = [
        f"class {owner}:",
        "    def __init__(self):",
        f"        self.{attribute} = 1",
        "",
        "",
        f"{made} = {owner}()",
    ]
    asked = [
        f"if {made}.{attribute} < 0:",
        f'    raise ValueError("{place.name} is below its level")',
    ]
    pieces = [module.above(function.top, lines, gap="\n\n"), module.at_start(function, asked)]
    return rewritten(module.text, pieces)


def _attributes(module: Module, name: str, node: ast.ClassDef) -> list[str]:
    """Attributes that a class's ``__init__`` sets and that may become properties."""
    init = module.functions.get(f"{name}.__init__")
    text = module.text[slice(*module.span(node))]
    if init is None or not plain_class(node) or "__slots__" in text or "__setattr__" in text:
        return []
    if any(isinstance(one, ast.ClassDef) for one in node.body):
        return []
    found = {
        one.attr
        for one in ast.walk(init.node)
        if isinstance(one, ast.Attribute)
        and isinstance(one.ctx, ast.Store)
        and isinstance(one.value, ast.Name)
        and one.value.id == "self"
        and not one.attr.startswith("__")
    }
    return sorted(found)


def _bound_elsewhere(files: Files, attribute: str) -> bool:
    """Whether a class of the package has something else of that name, or it is deleted."""
    word = re.compile(rf"\bdef {attribute}\b|^ +{attribute}\b *[:=]|\bdel .*\b{attribute}\b", re.M)
    return any(word.search(text) for text in files.values() if attribute in text)
