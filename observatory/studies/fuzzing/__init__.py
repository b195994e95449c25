"""Feeds every parser of outside data with what no one would write: python -m …studies.fuzzing."""
