"""asv's output passes through as it comes, without control characters, headings in place."""

import io

from rich.console import Console

from observatory.explain.screen import Screen


def screen() -> tuple[Screen, io.StringIO]:
    """Return a screen with one heading, and what it writes to."""
    file = io.StringIO()
    return Screen(Console(file=file, width=80), {"01234567": "milestone 1 of 1: one"}), file


def test_heading_follows_the_line_that_turns_to_a_commit() -> None:
    """The line may come in pieces; the heading stands on a line of its own after it."""
    shown, file = screen()
    for piece in ("[ 0%] · For p com", "mit 01234567 <main>:", "\n[ 0%] ·· Buil", "ding"):
        shown.stream(piece)
    shown.end_line()
    assert file.getvalue() == (
        "[ 0%] · For p commit 01234567 <main>:\n--- milestone 1 of 1: one\n[ 0%] ·· Building\n"
    )
    assert shown.begun == ["01234567"]


def test_other_commits_get_no_heading() -> None:
    """A commit that is no milestone of ours passes by."""
    shown, file = screen()
    shown.stream("· For p commit 89abcdef:\n")
    assert file.getvalue() == "· For p commit 89abcdef:\n"
    assert shown.begun == []


def test_line_that_breaks_off_counts() -> None:
    """If asv dies on the very line that turns to a commit, that commit was begun."""
    shown, file = screen()
    shown.stream("· For p commit 01234567:")
    shown.end_line()
    assert file.getvalue() == "· For p commit 01234567:\n--- milestone 1 of 1: one\n"
    assert shown.begun == ["01234567"]


def test_control_characters_are_taken_out() -> None:
    """Colour and carriage returns of tools below do not reach a file or a pipe."""
    shown, file = screen()
    shown.stream("\x1b[31mred\x1b[0m\r\tx\x07\n")
    assert file.getvalue() == "red\tx\n"


def test_parts_are_set_apart_by_an_empty_line() -> None:
    """Our own text never begins in the middle of a line of asv's."""
    shown, file = screen()
    shown.show("one", "two")
    shown.stream("open")
    shown.put("three")
    assert file.getvalue() == "one\n\ntwo\nopen\nthree\n"
