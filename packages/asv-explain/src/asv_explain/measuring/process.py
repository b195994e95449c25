"""Runs the harness in a process of its own, inside a commit's environment."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import msgspec

from asv_explain.contained import run_contained
from asv_explain.files import read_own
from asv_explain.measuring import harness
from asv_explain.profiles.collecting import without_collecting
from asv_explain.scratch import check_room, scratch
from asv_explain.suspect import Installed

__all__ = ["ProcessRunner", "Runner", "environment", "read_answer"]


LARGEST_ANSWER = 512 * 1024 * 1024
"""Bytes above which an answer is not read: a profile of 50,000 functions has a tenth of it."""


class Runner(Protocol):
    """Runs the harness once."""

    def __call__(
        self, side: Installed, request: Mapping[str, Any], folder: Path, limit: float
    ) -> Mapping[str, Any]:
        """Answer a request.

        Args:
            side: The commit on which to run.
            request: The harness's request, without output and cpu.
            folder: The process's current folder.
            limit: Seconds after which the process is killed.

        Returns:
            The harness's answer, or one that holds an error where the process gave none.
        """
        ...


def environment(side: Installed) -> dict[str, str]:
    """Make the variables of a process that measures.

    Python's own variables are left out, but for those that asv's configuration or ASV_PYTHONPATH
    ask for. Bytecode goes to the environment's folder, never beside the user's benchmarks.

    Args:
        side: The commit on which it runs.

    Returns:
        The whole environment.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    paths = [str(side.python.absolute().parent), kept.get("PATH", os.defpath)]
    variables = {**kept, "PATH": os.pathsep.join(paths), "PYTHONNOUSERSITE": "1"}
    if "ASV_PYTHONPATH" in kept:
        variables["PYTHONPATH"] = kept["ASV_PYTHONPATH"]
    return {
        **variables,
        **side.env_vars,
        "PYTHONHASHSEED": "0",
        "PYTHONPYCACHEPREFIX": str(side.env_dir.absolute() / "asv-explain-bytecode"),
    }


class ProcessRunner:
    """Runs the harness in a fresh process, pinned to the last of the processors it may use."""

    def __init__(self) -> None:
        affinity = getattr(os, "sched_getaffinity", None)
        self._cpu: int | None = max(affinity(0)) if affinity is not None else None

    def __call__(
        self, side: Installed, request: Mapping[str, Any], folder: Path, limit: float
    ) -> Mapping[str, Any]:
        """Run the harness once; whatever it started ends with it.

        Raises:
            ScratchError: There is no room for its answer.
        """
        with scratch() as place:
            output = place / "answer.json"
            answer = self._answer(side, {**request, "output": str(output)}, folder, limit)
            if answer.get("error") is not None:
                # On a full disk, no benchmark is to blame.
                check_room(place)
            return answer

    def _answer(
        self, side: Installed, request: Mapping[str, Any], folder: Path, limit: float
    ) -> Mapping[str, Any]:
        program = str(Path(harness.__file__).absolute())
        words = [program, json.dumps({**request, "cpu": self._cpu})]
        command = [str(side.python.absolute()), *words]
        try:
            status = run_contained(command, folder, environment(side), limit).status
        except OSError as error:
            return _error("failed", f"{side.python} does not start: {error.strerror}")
        if status is None:
            return _error("timeout", f"no answer after {limit:g} seconds")
        try:
            answer = read_answer(read_own(Path(request["output"]), LARGEST_ANSWER))
        except FileNotFoundError:
            return _error("failed", f"the process ended without an answer, {_ending(status)}")
        except (OSError, ValueError, RecursionError):
            text = "the benchmark wrote where only the answer belongs"
            return _error("failed", f"{text}, {_ending(status)}")
        if not isinstance(answer, dict):
            return _error("failed", "the process's answer is no JSON object")
        return answer


def read_answer(data: bytes) -> Any:
    """Read what the harness wrote.

    Raises:
        ValueError: It is no JSON, or nested beyond all measure.
    """
    with without_collecting():
        try:
            try:
                return msgspec.json.decode(data)
            except msgspec.DecodeError:
                # Python writes infinities and what is no number, which only Python reads, and half
                # a character where the name of a file is no text, which none can write again.
                text = json.dumps(json.loads(data), ensure_ascii=False)
                return json.loads(text.encode("utf-8", "replace"))
        except RecursionError:
            raise ValueError("nested too deeply") from None


def _ending(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    known = {each.value: each.name for each in signal.Signals}
    return f"killed by {known.get(-status, f'signal {-status}')}"


def _error(kind: str, text: str) -> dict[str, Any]:
    return {"schema": harness.SCHEMA, "error": {"kind": kind, "text": text}}
