"""What is to be measured: a benchmark suspected of a change, and the two commits as installed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Installed", "Suspect"]


@dataclass(frozen=True, slots=True)
class Suspect:
    """One benchmark with one combination of parameters, and the commits between which it changed.

    Attributes:
        benchmark: The name that asv gives the benchmark.
        param_index: Which combination of parameters, as asv numbers them; None without parameters.
        params: That combination as asv writes it, one text per parameter.
        environment: The name of asv's environment.
        machine: The name of asv's machine.
        before: The full hash of the earlier commit.
        after: The full hash of the later commit.
    """

    benchmark: str
    param_index: int | None
    params: tuple[str, ...]
    environment: str
    machine: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Installed:
    """One commit, installed and ready to be measured.

    Attributes:
        commit: The full hash of the commit.
        python: The interpreter of the environment in which the commit is installed.
        benchmark_dir: The folder of the benchmarks, a package that asv discovers.
        env_dir: The environment's folder; the hook's own, so that measuring may keep caches there.
        env_vars: What asv's configuration adds to the environment's variables.
    """

    commit: str
    python: Path
    benchmark_dir: Path
    env_dir: Path
    env_vars: Mapping[str, str]
