"""Benchmarks that aren't of time: memory by line, and the calls behind a tracked value."""
