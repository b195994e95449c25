"""Sampled stacks from collapsed text, and back."""

from __future__ import annotations

from asv_explain.profiles.stacks import SampledStacks, merged, read_collapsed

__all__ = ["read_texts", "text_of"]


def read_texts(*texts: str) -> SampledStacks:
    """The stacks of a process for each text, in one tree."""
    return merged([read_collapsed(text.split("\n")) for text in texts])


def text_of(stacks: SampledStacks) -> str:
    """A line for each stack of a process that has samples."""
    paths: list[str] = []
    lines = []
    rows = zip(
        stacks.parent.tolist(), stacks.frame.tolist(), stacks.samples[0].tolist(), strict=True
    )
    for above, frame, samples in rows:
        outer = f"{paths[above]};" if above >= 0 else ""
        paths.append(outer + stacks.frames[frame])
        if samples:
            lines.append(f"{paths[-1]} {samples:g}\n")
    return "".join(lines)
