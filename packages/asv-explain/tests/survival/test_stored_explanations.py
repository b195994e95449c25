"""Whatever stands in a store is refused by name in one line, and the rest is served."""

from __future__ import annotations

import ast
import dataclasses
import json
import marshal
import os
import pickle
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec
import pytest
from explanations import CAUSE, SAMPLED, explanation
from profile_pairs import PLAIN, pair_of, side_of
from published import Published
from world import World, exported, made, run

import asv_explain
from asv_explain.api import LARGEST_EXPORT, ExplainError, load, stored
from asv_explain.explanation import SCHEMA, Explanation, Interval, Sampling, encode
from asv_explain.pages.site import site
from asv_explain.profiles.pair import ProfilePair
from asv_explain.store import LARGEST, LARGEST_PROFILES, Kept, Refused, Store

# Seconds after which a reader that waits for a pipe counts as hung.
PATIENCE = 120

# Bytes of a file that is far too large.
HUGE = 100 * 1000 * 1000

# Bytes that refusing may take, whatever is refused.
LITTLE = 2_000_000


@pytest.fixture(autouse=True)
def hurried() -> Iterator[None]:
    """A test that waits for a pipe fails instead of standing still."""

    def late(number: int, frame: FrameType | None) -> None:
        raise TimeoutError("it hangs")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(PATIENCE)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with one good explanation."""
    found = Store(tmp_path / ".asv" / "explanations")
    found.put(explanation())
    return found


def cause(**changes: Any) -> dict[str, Any]:
    """A cause as it stands in JSON, with some values changed."""
    told: dict[str, Any] = json.loads(encode(explanation()))["causes"][0]
    return {**told, **changes}


def costs(**changes: Any) -> dict[str, Any]:
    """The cost of a line as it stands in JSON."""
    told = {"text": "x", "before": 1, "after": 1, "seconds_before": 0.0, "seconds_after": 1.0}
    return {**told, **changes}


def detail(**changes: Any) -> dict[str, Any]:
    """A detail of a cause as it stands in JSON."""
    told = {"name": "f", "path": "a.py", "kind": "new", "amount": 0.1, "share": 0.1}
    return {**told, "calls_before": 0.0, "calls_after": 1.0, **changes}


def place(file: str, line: int = 1) -> dict[str, Any]:
    return {"file": file, "line": line}


def altered(**changes: Any) -> bytes:
    """The JSON of an explanation, with values changed by another hand."""
    return json.dumps({**json.loads(encode(explanation())), **changes}).encode()


WHOLE = encode(explanation())
CONTENTS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "truncated"),
    "truncated": (WHOLE[: len(WHOLE) // 2], "truncated"),
    "half-a-character": ("ü".encode()[:1], "JSON|decode"),
    "another-file": (b"%PDF-1.7 \x00\xff", "JSON|decode"),
    "text": (b"root:x:0:0:root:/root:/bin/sh\n", "JSON"),
    "utf-16": (WHOLE.decode().encode("utf-16"), "JSON|decode"),
    "a-list": (b"[1, 2]", "Expected `object`"),
    "a-byte-flipped": (WHOLE.replace(b'"amount"', b'"amotnt"', 1), "missing required field"),
    "a-sign-flipped": (altered(residual=-0.5), "add up to 0.0 seconds"),
    "a-cause-left-out": (altered(causes=[]), "add up"),
    "a-verdict-made-up": (altered(verdict="splendid"), "Invalid enum value"),
    "same-without-measurement": (
        altered(verdict="same", difference=None, residual=None, causes=[]),
        "only 'unknown'",
    ),
    "newer": (altered(schema=SCHEMA + 1), f"schema {SCHEMA + 1} where {SCHEMA} is read"),
    "far-newer": (altered(schema=10**18), "schema 1000000000000000000 where"),
    "no-schema": (b"{}", "schema"),
    "deep": (b'{"schema": 3, "benchmark": ' + b"[" * 200_000, "recursion|Expected `str`"),
    "deep-and-unknown": (
        WHOLE[:-3] + b', "more": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
        "recursion",
    ),
    "not-a-number": (WHOLE.replace(b'"ratio": 2.0', b'"ratio": NaN'), "JSON"),
    "infinite": (WHOLE.replace(b'"ratio": 2.0', b'"ratio": Infinity'), "JSON"),
    "too-large": (WHOLE.replace(b'"ratio": 2.0', b'"ratio": 1e999'), "out of range"),
    "sums-overflow": (altered(causes=[cause(amount=1e308)] * 2), "no finite numbers"),
    "beyond-measure": (altered(ratio=1e200), "ratio is no figure"),
    "a-huge-integer": (
        altered(causes=[cause(before=place("a.py", 10**200))]),
        r"causes\[0\]\.before\.line|out of range",
    ),
    "twice": (WHOLE[:-3] + b', "residual": 0.5}', "'residual' stands there twice"),
    "half-a-surrogate": (WHOLE.replace(b'"box"', b'"\\ud800"'), "JSON|surrogate|truncated"),
    "a-negative-ratio": (altered(ratio=-2.0), "ratio is below 0"),
    "a-negative-count": (altered(causes=[cause(count_after=-1)]), "count_after is below 0"),
    "a-negative-price": (altered(causes=[cause(price_before=-1.0)]), "price_before is below 0"),
    "a-negative-time": (
        altered(rounds_after={"values": [-1.0], "cpu": [], "instructions": []}),
        r"rounds_after\.values\[0\] is below 0",
    ),
    "a-negative-line": (
        altered(causes=[cause(line_costs=[costs(before=-3)])]),
        r"line_costs\[0\]\.before is below 0",
    ),
    "a-line-that-took-less-than-nothing": (
        altered(causes=[cause(line_costs=[costs(seconds_after=-1.0)])]),
        "seconds_after is below 0",
    ),
    "a-detail-that-climbs": (
        altered(causes=[cause(details=[detail(path="../../x.py")])]),
        r"details\[0\]\.path leads out",
    ),
    "a-detail-called-less-than-never": (
        altered(causes=[cause(details=[detail(calls_after=-1.0)])]),
        "calls_after is below 0",
    ),
    "a-thread-that-climbs": (
        altered(threads=[{"name": "f", "path": "/x", "seconds_before": 0, "seconds_after": 1}]),
        r"threads\[0\]\.path leads out",
    ),
    "samples-below-nothing": (
        altered(sampling_after={**msgspec.to_builtins(SAMPLED), "samples": -1}),
        r"sampling_after\.samples is below 0",
    ),
    "more-than-sure": (altered(confidence=1.5), "confidence is no probability"),
    "a-negative-ratio-of-turns": (
        altered(rounds_after={"values": [], "cpu": [], "instructions": [], "ratios": [None, -1.0]}),
        r"rounds_after\.ratios\[1\] is below 0",
    ),
    "a-confidence-of-all": (altered(confidence=1.0), "confidence is no probability"),
    "an-interval-reversed": (altered(interval={"low": 2.1, "high": 1.9}), "ends before it begins"),
    "a-path-that-climbs": (altered(causes=[cause(path="../../etc/passwd")]), "leads out"),
    "a-path-that-climbs-later": (altered(causes=[cause(path="a/../../b")]), "leads out"),
    "an-absolute-path": (altered(causes=[cause(path="/etc/passwd")]), "leads out"),
    "a-path-with-nul": (altered(causes=[cause(path="a\0.py")]), "leads out"),
    "a-source-that-climbs": (
        altered(causes=[cause(after=place("../../../etc/passwd"))]),
        r"causes\[0\]\.after\.file leads out",
    ),
    "a-call-that-climbs": (
        altered(
            calls=[{"name": "f", "path": "../x.py", "calls_before": 1, "calls_after": 2}],
        ),
        r"calls\[0\]\.path leads out",
    ),
}


def a_link(path: Path, outside: Path) -> None:
    path.symlink_to(outside)


def a_folder(path: Path, outside: Path) -> None:
    path.mkdir()


def a_pipe(path: Path, outside: Path) -> None:
    os.mkfifo(path)


def a_link_to_a_device(path: Path, outside: Path) -> None:
    path.symlink_to("/dev/zero")


def a_link_to_nothing(path: Path, outside: Path) -> None:
    path.symlink_to("nothing.json")


def a_link_to_itself(path: Path, outside: Path) -> None:
    path.symlink_to(path.name)


def a_socket(path: Path, outside: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as listening:
            # Its name may have a hundred characters, of which a folder's alone may have more.
            listening.bind(path.name)
    finally:
        os.chdir(here)


def too_large(path: Path, outside: Path) -> None:
    with path.open("wb") as file:
        file.truncate(HUGE)


THINGS: dict[Callable[[Path, Path], None], str] = {
    a_link: "it is a link",
    a_link_to_a_device: "it is a link",
    a_link_to_nothing: "it is a link",
    a_link_to_itself: "it is a link",
    a_folder: "it is a folder",
    a_pipe: "it is a pipe",
    a_socket: "it is a pipe, socket or device",
    too_large: f"{HUGE} bytes, more than the {LARGEST} that are read",
}


def refused(store: Store) -> dict[str, str]:
    """What a store refuses, by name; the one good explanation has to be served."""
    found = list(store)
    served = [one.explanation for one in found if isinstance(one, Kept)]
    assert served == [explanation()]
    return {one.path.name: one.reason for one in found if isinstance(one, Refused)}


@pytest.mark.parametrize("name", CONTENTS)
def test_content_is_refused_by_name(store: Store, name: str) -> None:
    """By the store and by whoever reads a single file: one line that says what is wrong."""
    content, reason = CONTENTS[name]
    bad = store.folder / f"{name}.json"
    bad.write_bytes(content)
    why = refused(store)
    assert list(why) == [bad.name]
    with pytest.raises(ExplainError, match=f"(?s){name}.json holds no explanations.*({reason})"):
        load(bad)
    with pytest.raises(ExplainError, match=reason) as told:
        load(bad)
    assert "\n" not in str(told.value)
    assert len(why[bad.name]) < 200


@pytest.mark.parametrize("make", THINGS, ids=lambda make: make.__name__)
def test_what_is_no_file_is_refused_by_name(
    store: Store, tmp_path: Path, make: Callable[[Path, Path], None]
) -> None:
    """Neither waited for nor followed nor read into memory, as explanation or as profiles."""
    outside = tmp_path / "outside.json"
    outside.write_bytes(WHOLE)
    (good,) = store
    assert isinstance(good, Kept)
    beside = store.folder / "profiles" / good.path.name
    beside.parent.mkdir()
    make(store.folder / "bad.json", outside)
    make(beside, outside)
    tracemalloc.start()
    try:
        why = refused(store)
        profiles = store.profiles(good)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert list(why) == ["bad.json"]
    assert why["bad.json"].startswith(THINGS[make])
    if make is too_large:
        # It is within what profiles may have; only what it holds is wrong.
        assert HUGE < LARGEST_PROFILES
        assert isinstance(profiles, Refused)
    else:
        assert isinstance(profiles, Refused)
        assert profiles.reason.startswith(THINGS[make])
        assert peak < LITTLE
    assert outside.read_bytes() == WHOLE


def test_refusing_100_megabytes_takes_no_memory(store: Store, tmp_path: Path) -> None:
    """A file of explanations and one of profiles, each with its size in the line."""
    (good,) = store
    assert isinstance(good, Kept)
    with (store.folder / "large.json").open("wb") as file:
        file.truncate(HUGE)
    beside = store.folder / "profiles" / good.path.name
    beside.parent.mkdir()
    with beside.open("wb") as file:
        file.truncate(LARGEST_PROFILES + 1)
    tracemalloc.start()
    try:
        assert str(HUGE) in refused(store)["large.json"]
        found = store.profiles(good)
        with pytest.raises(ExplainError, match=f"has {HUGE} bytes, more than the {LARGEST_EXPORT}"):
            load(store.folder / "large.json")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(found, Refused)
    assert str(LARGEST_PROFILES + 1) in found.reason
    assert peak < LITTLE


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path: Path) -> None:
    """What has no size beforehand, such as a pipe that the user names, is read no further."""
    read, write = os.pipe()
    writer = os.fork()
    if writer == 0:
        os.close(read)
        try:
            for _ in range(LARGEST_EXPORT // 2**20 + 64):
                os.write(write, b" " * 2**20)
        finally:
            os._exit(0)
    os.close(write)
    try:
        with pytest.raises(ExplainError, match="more than the"):
            load(f"/dev/fd/{read}")
    finally:
        os.close(read)
        os.waitpid(writer, 0)


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000, "\udcff\n\x1b[31m"])
def test_no_name_of_a_file_is_more_than_a_mistake(name: str) -> None:
    """Told in one line without control characters."""
    with pytest.raises(ExplainError, match=r"can't read .*; name another file") as told:
        load(name)
    assert str(told.value).isprintable()


def test_names_of_files_are_told_in_one_line(tmp_path: Path) -> None:
    """Line breaks, terminal sequences and bytes that are no text don't reach who reads the line."""
    project = Published.make(tmp_path)
    project.store.put(explanation())
    names = [b"a\nb.json", b"\x1b[31mred.json", b"\xff\xfe.json", b"..json", b"-rf.json"]
    for name in names:
        (project.store.folder / os.fsdecode(name)).write_bytes(b"{")
    said: list[str] = []
    assert stored(tmp_path / "asv.conf.json", say=said.append) == [explanation()]
    assert len(said) == len(names)
    assert all(line.isprintable() and line.startswith("left out: ") for line in said)
    files = dict(site(project.store))
    assert all(name.isascii() and ".." not in name for name in files)
    assert files["index.html"].count(b"truncated") == len(names)


def test_a_folder_that_cannot_be_read_is_named() -> None:
    """It is not taken for an empty one."""
    folder = Path(tempfile.mkdtemp())
    try:
        folder.chmod(0o755)
        store = Store(folder / "explanations")
        store.put(explanation())
        closed = folder / "explanations" / "closed.json"
        closed.write_bytes(WHOLE)
        closed.chmod(0)
        assert as_nobody(store) == "['closed.json: Permission denied']"
        store.folder.chmod(0)
        assert as_nobody(store) == "['explanations: Permission denied']"
    finally:
        shutil.rmtree(folder)


def as_nobody(store: Store) -> str:
    """What a store refuses to whom files' modes bind; root is bound by none."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        if os.geteuid() == 0:
            os.setuid(65534)
        told = [f"{one.path.name}: {one.reason}" for one in store if isinstance(one, Refused)]
        os.write(write, repr(told).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as said:
        text = said.read()
    os.waitpid(child, 0)
    return text


def test_a_file_in_place_of_the_folder_is_named(tmp_path: Path) -> None:
    """It is not taken for an empty store."""
    store = Store(tmp_path / "file")
    store.folder.touch()
    assert [one.reason for one in store if isinstance(one, Refused)] == ["Not a directory"]


def test_swapped_names_are_refused(tmp_path: Path) -> None:
    """An answer is never given to another question."""
    store = Store(tmp_path)
    first, second = store.put(explanation()), store.put(explanation(params=("20",)))
    aside = tmp_path / "aside"
    first.rename(aside)
    second.rename(first)
    aside.rename(second)
    reason = "it answers another question than its name says"
    assert list(store) == [Refused(path, reason) for path in sorted([first, second])]
    assert store.get(explanation()) == Refused(first, reason)


def test_a_narrowed_answer_is_kept_under_the_question_about_its_range(tmp_path: Path) -> None:
    """The name that an answer has to have is that of what was asked, not of what was found."""
    project = Published.make(tmp_path)
    path = project.keep_narrowed(explanation(), 4, 6)
    (found,) = project.store
    assert isinstance(found, Kept)
    assert found.path == path


def profiled(**changes: Any) -> Explanation:
    """An explanation that was made of two sides like `PLAIN`."""
    taken = Sampling(
        method="samples",
        rounds=1,
        samples=int(PLAIN.stacks.samples.sum()),
        rate=1000.0,
        slowdown=1.04,
        waiting=0.0,
        counted=float(PLAIN.profile.calls.sum()),
    )
    return explanation(sampling_before=taken, sampling_after=taken, **changes)


# What has other samples, and what has other calls.
SAMPLES = side_of({"main": 1.0, "main;left": 6.0}, {"main": 1, "left": 11})
CALLS = side_of({"main": 1.0, "main;left": 7.0})


@pytest.mark.parametrize(
    "pair", [pair_of(SAMPLES, PLAIN), pair_of(PLAIN, SAMPLES), pair_of(CALLS, PLAIN)]
)
def test_swapped_profiles_are_refused(tmp_path: Path, pair: ProfilePair) -> None:
    """What has other samples or calls than the explanation was made of belongs to another."""
    store = Store(tmp_path)
    path = store.put(profiled(), pair_of(PLAIN, PLAIN))
    kept = Kept(path, profiled())
    assert isinstance(store.profiles(kept), ProfilePair)
    store.put(profiled(), pair)
    beside = tmp_path / "profiles" / path.name
    assert store.profiles(kept) == Refused(beside, "profiles that the explanation was not made of")


def test_profiles_outside_are_neither_read_nor_written(store: Store, tmp_path: Path) -> None:
    """A link in place of the folder of profiles leads nowhere."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (good,) = store
    assert isinstance(good, Kept)
    (outside / good.path.name).write_bytes(b"precious")
    (store.folder / "profiles").symlink_to(outside)
    found = store.profiles(good)
    assert isinstance(found, Refused)
    assert "profiles is a link" in found.reason
    with pytest.raises(Exception, match=r"can't write into .*profiles is a link.*; remove it"):
        store.put(explanation(), pair_of(PLAIN, PLAIN))
    assert (outside / good.path.name).read_bytes() == b"precious"


@pytest.mark.parametrize("make", [a_link, a_pipe, a_link_to_nothing])
def test_an_answer_replaces_what_is_no_file(
    store: Store, tmp_path: Path, make: Callable[[Path, Path], None]
) -> None:
    """It is written beside and put in place, so nothing outside is touched or waited for."""
    outside = tmp_path / "outside"
    outside.write_bytes(b"precious")
    path = store.path(explanation())
    path.unlink()
    make(path, outside)
    store.put(explanation())
    assert list(store) == [Kept(path, explanation())]
    assert outside.read_bytes() == b"precious"


def test_no_commit_of_an_answer_becomes_part_of_a_path(tmp_path: Path) -> None:
    """Whatever another hand wrote there, it is a file name in the store at most."""
    store = Store(tmp_path / "explanations")
    for after in ("../../../x", "/etc/passwd", "", "\0\n"):
        assert store.put(explanation(after=after)).resolve().parent == store.folder.resolve()
    assert [one for one in store if isinstance(one, Refused)] == []


def test_what_is_no_text_is_kept_with_question_marks(tmp_path: Path) -> None:
    """Names of files need not be text; an answer that holds one is kept and found again."""
    store = Store(tmp_path)
    odd = explanation(machine="b\udcffx", causes=(dataclasses.replace(CAUSE, path="a\udcff.py"),))
    store.put(odd)
    kept = store.get(odd)
    assert isinstance(kept, Kept)
    assert (kept.explanation.machine, kept.explanation.causes[0].path) == ("b?x", "a?.py")


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A repository in which two benchmarks were explained between two commits."""
    found = made(tmp_path, monkeypatch)
    found.benchmarks = ["suite.time_day", "suite.time_night"]
    found.commit("after", 0.020)
    run(found, "base", "after")
    return found


def test_explain_serves_the_rest_and_measures_what_is_refused(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """One stored answer of two is damaged: one line says so, and it alone is measured again."""
    folder = world.root / ".asv" / "explanations"
    bad, good = sorted(folder.glob("*.json"))
    content = good.read_bytes()
    each = len(world.measured) // 2
    for name in ("truncated", "newer", "a-sign-flipped", "deep", "a-path-that-climbs"):
        count = len(world.measured)
        bad.write_bytes(CONTENTS[name][0])
        capsys.readouterr()
        found = exported(world, "base", "after")
        assert len(found) == 2
        assert len(world.measured) == count + each
        said = capsys.readouterr().err.splitlines()
        (line,) = (one for one in said if "left out" in one)
        assert line.startswith(f"left out: {bad}: ")
        assert line.endswith("; it is measured anew")
        assert good.read_bytes() == content
    assert exported(world, "base", "after") == found
    assert len(world.measured) == count + each
    assert "left out" not in capsys.readouterr().err


def test_explain_replaces_a_pipe_and_says_what_a_folder_is(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pipe in an answer's place is no reason to wait; a folder is told before measuring."""
    folder = world.root / ".asv" / "explanations"
    bad, _ = sorted(folder.glob("*.json"))
    bad.unlink()
    os.mkfifo(bad)
    assert run(world, "base", "after") == 0
    assert bad.is_file()
    assert "it is a pipe" in capsys.readouterr().err
    bad.unlink()
    bad.mkdir()
    count = len(world.measured)
    assert run(world, "base", "after") == 1
    assert len(world.measured) == count
    assert capsys.readouterr().err.endswith("is a folder where an answer goes; move it away\n")


def test_publish_serves_the_rest(tmp_path: Path) -> None:
    """All that is hostile at once: one line of asv's log for each, and a page for what is good."""
    project = Published.make(tmp_path)
    good = project.keep(explanation(), 4, 5, pair_of(PLAIN, PLAIN))
    folder = project.store.folder
    for name, (content, _) in CONTENTS.items():
        (folder / f"{name}.json").write_bytes(content)
    for make in THINGS:
        make(folder / f"{make.__name__}.json", good)
    output = project.publish()
    assert "Traceback" not in output
    (row,) = project.read("explanations/index.json")
    assert (project.html / "explanations" / row["page"]).is_file()
    listed = (project.html / "explanations" / "index.html").read_text(encoding="utf-8")
    for name in (*CONTENTS, *(make.__name__ for make in THINGS)):
        assert output.count(f"explanations/{name}.json: ") == 1
        assert f"{name}.json: " in listed
    said: list[str] = []
    (kept,) = stored(tmp_path / "asv.conf.json", say=said.append)
    assert kept.benchmark == row["benchmark"]
    assert len(said) == len(CONTENTS) + len(THINGS)


WATCHER = """
import importlib, marshal, pickle, pkgutil, sys
from pathlib import Path

import asv_explain

for module in pkgutil.walk_packages(asv_explain.__path__, "asv_explain."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
from asv_explain.api import ExplainError, load
from asv_explain.pages.site import site
from asv_explain.store import Kept, Store

seen, opened, armed = [], [], False

def importing():
    frame = sys._getframe(2)
    while frame is not None:
        if "importlib" in frame.f_code.co_filename:
            return True
        frame = frame.f_back
    return False

def watch(event, arguments):
    # Python unmarshals the modules that it imports from its own cache.
    if armed and event.startswith(("pickle.", "marshal.", "shelve.")) and not importing():
        seen.append(event)
    if armed and event == "open" and not isinstance(arguments[0], int) and not importing():
        opened.append(str(arguments[0]))

sys.addaudithook(watch)
folder = Path(sys.argv[1])
list(site(Store(folder)))
armed = True
served = [one for one in Store(folder) if isinstance(one, Kept)]
files = dict(site(Store(folder)))
for path in sorted(folder.iterdir()):
    try:
        load(path)
    except ExplainError:
        pass
armed = False
read = sorted(set(seen) - {"marshal.dumps"})
home = Path(asv_explain.__file__).parent
foreign = [one for one in opened if not Path(one).is_relative_to(folder)
           and not Path(one).is_relative_to(home)
           and "plotly" not in one]
armed = True
try:
    pickle.loads(pickle.dumps(Path))
    marshal.loads(marshal.dumps({}))
finally:
    armed = False
print(len(served), len(files) > 1, read, foreign)
print("pickle.find_class" in seen, "marshal.loads" in seen)
"""


def test_nothing_is_unpickled_or_unmarshalled(tmp_path: Path) -> None:
    """While hostile stores are read, Python reports no such event, and no file outside opened."""
    folder = tmp_path.resolve() / "explanations"
    store = Store(folder)
    store.put(profiled(), pair_of(PLAIN, PLAIN))
    payload = pickle.dumps(os.path.join)
    for number, content in enumerate(
        [payload, marshal.dumps({"a": 1}), b"\x80\x04.", *(one for one, _ in CONTENTS.values())]
    ):
        (folder / f"hostile-{number}.json").write_bytes(content)
        (folder / "profiles" / f"hostile-{number}.json").write_bytes(content)
    other = store.put(profiled(params=("x",)))
    (folder / "profiles" / other.name).write_bytes(payload)
    done = subprocess.run(
        [sys.executable, "-c", WATCHER, str(folder)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == ""
    assert done.stdout.strip() == "2 True [] []\nTrue True"


def test_no_module_reads_what_runs_code_when_read() -> None:
    """Two modules import such a library: one to write, one to read what its own run has written."""
    home = Path(asv_explain.__file__).parent
    dangerous = {"pickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "yaml"}
    imports, used, run_code = set(), set(), set()
    for path in home.rglob("*.py"):
        name = path.relative_to(home).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imports |= {(name, one.name) for one in node.names if one.name in dangerous}
            elif isinstance(node, ast.ImportFrom) and node.module in dangerous:
                imports.add((name, node.module))
            elif isinstance(node, ast.Attribute):
                owner = node.value.id if isinstance(node.value, ast.Name) else ""
                used |= {(name, f"{owner}.{node.attr}")} if owner in dangerous else set()
            elif isinstance(node, ast.Name) and node.id in ("eval", "exec", "__import__"):
                run_code.add((name, node.id))
    assert imports == {("measuring/harness.py", "pickle"), ("reports/exports.py", "marshal")}
    assert used == {
        # What setup_cache returned, written by the same benchmark for its own later processes.
        # Whether a result is the same is asked of what pickle writes of it; nothing reads that.
        ("measuring/harness.py", "pickle.dumps"),
        ("measuring/harness.py", "pickle.load"),
        ("measuring/harness.py", "pickle.dump"),
        ("reports/exports.py", "marshal.dumps"),
    }
    assert run_code == {
        # Sources of the two commits, which the hook writes into a folder of its own.
        ("measuring/harness.py", "exec"),
    }


@pytest.mark.parametrize("ratio", [1e-9, 2.0, 1e9])
def test_what_is_plausible_is_served(tmp_path: Path, ratio: float) -> None:
    """The checks refuse no explanation that is as it should be."""
    store = Store(tmp_path)
    told = profiled(ratio=ratio, interval=Interval(ratio, ratio))
    store.put(told)
    assert store.get(told) == Kept(store.path(told), told)
