"""Other profilers' output is read and sorted as their users would."""

from __future__ import annotations

import cProfile
import json
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from observatory.injections.injection import Name
from observatory.studies.peer_profiles import (
    Functions,
    PeerError,
    Seen,
    blamed,
    of_pstats,
    of_stacks,
    py_spy_stacks,
    pyinstrument_stacks,
)
from observatory.studies.peer_runs import PEERS, Side

PATH = "shop/core.py"

SHOP = dedent(
    '''
    """A shop."""
    from functools import lru_cache

    class Shelf:
        size = [n for n in range(3)]

        @lru_cache
        def first(self):
            return 1

        def find(self, number):
            return sum(one == number for one in [n for n in range(number)])

        def outer(self):
            def inner(): return (lambda: 1)()
            return inner()

    class Box:
        def find(self):
            return 0

    def day(number):
        total = 0
        for _ in range(20):
            total += Shelf().find(number) + Box().find()
        return total
    '''
)


BENCHMARKS = Path("/suite/benchmarks")


def named(name: str) -> Name:
    return Name(PATH, name)


@pytest.mark.parametrize(
    ("text", "told", "name", "whole"),
    [
        ("def day(", "day", "day", True),
        ("@lru_cache", "first", "Shelf.first", True),
        ("def find(self, number)", "find", "Shelf.find", True),
        ("def find(self):", "Box.find", "Box.find", True),
        ("def inner", "inner", "Shelf.outer.<locals>.inner", True),
        ("def inner", "<lambda>", "Shelf.outer.<locals>.inner.<locals>.<lambda>", True),
        ("return sum(", "<genexpr>", "Shelf.find", False),
        ("return sum(", "Shelf.find.<locals>.<listcomp>", "Shelf.find", False),
        ("class Shelf", "Shelf", "class Shelf", True),
        ("size =", "<listcomp>", "Shelf", False),
    ],
)
def test_a_reader_knows_the_function_by_its_first_line(
    text: str, told: str, name: str, whole: bool
) -> None:
    """Two of one name are told apart, and a comprehension is its function's."""
    line = 1 + SHOP[: SHOP.index(text)].count("\n")
    found = Functions({PATH: SHOP}, BENCHMARKS).name((f"/env/lib/site-packages/{PATH}", line, told))
    assert found == (named(name), whole)


def test_what_runs_the_benchmark_has_no_name() -> None:
    """The benchmark itself and what runs it; a library's functions are told as they are."""
    functions = Functions({PATH: SHOP}, BENCHMARKS)
    for file, name in (
        ("/suite/benchmarks/day.py", "time_day"),
        ("/env/site-packages/asv_runner/benchmarks/_base.py", "method_caller"),
        ("~", "<built-in method builtins.exec>"),
        ("~", "<method 'disable' of '_lsprof.Profiler' objects>"),
    ):
        assert functions.name((file, 1, name)) is None
    for file in ("~", "/usr/lib/python3/json/decoder.py", "shop/other.py"):
        assert functions.name((file, 1, "day")) == (Name(file, "day"), True)


def run_shop(tmp_path: Path) -> dict[str, Any]:
    """Import the shop from a folder like an environment's."""
    file = tmp_path / "site-packages" / PATH
    file.parent.mkdir(parents=True)
    file.write_text(SHOP, encoding="utf-8")
    space: dict[str, Any] = {}
    exec(compile(SHOP, str(file), "exec"), space)  # noqa: S102
    return space


def test_a_profile_of_asv_is_read_with_nothing_counted_twice(tmp_path: Path) -> None:
    """Own times are of all that runs in a body; cumulative ones are as cProfile has them."""
    day = run_shop(tmp_path)["day"]
    profiler = cProfile.Profile()
    profiler.runcall(day, 300)
    profiler.dump_stats(tmp_path / "profile")
    seen = of_pstats(tmp_path / "profile", Functions({PATH: SHOP}, BENCHMARKS))
    names = {named("day"), named("Shelf.find"), named("Box.find")}
    library = Name("~", "<built-in method builtins.sum>")
    assert set(seen.own) == set(seen.total) == {*names, library}
    seen = seen.within({PATH})
    assert set(seen.own) == set(seen.total) == names
    assert seen.total[named("day")] == pytest.approx(seen.whole, rel=0.05)
    assert (
        seen.total[named("day")] > seen.total[named("Shelf.find")] > seen.own[named("Shelf.find")]
    )
    assert sum(seen.own.values()) < seen.whole


def test_what_is_no_profile_is_told(tmp_path: Path) -> None:
    """Another file is refused in one line, whichever profiler it was to come from."""
    functions = Functions({}, BENCHMARKS)
    (tmp_path / "profile").write_text("hello", encoding="utf-8")
    for path in (tmp_path / "profile", tmp_path / "none"):
        with pytest.raises(PeerError, match="no profile"):
            of_pstats(path, functions)
    for text in ("", "{}", '{"frame_records": 1}', '{"frame_records": [1]}'):
        with pytest.raises(PeerError, match="no session"):
            list(pyinstrument_stacks(text))
    with pytest.raises(PeerError, match="no line"):
        list(py_spy_stacks("main (/x.py:1) many", 500))
    with pytest.raises(PeerError, match="no sample"):
        of_stacks([((("/x.py", 1, "main"),), 1.0)], functions, "caller", 1)


def test_sampled_stacks_add_up_below_the_caller() -> None:
    """Own time is the innermost function's, recursion counts once, setup not at all."""
    find, day = SHOP.index("def find(self, number)"), SHOP.index("def day")
    lines = [1 + SHOP[:at].count("\n") for at in (day, find)]
    file = f"/env/site-packages/{PATH}"
    benchmark = f"time_day ({BENCHMARKS}/b.py:2)"
    stack = f"main (/t.py:3);caller (/t.py:1);{benchmark};day ({file}:{lines[0]})"
    text = (
        f"{stack} 50\n{stack};Shelf.find ({file}:{lines[1]}) 100\n"
        f"{stack};Shelf.find ({file}:{lines[1]});Shelf.find ({file}:{lines[1]}) 50\n"
        f"{stack};loads (/usr/lib/json.py:1) 50\n"
        f"main (/t.py:3);setup (/b.py:9);day ({file}:{lines[0]}) 500\n 7\n"
    )
    seen = of_stacks(py_spy_stacks(text, 100), Functions({PATH: SHOP}, BENCHMARKS), "caller", 5)
    assert seen.total[Name("/usr/lib/json.py", "loads")] == pytest.approx(0.1)
    seen = seen.within({PATH})
    assert seen.whole == pytest.approx(0.5)
    assert seen.own == pytest.approx({named("day"): 0.1, named("Shelf.find"): 0.3})
    assert seen.total == pytest.approx({named("day"): 0.5, named("Shelf.find"): 0.3})


def test_a_session_of_pyinstrument_is_read() -> None:
    """Names, files and first lines; frames that it makes up have no file."""
    frames = ["caller\x00/t.py\x001\x01l9", "day\x00/x.py\x0020\x01l22\x01cShop", "[await]"]
    text = json.dumps({"frame_records": [[frames, 0.25]], "more": 1})
    assert list(pyinstrument_stacks(text)) == [
        ((("/t.py", 1, "caller"), ("/x.py", 20, "day"), ("", 0, "[await]")), 0.25)
    ]


def seen(own: Mapping[str, float], total: Mapping[str, float], whole: float) -> Seen:
    one, two = ({named(name): value for name, value in part.items()} for part in (own, total))
    return Seen(one, two, whole)


def test_sorting_by_difference_blames_what_rose_most() -> None:
    """By own time of all that rose, by cumulative time of the whole; what fell is no cause."""
    before = seen({"a": 1.0, "b": 2.0, "gone": 1.0}, {"a": 4.0, "b": 2.0, "gone": 1.0}, 4.0)
    after = seen({"a": 1.5, "b": 2.0, "new": 1.5}, {"a": 5.0, "b": 2.0, "new": 1.5}, 5.0)
    own = blamed(before, after, "own")
    assert (own.verdict, own.nested) == ("slower", False)
    assert [(one.name, one.share) for one in own.causes] == [("new", 0.75), ("a", 0.25)]
    cumulative = blamed(before, after, "cumulative")
    assert cumulative.nested
    assert [(one.name, one.share) for one in cumulative.causes] == [("new", 1.5), ("a", 1.0)]
    assert all(one.low is None for one in (*own.causes, *cumulative.causes))
    assert [one.share for one in blamed(after, before, "cumulative").causes] == [0.0]


@pytest.mark.parametrize("peer", PEERS)
def test_a_real_profiler_sees_what_got_ten_times_dearer(peer: str, tmp_path: Path) -> None:
    """Both sides of a tiny package, with each profiler as its users run it."""
    try:
        version({"asv profile": "asv"}.get(peer, peer))
    except PackageNotFoundError:
        pytest.skip(f"{peer} is not installed")
    sides: list[Side] = []
    for text in (SHOP, SHOP.replace("in range(number)", "in range(10 * number)")):
        home = tmp_path / str(len(sides))
        (home / "site-packages" / "shop").mkdir(parents=True)
        (home / "site-packages" / PATH).write_text(text, encoding="utf-8")
        benchmarks = home / "benchmarks"
        benchmarks.mkdir()
        (benchmarks / "__init__.py").write_text(
            f"import sys\nsys.path.insert(0, {str(home / 'site-packages')!r})\n", encoding="utf-8"
        )
        (benchmarks / "day.py").write_text(
            "from shop.core import day\n\n\ndef time_day():\n    day(200)\n\n\n"
            "time_day.repeat = 1\ntime_day.warmup_time = 0\n",
            encoding="utf-8",
        )
        sides.append(Side(Path(sys.executable), Functions({PATH: text}, benchmarks)))
    before, after = (PEERS[peer](side, "day.time_day", 0.3) for side in sides)
    assert after.whole > 2 * before.whole
    before, after = before.within({PATH}), after.within({PATH})
    assert blamed(before, after, "own").causes[0].called == named("Shelf.find")
    # By cumulative time whoever calls it stands above.
    order = [one.name for one in blamed(before, after, "cumulative").causes]
    assert {*order[:2]} == {"day", "Shelf.find"}
    with pytest.raises(PeerError, match="failed"):
        PEERS[peer](sides[0], "day.time_night", 0.1)
