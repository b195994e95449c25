"""The whole tool on newer interpreters: known changes in a real repository, named first."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from interpreters import REQUIRED, interpreter
from shop import CORE, FILES
from shop_repository import QUICK, Shop, edited

pytestmark = pytest.mark.measures

CHECKOUT = Path(__file__).resolve().parents[4]
TESTS = Path(__file__).resolve().parents[1]

# Replaces the interpreter that is started by its name with another program: a virtual environment's
# interpreter may exist for that one alone, where it runs in a root folder of its own.
BECOME = "import os, sys; os.execv(sys.argv[1], sys.argv[1:])"

LOOP = (
    "    return [[int(field)",
    "    seen = 0\n"
    "    for line in lines:\n"
    "        for letter in line * 6:\n"
    "            seen += letter != ','\n"
    "    return [[int(field)",
)

# A chain of functions, called from a coroutine, that a change of design makes coroutines all along.
CHAIN = """
import asyncio

STATE = {}


def get(key):
    return STATE.get(key, 0)


def resolve(key):
    return get(key) + 1


def process(key):
    STATE[key] = resolve(key)


def step(keys):
    for key in keys:
        process(key)


async def serve(keys):
    step(keys)


def run(keys):
    asyncio.run(serve(keys))
"""
FUNCTIONS = ("get", "resolve", "process", "step")
CHAIN_BENCHMARK = """
class Chain:
    warmup_time = 0.02
    sample_time = 0.002
    repeat = 9

    def setup(self):
        from shop import chain

        self.chain = chain

    def time_chain(self):
        self.chain.run(range(3_000))
"""


def turned_async() -> str:
    """The chain with all its functions as coroutines."""
    return edited(
        CHAIN,
        *((f"\ndef {one}(", f"\nasync def {one}(") for one in FUNCTIONS),
        ("return get(key)", "return await get(key)"),
        ("= resolve(key)", "= await resolve(key)"),
        ("        process(key)", "        await process(key)"),
        ("    step(keys)\n\n\ndef run", "    await step(keys)\n\n\ndef run"),
    )


@pytest.fixture(scope="module", params=["python3.13", "python3.14", "python3.15"])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A repository, and the tool with all it needs in an environment of that interpreter."""
    name = request.param
    python = interpreter(name)
    if python is None:
        missing = f"{name} does not start here; .ci/newer-pythons makes one on Debian, as root"
        assert name not in REQUIRED, missing
        pytest.skip(missing)
    folder = tmp_path_factory.mktemp("newer")
    venv = folder / "venv"
    start = (python, "-c", BECOME)
    made = subprocess.run(
        [*start, "/usr/bin/make", f"VENV={venv}", f"PYTHON={name}", str(venv / ".ready")],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stderr
    shop = Shop(
        tmp_path_factory.mktemp("shop"),
        tmp_path_factory.mktemp("home"),
        python=(*start, str(venv / "bin" / "python")),
        # Where asv finds the plugin of quick environments.
        path=(str(TESTS),),
    )
    files = {**FILES, "shop/chain.py": CHAIN, "benchmarks/chain.py": CHAIN_BENCHMARK}
    shop.start(files, {**QUICK, "pythons": [name.removeprefix("python")]})
    shop.commit("an extra loop", {"shop/core.py": edited(CORE, LOOP)})
    shop.commit("all along", {"shop/chain.py": turned_async()})
    return shop


def test_a_slower_function_is_the_first_cause(shop: Shop) -> None:
    """Slower, and what was changed is named first, with its lines and its commit."""
    found = shop.explain_one("an extra loop", "--gate", status=3)
    first = found["causes"][0]
    assert (first["name"], first["kind"]) == ("parse", "changed"), found["causes"]
    assert [commit["subject"] for commit in first["commits"]] == ["an extra loop"]
    assert "+        for letter in line * 6:" in first["hunk"]


def test_of_a_chain_that_turned_async_the_first_cause_is_one(shop: Shop) -> None:
    """Slower, by functions that turned async, which are told as such."""
    found = shop.explain_one("all along", "--gate", bench="time_chain", status=3)
    first = found["causes"][0]
    assert first["name"] in FUNCTIONS, found["causes"]
    assert first["kind"] == "async"
    assert found["async_tax"] > 0
