"""Parsers of what others write: asv's files, git's output, Python sources, command lines."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from asv_explain.asv_side import select
from asv_explain.asv_side.benchmarks import load_benchmarks, select_benchmarks
from asv_explain.asv_side.discover import read_descriptions
from asv_explain.asv_side.history import History, Reading
from asv_explain.asv_side.project import (
    Project,
    ProjectError,
    load_project,
    machine_facts,
    machine_name,
)
from asv_explain.asv_side.select import select_between, select_history, smallest_factor
from asv_explain.changes.change import Change
from asv_explain.changes.evidence import cut_out, read_log
from asv_explain.changes.git import GitError, read_changed, read_contents, read_tree
from asv_explain.changes.import_paths import import_paths
from asv_explain.changes.outer_changes import outer_changes
from asv_explain.changes.scopes import read_source
from asv_explain.changes.sources import function_pairs
from asv_explain.options import count, factor_above_1, regex, seconds
from asv_explain.suspect import Suspect
from observatory.studies.fuzzing.parser import Parser, require, scratch

__all__ = ["FOREIGN_DATA"]

_MACHINE = "box"
_BENCHMARK = "shelf.Lookup.time_has"
_ENVIRONMENT = "virtualenv-py3.11"

# Recorded commits, oldest first, by the letter that their hashes are made of.
_COMMITS = tuple(letter * 40 for letter in "abcdef")

# Between the two sides of a change, as none of them holds it.
_BETWEEN = b"\n# --- after ---\n"


class _Repository:
    """A history of the commits above, in which every commit follows the one before."""

    def get_range_spec(self, first: str, last: str) -> tuple[str, str]:
        """A range, as the next method takes it."""
        return first, last

    def get_hashes_from_range(self, spec: tuple[str, str]) -> list[str]:
        """The commits of a range, newest first."""
        first, last = (_COMMITS.index(commit) for commit in spec)
        return list(reversed(_COMMITS[first + 1 : last + 1]))


def _placed(project: Project, reading: Reading) -> History:
    """What git would say of the recorded commits, those that it doesn't know left out."""
    known = {result.commit_hash for result in reading.results} & set(_COMMITS)
    revisions = {commit: _COMMITS.index(commit) for commit in known}
    return History(_Repository(), revisions, {"main": frozenset(known)})


@cache
def _project() -> Project:
    """A project with results of each commit, in folders of this process."""
    root = scratch() / "project"
    root.mkdir()
    os.environ["HOME"] = str(root)
    (root / "asv.conf.json").write_bytes(_json(_SETTINGS))
    (root / "benchmarks").mkdir()
    results = root / "results"
    (results / _MACHINE).mkdir(parents=True)
    (results / "benchmarks.json").write_bytes(_benchmarks_seed())
    (results / _MACHINE / "machine.json").write_bytes(_json({**_about(), "version": 1}))
    for number, commit in enumerate(_COMMITS):
        path = results / _MACHINE / f"{commit[:8]}-{_ENVIRONMENT}.json"
        path.write_bytes(_result_seed(number))
    return load_project(root / "asv.conf.json")


def _history(project: Project) -> object:
    with patch.object(select, "place", _placed):
        selection = select_history(project, _MACHINE)
    for step in selection.steps:
        require(step.new > step.old, "a step goes up")
        require(step.suspect.before != step.suspect.after, "a step has two sides")
        require(step.count >= 1, "a step is held by a measured commit")
    return selection


@contextlib.contextmanager
def _instead(path: Path, data: bytes) -> Iterator[None]:
    """A file with other content for a while."""
    before = path.read_bytes() if path.exists() else None
    path.write_bytes(data)
    try:
        yield
    finally:
        path.unlink() if before is None else path.write_bytes(before)


def _result(data: bytes) -> object:
    """Read as one of several recorded results, in search of steps."""
    project = _project()
    path = project.results / _MACHINE / f"{_COMMITS[3][:8]}-{_ENVIRONMENT}.json"
    with _instead(path, data):
        return _history(project)


def _benchmarks(data: bytes) -> object:
    """Read as the record of all benchmarks, in search of steps and between two commits."""
    project = _project()
    with _instead(project.results / "benchmarks.json", data):
        found = select_between(
            load_benchmarks(project, ["time"]), _MACHINE, [_ENVIRONMENT], *_COMMITS[:2]
        )
        _history(project)
    return found


def _descriptions(data: bytes) -> object:
    """Read as what asv discovered, and what of it matches."""
    found = select_benchmarks(_project(), read_descriptions(data), ["time_.*"])
    return select_between(found, _MACHINE, [_ENVIRONMENT], *_COMMITS[:2])


def _machine(data: bytes) -> object:
    """Read as the file in which asv keeps what it knows of machines."""
    project = _project()
    with _instead(project.results / _MACHINE / "machine.json", data):
        facts = machine_facts(project, _MACHINE)
    with _instead(project.root / ".asv-machine.json", data):
        facts |= machine_facts(project, machine_name(project))
        machine_name(project, _MACHINE)
    return facts


def _config(data: bytes) -> object:
    """Read as asv.conf.json; plugins, which are code, are left to those who name them."""
    if b"plugins" in data or b"\\u" in data:
        raise ProjectError("names plugins")
    root = _project().root
    (root / "other").mkdir(exist_ok=True)
    path = root / "other" / "asv.conf.json"
    path.write_bytes(data)
    project = load_project(path)
    suspect = Suspect(_BENCHMARK, 0, ("1",), _ENVIRONMENT, _MACHINE, *_COMMITS[:2])
    factor = smallest_factor(project, suspect)
    require(factor > 0, "a factor is a number above 0")
    return project


def _sources(data: bytes) -> object:
    """Read as a file before and after a change, and compared."""
    before, _, after = data.partition(_BETWEEN)
    sides = read_source(before), read_source(after)
    blank = Change("unreadable", "<module>", "a.py", "a.py", "a.py", "a.py")
    changes = outer_changes(*sides, blank)
    both = list(function_pairs(sides[0].functions, sides[1].functions))
    spans = [(one.first, one.last) for pair in both for one in pair if one is not None]
    for outer in changes:
        spans += filter(None, (outer.change.lines_before, outer.change.lines_after))
    require(all(1 <= first <= last for first, last in spans), "lines are in order")
    return changes


def _diff(data: bytes) -> object:
    """Cut to what each of several changes would show."""
    text = data.decode(errors="replace").split("\n")
    found = []
    for before, after in (((1, 3), (1, 3)), ((2, 2), None), (None, (1, 10**6)), (None, None)):
        change = Change("function", "f", "a.py", "a.py", "a.py", "a.py", before, after)
        shown = cut_out(data, change)
        for line in shown.split("\n") if shown else ():
            require(line.startswith("@@") or line in text, "a hunk holds the diff's lines alone")
        found.append(shown)
    return found


def _git_lists(data: bytes) -> object:
    """Read as each list of git's that the hook asks for."""
    found: list[object] = [read_log(data)]
    for read in (read_tree, read_changed):
        with contextlib.suppress(GitError):
            found.append(read(data))
    with contextlib.suppress(GitError):
        files = read_tree(data)
        imported = import_paths(files, ["shop/shelf.py", "a.py"])
        require(set(imported) <= set(files), "imported files are among the files")
    with contextlib.suppress(GitError):
        (content,) = read_contents(data, ["a" * 40]).values()
        require(content in data, "contents are of the output")
    return found


def _option(data: bytes) -> object:
    """Read as the value of each option that takes one; refused if no option takes it."""
    text = data.decode("utf-8", "surrogateescape")
    found: list[object] = []
    for read in (count, seconds, factor_above_1, regex):
        with contextlib.suppress(argparse.ArgumentTypeError):
            found.append(read(text))
    if not found:
        raise argparse.ArgumentTypeError(text)
    return found


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _about() -> dict[str, str]:
    about = {"arch": "x86_64", "cpu": "c", "machine": _MACHINE, "num_cpu": "2", "os": "o"}
    return {**about, "ram": "1"}


def _result_seed(number: int) -> bytes:
    value = 1.0 if number < 3 else 2.0
    stats = [[value * (1 + side * 0.01)] * 2 for side in (-1, 1)]
    row = [[value] * 2, [["1", "2"]], "1", 1_700_000_000_000, 1.0, *stats, *stats, [9, 9], [10, 10]]
    names = ("ci_99_a", "ci_99_b", "q_25", "q_75", "number", "repeat")
    stored: dict[str, Any] = {
        "commit_hash": _COMMITS[number],
        "env_name": _ENVIRONMENT,
        "date": 86_400_000 * (number + 1),
        "params": {**_about(), "python": "3.11"},
        "python": "3.11",
        "requirements": {},
        "env_vars": {},
        "result_columns": [
            *("result", "params", "version", "started_at", "duration"),
            *(f"stats_{name}" for name in names),
            *("samples", "profile"),
        ],
        "results": {_BENCHMARK: [*row, [[value] * 3] * 2, None]},
        "durations": {"<build>": 1.5},
        "version": 2,
    }
    return _json(stored)


def _described() -> dict[str, Any]:
    return {
        "code": "def time_has(self, p): ...",
        "name": _BENCHMARK,
        "param_names": ["p"],
        "params": [["1", "2"]],
        "type": "time",
        "unit": "seconds",
        "version": "1",
    }


def _benchmarks_seed() -> bytes:
    return _json({_BENCHMARK: _described(), "version": 2})


def _machine_seed() -> bytes:
    return _json({_MACHINE: _about(), "version": 1})


def _config_seed() -> bytes:
    more = {
        "regressions_thresholds": {"shelf.*": 0.05, ".*": 0.1},
        "regressions_first_commits": {".*": "v1"},
    }
    return b"// what is watched\n" + _json({**_SETTINGS, **more})


_SETTINGS: Mapping[str, object] = {
    "version": 1,
    "project": "shelf",
    "repo": ".",
    "branches": ["main"],
    "results_dir": "results",
    "benchmark_dir": "benchmarks",
}

_SOURCE = b'''"""A shelf."""
from __future__ import annotations
import re as _re
LIMIT: int = 3
class Shelf(dict, metaclass=type):
    rows: list[int] = []
    @property
    def size(self, *, deep=False, **more): return len(self.rows) if deep else LIMIT
    async def find(self, key, /, default=None, *rest):
        async with self as one: yield [await x for x in one if (y := x)]
if LIMIT: from os import path
def f(a=lambda: 1):
    global LIMIT
    match a:
        case {"x": [1, *_]}: return f"{a!r:>{LIMIT}}"
    try: del a
    except* ValueError: pass
'''

_DIFF = b"""diff --git a/a.py b/a.py
index 83db48f..bf269f4 100644
--- a/a.py
+++ b/a.py
@@ -1,4 +1,5 @@ class Shelf:
 one
-two
+too
+three
 \x0c
 four
\\ No newline at end of file
@@ -20 +21,2 @@
-last
+last
+of all
"""

_H = b"a" * 40
_LISTS = (
    b"100644 blob " + _H + b"\tsrc/shop/shelf.py\x00120000 blob " + _H + b"\tlink\x00",
    b"M\x00a.py\x00R087\x00b.py\x00src/c.py\x00A\x00\xff\xfe.py\x00D\x00d.py\x00",
    _H + b" blob 3\nabc\n",
    _H + b"\x1f2026-11-21T20:00:00+00:00\x1fAnn\x1ffeat: x\n",
)

_ASV_WORDS = (b'"results"', b'"params"', b'"version"', b'"result_columns"', b'"stats_ci_99_a"')
_PYTHON_WORDS = (b"def ", b"class ", b"async ", b"lambda ", b"@", b"# coding: ", b"\\N{", b'f"{')
_OPTIONS: Sequence[bytes] = (b"60", b"1.05", b"time_.*(a|b)+", b"1e-3")

FOREIGN_DATA = (
    Parser("result", "a result file of asv's, and the steps", _result, (ProjectError,),
           (_result_seed(3), _result_seed(0)), _ASV_WORDS),
    Parser("benchmarks", "asv's benchmarks.json", _benchmarks, (ProjectError,),
           (_benchmarks_seed(),), _ASV_WORDS),
    Parser("discovered", "the benchmarks that asv discovers", _descriptions,
           (ValueError, ProjectError), (_json([_described()]),), _ASV_WORDS),
    Parser("machine", "asv's files of machines", _machine, (ProjectError,),
           (_machine_seed(),)),
    Parser("config", "asv.conf.json", _config, (ProjectError,), (_config_seed(),),
           (b'"regressions_thresholds"', b'"results_dir"', b'"branches"', b"//", b"/*")),
    Parser("sources", "Python sources before and after", _sources, (SyntaxError,),
           (_SOURCE + _BETWEEN + _SOURCE.replace(b"return", b"yield"), _SOURCE + _BETWEEN),
           (*_PYTHON_WORDS, _BETWEEN)),
    Parser("diff", "a diff of git's, cut to a change", _diff, (), (_DIFF,),
           (b"@@ -1,2 +1,2 @@", b"diff --git ", b"\x0c")),
    Parser("git-lists", "lists that git prints", _git_lists, (GitError,), _LISTS,
           (b"100644 blob ", _H, b"R100\x00", b"\x1f")),
    Parser("options", "words of the command line", _option, (argparse.ArgumentTypeError,),
           tuple(_OPTIONS), (b"(?P<", b"{1,2}", b"inf", b"nan", b"_")),
)  # fmt: skip
"""All of them."""
