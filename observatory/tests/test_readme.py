"""README's example runs as it stands, and what README names is there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from observatory.explain.milestones import find_milestones

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    path.relative_to(ROOT)
    for pattern in ("*.md", "docs/*.md", "packages/*/*.md", "packages/*/docs/*.md")
    for path in ROOT.glob(pattern)
)
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_example_prints_what_readme_says() -> None:
    """The Python block, run as a program, prints the block that follows it."""
    match = re.search(r"```python\n(.*?)```\n\n```text\n(.*?)```", README, re.DOTALL)
    assert match is not None
    done = subprocess.run(
        [sys.executable, "-c", match[1]],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == (match[2], "")


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_link_leads_somewhere(page: Path) -> None:
    """Each link into the repository names a file or folder of it."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / page).read_text(encoding="utf-8"))
    assert [link for link in links if not (ROOT / page.parent / link).exists()] == []


def test_findings_name_milestones_and_benchmarks_that_exist() -> None:
    """Each command of the findings runs on this repository, by the names that it uses."""
    findings = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8")
    slugs = set(re.findall(r"milestone ([a-z-]+)\)", findings))
    assert len(slugs) > 3
    assert slugs <= {one.slug for one in find_milestones(ROOT)}
    sources = "".join(
        path.read_text(encoding="utf-8") for path in sorted((ROOT / "benchmarks").glob("*.py"))
    )
    for name in re.findall(r"-b '?([\w.]+)", findings):
        owner, _, method = name.partition(".")
        assert f"class {owner}" in sources, name
        assert f"def {method}" in sources, name


def test_every_make_target_exists() -> None:
    """Each `make` command named in README is a target of the Makefile."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"(?:^    |`)make ([a-z]+)", README, re.MULTILINE)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
