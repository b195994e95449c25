"""The benchmarks of today's checkout, as asv finds them in an environment with a commit in it."""

from __future__ import annotations

import json
import os
from typing import Any

from asv_explain.asv_side.project import (
    ProjectError,
)
from asv_explain.contained import run_contained
from asv_explain.scratch import check_room, scratch
from asv_explain.suspect import Installed

__all__ = ["discover", "read_descriptions"]

_LIST = """
import os, sys
from asv_runner.discovery import list_benchmarks
with open(sys.argv[2], "w") as file:
    list_benchmarks(sys.argv[1], file)
os._exit(0)
"""
"""What asv does to discover; threads that an import left running don't keep it from ending."""


def discover(installed: Installed, timeout: float = 600.0) -> list[dict[str, Any]]:
    """Return asv's descriptions of all benchmarks, to be given to `select_benchmarks`.

    asv's own benchmarks.json is neither read nor written. `timeout` is in seconds.
    Raises ProjectError if the benchmarks cannot be imported with that commit installed, and
    ScratchError if there is no room for temporary files.
    """
    folder = installed.benchmark_dir
    if not (folder / "__init__.py").is_file():
        raise ProjectError(f"{folder} has no __init__.py; mend benchmark_dir in asv.conf.json.")
    environ = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environ |= {**installed.env_vars, "PYTHONDONTWRITEBYTECODE": "1"}
    with scratch() as place:
        result = place / "result.json"
        words = [str(installed.python.absolute()), "-c", _LIST, str(folder), str(result)]
        try:
            done = run_contained(words, place, environ, timeout, listen=True)
            if done.status == 0:
                return read_descriptions(result.read_bytes())
            lines = [line.strip() for line in done.said.split("\n") if line.strip()]
            why = lines[-1] if lines else "it said nothing"
            if done.status is None:
                why = f"it took more than {timeout:g} seconds"
        except FileNotFoundError:
            why = "an import ended the process"
        except OSError as error:
            why = f"{installed.python}: {error.strerror}"
        except ValueError as error:
            why = " ".join(str(error).split())
        check_room(place)
    raise ProjectError(
        f"the benchmarks in {folder} cannot be imported with {installed.commit[:8]} installed "
        f"({why}); mend them, or name commits they work with."
    )


def read_descriptions(data: bytes) -> list[dict[str, Any]]:
    """Read what asv's script wrote of the benchmarks that it found.

    Raises ValueError if it is no list of descriptions.
    """
    try:
        found = json.loads(data)
    except RecursionError:
        raise ValueError("what was found is nested too deeply") from None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise ValueError("what was found is no list of benchmarks")
    return found
