"""What a reader has to know about the correction of both sides, each doubt once and in words."""

from __future__ import annotations

from collections.abc import Sequence

from asv_explain.explanation import Caveat
from asv_explain.profiles.conservation import conservation_problems
from asv_explain.profiles.correct import CaveatKind, CorrectedProfile

__all__ = ["profile_caveats"]

# Doubtful seconds below this share of the difference change no cause by more than its interval
# says already.
LEAST_SHARE = 0.1
# A profiled run that took longer than the profiler's cost explains by more than this was disturbed.
DISTURBED_SPEED = 1.25
# So large a part of a side's profiles left out says that the machine was busy.
LEFT_OUT = 1 / 3
# So large a part of the profiled time in which others had the processor leaves its marks: which
# functions they interrupted is chance.
DELAYED = 0.2

_TEXTS = {
    CaveatKind.CLAMPED: "{amount} a call lie in functions too small to be told from the "
    "profiler's own cost ({side})",
    CaveatKind.SCALE_AT_LIMIT: "{amount} a call belong to no function, as no plausible cost of "
    "the profiler explains them ({side})",
    CaveatKind.NOT_SLOWED: "the profiled run was quicker than the unprofiled one, by {amount} a "
    "call ({side})",
}


def profile_caveats(
    sides: tuple[CorrectedProfile, CorrectedProfile],
    difference: float,
    left_out: Sequence[tuple[int, int]] = (),
    delayed: float = 0.0,
) -> tuple[Caveat, ...]:
    """Put what both sides' corrections leave in doubt into words.

    Args:
        sides: Before and after, corrected.
        difference: Seconds per call of the benchmark that there are to explain.
        left_out: Of each side, how many profiles were left out as disturbed, and of how many.
        delayed: The share of the profiled time in which other processes had the processor.
    """
    found = []
    for kind, text in _TEXTS.items():
        seconds = [
            sum(one.seconds for one in side.caveats if one.kind is kind) / side.profile.number
            for side in sides
        ]
        if max(seconds) <= LEAST_SHARE * abs(difference):
            continue
        where = [name for name, one in zip(("before", "after"), seconds, strict=True) if one]
        amount = " and ".join(f"{one * 1e6:.3g} µs" for one in seconds if one)
        name = kind.name.lower().replace("_", "-")
        found.append(
            Caveat(name, text.format(amount=amount, side=" and ".join(where)), kind.remedy)
        )
    for name, side in zip(("before", "after"), sides, strict=True):
        problems = conservation_problems(side.profile)
        if problems:
            text = f"the profile {name} does not add up: {problems[0]}"
            found.append(Caveat("profile", text, "trust causes of other functions alone"))
    what = []
    slower = max(1 / side.speed for side in sides)
    if delayed > DELAYED:
        what.append(f"other processes had the processor for {delayed:.0%} of the time")
    if slower > DISTURBED_SPEED:
        what.append(f"profiled runs took {slower:.1f} times as long as their calls explain")
    if any(out > LEFT_OUT * of for out, of in left_out):
        out, of = (sum(one[place] for one in left_out) for place in (0, 1))
        what.append(f"{out} of {of} profiles were left out")
    if what:
        text = f"profiling was disturbed: {', '.join(what)}"
        found.append(Caveat("disturbed", text, "explain again on a quiet machine"))
    return tuple(found)
