"""The docs say what the code does: blocks run, commands parse, constants have their values."""

from __future__ import annotations

import argparse
import importlib
import inspect
import re
import shlex
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from world import made

import asv_explain
from asv_explain import api
from asv_explain.options import add_arguments, read_options

DOCS = Path(__file__).resolve().parents[1] / "docs"


def test_every_block_prints_what_stands_below_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The blocks run in order, in one program."""
    world = made(tmp_path, monkeypatch)
    world.commit("after", 0.020)
    monkeypatch.setattr(api, "Tools", lambda: world.tools)
    text = (DOCS / "python.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == text.count("```python")
    names: dict[str, Any] = {}
    for code, output in blocks:
        printed = StringIO()
        with redirect_stdout(printed):
            exec(code, names)  # noqa: S102 - the page's own code
        assert printed.getvalue() == output


def test_every_public_name_is_on_the_page() -> None:
    """Nothing public is undocumented, and each argument is there."""
    text = (DOCS / "python.md").read_text(encoding="utf-8")
    for name in asv_explain.__all__:
        assert re.search(rf"`{name}[`(]", text), name
    for name in inspect.signature(api.explain).parameters:
        assert f"`{name}`" in text, name


def test_every_threshold_has_the_value_that_is_told() -> None:
    """Each row of the table names a constant of a module and its value."""
    text = (DOCS / "method.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([A-Z_]+)` \| `([\w/]+)\.py` \| ([\d.e-]+) \|", text, re.MULTILINE)
    assert len(rows) == text.count("\n| `")
    for name, file, value in rows:
        module = importlib.import_module(f"asv_explain.{file.replace('/', '.')}")
        assert getattr(module, name) == float(value), name


def test_every_threshold_that_is_named_is_in_the_table() -> None:
    """A constant in a sentence has its value below."""
    text, table = (DOCS / "method.md").read_text(encoding="utf-8").split("## Thresholds")
    named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)*)`", text))
    assert named
    assert named <= set(re.findall(r"^\| `([A-Z_]+)` \|", table, re.MULTILINE))


def test_modules_named_in_the_method_are_there() -> None:
    """A page that names a module by its path leads there."""
    text = (DOCS / "method.md").read_text(encoding="utf-8")
    home = Path(asv_explain.__file__).parent
    for path in set(re.findall(r"`([\w/]+\.py)`", text)):
        assert (home / path).is_file() or (DOCS.parent / path).is_file(), path


@pytest.mark.parametrize("page", ["recipes.md", "method.md", "../README.md"])
def test_every_command_is_one_that_the_program_takes(page: str) -> None:
    """Each call that stands by itself has options that exist, and values that they take."""
    text = (DOCS / page).read_text(encoding="utf-8")
    text = re.sub(r"```yaml\n.*?```", "", text, flags=re.DOTALL)
    calls = re.findall(r"^ {0,10}(?:[A-Z_]+=\S+ )?asv explain\b(.*)$", text, re.MULTILINE)
    assert calls
    for call in calls:
        # What stands behind several blanks says what the call does.
        words = re.split(r" {3,}|&&", call)[0]
        parser = argparse.ArgumentParser()
        add_arguments(parser)
        read_options(parser.parse_args(shlex.split(words)), parser)
