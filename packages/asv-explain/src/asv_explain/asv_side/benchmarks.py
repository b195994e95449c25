"""The benchmarks that asv knows of a project, all or those that match."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from asv import util  # type: ignore[import-untyped]
from asv.benchmarks import Benchmarks  # type: ignore[import-untyped]

from asv_explain.asv_side.project import BROKEN, SHOWN, Project, ProjectError, one_line

__all__ = ["MOST_COMBINATIONS", "load_benchmarks", "select_benchmarks"]

MOST_COMBINATIONS = 100_000
"""Combinations of one benchmark's parameters; asv runs each of them on every commit."""


def select_benchmarks(
    project: Project, descriptions: Sequence[dict[str, Any]], regexes: Sequence[str] = ()
) -> Any:
    """Return asv's Benchmarks of those that match, parameters included, as `asv run -b` takes them.

    Raises ProjectError if an expression is none, or a description is not asv's.
    """
    for regex in regexes:
        try:
            re.compile(regex)
        except re.error as error:
            raise ProjectError(f"-b {regex} is no regular expression ({error}); mend it.") from None
    try:
        for one in descriptions:
            # asv goes through all of them, and a few long lists multiply without end.
            number = math.prod(len(values) for values in one["params"])
            if number > MOST_COMBINATIONS:
                raise ProjectError(
                    f"{one_line(one['name'])[:SHOWN]} has more than {MOST_COMBINATIONS} "
                    "combinations of parameters; give it fewer."
                )
        return Benchmarks(project.conf, descriptions, regex=list(regexes))
    except (KeyError, TypeError, AttributeError) as error:
        raise ProjectError(
            f"the list of benchmarks is not asv's ({one_line(repr(error))}); "
            "run `asv run --bench just-discover` to write it anew."
        ) from None


def load_benchmarks(
    project: Project, regexes: Sequence[str] = (), odd: list[str] | None = None
) -> Any:
    """Return asv's Benchmarks from its recorded benchmarks.json, those that match alone.

    Names under which there is no description of asv's are added to `odd`, and the others taken.
    Raises ProjectError if the file is missing or broken or none is left, or if an expression is
    broken.
    """
    path = Path(Benchmarks.get_benchmark_file_path(str(project.results)))
    if not path.is_file():
        raise ProjectError(f"asv has recorded nothing in {project.results}; run `asv run` first.")
    try:
        recorded = util.load_json(str(path), api_version=Benchmarks.api_version)
        descriptions = dict(recorded.items())
    except BROKEN as error:
        raise ProjectError(
            f"{path} cannot be read ({one_line(error)}); "
            "run `asv run --bench just-discover` to write it anew."
        ) from None
    usable = {name: one for name, one in descriptions.items() if _described(one)}
    if odd is not None and usable:
        odd.extend(sorted(descriptions.keys() - usable.keys()))
        descriptions = usable
    return select_benchmarks(project, list(descriptions.values()), regexes)


def _described(one: object) -> bool:
    """Tell whether something is asv's description of a benchmark."""
    if not isinstance(one, dict) or not isinstance(one.get("name"), str):
        return False
    params = one.get("params")
    return isinstance(params, list) and all(
        isinstance(values, list) and all(isinstance(value, str) for value in values)
        for values in params
    )
