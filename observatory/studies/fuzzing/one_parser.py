"""Fuzzes one parser in this process, which atheris takes over: NAME FINDINGS, then libFuzzer's own.

Errors that are not documented don't end it: each that arises elsewhere is kept with its input, and
the search goes on. A parser that hangs or takes too much memory does end it, by libFuzzer.
"""

from __future__ import annotations

import hashlib
import random
import sys
import traceback
import warnings
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import atheris

from observatory.studies.fuzzing.damage import damaged

with atheris.instrument_imports(include=["asv_explain"]):
    from observatory.studies.fuzzing.parsers import PARSERS

__all__ = ["main"]

# Of all changes, so many know that the input is JSON.
_KNOWING = 0.5


def main(arguments: Sequence[str]) -> None:
    """Fuzz until libFuzzer ends the process."""
    name, findings, *more = arguments
    parser = PARSERS[name]
    kept: set[str] = set()

    def one_input(data: bytes) -> None:
        try:
            parser.tries(data)
        except Exception as error:  # noqa: BLE001 - whatever is not documented is a finding
            where = _where(error)
            if where not in kept:
                kept.add(where)
                _keep(Path(findings), name, data, error)

    def mutated(data: bytes, most: int, seed: int) -> bytes:
        draw = random.Random(seed)  # noqa: S311
        changed = damaged(data, draw) if draw.random() < _KNOWING else None
        if changed is None or len(changed) > most:
            return bytes(atheris.Mutate(data, most))
        return changed

    # Python writes each warning once; an overflow that passes for a number is a finding.
    warnings.simplefilter("ignore")
    warnings.simplefilter("error", RuntimeWarning)
    atheris.Setup([sys.argv[0], *more], one_input, custom_mutator=mutated)
    atheris.Fuzz()


def _where(error: BaseException) -> str:
    """What tells one finding from another: the error and the innermost of the hook's own lines."""
    frames = list(traceback.walk_tb(error.__traceback__))
    ours = [(one.f_code.co_filename, line) for one, line in frames if _is_ours(one.f_code)]
    return repr((type(error).__name__, ours[-1:]))


def _is_ours(code: object) -> bool:
    return "asv_explain" in str(getattr(code, "co_filename", ""))


def _keep(folder: Path, name: str, data: bytes, error: Exception) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{name}-{hashlib.sha256(data).hexdigest()[:12]}"
    (folder / f"{stem}.input").write_bytes(data)
    told: TracebackType | None = error.__traceback__
    text = "".join(traceback.format_exception(type(error), error, told))
    (folder / f"{stem}.txt").write_text(text, encoding="utf-8", errors="replace")


if __name__ == "__main__":
    main(sys.argv[1:])
