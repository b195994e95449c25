"""A workbench holds real commits, and puts them into two environments that are asked about."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from asv_explain.explanation import Verdict
from observatory.injections import truth
from observatory.injections.injection import Edit, Injection, Name
from observatory.injections.placing import MANIFEST, PlacingError, place
from observatory.injections.subjects import Subject
from observatory.injections.truth import TruthError, compare, counts, interval
from observatory.injections.workbench import Workbench, WorkbenchError

ADDING = """\
def one(number: int) -> int:
    return number + 1


def every(numbers):
    return sum(one(number) for number in numbers)
"""

FILES = {"tiny/__init__.py": "", "tiny/adding.py": ADDING, "tiny/words.py": "WORD = 'tea'\n"}

SUITE = """\
from tiny.adding import every


class Sums:
    # Short, as what counts here is not how sure an answer is.
    number = 1
    repeat = 3
    warmup_time = 0.0

    def setup(self):
        self.numbers = list(range(500))

    def time_every(self):
        every(self.numbers)
"""

BENCHMARK = "bench_tiny.Sums.time_every"

SLOW = {
    "tiny/adding.py": ADDING.replace(
        "    return number + 1\n", "    for _ in range(400):\n        pass\n    return number + 1\n"
    )
}

SLOWED = Edit((Name("tiny/adding.py", "one"),), SLOW)


def injection(**sides: dict[str, str]) -> Injection:
    """A change of the tiny package."""
    return Injection(
        key="one",
        subject="tiny",
        kind="own work",
        benchmark=BENCHMARK,
        size=1.0,
        amount=20,
        before=sides.get("before", {}),
        after=sides["after"],
        slower=(SLOWED,),
    )


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    """A package of two functions."""
    suite = tmp_path_factory.mktemp("suite") / "bench_tiny.py"
    suite.write_text(SUITE, encoding="utf-8")
    return Subject("tiny", "1", "library", ("tiny",), (), suite)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the workbench that tests share."""
    return tmp_path_factory.mktemp("with space")


@pytest.fixture
def bench(tiny: Subject, kept: Path) -> Iterator[Workbench]:
    """The tiny package's workbench."""
    with Workbench(tiny, kept, FILES) as made:
        yield made


def git(bench: Workbench, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=bench.repository.root, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


# --- commits ---


def test_a_commit_is_the_package_with_some_files_in_place(bench: Workbench) -> None:
    """Whatever its parent holds, and on no branch."""
    word = bench.commit({"tiny/words.py": "WORD = 'cup'\n"}, "another word")
    slow = bench.commit(SLOW, "slow", word)
    assert bench.tree(bench.base) == FILES == bench.files
    assert bench.tree(word) == {**FILES, "tiny/words.py": "WORD = 'cup'\n"}
    assert bench.tree(slow) == {**FILES, **SLOW}
    assert git(bench, "rev-parse", f"{slow}^", f"{word}^").split() == [word, bench.base]
    assert git(bench, "status", "--porcelain") == ""
    assert git(bench, "for-each-ref", "--format=%(refname) %(objectname)").split() == [
        "refs/heads/main",
        bench.base,
    ]


def test_the_same_commit_has_the_same_hash(bench: Workbench) -> None:
    """So records of one machine can be compared with another's; an empty commit is one as well."""
    assert bench.commit(SLOW, "slow") == bench.commit(SLOW, "slow")
    again = bench.commit({}, "the same again")
    assert again != bench.base
    assert bench.tree(again) == bench.tree(bench.base)


def test_an_injection_is_two_commits_on_one_line(bench: Workbench) -> None:
    """What changes between them is what the injection changes; a side as released is the base."""
    before, after = bench.pair(injection(after=SLOW))
    assert before == bench.base
    assert git(bench, "diff", "--name-only", before, after) == "tiny/adding.py"
    older = {"tiny/words.py": "WORD = 'pot'\n"}
    before, after = bench.pair(injection(before=older, after={**older, **SLOW}))
    assert git(bench, "diff", "--name-only", bench.base, before) == "tiny/words.py"
    assert git(bench, "diff", "--name-only", before, after) == "tiny/adding.py"
    assert git(bench, "merge-base", before, after) == before


# --- kept, and by one process at a time ---


def test_a_whole_workbench_is_used_again(tiny: Subject, tmp_path: Path) -> None:
    """Commits of an earlier process are there; what was made of other files is made anew."""
    with Workbench(tiny, tmp_path, FILES) as first:
        slow = first.commit(SLOW, "slow")
    with Workbench(tiny, tmp_path, FILES) as again:
        assert again.base == first.base
        assert again.tree(slow) == {**FILES, **SLOW}
    with Workbench(tiny, tmp_path, {**FILES, **SLOW}) as other:
        assert other.base != first.base
        assert other.tree(other.base) == {**FILES, **SLOW}


@pytest.mark.parametrize("damage", ["HEAD", "whole", "objects"])
def test_a_damaged_repository_is_made_anew(tiny: Subject, tmp_path: Path, damage: str) -> None:
    """As a stop in the middle of making it leaves one."""
    with Workbench(tiny, tmp_path, FILES) as first:
        root = first.repository.root
    (root / ".git" / damage).rename(root / ".git" / "elsewhere")
    with Workbench(tiny, tmp_path, FILES) as again:
        assert again.tree(again.base) == FILES


def test_benchmarks_that_were_edited_are_put_back(tiny: Subject, tmp_path: Path) -> None:
    """They are read from the working tree, so that has to be the commit's."""
    with Workbench(tiny, tmp_path, FILES) as first:
        suite = first.project.benchmark_dir / tiny.suite.name
    suite.write_text("nonsense", encoding="utf-8")
    with Workbench(tiny, tmp_path, FILES):
        assert suite.read_text(encoding="utf-8") == SUITE


def test_a_second_process_is_told_so(tiny: Subject, tmp_path: Path) -> None:
    """Two studies that write into one environment would measure each other's commits."""
    with (
        Workbench(tiny, tmp_path, FILES) as first,
        pytest.raises(WorkbenchError, match=r"tiny-1 is in use by another process; wait") as caught,
    ):
        Workbench(tiny, tmp_path, FILES)
    assert "\n" not in str(caught.value)
    with Workbench(tiny, tmp_path, FILES) as again:
        assert again.base == first.base


def test_a_folder_that_cant_be_written_is_told(tiny: Subject, tmp_path: Path) -> None:
    """One line with what to do, and the lock is let go."""
    (tmp_path / "tiny-1").write_text("a file", encoding="utf-8")
    with pytest.raises(WorkbenchError, match=r"can't be made .*; make room"):
        Workbench(tiny, tmp_path, FILES)
    (tmp_path / "tiny-1").unlink()
    with Workbench(tiny, tmp_path, FILES) as made:
        assert made.tree(made.base) == FILES


# --- files in place ---


def runs(folder: Path, code: str) -> str:
    """What code prints that imports from a folder."""
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path.insert(0, {str(folder)!r}); {code}"],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ["PATH"]},
    )
    return done.stdout.strip()


def put(folder: Path, files: dict[str, str]) -> None:
    place(folder, files, Path(sys.executable), [{"PATH": os.environ["PATH"]}])


WORD = "import tiny.words; print(tiny.words.WORD)"


def test_only_what_differs_is_written(tmp_path: Path) -> None:
    """The rest keeps its times, files that went are gone with their bytecode."""
    put(tmp_path, FILES)
    before = {path: (tmp_path / path).stat().st_mtime_ns for path in FILES}
    put(tmp_path, {**FILES, "tiny/more.py": "MORE = 1\n", **SLOW})
    assert (tmp_path / "tiny/adding.py").read_text(encoding="utf-8") == SLOW["tiny/adding.py"]
    put(tmp_path, FILES)
    after = {path: (tmp_path / path).stat().st_mtime_ns for path in FILES}
    assert {path for path in FILES if before[path] != after[path]} == {"tiny/adding.py"}
    names = {path.name for path in (tmp_path / "tiny").rglob("*") if path.is_file()}
    stems = {name.partition(".")[0] for name in names}
    assert stems == {"__init__", "adding", "words"}


def test_bytecode_of_another_text_is_never_run(tmp_path: Path) -> None:
    """Not even where size and time say that the text is the same."""
    put(tmp_path, FILES)
    assert runs(tmp_path, WORD) == "tea"
    stamp = (tmp_path / "tiny/words.py").stat()
    put(tmp_path, {**FILES, "tiny/words.py": "WORD = 'cup'\n"})
    os.utime(tmp_path / "tiny/words.py", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert runs(tmp_path, WORD) == "cup"


def test_what_a_stop_left_half_done_is_done_anew(tmp_path: Path) -> None:
    """Without its manifest a folder holds nothing that counts."""
    put(tmp_path, FILES)
    (tmp_path / MANIFEST).unlink()
    (tmp_path / "tiny/words.py").write_text("WORD =", encoding="utf-8")
    (tmp_path / "tiny/stray.py").write_text("", encoding="utf-8")
    put(tmp_path, FILES)
    assert runs(tmp_path, WORD) == "tea"
    assert not (tmp_path / "tiny/stray.py").exists()


def test_a_file_that_does_not_compile_is_told(tmp_path: Path) -> None:
    """In one line that names it; the folder isn't taken for whole afterwards."""
    put(tmp_path, FILES)
    with pytest.raises(PlacingError, match=r"does not compile.*words\.py") as caught:
        put(tmp_path, {**FILES, "tiny/words.py": "WORD =\n"})
    assert "\n" not in str(caught.value)
    assert not (tmp_path / MANIFEST).exists()
    put(tmp_path, FILES)
    assert runs(tmp_path, WORD) == "tea"


# --- what is true ---


def test_calls_are_counted_exactly(bench: Workbench) -> None:
    """By path, qualified name and first line, those of one call of the benchmark."""
    found = counts(bench, {}, BENCHMARK)
    assert found == {
        ("tiny/adding.py", "one", 1): 500,
        ("tiny/adding.py", "every", 5): 1,
        # It goes on once for each number, and once to end.
        ("tiny/adding.py", "every.<locals>.<genexpr>", 6): 501,
    }
    shifted = counts(bench, {"tiny/adding.py": f"# A line.\n{ADDING}"}, BENCHMARK)
    assert shifted == {(path, name, line + 1): n for (path, name, line), n in found.items()}


def test_variants_are_measured_against_the_first(bench: Workbench) -> None:
    """Dozens of times the work takes several times as long; the first is itself."""
    found = compare(bench, {"as it was": {}, "much": SLOW}, BENCHMARK, 1, samples=3)
    assert [*found] == ["as it was", "much"]
    first, second = found["as it was"], found["much"]
    assert (first.median, first.low, first.high) == (1, 1, 1)
    assert second.median > 3
    assert second.low == second.median == second.high
    assert second.seconds > first.seconds > 0


def test_all_variants_of_a_round_share_a_seed(bench: Workbench, tmp_path: Path) -> None:
    """Each runs its own files, rounds have seeds of their own."""
    log = tmp_path / "log"
    variants = {}
    for name in ("x", "y", "z"):
        note = (
            f"with open({str(log)!r}, 'a') as file:\n"
            f"    file.write('{name} ' + __import__('os').environ['PYTHONHASHSEED'] + '\\n')\n"
        )
        variants[name] = {"tiny/words.py": note, "tiny/adding.py": f"import tiny.words\n{ADDING}"}
    compare(bench, variants, BENCHMARK, 2, samples=1)
    seen = [line.split() for line in log.read_text(encoding="utf-8").splitlines()]
    # The first process chooses the number of calls.
    assert seen[0] == ["x", "0"]
    assert sorted(map(tuple, seen[1:4])) == [("x", "0"), ("y", "0"), ("z", "0")]
    assert sorted(map(tuple, seen[4:])) == [("x", "1"), ("y", "1"), ("z", "1")]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (f"{ADDING}\nraise ValueError('no tea')\n", r"does not run \(ValueError: no tea\)"),
        ("import os\nos._exit(0)\n", r"does not run \(it said nothing\)"),
        ("import time\ntime.sleep(60)\n", r"gave no answer within 0\.5 s"),
        ("import msgspec\n", r"No module named 'msgspec'"),
    ],
)
def test_a_variant_that_does_not_run_is_told(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, text: str, complaint: str
) -> None:
    """In one line; it sees nothing of what is installed here, and its process ends."""
    if "sleep" in text:
        monkeypatch.setattr(truth, "TIMEOUT", 0.5)
    with pytest.raises(TruthError, match=complaint) as caught:
        counts(bench, {"tiny/adding.py": text}, BENCHMARK)
    assert "\n" not in str(caught.value)
    assert threading.active_count() == 1


@pytest.mark.parametrize(
    ("count", "ends"),
    [(1, (0, 0)), (5, (0, 4)), (6, (0, 5)), (8, (0, 7)), (9, (1, 7)), (20, (5, 14))],
)
def test_the_interval_of_a_median_is_that_of_the_sign_test(
    count: int, ends: tuple[float, float]
) -> None:
    """The values that tables of the binomial distribution name."""
    assert interval([float(one) for one in reversed(range(count))]) == ends


# --- asked ---


def bytecode(folder: Path) -> dict[str, int]:
    """The tiny package's compiled files in an environment, and when each was written."""
    return {
        "/".join(path.parts[path.parts.index("tiny") :] + path.parent.parts[-2:-1]): (
            path.stat().st_mtime_ns
        )
        for path in folder.rglob("*.pyc")
        if "tiny" in path.parts
    }


@pytest.mark.measures
def test_a_slowdown_is_explained_from_two_environments(bench: Workbench) -> None:
    """The whole product names the function, runs compiled files, and is asked anew each time."""
    before, after = bench.pair(injection(after=SLOW))
    with bench.install(bench.environment, (before, after)) as sides:
        assert [one.commit for one in sides] == [before, after]
        folders = [one.env_dir for one in sides]
        assert len({*folders}) == 2
        assert len({len(str(one)) for one in folders}) == 1
        # A third commit would take the place of one that is in use.
        with (
            pytest.raises(WorkbenchError, match="end that with block first"),
            bench.install(bench.environment, (after,)),
        ):
            raise AssertionError("installed all the same")
    compiled = [bytecode(one) for one in folders]
    assert compiled[0].keys() == compiled[1].keys()
    # Asked by the hook's processes and by those that asv starts.
    assert sum("adding" in one for one in compiled[0]) == 2
    told = bench.ask(before, after, BENCHMARK, rounds=4, factor=1.02).explanation
    assert (told.benchmark, told.verdict) == (BENCHMARK, Verdict.SLOWER)
    assert (told.causes[0].name, told.causes[0].path) == ("one", "tiny/adding.py")
    # No process had to compile the package.
    assert [bytecode(one) for one in folders] == compiled
    # Whatever was in an environment before, what is asked about is measured.
    turned = bench.ask(after, before, BENCHMARK, rounds=1).explanation
    assert turned.rounds_before.cpu[0] > 3 * turned.rounds_after.cpu[0]
    same = bench.ask(before, before, BENCHMARK, rounds=1).explanation
    again = bench.ask(before, before, BENCHMARK, rounds=1).explanation
    assert (same.before, same.after, same.causes) == (before, before, ())
    assert same.rounds_before != again.rounds_before
    assert [*bench.project.explanations.iterdir()]
    bench.forget()
    assert not bench.project.explanations.exists()
