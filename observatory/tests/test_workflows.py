"""The workflows ask for no more than they need, and run commands that exist."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from asv_explain.options import Options, add_arguments, read_options

ROOT = Path(__file__).resolve().parents[2]
RECIPES = ROOT / "packages" / "asv-explain" / "docs" / "recipes.md"
WORKFLOWS: dict[str, str] = {
    **{
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
        for path in sorted((ROOT / ".github" / "workflows").glob("*.yml"))
    },
    **{
        f"recipe {number}": block
        for number, block in enumerate(
            re.findall(r"```yaml\n(.*?)```", RECIPES.read_text(encoding="utf-8"), re.DOTALL)
        )
        if "jobs:" in block
    },
}


@pytest.fixture(params=WORKFLOWS)
def text(request: pytest.FixtureRequest) -> str:
    """One workflow, of this repository or from the docs."""
    return WORKFLOWS[request.param]


@pytest.fixture
def workflow(text: str) -> dict[Any, Any]:
    """The same, read; YAML takes the word "on" for true."""
    found: dict[Any, Any] = yaml.safe_load(text)
    return found


def steps(workflow: dict[Any, Any]) -> Iterator[dict[str, Any]]:
    """The steps of all jobs."""
    for job in workflow["jobs"].values():
        yield from job["steps"]


def test_there_is_a_workflow_and_a_recipe() -> None:
    """Both are looked at below."""
    assert ".github/workflows/benchmarks.yml" in WORKFLOWS
    assert any(name.startswith("recipe") for name in WORKFLOWS)


def test_the_token_can_only_read(workflow: dict[Any, Any], text: str) -> None:
    """It runs for pull requests alone, without any right but reading, and without secrets."""
    assert set(workflow[True]) == {"pull_request"}
    assert workflow["permissions"] == {}
    for job in workflow["jobs"].values():
        assert job["permissions"] == {"contents": "read"}
        assert job["timeout-minutes"] <= 60
    assert not re.search(r"secrets\.|github\.token|pull_request_target|workflow_run", text)
    assert workflow["concurrency"]["cancel-in-progress"] is True


def test_actions_are_pinned_and_leave_no_token(workflow: dict[Any, Any]) -> None:
    """A tag can be moved to other code; a token left in .git could be read by what is measured."""
    used = [step for step in steps(workflow) if "uses" in step]
    for step in used:
        assert re.fullmatch(r"actions/[a-z-]+(/[a-z]+)?@[0-9a-f]{40}", step["uses"]), step
    (checkout,) = [step for step in used if step["uses"].startswith("actions/checkout@")]
    assert checkout["with"]["persist-credentials"] is False
    assert checkout["with"]["fetch-depth"] == 0


def test_nothing_from_outside_is_put_into_a_script(workflow: dict[Any, Any]) -> None:
    """What GitHub writes into a script is part of its code; variables are not."""
    for step in steps(workflow):
        assert "${{" not in step.get("run", "")


def test_what_was_explained_is_kept_whatever_happens(workflow: dict[Any, Any]) -> None:
    """The gate fails where the explanations matter most."""
    (upload,) = [step for step in steps(workflow) if "upload-artifact" in step.get("uses", "")]
    assert upload["if"] == "always()"
    assert upload["with"]["path"].split() == [".asv/explanations", "explained.html"]
    # It leaves out what lies in a hidden folder unless told otherwise.
    assert upload["with"]["include-hidden-files"] is True


def test_environments_are_kept_under_the_key_that_is_looked_for(workflow: dict[Any, Any]) -> None:
    """Restored by the longest key that fits, and saved under the whole one."""
    (restore,) = [step for step in steps(workflow) if "cache/restore" in step.get("uses", "")]
    (save,) = [step for step in steps(workflow) if "cache/save" in step.get("uses", "")]
    assert restore["with"]["path"] == save["with"]["path"] == ".asv/explain"
    assert restore["with"]["key"].startswith(restore["with"]["restore-keys"].strip())
    assert save["with"]["key"] == f"${{{{ steps.{restore['id']}.outputs.cache-primary-key }}}}"


def asked(script: str) -> Options:
    """What the script's call of the program asks for."""
    (line,) = [one for one in script.splitlines() if "asv explain " in one]
    words = shlex.split(line)
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return read_options(parser.parse_args(words[words.index("explain") + 1 :]), parser)


def test_the_command_is_one_that_the_program_takes(workflow: dict[Any, Any]) -> None:
    """Both commits come from variables; the gate decides, and the summary is the step's own."""
    (step,) = [step for step in steps(workflow) if "asv explain " in step.get("run", "")]
    options = asked(step["run"])
    assert options.revisions == ("$base", "$HEAD")
    assert step["env"] == {
        "BASE": "${{ github.event.pull_request.base.sha }}",
        "HEAD": "${{ github.event.pull_request.head.sha }}",
    }
    assert 'base="$(git merge-base "$BASE" "$HEAD")"' in step["run"]
    assert options.gate
    assert options.markdown == "$GITHUB_STEP_SUMMARY"
    assert options.html == "explained.html"


def test_our_own_workflow_measures_benchmarks_that_exist() -> None:
    """A name that matches nothing would fail every pull request."""
    workflow = yaml.safe_load(WORKFLOWS[".github/workflows/benchmarks.yml"])
    (step,) = [step for step in steps(workflow) if "asv explain " in step.get("run", "")]
    (regex,) = asked(step["run"]).bench
    names = [
        f"{path.stem}.{owner}.{method}"
        for path in sorted((ROOT / "benchmarks").glob("*.py"))
        for owner, body in re.findall(
            r"^class (\w+).*?\n(.*?)(?=^class |\Z)", path.read_text(), re.MULTILINE | re.DOTALL
        )
        for method in re.findall(r"def ((?:time|mem|peakmem|track)_\w+)", body)
    ]
    assert len([name for name in names if re.search(regex, name)]) == 6
