"""How figures and names from outside are written, in every report alike."""

from __future__ import annotations

from statistics import median

from asv_explain.explanation import BYTES, SECONDS, Cause, Explanation, Verdict

__all__ = [
    "amount",
    "calls",
    "counted",
    "detail",
    "digits",
    "medians",
    "overall",
    "place",
    "plain",
    "scaled",
    "shortened",
    "title",
    "verdict",
]

_SCALES = {
    SECONDS: ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")),
    BYTES: ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B")),
}
# Below a picosecond is the rounding of sums.
_SMALLEST = {SECONDS: 1e-12}


def plain(text: str) -> str:
    """The text without control characters: names and subjects may hold anything."""
    # Nearly every text is; pages hold tens of thousands of them.
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else "?" for character in text)


def shortened(text: str, longest: int) -> str:
    """The text, or its beginning with an ellipsis, in so many characters at most."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def title(explanation: Explanation) -> str:
    """The benchmark with its parameters, as asv writes it."""
    parameters = f"({', '.join(explanation.params)})" if explanation.params else ""
    return plain(explanation.benchmark + parameters)


def amount(value: float, unit: str = SECONDS, sign: bool = False) -> str:
    """A value to three digits; seconds and bytes in the scale that suits them."""
    value = value if abs(value) >= _SMALLEST.get(unit, 0.0) else 0.0
    scale, name = scaled(value, unit)
    kept = 3 if unit in _SCALES else 4
    return f"{value / scale:{'+' if sign else ''}.{kept}g} {name}"


def scaled(value: float, unit: str) -> tuple[float, str]:
    """The scale that suits a value, and its name; the unit itself where it is no known one."""
    scales = _SCALES.get(unit) or ((1.0, plain(unit)),)
    # Just below a unit, rounding to three digits would reach it.
    return next((one for one in scales if abs(value) >= 0.9995 * one[0]), scales[-1])


def overall(explanation: Explanation) -> Verdict:
    """What counts for whoever asked: a range as a whole, however small a step was found in it."""
    search = explanation.bisection
    return explanation.verdict if search is None else search.verdict


def verdict(explanation: Explanation, told: Verdict | None = None) -> str:
    """The explanation's verdict, or another one, in words that suit what was measured."""
    word = told or explanation.verdict
    words = {Verdict.SLOWER: "higher", Verdict.FASTER: "lower"}
    return word.value if explanation.kind == "time" else words.get(word, word.value)


def place(cause: Cause) -> str:
    """Where a cause stands, as file and line; empty where it stands nowhere."""
    before, after = cause.before, cause.after
    if after is None:
        return "" if before is None else f"{plain(before.file)}:{before.line}, gone"
    moved = before is not None and before.file != after.file
    origin = f" (was {plain(before.file)}:{before.line})" if moved and before else ""
    return f"{plain(after.file)}:{after.line}{origin}"


def detail(cause: Cause, unit: str) -> str:
    """What a cause's amount is made of, and its kind: calls and their cost, or blocks of memory."""
    if not (cause.count_before or cause.count_after):
        return plain(cause.kind)
    counts = f"{calls(cause.count_before)} → {calls(cause.count_after)}"
    if unit == BYTES:
        before = amount(cause.count_before * cause.price_before, unit)
        after = amount(cause.count_after * cause.price_after, unit)
        return f"bytes {before} → {after}, blocks {counts}, {plain(cause.kind)}"
    costs = f"{amount(cause.price_before, unit)} → {amount(cause.price_after, unit)}"
    return f"calls {counts}, cost per call {costs}, {plain(cause.kind)}"


def digits(value: float, decimals: int = 3) -> str:
    """A ratio to so many decimals, or to as many digits where decimals would leave fewer."""
    return f"{value:.{decimals}{'f' if value >= 0.0995 else 'g'}}"


def calls(value: float) -> str:
    """A number of calls, whole where it is whole."""
    return f"{value:,.0f}" if abs(value - round(value)) < 0.005 else f"{value:,.2f}"


def medians(explanation: Explanation) -> str:
    """The medians of both sides, and of what time where not of the wall's; empty without them."""
    if not all(explanation.decisive):
        return ""
    told = " → ".join(amount(median(side), explanation.unit) for side in explanation.decisive)
    return f"{told} of CPU time" if explanation.by_cpu else told


def counted(number: int, noun: str) -> str:
    """A number with its noun, which gets an s unless there is one: ``1 more cause``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
