"""A profile hook for asv that says which change made a benchmark slower, and what it cost."""
