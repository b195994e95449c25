"""What changed functions leave to their callers is given back to them, and nothing is lost."""

from __future__ import annotations

import cProfile

import numpy as np
import pytest
from call_graphs import Edges, amounts, changed, side

from asv_explain.attribution.blame import blame, describe
from asv_explain.attribution.call_edges import call_edges
from asv_explain.attribution.clearing import clear
from asv_explain.attribution.decompose import Side, decompose, round_differences
from asv_explain.profiles.match import match_profiles
from asv_explain.profiles.profile import Seconds


def leaving(caller: float, f: float = 1.0, g: float = 1.0, calls: int = 5) -> Side:
    """An unchanged function ``u`` that calls ``f`` and ``g`` ten times each, below the benchmark.

    Args:
        caller: Own seconds of ``u``.
        f: Of ``f``.
        g: Of ``g``.
        calls: Of ``u``.
    """
    edges: Edges = [
        ("time_it", "u", calls, caller, caller + f + g),
        ("u", "f", 10, f, f),
        ("u", "g", 10, g, g),
    ]
    return side({"time_it": (1, 1.0), "u": (calls, caller), "f": (10, f), "g": (10, g)}, edges)


def explained(
    before: Side, after: Side, scatter: float, *names: str
) -> tuple[dict[str, float], list[str]]:
    """Causes' seconds and accounts, with the caller's own time scattering over four rounds."""
    match = match_profiles(before.profile, after.profile)
    own = after.own[after.profile.functions.index(named(after, "u"))]
    rounds = []
    for sign in (1, -1, 1, -1):
        rest = {
            one.name: float(it) for one, it in zip(after.profile.functions, after.own, strict=True)
        }
        rounds.append((before, leaving(own + sign * scatter, rest["f"], rest["g"])))
    differences = round_differences(rounds, before.profile, after.profile, match)
    parts = decompose(before, after, match)
    found = blame(before, after, match, parts, changed(*names), differences)
    return amounts(found), [describe(one) for one in found.causes]


def named(one: Side, name: str) -> object:
    """The function of a name."""
    return next(each for each in one.profile.functions if each.name == name)


def test_cprofile_sees_a_return_before_the_frame_is_cleared() -> None:
    """The fact that all of this rests on: what a local takes to be freed counts in the caller."""

    class Dear:
        def __del__(self) -> None:
            for _ in range(200_000):
                pass

    def holds() -> None:
        dear = [Dear()]
        assert dear

    def calls() -> None:
        holds()

    profiler = cProfile.Profile()
    profiler.runcall(calls)
    freed = {
        entry.code.co_name
        for entry in profiler.getstats()
        for one in entry.calls or ()
        if not isinstance(entry.code, str) and "__del__" in str(one.code)
    }
    assert freed == {"calls"}


def test_what_is_left_to_an_unchanged_caller_is_given_back() -> None:
    """Its price differs for sure, and one of those that it calls changed and got dearer."""
    found, accounts = explained(leaving(5.0), leaving(8.0, f=2.0), 0.01, "f", "g")
    assert found == {"f": pytest.approx(4.0)}
    assert accounts[0] == "`f` changed; what it leaves its callers to clear or to use cost 75%"


def test_without_anyone_dearer_it_is_shared_by_calls() -> None:
    """Nothing tells which of two changed functions leaves more behind."""
    found, _ = explained(leaving(5.0), leaving(9.0), 0.01, "f", "g")
    assert found == {"f": pytest.approx(2.0), "g": pytest.approx(2.0)}


def test_calls_of_one_side_alone_leave_nothing() -> None:
    """Of a hundred times as many calls at a third of the price five are the same as before."""
    before, after = leaving(6.0), leaving(200.0, f=2.0, calls=500)
    match = match_profiles(before.profile, after.profile)
    parts = decompose(before, after, match)
    edges = call_edges(before, after, match, parts)
    names = [one.name for one in after.profile.functions]
    keeps = np.array([name == "f" for name in names], np.bool_)
    price = (parts.price_before + parts.price_after) / 2
    rounds: Seconds = np.stack([parts.difference * one for one in (0.99, 1.01)])
    found = clear(edges, parts.difference, price, keeps, rounds, None)
    # Each of the five calls that both sides have takes 0.8 s less.
    assert found.left[names.index("f")] == pytest.approx(5 * (200 / 500 - 6 / 5))
    assert found.difference.sum() == pytest.approx(parts.difference.sum())
    assert found.rounds is not None
    assert found.rounds.sum(axis=1) == pytest.approx(rounds.sum(axis=1))
    assert found.rounds.mean(axis=0) == pytest.approx(found.difference)


def test_what_scatters_stays_where_it_is() -> None:
    """A price that can't be told from what it was is given to nobody."""
    before, after = leaving(5.0), leaving(5.2, f=2.0)
    match = match_profiles(before.profile, after.profile)
    rounds = round_differences(
        [(before, leaving(one, f=2.0)) for one in (6.2, 4.2, 6.2, 4.2)],
        before.profile,
        after.profile,
        match,
    )
    parts = decompose(before, after, match)
    edges = call_edges(before, after, match, parts)
    names = [one.name for one in after.profile.functions]
    keeps = np.array([name in ("f", "g") for name in names], np.bool_)
    price = np.array([parts.price_after[index] for index in range(len(names))])
    found = clear(edges, parts.difference, price, keeps, rounds, None)
    assert found.difference == pytest.approx(parts.difference)
    assert not found.left.any()
    assert found.rounds is not None
    assert found.rounds == pytest.approx(rounds)


def test_nothing_is_lost() -> None:
    """Differences and each round add up to what they added up to, and errors do too."""
    before, after = leaving(5.0), leaving(8.0, f=2.0)
    match = match_profiles(before.profile, after.profile)
    parts = decompose(before, after, match)
    edges = call_edges(before, after, match, parts)
    keeps = np.array([one.name == "f" for one in after.profile.functions], np.bool_)
    rounds: Seconds = np.stack([parts.difference * one for one in (0.99, 1.01)])
    found = clear(edges, parts.difference, parts.price_before, keeps, rounds, None)
    assert found.difference.sum() == pytest.approx(parts.difference.sum())
    assert found.rounds is not None
    assert found.rounds.sum(axis=1) == pytest.approx(rounds.sum(axis=1))
    assert found.left.sum() == pytest.approx(3.0)
