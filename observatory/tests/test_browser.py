"""What the browser's commands do without one: mistakes, and hashes that don't fit."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from observatory.browser import cdn, screenshots, walk

URL = "https://cdn.example.org/one.js"
RIGHT = base64.b64encode(hashlib.sha256(b"one").digest()).decode()
PAGE = f'<script src="{URL}" integrity="sha256-{RIGHT}" crossorigin="anonymous"></script>'


def test_a_hash_that_fits_stays() -> None:
    """The browser then checks the file itself."""
    assert cdn.without_wrong_hashes(PAGE, {URL: b"one"}) == PAGE


@pytest.mark.parametrize("found", [{URL: b"another"}, {}])
def test_a_hash_that_does_not_fit_goes(found: dict[str, bytes]) -> None:
    """Else the browser would refuse the file; the rest of the tag stays."""
    expected = f'<script src="{URL}" crossorigin="anonymous"></script>'
    assert cdn.without_wrong_hashes(PAGE, found) == expected


def test_a_package_comes_from_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is unpacked is there, npm or not; what isn't is asked of npm."""
    monkeypatch.setenv("PATH", "")
    with pytest.raises(cdn.CdnError, match="npm isn't there; install"):
        cdn.answers(tmp_path)
    for package, name in cdn.FILES.values():
        path = tmp_path / package / "package" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")
    assert {*cdn.answers(tmp_path).values()} == {name.encode() for _, name in cdn.FILES.values()}


@pytest.mark.parametrize("command", [walk.main, screenshots.main])
def test_a_folder_that_is_no_dashboard_is_named(
    command: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line, whichever command it is."""
    assert callable(command)
    more = [str(tmp_path / "pictures")] if command is screenshots.main else []
    assert command([str(tmp_path / "none"), *more]) == 1
    told = capsys.readouterr().err
    assert "holds no index.html" in told
    assert told.count("\n") == 1


@pytest.mark.parametrize("command", [walk.main, screenshots.main])
def test_a_machine_without_chromium_is_told_what_to_install(
    command: object,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In one line as well."""
    assert callable(command)
    (tmp_path / "index.html").touch()
    monkeypatch.setenv("PATH", "")
    more = [str(tmp_path / "pictures")] if command is screenshots.main else []
    assert command([str(tmp_path), *more]) == 1
    assert "chromium isn't there; install Debian's package chromium." in capsys.readouterr().err
