"""What can be downloaded of an explanation: its JSON, its profiles in forms of other tools."""

from __future__ import annotations

from dataclasses import dataclass

from asv_explain.explanation import Explanation, encode
from asv_explain.profiles.pair import ProfilePair
from asv_explain.reports.exports import to_folded, to_pstats, to_speedscope

__all__ = ["Download", "downloads"]


@dataclass(frozen=True, slots=True)
class Download:
    """One file.

    Attributes:
        file: its name.
        label: what it is.
        about: what opens it.
        data: its content.
    """

    file: str
    label: str
    about: str
    data: bytes


def downloads(explanation: Explanation, pair: ProfilePair | None) -> tuple[Download, ...]:
    """All files of an explanation; profiles only where they are kept."""
    found = [
        Download("explanation.json", "Explanation", "JSON, with all figures", encode(explanation))
    ]
    if explanation.reversal is not None and explanation.reversal.patch:
        data = explanation.reversal.patch.encode("utf-8", "surrogateescape")
        found.append(Download("back.patch", "Patch", "puts the changes back, for git apply", data))
    sides = () if pair is None else (("before", pair.before), ("after", pair.after))
    for name, side in sides:
        found += [
            Download(
                f"{name}.prof",
                f"Profile {name}",
                "exact calls, for pstats and snakeviz; its times are cProfile's",
                to_pstats(side.profile),
            ),
            Download(
                f"{name}.speedscope.json",
                f"Speedscope {name}",
                "sampled stacks, with lines",
                to_speedscope(side, name).encode(),
            ),
            Download(
                f"{name}.folded",
                f"Folded stacks {name}",
                "sampled stacks, for flamegraph.pl",
                to_folded(side).encode(),
            ),
        ]
    return tuple(found)
