"""How figures and names from outside are written, in every report alike."""

from __future__ import annotations

from asv_explain.explanation import Cause, Explanation, Interval, Verdict

__all__ = [
    "calls",
    "explained",
    "headline",
    "plain",
    "ratio",
    "seconds",
    "share",
    "title",
]

_SCALES = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))


def plain(text: str) -> str:
    """The text without control characters: names and subjects may hold anything."""
    return "".join(character if character.isprintable() else "?" for character in text)


def title(explanation: Explanation) -> str:
    """The benchmark with its parameters, as asv writes it."""
    parameters = f"({', '.join(explanation.params)})" if explanation.params else ""
    return plain(explanation.benchmark + parameters)


def seconds(value: float, sign: bool = False) -> str:
    """Seconds to three digits in the unit that suits them."""
    size = abs(value)
    scale, unit = next(
        # Just below a unit, rounding to three digits would reach it.
        (pair for pair in _SCALES if size >= 0.9995 * pair[0]),
        _SCALES[-1],
    )
    return f"{value / scale:{'+' if sign else ''}.3g} {unit}"


def ratio(value: float | None, interval: Interval | None) -> str:
    """A ratio with its interval."""
    if value is None:
        return "not measured"
    text = f"{value:.3f}"
    return text if interval is None else f"{text} [{interval.low:.3f} to {interval.high:.3f}]"


def share(cause: Cause, difference: float) -> str:
    """A cause's share of the difference in percent, with its uncertainty where it is known."""
    text = f"{cause.share * 100:.0f} %"
    if cause.interval is None or difference == 0:
        return text
    half = (cause.interval.high - cause.interval.low) / 2 / abs(difference)
    return f"{text} ± {half * 100:.0f}"


def calls(value: float) -> str:
    """A number of calls, whole where it is whole."""
    return f"{value:,.0f}" if abs(value - round(value)) < 0.005 else f"{value:,.2f}"


def headline(explanation: Explanation) -> str:
    """What happened in one sentence, as one would tell a colleague."""
    name = title(explanation)
    between = f"between {explanation.before[:8]} and {explanation.after[:8]}"
    if explanation.verdict is Verdict.UNKNOWN:
        return f"Whether {name} changed {between} could not be measured."
    if explanation.verdict is Verdict.SAME:
        return f"{name} takes the same time {between}."
    text = f"{name} got {explanation.verdict.value} {between}"
    if explanation.ratio is not None:
        text += f": it takes {explanation.ratio:.2f} times as long"
    if explanation.causes and explanation.difference:
        first = explanation.causes[0]
        part = f"{first.share * 100:.0f} % of that" if first.share < 0.995 else "that"
        text += f", and {plain(first.name)} accounts for {part}"
    return text + "."


def explained(explanation: Explanation) -> str:
    """How much of the difference the causes explain, and what is left."""
    if not explanation.difference or explanation.residual is None:
        return "no difference to explain"
    residual = explanation.residual / explanation.difference * 100
    return (
        f"explained {100 - residual:.0f} % of {seconds(explanation.difference, sign=True)}, "
        f"residual {residual:.0f} % ({seconds(explanation.residual, sign=True)})"
    )
