"""State backends: where the outcomes of a running step are kept."""
