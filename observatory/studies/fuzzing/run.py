"""One parser under libFuzzer, in a process of its own, and what came of it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from observatory.studies.fuzzing.parser import Parser

__all__ = ["MEMORY_MB", "TIMEOUT", "Outcome", "fuzz", "outcome_from_log"]

MEMORY_MB = 1500
"""Megabytes from which an input takes too much; some 150 are Python's and the libraries'."""

TIMEOUT = 20
"""Seconds from which an input takes too long."""

LONGEST = 20_000
"""Bytes of an input: enough for thousands of parts, and for what takes the square of them."""

# Seconds that starting and ending may take besides.
_BESIDES = 300

_EXECUTED = re.compile(r"stat::number_of_executed_units:\s+(\d+)")
_MEMORY = re.compile(r"stat::peak_rss_mb:\s+(\d+)")
_SLOWEST = re.compile(r"stat::slowest_unit_time_sec:\s+(\d+)")
_SO_FAR = re.compile(r"^#(\d+)\s.* cov: (\d+) ", re.MULTILINE)
_DONE = re.compile(r"^Done \d+ runs in (\d+) second", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of fuzzing one parser.

    Attributes:
        parser: Its name.
        seconds: How long it was fuzzed.
        inputs: How many inputs it was given.
        edges: Edges of the hook's own code that they went through.
        slowest: Seconds that the slowest input took, whole ones.
        memory: Most megabytes that the process had.
        findings: Files below the folder of findings, each an input.
        ended: Why it ended early; empty if it didn't.
    """

    parser: str
    seconds: int
    inputs: int
    edges: int
    slowest: int
    memory: int
    findings: tuple[str, ...]
    ended: str = ""

    @property
    def clean(self) -> bool:
        """Whether nothing was found, and the time was used."""
        return not self.findings and not self.ended

    def raw(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def fuzz(parser: Parser, seconds: int, seed: int, findings: Path) -> Outcome:
    """Fuzz one parser for so long, with the least priority.

    Args:
        parser: Which.
        seconds: For how long.
        seed: What libFuzzer draws from.
        findings: Where inputs go that must not do what they did.
    """
    findings.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="fuzzing-") as scratch:
        corpus, words = Path(scratch, "corpus"), Path(scratch, "words")
        corpus.mkdir()
        for number, one in enumerate(parser.seeds):
            (corpus / str(number)).write_bytes(one)
        words.write_text("".join(f'"{_escaped(word)}"\n' for word in _words(parser)))
        module = "observatory.studies.fuzzing.one_parser"
        command = [
            *(sys.executable, "-m", module, parser.name, str(findings)),
            *(f"-max_total_time={seconds}", f"-seed={seed}", f"-max_len={LONGEST}"),
            *(f"-rss_limit_mb={MEMORY_MB}", f"-timeout={TIMEOUT}", f"-dict={words}"),
            *("-print_final_stats=1", f"-artifact_prefix={findings}/{parser.name}-", str(corpus)),
        ]
        process = subprocess.Popen(
            command,
            env={**os.environ, "TMPDIR": scratch, "PYTHONHASHSEED": "0"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            preexec_fn=_politely,
            start_new_session=True,
        )
        try:
            _, said = process.communicate(timeout=seconds + _BESIDES)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    found = sorted(path.name for path in findings.glob(f"{parser.name}-*") if _is_input(path))
    return outcome_from_log(parser.name, said.decode(errors="replace"), process.returncode, found)


def outcome_from_log(parser: str, said: str, status: int, findings: list[str]) -> Outcome:
    """Read what libFuzzer printed.

    Args:
        parser: The parser's name.
        said: What it printed.
        status: The exit status of its process.
        findings: The inputs that it left.
    """
    lines = said.strip().splitlines() or ["it said nothing"]
    so_far = _SO_FAR.findall(said)
    done = _DONE.search(said)
    executed = _EXECUTED.search(said)
    ended = "" if done and status == 0 else f"exit status {status}: {_cause(lines)}"
    return Outcome(
        parser=parser,
        seconds=int(done[1]) if done else 0,
        inputs=int(executed[1]) if executed else int(so_far[-1][0]) if so_far else 0,
        edges=int(so_far[-1][1]) if so_far else 0,
        slowest=_figure(_SLOWEST, said),
        memory=_figure(_MEMORY, said),
        findings=tuple(findings),
        ended=ended,
    )


def _figure(name: re.Pattern[str], said: str) -> int:
    found = name.search(said)
    return int(found[1]) if found else 0


def _cause(lines: list[str]) -> str:
    """The line in which libFuzzer or Python says why it ended."""
    errors = [line for line in lines if "ERROR: libFuzzer" in line or "Error" in line]
    return (errors or lines)[-1].strip()[:200]


def _politely() -> None:
    os.nice(19)


def _is_input(path: Path) -> bool:
    # libFuzzer's files of slow inputs are no findings; a text tells of the input beside it.
    return path.suffix != ".txt" and "-slow-unit-" not in path.name


_COMMON = (b"{", b"}", b"[", b"]", b'"', b":", b",", b"null", b"true", b"NaN", b"-Infinity",
           b"1e999", b"\\ud800", b"../", b"\x00", b'"schema"', b"-1", b"9" * 30)  # fmt: skip


def _words(parser: Parser) -> tuple[bytes, ...]:
    return (*_COMMON, *parser.words)


def _escaped(word: bytes) -> str:
    """A word as libFuzzer's dictionaries have it."""
    return "".join(f"\\x{byte:02x}" for byte in word)
