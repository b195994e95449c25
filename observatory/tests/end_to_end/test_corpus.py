"""A real regression, from PyPI to an explanation that names what was guilty."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from observatory.corpus.case import read_cases
from observatory.corpus.layout import lay_out
from observatory.studies import corpus

pytestmark = pytest.mark.measures

CASE = "decorator_signature_bind"


def test_a_case_is_laid_out_and_explained(tmp_path: Path) -> None:
    """Both releases are commits, and the study's own command names a guilty function first."""
    (case,) = read_cases([CASE])
    made = lay_out(case, tmp_path / "corpus")
    listed = ["git", "-C", str(made.root), "ls-tree", "-r", "--name-only"]
    trees = [
        subprocess.run([*listed, one], check=True, capture_output=True, text=True).stdout.split()
        for one in (made.before, made.after)
    ]
    for version, tree in zip((case.before, case.after), trees, strict=True):
        assert f"src/decorator-{version}.dist-info/METADATA" in tree
        assert "src/decorator.py" in tree
    assert not set(trees[1]) & {one for one in trees[0] if "dist-info" in one}

    assert corpus.main(["--case", CASE, "--sample", "--out", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "corpus.json").read_text())["figures"][CASE]
    assert found["verdict"] == "slower"
    assert found["right"], found
