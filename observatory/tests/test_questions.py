"""The hook is asked about every loss and its end, and no answer is taken for a good one unread."""

import json
from pathlib import Path

import pytest

from observatory.explain.asv_results import Measurement, ResultFile, State
from observatory.explain.milestones import Milestone
from observatory.explain.questions import AnswersError, find_questions, read_unmeasured
from observatory.explain.timeline import Timeline, build_timelines


def timelines(**values: list[float | None]) -> tuple[Timeline, ...]:
    """Return a timeline for each benchmark, with its values at milestones m0, m1 and so on."""
    count = max(map(len, values.values()))
    milestones = [Milestone(f"m{index}", f"{index}" * 40, "") for index in range(count)]
    results = [
        ResultFile(
            Path(),
            milestone.commit,
            "env",
            {
                name: Measurement(State.MEASURED, value, value, value, 10, "v", True)
                for name, series in values.items()
                if (value := series[index]) is not None
            },
        )
        for index, milestone in enumerate(milestones)
    ]
    return build_timelines(milestones, results, ["."], {})


def asked(*headline: str, **values: list[float | None]) -> list[tuple[str, str, str, list[str]]]:
    """Return what the hook is asked, milestones by slug."""
    return [
        (one.before.slug, one.after.slug, one.benchmark, [*one.others])
        for one in find_questions(timelines(**values), headline)
    ]


@pytest.mark.parametrize(
    ("values", "steps"),
    [
        ([1.0, 1.0, 1.0], []),
        ([3.0, 2.0, 1.0], []),
        ([1.0, 2.0], [("m0", "m1")]),
        # A level that stays is asked about once.
        ([1.0, 2.0, 2.0, 2.0], [("m0", "m1")]),
        # A worse step between does not hide a loss from the best.
        ([1.0, 90.0, 1.2, 0.9], [("m0", "m1"), ("m0", "m2")]),
        # Something may be left of a loss that has ended, unless it is as fast as ever.
        ([1.0, 2.0, 1.01], [("m0", "m1"), ("m0", "m2")]),
        ([1.0, 2.0, 0.5], [("m0", "m1")]),
        # A milestone without a value stands between nothing.
        ([1.0, None, 2.0], [("m0", "m2")]),
        ([1.0, 2.0, None, 1.01], [("m0", "m1"), ("m0", "m3")]),
    ],
)
def test_losses_and_their_ends_are_asked_about(
    values: list[float | None], steps: list[tuple[str, str]]
) -> None:
    """Each loss is compared with the best before it, and so is its end if that is any slower."""
    assert asked(time_it=values) == [(*step, "time_it", []) for step in steps]


def test_a_step_is_explained_in_one_benchmark() -> None:
    """It is the one that the first pattern names, and the others are told."""
    values: dict[str, list[float | None]] = {"a": [1.0, 2.0, 3.0], "b": [1.0, 2.0, 2.0]}
    values["c"] = values["b"]
    found = asked("b", "c", ".", **values)
    assert found == [("m0", "m1", "b", ["c", "a"]), ("m0", "m2", "a", [])]
    assert asked(".", **values)[0] == ("m0", "m1", "a", ["b", "c"])


def test_names_reach_the_hook_literally() -> None:
    """Parameters and dots in a name are no regular expression."""
    values: list[float | None] = [1.0, 2.0]
    (question,) = find_questions(timelines(**{"tco.f(1)": values}), ["."])
    arguments = question.arguments(Path("out.json"), 60)
    assert arguments == [
        *("0" * 40, "1" * 40, r"--bench=^tco\.f\(1\)$"),
        *("--budget=60", "--json=out.json"),
    ]


def test_what_was_not_measured_is_named(tmp_path: Path) -> None:
    """What could not be measured is told from what was, if in doubt, with its parameters."""
    path = tmp_path / "answers.json"
    answers = [
        {"benchmark": "a", "params": [], "verdict": "slower", "ratio": 2.0},
        {"benchmark": "b", "params": ["1", "'x'"], "verdict": "unknown", "ratio": None},
        {"benchmark": "c", "params": [], "verdict": "unknown", "ratio": 1.05},
    ]
    path.write_text(json.dumps(answers), encoding="utf-8")
    assert read_unmeasured(path) == ("b(1, 'x')",)


@pytest.mark.parametrize("text", [None, "", "[", "3", "[3]", '[{"verdict": "same"}, {}]'])
def test_unreadable_answers_are_refused(tmp_path: Path, text: str | None) -> None:
    """A file that is missing or cut short never counts as an answer."""
    path = tmp_path / "answers.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(AnswersError, match="can't be read"):
        read_unmeasured(path)
