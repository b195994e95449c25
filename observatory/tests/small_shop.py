"""A small made-up package to change, and how often a benchmark of it calls what."""

from __future__ import annotations

from observatory.injections.injection import Files, Name
from observatory.injections.kinds.kind import Counts

__all__ = ["COUNTS", "FILES"]

FILES: Files = {
    "shop/__init__.py": '''"""A shop."""

from shop.day import day
''',
    "shop/words.py": '''"""Words and what they weigh."""

import re

WORD = re.compile(r"[a-z]+")


def weigh(word, heavy=2):
    """Weigh a word."""
    total = 0
    for letter in word:
        total += ord(letter) * heavy
    return total


def words(line):
    return [weigh(word) for word in WORD.findall(line)]
''',
    "shop/till.py": '''"""What is paid."""

from shop import words


class Drawer:
    def __init__(self, name):
        self.name = name
        self.coins = 0

    def put(self, coins):
        """Take coins."""
        self.coins = self.coins + coins
        return self.coins


class Till(Drawer):
    """A drawer that rings."""

    def ring(self, line):
        found = words.words(line)
        return self.put(sum(found))
''',
    "shop/day.py": '''"""A day in the shop."""

from shop.till import Till


def opened(names):
    for name in names:
        yield Till(name)


def day(lines):
    tills = list(opened(["left", "right"]))
    paid = []
    for number, line in enumerate(lines):
        paid.append(tills[number % 2].ring(line))
    return paid, [till.coins for till in tills]


async def evening(lines):
    return day(lines)
''',
}

COUNTS: Counts = {
    Name("shop/words.py", "weigh"): 8.0,
    Name("shop/words.py", "words"): 4.0,
    Name("shop/till.py", "Drawer.__init__"): 2.0,
    Name("shop/till.py", "Drawer.put"): 4.0,
    Name("shop/till.py", "Till.ring"): 4.0,
    Name("shop/day.py", "opened"): 3.0,
    Name("shop/day.py", "day"): 1.0,
}
