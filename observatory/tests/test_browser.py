"""What the browser's commands do without one: mistakes, and hashes that don't fit."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
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
    """What was fetched is there, npm or not; what wasn't is asked of npm."""
    monkeypatch.setenv("PATH", "")
    with pytest.raises(cdn.CdnError, match="npm isn't there; install"):
        cdn.answers(tmp_path)
    for package in {package for package, _ in cdn.FILES.values()}:
        with tarfile.open(tmp_path / f"{package}.tgz", "w:gz") as archive:
            for name in (name for held, name in cdn.FILES.values() if held == package):
                member = tarfile.TarInfo(f"package/{name}")
                member.size = len(name)
                archive.addfile(member, io.BytesIO(name.encode()))
    assert {*cdn.answers(tmp_path).values()} == {name.encode() for _, name in cdn.FILES.values()}
    (tmp_path / "jquery@3.3.1.tgz").write_bytes(b"cut short")
    with pytest.raises(cdn.CdnError, match=r"jquery@3.3.1.tgz lacks .*; delete it"):
        cdn.answers(tmp_path)


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
