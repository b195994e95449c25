"""asv-tachyon's interface beside asv's own, over the same published data."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

__all__ = ["TACHYON", "TachyonError", "add_tachyon"]

TACHYON = "tachyon.html"
"""Its page, beside asv's index.html and the data of both."""

_INDEX = "index.json"
"""What asv-tachyon knows a folder of asv's by; it looks for it and leaves it alone."""


class TachyonError(Exception):
    """The interface was not added; the text says what to do, in one line."""


def add_tachyon(html: Path, run: Callable[..., int]) -> None:
    """Put asv-tachyon's page and its parts into a folder that asv published.

    asv-tachyon installs itself in place of asv's index.html, so it is given a folder of its own
    to do that in, and its page takes another name. `run` runs a module with arguments, hands what
    it prints to `show`, and returns its exit status.
    Raises TachyonError if it does not do so, and what `run` raises.
    """
    said: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        # A temporary folder is its owner's alone, and what is copied from it would be as well.
        room = Path(folder, "html")
        room.mkdir()
        try:
            shutil.copyfile(html / _INDEX, room / _INDEX)
        except OSError as error:
            raise TachyonError(
                f"asv published no {html / _INDEX} ({error.strerror}); see its lines above."
            ) from None
        if run("asv_tachyon", "install", "--no-backup", str(room), show=said.append) != 0:
            reason = " ".join("".join(said).split())
            raise TachyonError(f"asv-tachyon failed ({reason}); install requirements.txt.")
        (room / _INDEX).unlink()
        (room / "index.html").rename(room / TACHYON)
        shutil.copytree(room, html, dirs_exist_ok=True)
