"""The arguments have the project's defaults, and a bad one is refused in a line."""

from pathlib import Path

import pytest

from observatory.explain.options import BENCHMARKS, BUDGET, HEADLINE, Options, parse_options
from observatory.explain.timeline import selects


def test_defaults_are_the_headline_benchmarks() -> None:
    """Without arguments the tail-call benchmarks are measured and three of them reported."""
    assert parse_options([]) == Options(Path("asv.conf.json"), (BENCHMARKS,), HEADLINE, BUDGET)
    for name in ("SimpleCountdown", "HeavyComplexCountdown", "StableComplexLoop"):
        assert selects(HEADLINE, f"tco.{name}.time_warm")
        assert selects([BENCHMARKS], f"tco.{name}.time_cold")
    assert not selects(HEADLINE, "tco.SimpleCountdown.time_cold")


def test_patterns_may_be_repeated() -> None:
    """Patterns that are given replace the default and add up."""
    options = parse_options(["--bench", "a", "--bench", "b", "--headline", "c"])
    assert (options.bench, options.headline) == (("a", "b"), ("c",))


def test_bad_pattern_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A pattern that is no regular expression never reaches asv."""
    with pytest.raises(SystemExit) as raised:
        parse_options(["--bench", "("])
    assert raised.value.code == 2
    assert "no regular expression" in capsys.readouterr().err


@pytest.mark.parametrize("budget", ["0", "-1", "nan", "inf", "long"])
def test_bad_budget_is_refused(budget: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A budget in which nothing can be measured never reaches the hook."""
    with pytest.raises(SystemExit) as raised:
        parse_options([f"--budget={budget}"])
    assert raised.value.code == 2
    assert "no number of seconds above 0" in capsys.readouterr().err
