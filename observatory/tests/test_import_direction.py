"""Who may import whom: spec ← graph ← engine ← observatory ← benchmarks, and asv nowhere."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# What the modules of a room may import from this repository, and of asv's.
ROOMS = {
    "packages/cascade-spec/src": {"cascade.spec"},
    "packages/cascade-graph/src": {"cascade.spec", "cascade.graph"},
    "packages/cascade-engine/src/cascade/adapters": {
        "cascade.spec",
        "cascade.graph",
        "cascade.adapters",
    },
    "packages/cascade-engine/src/cascade/runtime": {
        "cascade.spec",
        "cascade.graph",
        "cascade.adapters",
        "cascade.runtime",
    },
    "observatory/benchmarks": {"cascade.spec", "cascade.runtime"},
    "observatory/explain": {"observatory.explain"},
    # It knows pages alone, whoever made them.
    "observatory/browser": {"observatory.browser"},
    # Known changes of real packages; who asks the hook about them is a study.
    "observatory/injections": {
        "observatory.injections",
        "asv_explain",
        # The engine is one of those that are changed.
        "cascade.spec",
        "cascade.runtime",
    },
    # Cases become repositories as injections do.
    "observatory/corpus": {"observatory.corpus", "observatory.injections", "asv_explain"},
    # Studies measure what they watch, the hook included.
    "observatory/studies": {
        "asv_explain",
        "cascade.runtime",
        "observatory.benchmarks",
        "observatory.browser",
        "observatory.corpus",
        "observatory.explain",
        "observatory.injections",
        "observatory.studies",
        # What other profilers look at is set up as asv does.
        "asv_runner",
    },
    "benchmarks": {
        "benchmarks",
        "cascade.spec",
        "cascade.graph",
        "cascade.runtime",
        "observatory.benchmarks",
    },
}

# asv-explain serves any asv project: it knows asv, in one room of its own, and nothing of Cascade.
EXPLAIN = ROOT / "packages" / "asv-explain" / "src"

# What its rooms may import of each other; the modules beside them tie the rooms together.
EXPLAIN_ROOMS: dict[str, set[str]] = {
    "profiles": {"explanation"},
    "changes": set(),
    # Puts changes back and measures; it installs the commits of a range through asv.
    "trials": {
        "changes",
        "measuring",
        "asv_side",
        "explanation",
        "reversal",
        "commit_ref",
        "bisection",
        "verdict",
        "suspect",
        "scratch",
    },
    "measuring": {"profiles", "explanation", "suspect", "files", "contained", "scratch"},
    "attribution": {"profiles", "changes", "explanation"},
    "values": {"profiles", "changes", "attribution", "explanation"},
    "reports": {"profiles", "explanation", "bisection"},
    "pages": {"profiles", "explanation", "bisection", "verdict", "reports", "store"},
    # asv loads its command from there, and what publishes.
    "asv_side": {
        "changes",
        "files",
        "suspect",
        "contained",
        "flock",
        "scratch",
        "command",
        "options",
        "store",
        "pages",
        "profiles",
    },
}

OURS = ("cascade", "observatory", "benchmarks", "asv", "asv_runner", "asv_explain")


def imported(path: Path, deep: int = 2) -> Iterator[str]:
    """The modules that a file imports from this repository or from asv, so many names deep."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports by relative name"
            names = [node.module or ""]
        for name in names:
            parts = name.split(".")
            if parts[0] in OURS:
                yield ".".join(parts[:deep])


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_it_may(room: str) -> None:
    """Every module of a room imports from lower rooms and its own alone."""
    files = sorted((ROOT / room).rglob("*.py"))
    assert files, f"{room} is empty"
    for path in files:
        allowed = ROOMS[room]
        # A package allowed whole stands by its top name.
        extra = {one for one in imported(path) if not allowed & {one, one.partition(".")[0]}}
        assert not extra, f"{path.relative_to(ROOT)} imports {', '.join(sorted(extra))}"


def test_asv_explain_stands_apart() -> None:
    """Only its asv side imports asv, and nothing there imports any other room."""
    for path in EXPLAIN.rglob("*.py"):
        tops = {name.partition(".")[0] for name in imported(path)}
        allowed = {"asv_explain"}
        if "asv_side" in path.parts:
            allowed |= {"asv"}
        if path.name == "harness.py":
            # It runs where nothing else is installed.
            allowed = {"asv_runner"}
        if path.name == "keeper.py":
            allowed = set()
        assert tops <= allowed, f"{path.relative_to(ROOT)} imports {', '.join(sorted(tops))}"


@pytest.mark.parametrize("room", EXPLAIN_ROOMS)
def test_the_rooms_of_asv_explain_stand_in_order(room: str) -> None:
    """Profiles and changes know nobody, attribution both, and nobody the pipeline."""
    home = EXPLAIN / "asv_explain" / room
    files = sorted(home.glob("*.py"))
    assert len(files) > 1, f"{room} is empty"
    for path in files:
        used = {name.removeprefix("asv_explain.") for name in imported(path, deep=3)}
        used = {name for name in used if name.partition(".")[0] not in (room, *OURS)}
        allowed = EXPLAIN_ROOMS[room]
        extra = {one for one in used if not allowed & {one, one.partition(".")[0]}}
        assert not extra, f"{path.relative_to(ROOT)} imports {', '.join(sorted(extra))}"


def test_every_module_is_in_a_room() -> None:
    """A module in no room would escape the rules above."""
    homes = [*[ROOT / room for room in ROOMS], EXPLAIN]
    for top in ("packages", "observatory", "benchmarks"):
        for path in (ROOT / top).rglob("*.py"):
            if {"tests", "conftest.py"} & {*path.parts} or path == ROOT / "observatory/__init__.py":
                continue
            assert any(home in path.parents for home in homes), path


def test_cascade_is_a_namespace_that_no_distribution_owns() -> None:
    """No ``cascade/__init__.py`` anywhere, and type information with each subpackage."""
    assert not list(ROOT.glob("packages/*/src/cascade/__init__.py"))
    subpackages = [path for path in ROOT.glob("packages/*/src/cascade/*") if path.is_dir()]
    names = {path.name for path in subpackages if path.name != "__pycache__"}
    assert names == {"spec", "graph", "runtime", "adapters"}
    for path in subpackages:
        assert path.name == "__pycache__" or (path / "py.typed").is_file(), path


def test_every_module_says_what_is_public() -> None:
    """Each module of a distribution has an ``__all__``, or nothing but a docstring."""
    for path in ROOT.glob("packages/*/src/**/*.py"):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        names = [
            target.id
            for node in body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        ]
        runs_alone = path.name in ("__main__.py", "harness.py")
        assert "__all__" in names or len(body) == 1 or runs_alone, path
