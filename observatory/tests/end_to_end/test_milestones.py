"""The engine's history: at each milestone all three packages install and their tests pass."""

from __future__ import annotations

import datetime
import os
import subprocess
import sys
from pathlib import Path

import pytest

from observatory.explain.milestones import find_milestones

ROOT = Path(__file__).resolve().parents[3]

SLUGS = (
    "graph-baseline",
    "plan-cache",
    "hot-node",
    "node-interning",
    "registry-bounded",
    "async-state",
    "async-state-direct",
    "hot-path-sync",
)

# What has landed stays as it is. So the newest is tried every time, and whether the world outside
# has left an older one behind on two of them, others each day; on all with ASV_EXPLAIN_TIMES.
DAY = datetime.date.today().toordinal()
OLDER = SLUGS[:-1] if "ASV_EXPLAIN_TIMES" in os.environ else (SLUGS[DAY % 7], SLUGS[(DAY + 3) % 7])
CHOSEN = (*OLDER, SLUGS[-1])

DISTRIBUTIONS = ("cascade-spec", "cascade-graph", "cascade-engine")


def test_the_milestones_are_there_in_order() -> None:
    """The history carries the eight trailers, oldest first."""
    assert tuple(milestone.slug for milestone in find_milestones(ROOT)) == SLUGS


def call(*command: str | Path, cwd: Path, **environment: str) -> None:
    """Run a program to its end; its output is the failure's message."""
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("slug", CHOSEN)
def test_a_milestone_installs_and_passes_its_tests(slug: str, tmp_path: Path) -> None:
    """The wheels of the commit install together, and its own tests pass on what is installed."""
    (commit,) = (one.commit for one in find_milestones(ROOT) if one.slug == slug)
    checkout, wheels, site = (tmp_path / name for name in ("checkout", "wheels", "site"))
    checkout.mkdir()
    archive = subprocess.run(
        ["git", "-C", ROOT, "archive", commit, "packages", "pyproject.toml"],
        check=True,
        capture_output=True,
    )
    subprocess.run(["tar", "-x"], cwd=checkout, input=archive.stdout, check=True)
    pip = (sys.executable, "-m", "pip", "--quiet")
    folders = [f"packages/{name}" for name in DISTRIBUTIONS]
    build = ("wheel", "--no-build-isolation", "--no-deps", "--wheel-dir", wheels)
    call(*pip, *build, *folders, cwd=checkout)
    install = ("install", "--no-index", "--find-links", wheels, "--target", site)
    call(*pip, *install, "cascade-engine", cwd=checkout)
    assert {path.name.partition("-")[0] for path in wheels.iterdir()} == {
        name.replace("-", "_") for name in DISTRIBUTIONS
    }
    for name in DISTRIBUTIONS:
        # What is tested is what was installed: the sources are out of the way.
        (checkout / "packages" / name / "src").rename(tmp_path / f"{name}-src")
    quiet = ("-q", "-p", "no:cacheprovider", "-o", f"pythonpath={site}")
    call(sys.executable, "-m", "pytest", *quiet, "packages", cwd=checkout, PYTHONPATH="")
