"""The packages that are injected into come as published, and asv can run their benchmarks."""

from __future__ import annotations

import ast
import dataclasses
import json
import zipfile
from pathlib import Path

import pytest

from observatory.injections.repository import settings
from observatory.injections.subjects import SUBJECTS, Subject, SubjectError, released

# What asv reads of a benchmark, from its module as well: a function of that name there breaks it.
ASVS_OWN = {
    *("max_time", "min_run_count", "number", "param_names", "params", "pretty_name", "processes"),
    *("repeat", "rounds", "sample_time", "setup", "setup_cache", "teardown", "timeout", "timer"),
    *("type", "unit", "version", "warmup_time"),
}


def test_subjects_are_of_different_style() -> None:
    """The engine and five packages, pinned, no two of one style."""
    assert len(SUBJECTS) == 6
    assert len({one.style for one in SUBJECTS.values()}) == 6
    for name, one in SUBJECTS.items():
        assert name == one.name == one.packages[0]
        assert bool(one.requirements) == (name != "cascade")
        assert len(one.requirements) in (0, len(one.packages))
        assert all("==" in requirement for requirement in one.requirements)


@pytest.mark.parametrize("name", SUBJECTS)
def test_a_suite_has_benchmarks_that_asv_finds(name: str) -> None:
    """Three or more, and no name in the module that asv would take for a setting."""
    subject = SUBJECTS[name]
    assert len(set(subject.benchmarks)) >= 3
    assert all(one.startswith(f"bench_{name}.") for one in subject.benchmarks)
    body = ast.parse(subject.source).body
    named = {one.name for one in body if isinstance(one, (ast.FunctionDef, ast.ClassDef))}
    named |= {
        target.id
        for one in body
        if isinstance(one, ast.Assign)
        for target in one.targets
        if isinstance(target, ast.Name)
    }
    assert not named & ASVS_OWN
    imported = {
        alias.name.partition(".")[0]
        for one in body
        if isinstance(one, ast.Import)
        for alias in one.names
    } | {(one.module or "").partition(".")[0] for one in body if isinstance(one, ast.ImportFrom)}
    assert imported <= {"__future__", "asyncio", "typing", *subject.packages}
    json.dumps(settings(name, subject.packages))


def test_the_engine_is_that_of_the_last_commit(tmp_path: Path) -> None:
    """Its files come by the paths under which they are imported."""
    files = released(SUBJECTS["cascade"], tmp_path)
    assert {"cascade/runtime/engine.py", "cascade/spec/task.py", "cascade/graph/build.py"} <= {
        *files
    }
    assert "cascade/__init__.py" not in files
    assert all(path.startswith("cascade/") and path.endswith(".py") for path in files)
    for path, text in files.items():
        ast.parse(text, path)


def wheel(folder: Path, **files: str) -> Subject:
    """A subject whose wheel is there already."""
    subject = dataclasses.replace(
        SUBJECTS["tomlkit"], version="9", packages=("tomlkit", "other"), requirements=("x==9",)
    )
    kept = folder / "wheels" / "tomlkit-9"
    kept.mkdir(parents=True)
    with zipfile.ZipFile(kept / "tomlkit-9-py3-none-any.whl", "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), text)
    return subject


def test_the_files_of_a_wheel_are_its_python_code(tmp_path: Path) -> None:
    """Compiled files, tests, and whatever lies beside the packages stay out."""
    subject = wheel(
        tmp_path,
        tomlkit__api_dot_py="one = 1\n",
        tomlkit__deep__more_dot_py="two = 2\n",
        tomlkit__tests__test_api_dot_py="",
        tomlkit__fast_dot_so="",
        other__part_dot_py="é = 3\n",
        stray_dot_py="",
    )
    assert released(subject, tmp_path) == {
        "other/part.py": "é = 3\n",
        "tomlkit/api.py": "one = 1\n",
        "tomlkit/deep/more.py": "two = 2\n",
    }


def test_a_wheel_without_the_package_is_refused(tmp_path: Path) -> None:
    """One line says what is missing and what to remove."""
    subject = wheel(tmp_path, tomlkit__api_dot_py="")
    with pytest.raises(SubjectError, match=r"came without other; remove .*wheels and run"):
        released(subject, tmp_path)


def test_a_broken_wheel_is_refused(tmp_path: Path) -> None:
    """One line says what to remove."""
    subject = wheel(tmp_path)
    path = tmp_path / "wheels" / "tomlkit-9" / "tomlkit-9-py3-none-any.whl"
    path.write_bytes(b"half a file")
    with pytest.raises(SubjectError, match=r"is no wheel .*; remove .*tomlkit-9"):
        released(subject, tmp_path)


def test_without_the_index_one_line_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failed download leaves nothing behind that a later call would take for whole."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nowhere"))
    with pytest.raises(SubjectError, match=r"tomlkit==.* can't be downloaded .*PyPI") as caught:
        released(SUBJECTS["tomlkit"], tmp_path)
    assert "\n" not in str(caught.value)
    assert list((tmp_path / "wheels").iterdir()) == []
