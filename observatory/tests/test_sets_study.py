"""What has to go back in a made-up program makes it as quick as before, and no part of it does."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterable, Mapping
from types import ModuleType

import pytest

from asv_explain.changes.versions import Module, read_module
from asv_explain.trials.pieces import Piece, pieces_of, put_back
from observatory.studies.set_programs import KINDS, PACKAGE, Program, drawn
from observatory.studies.sets import figures, result_of


def turns(files: Mapping[str, str]) -> int:
    """How often a call of the program's turns, counted as it runs."""
    names = {
        path.removesuffix(".py").removesuffix("/__init__").replace("/", "."): path for path in files
    }
    modules = {name: ModuleType(name) for name in names}
    modules[PACKAGE].__path__ = []
    counted = 0

    class Spinner:
        def __init__(self, more: int = 0) -> None:
            self.more = more

        def spin(self, turns: int) -> int:
            nonlocal counted
            counted += turns + self.more
            return 0

    kept = dict(sys.modules)
    try:
        sys.modules.update(modules)
        for name, module in modules.items():
            if name != PACKAGE:
                setattr(modules[PACKAGE], name.rpartition(".")[2], module)
        spinning = modules[f"{PACKAGE}.spinning"]
        spinning.__dict__.update(Spinner=Spinner, spin=lambda turns: Spinner().spin(turns))
        for name, path in names.items():
            if name != spinning.__name__:
                exec(compile(files[path], path, "exec"), modules[name].__dict__)  # noqa: S102
        modules[PACKAGE].main()
    finally:
        sys.modules.clear()
        sys.modules.update(kept)
    return counted


def with_back(program: Program, names: Iterable[str]) -> int:
    """Turns of the later version with some changes put back."""
    modules: dict[str, Module] = {
        path: read_module(path, program.before[path].encode(), after.encode())
        for path, after in program.after.items()
        if program.before[path] != after
    }
    every: list[Piece] = [piece for module in modules.values() for piece in pieces_of(module)]
    chosen = [one for one in every if one.title in {*names}]
    assert {one.title for one in chosen} == {*names}
    return turns({**program.after, **put_back(chosen, modules)})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(4))
def test_each_wanted_set_gives_all_back_and_no_part_of_it_does(kind: str, seed: int) -> None:
    program = drawn(kind, str(seed))
    before, after = turns(program.before), turns(program.after)
    assert 0.2 < after / before - 1 < 1.1
    for wanted in program.wanted:
        assert (after - with_back(program, wanted)) / (after - before) > 0.95
        for size in range(1, len(wanted)):
            for part in itertools.combinations(sorted(wanted), size):
                assert (after - with_back(program, part)) / (after - before) < 0.9
    assert program.innocent >= 5
    assert drawn(kind, str(seed)) == program


def test_a_set_is_right_too_large_or_wrong() -> None:
    wanted = [{"a", "b"}, {"c"}]
    assert [result_of(one, wanted) for one in (["b", "a"], ["c"], ["c", "d"], ["a"], [])] == [
        *("exact", "exact", "too large", "wrong", "none")
    ]


def test_figures_are_of_what_was_found_slower() -> None:
    trial = {"kind": KINDS[0], "verdict": "slower", "inferred": True, "trials": 4, "seconds": 8.0}
    made = figures(
        [
            {**trial, "result": "exact"},
            {**trial, "result": "wrong", "inferred": False},
            {**trial, "verdict": "unknown", "result": "none"},
        ]
    )
    assert set(made) == {KINDS[0], "all"}
    one = made["all"]
    assert (one["programs"], one["slower"]) == (3, 2)
    assert (one["exact"]["hits"], one["exact"]["trials"]) == (1, 2)
    assert (one["inferred"]["hits"], one["seconds"]) == (1, 8.0)
