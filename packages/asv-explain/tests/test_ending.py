"""What a signal ends ends, even where the signal came at a moment that Python can't bear."""

from __future__ import annotations

import os
import signal
import threading
from typing import NoReturn

import pytest

from asv_explain import ending
from asv_explain.ending import Terminated, terminable

HANDLED = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)


def handlers() -> list[object]:
    """Who handles the signals now."""
    return [signal.getsignal(one) for one in HANDLED]


def send(signum: int) -> NoReturn:
    """Have this process end by a signal."""
    os.kill(os.getpid(), signum)
    # Python's handler runs before the next line.
    raise AssertionError("the signal was not heard")


@pytest.mark.parametrize(
    ("signum", "raised"), [(signal.SIGTERM, Terminated), (signal.SIGINT, KeyboardInterrupt)]
)
def test_ending_that_waits_for_ever_is_interrupted(
    signum: int, raised: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock that was never given back, as the signal came just then, holds nobody up."""
    monkeypatch.setattr(ending, "PATIENCE", 0.01)
    before = handlers()
    lost = threading.Lock()
    waited = []

    def ended() -> None:
        with terminable():
            try:
                lost.acquire()
                send(signum)
            finally:
                waited.append(signal.getitimer(signal.ITIMER_REAL)[1])
                lost.acquire()

    with pytest.raises(raised) as caught:
        ended()
    assert type(caught.value) is raised
    assert waited == [0.01]
    assert handlers() == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_second_sigterm_does_not_cut_ending_short() -> None:
    """What was started is ended whole, however often one is asked."""
    whole = []

    def ended() -> None:
        with terminable():
            try:
                send(signal.SIGTERM)
            finally:
                os.kill(os.getpid(), signal.SIGTERM)
                whole.append(True)

    with pytest.raises(Terminated):
        ended()
    assert whole == [True]


def test_who_ignores_ctrl_c_goes_on_ignoring_it() -> None:
    """What a shell started in the background is not ended by the terminal's Ctrl-C."""
    former = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with terminable():
            os.kill(os.getpid(), signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, former)


def test_without_a_signal_nothing_is_touched() -> None:
    """Alarms that others have set ring as they were set."""
    heard: list[int] = []
    former = signal.signal(signal.SIGALRM, lambda signum, _: heard.append(signum))
    try:
        with terminable():
            signal.setitimer(signal.ITIMER_REAL, 3600.0)
            os.kill(os.getpid(), signal.SIGALRM)
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
        assert heard == [signal.SIGALRM]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)
