"""Files are written whole or not at all, and what stands in the way is known beforehand."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from asv_explain.files import obstacle, write_whole


def test_a_file_is_replaced_in_one_step(tmp_path: Path) -> None:
    """Folders are made, the old content goes, nothing else is left, and others may read it."""
    path = tmp_path / "a" / "b" / "file"
    write_whole(path, b"one")
    write_whole(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(path.parent.iterdir()) == [path]
    plain = tmp_path / "plain"
    plain.touch()
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


def test_what_fails_leaves_the_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the last step fails, the file is as it was, and no part of the new one is left."""
    path = tmp_path / "file"
    write_whole(path, b"one")

    def refuse(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, b"two")
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]


def test_a_pipe_is_written_and_stays_a_pipe(tmp_path: Path) -> None:
    """What is no file can't be replaced, and is written into."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_whole(pipe, b"one")
        assert os.read(reader, 10) == b"one"
    finally:
        os.close(reader)
    assert pipe.is_fifo()


def test_what_is_free_has_no_obstacle(tmp_path: Path) -> None:
    """Neither below folders that aren't there nor over what is; and nothing is made by asking."""
    (tmp_path / "file").touch()
    before = sorted(tmp_path.iterdir())
    assert obstacle(tmp_path / "new", folder=False) is None
    assert obstacle(tmp_path / "a" / "b", folder=True) is None
    assert obstacle(tmp_path / "file", folder=False) is None
    assert obstacle(tmp_path, folder=True) is None
    assert obstacle(Path(os.devnull), folder=False) is None
    assert sorted(tmp_path.iterdir()) == before


def test_obstacles_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder for a file, a file for a folder or in the way, and what may not be written."""
    file = tmp_path / "file"
    file.touch()
    assert obstacle(tmp_path, folder=False) == "it is a folder"
    assert obstacle(file, folder=True) == "it is no folder"
    assert obstacle(file / "below", folder=False) == f"{file} is no folder"
    # Whoever runs the tests may be allowed everything.
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert obstacle(file, folder=False) == "it is not writable"
    assert obstacle(tmp_path / "a" / "b", folder=True) == f"{tmp_path} is not writable"
    assert obstacle(tmp_path / ("x" * 5_000), folder=False) == os.strerror(errno.ENAMETOOLONG)
