"""Repositories of every shape: the cause is found or one line says why not, and nothing changes."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from small_project import CONFIG, CORE, GOOD, SmallProject, slower, state
from survival.times import TIMES

from asv_explain.asv_side.discover import discover
from asv_explain.asv_side.install import Installer
from asv_explain.suspect import Installed

FAST, SLOW = 0.010, 0.020
"""Seconds of a benchmark call on a commit, and on one with the slower function."""

TURNS = itertools.cycle(range(7))
"""No two processes take just the same time."""

BENCHMARKS = {"suite.py": GOOD}


def made_up(
    side: Installed, request: Mapping[str, Any], folder: Path, limit: float
) -> Mapping[str, Any]:
    """Answer as a process would that measures what is installed, in no time."""
    roots = [
        Path(side.env_vars.get("PYTHONPATH", side.env_dir)),
        *side.env_dir.glob("lib/*/site-*"),
    ]
    (code,) = [root / "shop/core.py" for root in roots if (root / "shop/core.py").exists()]
    slow = b"range(8)" in code.read_bytes()
    wall = (SLOW if slow else FAST) * (1 + next(TURNS) * 1e-4)
    if request["mode"] == "inspect":
        return {"schema": 1, "setup_cache": False, "kind": "time", "unit": "seconds", "error": None}
    return {
        "schema": 1,
        "wall": wall,
        "cpu": wall,
        "instructions": None,
        "number": request["number"] or 1,
        "setup": 0.0,
        "delayed": 0.0,
        "samples": [wall],
        "profile": profile(wall, slow) if request["mode"] == "profile" else None,
        "error": None,
    }


def profile(wall: float, slow: bool) -> dict[str, Any]:
    """A raw profile in which the one function of the package takes all the time."""
    every = (
        ("bench", "benchmarks/suite.py", "time_day", 1),
        ("site", "shop/core.py", "price", 200),
    )
    functions = [
        {
            "home": home,
            "path": path,
            "name": name,
            "line": 2,
            "flags": 0,
            "fingerprint": f"{name} {slow}" if home == "site" else name,
            "calls": calls,
            "recursive": 0,
            "own": wall if home == "site" else 0.0,
            "cumulative": wall,
        }
        for home, path, name, calls in every
    ]
    return {
        "schema": 1,
        "python": "3.11.7",
        "implementation": "cpython",
        "number": 1,
        "seconds": wall,
        "functions": functions,
        "edges": [[0, 1, 200, 0, wall, wall]],
    }


def listed(installed: Installed) -> list[dict[str, Any]]:
    """The one benchmark, as asv lists it."""
    about = {"params": [], "param_names": [], "version": "1", "unit": "seconds", "type": "time"}
    return [{"name": "suite.time_day", **about}]


QUICK = {"runner": made_up, "discover": listed}
"""What is made up where it's the repository that counts."""

REAL = {**QUICK, "installer": Installer}
"""The same, but commits are checked out and installed through asv, in builders of their own."""

THOROUGH = REAL if TIMES in os.environ else QUICK
"""For what an installation has no part in, but where all is tried in full."""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallProject:
    """A project without a repository as yet."""
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    return SmallProject(tmp_path, monkeypatch)


def two(project: SmallProject, *how: str) -> tuple[str, str]:
    """Make a commit and a slower one."""
    first = project.start(BENCHMARKS, CORE, *how)
    return first, project.commit({"shop/core.py": slower()}, "slower")


def ask(
    project: SmallProject, *words: str, tools: Mapping[str, Any] = QUICK, status: int = 0
) -> dict[str, Any]:
    """Explain the one benchmark; the repository stays as it is, and nothing is left behind."""
    before = state(project.root)
    (found,) = project.explained(*words, tools=tools, status=status).values()
    assert state(project.root) == before
    project.nothing_left()
    return dict(found)


def blames_price(found: Mapping[str, Any], verdict: str = "slower") -> None:
    """Assert that the function is named with its change."""
    assert found["verdict"] == verdict
    (cause,) = found["causes"]
    assert cause["name"] == "price"
    assert "range(8)" in cause["hunk"]
    for side in ("before", "after"):
        assert cause[f"source_{side}"].startswith("def price(row):\n")
        assert cause[f"source_{side}"].endswith("    return total")


def one_line(
    project: SmallProject, capsys: pytest.CaptureFixture[str], *words: str, tools: Any = QUICK
) -> str:
    """What the program says before it ends with status 1; nothing is left behind."""
    capsys.readouterr()
    assert project.run(*words, tools=tools) == 1
    said = capsys.readouterr().err.splitlines()
    project.nothing_left()
    assert said[-1].startswith("asv explain: ")
    assert not any("Traceback" in line for line in said)
    return said[-1]


# --- where the repository is, and what it is ---


def test_a_shallow_clone_says_which_commits_it_lacks(
    project: SmallProject, capsys: pytest.CaptureFixture[str]
) -> None:
    """A commit beyond its depth is named, with what to do; what it has is explained."""
    first, second = two(project)
    third = project.commit({"shop/core.py": CORE}, "back")
    origin = project.root
    project.git("clone", "--quiet", "--depth", "2", origin.as_uri(), str(origin.parent / "clone"))
    project.enter(origin.parent / "clone")
    line = one_line(project, capsys, first, second)
    assert first in line
    assert "shallow" in line
    assert "git fetch --unshallow" in line
    blames_price(ask(project, second, third, tools=THOROUGH), "faster")


def test_the_working_tree_of_a_shallow_clone_is_explained(project: SmallProject) -> None:
    """As on a machine that checks out one commit to test a change."""
    project.start(BENCHMARKS)
    project.commit({"notes.txt": "more"})
    origin = project.root
    project.git("clone", "--quiet", "--depth", "1", origin.as_uri(), str(origin.parent / "clone"))
    project.enter(origin.parent / "clone")
    (project.root / "shop/core.py").write_text(slower())
    blames_price(ask(project, "HEAD", "WORKTREE", tools=REAL))


@pytest.mark.parametrize("by", ["path", "url"])
def test_a_bare_repository_is_explained(
    project: SmallProject, capsys: pytest.CaptureFixture[str], by: str
) -> None:
    """By its path, or by a URL that is mirrored; it has no working tree, which is said."""
    pair = two(project)
    bare = project.root.parent / "bare.git"
    project.git("clone", "--quiet", "--bare", str(project.root), str(bare))
    settings = {"repo": str(bare) if by == "path" else bare.as_uri(), "dvcs": "git"}
    (project.root / "asv.conf.json").write_text(json.dumps({**CONFIG, **settings}))
    before = state(bare)
    blames_price(ask(project, *pair, tools=REAL if by == "url" else THOROUGH))
    line = one_line(project, capsys, "main~1", "WORKTREE")
    assert "must be run in a work tree" in line if by == "path" else "`repo` is a URL" in line
    assert state(bare) == before


def test_a_linked_worktree_is_explained(project: SmallProject) -> None:
    """Its HEAD and its files count, and neither it nor the main one changes."""
    first, second = two(project)
    main = project.root
    linked = main.parent / "linked"
    project.git("worktree", "add", "--quiet", "--detach", str(linked), first)
    before = state(main)
    project.enter(linked)
    blames_price(ask(project, "HEAD", second, tools=THOROUGH))
    (linked / "shop/core.py").write_text(slower())
    blames_price(ask(project, "HEAD", "WORKTREE", "--force", tools=REAL))
    assert state(main) == before


def test_submodules_are_checked_out_for_each_commit_and_stay(project: SmallProject) -> None:
    """The package comes from a submodule of which both sides have another commit."""
    inner = project.root.parent / "inner"
    inner.mkdir()
    project.git("init", "--quiet", "--initial-branch=main", folder=inner)
    commits = []
    for text in (CORE, slower()):
        (inner / "core.py").write_text(text)
        (inner / "__init__.py").touch()
        project.git("add", "--all", folder=inner)
        project.git("commit", "--quiet", "--message", "inner", folder=inner)
        commits.append(project.git("rev-parse", "HEAD", folder=inner))
    project.git("init", "--quiet", "--initial-branch=main")
    # A user's submodules lie behind https; this one's git is to read from a folder.
    (project.root.parent / "home" / ".gitconfig").write_text(
        "[protocol.file]\n    allow = always\n"
    )
    project.git("submodule", "--quiet", "add", str(inner), "shop")
    project.git("checkout", "--quiet", commits[0], folder=project.root / "shop")
    files = {"benchmarks/suite.py": GOOD, "benchmarks/__init__.py": "", ".gitignore": ".asv/\n"}
    first = project.commit({**files, "asv.conf.json": json.dumps(CONFIG)})
    project.git("checkout", "--quiet", commits[1], folder=project.root / "shop")
    second = project.commit({})
    found = ask(project, first, second, tools=REAL)
    assert found["verdict"] == "slower"
    # Its sources are another repository's, which is not looked into.
    assert [cause["hunk"] for cause in found["causes"] if cause["hunk"]] == []


@pytest.mark.parametrize(
    "how", ["symlinked", "trailing\n", "with space", "q'u\"o$te", "-grün-日本"]
)
def test_odd_paths_of_the_repository_are_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """A link to it, and a name of which a shell or a line would make something else."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    project = SmallProject(tmp_path, monkeypatch, how)
    pair = two(project)
    if how == "symlinked":
        (tmp_path / "link").symlink_to(project.root)
        project.enter(tmp_path / "link")
    blames_price(ask(project, *pair, tools=THOROUGH if "\n" not in how else QUICK))


def test_a_path_that_git_cannot_lend_from_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Git writes the paths of lent objects one a line, so that none may hold a line's end."""
    project = SmallProject(tmp_path, monkeypatch, "trailing\n")
    assert "cannot be installed (fatal: " in one_line(project, capsys, *two(project), tools=REAL)


def test_a_repository_of_sha256_is_explained(project: SmallProject) -> None:
    """Hashes of 64 digits are hashes."""
    first, second = two(project, "--object-format=sha256")
    assert len(first) == 64
    blames_price(ask(project, first, second, tools=THOROUGH))


# --- what HEAD, the index and the files are ---


def test_dirty_detached_and_with_hooks_that_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Changes staged and not, and untracked files stay; no hook of the user's is run."""
    project = SmallProject(tmp_path, monkeypatch, "with space, q'u\"o$te and grün-日本")
    first, _ = two(project)
    project.git("checkout", "--quiet", "--detach", first)
    (project.root / "shop/core.py").write_text(slower() + "# staged\n")
    project.git("add", "--all")
    (project.root / "shop/core.py").write_text(slower() + "# not staged\n")
    (project.root / "untracked.txt").write_text("kept")
    hooks = project.root / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    every = ("post-checkout", "pre-commit", "post-commit", "post-merge", "reference-transaction")
    for name in (*every, "post-index-change", "pre-auto-gc", "commit-msg", "post-rewrite"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {project.notes}/{name}\nexit 1\n")
        (hooks / name).chmod(0o755)
    blames_price(ask(project, "HEAD", "WORKTREE", tools={**REAL, "discover": discover}))
    assert list(project.notes.iterdir()) == []


def test_variables_of_a_git_hook_lead_nowhere(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Called from a hook of another repository, this one is read and that one stays."""
    pair = two(project)
    other = project.root.parent / "other"
    other.mkdir()
    project.git("init", "--quiet", folder=other)
    (other / "file").write_text("x")
    project.git("add", "file", folder=other)
    project.git("commit", "--quiet", "--message", "x", folder=other)
    before = state(other)
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git" / "index"))
    monkeypatch.setenv("GIT_PREFIX", "")
    blames_price(ask(project, *pair, tools=REAL))
    assert state(other) == before
    assert os.environ["GIT_DIR"] == str(other / ".git")


def test_attributes_that_change_files_are_followed(project: SmallProject) -> None:
    """Texts that git expands or filters are read as they were committed."""
    project.start(BENCHMARKS)
    project.git("config", "filter.loud.clean", "cat")
    project.git("config", "filter.loud.smudge", "sed s/price/PRICE/")
    project.git("config", "filter.loud.required", "true")
    project.git("config", "diff.loud.textconv", "false")
    project.git("config", "diff.external", "false")
    attributes = "*.py export-subst diff=loud\nshop/loud.txt filter=loud\nbinary.py binary\n"
    core = "# $Format:%H$\n" + CORE
    files = {".gitattributes": attributes, "shop/loud.txt": "price\n", "binary.py": "a\0b"}
    first = project.commit({**files, "shop/core.py": core})
    second = project.commit({"shop/core.py": slower(core)})
    blames_price(ask(project, first, second, tools=THOROUGH))


# --- history ---


def test_a_newer_than_b_is_told_as_it_is_measured(project: SmallProject) -> None:
    """The question is about two sides: going back is faster, and the same change is named."""
    first, second = two(project)
    blames_price(ask(project, second, first), "faster")


def test_a_equal_to_b_is_the_same(project: SmallProject) -> None:
    """However both are named, and with --bisect too; the gate is open."""
    _, second = two(project)
    for more in ((), ("--bisect",)):
        found = ask(project, second, "main", "--gate", "--force", *more)
        assert found["verdict"] == "same"
        assert found["causes"] == []


def test_merges_in_the_range(project: SmallProject) -> None:
    """Without --bisect the two ends count; with it, the merge that brought the change in."""
    first = project.start(BENCHMARKS)
    project.git("checkout", "--quiet", "-b", "side")
    project.commit({"shop/core.py": slower()}, "slower")
    project.git("checkout", "--quiet", "main")
    project.commit({"notes.txt": "one"}, "beside")
    project.git("merge", "--quiet", "--no-ff", "--no-edit", "side")
    merge = project.git("rev-parse", "HEAD")
    last = project.commit({"notes.txt": "two"}, "after")
    blames_price(ask(project, first, last))
    found = ask(project, first, last, "--bisect")
    blames_price(found)
    assert found["after"] == merge


def test_unrelated_histories(project: SmallProject, capsys: pytest.CaptureFixture[str]) -> None:
    """Two sides need no common commit; to bisect they do, which is said."""
    first = project.start(BENCHMARKS)
    project.git("checkout", "--quiet", "--orphan", "other")
    second = project.commit({"shop/core.py": slower()})
    blames_price(ask(project, first, second))
    assert "one line of history" in one_line(project, capsys, first, second, "--bisect")


def test_names_that_mean_two_things(project: SmallProject) -> None:
    """A branch and a tag of one name, a tag object, and names that shells and options know."""
    first, second = two(project)
    project.git("branch", "twice", first)
    project.git("tag", "twice", second)
    found = ask(project, first, "twice")
    # git takes the tag, and so does asv.
    assert found["after"] == second
    project.git("tag", "--annotate", "--message", "an object", "object", second)
    blames_price(ask(project, first, "object", "--force"))
    for name in ("grün/日本", "it's", 'quo"te', "a;b", "$(touch x)", "a&b", "{x,y}"):
        project.git("branch", name.replace(" ", "-"), second)
        assert ask(project, first, name.replace(" ", "-"))["after"] == second


@pytest.mark.parametrize(
    "name", ["absent", "-d", "", "HEAD:shop", "a b", "a\nb", "main..main", "\0"]
)
def test_what_is_no_commit_is_one_line(
    project: SmallProject, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """Whatever stands in a revision's place, nothing is built for it."""
    first, _ = two(project)
    assert "no commit" in one_line(project, capsys, first, "--", name)


def test_commits_without_a_message_and_without_utf_8(project: SmallProject) -> None:
    """What no encoding reads is shown as well as may be, by every report."""
    first = project.start(BENCHMARKS)
    (project.root / "shop/core.py").write_text(slower())
    project.git("add", "--all")
    # A subject and an author in bytes that are no UTF-8, without a word of which encoding.
    tree = project.git("write-tree")
    raw = (
        f"tree {tree}\nparent {first}\n".encode()
        + b"author J\xf6rg \x1b[2J <j@example.org> 1700000000 +0000\n"
        + b"committer J\xf6rg <j@example.org> 1700000000 +0000\n\n\xff\xfe caf\xe9\n"
    )
    file = project.notes / "commit"
    file.write_bytes(raw)
    odd = project.git("hash-object", "-t", "commit", "-w", "--literally", str(file))
    project.git("reset", "--quiet", "--soft", odd)
    project.git("commit", "--quiet", "--allow-empty", "--allow-empty-message", "--message", "")
    page = project.root.parent / "out.html"
    found = ask(project, first, "HEAD", "--html", str(page))
    blames_price(found)
    (commit,) = found["causes"][0]["commits"]
    assert commit["subject"].endswith("caf\ufffd")
    assert commit["author"].startswith("J\ufffdrg")
    assert found["commit_after"]["subject"] == ""
    assert "J\ufffdrg" in page.read_text(encoding="utf-8")


# --- files ---


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(
            ("# -*- coding: latin-1 -*-\nNAME = 'J\xf6rg'\n" + CORE).encode("latin-1"),
            ("# -*- coding: latin-1 -*-\nNAME = 'J\xf6rg'\n" + slower()).encode("latin-1"),
            id="latin-1",
        ),
        pytest.param(
            CORE.replace("\n", "\r\n").encode(), slower().replace("\n", "\r\n").encode(), id="CRLF"
        ),
        pytest.param(
            CORE.replace("\n", "\r\n").encode(), slower().encode(), id="CRLF turned into LF"
        ),
        pytest.param(b"\xef\xbb\xbf" + CORE.encode(), slower().encode(), id="byte order mark"),
        pytest.param(
            b"\f\n# \v \x1c \xc2\x85\n" + CORE.encode().replace(b"sum(", b"sum(  # \f \x1e\n"),
            b"\f\n# \v \x1c \xc2\x85\n" + slower().encode().replace(b"sum(", b"sum(  # \f \x1e\n"),
            id="form feeds",
        ),
    ],
)
def test_sources_of_any_encoding_are_read(
    project: SmallProject, first: bytes, second: bytes
) -> None:
    """The changed function is found and shown."""
    project.start(BENCHMARKS)
    commits = []
    for text in (first, second):
        (project.root / "shop/core.py").write_bytes(text)
        commits.append(project.commit({}))
    blames_price(ask(project, *commits))


def test_files_of_any_name_stand_beside_the_change(project: SmallProject) -> None:
    """Names that git quotes, that no encoding reads, and links that lead out or in circles."""
    names: Sequence[bytes] = (
        *(text.encode() for text in ("with space.py", "q'u\"o$te.py", "new\nline.py", "tab\t.py")),
        *(text.encode() for text in ("grün-日本.py", "-dash.py", "back\\slash.py", ":(top)x.py")),
        b"no\xfftext.py",
    )
    first = project.start(BENCHMARKS)
    for name in names:
        (project.root / "shop" / os.fsdecode(name)).write_text("def odd():\n    return 1\n")
    (project.root / "shop/circle.py").symlink_to("circle.py")
    (project.root / "shop/out.py").symlink_to("/etc/passwd")
    second = project.commit({"shop/core.py": slower()})
    blames_price(ask(project, first, second))


def test_benchmarks_of_any_name_are_measured(project: SmallProject) -> None:
    """A module, a folder and a function that ASCII doesn't know, by real processes."""
    odd = "def time_größe():\n    sum(range(1000))\n"
    first = project.start({"größe/日本.py": odd, "größe/__init__.py": ""})
    second = project.commit({"grün.txt": "nothing that runs"}, "schöner")
    file = project.root.parent / "ausgabe-größe.html"
    words = ("--rounds", "2", "--html", str(file), "--markdown", str(file.with_suffix(".md")))
    (found,) = project.explained(first, second, *words).values()
    assert found["benchmark"] == "größe.日本.time_größe"
    assert len(found["rounds_before"]["values"]) == 2
    assert found["commit_after"]["subject"] == "schöner"
    for one in (file, file.with_suffix(".md")):
        assert "größe.日本" in one.read_text(encoding="utf-8")
    project.nothing_left()


# --- what doesn't build ---


def test_a_commit_that_does_not_build_leaves_the_other_pairs_explained(
    project: SmallProject,
) -> None:
    """Its benchmarks are unknown for one reason; what builds is explained by the next call."""
    first, second = two(project)
    (project.root / "shop").rename(project.root / "elsewhere")
    broken = project.commit({})
    found = ask(project, first, broken, "--gate", tools=REAL, status=4)
    assert found["verdict"] == "unknown"
    (caveat,) = found["caveats"]
    assert broken[:8] in caveat["text"]
    assert "No such file or directory: 'shop'" in caveat["text"]
    blames_price(ask(project, first, second, "--gate", tools=THOROUGH, status=3))
