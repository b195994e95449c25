"""The harness asked one question, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from asv_explain.measuring import harness

__all__ = ["ask"]


def ask(
    suite: Path,
    benchmark: str,
    mode: str = "time",
    environment: Mapping[str, str] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Run the harness as the tool does, in a process of its own.

    Args:
        suite: The folder of the benchmarks; the process works in a folder beside its parent.
        benchmark: asv's name of it.
        mode: What the process is to do.
        environment: Variables on top of this process's.
        more: Other parts of the request.
    """
    where = suite.parent.parent / "cwd"
    where.mkdir(exist_ok=True)
    request = {
        "mode": mode,
        "benchmark_dir": str(suite),
        "benchmark": benchmark,
        "param_index": None,
        "output": str(where / "answer.json"),
        "cpu": None,
        "number": 0,
        "samples": 2,
        "seconds": 0.1,
        "batches": 2,
        "frames": 16,
        "peak": 0,
        "lines": False,
        "late": False,
        "loaded": 0,
        **more,
    }
    (where / "answer.json").unlink(missing_ok=True)
    subprocess.run(
        [sys.executable, harness.__file__, json.dumps(request)],
        cwd=where,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    answer: dict[str, Any] = json.loads((where / "answer.json").read_text())
    return answer
