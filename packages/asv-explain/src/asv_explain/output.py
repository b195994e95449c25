"""What a call writes: whether it will be possible, and the writing itself."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from asv_explain.explanation import Explanation, encode
from asv_explain.files import obstacle, write_whole
from asv_explain.options import Options
from asv_explain.pages.traveling import traveling_page
from asv_explain.parts import Explained
from asv_explain.profiles.pair import ProfileSide
from asv_explain.reports.exports import to_folded, to_pstats, to_speedscope
from asv_explain.reports.markdown import to_markdown

__all__ = ["STEP_SUMMARY", "ExportError", "check_exports", "export"]

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
"""The variable that names the file into which all commands of a GitHub step write summaries."""


class ExportError(Exception):
    """An export that can't be written; the text names it and says what to do."""


def check_exports(options: Options) -> None:
    """See that all exports can be written, before anything is measured for them.

    Raises:
        ExportError: One can't be. Nothing is made or changed in either case.
    """
    files = [
        Path(one)
        for one in (options.json, options.markdown, options.html, options.patch)
        if one not in (None, "-")
    ]
    folders = (options.pstats, options.speedscope, options.folded)
    for path in files:
        _refuse(path, obstacle(path, folder=False))
    for path in filter(None, folders):
        _refuse(path, obstacle(path, folder=True))


def _refuse(path: Path, why: str | None) -> None:
    if why is not None:
        raise ExportError(f"can't write {path} ({why}); choose another place")


def export(options: Options, found: Sequence[Explained]) -> None:
    """Write all that was asked for.

    Raises:
        ExportError: Something can't be written, or there is no one patch; what was there before is
            still there.
    """
    explanations = [one.explanation for one in found]
    if options.json is not None:
        body = b",\n".join(encode(one).rstrip() for one in explanations)
        _write(options.json, b"[\n" + body + b"\n]\n")
    if options.markdown is not None:
        _write_summary(options.markdown, to_markdown(explanations).encode())
    if options.html is not None:
        pages = [(one.explanation, one.profiles) for one in found]
        _write(options.html, traveling_page(pages).encode())
    for number, one in enumerate(found):
        if one.profiles is not None:
            for name, side in (("before", one.profiles.before), ("after", one.profiles.after)):
                benchmark = _plain(one.explanation.benchmark)
                _export_profile(options, side, f"{number:03}-{benchmark}-{name}")
    if options.patch is not None:
        _write(options.patch, _patch(explanations).encode("utf-8", "surrogateescape"))


def _patch(explanations: Sequence[Explanation]) -> str:
    """The patch of the one explanation that has one."""
    tried = [one.reversal.patch for one in explanations if one.reversal is not None]
    patches = [one for one in tried if one]
    if len(patches) > 1:
        raise ExportError(f"{len(patches)} benchmarks have a patch each; name one by -b")
    if not patches:
        raise ExportError("there is no patch: no change was found that gives a difference back")
    return patches[0]


def _export_profile(options: Options, side: ProfileSide, name: str) -> None:
    if options.pstats is not None:
        _write(str(options.pstats / f"{name}.prof"), to_pstats(side.profile))
    if options.speedscope is not None:
        data = to_speedscope(side, name).encode()
        _write(str(options.speedscope / f"{name}.speedscope.json"), data)
    if options.folded is not None:
        _write(str(options.folded / f"{name}.folded"), to_folded(side).encode())


def _plain(text: str) -> str:
    return "".join(character if character.isalnum() else "-" for character in text)[:80]


def _write_summary(target: str, data: bytes) -> None:
    """Write the summary; behind what is there already, where others write into the same file."""
    if target == os.environ.get(STEP_SUMMARY):
        try:
            there = Path(target).read_bytes()
        except FileNotFoundError:
            there = b""
        except OSError as error:
            raise _refusal(target, error) from None
        # Without a blank line, a table would go on with the last paragraph before it.
        data = there + (b"\n\n" if there else b"") + data
    _write(target, data)


def _write(target: str, data: bytes) -> None:
    if target == "-":
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        return
    try:
        write_whole(Path(target), data)
    except OSError as error:
        raise _refusal(target, error) from None


def _refusal(target: str, error: OSError) -> ExportError:
    return ExportError(f"can't write {target} ({error.strerror}); choose another place")
