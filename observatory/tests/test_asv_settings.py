"""asv's settings are read as asv reads them, and a bad file is named with what to do."""

from pathlib import Path

import pytest

from observatory.explain.asv_settings import SettingsError, known_machine, read_project


def test_folders_come_from_the_configuration(tmp_path: Path) -> None:
    """Comments, trailing commas and strings that look like comments are all understood."""
    config = tmp_path / "asv.conf.json"
    config.write_text(
        """{
        // the project
        "project_url": "https://example.org/*not a comment*/",
        "repo": ".", /* here
        */ "results_dir": ".asv/results",
        "html_dir": ".asv/html",
        "pythons": ["3.11",],
    }""",
        encoding="utf-8",
    )
    project = read_project(config)
    assert project.repository == tmp_path
    assert project.results == tmp_path / ".asv/results"
    assert project.html == tmp_path / ".asv/html"


def test_absent_folders_have_the_defaults_of_asv(tmp_path: Path) -> None:
    """A remote repository means the checkout around the file; results and html have defaults."""
    config = tmp_path / "asv.conf.json"
    config.write_text('{"repo": "https://example.org/project.git"}', encoding="utf-8")
    project = read_project(config)
    assert project.repository == tmp_path
    assert (project.results, project.html) == (tmp_path / "results", tmp_path / "html")


@pytest.mark.parametrize(
    ("text", "reason"),
    [("{", "is not JSON"), ("[]", "no JSON object"), ('{"repo": 1}', "repo is no text")],
)
def test_bad_configuration_is_named(tmp_path: Path, text: str, reason: str) -> None:
    """Whatever is wrong with the configuration, the message names the file."""
    config = tmp_path / "asv.conf.json"
    config.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=rf"asv\.conf\.json.*{reason}"):
        read_project(config)


def test_missing_configuration_says_where_to_run(tmp_path: Path) -> None:
    """A missing file is most likely the wrong folder."""
    with pytest.raises(SettingsError, match="checkout's root"):
        read_project(tmp_path / "asv.conf.json")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('{"version": 1, "host": {"machine": "host"}, "b": {"machine": "b"}}', "host"),
        ('{"version": 1, "renamed": {"machine": "renamed"}}', "renamed"),
        ('{"version": 1, "a": {"machine": "a"}, "b": {"machine": "b"}}', None),
        ('{"version": 1}', None),
    ],
)
def test_machine_is_looked_up_as_asv_does(tmp_path: Path, text: str, name: str | None) -> None:
    """The host's own entry counts, and so does an only one under another name."""
    file = tmp_path / "machines.json"
    file.write_text(text, encoding="utf-8")
    assert known_machine(file, "host") == name


def test_missing_machine_file_means_no_entry(tmp_path: Path) -> None:
    """Before asv's first run there is no file."""
    assert known_machine(tmp_path / "machines.json", "host") is None


@pytest.mark.parametrize("text", ["{", "[]", '{"host": 1}', '{"host": {}}'])
def test_bad_machine_file_is_named(tmp_path: Path, text: str) -> None:
    """A machine file that asv did not write is never overwritten, only named."""
    file = tmp_path / "machines.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"machines\.json"):
        known_machine(file, "host")
