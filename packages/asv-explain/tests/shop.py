"""The sources of a shop, and benchmarks that tell changes of them apart."""

from __future__ import annotations

__all__ = ["CORE", "DESK", "FILES", "PRICES", "SUMS"]

# Many short samples in one process: what costs a fifth more is found in a few seconds. Only the
# evening turns an event loop, whose system calls scatter more than all the rest.
BENCHMARKS = """
class Day:
    warmup_time = 0.02
    sample_time = 0.002
    repeat = 9

    def setup(self):
        from shop import core

        self.core = core
        self.lines = [f"{n},{n % 7},{n * 3}" for n in range(300)]
        self.rows = core.parse(self.lines * 5)

    def time_day(self):
        self.core.day(self.lines)

    def time_evening(self):
        self.core.evening(self.rows)


class Desk:
    warmup_time = 0.02
    sample_time = 0.002
    repeat = 9

    def setup(self):
        from shop import desk

        self.desk = desk
        self.rows = [[n, n % 7, n * 3] for n in range(600)]

    def time_desk(self):
        self.desk.serve(self.rows)


def timeraw_import():
    return "import shop.prices"


timeraw_import.repeat = 3
"""

CORE = """
import asyncio
import copy
import functools

SHARES = 12


def parse(lines):
    return [[int(field) for field in line.split(",")] for line in lines]


def counted(function):
    def wrapper(*arguments):
        made = 0
        for number in range(20):
            made += number
        return function(*arguments)

    return wrapper


def tax(price):
    total = 0
    for share in range(SHARES):
        total += price * share % 11
    return total


def totals(rows):
    found = []
    for row in rows:
        found += [tax(row[2])]
    return found


@functools.lru_cache(maxsize=None)
def rate(kind):
    value = 0
    for year in range(150):
        value += year * kind % 13
    return value


def rates(rows):
    return [rate(row[1]) for row in rows]


def known(rows, wanted=range(0, 900, 3)):
    prices = set(row[2] for row in rows)
    return [price in prices for price in wanted]


def report(rows, depth=3):
    text = []
    for level in range(depth):
        for row in rows:
            text += [row[0] + level]
    return text


def clean(rows):
    kept = []
    for row in rows:
        if row[0] >= 0:
            kept += [row]
    return kept


class Till:
    coins = 5

    def fill(self, rows):
        held = 0
        for row in rows:
            for coin in range(self.coins):
                held += row[0] * coin
        return held


def price_of(row):
    return row[2] + 1


async def order(row):
    return price_of(row)


async def orders(rows):
    return [await order(row) for row in rows]


def day(lines):
    rows = clean(parse(lines))
    totals(rows), rates(rows), known(rows), report(rows)
    Till().fill(rows)


def evening(rows):
    asyncio.run(orders(rows))
"""

# What Python itself makes of code: methods that are generated, and those that statements call.
DESK = """
import contextlib
import dataclasses

from shop.sums import weigh


@dataclasses.dataclass
class Voucher:
    value: int


@dataclasses.dataclass
class Ticket:
    number: int
    price: int


class held:
    def __init__(self, log):
        self.log = log

    def __enter__(self):
        return self.log

    def __exit__(self, *error):
        return False


def sell(rows):
    log = []
    for row in rows:
        with held(log) as lines:
            lines += [row[0]]
    return log


def tickets(rows):
    return [Ticket(row[0], row[2]) for _ in range(4) for row in rows]


def vouchers(rows):
    return [Voucher(row[1]) for row in rows]


def stamp(row):
    return row[0] + row[2]


def stamps(rows):
    return [stamp(row) for row in rows]


def serve(rows):
    sell(rows), tickets(rows), vouchers(rows), stamps(rows), weigh(rows)
"""

# Enough of it stays when it is renamed and changed for git to know it again.
SUMS = """
def lightest(rows):
    return min(row[2] for row in rows)


def heaviest(rows):
    return max(row[2] for row in rows)


def weigh(rows):
    found = 0
    for row in rows:
        for number in range(3):
            found += row[0] * number % 7
    return found
"""

# Importing it takes about a millisecond, so that a costly import beside it shows.
PRICES = """
import math

ROOTS = [math.sqrt(number) for number in range(5_000)]
"""

# What importing it runs is all there is to it.
TABLES = """
SQUARES = {}
for number in range(60_000):
    SQUARES[number] = number * number % 7
"""

FILES = {
    "shop/core.py": CORE,
    "shop/desk.py": DESK,
    "shop/sums.py": SUMS,
    "shop/prices.py": PRICES,
    "shop/tables.py": TABLES,
    "benchmarks/shop_day.py": BENCHMARKS,
}
