"""What `asv publish` writes of the stored explanations, on a real project with made-up results."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from explanations import explanation
from published import BENCHMARK, Published

TAG = '<script src="explanations/why.js"></script>'


@pytest.fixture
def project(tmp_path: Path) -> Published:
    """A project without any explanation."""
    return Published.make(tmp_path, subjects={3: 'a "subject" <b>'})


def test_without_explanations_all_is_there_and_empty(project: Published) -> None:
    """Nobody has asked for an explanation yet, and asv publishes all the same."""
    project.publish()
    assert (project.html / "explanations" / "index.html").is_file()
    assert project.read("explanations/index.json") == []
    assert project.read("profiles.json") == {"paths": {}}
    assert ["explanations", "Explanations"] in [
        one[:2] for one in project.read("index.json")["pages"]
    ]


def test_every_explanation_has_a_page_that_asv_tachyon_finds(project: Published) -> None:
    """By asv's own number of the later commit, and by the benchmark alone."""
    project.keep(explanation(), 4, 5)
    project.publish()
    (row,) = project.read("explanations/index.json")
    page = f"explanations/{row['page']}"
    assert (project.html / page).is_file()
    hashes = project.read("index.json")["revision_to_hash"]
    (revision,) = (one for one, commit in hashes.items() if commit == project.commits[5])
    assert project.read("profiles.json")["paths"] == {
        f"{BENCHMARK}@{revision}": page,
        BENCHMARK: page,
    }


def test_of_several_explanations_at_a_revision_the_largest_rise_counts(project: Published) -> None:
    """asv-tachyon asks for a benchmark without parameters; the newest stands for it whole."""
    for benchmark, params, ratio, after in (
        (BENCHMARK, ("1",), 3.0, 5),
        (BENCHMARK, ("2",), 5.0, 5),
        (BENCHMARK, ("3",), 4.0, 5),
        (BENCHMARK, ("4",), 2.0, 7),
    ):
        project.keep(explanation(), 4, after, benchmark=benchmark, params=params, ratio=ratio)
    project.publish()
    pages = {row["params"][0]: row["page"] for row in project.read("explanations/index.json")}
    found = project.read("profiles.json")["paths"]
    assert found[f"{BENCHMARK}@5"] == f"explanations/{pages['2']}"
    assert found[f"{BENCHMARK}@7"] == found[BENCHMARK] == f"explanations/{pages['4']}"


def test_a_narrowed_range_stands_at_its_end(project: Published) -> None:
    """Asv has no results of the commit that was found, but of the range that was searched."""
    project.keep_narrowed(explanation(), 4, 6)
    project.publish()
    assert set(project.read("profiles.json")["paths"]) == {f"{BENCHMARK}@6", BENCHMARK}


def test_commits_have_their_subjects(project: Published) -> None:
    """Each commit that asv has results of, as git tells it."""
    project.publish()
    assert project.read("commits.json") == {
        commit: 'a "subject" <b>' if number == 3 else f"commit {number}"
        for number, commit in enumerate(project.commits)
    }


def test_asvs_index_loads_one_script_more(project: Published) -> None:
    """Published twice, the tag is there once, and asv's own package is as it was."""
    project.keep(explanation(), 4, 5)
    project.publish()
    first = (project.html / "index.html").read_text(encoding="utf-8")
    project.publish()
    assert (project.html / "index.html").read_text(encoding="utf-8") == first
    assert first.count(TAG) == 1
    assert first.index("regressions.js") < first.index(TAG) < first.index("</head>")
    assert (project.html / "explanations" / "why.js").is_file()


def test_what_was_deleted_from_the_store_is_published_no_more(project: Published) -> None:
    """A page stays no longer than its explanation."""
    kept = project.keep(explanation(), 4, 5)
    project.publish()
    (row,) = project.read("explanations/index.json")
    kept.unlink()
    project.publish()
    assert not (project.html / "explanations" / row["page"]).exists()
    assert project.read("profiles.json") == {"paths": {}}


def test_broken_files_are_named_and_the_rest_is_published(project: Published) -> None:
    """A file cut short, and one of profiles, each by a line of asv's log."""
    kept = project.keep(explanation(), 4, 5)
    profiles = kept.parent / "profiles" / kept.name
    profiles.parent.mkdir(exist_ok=True)
    profiles.write_text("{", encoding="utf-8")
    (kept.parent / "cut-short.json").write_bytes(kept.read_bytes()[:100])
    output = project.publish()
    assert len(project.read("explanations/index.json")) == 1
    assert output.count("left out .asv/explanations/cut-short.json: ") == 1
    assert output.count(f"left out .asv/explanations/profiles/{kept.name}: ") == 1
    assert "Traceback" not in output


def test_pages_are_made_without_the_commits(project: Published) -> None:
    """What an explanation holds is enough, though its commits are in no repository any more."""
    project.keep(explanation(), 4, 5, before="1" * 40, after="2" * 40)
    project.publish()
    (row,) = project.read("explanations/index.json")
    assert (project.html / "explanations" / row["page"]).is_file()
    assert project.read("profiles.json") == {"paths": {}}


def test_without_results_asv_publishes_as_ever(project: Published) -> None:
    """No result of any commit is no reason to stop."""
    for path in (project.root / ".asv" / "results").glob("box/*-*.json"):
        path.unlink()
    project.publish()
    assert project.read("commits.json") == {}


def test_a_folder_that_has_gone_is_made_again(project: Published) -> None:
    """The pages are made from what is stored alone."""
    project.keep(explanation(), 4, 5)
    project.publish()
    shutil.rmtree(project.html)
    project.publish()
    assert len(project.read("explanations/index.json")) == 1
