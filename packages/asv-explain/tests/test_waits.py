"""Samples that waited are told from those that ran by comparison, line by line."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from stack_texts import read_texts, text_of

from asv_explain.measuring.waits import parted
from asv_explain.profiles.stacks import SampledStacks

FRAMES = st.sampled_from(["f (a.py:1)", "f (a.py:2)", "g (b.py:1)", "h (c d.py:9)"])
PATHS = st.lists(FRAMES, min_size=1, max_size=4).map(";".join)
COUNTS = st.dictionaries(PATHS, st.integers(1, 1000), max_size=8)


def stacks(counts: dict[str, int]) -> SampledStacks:
    """Sampled so often each."""
    return read_texts("".join(f"{path} {count}\n" for path, count in counts.items()))


def read(stacks: SampledStacks) -> dict[str, int]:
    """The samples of each stack."""
    rows = (line.rpartition(" ") for line in text_of(stacks).splitlines())
    return {path: int(count) for path, _, count in rows}


@given(COUNTS, COUNTS, st.floats(0.1, 10))
def test_every_sample_either_waited_or_ran(
    every: dict[str, int], running: dict[str, int], scale: float
) -> None:
    """Both parts together are what was sampled, stack by stack."""
    waited, ran = map(read, parted(stacks(every), stacks(running), scale))
    assert {path: waited.get(path, 0) + ran.get(path, 0) for path in every} == every
    assert min([*waited.values(), *ran.values(), 1]) > 0


def test_a_line_that_is_never_seen_running_waits() -> None:
    """And one of which as many samples ran, as fits how many were taken, does not."""
    every = {"f (a.py:1);sleep (b.py:5)": 90, "f (a.py:2)": 10, "f (a.py:1)": 200}
    waited, ran = parted(stacks(every), stacks({"f (a.py:2)": 4, "f (a.py:1)": 40}), 2.0)
    assert read(waited) == {"f (a.py:1);sleep (b.py:5)": 90, "f (a.py:1)": 120}
    assert read(ran) == {"f (a.py:2)": 10, "f (a.py:1)": 80}
