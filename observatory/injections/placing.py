"""Puts packages into a folder of an environment, compiled, so that no process pays for it."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from observatory.injections.injection import Files

__all__ = ["PlacingError", "place"]

MANIFEST = ".placed.json"
"""What a folder holds, with digests; missing while that is being changed."""


class PlacingError(Exception):
    """Files can't be placed; the text is one line that says what to do."""


def place(
    folder: Path, files: Files, python: Path, environments: Sequence[Mapping[str, str]]
) -> None:
    """Have a folder hold these files, writing only those that differ from what it holds.

    Every file that is written is compiled anew, so that no bytecode of another text is ever taken
    for its own, not even if both have the same size and are of the same second.

    Args:
        folder: the site-packages, or any other folder of packages.
        files: whole packages; what else their folders hold is removed.
        python: the interpreter that is to run them.
        environments: the variables under which it will run, as these decide where bytecode goes.

    Raises:
        PlacingError: a file can't be written or doesn't compile.
    """
    wanted = {path: hashlib.sha256(text.encode()).hexdigest() for path, text in files.items()}
    manifest = folder / MANIFEST
    try:
        held = _held(manifest)
        if held == wanted:
            return
        manifest.unlink(missing_ok=True)
        if held is None:
            for package in {path.partition("/")[0] for path in files}:
                shutil.rmtree(folder / package, ignore_errors=True)
            held = {}
        for path in held.keys() - wanted.keys():
            (folder / path).unlink(missing_ok=True)
            Path(importlib.util.cache_from_source(str(folder / path))).unlink(missing_ok=True)
        written = [path for path, digest in wanted.items() if held.get(path) != digest]
        for path in written:
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(files[path], encoding="utf-8", newline="")
        for environment in environments:
            _compile(folder, written, python, environment)
        manifest.write_text(json.dumps(wanted), encoding="utf-8")
    except OSError as error:
        raise PlacingError(
            f"can't write {error.filename or folder} ({error.strerror}); make room, "
            "or choose another --out"
        ) from None


def _held(manifest: Path) -> dict[str, str] | None:
    """What a folder holds, or None if that isn't known."""
    try:
        held = json.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return held if isinstance(held, dict) else None


def _compile(
    folder: Path, paths: Sequence[str], python: Path, environment: Mapping[str, str]
) -> None:
    """Compile files whatever bytecode of them there is."""
    done = subprocess.run(
        [str(python), "-m", "compileall", "-q", "-f", "-i", "-"],
        input="".join(f"{folder / path}\n" for path in paths),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        why = " ".join((done.stdout or done.stderr).split())
        raise PlacingError(f"a file does not compile: {why}")
